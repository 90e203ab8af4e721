package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

func spawn() scenario {
	return scenario{
		name:   "spawn",
		work:   "Actors are spawned from outside and kept idle: what one costs in time and memory, and how long a full collection takes with all alive. Then each gets a message and all are stopped, which is not in the time. Each run is in a fresh process.",
		op:     "a spawn",
		full:   size{Actors: 1_000_000},
		modest: size{Actors: 1_000_000},
		variants: []variant{{
			fresh:    true,
			capacity: 16,
			ours:     spawnOurs,
			theirs:   func(ctx context.Context, t *trial) error { return spawnTheirs(ctx, t, 16) },
		}},
	}
}

// knock asks an idle actor to show that it is there.
type knock struct{ all *knocks }

// knocks counts who was there.
type knocks struct {
	answered atomic.Int64
	over     *countdown
}

// idler is an actor with 8 bytes of state.
type idler struct{ knocked int64 }

func (i *idler) Handle(_ *actor.Context[knock], m knock) error {
	i.knocked++
	m.all.answered.Add(i.knocked)
	m.all.over.one()
	return nil
}

func spawnOurs(ctx context.Context, t *trial) error {
	n := t.size.Actors
	refs := make([]actor.Ref[knock], n)
	clear(refs) // its pages are there before they could be counted
	all := &knocks{over: newCountdown(n)}
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		before := memoryNow()
		err := t.measure(int64(n), func() error {
			for i := range refs {
				var err error
				if refs[i], err = actor.Spawn(ctx, &idler{}); err != nil {
					return fmt.Errorf("spawn %d: %w", i, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		t.weigh(before, n)
		for _, ref := range refs {
			if err := ref.Cast(ctx, knock{all}); err != nil {
				return err
			}
		}
		return await(ctx, all.over.done)
	})
	if errIsRunning(err) {
		return err
	}
	t.balance(ledger{sent: int64(n), handled: all.answered.Load()})
	ids := make([]actor.ID, n)
	alive := int64(0)
	for i, ref := range refs {
		ids[i] = ref.ID()
		if ref.Cast(ctx, knock{all}) == nil {
			alive++
		}
	}
	slices.Sort(ids)
	t.want("distinct_ids", int64(len(slices.Compact(ids))), int64(n))
	t.want("alive_after_stop", alive, 0)
	return err
}

// weigh takes the memory that n actors hold, and the time of a collection.
func (t *trial) weigh(before memory, n int) {
	after := memoryNow()
	t.found.Heap = some((after.heap-before.heap)/float64(n), true)
	t.found.Resident = some((after.resident-before.resident)/float64(n), before.known && after.known)
	t.found.GC = some(fullCollection(), true)
}

func spawnTheirs(ctx context.Context, t *trial, capacity int) error {
	n := t.size.Actors
	halls := make([]chan knock, n)
	clear(halls)
	all := &knocks{over: newCountdown(n)}
	before := memoryNow()
	err := t.measure(int64(n), func() error {
		for i := range halls {
			in := make(chan knock, capacity)
			halls[i] = in
			go func() {
				var state idler
				for m := range in {
					state.knocked++
					m.all.answered.Add(state.knocked)
					m.all.over.one()
				}
			}()
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.weigh(before, n)
	for _, in := range halls {
		in <- knock{all}
	}
	if err := await(ctx, all.over.done); err != nil {
		return err
	}
	for _, in := range halls {
		close(in)
	}
	t.balance(ledger{sent: int64(n), handled: all.answered.Load()})
	return nil
}
