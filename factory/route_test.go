package factory_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/factory"
)

// tally counts which worker did which key.
type tally struct {
	mu sync.Mutex
	n  map[int]map[string]int
}

func (y *tally) job(key string) task {
	return task{key: key, do: func(_ context.Context, worker int) error {
		y.mu.Lock()
		defer y.mu.Unlock()
		if y.n[worker] == nil {
			y.n[worker] = map[string]int{}
		}
		y.n[worker][key]++
		return nil
	}}
}

// FA6: a key always has the same worker.
func TestFA6_KeyPersistent(t *testing.T) {
	ctx, _ := start(t)
	y := &tally{n: map[int]map[string]int{}}
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 4, Key: keyOf, Router: factory.KeyPersistent()})
	keys := []string{"a", "b", "c", "d", "e", "f", "g"}
	for range 100 {
		for _, k := range keys {
			require.NoError(t, f.Submit(ctx, y.job(k)))
		}
	}
	require.NoError(t, f.Drain(ctx))
	owners := map[string]int{}
	for _, keys := range y.n {
		for k, n := range keys {
			require.Equal(t, 100, n)
			owners[k]++
		}
	}
	require.Len(t, owners, len(keys))
	for _, n := range owners {
		require.Equal(t, 1, n)
	}
	require.Greater(t, len(y.n), 1)
}

// FA6: a key that a worker has stays there when the pool grows or shrinks.
func TestFA6_KeyStaysOverResize(t *testing.T) {
	for _, to := range []int{1, 64} {
		ctx, _ := start(t)
		g := newGates()
		f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 8, Key: keyOf, Router: factory.KeyPersistent()})
		for id := range 16 {
			require.NoError(t, f.Submit(ctx, g.job(id, string(rune('a'+id)))))
		}
		owner := map[int]int{}
		reaches(t, f, func(st factory.Stats) bool { return st.InFlight+st.Queued == 16 })
		require.NoError(t, f.Resize(ctx, to))
		for id := range 16 {
			require.NoError(t, f.Submit(ctx, g.job(100+id, string(rune('a'+id)))))
			g.let(id, nil)
			g.let(100+id, nil)
		}
		require.NoError(t, f.Drain(ctx))
		for range 32 {
			b := g.next(t)
			if first, ok := owner[b.id%100]; ok {
				require.Equal(t, first, b.worker, "key of job %d", b.id)
			}
			owner[b.id%100] = b.worker
		}
	}
}

// FA7: who has been idle for longest is next; jobs wait in one queue.
func TestFA7_Queuer(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 3})
	for id := range 3 {
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	at := map[int]int{}
	for range 3 {
		b := g.next(t)
		at[b.id] = b.worker
	}
	require.Equal(t, map[int]int{0: 0, 1: 1, 2: 2}, at)
	for n, id := range []int{2, 0, 1} {
		g.let(id, nil)
		reaches(t, f, func(st factory.Stats) bool { return st.Done == uint64(n+1) })
	}
	for n, worker := range []int{2, 0, 1} {
		require.NoError(t, f.Submit(ctx, g.job(10+n, "")))
		require.Equal(t, begin{10 + n, worker}, g.next(t))
	}
	for id := 20; id < 23; id++ {
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	for id := 20; id < 23; id++ { // first come, first served
		g.let(id-10, nil)
		require.Equal(t, id, g.next(t).id)
	}
	for id := 20; id < 23; id++ {
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
}

// FA8: no key is worked on twice at a time, and who has none waits for nobody.
func TestFA8_StickyQueuer(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 3, Key: keyOf, Router: factory.StickyQueuer()})
	require.NoError(t, f.Submit(ctx, g.job(0, "a")))
	require.NoError(t, f.Submit(ctx, g.job(1, "a")))
	require.NoError(t, f.Submit(ctx, g.job(2, "b")))
	first, other := g.next(t), g.next(t)
	if first.id != 0 {
		first, other = other, first
	}
	require.Equal(t, 0, first.id)
	require.Equal(t, 2, other.id)
	require.NotEqual(t, first.worker, other.worker)
	require.Equal(t, uint64(1), f.Stats().Queued)
	g.let(0, nil)
	require.Equal(t, begin{1, first.worker}, g.next(t))
	g.let(1, nil)
	g.let(2, nil)
	require.NoError(t, f.Drain(ctx))
}

