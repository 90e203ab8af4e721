package pg_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// G6: local and remote.
func TestG6_MembersOfOtherNodes(t *testing.T) {
	ctx, sys := start(t)
	here, there := idles(ctx, t, 2), shims[int](sys, 3)
	for _, g := range []pg.Group[int]{lobby, chess} { // the default scope and a named one
		require.NoError(t, g.Join(ctx, here...))
		require.NoError(t, pg.JoinAny(sys, cmp.Or(g.Scope, pg.DefaultScope), g.Name, refsOf(there...)...))
		require.Equal(t, ids(append(anys(here), refsOf(there...)...)...), members(ctx, g))
		require.Equal(t, ids(here...), ids(slices.Collect(g.LocalMembers(ctx))...))
		n, err := g.Cast(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, 5, n)
		picked := map[actor.ID]bool{}
		for len(picked) < 5 { // each has a chance
			r, err := g.Pick(ctx)
			require.NoError(t, err)
			picked[r.ID()] = true
		}
	}
	there[0].End(nil)
	require.NoError(t, pg.LeaveAny(sys, "games", "chess", there[1].Ref()))
	require.Len(t, members(ctx, lobby), 4)
	require.Len(t, members(ctx, chess), 3)
	n, err := chess.Cast(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.NoError(t, pg.LeaveAny(sys, "nowhere", "none", there[1].Ref()))
}

// G4: one event for each group, and a group of nobody else is gone.
func TestG4_TheEndOfAShim(t *testing.T) {
	ctx, sys := start(t)
	all, mon := shims[int](sys, 2), record(ctx, t)
	require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref))
	for _, g := range []pg.Group[int]{chess, cards} {
		require.NoError(t, pg.JoinAny(sys, g.Scope, g.Name, refsOf(all...)...))
		require.NoError(t, pg.JoinAny(sys, g.Scope, g.Name, refsOf(all...)...)) // changes nothing
	}
	mon.take(ctx, t)
	id := all[0].Ref().ID()
	all[0].End(actor.ErrKilled)
	got := mon.take(ctx, t)
	require.Equal(t, []string{
		fmt.Sprintf("%v: +[] -[%x]", chess, id),
		fmt.Sprintf("%v: +[] -[%x]", cards, id),
	}, sorted(got))
	require.NoError(t, pg.JoinAny(sys, chess.Scope, chess.Name, all[0].Ref()), "G1: passed over")
	require.Empty(t, mon.take(ctx, t))
	all[1].End(nil)
	require.Empty(t, slices.Collect(pg.Scopes(ctx)))
	require.Zero(t, pg.LeftIn(sys).Groups)
}

func sorted(lines []string) []string { slices.Sort(lines); return lines }

// The first typed use fixes the type of a group that began elsewhere.
func TestTheTypeOfAGroupFromElsewhere(t *testing.T) {
	texts := pg.Group[string]{Name: lobby.Name}
	uses := map[string]func(ctx context.Context) error{
		"Join":    func(ctx context.Context) error { return lobby.Join(ctx, idle(ctx, t)) },
		"Cast":    func(ctx context.Context) error { _, err := lobby.Cast(ctx, 1); return err },
		"Pick":    func(ctx context.Context) error { _, err := lobby.Pick(ctx); return err },
		"Monitor": func(ctx context.Context) error { return lobby.Monitor(ctx, record(ctx, t).ref) },
		"Members": func(ctx context.Context) error { members(ctx, lobby); return nil },
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			ctx, sys := start(t)
			s := actor.NewShim(sys, far{}) // takes anything
			require.NoError(t, pg.JoinAny(sys, pg.DefaultScope, lobby.Name, s.Ref()))
			require.NoError(t, use(ctx))
			_, err := texts.Cast(ctx, "x")
			require.ErrorIs(t, err, actor.ErrWrongType)
			require.Empty(t, members(ctx, texts))
			require.Contains(t, members(ctx, lobby), s.Ref().ID())

			// More from elsewhere may join: nobody knows their type.
			require.NoError(t, pg.JoinAny(sys, pg.DefaultScope, lobby.Name, shims[string](sys, 1)[0].Ref()))
			require.Contains(t, members(ctx, lobby), s.Ref().ID())
		})
	}
}

