package sched

import (
	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// queue is one worker's run queue: a ring that its worker fills at the tail,
// and from whose head the worker and thieves take, and the run-next slot.
//
// Ownership. Only the worker's own carrier writes tail and slots, so a push
// needs no compare-and-swap. Whoever moves head from h to h+n by
// compare-and-swap owns the n tasks that stood there. A thief reads the slots
// before it moves head: were head moved meanwhile, its compare-and-swap fails
// and what it read is forgotten. It cannot succeed by chance: head only grows,
// and 2^32 steps do not pass between two instructions of a thief.
//
// Order. The slot is stored before tail: who sees the new tail sees the task.
// A slot is overwritten only when tail-head < len, hence after head has moved
// past it.
//
// The run-next slot holds the task that the worker has made runnable last, so
// that two actors that talk to each other stay on one core and in its cache.
// It is an atomic pointer because it can be stolen, though only from a worker
// that is stuck: taken from a healthy one it would tear just these pairs apart.
type queue struct {
	next weave.Pointer[Task]
	head weave.Uint32
	tail weave.Uint32
	ring []weave.Pointer[Task]

	wiped uint32 // the worker's own: forget has come this far
}

// push appends t; only the worker itself may call it. False: the ring is full.
func (q *queue) push(t *Task) bool {
	tail := q.tail.Load()
	if tail-q.head.Load() >= uint32(len(q.ring)) {
		return false
	}
	q.ring[tail&q.mask()].Store(t)
	q.tail.Store(tail + 1)
	return true
}

// pop takes the oldest task; only the worker itself may call it.
func (q *queue) pop() *Task {
	for {
		head := q.head.Load()
		if head == q.tail.Load() {
			return nil
		}
		t := q.ring[head&q.mask()].Load()
		if q.head.CompareAndSwap(head, head+1) {
			if invariant.On {
				invariant.Holdsf(t != nil, "no task at position %d of a ring", head)
			}
			return t
		}
	}
}

// half takes the older half of the ring, rounded up, as a chain; any
// goroutine may call it.
func (q *queue) half() (chain, int) {
	for {
		head := q.head.Load()
		tail := q.tail.Load()
		n := tail - head
		if n > uint32(len(q.ring)) {
			continue // head and tail were read at different times
		}
		n -= n / 2
		if n == 0 {
			return chain{}, 0
		}
		// The chain is linked only once the tasks are ours: a link
		// written before the swap could tear the chain of who owns them.
		var buf [stealBatch]*Task
		n = min(n, stealBatch)
		for i := range n {
			buf[i] = q.ring[(head+i)&q.mask()].Load()
		}
		if !q.head.CompareAndSwap(head, head+n) {
			continue
		}
		var c chain
		for i, t := range buf[:n] {
			if invariant.On {
				invariant.Holdsf(t != nil, "no task at position %d of a ring", int(head)+i)
			}
			c.add(t)
		}
		return c, int(n)
	}
}

// forget wipes the slots that were used since it was called last, so that a
// parked worker keeps no task alive; only the worker itself may call it, with
// the ring empty. A thief that still reads a slot has an old head, and its
// compare-and-swap fails. (Wiping at each pop would cost a store a task; a ring
// that is in use holds no more than its size.)
func (q *queue) forget() {
	tail := q.tail.Load()
	if n := uint32(len(q.ring)); tail-q.wiped > n {
		q.wiped = tail - n
	}
	for ; q.wiped != tail; q.wiped++ {
		q.ring[q.wiped&q.mask()].Store(nil)
	}
}

// stealBatch bounds what is taken from a ring in one step.
const stealBatch = 256

// takeNext takes the task of the run-next slot; any goroutine may call it.
func (q *queue) takeNext() *Task {
	for {
		t := q.next.Load()
		if t == nil || q.next.CompareAndSwap(t, nil) {
			return t
		}
	}
}

// len is how many tasks wait, about; any goroutine may call it.
func (q *queue) len() int {
	n := int(int32(q.tail.Load() - q.head.Load()))
	if q.next.Load() != nil {
		n++
	}
	return max(n, 0)
}

func (q *queue) empty() bool { return q.head.Load() == q.tail.Load() }

func (q *queue) mask() uint32 { return uint32(len(q.ring) - 1) }

// chain is a list of tasks linked through next, owned by one holder.
type chain struct{ first, last *Task }

func (c *chain) add(t *Task) {
	t.next = nil
	if c.last == nil {
		c.first = t
	} else {
		c.last.next = t
	}
	c.last = t
}

func (c *chain) pop() *Task {
	t := c.first
	if t == nil {
		return nil
	}
	c.first = t.next
	if c.first == nil {
		c.last = nil
	}
	t.next = nil
	return t
}
