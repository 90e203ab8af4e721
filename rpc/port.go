package rpc

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// port is the place where one answer is left. It is used for one call after
// another; what makes that safe is one word:
//
//		generation (32) | duty (8) | given (8) | references (12) | flags (4)
//
//	  - The generation is the call's. Whoever holds a Reply has its generation;
//	    every change through a Reply is a compare-and-swap of the whole word, so
//	    a stale Reply changes nothing.
//	  - References are held by the caller and by each ticket, that is, by each
//	    message that carries the duty to answer, or has carried it. The port is
//	    used again, with the next generation, only when the last one is given
//	    back: so who holds a reference knows the generation cannot change.
//	  - Each time the duty is handed on (Give), the new ticket gets the next
//	    number, counted by given; the first message's is 0. duty is the highest
//	    number whose message was accepted: lower ones have no duty any more. Two
//	    fields, because the new holder may hand on before the old one's Give has
//	    returned: numbers are taken before the message is sent, duty moves after
//	    it.
//
// Who sets answering owns value and err until it has filled ready; then they
// are the caller's. A caller that gives up does so only while answering is not
// set; afterwards the answer is as good as there, and it waits for it. It keeps
// its reference then, so that the port is never used again.
type port[R any] struct {
	state   atomic.Uint64
	ready   chan struct{}         // one slot: the answer is there
	home    *ports[R]             // nil: not pooled
	ticket  actor.Ticket          // the first message's
	watched atomic.Pointer[watch] // nil: debugging is off
	value   R
	err     error

	// Then: what continues, and where; in is nil for Forward, which continues
	// where the answer comes from. resume is made once for all calls.
	then   func(R, error) error
	in     actor.Inside
	life   uint32 // in's incarnation that has asked
	resume func() error

	asker Asker // not nil: the request is another node's, and this gets the answer

	// Multi: a list through next. first counts for all in left, and its ready
	// says that all answers are there.
	first *port[R]
	next  *port[R]
	left  atomic.Int64
}

const (
	answering uint64 = 1 << iota // somebody writes the answer, or has written it
	gaveUp                       // the caller does not wait any more
	detached                     // nobody has the duty

	oneRef  uint64 = 1 << 4
	refMask uint64 = 0xfff << 4 // at most the caller, the first ticket and maxGiven others

	givenShift = 16
	dutyShift  = 24
	maxGiven   = 0xff

	over = answering | gaveUp
)

func generation(state uint64) uint32 { return uint32(state >> 32) }
func given(state uint64) uint64      { return state >> givenShift & maxGiven }
func duty(state uint64) uint64       { return state >> dutyShift & maxGiven }

// fresh is the word of a new call: a reference for the caller, one for the
// first ticket.
func fresh(gen uint32) uint64 { return uint64(gen)<<32 | 2*oneRef }

// ports is the pool of a System for answers of type R. It belongs to the System
// because ports contain channels.
type ports[R any] struct {
	free  sync.Pool
	debug atomic.Pointer[debug] // the System's; set when the first port is taken
}

func newPorts[R any]() *ports[R] { return new(ports[R]) }

// take returns a port for a new call. sys may be nil: then the port is not
// pooled.
func take[R any](sys *actor.System) *port[R] {
	var home *ports[R]
	if sys != nil {
		home = actor.Shared(sys, newPorts[R])
		if home.debug.Load() == nil {
			home.debug.Store(actor.Shared(sys, newDebug))
		}
		if p, ok := home.free.Get().(*port[R]); ok {
			return p
		}
	}
	p := &port[R]{ready: make(chan struct{}, 1), home: home}
	p.ticket.Holder = p
	p.resume = p.continued
	p.state.Store(fresh(0))
	return p
}

// release gives a reference back; the last one makes the port free.
func (p *port[R]) release() {
	s := p.state.Add(^(oneRef - 1))
	if s&refMask != 0 || p.home == nil {
		return
	}
	if generation(s) == math.MaxUint32 {
		return // its generations are used up
	}
	p.state.Store(fresh(generation(s) + 1))
	p.home.free.Put(p)
}

// touch notes, for a simulation, that the present step concerns the call that p
// serves; the caller has a reference.
func (p *port[R]) touch() {
	if sched.Driven() {
		p.touched()
	}
}

//go:noinline
func (p *port[R]) touched() { sched.Touch(nil, Reply[R]{p, generation(p.state.Load())}) }

