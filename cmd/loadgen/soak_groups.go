package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// soakGroups has actors join groups, leave them and die in them while others
// broadcast. A monitor of the scope must see joins and leaves alternate, and
// know of nobody in the end.
type soakGroups struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	watcher actor.Ref[groupWatch]
	events  atomic.Int64
	joins   int64
}

const (
	groupsPart  = "groups"
	groupsScope = "soak"
)

// groupNews is what is broadcast.
type groupNews struct{}

func (groupNews) part() string { return groupsPart }
func (groupNews) lost()        {}

type groupMember struct{ g *soakGroups }

func (m *groupMember) Handle(*actor.Context[groupNews], groupNews) error {
	m.g.tally.entered.Add(1)
	return nil
}

// groupWatch is an Event, or the question how many members there are.
type groupWatch struct {
	event pg.Event
	count rpc.Reply[int]
}

// groupSeat is one member in one group.
type groupSeat struct {
	group  string
	member actor.AnyRef
}

type groupWatcher struct {
	g       *soakGroups
	present map[groupSeat]bool
}

func (w *groupWatcher) Handle(_ *actor.Context[groupWatch], m groupWatch) error {
	if m.event.Group == "" {
		m.count.Send(len(w.present))
		return nil
	}
	w.g.events.Add(1)
	for _, who := range m.event.Joined {
		seat := groupSeat{m.event.Group, who}
		if w.present[seat] {
			w.g.h.wrongf(groupsPart, "%v has joined %s twice", who, m.event.Group)
		}
		w.present[seat] = true
	}
	for _, who := range m.event.Left {
		seat := groupSeat{m.event.Group, who}
		if !w.present[seat] {
			w.g.h.wrongf(groupsPart, "%v has left %s, in which it was not", who, m.event.Group)
		}
		delete(w.present, seat)
	}
	return nil
}

func (g *soakGroups) name() string { return groupsPart }

func (g *soakGroups) start(ctx context.Context, h *soakHouse) (err error) {
	g.h, g.r = h, h.random(groupsPart)
	if g.watcher, err = actor.Spawn(ctx, &groupWatcher{g, map[groupSeat]bool{}}); err != nil {
		return err
	}
	return pg.MonitorScope(ctx, groupsScope, actor.Adapt(g.watcher, func(e pg.Event) groupWatch { return groupWatch{event: e} }))
}

func (g *soakGroups) round(ctx context.Context) error {
	groups := make([]pg.Group[groupNews], between(g.r, 1, 4))
	for i := range groups {
		groups[i] = pg.Group[groupNews]{Scope: groupsScope, Name: fmt.Sprintf("group %d", g.r.IntN(10_000))}
	}
	members := make([]actor.Ref[groupNews], between(g.r, 10, 80))
	for i := range members {
		var err error
		if members[i], err = actor.Spawn(ctx, &groupMember{g}); err != nil {
			return err
		}
	}
	for range 4 * len(members) {
		if err := g.act(ctx, groups[g.r.IntN(len(groups))], members[g.r.IntN(len(members))]); err != nil {
			return err
		}
	}
	for _, member := range members {
		member.Drain()
	}
	for _, member := range members {
		if err := soakEnded(ctx, member.Any()); err != nil {
			return err
		}
	}
	for _, group := range groups {
		for who := range group.Members(ctx) {
			g.h.wrongf(groupsPart, "%v has ended and is in %v", who, group)
		}
	}
	if err := g.empty(ctx); err != nil {
		return err
	}
	return g.h.audit.flush(ctx)
}

// act does one thing with a group and a member.
func (g *soakGroups) act(ctx context.Context, group pg.Group[groupNews], member actor.Ref[groupNews]) error {
	switch g.r.IntN(10) {
	case 0, 1, 2:
		g.joins++
		return group.Join(ctx, member)
	case 3:
		return group.Leave(ctx, member)
	case 4:
		switch g.r.IntN(3) {
		case 0:
			member.Kill()
		case 1:
			member.Stop()
		default:
			member.Drain()
		}
	case 5:
		one, err := group.Pick(ctx)
		if err == nil {
			_ = soakCast(ctx, g.h, groupsPart, &g.tally, one, groupNews{})
		} else if !errors.Is(err, pg.ErrNoMember) {
			return err
		}
	default:
		went, err := group.Cast(ctx, groupNews{})
		g.tally.sent.Add(int64(went))
		return err
	}
	return nil
}

// empty waits until the monitor knows of nobody. An event may come a little
// after the change, if another goroutine is just delivering.
func (g *soakGroups) empty(ctx context.Context) error {
	for {
		n, err := rpc.Call(ctx, g.watcher, func(r rpc.Reply[int]) groupWatch { return groupWatch{count: r} })
		switch {
		case err != nil:
			return fmt.Errorf("the monitor does not see the groups become empty: %w", err)
		case n == 0:
			return nil
		}
		soakPause(ctx, time.Millisecond)
	}
}

func (g *soakGroups) stop(ctx context.Context) error { return g.watcher.DrainAndWait(ctx) }

func (g *soakGroups) account(t *trial) {
	t.balance(g.tally.ledger())
	t.count("joins", g.joins)
	t.count("events", g.events.Load())
}
