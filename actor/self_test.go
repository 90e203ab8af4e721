package actor_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// waitsFor waits in its PreStart for the actor whose handler spawns it.
type waitsFor struct{ spawner actor.AnyRef }

func (w *waitsFor) PreStart(*actor.Context[int]) error { return w.spawner.Wait(context.Background()) }

func (*waitsFor) Handle(*actor.Context[int], int) error { return nil }

// The spawner waits for PreStart, so PreStart would wait for itself by a detour;
// a third actor's end it may wait for.
func TestSelf_PreStartWaitsForItsSpawner(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(t.Context(), sys)
	ended, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[int], int) error { return nil }))
	require.NoError(t, err)
	require.NoError(t, ended.StopAndWait(ctx))

	errs := make(chan error, 2)
	ref, err := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[int], _ int) error {
		for _, whom := range []actor.AnyRef{ctx.Self().Any(), ended.Any()} {
			_, err := actor.Spawn(ctx, &waitsFor{whom})
			errs <- err
		}
		return nil
	}))
	require.NoError(t, err)
	require.NoError(t, ref.Cast(ctx, 1))
	require.ErrorIs(t, <-errs, actor.ErrSelf)
	require.NoError(t, <-errs)
	require.NoError(t, sys.Shutdown(ctx))
}
