package actortest

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Explore runs f n times on a System of its own each, in a different order of
// events each time, and fails t with the first run that fails: it prints its
// seed, the command that replays it, and its trace. The strategies take turns
// (With chooses others).
//
// Runs are made in parallel: f must not share anything with its other runs, and
// should assert through its System and not through t. One in 20 runs is made
// twice, and if it does not go the same way, that is a failure of its own.
//
// The flag -actortest.runs sets another n, and -actortest.seed makes one run
// only.
func Explore(t *testing.T, n int, f func(sys *System), opts ...Option) Summary {
	t.Helper()
	set := newSettings(opts)
	if sd, ok := replayed(t); ok {
		r := checked(t, set, sd, f)
		if r.failure != nil {
			report(t, set, r, f)
		}
		return Summary{Runs: 1, Steps: r.trace.steps, Distinct: 1, LastNew: 1}
	}
	if runs := *flagRuns; runs > 0 {
		n = runs
	}
	if tried(t, set, f) {
		return Summary{}
	}
	e := explore(t, n, f, set)
	if e.failed != nil {
		// Once more, to have the trace, and to see whether it is the same.
		report(t, set, checked(t, set, e.failed.seed, f), f)
	}
	t.Logf("%v", e.sum)
	return e.sum
}

// tried makes the run that is kept from an earlier failure, if there is one, and
// says whether it has failed again.
func tried(t *testing.T, set *settings, f func(*System)) bool {
	t.Helper()
	file := orderFile(t)
	cs, found, err := load(file)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return false
	}
	d := newSim(set, newConstrained(cs), 1)
	r := d.run(t, true, f)
	if r.failure == nil {
		return false
	}
	var b strings.Builder
	r.trace.table(&b)
	t.Errorf("%s\n\nat step %d of the run that %s keeps.\n\n%s", r.failure.Message, r.failure.Step, file, b.String())
	return true
}

// Search is Explore for who wants to know whether a failure is found, and how
// soon: it does not fail t. The Failure is nil if no run has failed.
func Search(t *testing.T, n int, f func(sys *System), opts ...Option) (*Failure, Summary) {
	t.Helper()
	e := explore(t, n, f, newSettings(opts))
	if e.failed == nil {
		return nil, e.sum
	}
	return e.failed.failure, e.sum
}

func explore(t *testing.T, n int, f func(*System), set *settings) *exploration {
	e := &exploration{t: t, set: set, f: f, n: n, classes: map[uint64]struct{}{}}
	e.all()
	return e
}

// Summary is what Explore has done.
type Summary struct {
	Runs     int
	Steps    int // in all
	Distinct int // runs that differ in what happened before what
	LastNew  int // the run that was the last to be new in this

	// Of Exhaustive: Runs are those that were made to their end, Redundant those
	// that were given up, and Complete says that there are no others.
	Redundant int
	Complete  bool
}

// String is a line for people.
func (s Summary) String() string {
	switch {
	case s.Runs == 0:
		return "no runs"
	case s.Complete:
		return fmt.Sprintf("complete: %d interleavings (and %d given up as the same)", s.Runs, s.Redundant)
	}
	state := "more would find new ones"
	if s.saturated() {
		state = "saturated"
	}
	return fmt.Sprintf("%d runs of %d steps on average: %d distinct, the last new one was run %d: %s",
		s.Runs, s.Steps/s.Runs, s.Distinct, s.LastNew, state)
}

// saturated says that the second half of the runs has found nothing new.
func (s Summary) saturated() bool { return s.LastNew <= s.Runs/2 }

// exploration is one Explore.
type exploration struct {
	t   *testing.T
	set *settings
	f   func(*System)
	n   int

	next atomic.Int64 // the number of the next run, from 0
	stop atomic.Int64 // the number of the earliest run that has failed, plus 1; 0: none

	mu      sync.Mutex
	failed  *run                // guarded by mu: the earliest
	classes map[uint64]struct{} // guarded by mu
	sum     Summary             // guarded by mu
}

// twiceEvery is how often a run is made twice.
const twiceEvery = 20

// all makes all runs, or those before the first that fails.
func (e *exploration) all() {
	workers := runtime.GOMAXPROCS(0)
	if inBubble() {
		workers = 1 // it is the caller's bubble, and takes one at a time
	}
	var wg sync.WaitGroup
	for range workers {
		work := func() {
			for {
				i := e.next.Add(1) - 1
				if stop := e.stop.Load(); i >= int64(e.n) || stop != 0 && i >= stop {
					return
				}
				e.one(int(i))
			}
		}
		if workers == 1 {
			work()
		} else {
			wg.Go(work)
		}
	}
	wg.Wait()
}

// seedOf is the seed of run number i.
func (e *exploration) seedOf(i int) seed {
	k := len(e.set.strategies)
	return seed{e.set.strategies[i%k], uint64(i/k) + e.set.first}
}

func (e *exploration) one(i int) {
	r := run{}
	if i%twiceEvery == twiceEvery-1 {
		r = checked(e.t, e.set, e.seedOf(i), e.f)
	} else {
		r = simulate(e.t, e.set, e.seedOf(i), false, e.f)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sum.Runs++
	e.sum.Steps += r.trace.steps
	if _, known := e.classes[r.trace.class]; !known {
		e.classes[r.trace.class] = struct{}{}
		e.sum.Distinct++
		e.sum.LastNew = max(e.sum.LastNew, i+1)
	}
	if r.failure == nil {
		return
	}
	for {
		stop := e.stop.Load()
		if stop != 0 && int64(i) >= stop-1 {
			return
		}
		if e.stop.CompareAndSwap(stop, int64(i)+1) {
			r.failure.Run = i + 1
			e.failed = &r
			return
		}
	}
}
