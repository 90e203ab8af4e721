package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// soakCrowd spawns actors by the thousand, some with names and bounded
// mailboxes, sends them a little, ends each in one of all the ways there are,
// and looks whether it has ended in that way.
type soakCrowd struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	spawned int64
	refused int64        // starts that failed, as they were to
	polite  int64        // ends after which PostStop should have run
	stops   atomic.Int64 // PostStops that have run
}

const crowdPart = "crowd"

// crowdEnd is a way to end.
type crowdEnd int

const (
	crowdStops crowdEnd = iota
	crowdStopsLater
	crowdStopsWith
	crowdDrains
	crowdKilled
	crowdKilledLater
	crowdStopsItself // from here on by a message
	crowdFails
	crowdPanics
	crowdExits
	crowdEnds
)

// crowdOrder has an actor do something; -1 is nothing.
type crowdOrder struct{ end crowdEnd }

func (crowdOrder) part() string { return crowdPart }
func (crowdOrder) lost()        {}

var (
	errCrowdFails = errors.New("told to fail")
	errCrowdStart = errors.New("told not to start")
	errCrowdStops = errors.New("told to stop so")
)

type crowdActor struct {
	c    *soakCrowd
	dead bool // it is not to start
}

func (a *crowdActor) PreStart(*actor.Context[crowdOrder]) error {
	if a.dead {
		return errCrowdStart
	}
	return nil
}

func (a *crowdActor) Handle(ctx *actor.Context[crowdOrder], m crowdOrder) error {
	y := &a.c.tally
	y.entered.Add(1)
	switch m.end {
	case crowdStopsItself:
		ctx.Stop()
	case crowdFails:
		y.failed.Add(1)
		return errCrowdFails
	case crowdPanics:
		y.failed.Add(1)
		panic("told to panic")
	case crowdExits:
		y.failed.Add(1)
		runtime.Goexit()
	}
	return nil
}

func (a *crowdActor) PostStop(*actor.Context[crowdOrder]) error {
	a.c.stops.Add(1)
	return nil
}

func (c *soakCrowd) name() string { return crowdPart }

func (c *soakCrowd) start(_ context.Context, h *soakHouse) error {
	c.h, c.r = h, h.random(crowdPart)
	return nil
}

// crowdMember is one of a round.
type crowdMember struct {
	ref  actor.Ref[crowdOrder]
	end  crowdEnd
	name string
}

func (c *soakCrowd) round(ctx context.Context) error {
	members := make([]crowdMember, 0, 2000)
	for i := range between(c.r, 20, 2000) {
		m, err := c.spawn(ctx, i)
		if err != nil {
			return err
		}
		if m.ref.IsZero() {
			continue
		}
		members = append(members, m)
		for range c.r.IntN(4) {
			_ = soakCast(ctx, c.h, crowdPart, &c.tally, m.ref, crowdOrder{-1})
		}
	}
	for _, m := range members {
		c.end(ctx, m)
	}
	for _, m := range members {
		if err := soakEnded(ctx, m.ref.Any()); err != nil {
			return err
		}
		c.check(ctx, m)
	}
	return c.h.audit.flush(ctx)
}

// spawn starts the i-th actor of a round. The zero Ref: it was not to start.
func (c *soakCrowd) spawn(ctx context.Context, i int) (crowdMember, error) {
	m := crowdMember{end: crowdEnd(c.r.IntN(int(crowdEnds)))}
	var opts []actor.Option
	if c.r.IntN(4) == 0 {
		m.name = fmt.Sprintf("crowd %d", i) // the names of a round are those of the one before
		opts = append(opts, actor.Named(m.name))
	}
	if c.r.IntN(4) == 0 {
		opts = append(opts, actor.Bounded(between(c.r, 1, 3), actor.Overflow(c.r.IntN(4))))
		m.end = crowdEnd(c.r.IntN(int(crowdStopsItself))) // a message might not get through
	}
	who := &crowdActor{c: c, dead: c.r.IntN(50) == 0}
	ref, err := actor.Spawn(ctx, who, opts...)
	switch {
	case who.dead && errors.Is(err, errCrowdStart):
		c.refused++
	case who.dead:
		c.h.wrongf(crowdPart, "an actor that could not start: %v", err)
	case err != nil:
		return m, fmt.Errorf("spawn: %w", err)
	default:
		c.spawned++
		m.ref = ref
	}
	return m, nil
}

// end ends a member. The orders to end find an unbounded mailbox.
func (c *soakCrowd) end(ctx context.Context, m crowdMember) {
	soon := time.Duration(c.r.IntN(5)) * time.Millisecond
	switch m.end {
	case crowdStops:
		m.ref.Stop()
	case crowdStopsLater:
		m.ref.StopAfter(soon)
	case crowdStopsWith:
		m.ref.StopWith(errCrowdStops)
	case crowdDrains:
		m.ref.Drain()
	case crowdKilled:
		m.ref.Kill()
	case crowdKilledLater:
		m.ref.KillAfter(soon)
	default:
		_ = soakCast(ctx, c.h, crowdPart, &c.tally, m.ref, crowdOrder{m.end})
	}
}

// check says whether a member has ended as it was told.
func (c *soakCrowd) check(ctx context.Context, m crowdMember) {
	err := m.ref.Wait(ctx) // at once
	var crash *actor.PanicError
	right := false
	switch m.end {
	case crowdStops, crowdStopsLater, crowdDrains, crowdStopsItself:
		right = err == nil
		c.polite++
	case crowdStopsWith:
		right = errors.Is(err, errCrowdStops)
		c.polite++
	case crowdKilled, crowdKilledLater:
		right = soakKilled(err)
	case crowdFails:
		right = errors.Is(err, errCrowdFails)
	case crowdPanics:
		right = errors.As(err, &crash) && crash.Value == "told to panic"
	case crowdExits:
		right = errors.Is(err, sched.ErrGoexit)
	}
	if !right {
		c.h.wrongf(crowdPart, "end %d of %v: %v", m.end, m.ref, err)
	}
	if m.name == "" {
		return
	}
	if _, err := actor.Whereis[crowdOrder](ctx, m.name); !errors.Is(err, actor.ErrNotFound) {
		c.h.wrongf(crowdPart, "name %q after the end: %v", m.name, err)
	}
}

func (c *soakCrowd) stop(context.Context) error { return nil }

func (c *soakCrowd) account(t *trial) {
	t.count("actors", c.spawned)
	t.count("starts_refused", c.refused)
	t.balance(c.tally.ledger())
	t.want("post_stops", c.stops.Load(), c.polite)
}
