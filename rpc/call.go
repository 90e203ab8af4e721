package rpc

import (
	"context"

	"github.com/ractor-go/ractor/actor"
)

// Call sends to the message that ask builds, and waits for the answer. The
// errors: Fail's as it is, ErrNoReply, context.Cause(ctx) when ctx ends first,
// those of Cast when the request could not be sent, ErrSelfCall,
// actor.ErrKilled's cancellation when the calling actor is killed, and
// sched.ErrTooManyWaiters inside a handler. A call that is answered allocates
// nothing.
func Call[M, R any](ctx context.Context, to actor.Ref[M], ask func(Reply[R]) M) (R, error) {
	var none R
	switch {
	case ctx == nil:
		return none, actor.ErrNilContext
	case ask == nil:
		return none, ErrNilAsk
	}
	me := actor.Caller()
	if !me.IsZero() && to.Is(me) {
		return none, ErrSelfCall
	}
	p := take[R](to.System())
	gen := generation(p.state.Load())
	if err := request(ctx, p, gen, to, ask); err != nil {
		return none, err
	}
	var cause error
	if me.IsZero() {
		cause = wait(ctx, p.ready)
	} else {
		blocked := actor.Park(ctx, p.ready, func(err error) { cause = err })
		if blocked != nil {
			cause = blocked
		}
	}
	if cause != nil {
		if p.giveUp() {
			return none, cause
		}
		<-p.ready // the answer was faster
	}
	return p.collect()
}

// wait waits outside of handlers.
func wait(ctx context.Context, ready <-chan struct{}) error {
	done := ctx.Done()
	if done == nil {
		<-ready
		return nil
	}
	select {
	case <-ready:
		return nil
	case <-done:
		return context.Cause(ctx)
	}
}

// request sends the message. When that fails, the call is over; a Reply that ask
// has kept reaches nobody. Only if ask itself has answered, that answer stands.
func request[M, R any](ctx context.Context, p *port[R], gen uint32, to actor.Ref[M], ask func(Reply[R]) M) error {
	err := actor.Request(ctx, to, ask(Reply[R]{p, gen}), &p.ticket)
	if err == nil {
		return nil
	}
	defer p.release() // the ticket's
	if !p.giveUp() {
		return nil
	}
	return err
}

// Then is Call without waiting: it returns at once, and then runs inside the
// calling actor when the answer is there, or the error, as a message of its own.
// then may touch the actor's state; an error of it ends the actor. If the actor
// ends first, then is dropped. Only in a callback of ctx's actor. An actor may
// ask itself this way.
func Then[M, Q, R any](ctx *actor.Context[M], to actor.Ref[Q], ask func(Reply[R]) Q, then func(R, error) error) {
	p := take[R](ctx.System())
	p.in, p.then = ctx, then
	gen := generation(p.state.Load())
	var err error
	if ask == nil {
		err = ErrNilAsk
		p.giveUp()
	} else {
		err = request(ctx, p, gen, to, ask)
	}
	if err != nil {
		var none R
		_ = actor.Post(ctx, func() error { return then(none, err) })
	}
}
