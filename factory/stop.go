package factory

import (
	"context"

	"github.com/ractor-go/ractor/actor"
)

// drain refuses jobs from now on (row FA26).
func (c *core[J]) drain() {
	if c.draining {
		return
	}
	c.draining = true
	c.hook("OnDraining", c.cfg.OnDraining)
}

// drained stops a factory that has nothing left to do. What only the router
// keeps from being done, or that there are no workers, is not waited for: when
// nothing is under way and every worker is idle, nothing will change that.
func (c *core[J]) drained() {
	st := c.gate.books.read(actor.Running)
	if st.InFlight == 0 && st.Queued == uint64(c.shared.n) && c.idle.n == c.size {
		c.pump()
		if c.idle.n == c.size {
			c.discardQueue(&c.shared)
		}
		st = c.gate.books.read(actor.Running)
	}
	if st.InFlight+st.Queued == 0 {
		c.ctx.Stop()
	}
}

// discardQueue ends all jobs of a queue.
func (c *core[J]) discardQueue(q *lanes[J]) {
	for j := q.peek(); j != nil; j = q.peek() {
		c.discard(j, Shutdown)
	}
}

// PostStop ends the factory (row FA27): what waits is discarded, what is under
// way may end until the deadline.
func (c *core[J]) PostStop(*actor.Context[message[J]]) error {
	c.draining = true
	c.timer.Cancel()
	c.discardQueue(&c.shared)
	for _, s := range c.slots {
		if s != nil {
			c.discardQueue(&s.queue)
			s.ref.Stop() // all at once; none for those who are down
		}
	}
	for len(c.agenda.heap) > 0 { // retries
		a := c.agenda.heap[len(c.agenda.heap)-1]
		if c.agenda.clear(a); a.job != nil {
			c.discard(a.job, Shutdown)
		}
	}
	c.await()
	for _, s := range c.slots {
		if s != nil && s.job != nil {
			c.stopped(s)
		}
	}
	c.hook("OnStopped", c.cfg.OnStopped)
	return nil
}

// await waits for the workers' ends; when their time is over they are killed,
// and KillGrace bounds the rest.
func (c *core[J]) await() {
	ctx, cancel := context.WithTimeout(context.Background(), c.cfg.Shutdown)
	defer cancel()
	for i, s := range c.slots {
		if s == nil || s.runner == nil {
			continue
		}
		if _ = s.ref.Wait(ctx); s.ref.Status() == actor.Stopped {
			continue
		}
		// Late, or the factory has been killed meanwhile.
		for _, s := range c.slots[i:] {
			if s != nil {
				s.ref.Kill()
			}
		}
		for _, s := range c.slots[i:] {
			if s != nil {
				_ = s.ref.Wait(context.Background())
			}
		}
		return
	}
}

// stopped settles the job of a worker that has ended with its factory.
func (c *core[J]) stopped(s *slot[J]) {
	r, j := s.runner, s.job
	s.job = nil
	switch state := r.state.Swap(gone); {
	case state == ended && r.err == nil:
		c.unhold(j)
		c.book(j, done)
		c.onDone(j, nil)
		c.release(j)
		return
	case state == ended:
		c.onDone(j, r.err)
	case state == begun:
		c.onDone(j, actor.ErrKilled)
	}
	c.discard(j, Shutdown)
}
