package pg_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

func TestG8_AGroupOfAnyScope(t *testing.T) {
	ctx, sys := start(t)
	a, b, mon := idle(ctx, t), idle(ctx, t), record(ctx, t)
	for _, g := range []pg.Group[int]{lobby, chess} {
		require.NoError(t, g.Monitor(ctx, mon.ref), "it need not be there")
		require.NoError(t, g.Monitor(ctx, mon.ref), "idempotent")
		require.NoError(t, g.Join(ctx, a))
		require.NoError(t, cards.Join(ctx, a, b))
		require.NoError(t, g.Join(ctx, b))
		require.NoError(t, g.Leave(ctx, a, b))
		require.NoError(t, g.Leave(ctx, a, b))
		require.Equal(t, []string{joined(g, a), joined(g, b), left(g, a, b)}, mon.take(ctx, t))
		g.Unmonitor(ctx, mon.ref)
		g.Unmonitor(ctx, mon.ref)
		require.NoError(t, g.Join(ctx, a))
		require.Empty(t, mon.take(ctx, t))
	}
	require.Zero(t, pg.LeftIn(sys).Monitors)
}

func TestG9_AScope(t *testing.T) {
	ctx, sys := start(t)
	a, mon, world := idle(ctx, t), record(ctx, t), record(ctx, t)
	require.NoError(t, pg.MonitorScope(ctx, "games", mon.ref))
	require.NoError(t, pg.MonitorScope(ctx, "games", mon.ref))
	require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, world.ref))
	for _, g := range []pg.Group[int]{lobby, chess, cards} {
		require.NoError(t, g.Join(ctx, a))
	}
	require.NoError(t, chess.Leave(ctx, a))
	require.Equal(t, []string{joined(chess, a), joined(cards, a), left(chess, a)}, mon.take(ctx, t))
	require.Equal(t, []string{joined(lobby, a), joined(chess, a), joined(cards, a), left(chess, a)}, world.take(ctx, t))
	pg.UnmonitorScope(ctx, "games", mon.ref)
	pg.UnmonitorScope(ctx, "nowhere", world.ref)
	pg.UnmonitorScope(ctx, "games", world.ref)
	require.NoError(t, chess.Join(ctx, a))
	require.Empty(t, mon.take(ctx, t))
	require.Equal(t, []string{joined(chess, a)}, world.take(ctx, t))
	pg.UnmonitorScope(ctx, pg.AllScopes, world.ref)
	require.NoError(t, cards.Leave(ctx, a))
	require.Empty(t, world.take(ctx, t))
	require.Zero(t, pg.LeftIn(sys).Monitors)
	require.Zero(t, pg.LeftIn(sys).Listeners)
}

// G10: here each change comes once, however often a Ref covers it.
func TestG10_OneEventForEachChange(t *testing.T) {
	ctx, _ := start(t)
	a, b, mon := idle(ctx, t), idle(ctx, t), record(ctx, t)
	require.NoError(t, chess.Join(ctx, a))
	require.NoError(t, pg.MonitorScope(ctx, "games", mon.ref))
	require.NoError(t, chess.Monitor(ctx, mon.ref))
	require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref))
	require.Equal(t, []string{joined(chess, a)}, mon.take(ctx, t), "one snapshot")
	require.NoError(t, chess.Join(ctx, b))
	require.Equal(t, []string{joined(chess, b)}, mon.take(ctx, t))
	pg.UnmonitorScope(ctx, "games", mon.ref)
	require.NoError(t, chess.Leave(ctx, b))
	require.Equal(t, []string{left(chess, b)}, mon.take(ctx, t))
	chess.Unmonitor(ctx, mon.ref)
	require.NoError(t, chess.Join(ctx, b))
	require.Equal(t, []string{joined(chess, b)}, mon.take(ctx, t))
	pg.UnmonitorScope(ctx, pg.AllScopes, mon.ref)
	require.NoError(t, chess.Leave(ctx, b))
	require.Empty(t, mon.take(ctx, t))
}

