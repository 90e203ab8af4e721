package actor_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// shot is the message: how often the ball was hit, and by whom.
type shot struct {
	hits int
	from actor.Ref[shot]
}

// paddle returns the ball to where it came from, until it has been hit often
// enough.
type paddle struct{ call string }

func (p paddle) Handle(ctx *actor.Context[shot], s shot) error {
	if s.hits == 6 {
		ctx.Stop()
		s.from.Stop()
		return nil
	}
	fmt.Println(p.call)
	return s.from.Cast(ctx, shot{s.hits + 1, ctx.Self()})
}

// Two actors talk to each other. A message may carry a Ref, and whoever has a
// Ref can send to it.
func Example_pingPong() {
	ctx := context.Background()
	ping, _ := actor.Spawn(ctx, paddle{"ping"})
	pong, _ := actor.Spawn(ctx, paddle{"pong"})

	_ = ping.Cast(ctx, shot{from: pong})
	_ = ping.Wait(ctx)
	_ = pong.Wait(ctx)
	// Output:
	// ping
	// pong
	// ping
	// pong
	// ping
	// pong
}
