package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

// soakKin grows trees of linked actors, watched from outside, and ends them at
// the root or anywhere: all below must end too, and each watcher is told of
// each end exactly once.
type soakKin struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	members int64
	downs   atomic.Int64
}

const kinPart = "kin"

// kinOrder has an actor grow children, watch somebody, or hear of an end.
type kinOrder struct {
	grow  *kinGrowth
	watch actor.AnyRef
	ended actor.AnyRef
	over  *countdown
}

func (kinOrder) part() string { return kinPart }
func (o kinOrder) lost() {
	if o.over != nil {
		o.over.one()
	}
}

// kinGrowth is a tree that grows: each actor has so many children below it, and
// over is told of each.
type kinGrowth struct {
	width, depth int
	born         chan actor.Ref[kinOrder]
}

type kinActor struct{ k *soakKin }

func (a *kinActor) Handle(ctx *actor.Context[kinOrder], o kinOrder) error {
	a.k.tally.entered.Add(1)
	if g := o.grow; g != nil {
		g.born <- ctx.Self() // there is room for all
		if g.depth == 0 {
			return nil
		}
		for range g.width {
			child, err := actor.SpawnLinked(ctx, &kinActor{a.k})
			if err != nil {
				return err
			}
			below := kinOrder{grow: &kinGrowth{g.width, g.depth - 1, g.born}}
			if err := soakCast(ctx, a.k.h, kinPart, &a.k.tally, child, below); err != nil {
				return err
			}
		}
	}
	return nil
}

// HandleSupervision lets a parent outlive its children.
func (a *kinActor) HandleSupervision(*actor.Context[kinOrder], actor.Event) error { return nil }

// kinWatcher hears of the ends of a tree's members.
type kinWatcher struct {
	k    *soakKin
	seen map[actor.AnyRef]bool
}

func (w *kinWatcher) Handle(ctx *actor.Context[kinOrder], o kinOrder) error {
	k := w.k
	k.tally.entered.Add(1)
	switch {
	case !o.watch.IsZero():
		over := o.over
		ctx.MonitorMsg(o.watch, func(d actor.Down) kinOrder {
			k.tally.sent.Add(1) // here it becomes a message
			return kinOrder{ended: d.Actor, over: over}
		})
	case !o.ended.IsZero():
		if w.seen[o.ended] {
			k.h.wrongf(kinPart, "the end of %v was told twice", o.ended)
		}
		w.seen[o.ended] = true
		k.downs.Add(1)
		o.over.one()
	}
	return nil
}

func (k *soakKin) name() string { return kinPart }

func (k *soakKin) start(_ context.Context, h *soakHouse) error {
	k.h, k.r = h, h.random(kinPart)
	return nil
}

func (k *soakKin) round(ctx context.Context) error {
	width, depth := between(k.r, 1, 6), between(k.r, 1, 3)
	size, row := 1, 1
	for range depth {
		row *= width
		size += row
	}
	watcher, err := actor.Spawn(ctx, &kinWatcher{k, map[actor.AnyRef]bool{}})
	if err != nil {
		return err
	}
	root, err := actor.Spawn(ctx, &kinActor{k})
	if err != nil {
		return err
	}
	born := make(chan actor.Ref[kinOrder], size)
	if err := soakCast(ctx, k.h, kinPart, &k.tally, root, kinOrder{grow: &kinGrowth{width, depth, born}}); err != nil {
		return err
	}
	over := newCountdown(size)
	members := make([]actor.Ref[kinOrder], size)
	for i := range members {
		select {
		case members[i] = <-born:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d kin are born: %w", i, size, context.Cause(ctx))
		}
		if err := soakCast(ctx, k.h, kinPart, &k.tally, watcher, kinOrder{watch: members[i].Any(), over: over}); err != nil {
			return err
		}
	}
	k.members += int64(size)
	if a, b := k.r.IntN(size), k.r.IntN(size); a != b { // who are told of each other's end
		if err := actor.Bind(members[a].Any(), members[b].Any()); err != nil {
			return err
		}
	}
	for range k.r.IntN(3) {
		members[k.r.IntN(size)].Kill()
	}
	switch k.r.IntN(3) {
	case 0:
		root.Kill()
	case 1:
		root.Stop()
	default:
		if err := root.StopTree(ctx); err != nil && !soakKilled(err) {
			return fmt.Errorf("stop of a tree: %w", err)
		}
	}
	for _, member := range members {
		if err := soakEnded(ctx, member.Any()); err != nil {
			return err
		}
	}
	if err := await(ctx, over.done); err != nil {
		return fmt.Errorf("the ends of %d kin are not all told: %w", size, err)
	}
	if err := watcher.StopAndWait(ctx); err != nil {
		return err
	}
	return k.h.audit.flush(ctx)
}

func (k *soakKin) stop(context.Context) error { return nil }

func (k *soakKin) account(t *trial) {
	t.balance(k.tally.ledger())
	t.want("downs", k.downs.Load(), k.members)
}
