package mailbox

import (
	"math/bits"

	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// Positions in a ring count in twos and wrap around at 2^64; the lowest bit is free. In tail it says closed,
// in a slot's seq it says that the slot is written.
const (
	step       = 2
	closedBit  = 1
	writtenBit = 1
)

// ring is a bounded queue: many producers, and many that pop, because a producer may drop the oldest.
//
// It is D. Vyukov's bounded MPMC queue: a slot has a sequence number that says whose turn it is. The slot for
// position p goes through
//
//	seq = p               free: for the producer that moves tail from p to p+step
//	seq = p+writtenBit    written: for whoever moves head from p to p+step
//	seq = p+step*size     free for the next lap
//
// New here are the closed bit, which the CAS of a claim compares along with the position, so that no claim
// succeeds after close, and a bound that need not be the size. All comparisons are of differences as signed
// numbers, which wrap as the positions do; no two live positions are further apart than the size.
type ring[M any] struct {
	slots []slot[M]
	mask  uint64
	bound uint64 // in steps
	exact bool   // the bound is the size

	_    [64]byte // producers, consumer and the rest on cache lines of their own
	tail weave.Uint64
	_    [64]byte
	head weave.Uint64
	_    [64]byte
	room room
}

type slot[M any] struct {
	seq   weave.Uint64
	value M // owned by the producer that claimed the slot, then by whoever lifts it
}

// room is where producers wait; see room.go.
type room struct {
	waiting weave.Uint32 // how many wait; the popper's only look, mostly
	due     weave.Uint64 // the head at which they are woken at the latest; set before waiting
	mu      weave.Mutex
	waiters []weave.Gate
}

// newRing makes a ring of n messages whose first position is start, an even number.
func newRing[M any](n int, start uint64) *ring[M] {
	size := 1 << bits.Len(uint(n-1))
	r := &ring[M]{
		slots: make([]slot[M], size),
		mask:  uint64(size - 1),
		bound: step * uint64(n),
		exact: n == size,
	}
	for p := start; p != start+step*uint64(size); p += step {
		r.at(p).seq.Store(p)
	}
	r.head.Store(start)
	r.tail.Store(start)
	return r
}

func (r *ring[M]) at(p uint64) *slot[M] { return &r.slots[p/step&r.mask] }

// ahead tells how far a is ahead of b, which may be negative, across the wrap-around.
func ahead(a, b uint64) int64 { return int64(a - b) }

// claim takes the next position to write, and the duty to publish it: Queued, Full or Closed.
func (r *ring[M]) claim() (uint64, Outcome) {
	for {
		t := r.tail.Load()
		if t&closedBit != 0 {
			return 0, Closed
		}
		if d := ahead(r.at(t).seq.Load(), t); d > 0 {
			continue // somebody has claimed t since
		} else if d < 0 || r.over(t) {
			return 0, Full
		}
		if r.tail.CompareAndSwap(t, t+step) {
			return t, Queued
		}
	}
}

// over reports whether the bound is reached when tail is t. It is exact: head, read after tail, only grows, so
// if the bound is reached it was so at the moment of this load, and if it is not, and the CAS of claim finds
// the tail unmoved, there is room then too. With bound = size the sequence number has said all, and the
// producers leave the line of head alone.
func (r *ring[M]) over(t uint64) bool {
	return !r.exact && ahead(t, r.head.Load()) >= int64(r.bound)
}

// publish writes the claimed position p; the store makes it visible. A producer that is preempted between
// claim and publish holds up what is behind it: the consumer takes the lane for empty and may sleep, and is
// woken after the publish, for everything. A store is enough, the slot is this producer's alone.
func (r *ring[M]) publish(p uint64, m M) {
	s := r.at(p)
	if invariant.On {
		invariant.Holdsf(s.seq.Load() == p, "position %d is published into a slot that stands at %d", p, s.seq.Load())
	}
	s.value = m
	s.seq.Store(p + writtenBit)
}

// pop removes the oldest message; false: the ring is empty, or its oldest position is not published yet.
func (r *ring[M]) pop() (m M, ok bool) {
	h, ok := r.lift()
	if !ok {
		return m, false
	}
	return r.release(h), true
}

// lift takes the oldest written position, and the duty to release it.
func (r *ring[M]) lift() (uint64, bool) {
	for {
		h := r.head.Load()
		if d := ahead(r.at(h).seq.Load(), h+writtenBit); d > 0 {
			continue // somebody has lifted h since
		} else if d < 0 {
			return 0, false
		}
		if r.head.CompareAndSwap(h, h+step) {
			return h, true
		}
	}
}

// release empties the lifted position h and gives it to the next lap. Until then the slot counts as full,
// though head has moved on.
func (r *ring[M]) release(h uint64) (m M) {
	s := r.at(h)
	if invariant.On {
		invariant.Holdsf(s.seq.Load() == h+writtenBit, "position %d is released from a slot that stands at %d", h, s.seq.Load())
	}
	var zero M
	m, s.value = s.value, zero
	s.seq.Store(h + step*uint64(len(r.slots)))
	// After the slot is free, not before: see the argument in room.go.
	if r.room.waiting.Load() != 0 {
		r.popped()
	}
	return m
}

// ready reports whether pop would find something; a nil ring is never ready.
func (r *ring[M]) ready() bool { return r != nil && r.readyFrom(r.head.Load()) }

// readyFrom is ready with a head h that was read before. Like lift it must start again when head has moved
// since: a producer may have dropped that message while the next one is ready, and a consumer that went to
// sleep on that would leave it lying.
func (r *ring[M]) readyFrom(h uint64) bool {
	for {
		if d := ahead(r.at(h).seq.Load(), h+writtenBit); d <= 0 {
			return d == 0
		}
		h = r.head.Load()
	}
}

// full reports whether claim would say Full; it and claim must agree, or a waiter would spin.
func (r *ring[M]) full() bool {
	for {
		t := r.tail.Load()
		if t&closedBit != 0 {
			return false
		}
		if d := ahead(r.at(t).seq.Load(), t); d <= 0 {
			return d < 0 || r.over(t)
		}
	}
}

func (r *ring[M]) len() int {
	h := r.head.Load()
	n := ahead(r.tail.Load()&^closedBit, h) // not negative: tail was read after head
	return int(min(n, int64(r.bound)) / step)
}

// close lets no claim succeed from here on, and wakes those who wait for room.
func (r *ring[M]) close() {
	r.tail.Or(closedBit)
	if r.room.waiting.Load() != 0 {
		r.room.wake()
	}
}
