package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

func groups() scenario {
	const rounds = 20
	of := func(name, explain string, what act, adjust func(*size)) variant {
		return variant{
			name: name, explain: explain, adjust: adjust,
			ours: func(ctx context.Context, t *trial) error { return groupsOurs(ctx, t, what) },
		}
	}
	membersOnly := func(s *size) { s.Messages, s.Producers = 0, 0 }
	return scenario{
		name:   "pg",
		work:   "100,000 actors, each a member of two groups: of a room of 10, and of a hall of 1,000. They join and leave in their own handlers, all at once.",
		op:     "a join, a leave, a message or a death",
		full:   size{Actors: 100_000, Messages: 2_000_000, Producers: 4},
		modest: size{Actors: 100_000, Messages: 2_000_000, Producers: 4},
		rounds: rounds,
		variants: []variant{
			of("join", "each joins both groups", joining, membersOnly),
			of("leave", "each leaves both", leaving, membersOnly),
			of("broadcast", "--producers actors send to all groups, round after round", hearing, nil),
			of("die", "each ends, by an error, a stop or a kill, and so leaves", dying, membersOnly),
		},
	}
}

// act is what a member does at a cue.
type act uint8

const (
	joining act = iota
	leaving
	dying
	hearing
)

// cue is a message to a member; rounds count from 1.
type cue struct {
	do    act
	hall  bool // to its hall, not to its room
	round int64
}

// clubScope keeps the groups apart from others.
const clubScope = "loadgen"

const (
	roomSize = 10
	hallSize = 1000
)

// clubs are the groups with all their members. Ten in a row share a room; the
// halls are filled in turn, so who share a room are in different halls.
type clubs struct {
	rooms, halls []pg.Group[cue]
	guests       []guest
	refs         []actor.Ref[cue]
	over         *countdown // of the act that is on
}

// guest is a member.
type guest struct {
	all        *clubs
	room, hall pg.Group[cue]
	last       [2]int64 // rounds heard, in the room and in the hall
	heard      int64
	gaps       int64
	rounds     int64
	how        int // it dies
}

// The ways to die.
const (
	byError = iota
	byStop
	byKill
	waysToDie
)

func newClubs(n int) *clubs {
	c := &clubs{
		rooms:  make([]pg.Group[cue], (n-1)/roomSize+1),
		halls:  make([]pg.Group[cue], (n-1)/hallSize+1),
		guests: make([]guest, n),
		refs:   make([]actor.Ref[cue], n),
	}
	for i := range c.rooms {
		c.rooms[i] = pg.Group[cue]{Scope: clubScope, Name: "room " + strconv.Itoa(i)}
	}
	for i := range c.halls {
		c.halls[i] = pg.Group[cue]{Scope: clubScope, Name: "hall " + strconv.Itoa(i)}
	}
	for i := range c.guests {
		c.guests[i] = guest{
			all: c, room: c.rooms[i/roomSize], hall: c.halls[i%len(c.halls)],
			how: int(scatter(uint64(i)) % waysToDie),
		}
	}
	return c
}

func (g *guest) Handle(ctx *actor.Context[cue], m cue) error {
	switch m.do {
	case joining:
		err := errors.Join(g.room.Join(ctx, ctx.Self()), g.hall.Join(ctx, ctx.Self()))
		g.all.over.one()
		return err
	case leaving:
		err := errors.Join(g.room.Leave(ctx, ctx.Self()), g.hall.Leave(ctx, ctx.Self()))
		g.all.over.one()
		return err
	case dying:
		if g.how == byError {
			return errSabotage
		}
		ctx.Stop()
	case hearing:
		g.hear(m)
	}
	return nil
}

func (g *guest) hear(m cue) {
	last := &g.last[0]
	if m.hall {
		last = &g.last[1]
	}
	g.heard++
	if m.round != *last+1 {
		g.gaps++
	}
	*last = m.round
	if g.heard == 2*g.rounds {
		g.all.over.one()
	}
}

// perform gives the cue for an act to all, and waits until they are done.
func (c *clubs) perform(ctx context.Context, do act) error {
	c.over = newCountdown(len(c.refs))
	for i, ref := range c.refs {
		if do == dying && c.guests[i].how == byKill {
			ref.Kill()
			continue
		}
		if err := ref.Cast(ctx, cue{do: do}); err != nil {
			return fmt.Errorf("member %d: %w", i, err)
		}
	}
	if do != dying {
		return await(ctx, c.over.done)
	}
	for i, ref := range c.refs {
		meant := []error{byError: errSabotage, byStop: nil, byKill: actor.ErrKilled}[c.guests[i].how]
		if err := ref.Wait(ctx); !errors.Is(err, meant) {
			return fmt.Errorf("member %d ended with %w: want %w", i, err, meant)
		}
	}
	return nil
}

