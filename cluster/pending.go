package cluster

import (
	"sync"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// pending is a call of this node that waits for its answer from another one: the
// Reply that is in the message, and the ticket that travels beside it. Whoever
// has it calls answer or fail, once. Any goroutine may.
type pending struct {
	reply   rpc.Outgoing
	variant *variant // of the message
	peer    peer
	ticket  *actor.Ticket // nil: the request came without one
	what    []byte        // the answer, in Decode
}

// answers is how the answers of one type cross the wire; at is a pointer to one.
type answers interface {
	encode(dst []byte, at any, to peer) ([]byte, error)
	decode(what []byte, at any, from peer) error
	String() string // the type's name
}

// answer gives the caller what the encoded answer says. The error, which the
// caller gets too, says that it is no such answer.
func (p *pending) answer(what []byte) error {
	p.what = what
	err := p.reply.Answer(p)
	p.what = nil
	p.settle()
	return err
}

// Decode makes the answer (rpc.Decoder).
func (p *pending) Decode(at any) error {
	if err := p.variant.reply.how.decode(p.what, at, p.peer); err != nil {
		return p.variant.blameReply("decode", err)
	}
	return nil
}

// fail tells the caller why no answer comes.
func (p *pending) fail(err error) {
	p.reply.Fail(err)
	p.settle()
}

// abandoned says that the caller does not wait any more. Then fail, with any error,
// still has to be called.
func (p *pending) abandoned() bool { return p.reply.Abandoned() }

// owing is a call of a peer that a local actor has to answer (rpc.Asker).
type owing struct {
	variant *variant // set by decode
	peer    peer
	to      inquirer
}

// inquirer is who waits at the other end.
type inquirer interface {
	// answer takes the encoded answer to a call, or why there is none: an error
	// of the callee (Reply.Fail, ErrNoReply ...), or a *CodecError. It is called
	// at most once, from any goroutine, perhaps before decode has returned, and
	// not when decode returns an error. It must not block, and keep what.
	answer(what []byte, err error)
}

// Answered encodes the answer.
func (o *owing) Answered(at any, err error) {
	if err != nil {
		o.to.answer(nil, err)
		return
	}
	space := spaces.Get().(*[]byte) //nolint:forcetypeassert // New makes no other
	what, err := o.variant.reply.how.encode((*space)[:0], at, o.peer)
	if err != nil {
		o.to.answer(nil, o.variant.blameReply("encode", err))
	} else {
		o.to.answer(what, nil)
		if cap(what) <= keepSpace {
			*space = what
		}
	}
	spaces.Put(space)
}

// spaces are where answers are encoded.
var spaces = sync.Pool{New: func() any { return new([]byte) }}

// settle tells the ticket's holder that the duty to answer is done with.
func (p *pending) settle() {
	if p.ticket != nil {
		settle(p.ticket)
	}
}

// settle is the end of a ticket whose message has left, and whose answer, if one
// was owed, has come or cannot come.
func settle(t *actor.Ticket) {
	if err := t.Holder.Open(); err != nil {
		t.Holder.Discard(err)
	} else if t.Holder.Handled() {
		t.Holder.Discard(errNoAnswer)
	}
}
