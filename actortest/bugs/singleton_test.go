package bugs

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// scheduler is there once in the cluster, under its name.
type scheduler struct{}

func (scheduler) Handle(*actor.Context[none], none) error { return nil }

func (scheduler) PostStop(*actor.Context[none]) error { return nil }

// goakt #1036. When the leader leaves, the next one starts the singleton. If the
// record of the old one is still there it gets "already exists", takes it for
// done, and then there is none. Somebody who is about to end has the name, too:
// who finds it taken has to stay at it.
//
// Seen as: the name leads to nobody when all is quiet.
func singleton(right bool) program {
	return func(sys *actortest.System) {
		old := spawn(sys, scheduler{}, actor.Named("scheduler"))
		thread(sys, func(context.Context) { old.Stop() }) // the leader leaves
		_ = handle(sys, func(ctx *actor.Context[none], again none) error {
			_, err := actor.Spawn(ctx, scheduler{}, actor.Named("scheduler"))
			if errors.Is(err, actor.ErrNameTaken) && right {
				ctx.After(time.Second, again)
			}
			return nil
		}).Cast(sys, none{})
		sys.Sleep(time.Minute)
		sys.Settle()
		_, err := actor.Whereis[none](sys, "scheduler")
		require.NoError(sys, err)
	}
}
