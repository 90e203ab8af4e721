package actortest

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The flags of a test binary that imports this package.
var (
	flagSeed = flag.String("actortest.seed", "", "make this run only, by the seed that a failure has printed")
	flagRuns = flag.Int("actortest.runs", 0, "how often Explore runs a test; 0 is as often as the test says")
)

// seed names one run of a test: how it chooses, and the number that this is
// drawn from.
type seed struct {
	strategy Strategy
	number   uint64
}

// String is what the flag takes.
func (s seed) String() string { return fmt.Sprintf("%v-%d", s.strategy, s.number) }

// parseSeed is the reverse of String.
func parseSeed(text string) (seed, error) {
	name, number, _ := strings.Cut(text, "-")
	i := slices.Index(strategyNames[:], name)
	n, err := strconv.ParseUint(number, 10, 64)
	if i < 0 || err != nil {
		return seed{}, fmt.Errorf("actortest: seed %q: want one like %v, with a strategy of %s", text, seed{PCT, 17}, strings.Join(strategyNames[:], ", "))
	}
	return seed{Strategy(i), n}, nil
}

// replayed is the seed that the flag names, if it does.
func replayed(t *testing.T) (seed, bool) {
	t.Helper()
	if *flagSeed == "" {
		return seed{}, false
	}
	s, err := parseSeed(*flagSeed)
	if err != nil {
		t.Fatal(err)
	}
	return s, true
}

// command is how a run of t is made again; without a seed all that come before it
// are made too.
func command(t *testing.T, seed string) string {
	text := fmt.Sprintf("go test -run '^%s$'", strings.ReplaceAll(t.Name(), "/", "$/^"))
	if seed != "" {
		text += " -actortest.seed=" + seed
	}
	return text
}