// census counts memberships: right ones, and those of who is no member, or
// twice one.
func (c *clubs) census(ctx context.Context) (right, wrong int64) {
	number := make(map[actor.Ref[cue]]int, len(c.refs))
	for i, ref := range c.refs {
		number[ref] = i
	}
	look := func(groups []pg.Group[cue], of func(*guest) pg.Group[cue]) {
		seen := make([]bool, len(c.refs))
		for _, g := range groups {
			for ref := range g.Members(ctx) {
				i, known := number[ref]
				if !known || seen[i] || of(&c.guests[i]) != g {
					wrong++
					continue
				}
				seen[i] = true
				right++
			}
		}
	}
	look(c.rooms, func(g *guest) pg.Group[cue] { return g.room })
	look(c.halls, func(g *guest) pg.Group[cue] { return g.hall })
	return right, wrong
}

// left counts the groups that still have a member.
func (c *clubs) left(ctx context.Context) int64 {
	var n int64
	for range pg.Groups(ctx, clubScope) {
		n++
	}
	return n
}

// herald sends a round to its groups for each message that it gets.
type herald struct {
	rooms, halls []pg.Group[cue]
	went         int64
}

func (h *herald) Handle(ctx *actor.Context[cue], m cue) error {
	for _, hall := range h.halls {
		went, err := hall.Cast(ctx, cue{do: hearing, hall: true, round: m.round})
		if h.went += int64(went); err != nil {
			return err
		}
	}
	for _, room := range h.rooms {
		went, err := room.Cast(ctx, cue{do: hearing, round: m.round})
		if h.went += int64(went); err != nil {
			return err
		}
	}
	return nil
}

// broadcast has heralds send so many rounds to all groups.
func (c *clubs) broadcast(ctx context.Context, t *trial, rounds int64) error {
	c.over = newCountdown(len(c.guests))
	for i := range c.guests {
		c.guests[i].rounds = rounds
	}
	heralds := make([]herald, t.size.Producers)
	for i, g := range c.rooms {
		h := &heralds[i%len(heralds)]
		h.rooms = append(h.rooms, g)
	}
	for i, g := range c.halls {
		h := &heralds[i%len(heralds)]
		h.halls = append(h.halls, g)
	}
	refs := make([]actor.Ref[cue], len(heralds))
	for i := range heralds {
		var err error
		if refs[i], err = actor.Spawn(ctx, &heralds[i]); err != nil {
			return err
		}
	}
	err := t.measure(rounds*2*int64(len(c.guests)), func() error {
		for r := range rounds {
			for _, ref := range refs {
				if err := ref.Cast(ctx, cue{round: r + 1}); err != nil {
					return err
				}
			}
		}
		return await(ctx, c.over.done)
	})
	if err != nil {
		return err
	}
	for i, ref := range refs { // then their counts may be read
		ref.Drain()
		if err := unless(ref.Wait(ctx), actor.ErrDrained); err != nil {
			return fmt.Errorf("herald %d: %w", i, err)
		}
	}
	var went int64
	for i := range heralds {
		went += heralds[i].went
	}
	t.want("went", went, rounds*2*int64(len(c.guests)))
	return nil
}

func groupsOurs(ctx context.Context, t *trial, what act) error {
	n := int64(t.size.Actors)
	c := newClubs(t.size.Actors)
	var account ledger
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range c.guests {
			var err error
			if c.refs[i], err = actor.Spawn(ctx, &c.guests[i]); err != nil {
				return err
			}
		}
		join := func() error { return c.perform(ctx, joining) }
		if what == joining {
			if err := t.measure(2*n, join); err != nil {
				return err
			}
		} else if err := join(); err != nil {
			return err
		}
		joined, wrong := c.census(ctx)
		t.want("joined", joined, 2*n)
		t.want("members_wrong", wrong, 0)

		switch what {
		case joining:
			account = ledger{sent: 2 * n, handled: joined}
			return nil
		case hearing:
			rounds := (t.size.Messages-1)/(2*n) + 1
			account.sent = rounds * 2 * n
			return c.broadcast(ctx, t, rounds)
		}
		ops := n
		if what == leaving {
			ops = 2 * n
		}
		if err := t.measure(ops, func() error { return c.perform(ctx, what) }); err != nil {
			return err
		}
		still, wrong := c.census(ctx)
		// The account is of memberships, those that were to end and have.
		account = ledger{sent: 2 * n, handled: 2*n - still - wrong}
		t.want("groups_at_end", c.left(ctx), 0)
		return nil
	})
	if errIsRunning(err) {
		return err
	}
	if what == hearing {
		var gaps int64
		for i := range c.guests {
			account.handled += c.guests[i].heard
			gaps += c.guests[i].gaps
		}
		t.want("gaps", gaps, 0)
	}
	t.balance(account)
	return err
}