// change applies f to the word as long as it belongs to gen and the call is not
// over; false: it does not, or is.
func (p *port[R]) change(gen uint32, f func(uint64) uint64) (ok bool) {
	for {
		s := p.state.Load()
		if generation(s) != gen || s&over != 0 {
			return false
		}
		if p.state.CompareAndSwap(s, f(s)) {
			return true
		}
	}
}

// answer leaves v or err for the caller of gen, if that still waits and nobody
// has answered.
func (p *port[R]) answer(gen uint32, v R, err error) {
	for {
		s := p.state.Load()
		if generation(s) != gen || s&over != 0 {
			return
		}
		if p.state.CompareAndSwap(s, s|answering) {
			p.deliver(v, err)
			return
		}
	}
}

// await waits for an answer that is as good as there.
func (p *port[R]) await() {
	<-p.ready
	sched.Woken()
}

// deliver writes the answer; only who has set answering calls it.
func (p *port[R]) deliver(v R, err error) {
	p.value, p.err = v, err
	switch {
	case p.then != nil:
		if p.in == nil {
			_ = p.continued()
		} else if actor.Post(p.in, p.resume) != nil {
			_, _ = p.collect() // the asking actor has ended
		}
	case p.first != nil:
		// The last one tells the caller. Until then, or until the caller
		// itself counts the rest off, it keeps first; p it may take as soon
		// as p is counted.
		if first := p.first; first.left.Add(-1) == 0 {
			first.ready <- struct{}{}
		}
	case p.asker != nil:
		p.asker.Answered(&p.value, err)
		_, _ = p.collect()
	default:
		// The caller may take the answer, and the port may serve the next
		// call, as soon as ready is filled: nothing after it.
		p.ready <- struct{}{}
	}
}

// collect takes the answer out and gives the caller's reference back.
func (p *port[R]) collect() (R, error) {
	v, err := p.value, p.err
	var none R
	p.value, p.err = none, nil
	p.forget()
	if w := p.watched.Load(); w != nil {
		p.watched.Store(nil)
		w.over()
	}
	p.release()
	return v, err
}

// forget drops what belongs to the caller, once nobody can answer any more or
// the answer is there: who has kept the Reply must not keep that.
func (p *port[R]) forget() {
	p.in, p.then, p.first, p.next, p.asker = nil, nil, nil, nil, nil
}

// continued is what Then posts, to run inside the asking actor.
func (p *port[R]) continued() error {
	then, in, life := p.then, p.in, p.life
	v, err := p.collect()
	if in != nil && actor.Incarnation(in) != life {
		return nil // it is not the next one's answer
	}
	return then(v, err)
}

// giveUp ends the wait; false: the answer is coming.
func (p *port[R]) giveUp() bool {
	p.touch()
	for {
		s := p.state.Load()
		if s&answering != 0 {
			return false
		}
		if p.state.CompareAndSwap(s, s|gaveUp) {
			if w := p.watched.Load(); w != nil {
				w.gaveUp(s&detached == 0)
			}
			return true
		}
	}
}

// The port is the ticket of the first message: number 0.

// Open refuses a request whose caller has given up.
func (p *port[R]) Open() error {
	p.touch()
	if p.state.Load()&gaveUp != 0 {
		return actor.ErrExpired
	}
	return nil
}

// Handled says whether the actor still owes the answer.
func (p *port[R]) Handled() bool { return p.handled(0) }

// Discard fails the call, if the duty is still this ticket's.
func (p *port[R]) Discard(reason error) { p.discard(0, reason) }

func (p *port[R]) handled(number uint64) bool {
	p.touch()
	if owed(p.state.Load(), number) {
		return true
	}
	p.release()
	return false
}

// owed says that the ticket with number has the duty.
func owed(s, number uint64) bool { return s&(over|detached) == 0 && duty(s) <= number }

// discard looks whose the duty is and takes the right to answer in one step: a
// Give or a Detach that has returned cannot be overlooked. It says whether it
// has failed the call.
func (p *port[R]) discard(number uint64, reason error) (failed bool) {
	p.touch()
	for s := p.state.Load(); owed(s, number); s = p.state.Load() {
		if p.state.CompareAndSwap(s, s|answering) {
			var none R
			p.deliver(none, &noReplyError{reason})
			failed = true
			break
		}
	}
	p.release()
	return failed
}
