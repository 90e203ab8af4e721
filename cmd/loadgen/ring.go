package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/ractor-go/ractor/actor"
)

func ring() scenario {
	const capacity = 16
	of := func(tokens int, explain string) variant {
		return variant{
			name: strconv.Itoa(tokens), explain: explain, capacity: capacity,
			ours:   func(ctx context.Context, t *trial) error { return ringOurs(ctx, t, tokens) },
			theirs: func(ctx context.Context, t *trial) error { return ringTheirs(ctx, t, tokens, capacity) },
		}
	}
	return scenario{
		name:   "ring",
		work:   "100,000 actors in a ring pass tokens on to their neighbour. One token finds every actor cold; a thousand keep all workers busy.",
		op:     "a message",
		full:   size{Actors: 100_000, Messages: 5_000_000},
		modest: size{Actors: 100_000, Messages: 2_000_000},
		check: func(s size) error {
			const least = 2 * 1000 / capacity
			if s.Actors < least {
				return fmt.Errorf("--actors is %d: want at least %d, so that a thousand tokens fit the baseline's channels", s.Actors, least)
			}
			return nil
		},
		variants: []variant{of(1, "one token"), of(1000, "a thousand tokens at once")},
	}
}

// token counts down to 1, its last hop. One with a next tells an actor whom
// to pass on to, once.
type token struct {
	next actor.Ref[token]
	left int64
}

// link is one actor of the ring.
type link struct {
	next    actor.Ref[token]
	handled int64
	over    *countdown
}

func (l *link) Handle(ctx *actor.Context[token], m token) error {
	if !m.next.IsZero() {
		l.next = m.next
		return nil
	}
	l.handled++
	if m.left > 1 {
		return l.next.Cast(ctx, token{left: m.left - 1})
	}
	l.over.one()
	return nil
}

func ringOurs(ctx context.Context, t *trial, tokens int) error {
	n := t.size.Actors
	tokens = int(min(int64(tokens), t.size.Messages))
	over := newCountdown(tokens)
	links := make([]link, n)
	refs := make([]actor.Ref[token], n)
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range links {
			links[i].over = over
			var err error
			if refs[i], err = actor.Spawn(ctx, &links[i]); err != nil {
				return err
			}
		}
		for i, ref := range refs {
			if err := ref.Cast(ctx, token{next: refs[(i+1)%n]}); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			for i := range tokens {
				start := refs[i*(n/tokens)%n]
				if err := start.Cast(ctx, token{left: share(t.size.Messages, tokens, i)}); err != nil {
					return err
				}
			}
			return await(ctx, over.done)
		})
	})
	if errIsRunning(err) {
		return err
	}
	account := ledger{sent: t.size.Messages}
	least, most := links[0].handled, links[0].handled
	for i := range links {
		account.handled += links[i].handled
		least, most = min(least, links[i].handled), max(most, links[i].handled)
	}
	t.balance(account)
	if tokens == 1 { // then all have had the same, give or take the last round
		t.want("uneven", max(most-least-1, 0), 0)
	}
	return err
}

// hop is the baseline's token, as large as ours.
type hop struct{ left, _ int64 }

func ringTheirs(ctx context.Context, t *trial, tokens, capacity int) error {
	n := t.size.Actors
	tokens = int(min(int64(tokens), t.size.Messages))
	over := newCountdown(tokens)
	halls := make([]chan hop, n)
	handled := make([]int64, n)
	for i := range halls {
		halls[i] = make(chan hop, capacity)
	}
	var all sync.WaitGroup
	for i := range halls {
		in, out := halls[i], halls[(i+1)%n]
		all.Go(func() {
			for m := range in {
				handled[i]++
				if m.left == 1 {
					over.one()
					continue
				}
				out <- hop{left: m.left - 1}
			}
		})
	}
	err := t.measure(t.size.Messages, func() error {
		for i := range tokens {
			halls[i*(n/tokens)%n] <- hop{left: share(t.size.Messages, tokens, i)}
		}
		return await(ctx, over.done)
	})
	if err != nil {
		return err
	}
	for _, hall := range halls {
		close(hall)
	}
	all.Wait()
	account := ledger{sent: t.size.Messages}
	for _, h := range handled {
		account.handled += h
	}
	t.balance(account)
	return nil
}
