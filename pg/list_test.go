package pg_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/pg"
)

func TestG6_Members(t *testing.T) {
	ctx, _ := start(t)
	all := idles(ctx, t, 3)
	require.NoError(t, lobby.Join(ctx, all...))
	require.Equal(t, ids(all...), members(ctx, lobby))
	require.Equal(t, ids(all...), ids(slices.Collect(lobby.LocalMembers(ctx))...))
	for range lobby.Members(ctx) {
		break
	}
	for range lobby.LocalMembers(ctx) {
		break
	}
	require.Empty(t, members(ctx, chess), "unknown")
}

// A listing is as it was when it began, and holds no lock: the loop may do
// whatever it likes with the group.
func TestG6_AListingIsASnapshot(t *testing.T) {
	ctx, _ := start(t)
	all, more := idles(ctx, t, 20), idles(ctx, t, 20)
	require.NoError(t, lobby.Join(ctx, all...))
	seen := 0
	for r := range lobby.Members(ctx) {
		require.NoError(t, lobby.Leave(ctx, r))
		require.NoError(t, lobby.Join(ctx, more[seen]))
		seen++
	}
	require.Equal(t, len(all), seen)
	require.Equal(t, ids(more...), members(ctx, lobby))
	for range pg.Scopes(ctx) {
		for name := range pg.Groups(ctx, pg.AllScopes) {
			require.Equal(t, "lobby", name)
			require.NoError(t, lobby.Leave(ctx, more...))
		}
	}
	seq := lobby.Members(ctx)
	require.NoError(t, lobby.Join(ctx, all...))
	require.Len(t, slices.Collect(seq), len(all), "it begins with the loop")
}

// G7: sorted, and only what has members.
func TestG7_ScopesAndGroups(t *testing.T) {
	ctx, _ := start(t)
	a, b, mon := idle(ctx, t), idle(ctx, t), record(ctx, t)
	list := func(scope string) []string { return slices.Collect(pg.Groups(ctx, scope)) }
	require.Empty(t, slices.Collect(pg.Scopes(ctx)))
	require.NoError(t, pg.MonitorScope(ctx, "empty", mon.ref))
	require.NoError(t, pg.Group[int]{Name: "empty"}.Monitor(ctx, mon.ref))
	require.Empty(t, slices.Collect(pg.Scopes(ctx)))
	require.Empty(t, list(""))
	for _, g := range []pg.Group[int]{lobby, chess, cards} {
		require.NoError(t, g.Join(ctx, a, b))
	}
	require.Equal(t, []string{pg.DefaultScope, "games"}, slices.Collect(pg.Scopes(ctx)))
	require.Equal(t, []string{"lobby"}, list(""))
	require.Equal(t, []string{"lobby"}, list(pg.DefaultScope))
	require.Equal(t, []string{"chess", "lobby"}, list("games"))
	require.Equal(t, []string{"chess", "lobby"}, list(pg.AllScopes), "each once")
	require.Empty(t, list("nowhere"))
	end(ctx, t, a)
	require.Equal(t, []string{pg.DefaultScope, "games"}, slices.Collect(pg.Scopes(ctx)))
	require.NoError(t, lobby.Leave(ctx, b))
	require.Equal(t, []string{"games"}, slices.Collect(pg.Scopes(ctx)))
	for range pg.Scopes(ctx) {
		break
	}
	end(ctx, t, b)
	require.Empty(t, slices.Collect(pg.Scopes(ctx)))
	require.Empty(t, list(pg.AllScopes))
}
