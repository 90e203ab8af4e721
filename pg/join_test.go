package pg_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

var (
	lobby = pg.Group[int]{Name: "lobby"}
	chess = pg.Group[int]{Scope: "games", Name: "chess"}
	cards = pg.Group[int]{Scope: "games", Name: "lobby"} // the same name elsewhere
)

func TestG1_JoinAndLeave(t *testing.T) {
	ctx, _ := start(t)
	a, b := idle(ctx, t), idle(ctx, t)
	for _, g := range []pg.Group[int]{lobby, chess, cards} {
		require.Empty(t, members(ctx, g))
		require.NoError(t, g.Join(ctx, a))
		require.Equal(t, ids(a), members(ctx, g))
		require.NoError(t, g.Join(ctx, a, b, b))
		require.Equal(t, ids(a, b), members(ctx, g))
	}
	require.NoError(t, lobby.Leave(ctx, a))
	require.NoError(t, lobby.Leave(ctx, a))
	require.Equal(t, ids(b), members(ctx, lobby))
	require.Equal(t, ids(a, b), members(ctx, chess))
	require.Equal(t, ids(a, b), members(ctx, cards))
	require.NoError(t, lobby.Join(ctx))
	require.NoError(t, lobby.Leave(ctx))
	require.NoError(t, pg.Group[int]{Name: "nobody's"}.Leave(ctx, a))
}

func TestZeroScopeIsTheDefaultScope(t *testing.T) {
	ctx, _ := start(t)
	a := idle(ctx, t)
	require.NoError(t, lobby.Join(ctx, a))
	require.Equal(t, ids(a), members(ctx, pg.Group[int]{Scope: pg.DefaultScope, Name: "lobby"}))
	require.Equal(t, "default/lobby", lobby.String())
}

func TestG1_TheDeadAndTheStoppingJoinNothing(t *testing.T) {
	ctx, sys := start(t)
	dead := idle(ctx, t)
	end(ctx, t, dead)
	require.NoError(t, lobby.Join(ctx, dead))
	require.Zero(t, pg.LeftIn(sys), "no group, no record")

	stopping, there, gate := doer(ctx, t), make(chan struct{}), make(chan struct{})
	require.NoError(t, stopping.Cast(ctx, func(*actor.Context[do]) error { close(there); <-gate; return nil }))
	<-there
	stopping.Kill()
	require.Equal(t, actor.Stopping, stopping.Status())
	doers := pg.Group[do]{Name: "doers"}
	require.NoError(t, doers.Join(ctx, stopping))
	require.Zero(t, pg.LeftIn(sys))
	close(gate)

	alive := idle(ctx, t)
	require.NoError(t, lobby.Join(ctx, dead, alive))
	require.Equal(t, ids(alive), members(ctx, lobby))
}

func TestG1_TheDrainingMayJoin(t *testing.T) {
	ctx, _ := start(t)
	r, there, gate := doer(ctx, t), make(chan struct{}), make(chan struct{})
	require.NoError(t, r.Cast(ctx, func(*actor.Context[do]) error { close(there); <-gate; return nil }))
	<-there
	r.Drain()
	doers := pg.Group[do]{Name: "doers"}
	require.NoError(t, doers.Join(ctx, r))
	require.Equal(t, ids(r), members(ctx, doers))
	n, err := doers.Cast(ctx, nil)
	require.NoError(t, err)
	require.Zero(t, n, "it takes no messages")
	close(gate)
	require.NoError(t, r.Wait(ctx))
	require.Empty(t, members(ctx, doers))
}

