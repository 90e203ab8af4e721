package actortest

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// Run runs f on a simulated System, once, and fails t if anything is wrong. What
// it chooses is the same each time; it is the Uniform run number 1, or the one
// that the flag -actortest.seed names. See Explore for more than one.
func Run(t *testing.T, f func(sys *System), opts ...Option) {
	t.Helper()
	set := newSettings(opts)
	sd, ok := replayed(t)
	if !ok {
		sd = seed{set.strategies[0], 1}
	}
	if r := checked(t, set, sd, f); r.failure != nil {
		report(t, set, r, f)
	}
}

// run is the outcome of one run.
type run struct {
	seed    seed
	again   func() *sim // makes it again
	trace   trace
	failure *Failure
}

// simulate runs f once. keep takes the trace down for people.
func simulate(t *testing.T, set *settings, sd seed, keep bool, f func(*System)) (r run) {
	again := func() *sim {
		return newSim(set, sd.strategy.of(sd.number, set.depth, set.expected), sd.number)
	}
	r = again().run(t, keep, f)
	r.seed, r.again = sd, again
	if r.failure != nil {
		r.failure.Seed = sd.String()
	}
	return r
}

func (d *sim) run(t *testing.T, keep bool, f func(*System)) (r run) {
	d.trace.keep = keep
	end := watch(d)
	defer end()
	defer func() {
		if v := recover(); v != nil {
			// The bubble's: goroutines are left that nothing can wake.
			d.failf("goroutines are left that wait outside of the library: %v", v)
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		d.names()
		r.trace, r.failure = d.trace, d.failure
	}()
	if inBubble() {
		d.play(f)
	} else {
		synctest.Test(t, func(*testing.T) { d.play(f) })
	}
	return r
}

// inBubble says whether the calling goroutine is in a testing/synctest bubble.
func inBubble() (in bool) {
	defer func() { in = recover() == nil }()
	synctest.Wait()
	return true
}

// checked is simulate, twice: a run that goes another way the second time has
// something in it that the simulation does not have in its hand.
func checked(t *testing.T, set *settings, sd seed, f func(*System)) run {
	set = set.withCodes()
	first := simulate(t, set, sd, false, f)
	second := simulate(t, set, sd, true, f)
	a, b := first.trace.codes, second.trace.codes
	if first.failure != nil && second.failure != nil { // how a failed run is cleared away does not matter
		a, b = a[:min(len(a), first.failure.Step)], b[:min(len(b), second.failure.Step)]
	}
	if at, same := parting(a, b); !same {
		second.failure = &Failure{Step: at, Message: second.trace.uncontrolled(at), Seed: sd.String()}
		if first.failure != nil {
			second.failure.Message += "\nThe first time the run failed: " + first.failure.Message
		}
	}
	return second
}

// parting is the first step at which two runs differ.
func parting(a, b []uint64) (at int, same bool) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i + 1, false
		}
	}
	return min(len(a), len(b)) + 1, len(a) == len(b)
}

// uncontrolled says that two runs with the same seed have parted at a step.
func (t *trace) uncontrolled(at int) string {
	who := "the end of the run"
	for _, l := range t.lines {
		if l.step == at {
			who = fmt.Sprintf("%s, which %s", t.name(l.strand), l.what)
			break
		}
	}
	return fmt.Sprintf(`uncontrolled nondeterminism: a second run with the same seed went another way at step %d (%s).
Something that is not in the simulation's hand decides what happens. Likely causes: ranging over a map,
a goroutine started with go, select over more than one channel, math/rand's global source,
state that runs share, an address or an id that is printed or sorted by.`, at, who)
}
