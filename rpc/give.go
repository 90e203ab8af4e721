package rpc

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// Give hands the duty on: it sends to the message that ask builds of r, and from
// then on to answers for it. On an error the duty stays where it was: to's
// refusal, as Cast's, or ErrNotWaiting, and nothing was sent. While Give runs
// both answer for it: at no time nobody does. A zero Reply is sent on like any
// message, and a detached one stays detached. A reply can be given 255 times.
// Any goroutine may call it; of several at once the one last begun counts.
func Give[M, R any](ctx context.Context, r Reply[R], to actor.Ref[M], ask func(Reply[R]) M) error {
	if ask == nil {
		return ErrNilAsk
	}
	if r.p == nil {
		return to.Cast(ctx, ask(r))
	}
	number, err := r.p.fork(r.gen)
	if err != nil {
		return err
	}
	sent := false
	defer func() {
		if !sent { // refused, or ask has panicked
			r.p.unfork(r.gen, number)
		}
	}()
	m := ask(r)
	var ticket *actor.Ticket
	w := r.p.watched.Load()
	if w != nil && w.gen == r.gen {
		w = w.given(number, to.Any(), m)
		ticket = &w.Ticket
	} else {
		g := &gift[R]{p: r.p, number: number}
		g.Holder = g
		w, ticket = nil, &g.Ticket
	}
	if err := actor.Request(ctx, to, m, ticket); err != nil {
		return err
	}
	sent = true
	r.p.move(r.gen, number)
	if w != nil {
		r.follow(w)
	}
	return nil
}

// fork makes a reference for one more ticket, and its number.
func (p *port[R]) fork(gen uint32) (number uint64, err error) {
	full := false
	ok := p.change(gen, func(s uint64) uint64 {
		if number = given(s) + 1; number > maxGiven {
			full = true
			return s
		}
		full = false
		return s + oneRef + 1<<givenShift
	})
	switch {
	case !ok:
		return 0, ErrNotWaiting
	case full:
		return 0, fmt.Errorf("rpc: a reply cannot be given more than %d times", maxGiven)
	}
	return number, nil
}

// unfork takes a fork back whose message was not accepted. If it was the last
// one its number is free again, so that trying for ever uses up nothing. The
// reference goes first: so there are never more references than numbers.
func (p *port[R]) unfork(gen uint32, number uint64) {
	p.release()
	p.change(gen, func(s uint64) uint64 {
		if given(s) == number {
			s -= 1 << givenShift
		}
		return s
	})
}

// move gives the duty to the ticket with number, unless a later one has it. If
// the call was answered meanwhile this changes nothing.
func (p *port[R]) move(gen uint32, number uint64) {
	p.change(gen, func(s uint64) uint64 {
		return s&^(maxGiven<<dutyShift) | max(duty(s), number)<<dutyShift
	})
}

// gift is the ticket of a message that Give has sent.
type gift[R any] struct {
	actor.Ticket

	p      *port[R]
	number uint64
}

func (g *gift[R]) Open() error          { return g.p.Open() }
func (g *gift[R]) Handled() bool        { return g.p.handled(g.number) }
func (g *gift[R]) Discard(reason error) { g.p.discard(g.number, reason) }
