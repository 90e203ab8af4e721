package pg_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// G3: who leaves is gone; who is no member is not told of; a group without
// members is in no listing, though it still has a monitor, and is told of again
// when it comes back.
func TestG3_Leave(t *testing.T) {
	ctx, sys := start(t)
	all, stranger, mon, scope := idles(ctx, t, 4), idle(ctx, t), record(ctx, t), record(ctx, t)
	require.NoError(t, chess.Monitor(ctx, mon.ref))
	require.NoError(t, pg.MonitorScope(ctx, "games", scope.ref))
	require.NoError(t, chess.Leave(ctx, stranger), "there is no group")
	require.NoError(t, chess.Join(ctx, all...))
	require.NoError(t, chess.Leave(ctx, stranger))
	require.NoError(t, chess.Leave(ctx, all[1], stranger, all[0], all[1]), "of these two are there")
	require.NoError(t, chess.Leave(ctx, all[0]), "not any more")
	require.Equal(t, ids(all[2:]...), members(ctx, chess))
	end(ctx, t, all[2])
	require.NoError(t, chess.Leave(ctx, all[2]), "its end was faster")
	require.NoError(t, chess.Leave(ctx, all...))
	require.Empty(t, members(ctx, chess))
	for name := range pg.Groups(ctx, "games") {
		t.Errorf("%s has no member", name)
	}
	require.Equal(t, 1, pg.LeftIn(sys).Groups, "it is monitored")
	require.NoError(t, chess.Join(ctx, all[3]))
	want := []string{
		joined(chess, all...), left(chess, all[:2]...), left(chess, all[2]), left(chess, all[3]), joined(chess, all[3]),
	}
	require.Equal(t, want, mon.take(ctx, t))
	require.Equal(t, want, scope.take(ctx, t))
}

// G2, G3, G4, G11: the same actors are joined, taken out and killed by many at
// once, in groups that come and go, while monitors come and go. Whatever the
// order was, each monitor is told of joins and leaves that strictly alternate for
// each group and member, beginning with a join (view sees to that), and what it
// knows in the end is what is.
func TestJoinsAndLeavesAlternate(t *testing.T) {
	for seed := range uint64(15) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const changers, rounds, each = 5, 3, 150
			ctx, sys := start(t)
			groups := []pg.Group[int]{lobby, chess, cards}
			var actors [6]atomic.Pointer[actor.Ref[int]]
			renew := func(i int) {
				r := idle(ctx, t)
				if old := actors[i].Swap(&r); old != nil {
					old.Kill()
				}
			}
			for i := range actors {
				renew(i)
			}
			covers := []struct {
				begin, end func(to actor.Ref[pg.Event])
				groups     []pg.Group[int]
			}{
				{
					func(to actor.Ref[pg.Event]) { _ = lobby.Monitor(ctx, to) },
					func(to actor.Ref[pg.Event]) { lobby.Unmonitor(ctx, to) }, groups[:1],
				},
				{
					func(to actor.Ref[pg.Event]) { _ = pg.MonitorScope(ctx, "games", to) },
					func(to actor.Ref[pg.Event]) { pg.UnmonitorScope(ctx, "games", to) }, groups[1:],
				},
				{
					func(to actor.Ref[pg.Event]) { _ = pg.MonitorScope(ctx, pg.AllScopes, to) },
					func(to actor.Ref[pg.Event]) { pg.UnmonitorScope(ctx, pg.AllScopes, to) }, groups,
				},
			}
			var early []*recorder // hear everything
			for _, c := range covers {
				early = append(early, record(ctx, t))
				c.begin(early[len(early)-1].ref)
			}
			known := []view{{}, {}, {}}
			for round := range rounds {
				var wg sync.WaitGroup
				late := make([]*recorder, len(covers)) // come in the middle; some go, too
				for w := range changers {
					rnd := rand.New(rand.NewPCG(seed, uint64(round*changers+w)))
					wg.Go(func() {
						for range each {
							g := groups[rnd.IntN(len(groups))]
							some := make([]actor.Ref[int], 1+rnd.IntN(3))
							for i := range some {
								some[i] = *actors[rnd.IntN(len(actors))].Load()
							}
							switch op := rnd.IntN(20); {
							case op < 10:
								_ = g.Join(ctx, some...)
							case op < 19:
								_ = g.Leave(ctx, some...)
							default:
								renew(rnd.IntN(len(actors)))
							}
						}
					})
				}
				for i, c := range covers {
					late[i] = record(ctx, t)
					wg.Go(func() {
						other := record(ctx, t)
						for range 10 {
							c.begin(other.ref)
							c.end(other.ref)
						}
						c.begin(late[i].ref)
						_ = other.ref.KillAndWait(ctx)
					})
				}
				wg.Wait()
				for i, c := range covers {
					fresh := view{}
					for _, ev := range early[i].events(ctx, t) {
						known[i].apply(t, ev)
					}
					for _, ev := range late[i].events(ctx, t) {
						fresh.apply(t, ev)
					}
					for _, g := range c.groups {
						require.Equal(t, members(ctx, g), known[i].of(g), "early, %v", g)
						require.Equal(t, members(ctx, g), fresh.of(g), "late, %v", g)
					}
					require.NoError(t, late[i].ref.KillAndWait(ctx))
				}
			}
			require.Equal(t, len(covers), pg.LeftIn(sys).Monitors)
		})
	}
}
