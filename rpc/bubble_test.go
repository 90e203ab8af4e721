package rpc_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/leaks"
	"github.com/ractor-go/ractor/rpc"
)

// The default System in synctest bubbles, one after another, then outside:
// nothing that one leaves behind reaches another, and nothing is left behind.
func TestBubbles(t *testing.T) {
	calls := func(t *testing.T) {
		ctx := context.Background()
		ref := doer(ctx, t)
		peer := doer(ctx, t)
		for i := range 100 {
			v, err := rpc.Call(ctx, ref, reply(i))
			require.NoError(t, err)
			require.Equal(t, i, v)
			v, err = rpc.Call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
				v, err := rpc.Call(ctx, peer, reply(i))
				r.Send(v)
				return err
			}))
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		require.NoError(t, ref.StopAndWait(ctx))
		require.NoError(t, peer.StopAndWait(ctx))
	}
	for range 3 {
		synctest.Test(t, calls)
		require.NoError(t, goleak.Find(leaks.Ants()...))
	}
	calls(t)
	require.NoError(t, goleak.Find(leaks.Ants()...))
}
