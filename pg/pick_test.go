package pg_test

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

func TestG12_PickReachesEveryMember(t *testing.T) {
	ctx, _ := start(t)
	_, err := lobby.Pick(ctx)
	require.ErrorIs(t, err, pg.ErrNoMember)
	require.ErrorContains(t, err, "default/lobby")
	_, err = lobby.PickKey(ctx, "k")
	require.ErrorIs(t, err, pg.ErrNoMember)
	all := idles(ctx, t, 10)
	require.NoError(t, lobby.Join(ctx, all...))
	picked := map[actor.ID]int{}
	for range 10_000 {
		r, err := lobby.Pick(ctx)
		require.NoError(t, err)
		picked[r.ID()]++
	}
	require.Len(t, picked, len(all))
	for _, n := range picked { // 1,000 expected, the standard deviation is 30
		require.InDelta(t, 1000, n, 300)
	}
}

// The same member for a key while membership stays; when it changes, about the
// share moves that PickKey's comment says.
func TestG12_PickKeyIsStable(t *testing.T) {
	ctx, _ := start(t)
	const n, keys = 40, 4000
	all := idles(ctx, t, n)
	require.NoError(t, lobby.Join(ctx, all[:n-1]...))
	where := func() (at [keys]actor.ID) {
		for k := range at {
			r, err := lobby.PickKey(ctx, fmt.Sprint("key ", k))
			require.NoError(t, err)
			at[k] = r.ID()
		}
		return at
	}
	moved := func(a, b [keys]actor.ID) (n int) {
		for k := range a {
			if a[k] != b[k] {
				n++
			}
		}
		return n
	}
	first := where()
	require.Equal(t, first, where())
	require.NoError(t, lobby.Join(ctx, all[0], all[7])) // they are there
	for range lobby.Members(ctx) {
		break
	}
	require.Equal(t, first, where(), "listing changes nothing")

	require.NoError(t, lobby.Join(ctx, all[n-1]))
	more := where()
	for k := range more {
		if more[k] != first[k] {
			require.Equal(t, all[n-1].ID(), more[k], "keys move to the new one only")
		}
	}
	require.Less(t, moved(first, more), 2*keys/n)
	require.NoError(t, lobby.Leave(ctx, all[3]))
	less := where()
	require.NotContains(t, less, all[3].ID())
	require.Less(t, moved(more, less), 3*keys/n)
}

// jump spreads evenly over any number of places, and a new place only takes.
func FuzzJump(f *testing.F) {
	f.Add("", 1)
	f.Add("key", 2)
	f.Add("another", math.MaxInt32)
	f.Fuzz(func(t *testing.T, key string, n int) {
		if n < 1 || n > math.MaxInt32-1 {
			return
		}
		at, next := pg.Jump(key, n), pg.Jump(key, n+1)
		require.GreaterOrEqual(t, at, 0)
		require.Less(t, at, n)
		require.True(t, next == at || next == n, "%q of %d is %d, of one more %d", key, n, at, next)
	})
}

func TestJumpSpreads(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 100} {
		counts := make([]float64, n)
		const each = 2000
		for k := range n * each {
			counts[pg.Jump(fmt.Sprint(k), n)]++
		}
		for i, c := range counts { // the standard deviation is 45
			require.InDelta(t, each, c, 300, "place %d of %d", i, n)
		}
	}
}

// Picks race with joins and leaves: what is picked is a member, or was one.
func TestPickWhileMembersChange(t *testing.T) {
	ctx, _ := start(t)
	all := idles(ctx, t, 30)
	require.NoError(t, lobby.Join(ctx, all[0]))
	known := map[actor.ID]bool{}
	for _, r := range all {
		known[r.ID()] = true
	}
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			for n := range 2000 {
				r := all[1+(n*2+w)%(len(all)-1)]
				_ = lobby.Join(ctx, r)
				_ = lobby.Leave(ctx, r)
			}
		}()
		go func() {
			defer wg.Done()
			for n := range 2000 {
				r, err := lobby.Pick(ctx)
				if w == 1 {
					r, err = lobby.PickKey(ctx, fmt.Sprint(n))
				}
				if err != nil || !known[r.ID()] {
					t.Errorf("picked %v, %v", r, err)
					return
				}
			}
		}()
	}
	wg.Wait()
}
