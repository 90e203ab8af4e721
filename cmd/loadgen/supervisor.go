package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

func trees() scenario {
	return scenario{
		name:   "supervisor",
		work:   "A tree of supervisors, 1 above 10 above 100, and 100,000 children below these. Saboteurs, which are actors (--producers of them), each end one child after another, chosen at random: by an error, a panic, a stop or a kill; and go on when its successor has handled its first message. The latency is from the death to there.",
		op:     "a restart",
		full:   size{Actors: 100_000, Messages: 500_000, Producers: 16},
		modest: size{Actors: 100_000, Messages: 200_000, Producers: 16},
		variants: []variant{{
			ours:   treesOurs,
			actors: func(s size) int { return s.Actors + 1 + below + below*below },
		}},
	}
}

// below is how many supervisors one has below it.
const below = 10

// fate is what a child is told to do, or what is done to it.
type fate uint8

const (
	failing fate = iota
	panicking
	stopping
	killing  // which it is not asked
	greeting // the first message of each
)

// deadly is how many fates end a child: those before greeting.
const deadly = uint64(greeting)

var errSabotage = errors.New("sabotage")

// berth is the place that one child after another has. Who has it writes it, and
// the saboteur before it strikes: never both at a time.
type berth struct {
	ref      actor.Ref[fate] // of who has it
	grove    *grove
	saboteur actor.Ref[relief]
	died     int64 // when the one before has
	greeted  int64 // when the first message of this one was handled
	births   int64
	deaths   int64 // that were caused
	stops    int64 // PostStops
}

// grove is the tree with all that belongs to it.
type grove struct {
	clock  clock
	berths []berth
	grown  *countdown // the first children have handled a message
	root   supervisor.Supervisor
	crews  []supervisor.Dynamic[*berth, fate]
}

// child has a berth.
type child struct{ at *berth }

func (c *child) PreStart(ctx *actor.Context[fate]) error {
	c.at.births++
	c.at.ref = ctx.Self()
	return c.at.ref.Cast(ctx, greeting)
}

func (c *child) Handle(ctx *actor.Context[fate], m fate) error {
	at := c.at
	if m == greeting {
		if at.births == 1 {
			at.grove.grown.one()
			return nil
		}
		at.greeted = at.grove.clock.now()
		return at.saboteur.Cast(ctx, relief{})
	}
	at.died = at.grove.clock.now()
	switch m {
	case stopping:
		ctx.Stop()
		return nil
	case panicking:
		panic(errSabotage)
	default:
		return errSabotage
	}
}

func (c *child) PostStop(*actor.Context[fate]) error {
	c.at.stops++
	return nil
}

// plant starts the supervisors, and then the children.
func (g *grove) plant(ctx context.Context, restarts int64) error {
	tolerance := supervisor.Intensity{Max: int(restarts), Per: time.Second}
	ten := func(start supervisor.StartFunc) supervisor.Spec {
		s := supervisor.Spec{Intensity: tolerance}
		for i := range below {
			s.Children = append(s.Children, supervisor.Child{ID: strconv.Itoa(i), Start: start})
		}
		return s
	}
	crew := supervisor.NestedDynamic(supervisor.DynamicSpec{Intensity: tolerance, Shutdown: supervisor.Infinity},
		func(at *berth) *child { return &child{at} })
	var err error
	if g.root, err = supervisor.Spawn(ctx, ten(supervisor.Nested(ten(crew)))); err != nil {
		return err
	}
	for i := range below * below {
		region, err := g.root.Child(ctx, strconv.Itoa(i/below))
		if err != nil {
			return err
		}
		above, _ := supervisor.As(region)
		found, err := above.Child(ctx, strconv.Itoa(i%below))
		if err != nil {
			return err
		}
		crew, err := supervisor.AsDynamic[*berth, fate](ctx, found)
		if err != nil {
			return err
		}
		g.crews = append(g.crews, crew)
	}
	for i := range g.berths {
		if _, err := g.crews[i%len(g.crews)].StartChild(ctx, &g.berths[i]); err != nil {
			return fmt.Errorf("child %d: %w", i, err)
		}
	}
	return await(ctx, g.grown.done)
}

