package factory

import (
	"sync"

	"github.com/ractor-go/ractor/actor"
)

// Stats are the accounts of a factory at one moment. They balance:
//
//	Submitted = Done + Discarded + InFlight + Queued
//
// A job is submitted when the factory has taken it out of its mailbox; before
// that it is a message like any other.
type Stats struct {
	Submitted uint64 // all that have come, those included that were refused
	Done      uint64
	Discarded uint64 // see Because
	InFlight  uint64 // given to a worker; at most one for each
	Queued    uint64 // in the shared queue, at a worker, or waiting for a retry

	Retried  uint64 // retries ever made
	Replaced uint64 // workers that had to be replaced
	Stuck    uint64 // workers found stuck

	Workers int // the size of the pool
	Limit   int // Config.Limit

	because [reasons]uint64
}

// Because is how many jobs were discarded for a reason; they add up to
// Discarded.
func (s Stats) Because(why Reason) uint64 {
	if int(why) >= len(s.because) {
		return 0
	}
	return s.because[why]
}

// accounts are written by the factory, and read by anybody.
type accounts struct {
	mu sync.Mutex
	st Stats
}

// move books a job from one place to another, in one step.
func (a *accounts) move(from, to place, why Reason) {
	a.mu.Lock()
	switch from {
	case outside:
		a.st.Submitted++
	case queued:
		a.st.Queued--
	case inFlight:
		a.st.InFlight--
	}
	switch to {
	case queued:
		a.st.Queued++
	case inFlight:
		a.st.InFlight++
	case done:
		a.st.Done++
	case discarded:
		a.st.Discarded++
		a.st.because[why]++
	}
	a.mu.Unlock()
}

// change books what is no move.
func (a *accounts) change(f func(st *Stats)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f(&a.st)
}

// read returns the accounts of a factory that is in the given state. What one
// had that was killed is nowhere any more: nobody will do it.
func (a *accounts) read(now actor.Status) Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	st := a.st
	if now == actor.Stopped {
		lost := st.InFlight + st.Queued
		st.Discarded += lost
		st.because[Shutdown] += lost
		st.InFlight, st.Queued = 0, 0
	}
	return st
}
