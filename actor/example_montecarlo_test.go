package actor_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ractor-go/ractor/actor"
)

// thrower throws darts at a square and says how many have hit the circle in it.
// Its random numbers are its own: that is its state.
type thrower struct {
	random *rand.Rand
	report actor.Ref[int]
}

func (t *thrower) Handle(ctx *actor.Context[int], darts int) error {
	hits := 0
	for range darts {
		x, y := t.random.Float64(), t.random.Float64()
		if x*x+y*y < 1 {
			hits++
		}
	}
	return t.report.Cast(ctx, hits)
}

// game has many throwers throw, and adds up what they report.
type game struct {
	throwers, darts int
	reports, hits   int
}

// PostStart begins the game. The throwers are children: they end with it.
func (g *game) PostStart(ctx *actor.Context[int]) error {
	for i := range g.throwers {
		t, err := actor.SpawnLinked(ctx, &thrower{rand.New(rand.NewPCG(1, uint64(i))), ctx.Self()})
		if err != nil {
			return err
		}
		if err := t.Cast(ctx, g.darts); err != nil {
			return err
		}
	}
	return nil
}

func (g *game) Handle(ctx *actor.Context[int], hits int) error {
	g.hits += hits
	if g.reports++; g.reports == g.throwers {
		ctx.Stop()
	}
	return nil
}

func (g *game) PostStop(*actor.Context[int]) error {
	fmt.Printf("%d throwers, pi is about %.2f\n", g.reports, 4*float64(g.hits)/float64(g.throwers*g.darts))
	return nil
}

// Work is split among actors, which compute on all processors at a time; one
// gathers the results.
func Example_monteCarlo() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &game{throwers: 100, darts: 10_000})
	_ = ref.Wait(ctx)
	// Output: 100 throwers, pi is about 3.14
}
