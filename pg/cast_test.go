package pg_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

func TestG12_CastGoesToAll(t *testing.T) {
	ctx, _ := start(t)
	var sum atomic.Int64
	var all []actor.Ref[int]
	for range 100 {
		r, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], n int) error { sum.Add(int64(n)); return nil }))
		require.NoError(t, err)
		all = append(all, r)
	}
	n, err := lobby.Cast(ctx, 1)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, lobby.Join(ctx, all...))
	n, err = lobby.Cast(ctx, 3)
	require.NoError(t, err)
	require.Equal(t, 100, n)
	require.NoError(t, lobby.Leave(ctx, all[:50]...))
	n, err = lobby.Cast(ctx, 5)
	require.NoError(t, err)
	require.Equal(t, 50, n)
	for _, r := range all {
		require.NoError(t, r.DrainAndWait(ctx))
	}
	require.EqualValues(t, 100*3+50*5, sum.Load())
}

func TestCastNamesWhoRefuses(t *testing.T) {
	ctx, _ := start(t)
	g := pg.Group[do]{Name: "g"}
	gate := make(chan struct{})
	busy := func() actor.Ref[do] {
		r, there := doer(ctx, t, actor.Bounded(1, actor.Refuse)), make(chan struct{})
		require.NoError(t, r.Cast(ctx, func(*actor.Context[do]) error { close(there); <-gate; return nil }))
		<-there
		require.NoError(t, r.Cast(ctx, func(*actor.Context[do]) error { return nil }))
		return r
	}
	full, fuller, free := busy(), busy(), doer(ctx, t)
	require.NoError(t, g.Join(ctx, full, free, fuller))
	n, err := g.Cast(ctx, func(*actor.Context[do]) error { return nil })
	require.Equal(t, 1, n)
	require.ErrorIs(t, err, actor.ErrMailboxFull)
	require.ErrorContains(t, err, "group default/g: 2 of 3 members refused, the first was "+full.String())
	close(gate)
}

// A monitor whose mailbox has no room gets every event all the same, in order,
// and nobody waits for it. Its end ends that.
func TestAFullMonitorLosesNothing(t *testing.T) {
	for name, rule := range map[string]actor.Overflow{"refuse": actor.Refuse, "wait for room": actor.WaitForRoom} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sys, err := actor.NewSystem(actor.Config{})
				require.NoError(t, err)
				ctx := actor.WithSystem(context.Background(), sys)
				gate, got := make(chan struct{}), make(chan pg.Event, 100)
				mon, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[pg.Event], ev pg.Event) error {
					<-gate
					got <- ev
					return nil
				}), actor.Bounded(2, rule))
				require.NoError(t, err)
				a := idle(ctx, t)
				require.NoError(t, lobby.Monitor(ctx, mon))
				began := time.Now()
				const rounds = 20
				for range rounds {
					require.NoError(t, lobby.Join(ctx, a))
					require.NoError(t, lobby.Leave(ctx, a))
				}
				require.Zero(t, time.Since(began), "nobody waits")
				close(gate)
				for range rounds {
					require.Equal(t, joined(lobby, a), show(<-got))
					require.Equal(t, left(lobby, a), show(<-got))
				}
				require.NoError(t, mon.KillAndWait(ctx))
				require.NoError(t, sys.Shutdown(ctx))
				require.Zero(t, pg.LeftIn(sys))
			})
		})
	}
}

// What comes while the mailbox is found full comes after what was refused.
func TestAFullMonitorKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		gate, got := make(chan struct{}), make(chan pg.Event, 10)
		mon, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[pg.Event], ev pg.Event) error {
			<-gate
			got <- ev
			return nil
		}), actor.Bounded(1, actor.Refuse))
		require.NoError(t, err)
		all := idles(ctx, t, 4)
		n := 0
		require.NoError(t, lobby.Monitor(ctx, actor.Adapt(mon, func(ev pg.Event) pg.Event {
			if n++; n == 3 { // one is being handled, one waits
				require.NoError(t, lobby.Join(ctx, all[3]))
			}
			return ev
		})))
		for _, r := range all[:3] {
			require.NoError(t, lobby.Join(ctx, r))
			synctest.Wait()
		}
		close(gate)
		for _, r := range all {
			require.Equal(t, joined(lobby, r), show(<-got))
		}
		require.NoError(t, sys.Shutdown(ctx))
	})
}

func TestAFullMonitorEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		mon, err := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[pg.Event], _ pg.Event) error {
			<-ctx.Done()
			return nil
		}), actor.Bounded(1, actor.Refuse))
		require.NoError(t, err)
		all := idles(ctx, t, 10)
		require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon))
		for _, r := range all {
			require.NoError(t, lobby.Join(ctx, r))
		}
		time.Sleep(time.Minute) // of the bubble: it tries, and waits again, to no effect
		require.NoError(t, mon.KillAndWait(ctx))
		require.NoError(t, lobby.Leave(ctx, all...))
		require.Zero(t, pg.LeftIn(sys).Monitors+pg.LeftIn(sys).Listeners+pg.LeftIn(sys).Groups)
		require.NoError(t, sys.Shutdown(ctx))
	})
}

// What an abandoned callback does has no effect.
func TestAnAbandonedCallbackChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		a, mon, gate, errs := idle(ctx, t), record(ctx, t), make(chan struct{}), make(chan error, 4)
		require.NoError(t, chess.Join(ctx, a))
		require.NoError(t, lobby.Monitor(ctx, mon.ref))
		r := doer(ctx, t)
		require.NoError(t, r.Cast(ctx, func(*actor.Context[do]) error {
			<-gate
			errs <- lobby.Join(ctx, a)
			errs <- chess.Leave(ctx, a)
			errs <- lobby.Monitor(ctx, mon.ref)
			lobby.Unmonitor(ctx, mon.ref)
			_, err := chess.Cast(ctx, 1)
			errs <- err
			return nil
		}))
		synctest.Wait()
		require.NoError(t, r.KillAndWait(ctx)) // after KillGrace
		close(gate)
		for range 4 {
			require.ErrorIs(t, <-errs, actor.ErrKilled)
		}
		require.Equal(t, ids(a), members(ctx, chess))
		require.NoError(t, lobby.Join(ctx, a))
		require.Equal(t, []string{joined(lobby, a)}, mon.take(ctx, t))
		synctest.Wait()
		require.NoError(t, sys.Shutdown(ctx))
	})
}
