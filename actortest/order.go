package actortest

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A failure is kept as what matters of its order: a few constraints, that one
// event comes before another. Events are named by who does what to whom, and how
// often it has done that before, so most edits of the program leave them alone,
// where a seed would lead elsewhere.

// event names one step: "counter: has a turn 2", "test: sends counter 1".
type event string

// constraint says that first comes before second.
type constraint struct{ first, second event }

// String is what a file of them has on a line.
func (c constraint) String() string { return fmt.Sprintf("%s  before  %s", c.first, c.second) }

// events names the steps of a run as they come.
type events struct{ seen map[string]int }

func newEvents() *events { return &events{map[string]int{}} }

// next is the event that s stands before, or is to begin; sim.mu is held, or
// nothing runs.
func (e *events) next(d *sim, s *strand) event {
	what := what(d, s)
	return event(fmt.Sprintf("%s %d", what, e.seen[what]+1))
}

// take is next, and it happens.
func (e *events) take(d *sim, s *strand) event {
	what := what(d, s)
	e.seen[what]++
	return event(fmt.Sprintf("%s %d", what, e.seen[what]))
}

func what(d *sim, s *strand) string {
	if s.state != standing {
		return fmt.Sprintf("%v: %s", s, began(s))
	}
	text := fmt.Sprintf("%v: %v", s, s.op.Kind)
	if s.op.Task != nil {
		text += " " + d.actor(s.op.Task).String()
	}
	return text
}

// constrained is the strategy that keeps constraints, and else goes on with the
// strand that has run last, or the oldest. A constraint that cannot be kept,
// because nobody else can go on, is broken.
type constrained struct {
	before map[event][]event // what must have come before an event
	past   map[event]bool
	events *events
	last   *strand
}

func newConstrained(cs []constraint) *constrained {
	k := &constrained{before: map[event][]event{}, past: map[event]bool{}, events: newEvents()}
	for _, c := range cs {
		k.before[c.second] = append(k.before[c.second], c.first)
	}
	return k
}

func (k *constrained) appears(*strand) {}

func (k *constrained) choose(d *sim, options []*strand) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	best := -1
	for i, s := range options {
		if !k.free(k.events.next(d, s)) {
			continue
		}
		if best < 0 || s == k.last {
			best = i
		}
	}
	if best < 0 {
		best = 0
	}
	k.last = options[best]
	k.past[k.events.take(d, k.last)] = true
	return best
}

// free says that nothing that must come before e has yet to come.
func (k *constrained) free(e event) bool {
	for _, first := range k.before[e] {
		if !k.past[first] {
			return false
		}
	}
	return true
}

// The files.

// orderFile is where the failure of a test is kept.
func orderFile(t *testing.T) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, t.Name())
	return filepath.Join("testdata", "actortest", name+".order")
}

const fileHead = "# An order of events in which this test has failed. Explore tries it first.\n"

// save keeps constraints, with why.
func save(file, why string, cs []constraint) error {
	var b bytes.Buffer
	b.WriteString(fileHead)
	for line := range strings.Lines(why) {
		b.WriteString("# " + strings.TrimRight(line, "\n") + "\n")
	}
	for _, c := range cs {
		fmt.Fprintln(&b, c)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // a file of the tree, as others are
}

// load reads a file; no file is no error, and found is false.
func load(file string) (cs []constraint, found bool, err error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	cs, err = parseOrder(text)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", file, err)
	}
	return cs, true, nil
}

func parseOrder(text []byte) (cs []constraint, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		first, second, ok := strings.Cut(line, "  before  ")
		if !ok || first == "" || second == "" {
			return nil, fmt.Errorf("line %d: %q: want <event>  before  <event>", n, line)
		}
		cs = append(cs, constraint{event(first), event(strings.TrimSpace(second))})
	}
	return cs, lines.Err()
}
