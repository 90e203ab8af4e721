package main

import (
	"context"
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
		rounds: 20,
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

// readership is n readers. The messages are dealt out round by round, so that
// the last round may not reach all.
func (t *trial) readership() (readers []reader, over *countdown) {
	n := t.size.Actors
	over = newCountdown(int(min(int64(n), t.size.Messages)))
	readers = make([]reader, n)
	for i := range readers {
		readers[i] = reader{rounds: share(t.size.Messages, n, i), over: over}
	}
	return readers, over
}

// reached is how many readers a round reaches.
func (t *trial) reached(round int64) int {
	return int(min(int64(t.size.Actors), t.size.Messages-(round-1)*int64(t.size.Actors)))
}

// speaker sends one round for each message that it gets.
type speaker struct {
	t  *trial
	to []actor.Ref[news]
}

func (s *speaker) Handle(ctx *actor.Context[news], m news) error {
	for _, to := range s.to[:s.t.reached(m.round)] {
		if err := to.Cast(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func broadcastOurs(ctx context.Context, t *trial) error {
	rounds := (t.size.Messages-1)/int64(t.size.Actors) + 1
	readers, over := t.readership()
	refs := make([]actor.Ref[news], len(readers))
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range readers {
			var err error
			if refs[i], err = actor.Spawn(ctx, &readers[i]); err != nil {
				return err
			}
		}
		one, err := actor.Spawn(ctx, &speaker{t: t, to: refs})
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
	rounds := (t.size.Messages-1)/int64(t.size.Actors) + 1
	readers, over := t.readership()
	halls := make([]chan news, len(readers))
	var all sync.WaitGroup
	for i := range halls {
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
				for _, to := range halls[:t.reached(r+1)] {
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
