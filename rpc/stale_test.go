package rpc_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// Copies of answered replies are used again, in every way, while other calls
// run over the same ports: no call sees a foreign value.
func TestReply_StaleCopiesReachNobody(t *testing.T) {
	const copies, callers, calls = 10_000, 4, 2_000
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	stale := make([]rpc.Reply[int], copies)
	for i := range stale {
		v, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) do {
			stale[i] = r
			return reply(i)(r)
		})
		require.NoError(t, err)
		require.Equal(t, i, v)
	}

	var done atomic.Bool
	var abusers, all sync.WaitGroup
	for a := range 2 {
		abusers.Go(func() {
			for i := a; !done.Load(); i += 2 {
				r := stale[i%copies]
				r.Send(-1)
				r.Fail(errors.New("foreign"))
				r.Detach()
				if !r.Abandoned() {
					t.Error("an answered call waits again")
				}
				if err := rpc.Give(ctx, r, ref, reply[int](-1)); !errors.Is(err, rpc.ErrNotWaiting) {
					t.Error("Give of an answered reply:", err)
				}
			}
		})
	}
	var reused atomic.Bool
	for c := range callers {
		all.Go(func() {
			for i := range calls {
				want := c*calls + i
				v, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) do {
					if rpc.Generation(r) > 0 {
						reused.Store(true)
					}
					return reply(want)(r)
				})
				if v != want || err != nil {
					t.Errorf("call %d got %d, %v", want, v, err)
				}
			}
		})
	}
	all.Wait()
	done.Store(true)
	abusers.Wait()
	require.True(t, reused.Load(), "ports are used again, or this test shows nothing")
}

// A port whose generations are used up is not used again.
func TestReply_GenerationsEnd(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	answered := make(chan rpc.Reply[int], 1)
	ended := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		answered <- r
		return nil
	}))
	last := rpc.Age(<-answered, 0)
	last.Send(1)
	require.Equal(t, result{v: 1}, <-ended)
	require.NoError(t, ref.StopAndWait(ctx)) // gives the last reference back

	next := doer(ctx, t)
	for range 100 {
		v, err := rpc.Call(ctx, next, func(r rpc.Reply[int]) do {
			require.False(t, rpc.Same(r, last))
			return reply(2)(r)
		})
		require.NoError(t, err)
		require.Equal(t, 2, v)
	}
	last.Send(3)
	require.True(t, last.Abandoned())
}
