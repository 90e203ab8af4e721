package actor

import (
	"context"
	"runtime/debug"

	"github.com/ractor-go/ractor/sched"
)

// Blocking runs fn here and returns its results; if here is inside a handler,
// the worker is handed on first, so that fn may block without delaying any
// other actor. Outside a handler it just runs fn. It returns
// sched.ErrTooManyWaiters, and does not run fn, when sched.Config.MaxWaiters
// handlers wait already. Where many actors wait long, Async is cheaper.
func Blocking[T any](ctx context.Context, fn func() (T, error)) (T, error) {
	var v T
	if err := check(ctx); err != nil {
		return v, err
	}
	var err error
	if blocked := sched.Block(func() { v, err = fn() }); blocked != nil {
		return v, blocked
	}
	return v, err
}

// Async runs fn off the actor, on a goroutine of the System, and afterwards then
// inside the actor, as a message of its own; the handler goes on meanwhile. fn
// must not touch the actor's state, then may. fn's ctx is the actor's. A panic
// of fn becomes a *PanicError; an error of then ends the actor. If the actor
// ends first, then is dropped. At most sched.Config.MaxAsync run at a time;
// others wait their turn. Only in a callback.
func Async[M, T any](ctx *Context[M], fn func(ctx context.Context) (T, error), then func(T, error) error) {
	var v T
	var err error
	back := ctx.mortal(func() error { return then(v, err) })
	run := func() {
		finished := false
		defer func() {
			if !finished {
				value := recover()
				if value == nil {
					value = sched.ErrGoexit
				}
				err = &PanicError{Value: value, Stack: debug.Stack()}
			}
			if Post(ctx, back) != nil {
				ctx.kind.sys.dead.count(ErrStopped)
			}
		}()
		v, err = fn(ctx)
		finished = true
	}
	ctx.reach(sched.OpOffload, nil)
	if refused := ctx.kind.sys.sched.Async(run); refused != nil {
		err = refused
		_ = Post(ctx, back) // the system is ending, and so is the actor
	}
}
