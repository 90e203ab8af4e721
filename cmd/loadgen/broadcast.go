package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/ractor-go/ractor/actor"
)

func broadcast() scenario {
	return scenario{
		name:   "broadcast",
		work:   "One actor sends to 100,000 others, round after round (20 of them), without waiting for them.",
		op:     "a message",
		full:   size{Actors: 100_000, Messages: 2_000_000},
		modest: size{Actors: 100_000, Messages: 2_000_000},
		check: func(s size) error {
			if s.Messages < int64(s.Actors) || s.Messages%int64(s.Actors) != 0 {
				return fmt.Errorf("--messages is %d: want a multiple of --actors, which is %d", s.Messages, s.Actors)
			}
			return nil
		},
		variants: []variant{{
			capacity: 32,
			ours:     broadcastOurs,
			theirs:   func(ctx context.Context, t *trial) error { return broadcastTheirs(ctx, t, 32) },
		}},
	}
}

// news is one message of a round; rounds count from 1.
type news struct{ round int64 }

// reader checks that no round is missing.
type reader struct {
	handled, gaps int64
	rounds        int64
	over          *countdown
}

func (r *reader) take(m news) {
	r.handled++
	if m.round != r.handled {
		r.gaps++
	}
	if m.round == r.rounds {
		r.over.one()
	}
}

func (r *reader) Handle(_ *actor.Context[news], m news) error {
	r.take(m)
	return nil
}

// speaker sends one round for each message that it gets.
type speaker struct{ to []actor.Ref[news] }

func (s *speaker) Handle(ctx *actor.Context[news], m news) error {
	for _, to := range s.to {
		if err := to.Cast(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func broadcastOurs(ctx context.Context, t *trial) error {
	n := t.size.Actors
	rounds := t.size.Messages / int64(n)
	over := newCountdown(n)
	readers := make([]reader, n)
	refs := make([]actor.Ref[news], n)
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range readers {
			readers[i].rounds, readers[i].over = rounds, over
			var err error
			if refs[i], err = actor.Spawn(ctx, &readers[i]); err != nil {
				return err
			}
		}
		one, err := actor.Spawn(ctx, &speaker{to: refs})
		if err != nil {
			return err
		}
		return t.measure(t.size.Messages, func() error {
			for r := range rounds {
				if err := one.Cast(ctx, news{round: r + 1}); err != nil {
					return err
				}
			}
			return await(ctx, over.done)
		})
	})
	if errIsRunning(err) {
		return err
	}
	t.broadcastChecks(readers)
	return err
}

func (t *trial) broadcastChecks(readers []reader) {
	account := ledger{sent: t.size.Messages}
	var gaps int64
	for i := range readers {
		account.handled += readers[i].handled
		gaps += readers[i].gaps
	}
	t.balance(account)
	t.want("gaps", gaps, 0)
}

func broadcastTheirs(ctx context.Context, t *trial, capacity int) error {
	n := t.size.Actors
	rounds := t.size.Messages / int64(n)
	over := newCountdown(n)
	readers := make([]reader, n)
	halls := make([]chan news, n)
	var all sync.WaitGroup
	for i := range halls {
		readers[i].rounds, readers[i].over = rounds, over
		halls[i] = make(chan news, capacity)
		all.Go(func() {
			for m := range halls[i] {
				readers[i].take(m)
			}
		})
	}
	err := t.measure(t.size.Messages, func() error {
		go func() {
			for r := range rounds {
				for _, to := range halls {
					to <- news{round: r + 1}
				}
			}
		}()
		return await(ctx, over.done)
	})
	if err != nil {
		return err
	}
	for _, hall := range halls {
		close(hall)
	}
	all.Wait()
	t.broadcastChecks(readers)
	return nil
}
