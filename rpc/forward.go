package rpc

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// Forward asks to, and when the answer is there sends it to next, as a message;
// it does not wait for that. The error says that nothing was asked: those of
// Cast, context.Cause(ctx) when ctx has ended already, ErrNilAsk, and
// actor.ErrNoActor when next is the zero Ref. What fails later is a dead letter
// to next: with no message and the call's error when there is no answer, with the
// answer when next does not take it.
//
// ctx is that of sending the request; its end afterwards changes nothing, and
// neither does the end of the actor that has called Forward. The answer does not
// wait for room at next. For a next with another type of message see actor.Adapt.
// Any goroutine may call it, an actor for itself, as to or as next, too. It
// costs one object.
func Forward[M, R any](ctx context.Context, to actor.Ref[M], ask func(Reply[R]) M, next actor.Ref[R]) error {
	if err := refusal(ctx, actor.AnyRef{}, to, ask); err != nil {
		return err
	}
	if next.IsZero() {
		return fmt.Errorf("rpc: Forward: next: %w", actor.ErrNoActor)
	}
	sys := to.System()
	p := take[R](sys)
	p.then = func(v R, err error) error {
		if err != nil {
			lost(sys, actor.DeadLetter{To: next.Any(), Reason: err})
		} else if err = next.Cast(atOnce, v); err != nil {
			lost(sys, actor.DeadLetter{To: next.Any(), Message: v, Reason: err})
		}
		return nil
	}
	return request(ctx, p, actor.AnyRef{}, to, ask)
}

// lost reports a dead letter to the System of its addressee, or, if that cannot
// be found, to sys.
func lost(sys *actor.System, l actor.DeadLetter) {
	if s := l.To.System(); s != nil {
		sys = s
	}
	if sys != nil {
		sys.ReportDeadLetter(l)
	}
}

// atOnce is the context of sends that must not wait for room: it has ended.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(actor.ErrMailboxFull)
	return ctx
}()
