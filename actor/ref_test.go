package actor_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestR1_RefsCompare(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	a, b := spawn(t, ctx, idle()), spawn(t, ctx, idle())
	require.Equal(t, unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(a), "one pointer wide")
	require.Equal(t, unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(a.Any()))
	require.True(t, a == self(t, a) && a != b)
	require.True(t, a.Any() == sys.Lookup(a.ID()) && a.Any() != b.Any())
	m := map[actor.Ref[int]]string{a: "a", b: "b"}
	require.Equal(t, "b", m[b])
	u := map[actor.AnyRef]string{a.Any(): "a", b.Any(): "b"}
	require.Equal(t, "a", u[a.Any()])
	require.True(t, a.Is(a.Any()))
	require.False(t, a.Is(b.Any()))
	require.False(t, actor.Ref[int]{}.Is(actor.AnyRef{}), "nobody is not somebody")
}

func TestR2_AnyRefAndBack(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	back, ok := actor.As[int](r.Any())
	require.True(t, ok)
	require.Equal(t, r, back)
}

// R3, R4: a wrong type is found where the type is asked for; the actor never
// sees it, alive or dead.
func TestR3_WrongTypes(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	for range 2 {
		wrong, ok := actor.As[string](r.Any())
		require.False(t, ok)
		require.True(t, wrong.IsZero())
		_, ok = actor.As[any](r.Any())
		require.False(t, ok)
		_, ok = actor.As[int](r.Any())
		require.True(t, ok)
		require.NoError(t, killAndWait(r))
	}
	_, ok := actor.As[int](actor.AnyRef{})
	require.False(t, ok)
}

// R5: who could not send has its message still.
func TestR5_RefusedMessagesStayWithTheSender(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	r := spawn(t, ctx, actor.Func(func(*actor.Context[*int], *int) error { return nil }))
	require.NoError(t, killAndWait(r))
	m := new(int)
	require.ErrorIs(t, r.Cast(ctx, m), actor.ErrStopped)
	require.Empty(t, sys.Stats().DeadLetters, "it was never accepted")
	require.ErrorIs(t, r.Cast(nil, m), actor.ErrNilContext) //nolint:staticcheck // that is the test
}

// R7: a Ref keeps an actor's memory, not its life; without Refs it lives on.
func TestR7_RefsAreNotLife(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	id := spawn(t, ctx, idle()).ID()
	require.Equal(t, actor.Running, sys.Lookup(id).Status())
	r := spawn(t, ctx, idle())
	r.Stop()
	require.NoError(t, waitEnd(t, r))
	require.Equal(t, actor.Stopped, r.Status())
}

// Every method of the zero Ref: an error or nothing, never a panic.
func TestZeroRef(t *testing.T) {
	ctx := context.Background()
	var r actor.Ref[int]
	require.True(t, r.IsZero())
	require.True(t, r.Any().IsZero())
	require.Zero(t, r.ID())
	require.Empty(t, r.Name())
	require.Equal(t, actor.Unstarted, r.Status())
	require.True(t, r.Parent().IsZero())
	require.Equal(t, "<no actor>", r.String())
	require.Equal(t, "<no actor>", r.LogValue().String())
	require.Nil(t, r.System())
	r.Stop()
	r.StopWith(errTest)
	r.Kill()
	r.Drain()
	for name, err := range map[string]error{
		"Cast":         r.Cast(ctx, 1),
		"Wait":         r.Wait(ctx),
		"StopAndWait":  r.StopAndWait(ctx),
		"KillAndWait":  r.KillAndWait(ctx),
		"DrainAndWait": r.DrainAndWait(ctx),
		"StopTree":     r.StopTree(ctx),
		"StopAfter":    r.StopAfter(1).Err(),
		"KillAfter":    r.KillAfter(1).Err(),
		"CastAfter":    r.CastAfter(1, 1).Err(),
		"CastEvery":    r.CastEvery(1, 1).Err(),
		"Link":         actor.Link(r.Any(), r.Any()),
		"Adapt":        actor.Adapt(r, func(s string) int { return len(s) }).Cast(ctx, "x"),
		"Request":      actor.Request(ctx, r, 1, nil),
	} {
		require.ErrorIs(t, err, actor.ErrNoActor, name)
	}
	require.False(t, r.StopAfter(1).Cancel())
	require.False(t, actor.Timer{}.Cancel())
	require.ErrorIs(t, actor.Timer{}.Err(), actor.ErrNoActor)
	_, ok := actor.OnStopping(r.Any(), func() {})
	require.False(t, ok)
	require.False(t, actor.RunsHere(r.Any()))
	sysCtx, sys := newSystem(t, actor.Config{})
	_, err := actor.Spawn(sysCtx, idle(), actor.LinkedTo(r.Any()))
	require.ErrorIs(t, err, actor.ErrNoActor)
	sys.DeadLetters(actor.Ref[actor.DeadLetter]{}).Cancel()
}

func TestRefsInLogs(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	named, plain := spawn(t, ctx, idle(), actor.Named("bowser")), spawn(t, ctx, idle())
	require.Equal(t, fmt.Sprintf("bowser<%x>", uint64(named.ID())), named.String())
	require.Equal(t, fmt.Sprintf("<%x>", uint64(plain.ID())), plain.String())
	require.Equal(t, named.String(), fmt.Sprint(named))
	require.Equal(t, named.String(), fmt.Sprint(named.Any()))
	var buf bytes.Buffer
	slog.New(slog.NewTextHandler(&buf, nil)).Info("hello", "who", named)
	require.Contains(t, buf.String(), "who.ref="+named.String())
	require.Contains(t, buf.String(), "who.behaviour=")
}

// self asks an actor's Ref of the id table.
func self(t testing.TB, r actor.Ref[int]) actor.Ref[int] {
	t.Helper()
	self, ok := actor.As[int](r.System().Lookup(r.ID()))
	require.True(t, ok)
	return self
}
