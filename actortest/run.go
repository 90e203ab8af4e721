package actortest

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// run is the outcome of one run.
type run struct {
	seed    seed
	trace   trace
	failure *Failure
}

// seed names one run.
type seed struct {
	strategy Strategy
	number   uint64
}

func (s seed) String() string { return fmt.Sprintf("%v-%d", s.strategy, s.number) }

// simulate runs f once.
func simulate(t *testing.T, set *settings, sd seed, keep bool, f func(*System)) (r run) {
	d := newSim(set, sd.strategy.of(sd.number, set.depth, set.expected), sd.number)
	d.trace.keep = keep
	r.seed = sd
	defer func() {
		if v := recover(); v != nil {
			// The bubble's: goroutines are left that nothing can wake.
			d.failLocked("goroutines are left that wait outside of the library: %v", v)
		}
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

// Run runs f.
func Run(t *testing.T, f func(sys *System), opts ...Option) {
	t.Helper()
	set := newSettings(opts)
	r := simulate(t, set, seed{Uniform, 1}, true, f)
	if r.failure != nil {
		t.Fatalf("%s at step %d", r.failure.Message, r.failure.Step)
	}
}
