package rpc

import (
	"fmt"
	"reflect"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// Far is a Reply whatever the answer's type, for who carries requests from node
// to node: every *Reply[R] is one. On the caller's node it takes the answer that
// has come; on the callee's, Receive makes it a Reply whose answer goes back.
type Far interface {
	// AnswerType returns R.
	AnswerType() reflect.Type
	// SendAny is Send; the error is actor.ErrWrongType when v is no R, and then
	// nothing was sent.
	SendAny(v any) error
	// Fail is Reply.Fail.
	Fail(err error)
	// Abandoned is Reply.Abandoned.
	Abandoned() bool
	// Receive sets the Reply to a new one, whose answer done gets: see
	// Reply.Receive.
	Receive(sys *actor.System, done func(v any, err error)) Incoming
}

// AnswerType returns R.
func (*Reply[R]) AnswerType() reflect.Type { return reflect.TypeFor[R]() }

// SendAny is Send for an answer whose type is not known to the compiler. The
// error is actor.ErrWrongType when v is no R, and then nothing was sent.
func (r *Reply[R]) SendAny(v any) error {
	answer, ok := v.(R)
	if !ok && (v != nil || reflect.TypeFor[R]().Kind() != reflect.Interface) {
		return fmt.Errorf("%w: an answer of %T where %v is awaited", actor.ErrWrongType, v, reflect.TypeFor[R]())
	}
	r.Send(answer)
	return nil
}

// Receive sets r to a new Reply, to be sent on in a request by actor.Request with
// the Ticket of what it returns. The answer goes to done, once, on the goroutine
// that answers: it must not block. err is nil, or what Call would have returned:
// Fail's error, or ErrNoReply with the reason when the request was discarded or
// the callee has ended. done is not called after GiveUp, nor when Request has
// failed; in that case too call GiveUp. sys is the callee's System. Debug does not
// follow such a request. It costs two objects.
func (r *Reply[R]) Receive(sys *actor.System, done func(v any, err error)) Incoming {
	p := take[R](sys)
	p.then = func(v R, err error) error {
		if err != nil {
			done(nil, err)
		} else {
			done(v, nil)
		}
		return nil
	}
	*r = Reply[R]{p, generation(p.state.Load())}
	return Incoming{&p.ticket, p, r.gen}
}

// Incoming is a request from another node.
type Incoming struct {
	// Ticket is for actor.Request.
	Ticket *actor.Ticket

	port interface{ quit(gen uint32) }
	gen  uint32
}

// GiveUp says that nobody waits for the answer any more: a request that is still
// queued is not handled, but a dead letter (actor.ErrExpired). After the answer it
// does nothing. done may be running just then. Any goroutine may call it, more
// than once.
func (i Incoming) GiveUp() {
	if i.port != nil {
		i.port.quit(i.gen)
	}
}

// quit is giveUp by who has kept no reference to tell calls apart.
func (p *port[R]) quit(gen uint32) {
	if sched.Driven() {
		sched.Touch(nil, Reply[R]{p, gen})
	}
	if p.change(gen, func(s uint64) uint64 { return s | gaveUp }) {
		p.forget()
	}
}
