package actor

import (
	"context"
	"fmt"
	"sync"

	"github.com/ractor-go/ractor/sched"
)

// Inspector is a hook by which an actor gives leave to look into it: see
// Inspect. What it returns is read by others while the actor goes on, so it must
// be a copy, or what the actor never changes. A Behaviour's hook is
//
//	Inspect(s *S) any
type Inspector interface {
	Inspect() any
}

// Inspect asks a running actor for what its hook (Inspector) shows of its state.
// The hook runs on the actor's turn, after the callback that runs now and ahead
// of all events and messages; a panic of it is an error of Inspect and not of the actor. The
// errors: ErrNotInspectable for an actor without the hook, ErrFailed for one that
// has failed and waits to be revived (KeepMailbox), ErrStopped when the
// actor has ended, or ends first, context.Cause(ctx) when ctx ends first,
// ErrSelf for the actor itself, ErrNotSupported for one of another node,
// ErrNoActor, ErrNilContext, and inside a handler ErrKilled and
// sched.ErrTooManyWaiters. Any goroutine may call it; inside a handler the worker
// is handed on while it waits.
func Inspect(ctx context.Context, r AnyRef) (any, error) {
	if err := check(ctx); err != nil {
		return nil, err
	}
	c := r.actor()
	switch {
	case c == nil:
		return nil, ErrNoActor
	case c.shim() != nil:
		return nil, c.shim().unsupported("inspect")
	case !c.kind.hooks.has(inspect):
		return nil, fmt.Errorf("%w: %v is a %s", ErrNotInspectable, r, c.kind.name)
	case runsHere(c):
		return nil, ErrSelf
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	c.reach(sched.OpSend, "inspect")
	q := newQuestion()
	return q.pose(ctx, c, c.ask, q.ask)
}

// pose puts the question by ask, which l is to settle on c's turn, and waits.
func (q *question) pose(ctx context.Context, c *cell, ask func(look) bool, l look) (any, error) {
	// The end is heard at the crossing to Stopping. So whoever discards the
	// notice has nobody to tell, nor has who abandons the actor in its hook.
	cancel, alive := OnStopping(AnyRef{ref{c}}, func() { q.settle(nil, ErrStopped) })
	defer cancel()
	if !alive || !ask(l) {
		return nil, ErrStopped
	}
	if err := Park(ctx, q.settled, func(cause error) { q.settle(nil, cause) }); err != nil {
		q.settle(nil, err)
	}
	return q.answer, q.err
}

// look is a function that looks at an actor's value on its turn; nil: it has
// failed, and there is none.
type look func(value any)

// question is one Inspect, or Suspend. Of the answer, the end of the actor, and who gives
// up, one settles it.
type question struct {
	once    sync.Once
	settled chan struct{}
	answer  any
	err     error
}

func newQuestion() *question { return &question{settled: make(chan struct{})} }

func (q *question) settle(answer any, err error) {
	q.once.Do(func() {
		q.answer, q.err = answer, err
		close(q.settled)
	})
}

// ask is a look.
func (q *question) ask(value any) {
	select {
	case <-q.settled:
		return // given up
	default:
	}
	if value == nil {
		q.settle(nil, fmt.Errorf("%w, and waits to be revived", ErrFailed))
		return
	}
	var answer any
	err := guard(func() error {
		answer = value.(Inspector).Inspect() //nolint:forcetypeassert // the kind says so
		return nil
	})
	if err != nil {
		err = fmt.Errorf("actor: Inspect: %w", err)
	}
	q.settle(answer, err)
}
