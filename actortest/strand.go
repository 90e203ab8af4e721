package actortest

import (
	"fmt"
	"strings"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// strand is one line of what happens: the test function, an actor, a function
// that was given to Async, or the clock. Of all strands one at a time runs. What
// is not the hand's own is guarded by sim.mu.
type strand struct {
	number  int // in the order of appearance; the same in each run with the same choices
	kind    kind
	state   state
	op      sched.Op // standing: what it will do next
	refuse  bool     // standing: as far as it goes, see Faults
	hand    *hand    // whose goroutine it is on: standing, running and away
	patient bool     // standing: goes on only when nobody else can
	again   bool     // an actor was given work again before its turn was over
	task    *sched.Task
	run     func()         // of the test and of functions
	waits   []sched.Op     // away: what it has said that it waits for
	what    string         // see String
	which   int            // of those that are called so and have the same maker
	by      *strand        // its maker
	made    map[string]int // those that it has made
	label   string

	id       uint64 // the same in all runs with the same past; see footprint.go
	children int    // strands that it has made
	past     uint64 // the hash of its last step
	cause    uint64 // the hash of the step that made it able to go on
	thing    thing  // an actor as what others touch

	spared sparing // an actor that faults do not hit
	rank   int     // the priority that the strategy has given it
}

// kind is what a strand is.
type kind uint8

const (
	theClock kind = iota
	theTest
	anActor
	aFunction
	theFault // who does what Faults wants, in the trace; never able
)

// state is where a strand is.
//
//	asleep ─Submit→ ready ─step→ running ─Reach→ standing ─step→ running …
//	                               │ ↑
//	                      it blocks│ │it goes on, and reaches something
//	                               ↓ │
//	                              away
//
// away is found out, not told: all goroutines are blocked, and the strand that
// was to run is not standing.
type state uint8

const (
	asleep   state = iota // an actor without work, the clock without a timer that is due
	ready                 // has a turn, or a function, to begin
	standing              // in front of op
	running               // goes on until it stands, ends or blocks
	away                  // blocked in a wait
	over                  // has ended
)

// able says that the strand can be the next to run.
func (s *strand) able() bool { return s.state == ready || s.state == standing }

// String names the strand for people, and in orders that are kept: by its name or
// its type, which of these its maker has made, and its maker unless that is the
// test. mu is held, or nothing runs.
func (s *strand) String() string {
	if s.label == "" {
		s.label = s.name()
	}
	return s.label
}

func (s *strand) name() string {
	text := s.what
	if s.which > 1 {
		text = fmt.Sprintf("%s#%d", text, s.which)
	}
	if s.by != nil && s.by.kind != theTest {
		text += "@" + s.by.String()
	}
	return text
}

// called is what a strand is called, before it is told from others.
func (s *strand) called() string {
	switch s.kind {
	case theClock:
		return "clock"
	case theTest:
		return "test"
	case theFault:
		return "fault"
	case aFunction:
		return "async"
	}
	r := actor.OfTask(s.task)
	if name := r.Name(); name != "" {
		return name
	}
	return typeOf(r)
}

// typeOf is the type of an actor's value, without package and parameters.
func typeOf(r actor.AnyRef) string {
	what := r.Behaviour()
	if i := strings.IndexByte(what, '['); i >= 0 {
		what = what[:i] // type parameters
	}
	if i := strings.LastIndexByte(what, '.'); i >= 0 {
		what = what[i+1:]
	}
	if what == "" {
		what = "actor"
	}
	return strings.TrimLeft(what, "*")
}
