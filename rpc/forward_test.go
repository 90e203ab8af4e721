package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// isOneOf is errors.Is for any of targets.
func isOneOf(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// sink is an actor that puts what it gets into a channel.
func sink[M any](ctx context.Context, t *testing.T, opts ...actor.Option) (actor.Ref[M], <-chan M) {
	t.Helper()
	got := make(chan M, 100)
	ref, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[M], m M) error {
		got <- m
		return nil
	}), opts...)
	require.NoError(t, err)
	return ref, got
}

// C8: the answer goes on as a message, mapped if need be, and nobody waits.
func TestC8_ForwardSendsTheAnswerOn(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	ref := doer(ctx, t)
	next, got := sink[int](ctx, t)
	kept := make(chan rpc.Reply[int], 1)
	require.NoError(t, rpc.Forward(ctx, ref, keep(kept), next))
	(<-kept).Send(1) // Forward has returned long ago
	require.Equal(t, 1, <-got)

	text, texts := sink[string](ctx, t)
	require.NoError(t, rpc.Forward(ctx, ref, reply(2), actor.Adapt(text, func(v int) string { return fmt.Sprint("got ", v) })))
	require.Equal(t, "got 2", <-texts)
	require.Empty(t, sys.Stats().DeadLetters)
}

// From one callee to one next answers keep their order.
func TestForward_Order(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	next, got := sink[int](ctx, t)
	for i := range 1000 {
		require.NoError(t, rpc.Forward(ctx, ref, reply(i), next))
		if i%50 == 49 {
			for want := i - 49; want <= i; want++ {
				require.Equal(t, want, <-got)
			}
		}
	}
}

// C8: what ctx and the asking actor do after the request changes nothing.
func TestC8_ForwardOutlivesItsCaller(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			ref, asker := doer(ctx, t), doer(ctx, t)
			next, got := sink[int](ctx, t)
			kept := make(chan rpc.Reply[int], 1)
			sent := make(chan error, 1)
			require.NoError(t, asker.Cast(ctx, func(own *actor.Context[do]) error {
				soon, cancel := context.WithCancel(own)
				sent <- rpc.Forward(soon, ref, keep(kept), next)
				cancel()
				return e.end(own)
			}))
			require.NoError(t, <-sent)
			_ = asker.Wait(ctx)
			r := <-kept
			require.False(t, r.Abandoned())
			r.Send(1)
			require.Equal(t, 1, <-got)
		})
	}
}

