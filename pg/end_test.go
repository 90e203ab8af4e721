package pg_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// G4: whatever ends a member, when its end can be seen it has left all groups,
// each with one event.
func TestG4_AnEndLeavesAllGroups(t *testing.T) {
	doers := []pg.Group[do]{{Name: "a"}, {Name: "b"}, {Scope: "s", Name: "a"}}
	for name, how := range map[string]func(ctx context.Context, r actor.Ref[do]){
		"stop":  func(_ context.Context, r actor.Ref[do]) { r.Stop() },
		"kill":  func(_ context.Context, r actor.Ref[do]) { r.Kill() },
		"drain": func(_ context.Context, r actor.Ref[do]) { r.Drain() },
		"failure": func(ctx context.Context, r actor.Ref[do]) {
			_ = r.Cast(ctx, func(*actor.Context[do]) error { return errors.New("failed") })
		},
		"panic": func(ctx context.Context, r actor.Ref[do]) {
			_ = r.Cast(ctx, func(*actor.Context[do]) error { panic("on purpose") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := start(t)
			stays, ends, mon := doer(ctx, t), doer(ctx, t), record(ctx, t)
			for _, g := range doers {
				require.NoError(t, g.Join(ctx, stays, ends))
			}
			require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref))
			require.Len(t, mon.take(ctx, t), len(doers))
			how(ctx, ends)
			_ = ends.Wait(ctx)
			for _, g := range doers {
				require.Equal(t, ids(stays), members(ctx, g))
			}
			require.ElementsMatch(t, []string{left(doers[0], ends), left(doers[1], ends), left(doers[2], ends)}, mon.take(ctx, t))
		})
	}
}

// When Kill returns the member has left, though its callback still runs.
func TestG4_KillLeavesAtOnce(t *testing.T) {
	ctx, _ := start(t)
	g := pg.Group[do]{Name: "g"}
	r, there, gate := doer(ctx, t), make(chan struct{}), make(chan struct{})
	require.NoError(t, g.Join(ctx, r))
	require.NoError(t, r.Cast(ctx, func(*actor.Context[do]) error { close(there); <-gate; return nil }))
	<-there
	r.Kill()
	require.Empty(t, members(ctx, g))
	close(gate)
	require.NoError(t, r.KillAndWait(ctx))
}

type stopper struct{ inGroup chan int }

func (s stopper) Handle(*actor.Context[int], int) error { return nil }
func (s stopper) PostStop(ctx *actor.Context[int]) error {
	s.inGroup <- len(members(ctx, lobby))
	if err := lobby.Join(ctx, ctx.Self()); err != nil {
		return err
	}
	s.inGroup <- len(members(ctx, lobby))
	return nil
}

func TestG4_StopLeavesBeforePostStop(t *testing.T) {
	ctx, _ := start(t)
	s := stopper{make(chan int, 2)}
	r, err := actor.Spawn(ctx, s)
	require.NoError(t, err)
	require.NoError(t, lobby.Join(ctx, r))
	require.NoError(t, r.StopAndWait(ctx))
	require.Zero(t, <-s.inGroup)
	require.Zero(t, <-s.inGroup, "and joins no more")
}

// G4: an end undoes the actor's own relations only.
func TestG4_AnEndIsNobodyElses(t *testing.T) {
	ctx, sys := start(t)
	both, other := record(ctx, t), record(ctx, t)
	events := pg.Group[pg.Event]{Name: "events"} // they monitor and are members
	require.NoError(t, events.Join(ctx, both.ref, other.ref))
	require.NoError(t, lobby.Monitor(ctx, both.ref))
	require.NoError(t, lobby.Monitor(ctx, other.ref))
	require.NoError(t, events.Monitor(ctx, other.ref))
	require.NoError(t, both.ref.KillAndWait(ctx))
	require.Equal(t, ids(other.ref), members(ctx, events))
	a := idle(ctx, t)
	require.NoError(t, lobby.Join(ctx, a))
	require.Equal(t, []string{joined(events, both.ref, other.ref), left(events, both.ref), joined(lobby, a)}, other.take(ctx, t))
	require.Equal(t, 1, pg.LeftIn(sys).Monitors)
}

type failing struct{ seen *int }

