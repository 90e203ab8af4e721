package pg_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// model is what the package promises, in the dumbest form.
type model struct {
	members  map[pg.Group[int]]map[actor.ID]bool
	covers   map[*recorder]map[string]bool // "scope/name", "scope" or "*"
	expected map[*recorder][]string

	far      map[actor.ID]bool // the actors of other nodes
	mirrored []string          // what a mirror must hear
}

func (m *model) covered(r *recorder, g pg.Group[int]) bool {
	c := m.covers[r]
	return c[g.String()] || c[g.Scope] || c[pg.AllScopes]
}

func (m *model) sorted(g pg.Group[int]) []actor.ID {
	all := []actor.ID{}
	for id := range m.members[g] {
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

func (m *model) change(g pg.Group[int], join bool, refs ...actor.AnyRef) {
	news := []actor.ID{}
	for _, r := range refs {
		if id := r.ID(); m.members[g][id] != join && r.Status() < actor.Stopping {
			news = append(news, id)
			if m.members[g][id] = join; !join {
				delete(m.members[g], id)
			}
		}
	}
	m.tell(g, join, news)
}

func (m *model) tell(g pg.Group[int], join bool, who []actor.ID) {
	if len(who) == 0 {
		return
	}
	slices.Sort(who)
	for r := range m.covers {
		if m.covered(r, g) {
			m.expected[r] = append(m.expected[r], line(g, join, who))
		}
	}
	if who = m.locals(who); len(who) > 0 {
		m.mirrored = append(m.mirrored, line(g, join, who))
	}
}

// locals are those of ids that are actors of this node.
func (m *model) locals(all []actor.ID) []actor.ID {
	return slices.DeleteFunc(slices.Clone(all), func(id actor.ID) bool { return m.far[id] })
}

// mirror begins a mirror anew.
func (m *model) mirror(groups []pg.Group[int]) {
	m.mirrored = nil
	for _, g := range groups {
		if present := m.locals(m.sorted(g)); len(present) > 0 {
			m.mirrored = append(m.mirrored, line(g, true, present))
		}
	}
}

// gone is the end of an actor.
func (m *model) gone(id actor.ID, groups []pg.Group[int]) {
	for _, g := range groups {
		if m.members[g][id] {
			delete(m.members[g], id)
			m.tell(g, false, []actor.ID{id})
		}
	}
}

func line(g pg.Group[int], join bool, who []actor.ID) string {
	if join {
		return fmt.Sprintf("%v: +%x -%x", g, who, []actor.ID{})
	}
	return fmt.Sprintf("%v: +%x -%x", g, []actor.ID{}, who)
}

// monitor adds a cover; groups are what it is about.
func (m *model) monitor(r *recorder, cover string, groups []pg.Group[int]) {
	for _, g := range groups {
		if !m.covered(r, g) && len(m.members[g]) > 0 {
			m.expected[r] = append(m.expected[r], line(g, true, m.sorted(g)))
		}
	}
	m.covers[r][cover] = true
}

// Random operations, one after the other, against the model: after each, every
// listing, every pick, every monitor's events are exactly what they must be.
func TestModel(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func runModel(t *testing.T, rnd *rand.Rand) {
	ctx, sys := start(t)
	var groups []pg.Group[int] // sorted, as snapshots of a scope come
	for _, scope := range []string{"a", "b", "c"} {
		for _, name := range []string{"x", "y", "z"} {
			groups = append(groups, pg.Group[int]{Scope: scope, Name: name})
		}
	}
	m := &model{
		members:  map[pg.Group[int]]map[actor.ID]bool{},
		covers:   map[*recorder]map[string]bool{},
		expected: map[*recorder][]string{},
		far:      map[actor.ID]bool{},
	}
	for _, g := range groups {
		m.members[g] = map[actor.ID]bool{}
	}
	actors := idles(ctx, t, 14)
	some := func() []actor.Ref[int] {
		var refs []actor.Ref[int]
		for range rnd.IntN(5) {
			refs = append(refs, actors[rnd.IntN(len(actors))])
		}
		return refs
	}
	elsewhere := shims[int](sys, 6)
	for _, s := range elsewhere {
		m.far[s.Ref().ID()] = true
	}
	someFar := func() []actor.AnyRef {
		var refs []actor.AnyRef
		for range rnd.IntN(4) {
			refs = append(refs, elsewhere[rnd.IntN(len(elsewhere))].Ref())
		}
		return refs
	}
	there := &mirror{}
	cancel := pg.Sync(sys, there)
	defer func() { cancel() }()
	var mons []*recorder
	renew := func(i int) {
		r := record(ctx, t)
		if m.covers[r] = map[string]bool{}; i == len(mons) {
			mons = append(mons, r)
			return
		}
		require.NoError(t, mons[i].ref.KillAndWait(ctx))
		delete(m.covers, mons[i])
		mons[i] = r
	}
	for i := range 3 {
		renew(i)
	}
	for range 250 {
		g, r := groups[rnd.IntN(len(groups))], mons[rnd.IntN(len(mons))]
		inScope := groups[slices.IndexFunc(groups, func(o pg.Group[int]) bool { return o.Scope == g.Scope }):][:3]
		switch rnd.IntN(25) {
		case 0, 1, 2, 3, 4, 5:
			refs := some()
			m.change(g, true, anys(refs)...)
			require.NoError(t, g.Join(ctx, refs...))
		case 6, 7, 8, 9:
			refs := some()
			m.change(g, false, anys(refs)...)
			require.NoError(t, g.Leave(ctx, refs...))
		case 10, 11:
			m.monitor(r, g.String(), []pg.Group[int]{g})
			require.NoError(t, g.Monitor(ctx, r.ref))
		case 12:
			m.monitor(r, g.Scope, inScope)
			require.NoError(t, pg.MonitorScope(ctx, g.Scope, r.ref))
		case 13:
			m.monitor(r, pg.AllScopes, groups)
			require.NoError(t, pg.MonitorScope(ctx, pg.AllScopes, r.ref))
		case 14, 15:
			delete(m.covers[r], g.String())
			g.Unmonitor(ctx, r.ref)
		case 16:
			delete(m.covers[r], g.Scope)
			pg.UnmonitorScope(ctx, g.Scope, r.ref)
		case 17:
			delete(m.covers[r], pg.AllScopes)
			pg.UnmonitorScope(ctx, pg.AllScopes, r.ref)
		case 18:
			renew(slices.Index(mons, r))
		case 19:
			i := rnd.IntN(len(actors))
			m.gone(actors[i].ID(), groups)
			end(ctx, t, actors[i])
			actors[i] = idle(ctx, t)
		case 20, 21:
			refs := someFar()
			m.change(g, true, refs...)
			require.NoError(t, pg.JoinAny(sys, g.Scope, g.Name, refs...))
		case 22:
			refs := someFar()
			m.change(g, false, refs...)
			require.NoError(t, pg.LeaveAny(sys, g.Scope, g.Name, refs...))
		case 23:
			i := rnd.IntN(len(elsewhere))
			m.gone(elsewhere[i].Ref().ID(), groups)
			elsewhere[i].End(nil)
			elsewhere[i] = shims[int](sys, 1)[0]
			m.far[elsewhere[i].Ref().ID()] = true
		case 24:
			require.Equal(t, byGroup(m.mirrored), byGroup(there.take()))
			cancel()
			there = &mirror{}
			m.mirror(groups)
			cancel = pg.Sync(sys, there)
		}
		m.compare(ctx, t, sys, groups, mons)
		require.Equal(t, byGroup(m.mirrored), byGroup(there.take()))
		m.mirrored = nil
	}
}

func anys(refs []actor.Ref[int]) []actor.AnyRef {
	all := make([]actor.AnyRef, len(refs))
	for i, r := range refs {
		all[i] = r.Any()
	}
	return all
}

func (m *model) compare(ctx context.Context, t *testing.T, sys *actor.System, groups []pg.Group[int], mons []*recorder) {
	t.Helper()
	var scopes []string
	inUse, memberships := 0, 0
	for i := 0; i < len(groups); i += 3 {
		var names []string
		for _, g := range groups[i : i+3] {
			want := m.sorted(g)
			memberships += len(want)
			require.Equal(t, want, members(ctx, g))
			require.Equal(t, m.locals(want), ids(slices.Collect(g.LocalMembers(ctx))...))
			n, err := g.Cast(ctx, 0)
			require.NoError(t, err)
			require.Equal(t, len(want), n)
			r, err := g.Pick(ctx)
			if len(want) == 0 {
				require.ErrorIs(t, err, pg.ErrNoMember)
			} else {
				require.NoError(t, err)
				require.Contains(t, want, r.ID())
				names = append(names, g.Name)
			}
			monitored := slices.ContainsFunc(mons, func(r *recorder) bool { return m.covers[r][g.String()] })
			if len(want) > 0 || monitored {
				inUse++
			}
		}
		require.Equal(t, names, slices.Collect(pg.Groups(ctx, groups[i].Scope)))
		if names != nil {
			scopes = append(scopes, groups[i].Scope)
		}
	}
	require.Equal(t, scopes, slices.Collect(pg.Scopes(ctx)))
	listening := 0
	for _, r := range mons {
		// An end leaves several groups; between them events have no order.
		got, want := byGroup(r.take(ctx, t)), byGroup(m.expected[r])
		require.Equal(t, want, got)
		m.expected[r] = nil
		if len(m.covers[r]) > 0 {
			listening++
		}
	}
	kept := pg.LeftIn(sys)
	require.Equal(t, inUse, kept.Groups)
	require.Equal(t, memberships, kept.Memberships)
	require.Equal(t, listening, kept.Monitors)
}

// byGroup sorts events by group, and leaves each group's in their order.
func byGroup(events []string) []string {
	events = append([]string{}, events...)
	slices.SortStableFunc(events, func(a, b string) int {
		return slices.Compare([]byte(a[:3]), []byte(b[:3]))
	})
	return events
}
