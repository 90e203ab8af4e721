package actor

import (
	"context"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// Context is an actor seen from inside, and its context.Context: Done closes
// when the actor is killed (context.Cause is then ErrKilled), otherwise when it
// has ended, after PostStop (ErrStopped). It belongs to the actor, not to one
// message, so it is safe to keep, to derive from, and to hand to other
// goroutines. What only callbacks may use says so; such a method used elsewhere
// is a data race.
type Context[M any] struct {
	cell
	box   mailbox.Mailbox[envelope[M], notice]
	actor Actor[M] // nil once the actor has ended
}

// Inside is the Context of some actor, of any message type: it can be had only
// inside one.
type Inside interface {
	context.Context
	inside() *cell
}

func (c *Context[M]) inside() *cell { return &c.cell }

// Deadline says that an actor's life has none.
func (c *Context[M]) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done returns a channel that is closed when the actor is killed or has ended.
// It is made at the first call; a handler that only polls uses Err, which is
// cheaper. Any goroutine may call it.
func (c *Context[M]) Done() <-chan struct{} {
	c.reach(sched.OpLook, nil)
	return c.life2ctx().Done()
}

// Err returns nil as long as the actor lives, then context.Canceled. It costs a
// load. Any goroutine may call it.
func (c *Context[M]) Err() error {
	c.reach(sched.OpLook, nil)
	if life := c.life.Load(); life&killedFlag == 0 && statusOf(life) != Stopped {
		return nil
	}
	return context.Canceled
}

// Value knows nothing of single messages. It lets contexts that are derived
// from this one find it, and context.Cause the cause. Any goroutine may call it.
func (c *Context[M]) Value(key any) any {
	if _, ok := key.(cellKey); ok {
		return &c.cell
	}
	return c.life2ctx().Value(key)
}

// cellKey finds the actor that a derived context belongs to.
type cellKey struct{}

// cancellation is the standard library's context behind a Context, made when
// somebody asks for Done or derives from it. So contexts derived from an
// actor's cost no goroutine, and causes are as everywhere.
type cancellation struct {
	ctx atomic.Pointer[cancelCtx]
}

type cancelCtx struct {
	context.Context
	cancel context.CancelCauseFunc
}

// life2ctx returns that context.
func (c *cell) life2ctx() context.Context {
	slot := &c.extra().cancel.ctx
	inner := slot.Load()
	if inner == nil {
		ctx, cancel := context.WithCancelCause(context.Background())
		inner = &cancelCtx{ctx, cancel}
		if !slot.CompareAndSwap(nil, inner) {
			cancel(nil)
			inner = slot.Load()
		}
	}
	// Who cancels sets its flag first and looks for the context then; we
	// have put the context there first and look at the flag now. One of us
	// sees the other; cancelling twice does nothing.
	if life := c.life.Load(); life&killedFlag != 0 {
		inner.cancel(c.killCause())
	} else if statusOf(life) == Stopped {
		inner.cancel(ErrStopped)
	}
	return inner
}

// cancelled closes Done, if anybody has asked for it.
func (c *cell) cancelled(cause error) {
	if r := c.rare.Load(); r != nil {
		if inner := r.cancel.ctx.Load(); inner != nil {
			inner.cancel(cause)
		}
	}
}

// Self returns the actor's own Ref. Any goroutine may call it.
func (c *Context[M]) Self() Ref[M] { return Ref[M]{ref: ref{&c.cell}} }

// Logger returns the System's logger with the actor's name. Any goroutine may
// call it; it allocates.
func (c *Context[M]) Logger() *slog.Logger {
	return c.kind.sys.log.With("actor", ref{&c.cell})
}

// System returns the actor's System. Any goroutine may call it.
func (c *Context[M]) System() *System { return c.kind.sys }

// Stop ends the actor gracefully after this callback: what is queued is
// discarded, PostStop runs. It may be called from any goroutine.
func (c *Context[M]) Stop() {
	c.reach(sched.OpEnd, "stop")
	c.stop(nil)
}

// Children yields the linked children, youngest first, as they are when the
// iteration begins. Any goroutine may call it.
func (c *Context[M]) Children() iter.Seq[AnyRef] {
	return func(yield func(AnyRef) bool) {
		for _, child := range c.children() {
			if !yield(AnyRef{ref{child}}) {
				return
			}
		}
	}
}

// Missed returns how many ticks of a periodic timer are contained, beyond the
// first, in the message that is being handled: ticks that came while the one
// before was still queued. 0 for every other message. Only in Handle.
func (c *Context[M]) Missed() int {
	if r := c.rare.Load(); r != nil {
		return r.missed
	}
	return 0
}
