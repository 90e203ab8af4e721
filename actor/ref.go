package actor

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// ref has the methods that Ref and AnyRef share.
type ref struct{ c *cell }

// Ref is the address of an actor: one pointer wide, comparable, good as a map
// key, safe in every goroutine. It keeps memory but not life: an actor does not
// end when its last Ref is dropped (row R7). The zero Ref is no actor.
type Ref[M any] struct {
	_ [0]*M // or Ref[int](aRefOfString) would compile
	ref
}

// AnyRef is a Ref that has forgotten its message type. Compare it with
// ref.Any().
type AnyRef struct{ ref }

// Any forgets the message type.
func (r Ref[M]) Any() AnyRef { return AnyRef{r.ref} }

// As gives r its message type back; false if that is not M, or r is zero
// (rows R3, R4). Whether an actor of another node takes M may not be known here:
// then it is true if messages of type M can be sent there at all.
func As[M any](r AnyRef) (Ref[M], bool) {
	if r.c == nil {
		return Ref[M]{}, false
	}
	switch x := r.c.task.Runner.(type) {
	case *turner[M], caster[M]:
		return Ref[M]{ref: r.ref}, true
	case *remote:
		if _, err := senderOf[M]((*Shim)(x)); err == nil {
			return Ref[M]{ref: r.ref}, true
		}
	}
	return Ref[M]{}, false
}

// actor returns the cell of the actor that r leads to now: for a Ref of ByName
// or Adapt that is the one behind it. It is nil when there is none.
func (r ref) actor() *cell {
	c := r.c
	for c != nil {
		p, ok := c.task.Runner.(proxy)
		if !ok {
			return c
		}
		c = p.behind()
	}
	return nil
}

// ID returns the actor's id; 0 for the zero Ref.
func (r ref) ID() ID {
	if c := r.actor(); c != nil {
		return c.id
	}
	return 0
}

// Name returns the name that the actor was spawned with, "" if none.
func (r ref) Name() string {
	if c := r.actor(); c != nil {
		if x := c.rare.Load(); x != nil {
			return x.name
		}
	}
	return ""
}

// Status returns where the actor is in its life; Unstarted for the zero Ref.
func (r ref) Status() Status {
	if c := r.actor(); c != nil {
		c.reach(sched.OpLook, nil)
		return c.status()
	}
	return Unstarted
}

// Parent returns the actor that r is linked to; the zero AnyRef if none.
func (r ref) Parent() AnyRef {
	if c := r.actor(); c != nil {
		return AnyRef{ref{c.parent.Load()}}
	}
	return AnyRef{}
}

// String returns the name, if there is one, and the id; for an actor of another
// node the node too.
func (r ref) String() string {
	c := r.actor()
	if c == nil {
		return "<no actor>"
	}
	if s := c.shim(); s != nil {
		return s.far.String()
	}
	if name := r.Name(); name != "" {
		return fmt.Sprintf("%s<%x>", name, uint64(c.id))
	}
	return fmt.Sprintf("<%x>", uint64(c.id))
}

// LogValue is String with the behaviour's type, for log/slog.
func (r ref) LogValue() slog.Value {
	c := r.actor()
	if c == nil {
		return slog.StringValue(r.String())
	}
	return slog.GroupValue(slog.String("ref", r.String()), slog.String("behaviour", c.kind.name))
}

// IsZero says that r is no actor.
func (r ref) IsZero() bool { return r.c == nil }

// Stop asks the actor to end gracefully: after the callback that runs now
// PostStop runs, and what is queued is discarded; Drain handles it first. The
// status does not change before the actor gets to it (row P7). The first Stop
// counts, later ones are ignored; so is Stop on a dead actor and on the zero
// Ref. It does not wait. Any goroutine may call it.
func (r ref) Stop() { r.StopWith(nil) }

// StopWith is Stop with a reason: the Err of the Terminated event, and of Wait.
// A reason that is not nil makes the end abnormal.
func (r ref) StopWith(reason error) {
	if c := r.actor(); c != nil {
		c.reach(sched.OpEnd, "stop")
		c.stop(reason)
	}
}

// Kill ends the actor at once: sends to it are refused, its context is
// cancelled, its children are killed; PostStop does not run. A callback that
// runs now is not interrupted, but what it returns is ignored; if it does not
// return within Config.KillGrace the actor is abandoned. Kill on a dead actor
// and on the zero Ref does nothing. It does not wait. Any goroutine may call it.
func (r ref) Kill() {
	if c := r.actor(); c != nil {
		c.reach(sched.OpEnd, "kill")
		c.kill(ErrKilled)
	}
}

// Drain refuses further messages, has the actor handle what is queued, and ends
// it gracefully with ErrDrained. Stop, Kill and supervision events still come
// first. Drain on a dead actor and on the zero Ref does nothing. It does not
// wait. Any goroutine may call it.
func (r ref) Drain() {
	if c := r.actor(); c != nil {
		c.reach(sched.OpEnd, "drain")
		c.drain()
	}
}

// StopAfter stops the actor after d, gracefully, as a normal end (row T3).
func (r ref) StopAfter(d time.Duration) Timer {
	return r.later(d, func(c *cell) { c.stop(nil) })
}

// KillAfter kills the actor after d (row T4).
func (r ref) KillAfter(d time.Duration) Timer {
	return r.later(d, func(c *cell) { c.kill(ErrKilled) })
}

// Wait waits for the actor's end. It returns nil if that was graceful (Stop
// without a reason, Drain), an *ExitError if not, and context.Cause(ctx) if ctx
// ends first, which leaves the actor alone. Any number of goroutines may wait,
// before and after the end. An actor that waits for itself gets ErrSelf. Inside
// a handler the worker is handed on while Wait waits.
func (r ref) Wait(ctx context.Context) error {
	if err := check(ctx); err != nil {
		return err
	}
	c := r.actor()
	if c == nil {
		return ErrNoActor
	}
	return c.wait(ctx)
}

// StopAndWait is Stop and then Wait; it waits also when somebody else has
// stopped the actor already. It returns ErrNotSupported for an actor of a node
// that cannot be asked for this; so do KillAndWait and DrainAndWait.
func (r ref) StopAndWait(ctx context.Context) error {
	if s := r.shim(); s != nil {
		return s.endAndWait(ctx, EndStop)
	}
	r.Stop()
	return r.Wait(ctx)
}

// KillAndWait is Kill and then Wait; it returns nil when the actor has ended,
// in whatever way. For an actor of another node that is when it was killed or has
// ended gracefully: other ends, as that of the node, say nothing about it.
func (r ref) KillAndWait(ctx context.Context) error {
	if s := r.shim(); s != nil {
		return s.endAndWait(ctx, EndKill)
	}
	r.Kill()
	return graceful(r.Wait(ctx))
}

// DrainAndWait is Drain and then Wait.
func (r ref) DrainAndWait(ctx context.Context) error {
	if s := r.shim(); s != nil {
		return s.endAndWait(ctx, EndDrain)
	}
	r.Drain()
	return r.Wait(ctx)
}

// graceful forgets how an actor ended, but not that waiting failed.
func graceful(err error) error {
	if _, ended := err.(*ExitError); ended { //nolint:errorlint // Wait returns it unwrapped
		return nil
	}
	return err
}

// check refuses a nil context, which would otherwise panic far from its cause.
func check(ctx context.Context) error {
	if ctx == nil {
		return ErrNilContext
	}
	return nil
}

// Is says that r and other lead to the same actor now.
func (r ref) Is(other AnyRef) bool {
	c := r.actor()
	return c != nil && c == other.actor()
}
