package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// deadLetters subscribes a channel to the System's dead letters.
func deadLetters(ctx context.Context, t *testing.T, sys *actor.System) <-chan actor.DeadLetter {
	t.Helper()
	letters := make(chan actor.DeadLetter, 16)
	to, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
		letters <- l
		return nil
	}))
	require.NoError(t, err)
	sys.DeadLetters(to)
	return letters
}

// A request whose caller has given up is not handled, but a dead letter.
func TestExpired(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	letters := deadLetters(ctx, t, sys)
	ref := doer(ctx, t)
	leave := occupy(ctx, t, ref)
	soon, cancel := context.WithCancel(ctx)
	handled := false
	ended := call(soon, ref, with(func(*actor.Context[do], rpc.Reply[int]) error {
		handled = true
		return nil
	}))
	queued(t, sys, ref, 1)
	cancel()
	require.ErrorIs(t, (<-ended).err, context.Canceled)
	leave(nil)
	letter := <-letters
	require.ErrorIs(t, letter.Reason, actor.ErrExpired)
	require.Equal(t, ref.Any(), letter.To)
	require.IsType(t, do(nil), letter.Message)
	require.NoError(t, ref.StopAndWait(ctx))
	require.False(t, handled)
	require.Equal(t, map[string]uint64{"expired": 1}, sys.Stats().DeadLetters)
}

// So it is with one that was given.
func TestExpired_Given(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	letters := deadLetters(ctx, t, sys)
	giver, receiver := doer(ctx, t), doer(ctx, t)
	leave := occupy(ctx, t, receiver)
	soon, cancel := context.WithCancel(ctx)
	ended := call(soon, giver, pass([]actor.Ref[do]{receiver}, func(*actor.Context[do], rpc.Reply[int]) error {
		return errMine
	}))
	queued(t, sys, receiver, 1)
	cancel()
	require.ErrorIs(t, (<-ended).err, context.Canceled)
	leave(nil)
	require.ErrorIs(t, (<-letters).Reason, actor.ErrExpired)
	require.NoError(t, giver.StopAndWait(ctx))
	require.NoError(t, receiver.StopAndWait(ctx))
}
