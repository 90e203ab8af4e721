package actor

import (
	"fmt"

	"github.com/ractor-go/ractor/mailbox"
)

// Bind binds two actors to each other, as Erlang's link does: an abnormal end of
// one kills the other, unless that has HandleSupervision, which is then told
// instead; a normal end is only reported, to those that have it. It is
// symmetric, and an actor may be bound to any number of others; it has nothing
// to do with parents and children. Binding twice is binding once. If one of the
// two has ended already, the other gets its end with ErrNoProc, which is
// abnormal. The errors: ErrNoActor for a zero AnyRef, ErrSelf for one and the
// same actor, ErrOption for actors of two Systems, ErrNotSupported for one of
// another node. Any goroutine may call it.
func Bind(a, b AnyRef) error {
	x, y := a.actor(), b.actor()
	switch {
	case x == nil || y == nil:
		return ErrNoActor
	case x == y:
		return ErrSelf
	case x.shim() != nil:
		return x.shim().unsupported("bind")
	case y.shim() != nil:
		return y.shim().unsupported("bind")
	case x.kind.sys != y.kind.sys:
		return fmt.Errorf("%w: bind: %v and %v belong to two Systems", ErrOption, a, b)
	}
	links := &x.kind.sys.links
	links.Lock() // or an Unbind could come between the two halves
	yLives, xLives := x.bindTo(y), y.bindTo(x)
	links.Unlock()
	if !yLives {
		x.suffer(Event{Kind: Terminated, Actor: AnyRef{ref{y}}, Err: ErrNoProc})
	}
	if !xLives {
		y.suffer(Event{Kind: Terminated, Actor: AnyRef{ref{x}}, Err: ErrNoProc})
	}
	return nil
}

// Unbind undoes Bind and says whether it has: then neither's end matters to the
// other. False: they are not bound, or one of them has ended, and that has its
// effect. Any goroutine may call it.
func Unbind(a, b AnyRef) bool {
	x, y := a.actor(), b.actor()
	if x == nil || y == nil {
		return false
	}
	links := &x.kind.sys.links
	links.Lock()
	defer links.Unlock()
	there := x.unwatch(watchKey{target: y, bound: true}) != nil
	back := y.unwatch(watchKey{target: x, bound: true}) != nil
	return there && back
}

// bindTo has c suffer target's end; false: it has ended already.
func (c *cell) bindTo(target *cell) bool {
	w := &watcher{by: c, target: target, bound: true}
	w.deliver = func(ev Event) {
		if c.forgetWatcher(w) { // of the end and Unbind one wins
			c.suffer(ev)
		}
	}
	return target.watch(w)
}

// suffer is the end of a bound actor.
func (c *cell) suffer(ev Event) {
	normal := ev.Kind == Terminated && (ev.Err == nil || ev.Err == ErrDrained) //nolint:errorlint // set by the exit, unwrapped
	switch {
	case c.kind.hooks.has(supervise):
		if !c.tell(mailbox.Supervision, notice{event: ev}) {
			c.kind.sys.dead.events.Add(1)
		}
	case !normal:
		c.kill(ErrKilled)
	}
}
