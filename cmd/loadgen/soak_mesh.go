package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// soakMesh has tokens go round among actors, of which some are killed, panic or
// stop all the time, and are replaced. A token goes on until its hops are used
// up, or it is refused, or lost with the mailbox that it was in.
type soakMesh struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	places  [meshPlaces]atomic.Pointer[actor.Ref[*meshToken]]
	tokens  int64
	arrived atomic.Int64 // tokens that have used up their hops
	lost    atomic.Int64 // in a mailbox
	broken  atomic.Int64 // in a handler that failed
	refused atomic.Int64 // by the next actor
}

const (
	meshPart   = "mesh"
	meshPlaces = 200
	meshTokens = 100
	meshHops   = 200
)

// meshToken is a message that is on its way, one at a time.
type meshToken struct {
	m      *soakMesh
	way    uint64 // where it goes next
	hops   int
	poison bool
	over   *countdown
}

func (t *meshToken) part() string { return meshPart }

func (t *meshToken) lost() {
	t.m.lost.Add(1)
	t.over.one()
}

var errMeshPoison = errors.New("poisoned")

type meshActor struct{ m *soakMesh }

func (a *meshActor) Handle(ctx *actor.Context[*meshToken], t *meshToken) error {
	m := a.m
	m.tally.entered.Add(1)
	switch {
	case t.poison:
		m.tally.failed.Add(1)
		m.broken.Add(1)
		t.over.one()
		if t.way%2 == 0 {
			panic(errMeshPoison)
		}
		return errMeshPoison
	case t.hops == 0:
		m.arrived.Add(1)
		t.over.one()
		return nil
	}
	t.hops--
	m.send(ctx, t)
	return nil
}

// send sends t on to the actor that has the next place now.
func (m *soakMesh) send(ctx context.Context, t *meshToken) {
	t.way = scatter(t.way)
	to := m.places[t.way%meshPlaces].Load()
	if soakCast(ctx, m.h, meshPart, &m.tally, *to, t) != nil {
		m.refused.Add(1)
		t.over.one()
	}
}

func (m *soakMesh) name() string { return meshPart }

func (m *soakMesh) start(ctx context.Context, h *soakHouse) error {
	m.h, m.r = h, h.random(meshPart)
	for i := range m.places {
		if err := m.fill(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// fill puts a new actor into a place.
func (m *soakMesh) fill(ctx context.Context, place int) error {
	var opts []actor.Option
	if place < 4 { // every rule, of which none can make a handler wait
		opts = append(opts, actor.Bounded(between(m.r, 2, 8), actor.Overflow(place)))
	}
	ref, err := actor.Spawn(ctx, &meshActor{m}, opts...)
	if err != nil {
		return err
	}
	m.places[place].Store(&ref)
	return nil
}

func (m *soakMesh) round(ctx context.Context) error {
	victims := between(m.r, 1, 20)
	over := newCountdown(meshTokens)
	for i := range meshTokens {
		m.tokens++
		poison := i < victims/2
		hops := meshHops
		if poison {
			hops = 0
		}
		m.send(ctx, &meshToken{m: m, way: m.r.Uint64(), hops: hops, poison: poison, over: over})
	}
	var dying []actor.AnyRef
	for range victims {
		place := m.r.IntN(meshPlaces)
		victim := *m.places[place].Load()
		switch m.r.IntN(4) {
		case 0:
			victim.Drain()
		case 1:
			victim.Stop()
		default:
			victim.Kill()
		}
		dying = append(dying, victim.Any())
		if err := m.fill(ctx, place); err != nil {
			return err
		}
		soakPause(ctx, time.Duration(m.r.IntN(2000))*time.Microsecond)
	}
	if err := await(ctx, over.done); err != nil {
		return err
	}
	for _, who := range dying {
		if err := soakEnded(ctx, who); err != nil {
			return err
		}
	}
	for i := range m.places { // who was poisoned is replaced
		if ref := m.places[i].Load(); ref.Status() >= actor.Draining {
			if err := soakEnded(ctx, ref.Any()); err != nil {
				return err
			}
			if err := m.fill(ctx, i); err != nil {
				return err
			}
		}
	}
	return m.h.audit.flush(ctx)
}

func (m *soakMesh) stop(ctx context.Context) error {
	for i := range m.places {
		ref := m.places[i].Load()
		if ref == nil {
			continue
		}
		ref.Drain()
		if err := soakEnded(ctx, ref.Any()); err != nil {
			return err
		}
	}
	return nil
}

func (m *soakMesh) account(t *trial) {
	t.balance(m.tally.ledger())
	t.count("tokens_arrived", m.arrived.Load())
	t.want("tokens", m.arrived.Load()+m.lost.Load()+m.broken.Load()+m.refused.Load(), m.tokens)
}
