package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// A call from outside that is answered allocates nothing.
func TestCall_AllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets on purpose under the race detector")
	}
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	plain := actor.WithSystem(context.Background(), sys)
	cancellable, cancel := context.WithCancel(plain)
	defer cancel()
	ref, err := actor.Spawn(plain, &counter{})
	require.NoError(t, err)
	for name, ctx := range map[string]context.Context{"background": plain, "cancellable": cancellable} {
		allocs := testing.AllocsPerRun(10_000, func() {
			if _, err := rpc.Call(ctx, ref, addOne); err != nil {
				t.Error(err)
			}
		})
		require.Zero(t, allocs, name)
	}
	require.NoError(t, sys.Shutdown(plain))
}
