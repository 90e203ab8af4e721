package actor

import "github.com/ractor-go/ractor/mailbox"

// Bind binds two actors to each other, as Erlang's link does: an abnormal end of
// one kills the other, unless that has HandleSupervision, which is then told
// instead; a normal end is only reported, to those that have it. It is
// symmetric, and an actor may be bound to any number of others; it has nothing
// to do with parents and children. Binding twice is binding once. If one of the
// two has ended already, the other gets its end with ErrNoProc, which is
// abnormal. ErrNoActor for a zero AnyRef, ErrSelf for one and the same actor.
// Any goroutine may call it.
func Bind(a, b AnyRef) error {
	x, y := a.actor(), b.actor()
	switch {
	case x == nil || y == nil:
		return ErrNoActor
	case x == y:
		return ErrSelf
	}
	x.bindTo(y)
	y.bindTo(x)
	return nil
}

// Unbind undoes Bind. Ends that were told already have had their effect.
func Unbind(a, b AnyRef) {
	x, y := a.actor(), b.actor()
	if x == nil || y == nil {
		return
	}
	x.unwatch(watchKey{target: y, bound: true})
	y.unwatch(watchKey{target: x, bound: true})
}

// bindTo has c suffer target's end.
func (c *cell) bindTo(target *cell) {
	w := &watcher{by: c, target: target, bound: true}
	w.deliver = func(ev Event) {
		c.forgetWatcher(w)
		c.suffer(ev)
	}
	if !target.watch(w) {
		c.suffer(Event{Kind: Terminated, Actor: AnyRef{ref{target}}, Err: ErrNoProc})
	}
}

// suffer is the end of a bound actor.
func (c *cell) suffer(ev Event) {
	switch {
	case c.kind.hooks.has(supervise):
		if !c.tell(mailbox.Supervision, notice{event: ev}) {
			c.kind.sys.dead.events.Add(1)
		}
	case ev.Err != nil && ev.Err != ErrDrained: //nolint:errorlint // set by the exit, unwrapped
		c.kill(ErrKilled)
	}
}