// G11: a monitor begins with who is there.
func TestG11_TheSnapshotFirst(t *testing.T) {
	ctx, _ := start(t)
	all, mon, scope := idles(ctx, t, 3), record(ctx, t), record(ctx, t)
	for _, g := range []pg.Group[int]{cards, chess, lobby} {
		require.NoError(t, g.Join(ctx, all...))
	}
	require.NoError(t, chess.Monitor(ctx, mon.ref))
	require.NoError(t, pg.MonitorScope(ctx, "games", scope.ref))
	require.NoError(t, chess.Leave(ctx, all[0]))
	require.Equal(t, []string{joined(chess, all...), left(chess, all[0])}, mon.take(ctx, t))
	require.Equal(t, []string{joined(chess, all...), joined(cards, all...), left(chess, all[0])}, scope.take(ctx, t), "sorted")
	chess.Unmonitor(ctx, mon.ref)
	require.NoError(t, chess.Monitor(ctx, mon.ref))
	require.Equal(t, []string{joined(chess, all[1:]...)}, mon.take(ctx, t), "anew")
}

// G11: events are ordinary messages of the monitor's own type; an actor that
// monitors from inside gets its own joining, and not its own end.
func TestG11_EventsThroughAdapt(t *testing.T) {
	ctx, sys := start(t)
	got := make(chan pg.Event, 8)
	r := doer(ctx, t)
	g := pg.Group[do]{Name: "g"}
	require.NoError(t, r.Cast(ctx, func(c *actor.Context[do]) error {
		to := actor.Adapt(c.Self(), func(ev pg.Event) do {
			return func(*actor.Context[do]) error { got <- ev; return nil }
		})
		if err := g.Monitor(c, to); err != nil {
			return err
		}
		return g.Join(c, c.Self())
	}))
	require.Equal(t, joined(g, r), show(recv(ctx, t, got)))
	require.NoError(t, r.StopAndWait(ctx))
	require.Empty(t, got)
	require.Zero(t, pg.LeftIn(sys))
}

// A conversion that calls back into the group, or panics, harms nobody: no lock is held, and the events after it come.
func TestAConversionMayDoAnything(t *testing.T) {
	ctx, _ := start(t)
	a, b, sink := idle(ctx, t), idle(ctx, t), record(ctx, t)
	other := record(ctx, t)
	n := 0
	to := actor.Adapt(sink.ref, func(ev pg.Event) pg.Event {
		switch n++; n {
		case 1:
			require.NoError(t, lobby.Join(ctx, b)) // a change in the middle of being told of one
			require.Len(t, members(ctx, lobby), 2)
		case 3:
			panic("on purpose")
		}
		return ev
	})
	require.NoError(t, lobby.Monitor(ctx, to))
	require.NoError(t, lobby.Monitor(ctx, other.ref))
	require.NoError(t, lobby.Join(ctx, a))
	require.NoError(t, lobby.Leave(ctx, a)) // lost by the panic
	require.NoError(t, lobby.Leave(ctx, b))
	require.Equal(t, []string{joined(lobby, a), joined(lobby, b), left(lobby, b)}, sink.take(ctx, t))
	require.Equal(t, []string{joined(lobby, a), joined(lobby, b), left(lobby, a), left(lobby, b)}, other.take(ctx, t))
}