func (failing) Handle(*actor.Context[int], int) error { return nil }
func (f failing) PreStart(ctx *actor.Context[int]) error {
	if err := lobby.Join(ctx, ctx.Self()); err != nil {
		return err
	}
	*f.seen = len(members(ctx, lobby))
	return errors.New("no start")
}

func TestAStartThatFailsLeavesNoGhost(t *testing.T) {
	ctx, sys := start(t)
	var seen int
	_, err := actor.Spawn(ctx, failing{&seen})
	require.Error(t, err)
	require.Equal(t, 1, seen)
	require.Empty(t, members(ctx, lobby))
	require.Zero(t, pg.LeftIn(sys))
}

// G5: joins race with the end. However they fall, no dead member stays.
func TestG5_NoGhosts(t *testing.T) {
	ctx, sys := start(t)
	mon := record(ctx, t)
	require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref))
	groups := []pg.Group[int]{lobby, chess, cards}
	ghosts := 0
	for range 300 {
		r := idle(ctx, t)
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for _, g := range groups {
			wg.Go(func() {
				<-begin
				_ = g.Join(ctx, r)
				_ = g.Leave(ctx, r)
				_ = g.Join(ctx, r)
			})
		}
		wg.Go(func() { <-begin; r.Kill() })
		close(begin)
		wg.Wait()
		for _, g := range groups {
			ghosts += len(members(ctx, g))
		}
	}
	require.Zero(t, ghosts)
	require.Equal(t, pg.Left{Monitors: 1, Listeners: 1}, pg.LeftIn(sys))
	v := view{}
	for _, ev := range mon.events(ctx, t) {
		v.apply(t, ev)
	}
	for _, g := range groups {
		require.Empty(t, v.of(g))
	}
}

// G5: the narrowest place, at every time.
func TestG5_AnEndBetweenLookingAndJoining(t *testing.T) {
	ctx, sys := start(t)
	a, mon, b := idle(ctx, t), record(ctx, t), idle(ctx, t)
	pg.JoinIn(sys, lobby, a, func() { end(ctx, t, a) })
	require.Empty(t, members(ctx, lobby))
	require.NoError(t, lobby.Join(ctx, b))
	one, all := pg.MonitorIn(sys, lobby, mon.ref, func() { require.NoError(t, mon.ref.KillAndWait(ctx)) })
	require.ErrorIs(t, one, actor.ErrStopped)
	require.ErrorIs(t, all, actor.ErrStopped)
	require.Equal(t, pg.Left{Scopes: 1, Groups: 1, Peers: 1, Memberships: 1}, pg.LeftIn(sys))
}

// G5: the same for monitors.
func TestG5_NoGhostMonitors(t *testing.T) {
	ctx, sys := start(t)
	a := idle(ctx, t)
	require.NoError(t, lobby.Join(ctx, a))
	for range 300 {
		mon := record(ctx, t)
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for _, f := range []func(){
			func() { _ = lobby.Monitor(ctx, mon.ref) },
			func() { _ = pg.MonitorScope(ctx, "games", mon.ref) },
			func() { _ = pg.MonitorScope(ctx, pg.AllScopes, mon.ref) },
			func() { pg.UnmonitorScope(ctx, pg.AllScopes, mon.ref) },
			func() { lobby.Unmonitor(ctx, mon.ref) },
			func() { mon.ref.Kill() },
		} {
			wg.Go(func() { <-begin; f() })
		}
		close(begin)
		wg.Wait()
	}
	require.Equal(t, pg.Left{Scopes: 1, Groups: 1, Peers: 1, Memberships: 1}, pg.LeftIn(sys))
}

// Each of many members that end at once leaves exactly once.
func TestManyEndAtOnce(t *testing.T) {
	ctx, sys := start(t)
	const n = 3000
	all, mon := idles(ctx, t, n), record(ctx, t)
	require.NoError(t, lobby.Join(ctx, all...))
	require.NoError(t, lobby.Monitor(ctx, mon.ref))
	for _, r := range all {
		r.Stop()
	}
	for _, r := range all {
		require.NoError(t, r.Wait(ctx))
	}
	require.Empty(t, members(ctx, lobby))
	v := view{}
	events := mon.events(ctx, t)
	require.Len(t, events, n+1)
	for _, ev := range events {
		v.apply(t, ev)
	}
	require.Empty(t, v.of(lobby))
	require.Equal(t, pg.Left{Scopes: 1, Groups: 1, Monitors: 1}, pg.LeftIn(sys))
}
