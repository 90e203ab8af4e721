package rpc_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// guardian revives its child at once.
type guardian struct{}

type reborn struct{}

func (reborn) Handle(ctx *actor.Context[any], m any) error {
	if f, ok := m.(func(*actor.Context[any]) error); ok {
		return f(ctx)
	}
	return nil
}

func (g *guardian) Handle(*actor.Context[int], int) error { return nil }

func (g *guardian) HandleSupervision(ctx *actor.Context[int], ev actor.Event) error {
	if !ev.Kept {
		return nil
	}
	r, _ := actor.As[any](ev.Actor)
	return actor.Revive[reborn, any](ctx, r, reborn{})
}

// The answer to a value that has failed is not for the next one; what that asks
// itself is.
func TestThenOfAFailedValue(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(t.Context(), sys)
	parent, err := actor.Spawn[*guardian, int](ctx, &guardian{})
	require.NoError(t, err)
	child, err := actor.Spawn[reborn, any](ctx, reborn{}, actor.KeepMailbox(), actor.LinkedTo(parent.Any()))
	require.NoError(t, err)
	replies := make(chan rpc.Reply[int], 2)
	slow, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[rpc.Reply[int]], r rpc.Reply[int]) error {
		r.Detach()
		replies <- r
		return nil
	}))
	require.NoError(t, err)

	got := make(chan int, 2)
	ask := func(in *actor.Context[any], n int) {
		rpc.Then(in, slow, func(r rpc.Reply[int]) rpc.Reply[int] { return r }, func(v int, err error) error {
			got <- n + v
			return err
		})
	}
	require.NoError(t, child.Cast(ctx, func(in *actor.Context[any]) error { ask(in, 10); return errors.New("fails") }))
	require.NoError(t, child.Cast(ctx, func(in *actor.Context[any]) error { ask(in, 20); return nil }))
	old, young := <-replies, <-replies
	old.Send(1)
	young.Send(2)
	require.Equal(t, 22, <-got)
	require.NoError(t, sys.Shutdown(ctx))
	require.Empty(t, got)
}
