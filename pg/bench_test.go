package pg_test

import (
	"context"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

const many = 100_000

// fromTwo runs f for 0 … n-1 from two goroutines.
func fromTwo(n int, f func(i int)) {
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < n; i += 2 {
				f(i)
			}
		})
	}
	wg.Wait()
}

func perMember(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/many, "ns/member")
}

// One op is 100,000 joins and 100,000 leaves from two goroutines. The baseline
// is a map under a mutex.
func BenchmarkJoinLeave(b *testing.B) {
	ctx, _ := start(b)
	all := idles(ctx, b, many)
	groups := make([]pg.Group[int], many)
	for i := range groups {
		groups[i] = pg.Group[int]{Scope: "bench", Name: strconv.Itoa(i)}
	}
	run := func(name string, join, leave func(i int)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fromTwo(many, join)
				fromTwo(many, leave)
			}
			perMember(b)
		})
	}
	var mu sync.Mutex
	set := map[actor.Ref[int]]struct{}{}
	run("baseline",
		func(i int) { mu.Lock(); set[all[i]] = struct{}{}; mu.Unlock() },
		func(i int) { mu.Lock(); delete(set, all[i]); mu.Unlock() })
	run("one group",
		func(i int) { _ = lobby.Join(ctx, all[i]) },
		func(i int) { _ = lobby.Leave(ctx, all[i]) })
	run("100,000 groups",
		func(i int) { _ = groups[i].Join(ctx, all[i]) },
		func(i int) { _ = groups[i].Leave(ctx, all[i]) })
	run("one actor in 100,000 groups",
		func(i int) { _ = groups[i].Join(ctx, all[0]) },
		func(i int) { _ = groups[i].Leave(ctx, all[0]) })
	mon := sink(ctx, b)
	require.NoError(b, pg.MonitorScope(ctx, pg.AllScopes, mon))
	run("one group, monitored",
		func(i int) { _ = lobby.Join(ctx, all[i]) },
		func(i int) { _ = lobby.Leave(ctx, all[i]) })
}

func sink(ctx context.Context, b *testing.B) actor.Ref[pg.Event] {
	b.Helper()
	r, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[pg.Event], pg.Event) error { return nil }))
	require.NoError(b, err)
	return r
}

// One op is the end of n actors; the members' cost is what is above the
// baseline, and must not grow with n.
func BenchmarkEnd(b *testing.B) {
	for _, c := range []struct {
		name   string
		n      int
		member bool
	}{{"baseline 10,000", 10_000, false}, {"10,000 members", 10_000, true}, {"baseline 100,000", many, false}, {"100,000 members", many, true}} {
		b.Run(c.name, func(b *testing.B) {
			ctx, _ := start(b)
			for b.Loop() {
				b.StopTimer()
				all := idles(ctx, b, c.n)
				if c.member {
					require.NoError(b, lobby.Join(ctx, all...))
				}
				b.StartTimer()
				for _, r := range all {
					r.Kill()
				}
				for _, r := range all {
					_ = r.KillAndWait(ctx)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.n), "ns/actor")
		})
	}
}

// One op goes over 100,000 members; the baseline over a slice of them.
func BenchmarkMembers(b *testing.B) {
	ctx, _ := start(b)
	all := idles(ctx, b, many)
	require.NoError(b, lobby.Join(ctx, all...))
	b.Run("baseline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for _, r := range all {
				if !r.IsZero() {
					n++
				}
			}
			require.Equal(b, many, n)
		}
		perMember(b)
	})
	b.Run("unchanged", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n := 0
			for r := range lobby.Members(ctx) {
				if !r.IsZero() {
					n++
				}
			}
			require.Equal(b, many, n)
		}
		perMember(b)
	})
	b.Run("after a change", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			require.NoError(b, lobby.Leave(ctx, all[0]))
			require.NoError(b, lobby.Join(ctx, all[0]))
			n := 0
			for range lobby.Members(ctx) {
				n++
			}
			require.Equal(b, many, n)
		}
		perMember(b)
	})
}

// One op is a message to each of 100,000 actors; the baseline casts to a slice.
func BenchmarkCast(b *testing.B) {
	ctx, _ := start(b)
	all := idles(ctx, b, many)
	require.NoError(b, lobby.Join(ctx, all...))
	b.Run("baseline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, r := range all {
				_ = r.Cast(ctx, 1)
			}
		}
		perMember(b)
	})
	b.Run("group", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			n, _ := lobby.Cast(ctx, 1)
			require.Equal(b, many, n)
		}
		perMember(b)
	})
}

// One op picks one of 1,000; the baseline is a look-up by name.
func BenchmarkPick(b *testing.B) {
	ctx, _ := start(b)
	all := idles(ctx, b, 1000)
	idle(ctx, b, actor.Named("name"))
	require.NoError(b, lobby.Join(ctx, all...))
	b.Run("baseline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = actor.Whereis[int](ctx, "name")
		}
	})
	b.Run("random", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = lobby.Pick(ctx)
		}
	})
	b.Run("by key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = lobby.PickKey(ctx, "user 4711")
		}
	})
}