// Who takes no M is not listed, not cast to and not picked; but a member it is.
func TestShimsOfAnotherTypeAreNotListed(t *testing.T) {
	ctx, sys := start(t)
	wrong, right := shims[string](sys, 20), shims[int](sys, 2)
	mon := record(ctx, t)
	require.NoError(t, lobby.Monitor(ctx, mon.ref))
	require.NoError(t, pg.JoinAny(sys, pg.DefaultScope, lobby.Name, refsOf(wrong...)...))
	require.Empty(t, members(ctx, lobby))
	_, err := lobby.Pick(ctx)
	require.ErrorIs(t, err, pg.ErrNoMember)
	_, err = lobby.PickKey(ctx, "key")
	require.ErrorIs(t, err, pg.ErrNoMember)

	require.NoError(t, pg.JoinAny(sys, pg.DefaultScope, lobby.Name, refsOf(right...)...))
	require.Equal(t, ids(refsOf(right...)...), members(ctx, lobby))
	n, err := lobby.Cast(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	picked := map[actor.ID]bool{}
	for len(picked) < 2 {
		r, err := lobby.Pick(ctx)
		require.NoError(t, err)
		picked[r.ID()] = true
	}
	require.ElementsMatch(t, ids(refsOf(right...)...), slices.Collect(maps.Keys(picked)))
	for i := range 20 {
		key := fmt.Sprint(i)
		a, err := lobby.PickKey(ctx, key)
		require.NoError(t, err)
		b, err := lobby.PickKey(ctx, key)
		require.NoError(t, err)
		require.Equal(t, a.ID(), b.ID(), "the same one for a key")
		require.Contains(t, picked, a.ID())
	}
	require.Len(t, mon.events(ctx, t)[0].Joined, 20, "a monitor is told of members")
}

// Actors of other nodes join and leave where they live.
func TestJoinRefusesShims(t *testing.T) {
	ctx, sys := start(t)
	s, local := shims[int](sys, 1)[0], idle(ctx, t)
	r, ok := actor.As[int](s.Ref())
	require.True(t, ok)
	adapted := actor.Adapt(r, func(i int) int { return i })
	for _, r := range []actor.Ref[int]{r, adapted} {
		require.ErrorIs(t, lobby.Join(ctx, local, r), actor.ErrNotSupported)
		require.Empty(t, members(ctx, lobby), "nobody has joined")
	}
	require.NoError(t, pg.JoinAny(sys, pg.DefaultScope, lobby.Name, s.Ref()))
	for _, r := range []actor.Ref[int]{r, adapted} {
		require.ErrorIs(t, lobby.Leave(ctx, r), actor.ErrNotSupported)
	}
	require.Equal(t, ids(s.Ref()), members(ctx, lobby))
	s.End(nil)
	require.NoError(t, lobby.Join(ctx, local, r), "who has ended is passed over")
	require.NoError(t, lobby.Leave(ctx, local, r))
}

func TestJoinAnyRefuses(t *testing.T) {
	ctx, sys := start(t)
	_, other := start(t)
	s := shims[int](sys, 1)[0]
	for _, do := range []func(*actor.System, string, string, ...actor.AnyRef) error{pg.JoinAny, pg.LeaveAny} {
		require.ErrorIs(t, do(sys, "", "g", s.Ref()), pg.ErrName)
		require.ErrorIs(t, do(sys, pg.AllScopes, "g", s.Ref()), pg.ErrName)
		require.ErrorIs(t, do(sys, "s", "", s.Ref()), pg.ErrName)
		for _, bad := range []actor.AnyRef{idle(ctx, t).Any(), {}, shims[int](other, 1)[0].Ref()} {
			err := do(sys, "s", "g", s.Ref(), bad)
			require.ErrorIs(t, err, actor.ErrOption)
			require.ErrorContains(t, err, "member 2 of 2")
		}
		require.NoError(t, do(sys, "s", "g"))
	}
	require.Empty(t, slices.Collect(pg.Scopes(ctx)))
}

// No ghosts: a shim that ends while it joins is no member afterwards, and each
// monitor and mirror has heard joins and leaves in turn.
func TestShimsEndWhileTheyJoin(t *testing.T) {
	ctx, sys := start(t)
	mon := record(ctx, t)
	require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, mon.ref))
	for range 100 {
		var all sync.WaitGroup
		for _, s := range shims[int](sys, 4) {
			for _, g := range []pg.Group[int]{chess, cards} {
				all.Go(func() { _ = pg.JoinAny(sys, g.Scope, g.Name, s.Ref()) })
				all.Go(func() { _ = pg.LeaveAny(sys, g.Scope, g.Name, s.Ref()) })
			}
			all.Go(func() { s.End(nil) })
		}
		all.Wait()
		require.Empty(t, members(ctx, chess))
		require.Empty(t, members(ctx, cards))
		v := view{}
		for _, ev := range mon.events(ctx, t) {
			v.apply(t, ev)
		}
		require.Empty(t, v.of(chess))
		require.Empty(t, v.of(cards))
	}
	require.Equal(t, 0, pg.LeftIn(sys).Peers)
}

