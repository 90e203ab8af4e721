package actor_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// R6 in its Go shape: a Ref of another type.
func TestR6_Adapt(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	got := make(chan int, 10)
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { got <- m; return nil }), actor.Named("target"))
	length := actor.Adapt(r, func(s string) int { return len(s) })
	twice := actor.Adapt(length, func(n uint8) string { return strconv.Itoa(int(n)) })
	byName := actor.Adapt(actor.ByName[int](ctx, "target"), func(s string) int { return -len(s) })

	require.NoError(t, length.Cast(ctx, "four"))
	require.Equal(t, 4, recv(t, got))
	require.NoError(t, twice.Cast(ctx, 100))
	require.Equal(t, 3, recv(t, got))
	require.NoError(t, byName.Cast(ctx, "xx"))
	require.Equal(t, -2, recv(t, got))

	// All else is the actor's own.
	for _, a := range []actor.AnyRef{length.Any(), twice.Any(), byName.Any()} {
		differ(t, a, r.Any())
		require.True(t, a.Is(r.Any()))
		require.Equal(t, r.ID(), a.ID())
		require.Equal(t, "target", a.Name())
		require.Equal(t, r.String(), a.String())
		require.Equal(t, r.LogValue().String(), a.LogValue().String())
		require.Equal(t, actor.Running, a.Status())
		require.Equal(t, sys, a.System())
		require.False(t, a.IsZero())
	}
	differ(t, length.Any(), actor.Adapt(r, func(s string) int { return len(s) }).Any())
	back, ok := actor.As[string](length.Any())
	require.True(t, ok)
	require.Equal(t, length, back)
	_, ok = actor.As[int](length.Any())
	require.False(t, ok)

	// Links and monitors go to the actor behind.
	parent, events := newPuppet(t, ctx)
	require.NoError(t, actor.Link(parent.Any(), twice.Any()))
	require.Equal(t, parent.Any(), r.Parent())
	require.Equal(t, parent.Any(), length.Parent())
	require.NoError(t, actor.Link(parent.Any(), r.Any()))
	require.ErrorIs(t, actor.Link(length.Any(), twice.Any()), actor.ErrCycle)
	watcher, copies := newPuppet(t, ctx)
	do(t, watcher, func(ctx *actor.Context[job]) {
		ctx.Monitor(length.Any())
		ctx.Monitor(r.Any())
		ctx.Monitor(byName.Any())
	})
	require.Equal(t, 1, actor.Watchers(r.Any()))
	twice.Stop()
	require.NoError(t, waitEnd(t, length))
	require.Equal(t, r.Any(), recv(t, events).Actor)
	require.Equal(t, r.Any(), recv(t, copies).Actor)
	do(t, watcher, func(*actor.Context[job]) {})
	none(t, copies)
	require.ErrorIs(t, length.Cast(ctx, "x"), actor.ErrStopped)
	require.ErrorIs(t, twice.Cast(ctx, 1), actor.ErrStopped)
	require.ErrorIs(t, byName.Cast(ctx, "x"), actor.ErrNotFound)
	require.NoError(t, byName.CastAfter(1, "x").Err())
}

// A conversion that panics: on the sender's goroutine it is the sender's panic;
// in a handler it is the failure of the sender, not of the receiver.
func TestAdaptThatPanics(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	bad := actor.Adapt(r, func(string) int { panic(errTest) })
	require.PanicsWithError(t, errTest.Error(), func() { _ = bad.Cast(ctx, "") })
	sender := spawn(t, ctx, worker())
	require.NoError(t, sender.Cast(ctx, func(ctx *actor.Context[job]) error { return bad.Cast(ctx, "") }))
	require.ErrorIs(t, waitEnd(t, sender), errTest)
	require.Equal(t, actor.Running, r.Status())
}

// A sender and an adapter keep the order, and requests pass through.
func TestAdaptKeepsOrderAndTickets(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	next := 0
	done := make(chan error, 1)
	const n = 1000
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
		if m != next {
			done <- fmt.Errorf("%d instead of %d", m, next)
		}
		if next++; next == n {
			done <- nil
		}
		return nil
	}))
	a := actor.Adapt(r, func(s string) int { m, _ := strconv.Atoi(s); return m })
	k := newTicket()
	for i := range n {
		switch {
		case i == 500:
			require.NoError(t, actor.Request(ctx, a, strconv.Itoa(i), &actor.Ticket{Holder: k}))
		case i%2 == 0:
			require.NoError(t, a.Cast(ctx, strconv.Itoa(i)))
		default:
			require.NoError(t, r.Cast(ctx, i))
		}
	}
	require.NoError(t, recv(t, done))
	recv(t, k.handled)
}

// The errors of the mailbox behind come through.
func TestAdaptToABoundedMailbox(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, worker(), actor.Bounded(1, actor.WaitForRoom))
	nop := func(*actor.Context[job]) error { return nil }
	a := actor.Adapt(r, func(int) job { return nop })
	release := blocked(t, r)
	require.NoError(t, a.Cast(ctx, 1))
	short, cancel := context.WithCancelCause(ctx)
	cancel(errTest)
	require.ErrorIs(t, a.Cast(short, 2), errTest)
	release()
}
