// Package leaks tells goroutines that somebody has leaked from the two that are
// nobody's: ants starts them for its default pool when it is imported, and no one
// can end them without taking the pool from others. All our tests use Ants and
// ignore nothing else; actortest offers it to users.
package leaks

import (
	"runtime"
	"slices"
	"strings"

	_ "github.com/panjf2000/ants/v2" // its goroutines are there before atInit looks
	"go.uber.org/goleak"
)

// Ants has goleak ignore the goroutines of ants' default pool. Those of other
// pools, which run the same functions, are found: the two are known by having
// been there when the program was initialised. Only if a package has started
// goroutines of another kind by then are they known by what they run, and a pool
// that is leaked is not seen.
func Ants() []goleak.Option { return slices.Clone(ants) }

var ants = atInit()

// What the two run, and what has started them; every pool has one of each.
const (
	pool  = "github.com/panjf2000/ants/v2.(*poolCommon)."
	purge = pool + "purgeStaleWorkers"
	clock = pool + "ticktock"
	maker = "created by " + pool // also of one that has not begun to run
)

// atInit runs when this package is initialised: after ants, before any test.
func atInit() []goleak.Option {
	dump := make([]byte, 64<<10)
	dump = dump[:runtime.Stack(dump, true)]
	if onlyAnts(string(dump)) {
		return []goleak.Option{goleak.IgnoreCurrent()}
	}
	return []goleak.Option{goleak.IgnoreAnyFunction(purge), goleak.IgnoreAnyFunction(clock)}
}

// onlyAnts says that of the goroutines in a dump, all but the first, which has
// made it, are the two.
func onlyAnts(dump string) bool {
	others := strings.Split(dump, "\n\n")[1:]
	for _, g := range others {
		if !strings.Contains(g, maker) {
			return false
		}
	}
	return len(others) == 2
}