// FA9: one after the other, beginning with worker 1.
func TestFA9_RoundRobin(t *testing.T) {
	ctx, _ := start(t)
	y := &tally{n: map[int]map[string]int{}}
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 3, Router: factory.RoundRobin()})
	g := newGates()
	require.NoError(t, f.Submit(ctx, g.job(0, "")))
	require.Equal(t, 1, g.next(t).worker)
	g.let(0, nil)
	for range 999 {
		require.NoError(t, f.Submit(ctx, y.job("")))
	}
	require.NoError(t, f.Drain(ctx))
	for worker := range 3 {
		require.Equal(t, map[string]int{"": 333}, y.n[worker])
	}
}

// FA10: by a function of the user's; one that points outside the pool, or panics,
// discards the job, and says which worker it meant.
func TestFA10_Custom(t *testing.T) {
	ctx, _ := start(t)
	y := &tally{n: map[int]map[string]int{}}
	cfg := factory.Config[task]{
		NewWorker: newTasker, Workers: 3, Key: keyOf,
		Router: factory.Custom(func(key string, n int) int {
			if key == "panic" {
				panic("no idea")
			}
			return len(key) - 1
		}),
	}
	x := record(&cfg)
	f := spawn(ctx, t, cfg)
	for range 10 {
		for _, k := range []string{"1", "22", "333"} {
			require.NoError(t, f.Submit(ctx, y.job(k)))
		}
	}
	err := f.Submit(ctx, task{id: 1, key: "4444"})
	refused(t, err, factory.Misrouted)
	require.ErrorContains(t, err, "Custom chose worker 3 of 3")
	require.NoError(t, f.Submit(ctx, task{id: 2, key: ""})) // -1 is ToQueue
	refused(t, f.Submit(ctx, task{id: 3, key: "panic"}), factory.Misrouted)
	require.Equal(t, []factory.Reason{factory.Misrouted}, x.reasons(1))
	require.NoError(t, f.Drain(ctx)) // nobody will ever do job 2
	require.Equal(t, []factory.Reason{factory.Shutdown}, x.reasons(2))
	require.Equal(t, map[int]map[string]int{0: {"1": 10}, 1: {"22": 10}, 2: {"333": 10}}, y.n)
}

// FA8: a key is free again however its jobs have ended.
func TestFA8_KeyIsLetGo(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{
		NewWorker: newTasker, Workers: 2, Key: keyOf, Router: factory.StickyQueuer(),
		Limit: 1, Discard: factory.Oldest,
	})
	for id := range 3 { // 0 under way at worker 0; 1 behind it, pushed out by 2
		require.NoError(t, f.Submit(ctx, g.job(id, "a")))
	}
	require.EqualValues(t, 1, balanced(t, f.Stats()).Because(factory.Overload))
	g.let(0, nil)
	g.let(2, nil)
	require.Equal(t, begin{0, 0}, g.next(t))
	require.Equal(t, begin{2, 0}, g.next(t))
	reaches(t, f, func(st factory.Stats) bool { return st.Done == 2 })
	require.NoError(t, f.Submit(ctx, g.job(3, "a")))
	require.Equal(t, begin{3, 1}, g.next(t)) // idle for longer
	g.let(3, nil)
	require.NoError(t, f.Drain(ctx))
}

// gated leaves all jobs in the queue until it is open.
type gated struct{ open *atomic.Bool }

func (r gated) Route(_ string, pool factory.Pool) int {
	if !r.open.Load() {
		return factory.ToQueue
	}
	return pool.FirstIdle()
}

// FA11: who has waited comes before who comes.
func TestFA11_QueueFirst(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	var open atomic.Bool
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 1, Router: gated{&open}})
	require.NoError(t, f.Submit(ctx, g.job(0, "")))
	require.EqualValues(t, 1, f.Stats().Queued)
	open.Store(true)
	require.NoError(t, f.Submit(ctx, g.job(1, "")))
	for id := range 2 {
		require.Equal(t, id, g.next(t).id)
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
}
