package mailbox

import (
	"context"
	"slices"

	"github.com/ractor-go/ractor/internal/weave"
)

// Waiting for room is the slow path, so it is a mutex and a channel per wait. Channels are not pooled: one
// that was made in a testing/synctest bubble must not be met outside it. No wakeup is lost, by two lists that
// mirror each other:
//
//	who waits                          who pops (or closes)
//	1. joins: waiting becomes not 0    1. frees the slot (or sets the closed bit)
//	2. looks: is the ring still full?  2. looks: is waiting not 0?
//	3. blocks only if it is            3. wakes all if the ring is low enough (or at once)
//
// The steps are sequentially consistent atomics. A pop whose second step saw nobody had its first step before
// our first, so our second step knows about it. Hence, if we found the ring full in step 2, all the pops that
// make it less than full are still to come, and each of them sees us. One of them will find it at most half
// full, or be the n-th since we joined, because the consumer pops until nothing is left.

// wait blocks until the ring may have room.
func (r *ring[M]) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	c := r.room.join(r.head.Load() + r.bound)
	if !r.full() {
		r.room.leave(c)
		return nil
	}
	if !c.Wait(ctx.Done()) {
		r.room.leave(c)
		return context.Cause(ctx)
	}
	return nil
}

// popped wakes the waiters if it is time. Waiting for the half saves wakeups: a producer that is woken has
// half a ring to fill before it waits again. Where other producers, who never wait, hold the ring above the
// half, everything that was before the first waiter is popped at the latest with the n-th pop: then they are
// woken too.
func (r *ring[M]) popped() {
	h := r.head.Load()
	n := ahead(r.tail.Load()&^closedBit, h)
	if n/step <= int64(r.bound/step/2) || ahead(h, r.room.due.Load()) >= 0 {
		r.room.wake()
	}
}

// join adds a waiter, whose wakeup is due when the head is at due, unless others wait already.
func (w *room) join(due uint64) weave.Gate {
	c := weave.NewGate()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiters) == 0 {
		w.due.Store(due)
	}
	w.waiters = append(w.waiters, c)
	w.waiting.Store(uint32(len(w.waiters)))
	return c
}

// leave removes a waiter that is not going to wait, or has waited long enough. If it has been woken meanwhile,
// so have all the others: nobody depends on what it does next.
func (w *room) leave(c weave.Gate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.waiters, c); i >= 0 {
		w.waiters = slices.Delete(w.waiters, i, i+1)
		w.waiting.Store(uint32(len(w.waiters)))
	}
}

// wake wakes all waiters.
func (w *room) wake() {
	w.mu.Lock()
	woken := w.waiters
	w.waiters = nil
	w.waiting.Store(0)
	w.mu.Unlock()
	for _, c := range woken {
		c.Open()
	}
}
