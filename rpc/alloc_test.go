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

// Multi allocates its result, however many it asks, and Forward what sends on.
func TestMultiAndForward_AllocateOnce(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets on purpose under the race detector")
	}
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	refs := make([]actor.Ref[add], 100)
	for i := range refs {
		refs[i], err = actor.Spawn(ctx, &counter{})
		require.NoError(t, err)
	}
	require.Less(t, testing.AllocsPerRun(1000, func() {
		for _, r := range rpc.Multi(ctx, refs, addOne) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}
	}), 10.0) // now and then a port more: a collection may empty the pool, and a callee keep the last ones for a moment
	got := make(chan int, 1)
	next, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], v int) error {
		got <- v
		return nil
	}))
	require.NoError(t, err)
	require.InDelta(t, 1, testing.AllocsPerRun(1000, func() {
		if err := rpc.Forward(ctx, refs[0], addOne, next); err != nil {
			t.Error(err)
		}
		<-got
	}), 1)
	require.NoError(t, sys.Shutdown(ctx))
}
