package rpc

import (
	"context"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// Call sends to the message that ask builds, and waits for the answer. ctx is
// the only deadline. The errors: Fail's as it is, ErrNoReply, context.Cause(ctx)
// when ctx ends first, those of Cast when the request could not be sent,
// ErrSelfCall, ErrCallCycle (see Debug), and inside a handler actor.ErrKilled when the calling actor is
// killed, and sched.ErrTooManyWaiters. Any goroutine may call it, in callbacks
// too. ask runs on the caller's goroutine. A call from outside that is answered
// allocates nothing.
func Call[M, R any](ctx context.Context, to actor.Ref[M], ask func(Reply[R]) M) (R, error) {
	var none R
	me := actor.Caller()
	if err := refusal(ctx, me, to, ask); err != nil {
		return none, err
	}
	p := take[R](to.System())
	if err := request(ctx, p, me, to, ask); err != nil {
		return none, err
	}
	if sched.Driven() {
		actor.WaitsFor(ctx, to.Any(), "answer")
	}
	if cause := wait(ctx, me, p.ready); cause != nil {
		if p.giveUp() {
			return none, cause
		}
		p.await() // the answer was faster
	}
	return p.collect()
}

// refusal is why me, the zero AnyRef outside of actors, cannot ask and wait.
func refusal[M, R any](ctx context.Context, me actor.AnyRef, to actor.Ref[M], ask func(Reply[R]) M) error {
	switch {
	case ctx == nil:
		return actor.ErrNilContext
	case ask == nil:
		return ErrNilAsk
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !me.IsZero() && actor.RunsHere(to.Any()):
		return ErrSelfCall
	}
	return nil
}

// wait waits on behalf of me, the zero AnyRef outside of actors.
func wait(ctx context.Context, me actor.AnyRef, ready <-chan struct{}) error {
	if !me.IsZero() {
		return park(ctx, ready)
	}
	var cause error
	if done := actor.Done(ctx); done == nil {
		<-ready
	} else {
		select {
		case <-ready:
		case <-done:
			cause = context.Cause(ctx)
		}
	}
	sched.Woken()
	return cause
}

// park waits inside a handler. It is a function of its own so that what its
// closure shares is allocated here alone.
func park(ctx context.Context, ready <-chan struct{}) (cause error) {
	if blocked := actor.Park(ctx, ready, func(err error) { cause = err }); blocked != nil {
		return blocked
	}
	return cause
}

// request sends the message; waiter is the actor that will wait for the answer,
// if one will. When that fails, or ask panics, the call is over: a Reply that ask
// has kept reaches nobody. Only if ask itself has answered, that answer stands.
func request[M, R any](ctx context.Context, p *port[R], waiter actor.AnyRef, to actor.Ref[M], ask func(Reply[R]) M) (err error) {
	sent := false
	defer func() {
		if sent {
			return
		}
		if p.giveUp() {
			p.forget()
		} else {
			err = nil
		}
		p.release() // the ticket's
	}()
	gen := generation(p.state.Load())
	p.touch()
	m := ask(Reply[R]{p, gen})
	ticket := &p.ticket
	if d := p.debug(); d != nil {
		w := d.watch(p, gen, 0, waiter, to.Any(), m)
		p.watched.Store(w)
		ticket = &w.Ticket
		if err := d.enter(w); err != nil {
			return err
		}
	}
	err = actor.Request(ctx, to, m, ticket)
	sent = err == nil
	return err
}

// Then is Call without waiting: it returns at once, and then runs inside the
// calling actor when the answer is there, or the error, as a message of its own,
// after what was queued before. then may touch the actor's state; an error of it
// ends the actor. If the actor ends first, or fails and is kept for its parent to
// revive (actor.KeepMailbox), then is dropped; nil drops the answer.
// There is no deadline: a timer of the actor may serve as one. Only in a
// callback of ctx's actor; a nil ctx panics. An actor may ask itself this way.
func Then[M, Q, R any](ctx *actor.Context[M], to actor.Ref[Q], ask func(Reply[R]) Q, then func(R, error) error) {
	if then == nil {
		then = func(R, error) error { return nil }
	}
	var none R
	if ask == nil {
		_ = actor.Post(ctx, func() error { return then(none, ErrNilAsk) })
		return
	}
	p := take[R](ctx.System())
	p.in, p.life, p.then = ctx, actor.Incarnation(ctx), then
	if err := request(ctx, p, actor.AnyRef{}, to, ask); err != nil {
		_ = actor.Post(ctx, func() error { return then(none, err) })
	}
}