// C9: what could not be asked is Forward's error, and only that.
func TestC9_ForwardRefused(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	ref, dead := doer(ctx, t), doer(ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	next, got := sink[int](ctx, t)
	over, cancel := context.WithCancelCause(ctx)
	cancel(errMine)

	require.ErrorIs(t, rpc.Forward(nil, ref, reply(1), next), actor.ErrNilContext) //nolint:staticcheck // this is the test
	require.ErrorIs(t, rpc.Forward(ctx, ref, nil, next), rpc.ErrNilAsk)
	require.ErrorIs(t, rpc.Forward(over, ref, reply(1), next), errMine)
	require.ErrorIs(t, rpc.Forward(ctx, dead, reply(1), next), actor.ErrStopped)
	require.ErrorIs(t, rpc.Forward(ctx, actor.Ref[do]{}, reply(1), next), actor.ErrNoActor)
	require.ErrorIs(t, rpc.Forward(ctx, actor.ByName[do](ctx, "nobody"), reply(1), next), actor.ErrNotFound)
	err := rpc.Forward(ctx, ref, reply(1), actor.Ref[int]{})
	require.ErrorIs(t, err, actor.ErrNoActor)
	require.ErrorContains(t, err, "next")

	require.NoError(t, rpc.Forward(ctx, ref, reply(2), next))
	require.Equal(t, 2, <-got, "nothing came before")
	require.Empty(t, sys.Stats().DeadLetters)

	// An ask that keeps the reply of a request that was not sent.
	var kept rpc.Reply[int]
	require.Error(t, rpc.Forward(ctx, dead, func(r rpc.Reply[int]) do { kept = r; return nil }, next))
	kept.Send(3)
	require.NoError(t, rpc.Forward(ctx, ref, reply(4), next))
	require.Equal(t, 4, <-got)

	// And one that answers itself.
	require.NoError(t, rpc.Forward(ctx, dead, func(r rpc.Reply[int]) do { r.Send(5); return nil }, next))
	require.Equal(t, 5, <-got)
}

// C8: nothing is forwarded of a call that fails; it is a dead letter.
func TestC8_ForwardWithoutAnAnswer(t *testing.T) {
	for _, c := range []struct {
		name   string
		ask    func(rpc.Reply[int]) do
		reason error
		counts string
	}{
		{"Fail", failing(errMine), errMine, "other"},
		{"panic", with(func(*actor.Context[do], rpc.Reply[int]) error { panic(errMine) }), rpc.ErrNoReply, "failed"},
		{"stop", with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error { ctx.Stop(); return nil }), rpc.ErrNoReply, "stopped"},
		{"kill", with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error { ctx.Self().Kill(); return nil }), rpc.ErrNoReply, "killed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			letters := deadLetters(ctx, t, sys)
			next, got := sink[int](ctx, t)
			require.NoError(t, rpc.Forward(ctx, doer(ctx, t), c.ask, next))
			letter := <-letters
			require.ErrorIs(t, letter.Reason, c.reason)
			require.Equal(t, next.Any(), letter.To)
			require.Nil(t, letter.Message, "there is none")
			require.Empty(t, got)
			require.Equal(t, map[string]uint64{c.counts: 1}, sys.Stats().DeadLetters)
		})
	}
}

// C8: an answer that next does not take is a dead letter; the callee notices
// nothing, and waits for nothing.
func TestC8_ForwardToOneThatRefuses(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	letters := deadLetters(ctx, t, sys)
	ref := doer(ctx, t)

	dead, _ := sink[int](ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	require.NoError(t, rpc.Forward(ctx, ref, reply(1), dead))
	require.Equal(t, actor.DeadLetter{To: dead.Any(), Message: 1, Reason: actor.ErrStopped}, <-letters)

	gone := actor.ByName[int](ctx, "nobody")
	require.NoError(t, rpc.Forward(ctx, ref, reply(2), gone))
	letter := <-letters
	require.ErrorIs(t, letter.Reason, actor.ErrNotFound)
	require.Equal(t, gone.Any(), letter.To)
	require.Equal(t, 2, letter.Message)

	// Sent from outside, where a Cast would wait for room.
	kept := make(chan rpc.Reply[do], 1)
	full := doer(ctx, t, actor.Bounded(1, actor.WaitForRoom))
	leave := occupy(ctx, t, full)
	require.NoError(t, full.Cast(ctx, func(*actor.Context[do]) error { return nil }))
	require.NoError(t, rpc.Forward(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[do]) error {
		kept <- r
		return nil
	}), full))
	(<-kept).Send(func(*actor.Context[do]) error { return nil })
	letter = <-letters
	require.ErrorIs(t, letter.Reason, actor.ErrMailboxFull)
	require.Equal(t, full.Any(), letter.To)
	leave(nil)
	require.Equal(t, actor.Running, ref.Status())
	require.Equal(t, map[string]uint64{"stopped": 1, "other": 1, "mailbox full": 1}, sys.Stats().DeadLetters)
}

// An actor may ask itself, and forward to itself.
func TestForward_Self(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	done := make(chan struct{})
	require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
		return rpc.Forward(ctx, ctx.Self(), reply(do(func(*actor.Context[do]) error {
			close(done)
			return nil
		})), ctx.Self())
	}))
	<-done
}

// A request to forward that is given on.
func TestForward_Given(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	refs := doers(ctx, t, 3)
	next, got := sink[int](ctx, t)
	require.NoError(t, rpc.Forward(ctx, refs[0], pass(refs[1:], func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Send(1)
		return nil
	}), next))
	require.Equal(t, 1, <-got)
}
