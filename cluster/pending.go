package cluster

import (
	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// pending is a call of this node that waits for its answer from another one: the
// Reply that is in the message, and the ticket that travels beside it. Whoever
// has it calls answer or fail, once. Any goroutine may.
type pending struct {
	far    rpc.Far
	how    answers
	peer   peer
	ticket *actor.Ticket // nil: the request came without one
	about  CodecError    // what an answer that cannot be decoded is blamed on
}

// answers is how the answers of one type cross the wire.
type answers interface {
	encode(v any, to peer) ([]byte, error)
	decode(what []byte, from peer) (any, error)
	String() string // the type's name
}

// answer gives the caller what the encoded answer says. The error, which the
// caller gets too, says that it is no such answer.
func (p *pending) answer(what []byte) error {
	v, err := p.how.decode(what, p.peer)
	if err == nil {
		err = p.far.SendAny(v)
	}
	if err != nil {
		blame := p.about
		blame.Err = err
		p.fail(&blame)
		return &blame
	}
	p.settle()
	return nil
}

// fail tells the caller why no answer comes.
func (p *pending) fail(err error) {
	p.far.Fail(err)
	p.settle()
}

// abandoned says that the caller does not wait any more. Then fail, with any error,
// still has to be called.
func (p *pending) abandoned() bool { return p.far.Abandoned() }

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
