package bugs

import (
	"context"
	"errors"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// Two look for the counter, find none, and both start one: the second one fails,
// for between the look and the start there was time. Who finds the name taken
// has to look again.
//
// Seen as: the error of the second Spawn.
func whereisThenSpawn(right bool) program {
	return func(sys *actortest.System) {
		get := func(ctx context.Context) (ref actor.Ref[order], err error) {
			for {
				ref, err = actor.Whereis[order](ctx, "counter")
				if errors.Is(err, actor.ErrNotFound) {
					ref, err = actor.Spawn(ctx, &account{}, actor.Named("counter"))
				}
				if right && errors.Is(err, actor.ErrNameTaken) {
					continue
				}
				return ref, err
			}
		}
		for range 2 {
			thread(sys, func(ctx context.Context) {
				ref, err := get(ctx)
				require.NoError(sys, err)
				require.NoError(sys, ref.Cast(ctx, order{add: 1}))
			})
		}
	}
}
