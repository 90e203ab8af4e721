package actor

// shell stands in front of an actor's value while messages are handled
// otherwise than by it: who has not called Become or Idle has none, and pays
// nothing.
type shell[M any] struct {
	base   Actor[M]
	handle func(ctx *Context[M], m M) error // of Become; nil: base's
	idle   *idle[M]                         // of Idle; nil: none
}

// Handle is what the turn calls.
func (s *shell[M]) Handle(ctx *Context[M], m M) error {
	handle := s.base.Handle
	if s.handle != nil {
		handle = s.handle
	}
	err := handle(ctx, m)
	if i := s.idle; i != nil {
		i.last = ctx.kind.sys.sched.Now()
	}
	return err
}

// value is the actor's own value, without a shell.
func (c *Context[M]) value() Actor[M] {
	if s, ok := c.actor.(*shell[M]); ok {
		return s.base
	}
	return c.actor
}

// reshape changes the shell, making one if there is none, and takes it away
// when it has become empty.
func (c *Context[M]) reshape(change func(s *shell[M])) {
	s, ok := c.actor.(*shell[M])
	if !ok {
		s = &shell[M]{base: c.actor}
	}
	change(s)
	c.actor = s
	if s.handle == nil && s.idle == nil {
		c.actor = s.base
	}
}

// Become has h handle the messages from the next one on, those included that
// are queued already; nil goes back to Handle. The hooks stay the actor's. A
// restart begins with Handle again. Only in a callback.
func (c *Context[M]) Become(h func(ctx *Context[M], m M) error) {
	c.reshape(func(s *shell[M]) { s.handle = h })
}
