package actor

import "time"

// idle is one Idle: a receive timeout.
type idle[M any] struct {
	d    time.Duration
	m    M
	last time.Duration // when the last message was handled, on the scheduler's clock
	next Timer         // when it is looked at next: at most one is armed
}

// Idle has m handled each time d has passed without a message; m itself counts
// as one. It comes on the actor's turn, like a message, but is never queued, so
// none can be under way when another message has come. d <= 0 turns it off, a
// second call replaces the first. While it is on, each message costs a reading
// of the clock. Only in a callback.
func (c *Context[M]) Idle(d time.Duration, m M) {
	if s, ok := c.actor.(*shell[M]); ok && s.idle != nil {
		s.idle.next.Cancel() // or they would pile up where each message calls Idle
	}
	if d <= 0 {
		c.reshape(func(s *shell[M]) { s.idle = nil })
		return
	}
	i := &idle[M]{d: d, m: m, last: c.kind.sys.sched.Now()}
	c.reshape(func(s *shell[M]) { s.idle = i })
	c.waitIdle(i, d)
}

// waitIdle looks again after d whether anything has come.
func (c *Context[M]) waitIdle(i *idle[M], d time.Duration) {
	i.next = c.Self().later(d, func(*cell) {
		_ = c.core().postpone(continuation(func() error { return c.checkIdle(i) })) // ErrStopped: it is over
	})
}

// checkIdle runs on the actor's turn.
func (c *Context[M]) checkIdle(i *idle[M]) error {
	s, ok := c.actor.(*shell[M])
	if !ok || s.idle != i {
		return nil // turned off, or replaced
	}
	if left := i.last + i.d - c.kind.sys.sched.Now(); left > 0 {
		c.waitIdle(i, left)
		return nil
	}
	err := s.Handle(c, i.m)
	if s, ok := c.actor.(*shell[M]); ok && s.idle == i {
		c.waitIdle(i, i.d)
	}
	return err
}