// A conversion that ends the goroutine it runs on, here a Join's and a kill's,
// loses its event and nothing else: all other monitors get theirs, and the rest
// of the groups are left.
func TestAConversionMayEndItsGoroutine(t *testing.T) {
	ctx, _ := start(t)
	a, got := idle(ctx, t), make(chan pg.Event, 100)
	to := func() actor.Ref[pg.Event] {
		r, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[pg.Event], ev pg.Event) error { got <- ev; return nil }))
		require.NoError(t, err)
		return r
	}
	sink, lost := to(), new(atomic.Int64)
	for range 3 {
		require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, actor.Adapt(sink, func(ev pg.Event) pg.Event {
			if len(ev.Joined) > 0 && ev.Group == "lobby" || len(ev.Left) > 0 && ev.Group == "chess" {
				lost.Add(1)
				runtime.Goexit()
			}
			return ev
		})))
		require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, to()))
	}
	ended := func(f func()) {
		c := make(chan struct{})
		go func() { defer close(c); f() }()
		<-c
	}
	ended(func() { _ = lobby.Join(ctx, a) })
	require.NoError(t, chess.Join(ctx, a))
	ended(func() { a.Kill() })
	require.Empty(t, members(ctx, lobby))
	require.Empty(t, members(ctx, chess))
	count := map[string]int{}
	for range 3*4 + 3*2 {
		count[show(recv(ctx, t, got))]++
	}
	require.EqualValues(t, 6, lost.Load())
	require.Equal(t, map[string]int{joined(lobby, a): 3, joined(chess, a): 6, left(lobby, a): 6, left(chess, a): 3}, count)
}

// The snapshot of a new registration does not overtake what was on the way when
// the old one of the same Ref ended.
func TestMonitoringAnewKeepsTheOrder(t *testing.T) {
	ctx, _ := start(t)
	a, b, sink := idle(ctx, t), idle(ctx, t), record(ctx, t)
	var to actor.Ref[pg.Event]
	first := true
	to = actor.Adapt(sink.ref, func(ev pg.Event) pg.Event {
		if first {
			first = false
			lobby.Unmonitor(ctx, to)
			require.NoError(t, lobby.Join(ctx, b))
			require.NoError(t, lobby.Monitor(ctx, to))
		}
		return ev
	})
	require.NoError(t, lobby.Monitor(ctx, to))
	require.NoError(t, lobby.Join(ctx, a))
	require.Equal(t, []string{joined(lobby, a), joined(lobby, a, b)}, sink.take(ctx, t))
}

// Monitors register while members come and go: whenever it is, what a monitor
// knows from the snapshot and the changes is what is.
func TestG11_SnapshotAndChangesAreAtomic(t *testing.T) {
	ctx, sys := start(t)
	groups := []pg.Group[int]{lobby, chess, cards, {Scope: "games", Name: "go"}}
	all := idles(ctx, t, 12)
	for range 20 {
		var wg sync.WaitGroup
		begin := make(chan struct{})
		for i, r := range all {
			wg.Go(func() {
				<-begin
				for n := range 40 {
					g := groups[(i+n)%len(groups)]
					_ = g.Join(ctx, r)
					if n%3 != 0 {
						_ = g.Leave(ctx, r)
					}
				}
			})
		}
		covers := []func(to actor.Ref[pg.Event]) error{
			func(to actor.Ref[pg.Event]) error { return lobby.Monitor(ctx, to) },
			func(to actor.Ref[pg.Event]) error { return pg.MonitorScope(ctx, "games", to) },
			func(to actor.Ref[pg.Event]) error { return pg.MonitorScope(ctx, pg.AllScopes, to) },
			func(to actor.Ref[pg.Event]) error { // all at once
				var more sync.WaitGroup
				defer more.Wait()
				for _, f := range []func(){
					func() { _ = pg.MonitorScope(ctx, "games", to) },
					func() { _ = chess.Monitor(ctx, to) },
				} {
					more.Go(func() { f() })
				}
				return pg.MonitorScope(ctx, pg.AllScopes, to)
			},
		}
		mons := make([]*recorder, len(covers))
		for i, cover := range covers {
			mons[i] = record(ctx, t)
			wg.Go(func() { <-begin; _ = cover(mons[i].ref) })
		}
		close(begin)
		wg.Wait()
		for i, m := range mons {
			v := view{}
			for _, ev := range m.events(ctx, t) {
				v.apply(t, ev)
			}
			for n, g := range groups {
				if i == 0 && n != 0 || i == 1 && n == 0 {
					continue // not covered
				}
				require.Equal(t, members(ctx, g), v.of(g), "monitor %d, group %v", i, g)
			}
			require.NoError(t, m.ref.KillAndWait(ctx))
		}
	}
	require.Zero(t, pg.LeftIn(sys).Monitors)
}