// survey asks the supervisors what they have, while all is quiet.
func (g *grove) survey(ctx context.Context, t *trial, restarts int64) error {
	supervisors, err := g.root.WhichChildren(ctx)
	if err != nil {
		return err
	}
	var restarted int64
	for region := range supervisors {
		restarted += int64(region.Restarts)
		above, _ := supervisor.As(region.Actor)
		crews, err := above.WhichChildren(ctx)
		if err != nil {
			return err
		}
		for crew := range crews {
			restarted += int64(crew.Restarts)
		}
	}
	t.want("supervisors_restarted", restarted, 0)

	missing := make(map[actor.ID]bool, len(g.berths))
	for i := range g.berths {
		missing[g.berths[i].ref.ID()] = true
	}
	var active, strangers int64
	restarted = 0
	for _, crew := range g.crews {
		counts, err := crew.CountChildren(ctx)
		if err != nil {
			return err
		}
		active += int64(counts.Active)
		children, err := crew.WhichChildren(ctx)
		if err != nil {
			return err
		}
		for c := range children {
			restarted += int64(c.Restarts)
			if !missing[c.Actor.ID()] {
				strangers++
			}
			delete(missing, c.Actor.ID())
		}
	}
	t.want("children", active, int64(len(g.berths)))
	t.want("children_missing", int64(len(missing)), 0)
	t.want("strangers", strangers, 0)
	t.want("restarts_counted", restarted, restarts)
	return nil
}

// relief tells a saboteur that the child is there again.
type relief struct{}

// saboteur ends children of its own, one at a time.
type saboteur struct {
	grove    *grove
	berths   []*berth
	number   int64 // of its next death, among those of all
	step     int64
	left     int64
	victim   *berth
	restarts int64
	stopped  int64 // of the deaths, those by a stop
	took     samples
	over     *countdown
}

func (s *saboteur) Handle(ctx *actor.Context[relief], _ relief) error {
	if s.victim != nil {
		s.restarts++
		s.took[s.number] = s.victim.greeted - s.victim.died
		s.number += s.step
	}
	if s.left == 0 {
		s.over.one()
		return nil
	}
	s.left--
	chance := scatter(uint64(s.number))
	s.victim = s.berths[chance%uint64(len(s.berths))]
	return s.strike(ctx, s.victim, fate(chance>>32%deadly))
}

// strike ends the child that has a berth.
func (s *saboteur) strike(ctx *actor.Context[relief], at *berth, how fate) error {
	at.deaths++
	at.saboteur = ctx.Self()
	switch how {
	case killing:
		at.died = s.grove.clock.now()
		at.ref.Kill()
		return nil
	case stopping:
		s.stopped++
	}
	return at.ref.Cast(ctx, how)
}

func treesOurs(ctx context.Context, t *trial) error {
	n, restarts := t.size.Actors, t.size.Messages
	g := &grove{clock: startClock(), berths: make([]berth, n), grown: newCountdown(n)}
	took := newSamples(int(restarts))
	gang := make([]saboteur, min(int64(t.size.Producers), int64(n), restarts))
	over := newCountdown(len(gang))
	for i := range gang {
		gang[i] = saboteur{
			grove: g, took: took, over: over,
			number: int64(i), step: int64(len(gang)), left: share(restarts, len(gang), i),
		}
	}
	for i := range g.berths {
		g.berths[i].grove = g
		of := &gang[i%len(gang)]
		of.berths = append(of.berths, &g.berths[i])
	}
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		if err := g.plant(ctx, restarts); err != nil {
			return err
		}
		refs := make([]actor.Ref[relief], len(gang))
		for i := range gang {
			var err error
			if refs[i], err = actor.Spawn(ctx, &gang[i]); err != nil {
				return err
			}
		}
		err := t.measure(restarts, func() error {
			for _, ref := range refs {
				if err := ref.Cast(ctx, relief{}); err != nil {
					return err
				}
			}
			return await(ctx, over.done)
		})
		if err != nil {
			return err
		}
		if err := g.survey(ctx, t, restarts); err != nil {
			return err
		}
		return g.root.StopAndWait(ctx)
	})
	if errIsRunning(err) {
		return err
	}
	t.latencies(took.histogram())
	t.treesChecks(g, gang)
	return err
}

// treesChecks closes the account of deaths: each was caused, and made up for by
// one birth; but for the last of each berth, which is the stop of the tree.
func (t *trial) treesChecks(g *grove, gang []saboteur) {
	account := ledger{sent: t.size.Messages}
	var stopped int64
	for i := range gang {
		account.handled += gang[i].restarts
		stopped += gang[i].stopped
	}
	t.balance(account)
	var births, deaths, stops, uneven int64
	for i := range g.berths {
		at := &g.berths[i]
		births += at.births
		deaths += at.deaths
		stops += at.stops
		if at.births != at.deaths+1 {
			uneven++
		}
	}
	n := int64(t.size.Actors)
	t.want("deaths", deaths, t.size.Messages)
	t.want("births", births, n+t.size.Messages)
	t.want("berths_uneven", uneven, 0)
	t.want("stopped_at_end", stops-stopped, n)
}
