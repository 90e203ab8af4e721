package actor

import (
	"context"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// ended returns what Wait returns of an actor that is Stopped.
func (c *cell) ended() error {
	if r := c.rare.Load(); r != nil && r.reason != nil {
		return &ExitError{Actor: AnyRef{ref{c}}, Err: r.reason}
	}
	return nil
}

func (c *cell) wait(ctx context.Context) error {
	if c.status() == Stopped {
		return c.ended()
	}
	if runsHere(c) {
		return ErrSelf
	}
	done := c.doneChan()
	// doneChan came first: if Stopped was not set by now, its setter will
	// see the channel and close it.
	if c.status() == Stopped {
		return c.ended()
	}
	c.waitsFor(ctx, "end")
	var err error
	blocked := Park(ctx, done, func(cause error) { err = cause })
	if blocked != nil {
		return blocked
	}
	if err != nil {
		return err
	}
	return c.ended()
}

// doneChan returns the channel that is closed at Stopped.
func (c *cell) doneChan() <-chan struct{} {
	r := c.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done == nil {
		r.done = make(chan struct{})
	}
	return r.done
}

// Park waits on the calling goroutine until ready delivers, or until ctx ends,
// or, inside a handler, until the actor of the handler is killed; in the two
// latter cases it calls gaveUp with the cause. Inside a handler the worker is
// handed on meanwhile, found out by the goroutine and not by ctx. It returns
// sched.ErrTooManyWaiters, and does not wait, when there are too many.
func Park(ctx context.Context, ready <-chan struct{}, gaveUp func(cause error)) error {
	select {
	case <-ready:
		return nil
	default:
	}
	done := Done(ctx)
	me := caller()
	if me == nil {
		select {
		case <-ready:
		case <-done:
			gaveUp(context.Cause(ctx))
		}
		sched.Woken()
		return nil
	}
	own := me.life2ctx()
	return sched.Block(func() {
		// Of what has come already, or comes at once, the answer counts first
		// and the kill next; select would choose at random.
		select {
		case <-ready:
			return
		default:
		}
		if own.Err() == nil {
			select {
			case <-ready:
				return
			case <-done:
			case <-own.Done():
			}
		}
		if own.Err() != nil {
			gaveUp(context.Cause(own))
		} else {
			gaveUp(context.Cause(ctx))
		}
	})
}

// Done is ctx.Done for the library's own waits: to a simulation they are no
// looks at the actor that ctx may be.
func Done(ctx context.Context) <-chan struct{} {
	if sched.Driven() {
		return doneQuietly(ctx)
	}
	return ctx.Done()
}

// Caller returns the actor whose callback runs on the calling goroutine; the
// zero AnyRef outside. It costs some ten ns.
func Caller() AnyRef { return AnyRef{ref{caller()}} }

// caller is Caller; PreStart counts as a callback of the actor that starts.
func caller() *cell {
	if c := startingHere(); c != nil {
		return c
	}
	return runningHere()
}

// runningHere returns the actor whose turn the calling goroutine is in.
func runningHere() *cell {
	car := sched.Inside()
	if car == nil {
		return nil
	}
	task := car.Task()
	if task == nil {
		return nil // a guest between two turns
	}
	if t, ok := task.Runner.(interface{ cellOf() *cell }); ok {
		return t.cellOf()
	}
	return nil
}

func (t *turner[M]) cellOf() *cell { return &t.cell }

// RunsHere says that the calling goroutine runs a callback of r's actor, be it
// one further out: a handler that spawns runs the new actor's PreStart. Waiting
// for r here would be waiting for oneself. It costs some ten ns.
func RunsHere(r AnyRef) bool {
	c := r.actor()
	return c != nil && runsHere(c)
}

func runsHere(c *cell) bool {
	if starts.n.Load() != 0 && starts.has(gid.ID(), c) {
		return true
	}
	return runningHere() == c
}

// starts knows the actors whose PreStart is running, by the goroutine that
// runs it. It is goroutine-local storage, as the scheduler's own, and so a
// property of the process.
var starts startTable

// startingHere returns the actor whose PreStart the calling goroutine runs.
func startingHere() *cell {
	if starts.n.Load() == 0 {
		return nil
	}
	return starts.get(gid.ID())
}
