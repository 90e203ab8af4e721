package pg_test

import (
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// others are n groups of ten scopes.
func others(t testing.TB, n int) (more []pg.Group[int]) {
	t.Helper()
	for i := range n {
		more = append(more, pg.Group[int]{Scope: "scope " + strconv.Itoa(i%10), Name: strconv.Itoa(i)})
	}
	return more
}

// Joining, leaving, ending and whatever else concerns a group touches no other
// one: all others are locked meanwhile, and nobody waits.
func TestOtherGroupsAreNotTouched(t *testing.T) {
	ctx, sys := start(t)
	stays, mon := idle(ctx, t), record(ctx, t)
	for _, g := range others(t, 2000) {
		require.NoError(t, g.Join(ctx, stays))
		require.NoError(t, g.Monitor(ctx, mon.ref))
	}
	mine := []pg.Group[int]{lobby, chess, {Scope: "scope 1", Name: "another"}}
	all := idles(ctx, t, 60)
	for _, g := range mine { // so that they are there
		require.NoError(t, g.Join(ctx, stays))
	}
	unlock := pg.LockOthers(sys, mine...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var wg sync.WaitGroup
		for i, r := range all {
			wg.Go(func() {
				for n := range 20 {
					g := mine[(i+n)%len(mine)]
					_ = g.Join(ctx, r, stays)
					_ = g.Monitor(ctx, mon.ref)
					_, _ = g.Cast(ctx, 1)
					_, _ = g.Pick(ctx)
					_, _ = g.PickKey(ctx, "k")
					_ = members(ctx, g)
					g.Unmonitor(ctx, mon.ref)
					if n%2 == 0 {
						_ = g.Leave(ctx, r)
					}
				}
				r.Kill()
			})
		}
		wg.Wait()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		t.Error("somebody waits for another group")
	}
	unlock()
	<-done
	for _, g := range mine {
		require.Equal(t, ids(stays), members(ctx, g))
	}
}

// A join and a leave allocate as much among very many groups as they do alone,
// and so does an end, for each group that it leaves.
func TestCostDoesNotDependOnTheGroups(t *testing.T) {
	ctx, _ := start(t)
	a, stays := idle(ctx, t), idle(ctx, t)
	require.NoError(t, cards.Join(ctx, stays))
	cost := func() (there, made, ended float64) {
		there = testing.AllocsPerRun(500, func() {
			_ = cards.Join(ctx, a)
			_ = cards.Leave(ctx, a)
		})
		made = testing.AllocsPerRun(500, func() { // the group comes and goes
			_ = lobby.Join(ctx, a)
			_ = lobby.Leave(ctx, a)
		})
		ended = testing.AllocsPerRun(200, func() {
			r, _ := actor.Spawn(ctx, actor.Func(handleInt))
			_ = cards.Join(ctx, r)
			_ = chess.Join(ctx, r)
			r.Kill()
			_ = r.KillAndWait(ctx)
		})
		return there, made, ended
	}
	there, made, ended := cost()
	for _, g := range others(t, 20_000) {
		require.NoError(t, g.Join(ctx, stays))
	}
	there2, made2, ended2 := cost()
	require.InDelta(t, there, there2, 1)
	require.InDelta(t, made, made2, 2)
	require.InDelta(t, ended, ended2, 5) // the actor's own vary
}
