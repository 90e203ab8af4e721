package pg_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

func TestBadNames(t *testing.T) {
	ctx, sys := start(t)
	a, mon := idle(ctx, t), record(ctx, t)
	for _, g := range []pg.Group[int]{{}, {Scope: "s"}, {Scope: pg.AllScopes, Name: "n"}} {
		require.ErrorIs(t, g.Join(ctx, a), pg.ErrName)
		require.ErrorIs(t, g.Leave(ctx, a), pg.ErrName)
		require.ErrorIs(t, g.Monitor(ctx, mon.ref), pg.ErrName)
		g.Unmonitor(ctx, mon.ref)
		_, err := g.Cast(ctx, 1)
		require.ErrorIs(t, err, pg.ErrName)
		_, err = g.Pick(ctx)
		require.ErrorIs(t, err, pg.ErrName)
		_, err = g.PickKey(ctx, "k")
		require.ErrorIs(t, err, pg.ErrName)
		require.Empty(t, members(ctx, g))
	}
	require.ErrorIs(t, pg.MonitorScope(ctx, "", mon.ref), pg.ErrName)
	pg.UnmonitorScope(ctx, "", mon.ref)
	require.Zero(t, pg.LeftIn(sys))
}

func TestNoActorAndNilContext(t *testing.T) {
	var none context.Context
	ctx, sys := start(t)
	a, mon := idle(ctx, t), record(ctx, t)
	var nobody actor.Ref[int]
	require.ErrorIs(t, lobby.Join(ctx, a, nobody), actor.ErrNoActor)
	require.ErrorContains(t, lobby.Join(ctx, a, nobody), "member 2 of 2")
	require.Empty(t, members(ctx, lobby), "all or none")
	require.ErrorIs(t, lobby.Leave(ctx, nobody), actor.ErrNoActor)
	require.ErrorIs(t, lobby.Monitor(ctx, actor.Ref[pg.Event]{}), actor.ErrNoActor)
	require.ErrorIs(t, pg.MonitorScope(ctx, "s", actor.Ref[pg.Event]{}), actor.ErrNoActor)

	require.ErrorIs(t, lobby.Join(none, a), actor.ErrNilContext)
	require.ErrorIs(t, lobby.Leave(none, a), actor.ErrNilContext)
	require.ErrorIs(t, lobby.Monitor(none, mon.ref), actor.ErrNilContext)
	require.ErrorIs(t, pg.MonitorScope(none, "s", mon.ref), actor.ErrNilContext)
	_, err := lobby.Pick(none)
	require.ErrorIs(t, err, actor.ErrNilContext)
	require.Empty(t, members(none, lobby))
	require.Empty(t, slices.Collect(pg.Scopes(none)))
	require.Empty(t, slices.Collect(pg.Groups(none, "s")))
	lobby.Unmonitor(none, mon.ref)
	pg.UnmonitorScope(none, "s", mon.ref)
	require.Zero(t, pg.LeftIn(sys))
}

func TestADeadMonitor(t *testing.T) {
	ctx, sys := start(t)
	mon := record(ctx, t)
	require.NoError(t, mon.ref.KillAndWait(ctx))
	require.ErrorIs(t, lobby.Monitor(ctx, mon.ref), actor.ErrStopped)
	require.ErrorIs(t, pg.MonitorScope(ctx, "s", mon.ref), actor.ErrStopped)
	require.ErrorIs(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref), actor.ErrStopped)
	require.Zero(t, pg.LeftIn(sys))
}

// A name means one message type: the second user is told, and nothing is lost
// silently; when the first has gone the name is free.
func TestTwoMessageTypes(t *testing.T) {
	ctx, sys := start(t)
	other := pg.Group[do]{Name: lobby.Name}
	a, d, mon := idle(ctx, t), doer(ctx, t), record(ctx, t)
	wrong := func() {
		require.ErrorIs(t, other.Join(ctx, d), actor.ErrWrongType)
		require.ErrorContains(t, other.Join(ctx, d), "default/lobby is of int, not of pg_test.do")
		require.ErrorIs(t, other.Leave(ctx, d), actor.ErrWrongType)
		_, err := other.Cast(ctx, nil)
		require.ErrorIs(t, err, actor.ErrWrongType)
		_, err = other.Pick(ctx)
		require.ErrorIs(t, err, actor.ErrWrongType)
		_, err = other.PickKey(ctx, "k")
		require.ErrorIs(t, err, actor.ErrWrongType)
		require.ErrorIs(t, other.Monitor(ctx, mon.ref), actor.ErrWrongType)
		require.Empty(t, members(ctx, other))
	}
	require.NoError(t, lobby.Join(ctx, a))
	wrong()
	require.Equal(t, ids(a), members(ctx, lobby))
	dead := doer(ctx, t)
	require.NoError(t, dead.KillAndWait(ctx))
	require.ErrorIs(t, other.Join(ctx, dead), actor.ErrWrongType)

	require.NoError(t, lobby.Monitor(ctx, mon.ref))
	require.NoError(t, lobby.Leave(ctx, a))
	wrong() // a monitor is a user too
	lobby.Unmonitor(ctx, mon.ref)
	require.NoError(t, other.Join(ctx, d))
	require.ErrorIs(t, lobby.Join(ctx, a), actor.ErrWrongType)
	require.NoError(t, other.Leave(ctx, d))
	require.Zero(t, pg.LeftIn(sys).Groups)
	require.Zero(t, pg.LeftIn(sys).Monitors)
}
