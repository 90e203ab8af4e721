package rpc_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// pass makes a request that each of to gives to the next; the last one has f.
func pass(to []actor.Ref[do], f func(ctx *actor.Context[do], r rpc.Reply[int]) error) func(rpc.Reply[int]) do {
	return with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		if len(to) == 0 {
			return f(ctx, r)
		}
		return rpc.Give(ctx, r, to[0], pass(to[1:], f))
	})
}

func doers(ctx context.Context, t *testing.T, n int) []actor.Ref[do] {
	t.Helper()
	refs := make([]actor.Ref[do], n)
	for i := range refs {
		refs[i] = doer(ctx, t)
	}
	return refs
}

func TestGive_Chain(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	refs := doers(ctx, t, 101)
	for range 20 {
		v, err := rpc.Call(ctx, refs[0], pass(refs[1:], func(_ *actor.Context[do], r rpc.Reply[int]) error {
			r.Send(100)
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, 100, v)
	}
}

// Each giver is free of the duty; the one who has it now is not.
func TestGive_MovesTheDuty(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			refs := doers(ctx, t, 10)
			kept := make(chan rpc.Reply[int], 1)
			ended := call(ctx, refs[0], pass(refs[1:], func(_ *actor.Context[do], r rpc.Reply[int]) error {
				kept <- r
				return nil
			}))
			r := <-kept
			for _, giver := range refs[:9] {
				require.NoError(t, giver.Cast(ctx, e.end))
				_ = giver.Wait(ctx)
				require.False(t, r.Abandoned())
			}
			require.NoError(t, refs[9].Cast(ctx, e.end))
			err := (<-ended).err
			require.ErrorIs(t, err, rpc.ErrNoReply)
			require.ErrorIs(t, err, e.reason)
		})
	}
}

// A reply that was kept may be given from any goroutine; the giver's end is
// nothing to the call then.
func TestGive_FromOutside(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			giver, receiver := doer(ctx, t), doer(ctx, t)
			replies := make(chan rpc.Reply[int], 1)
			keep := with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
				replies <- r
				return nil
			})
			ended := call(ctx, giver, keep)
			r := <-replies
			require.NoError(t, giver.Cast(ctx, func(*actor.Context[do]) error { return nil }))
			require.NoError(t, rpc.Give(ctx, r, receiver, keep))
			r = <-replies
			require.NoError(t, giver.Cast(ctx, e.end))
			_ = giver.Wait(ctx)
			require.False(t, r.Abandoned())
			r.Send(1)
			require.Equal(t, result{v: 1}, <-ended)
		})
	}
}

// The new holder may hand the duty on before the old one's Give has returned.
func TestGive_TheNewHolderIsFaster(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	kept := make(chan rpc.Reply[int], 1)
	ended := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept <- r
		return nil
	}))
	r := <-kept
	first, err := rpc.Fork(r)
	require.NoError(t, err)
	second, err := rpc.Fork(r)
	require.NoError(t, err)
	require.Greater(t, second, first)
	rpc.Move(r, second)
	rpc.Move(r, first)
	require.Equal(t, second, rpc.Duty(r))
	r.Send(1)
	require.Equal(t, result{v: 1}, <-ended)
}

func TestGive_Refused(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	dead := doer(ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	live := doer(ctx, t)
	holder := doer(ctx, t)
	kept := make(chan rpc.Reply[int], 1)
	ask := with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept <- r
		return nil
	})
	ended := call(ctx, holder, ask)
	r := <-kept
	for range 10 * rpc.MaxGiven { // what fails uses up nothing
		require.ErrorIs(t, rpc.Give(ctx, r, dead, reply[int](1)), actor.ErrStopped)
	}
	require.ErrorIs(t, rpc.Give(ctx, r, actor.Ref[do]{}, reply[int](1)), actor.ErrNoActor)
	require.ErrorIs(t, rpc.Give(nil, r, live, reply[int](1)), actor.ErrNilContext) //nolint:staticcheck // this is the test
	require.ErrorIs(t, rpc.Give[do](ctx, r, live, nil), rpc.ErrNilAsk)
	require.Panics(t, func() { _ = rpc.Give(ctx, r, live, func(rpc.Reply[int]) do { panic("in ask") }) })
	require.False(t, r.Abandoned())
	require.NoError(t, live.StopAndWait(ctx)) // it never had the duty
	require.False(t, r.Abandoned())

	require.NoError(t, holder.StopAndWait(ctx)) // the duty has stayed here
	require.ErrorIs(t, (<-ended).err, rpc.ErrNoReply)
	require.ErrorIs(t, rpc.Give(ctx, r, doer(ctx, t), reply[int](1)), rpc.ErrNotWaiting)
}

func TestGive_OnlySoOften(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	var times int
	var again func(rpc.Reply[int]) do
	again = with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		if err := rpc.Give(ctx, r, ref, again); err != nil {
			r.Fail(err)
			return nil
		}
		times++
		return nil
	})
	_, err := rpc.Call(ctx, ref, again)
	require.ErrorContains(t, err, "255")
	require.Equal(t, rpc.MaxGiven, times)
}

func TestGive_AnsweredAndZero(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	var kept rpc.Reply[int]
	_, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) do {
		kept = r
		return reply(1)(r)
	})
	require.NoError(t, err)
	sent := false
	require.ErrorIs(t, rpc.Give(ctx, kept, ref, func(rpc.Reply[int]) do {
		sent = true
		return nil
	}), rpc.ErrNotWaiting)
	require.False(t, sent)

	got := make(chan bool, 1)
	require.NoError(t, rpc.Give(ctx, rpc.Reply[int]{}, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		got <- r.Abandoned()
		return nil
	})))
	require.True(t, <-got)
}

// A detached reply stays detached.
func TestGive_Detached(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	refs := doers(ctx, t, 2)
	kept := make(chan rpc.Reply[int], 1)
	ended := call(ctx, refs[0], with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		r.Detach()
		return rpc.Give(ctx, r, refs[1], with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			kept <- r
			return nil
		}))
	}))
	r := <-kept
	require.NoError(t, refs[1].StopAndWait(ctx))
	require.False(t, r.Abandoned())
	r.Send(1)
	require.Equal(t, result{v: 1}, <-ended)
}

// Give from any goroutine, while giver and receiver end and others give too:
// the call ends, and in one way.
func TestGive_Races(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	for i := range 300 {
		giver, one, two := doer(ctx, t), doer(ctx, t), doer(ctx, t)
		replies := make(chan rpc.Reply[int], 1)
		ended := call(ctx, giver, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			replies <- r
			return nil
		}))
		r := <-replies
		var all sync.WaitGroup
		for _, to := range []actor.Ref[do]{one, two} {
			all.Go(func() {
				err := rpc.Give(ctx, r, to, reply(i))
				if err != nil && !errors.Is(err, rpc.ErrNotWaiting) && !errors.Is(err, actor.ErrStopped) {
					t.Error(err)
				}
			})
		}
		all.Go(func() { _ = giver.StopAndWait(ctx) })
		all.Go(func() { _ = two.KillAndWait(ctx) })
		if got := <-ended; got.err == nil {
			require.Equal(t, i, got.v)
		} else {
			require.ErrorIs(t, got.err, rpc.ErrNoReply)
		}
		all.Wait()
		require.True(t, r.Abandoned())
		_ = one.StopAndWait(ctx)
	}
}
