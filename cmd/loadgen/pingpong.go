package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

func pingpong() scenario {
	return scenario{
		name:   "pingpong",
		work:   "Two actors send one message to and fro. What one hop costs when nothing else runs.",
		op:     "a message",
		full:   size{Actors: 2, Messages: 5_000_000},
		modest: size{Actors: 2, Messages: 2_000_000},
		fixed:  true,
		variants: []variant{{
			capacity: 1024,
			ours:     pairsOurs,
			theirs:   func(ctx context.Context, t *trial) error { return pairsTheirs(ctx, t, 1024) },
		}},
	}
}

func pairs() scenario {
	return scenario{
		name:   "pairs",
		work:   "1,000 pairs of actors, each with one message to and fro. What a hop costs when every worker has its hands full.",
		op:     "a message",
		full:   size{Actors: 2000, Messages: 10_000_000},
		modest: size{Actors: 2000, Messages: 5_000_000},
		check: func(s size) error {
			if s.Actors%2 != 0 {
				return fmt.Errorf("--actors is %d: want an even number, two for each pair", s.Actors)
			}
			return nil
		},
		variants: []variant{{
			capacity: 16,
			ours:     pairsOurs,
			theirs:   func(ctx context.Context, t *trial) error { return pairsTheirs(ctx, t, 16) },
		}},
	}
}

// ball goes to and fro; left counts down to 1, the last one.
type ball struct {
	from actor.Ref[ball]
	left int64
}

// player sends each ball back to where it came from.
type player struct {
	handled int64
	sum     int64
	over    *countdown
}

func (p *player) Handle(ctx *actor.Context[ball], m ball) error {
	p.handled++
	p.sum += m.left
	if m.left > 1 {
		return m.from.Cast(ctx, ball{from: ctx.Self(), left: m.left - 1})
	}
	p.over.one()
	return nil
}

// countdown closes done when as many have called one as it was made for.
type countdown struct {
	left atomic.Int64
	done chan struct{}
}

func newCountdown(n int) *countdown {
	c := &countdown{done: make(chan struct{})}
	c.left.Store(int64(n))
	if n == 0 {
		close(c.done)
	}
	return c
}

func (c *countdown) one() {
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
}

// triangle is 1 + 2 + ... + n.
func triangle(n int64) int64 { return n * (n + 1) / 2 }

func pairsOurs(ctx context.Context, t *trial) error {
	games := min(int64(t.size.Actors/2), t.size.Messages)
	over := newCountdown(int(games))
	players := make([]player, 2*games)
	refs := make([]actor.Ref[ball], len(players))
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range players {
			players[i].over = over
			var err error
			if refs[i], err = actor.Spawn(ctx, &players[i]); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			for i := range int(games) {
				first := ball{from: refs[2*i+1], left: share(t.size.Messages, int(games), i)}
				if err := refs[2*i].Cast(ctx, first); err != nil {
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
	var sum, right int64
	for i := range players {
		account.handled += players[i].handled
		sum += players[i].sum
	}
	for i := range int(games) {
		right += triangle(share(t.size.Messages, int(games), i))
	}
	t.balance(account)
	t.want("sum", sum, right)
	return err
}

// shot is the baseline's ball.
type shot struct {
	left int64
	_    int64 // as large as a ball
}

func pairsTheirs(ctx context.Context, t *trial, capacity int) error {
	games := min(int64(t.size.Actors/2), t.size.Messages)
	over := newCountdown(int(games))
	halls := make([]chan shot, 2*games)
	var handled atomic.Int64
	var all sync.WaitGroup
	for i := range halls {
		halls[i] = make(chan shot, capacity)
	}
	for i := range halls {
		in, out := halls[i], halls[i^1]
		all.Go(func() {
			var n int64
			for m := range in {
				n++
				if m.left == 1 {
					over.one()
					continue
				}
				out <- shot{left: m.left - 1}
			}
			handled.Add(n)
		})
	}
	err := t.measure(t.size.Messages, func() error {
		for i := range int(games) {
			halls[2*i] <- shot{left: share(t.size.Messages, int(games), i)}
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
	t.balance(ledger{sent: t.size.Messages, handled: handled.Load()})
	return nil
}
