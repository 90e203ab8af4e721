package port

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// Port publishes values of type T to actors. The zero Port is ready; it must
// not be copied after its first use. All its methods may be called by any
// goroutine, filters included.
type Port[T any] struct {
	// order is held for a whole Send, user code included. That is deliberate:
	// the conversion of an adapted Ref runs inside Cast, and casts must not
	// overtake each other, so whatever keeps the order keeps other senders
	// waiting for that code. Rejected: that a sender who finds the port busy
	// leaves its value with the one who is at it. Nobody would wait, but
	// filters would run, and panic, on the goroutine of somebody else, and a
	// cast after Send would overtake the value. What a lock around user code
	// usually brings, the deadlock with oneself, does not exist: see mine.
	order sync.Mutex

	// holder is the goroutine that holds order; 0 if none does. Only the
	// holder writes it, and its own writes are the only ones that can make it
	// equal to the reader's identity: who reads its own is inside, who reads
	// anything else is not, however old that is.
	holder atomic.Uintptr

	// All below is guarded by order.
	subs  []*subscriber[T] // nil where one has ended
	holes int              // how many have
	later []delayed[T]     // what filters of the send under way have sent
	next  int              // how many of those have been delivered
	busy  bool             // a send is under way: subs must keep their places
	stats Stats
	calm  calm
}

// delayed is a value that a filter has sent: it goes to those who were
// subscribers then, the first n.
type delayed[T any] struct {
	ctx context.Context
	v   T
	n   int
}

// New returns a Port; new(Port[T]) is as good.
func New[T any]() *Port[T] { return new(Port[T]) }

// Send sends v to all subscribers whose filter lets it through, and returns
// when it is in their mailboxes. It never waits for a subscriber, only for other
// sends on this port. ctx is as Cast's, but for its deadline, which says nothing
// here; a nil ctx is context.Background(). A panic of a filter or conversion
// comes out of Send, after all other subscribers have got v. The cost is in
// proportion to the subscribers, about 30 ns each; nothing is allocated.
func (p *Port[T]) Send(ctx context.Context, v T) {
	if !p.enter() {
		p.later = append(p.later, delayed[T]{ctx, v, len(p.subs)})
		return
	}
	p.busy = true
	defer p.finish()
	p.fanOut(p.calm.of(ctx), v, 0, len(p.subs))
}

// finish ends a send: first what filters have sent meanwhile, in order, and
// what they send now. As in fanOut, a panic does not keep the rest from going.
func (p *Port[T]) finish() {
	over := false
	defer func() {
		if !over {
			p.finish()
		}
	}()
	for p.next < len(p.later) {
		d := p.later[p.next]
		p.next++
		p.fanOut(p.calm.of(d.ctx), d.v, 0, d.n)
	}
	over = true
	p.later, p.next, p.busy = nil, 0, false
	p.calm = calm{}
	p.tidy()
	p.exit()
}

// fanOut offers v to subscribers i to n-1. When a filter panics, or ends its
// goroutine, the others still get v, on the way out: the panic goes on after
// that, with its own stack.
func (p *Port[T]) fanOut(ctx context.Context, v T, i, n int) {
	defer func() {
		if i < n {
			p.fanOut(ctx, v, i+1, n)
		}
	}()
	for ; i < n; i++ {
		if s := p.subs[i]; s != nil {
			p.offer(ctx, s, v)
		}
	}
}

// offer sends v to one subscriber.
func (p *Port[T]) offer(ctx context.Context, s *subscriber[T], v T) {
	if s.keep != nil && !s.keep(v) {
		s.stats.Filtered++
		p.stats.Filtered++
		return
	}
	if s.err != nil {
		return // its filter has cancelled it
	}
	err := s.to.Cast(ctx, v)
	if err == nil {
		s.stats.Sent++
		p.stats.Sent++
		return
	}
	s.stats.Refused++
	p.stats.Refused++
	// A Ref of ByName outlives the actor that had the name, and never leads to
	// one that is Stopping: it stays subscribed. So does one that drains, until
	// it stops.
	if errors.Is(err, actor.ErrNoActor) || errors.Is(err, actor.ErrStopped) && s.to.Status() >= actor.Stopping {
		p.end(s, err)
	}
}

// Subscribe has every later value sent to to, as long as keep says so; a nil
// keep keeps all. Each call is a subscription of its own, also of the same
// actor. It ends with Cancel, or at the first send after to's actor has ended
// (a Ref of ByName has no end); see [Subscription.Err]. Inside a filter it
// begins with the next send.
func (p *Port[T]) Subscribe(to actor.Ref[T], keep func(T) bool) *Subscription {
	s := &subscriber[T]{to: to, keep: keep}
	s.port, s.ended = p, func(err error) { p.end(s, err) }
	if to.IsZero() {
		s.err = actor.ErrNoActor
		return &s.Subscription
	}
	p.do(func() {
		s.at = len(p.subs)
		p.subs = append(p.subs, s)
		p.stats.Subscribers++
	})
	return &s.Subscription
}

// Stats returns the counters of the port, of subscriptions that have ended too.
// It waits for the send that is under way.
func (p *Port[T]) Stats() (st Stats) {
	p.do(func() { st = p.stats })
	return st
}

// do runs f with the port held.
func (p *Port[T]) do(f func()) {
	if p.enter() {
		defer p.exit()
	}
	f()
}

// enter takes the port; false: the caller has it already, for it is a filter of
// the send under way.
func (p *Port[T]) enter() bool {
	me := gid.ID()
	if p.holder.Load() == me {
		return false
	}
	if sched.Driven() {
		// All ports of a type are one: who uses a port first may differ from run
		// to run, and nobody has made it.
		sched.Reach(sched.Op{Kind: sched.OpPort, On: reflect.TypeFor[Port[T]]()})
	}
	sched.Quiet(true)
	p.order.Lock()
	p.holder.Store(me)
	return true
}

// exit gives the port back. The note is wiped first: an identity outlives its
// goroutine.
func (p *Port[T]) exit() {
	p.holder.Store(0)
	p.order.Unlock()
	sched.Quiet(false)
}

// end takes s out; the port is held.
func (p *Port[T]) end(s *subscriber[T], err error) {
	if s.err != nil {
		return
	}
	s.err = err
	p.subs[s.at] = nil
	s.to, s.keep = actor.Ref[T]{}, nil
	p.holes++
	p.stats.Subscribers--
	if !p.busy {
		p.tidy()
	}
}

// tidy closes the holes when they are half of the list: a constant cost for
// each subscription that ends.
func (p *Port[T]) tidy() {
	if p.holes <= len(p.subs)/2 {
		return
	}
	p.subs = slices.DeleteFunc(p.subs, func(s *subscriber[T]) bool { return s == nil })
	if cap(p.subs) > 4*len(p.subs) {
		p.subs = slices.Clone(p.subs)
	}
	for i, s := range p.subs {
		s.at = i
	}
	p.holes = 0
}
