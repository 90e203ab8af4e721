package rpc

import (
	"reflect"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// Far is a Reply whatever the answer's type, for who carries requests from node
// to node: every *Reply[R] is one.
type Far interface {
	// AnswerType returns R.
	AnswerType() reflect.Type
	// Leave is for the caller's node: see Outgoing.
	Leave() Outgoing
	// Receive is for the callee's: it sets the Reply to a new one, whose answer
	// goes to from. See Reply.Receive.
	Receive(sys *actor.System, from Asker) Incoming
}

// AnswerType returns R.
func (*Reply[R]) AnswerType() reflect.Type { return reflect.TypeFor[R]() }

// Leave returns where the answer goes that comes from another node.
func (r *Reply[R]) Leave() Outgoing {
	if r.p == nil {
		return Outgoing{}
	}
	return Outgoing{r.p, r.gen}
}

// Outgoing is the Reply of a request that leaves this node. It is used as that is;
// the zero Outgoing means that nobody asks.
type Outgoing struct {
	port farPort
	gen  uint32
}

// farPort is a port whatever the answer's type.
type farPort interface {
	decode(gen uint32, d Decoder) error
	reject(gen uint32, err error)
	over(gen uint32) bool
	quit(gen uint32)
}

// Decoder is an answer that has come.
type Decoder interface {
	// Decode makes the answer at the address at, a *R that points to the zero R.
	// It must not block or panic, and keep nothing of the pointer.
	Decode(at any) error
}

// Answer is Reply.Send with the answer that d makes, without a copy. The error is
// d's, and is the caller's, too. If nobody waits any more d is not asked.
func (o Outgoing) Answer(d Decoder) error {
	if o.port == nil {
		return nil
	}
	return o.port.decode(o.gen, d)
}

// Fail is Reply.Fail.
func (o Outgoing) Fail(err error) {
	if o.port != nil {
		o.port.reject(o.gen, err)
	}
}

// Abandoned is Reply.Abandoned.
func (o Outgoing) Abandoned() bool { return o.port == nil || o.port.over(o.gen) }

// decode lets d make the answer in its place. Until then, as for every answer, who
// gives up waits for it.
func (p *port[R]) decode(gen uint32, d Decoder) error {
	if sched.Driven() {
		sched.Reach(sched.Op{Kind: sched.OpAnswer, On: Reply[R]{p, gen}, Note: d})
	}
	if !p.change(gen, func(s uint64) uint64 { return s | answering }) {
		return nil
	}
	if err := d.Decode(&p.value); err != nil {
		var none R
		p.deliver(none, err)
		return err
	}
	p.deliver(p.value, nil)
	return nil
}

func (p *port[R]) reject(gen uint32, err error) { Reply[R]{p, gen}.Fail(err) }
func (p *port[R]) over(gen uint32) bool         { return Reply[R]{p, gen}.Abandoned() }

// Asker is who waits, on another node, for the answer to a request.
type Asker interface {
	// Answered takes the answer, once, on the goroutine that answers: it must not
	// block or panic. With err nil at is a *R that points to the answer, until
	// Answered returns. Otherwise err is what Call would have returned: Fail's
	// error, or ErrNoReply with the reason when the request was discarded or the
	// callee has ended.
	Answered(at any, err error)
}

// Receive sets r to a new Reply, to be sent on in a request by actor.Request with
// the Ticket of what it returns. The answer goes to from; not after GiveUp, nor when
// Request has failed: in that case too call GiveUp. sys is the callee's System. Debug
// does not follow such a request. It allocates nothing.
func (r *Reply[R]) Receive(sys *actor.System, from Asker) Incoming {
	p := take[R](sys)
	p.asker = from
	*r = Reply[R]{p, generation(p.state.Load())}
	return Incoming{&p.ticket, p, r.gen}
}

// Incoming is a request from another node.
type Incoming struct {
	// Ticket is for actor.Request.
	Ticket *actor.Ticket

	port farPort
	gen  uint32
}

// GiveUp says that nobody waits for the answer any more: a request that is still
// queued is not handled, but a dead letter (actor.ErrExpired). After the answer it
// does nothing. Asker.Answered may be running just then. Any goroutine may call it, more
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
