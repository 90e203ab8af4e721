package rpc_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// hand reaches for a fork, and is answered when it has it; or it puts it down.
type hand struct {
	has  rpc.Reply[bool]
	down bool
}

// fork is an actor too. It keeps the replies of those who have to wait.
type fork struct {
	taken bool
	queue []rpc.Reply[bool]
}

func (f *fork) Handle(_ *actor.Context[hand], m hand) error {
	if m.down {
		f.taken = false
	} else {
		f.queue = append(f.queue, m.has)
	}
	if !f.taken && len(f.queue) > 0 {
		f.taken = true
		f.queue[0].Send(true)
		f.queue = f.queue[1:]
	}
	return nil
}

// philosopher needs two forks to eat. All reach for the one with the lower number
// first: so no circle can close of those who have one and wait for another.
type philosopher struct {
	name         string
	lower, upper actor.Ref[hand]
	meals        int
}

type hungry struct{}

func (p *philosopher) Handle(ctx *actor.Context[hungry], _ hungry) error {
	reach := func(r rpc.Reply[bool]) hand { return hand{has: r} }
	rpc.Then(ctx, p.lower, reach, func(_ bool, err error) error {
		if err != nil {
			return err
		}
		rpc.Then(ctx, p.upper, reach, func(_ bool, err error) error {
			if err != nil {
				return err
			}
			return p.eat(ctx)
		})
		return nil
	})
	return nil // it does not wait: it could be asked other things meanwhile
}

func (p *philosopher) eat(ctx *actor.Context[hungry]) error {
	p.meals++
	for _, f := range []actor.Ref[hand]{p.upper, p.lower} {
		if err := f.Cast(ctx, hand{down: true}); err != nil {
			return err
		}
	}
	if p.meals == 3 {
		ctx.Stop()
		return nil
	}
	return ctx.Self().Cast(ctx, hungry{})
}

func (p *philosopher) PostStop(*actor.Context[hungry]) error {
	fmt.Println(p.name, "has eaten", p.meals, "times")
	return nil
}

// Five philosophers at a round table, one fork between each two. Nobody blocks,
// not even while he waits for a fork.
func Example_philosophers() {
	ctx := context.Background()
	forks := make([]actor.Ref[hand], 5)
	for i := range forks {
		forks[i], _ = actor.Spawn(ctx, &fork{})
	}
	var table []actor.Ref[hungry]
	for i, name := range []string{"Plato", "Hypatia", "Hume", "Kant", "Arendt"} {
		left, right := i, (i+1)%len(forks)
		p, _ := actor.Spawn(ctx, &philosopher{name: name, lower: forks[min(left, right)], upper: forks[max(left, right)]})
		_ = p.Cast(ctx, hungry{})
		table = append(table, p)
	}
	for _, p := range table {
		_ = p.Wait(ctx)
	}
	for _, f := range forks {
		_ = f.StopAndWait(ctx)
	}
	// Unordered output:
	// Plato has eaten 3 times
	// Hypatia has eaten 3 times
	// Hume has eaten 3 times
	// Kant has eaten 3 times
	// Arendt has eaten 3 times
}