// A mirror is told of actors by their own Refs only.
func TestSync(t *testing.T) {
	ctx, sys := start(t)
	early, late := idle(ctx, t, actor.Named("early")), idle(ctx, t)
	adapted := actor.Adapt(idle(ctx, t), func(i int) int { return i })
	byName := actor.ByName[int](ctx, "early")
	require.NoError(t, chess.Join(ctx, adapted, early))
	require.NoError(t, cards.Join(ctx, byName))
	require.NoError(t, pg.JoinAny(sys, chess.Scope, chess.Name, shims[int](sys, 1)[0].Ref()))
	m := &mirror{}
	cancel := pg.Sync(sys, m)
	require.Equal(t, []string{joined(chess, early)}, m.take(), "who is present")

	require.NoError(t, lobby.Join(ctx, late, adapted, early))
	require.NoError(t, lobby.Leave(ctx, adapted))
	require.NoError(t, lobby.Leave(ctx, late))
	end(ctx, t, early)
	got := m.take()
	require.Equal(t, []string{
		fmt.Sprintf("default/lobby: +%x -[]", ids(late, early)),
		fmt.Sprintf("default/lobby: +[] -%x", ids(late)),
	}, got[:2])
	require.Equal(t, sorted([]string{left(chess, early), fmt.Sprintf("default/lobby: +[] -%x", ids(early))}), sorted(got[2:]))

	cancel()
	cancel()
	require.NoError(t, lobby.Join(ctx, late))
	require.Empty(t, m.take())
	require.Zero(t, pg.LeftIn(sys).Listeners)
}

// A watcher's panic, or the end of its goroutine, is not the end of what it is told.
func TestSyncGoesOnAfterAPanic(t *testing.T) {
	ctx, sys := start(t)
	m := &panicking{}
	defer pg.Sync(sys, m)()
	a, b := idle(ctx, t), idle(ctx, t)
	require.NoError(t, chess.Join(ctx, a))
	require.NoError(t, chess.Join(ctx, b))
	require.Equal(t, []string{joined(chess, b)}, m.take())
}

// panicking is a mirror that panics the first time.
type panicking struct {
	mirror
	once sync.Once
}

func (p *panicking) Joined(scope, group string, members []actor.AnyRef) {
	p.once.Do(func() { panic("test") })
	p.mirror.Joined(scope, group, members)
}

// Mirrors begin while members come and go: each sees joins and leaves in turn,
// and in the end what is there.
func TestSyncRace(t *testing.T) {
	ctx, sys := start(t)
	all := idles(ctx, t, 6)
	var work sync.WaitGroup
	mirrors := make([]*views, 6)
	for i, r := range all {
		mirrors[i] = &views{t: t, view: view{}}
		work.Go(func() {
			for range 100 {
				_ = chess.Join(ctx, r, all[0])
				_ = chess.Leave(ctx, r)
			}
			_ = chess.Join(ctx, r)
		})
		work.Go(func() { t.Cleanup(pg.Sync(sys, mirrors[i])) })
	}
	work.Wait()
	for _, m := range mirrors {
		// Whoever had the duty to tell has done so before its call returned.
		require.Equal(t, members(ctx, chess), m.view.of(chess))
	}
}

// views is a Watcher that applies what it is told.
type views struct {
	t    *testing.T
	mu   sync.Mutex
	view view
}

func (v *views) Joined(scope, group string, members []actor.AnyRef) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.view.apply(v.t, pg.Event{Scope: scope, Group: group, Joined: members})
}

func (v *views) Left(scope, group string, members []actor.AnyRef) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.view.apply(v.t, pg.Event{Scope: scope, Group: group, Left: members})
}