// G1, G2: a set of actors, whatever Ref they come by; nothing is told twice.
func TestG2_MembersAreASetOfActors(t *testing.T) {
	ctx, _ := start(t)
	mon := record(ctx, t)
	require.NoError(t, lobby.Monitor(ctx, mon.ref))
	a := idle(ctx, t, actor.Named("a"))
	byName := actor.ByName[int](ctx, "a")
	adapted := actor.Adapt(a, func(s int) int { return s + 1 })
	require.NoError(t, lobby.Join(ctx, a, a))
	require.NoError(t, lobby.Join(ctx, byName, adapted, a))
	require.Equal(t, ids(a), members(ctx, lobby))
	require.NoError(t, lobby.Leave(ctx, adapted))
	require.Empty(t, members(ctx, lobby))
	require.Equal(t, []string{joined(lobby, a), left(lobby, a)}, mon.take(ctx, t))
}

func TestAnAdaptedRefJoinsTheActorBehindIt(t *testing.T) {
	ctx, _ := start(t)
	got := make(chan string, 1)
	a, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], s string) error { got <- s; return nil }))
	require.NoError(t, err)
	adapted := actor.Adapt(a, func(n int) string { return string(rune('a' + n)) })
	require.NoError(t, lobby.Join(ctx, adapted))
	n, err := lobby.Cast(ctx, 2)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "c", recv(ctx, t, got))
	require.NoError(t, a.KillAndWait(ctx))
	require.Empty(t, members(ctx, lobby))
}

func TestANameJoinsWhoHasItNow(t *testing.T) {
	ctx, sys := start(t)
	name := actor.ByName[int](ctx, "n")
	require.ErrorIs(t, lobby.Join(ctx, name), actor.ErrNotFound)
	first := idle(ctx, t, actor.Named("n"))
	require.NoError(t, lobby.Join(ctx, name))
	end(ctx, t, first)
	idle(ctx, t, actor.Named("n"))
	require.Empty(t, members(ctx, lobby), "the next one has not joined")
	require.Zero(t, pg.LeftIn(sys))
}

// Everything belongs to a System: that of the members, and that of ctx.
func TestSystemsShareNothing(t *testing.T) {
	ctx1, _ := start(t)
	ctx2, _ := start(t)
	a, b := idle(ctx1, t), idle(ctx2, t)
	require.NoError(t, lobby.Join(ctx1, a, b))
	require.Equal(t, ids(a), members(ctx1, lobby))
	require.Equal(t, ids(b), members(ctx2, lobby))
	require.NoError(t, lobby.Leave(ctx1, a, b))
	require.Empty(t, members(ctx1, lobby))
	require.Empty(t, members(ctx2, lobby))
}

// Without a System there is nothing, and no error but for who wants to monitor.
func TestNoSystem(t *testing.T) {
	ctx, _ := start(t)
	mon := record(ctx, t)
	none := context.Background()
	require.Empty(t, members(none, lobby))
	require.Empty(t, slices.Collect(pg.Scopes(none)))
	require.Empty(t, slices.Collect(pg.Groups(none, pg.AllScopes)))
	n, err := lobby.Cast(none, 1)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = lobby.Pick(none)
	require.ErrorIs(t, err, pg.ErrNoMember)
	require.ErrorIs(t, lobby.Monitor(none, mon.ref), actor.ErrSystemShutDown)
	require.ErrorIs(t, pg.MonitorScope(none, "x", mon.ref), actor.ErrSystemShutDown)
	lobby.Unmonitor(none, mon.ref)
	pg.UnmonitorScope(none, "x", mon.ref)
}

// A group dies with its last member and is made anew by the next one, at every
// moment: a member that has joined is there.
func TestJoinWhileTheGroupDies(t *testing.T) {
	ctx, sys := start(t)
	var wg sync.WaitGroup
	for _, r := range idles(ctx, t, 4) {
		wg.Go(func() {
			for range 3000 {
				if err := lobby.Join(ctx, r); err != nil || !slices.Contains(members(ctx, lobby), r.ID()) {
					t.Errorf("%v has joined and is not there: %v", r, err)
					return
				}
				if err := lobby.Leave(ctx, r); err != nil || slices.Contains(members(ctx, lobby), r.ID()) {
					t.Errorf("%v has left and is there: %v", r, err)
					return
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, pg.LeftIn(sys).Groups)
	require.Zero(t, pg.LeftIn(sys).Scopes)
}
