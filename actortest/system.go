package actortest

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// System is a simulated System, as its test sees it. It is a context that leads
// there, so it is what to Spawn, Cast and Call with; and it is what assertions
// take in place of a *testing.T, so that a failure belongs to its run:
//
//	ref, err := actor.Spawn(sys, &counter{})
//	require.NoError(sys, err)
//
// Its methods may be called by the test function and by actors of the System.
type System struct {
	context.Context

	sim      *sim
	cleanups []func() // of the test function
}

// System returns the System that is simulated.
func (s *System) System() *actor.System { return s.sim.sys }

// test is the test strand.
func (s *System) test(f func(*System)) {
	defer func() {
		for len(s.cleanups) > 0 {
			last := s.cleanups[len(s.cleanups)-1]
			s.cleanups = s.cleanups[:len(s.cleanups)-1]
			last()
		}
	}()
	f(s)
}

// Cleanup has f called when the test function has ended, the last one first. It
// is for the test function alone.
func (s *System) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

// Errorf fails the run; the test function goes on until it next reaches a choice
// point.
func (s *System) Errorf(format string, args ...any) { s.sim.failf(format, args...) }

// Fatalf fails the run and ends the calling goroutine.
func (s *System) Fatalf(format string, args ...any) {
	s.sim.failf(format, args...)
	runtime.Goexit()
}

// FailNow fails the run and ends the calling goroutine.
func (s *System) FailNow() {
	s.sim.failf("failed")
	runtime.Goexit()
}

// Helper is there for assertions; it does nothing.
func (s *System) Helper() {}

// Logf adds a line to the trace of the run.
func (s *System) Logf(format string, args ...any) { s.sim.log(fmt.Sprintf(format, args...)) }

// whenSettled is the note of a strand that waits until nobody else can go on.
type whenSettled struct{}

func (whenSettled) String() string { return "when all is settled" }

// Settle waits until nobody else can go on: every actor has handled what it has,
// and what is left are timers and waits. No time passes. It is for the test
// function alone.
func (s *System) Settle() { sched.Reach(sched.Op{Kind: sched.OpWake, Note: whenSettled{}}) }

// Sleep lets d pass, and everything that is due meanwhile happen. It is for the
// test function alone.
func (s *System) Sleep(d time.Duration) {
	time.Sleep(d)
	sched.Reach(sched.Op{Kind: sched.OpWake, Note: d})
}

// Now is the time since the run began.
func (s *System) Now() time.Duration { return s.sim.Now() }

// Eventually waits until condition holds, which it asks whenever everything has
// settled, for up to d of the System's time; if it does not it fails the run. It
// is for the test function alone; condition may Cast, Call and assert.
func (s *System) Eventually(d time.Duration, condition func() bool, what string, args ...any) {
	if !s.until(d, condition) {
		s.Fatalf("not within %v: %s", d, fmt.Sprintf(what, args...))
	}
}

// Never is the opposite of Eventually: it fails the run if condition holds at
// any time in the next d.
func (s *System) Never(d time.Duration, condition func() bool, what string, args ...any) {
	begin := s.Now()
	if s.until(d, condition) {
		s.Fatalf("after %v, within %v: %s", s.Now()-begin, d, fmt.Sprintf(what, args...))
	}
}

// until asks at each time at which something may have changed.
func (s *System) until(d time.Duration, condition func() bool) bool {
	for end := s.Now() + d; ; {
		s.Settle()
		if condition() {
			return true
		}
		left := end - s.Now()
		if left <= 0 {
			return false
		}
		// Timers of the System are known; others, of contexts, are not.
		nap := min(left, max(d/grains, 1))
		if next, armed := s.sim.nextTimer(); armed {
			nap = min(left, max(next-s.Now(), 1))
		}
		s.Sleep(nap)
	}
}

// grains is into how many parts until cuts its time where it knows no timers.
const grains = 100
