package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// goakt #1263. A node that was asked to spawn an actor put its name into a queue,
// to be written to the directory by somebody else, and answered. Who had asked,
// and sent to the name at once, found nobody.
//
// Seen as: the name is not in the directory.
func lateName(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &directory{})
		write := func(ctx context.Context) none {
			return atomically(ctx, m, func(d *directory) none { d.owner = "actor"; return none{} })
		}
		replicator := handle(sys, func(ctx *actor.Context[none], _ none) error {
			write(ctx)
			return nil
		})
		node := handle(sys, func(ctx *actor.Context[rpc.Reply[none]], spawned rpc.Reply[none]) error {
			if right {
				write(ctx)
			} else {
				_ = replicator.Cast(ctx, none{})
			}
			spawned.Send(none{})
			return nil
		})
		_, err := rpc.Call(sys, node, func(r rpc.Reply[none]) rpc.Reply[none] { return r })
		require.NoError(sys, err)
		require.Equal(sys, "actor", atomically(sys, m, func(d *directory) string { return d.owner }))
	}
}
