package factory_test

import (
	"context"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
)

// FA2: what Do returns is the result of the job that it was given, and of no
// other, also when keys are the same and when the worker was replaced meanwhile;
// no result leaves its worker busy. ractor's raw actors over WorkerMessage, and
// the key that handle returns, have no counterpart: a Worker cannot name a job.
func TestFA2_AResultIsItsJobs(t *testing.T) {
	ctx, _ := start(t)
	cfg := factory.Config[task]{NewWorker: newTasker, Workers: 1, Key: keyOf, Router: factory.KeyPersistent()}
	x := record(&cfg)
	f := spawn(ctx, t, cfg)
	want := map[int]error{}
	for id := range 60 {
		do := func(context.Context, int) error { return nil }
		switch id % 4 {
		case 1:
			want[id], do = errJob, func(context.Context, int) error { return errJob }
		case 2:
			want[id], do = factory.ErrBroken, func(context.Context, int) error { return factory.ErrBroken }
		case 3:
			want[id], do = actor.ErrKilled, func(context.Context, int) error { actor.Caller().Kill(); return errJob }
		}
		require.NoError(t, f.Submit(ctx, task{id: id, key: "same", do: do}))
	}
	require.NoError(t, f.Drain(ctx))
	for id := range 60 {
		require.Len(t, x.errs(id), 1)
		require.ErrorIs(t, x.errs(id)[0], want[id], id)
	}
	st := balanced(t, f.Stats())
	require.EqualValues(t, 15, st.Done)
	require.EqualValues(t, 45, st.Discarded)
	require.EqualValues(t, 30, st.Replaced)
}

// FA5, FA12: what is wrong with a job is looked at in ractor's order: its time is
// over, the factory drains, then the rate, the router and the queue. Only what
// was accepted counts for the rate.
func TestFA5_Pipeline(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		cfg := factory.Config[task]{
			Key: keyOf, Limit: 1, TTL: time.Second, Rate: factory.Rate{Jobs: 3, Per: time.Hour},
			Router:  factory.Custom(func(key string, _ int) int { return len(key) - 1 }),
			Discard: factory.Newest,
		}
		x := record(&cfg)
		hold := make(chan struct{})
		onDone := cfg.OnDone
		cfg.OnDone = func(t task, err error) { // holds the factory
			onDone(t, err)
			if t.id == -1 {
				<-hold
			}
		}
		cfg.NewWorker, cfg.Workers = newTasker, 1
		f := spawn(ctx, t, cfg)
		submitted := uint64(0)
		step := func(err error, id int, why factory.Reason) {
			t.Helper()
			submitted++
			refused(t, err, why)
			require.Equal(t, []factory.Reason{why}, x.reasons(id))
			require.Equal(t, submitted, balanced(t, f.Stats()).Submitted)
		}
		accept := func(j task) {
			t.Helper()
			submitted++
			require.NoError(t, f.Submit(ctx, j))
		}

		accept(task{id: -1, key: "w"}) // the first of three; the factory is held in its OnDone
		synctest.Wait()
		old := make(chan error, 1)
		go func() { old <- f.Submit(ctx, g.job(1, "outside")) }()
		synctest.Wait()
		time.Sleep(time.Second + 1)
		close(hold)
		step(<-old, 1, factory.Expired) // before the router could say that it is misrouted

		step(f.Submit(ctx, g.job(2, "outside")), 2, factory.Misrouted)
		accept(g.job(3, "w")) // the second
		step(f.Submit(ctx, g.job(9, "outside")), 9, factory.Misrouted)
		accept(g.job(10, "w")) // the third, behind 3
		step(f.Submit(ctx, g.job(4, "outside")), 4, factory.RateLimited)
		require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.Rate = factory.Rate{} }))
		step(f.Submit(ctx, g.job(6, "w")), 6, factory.Overload)

		drained := make(chan error, 1)
		go func() { drained <- f.Drain(ctx) }()
		synctest.Wait()
		require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.Rate = factory.Rate{Jobs: 1, Per: time.Hour} }))
		step(f.Submit(ctx, g.job(7, "w")), 7, factory.Shutdown)
		step(f.Submit(ctx, g.job(8, "w")), 8, factory.Shutdown)
		g.let(3, nil)
		g.let(10, nil)
		require.NoError(t, <-drained)
		require.EqualValues(t, 3, balanced(t, f.Stats()).Done)
	})
}

// FA5: of one that is both too old and too late ractor says the former.
func TestFA5_ExpiredBeforeShutdown(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		hold := make(chan struct{})
		cfg := factory.Config[task]{TTL: time.Second, OnDraining: func() { <-hold }}
		f := one(ctx, t, g, cfg)
		drained := make(chan error, 1)
		go func() { drained <- f.Drain(ctx) }()
		synctest.Wait() // in OnDraining
		late := make(chan error, 1)
		go func() { late <- f.Submit(ctx, task{id: 1}) }()
		synctest.Wait()
		time.Sleep(time.Second + 1)
		close(hold)
		refused(t, <-late, factory.Expired)
		refused(t, f.Submit(ctx, task{id: 2}), factory.Shutdown)
		g.let(0, nil)
		require.NoError(t, <-drained)
	})
}

// FA31: ractor's queue_depth and active_workers are Stats.Queued, which counts
// what waits at workers too, and InFlight; available_capacity is Available.
func TestFA31_Queries(t *testing.T) {
	for name, c := range map[string]struct {
		router          factory.Router
		limit           int
		want            []int // before the first job, and after each
		afterLimitOfOne int
	}{
		"no limit":      {factory.Queuer(), 0, []int{2, 1, 0, 0, 0}, 0},
		"no queue":      {factory.Queuer(), factory.NoQueue, []int{2, 1, 0}, 0},
		"shared":        {factory.Queuer(), 2, []int{4, 3, 2, 1, 0}, 0},
		"each worker's": {factory.RoundRobin(), 2, []int{6, 5, 4, 3, 2, 1, 0}, 0},
		"own router":    {gated{new(atomic.Bool)}, 3, []int{5, 4, 3, 2}, 2},
		"very much":     {factory.RoundRobin(), math.MaxInt, []int{math.MaxInt, math.MaxInt}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := start(t)
			g := newGates()
			f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 2, Router: c.router, Limit: c.limit})
			for n, want := range c.want {
				if n > 0 {
					require.NoError(t, f.Submit(ctx, g.job(n, "")))
				}
				got, err := f.Available(ctx)
				require.NoError(t, err)
				require.Equal(t, want, got, "after %d jobs", n)
				st := balanced(t, f.Stats())
				require.EqualValues(t, n, st.InFlight+st.Queued)
				require.LessOrEqual(t, st.InFlight, uint64(2))
			}
			if c.want[len(c.want)-1] == 0 && c.limit != 0 { // it was the truth
				refused(t, f.Submit(ctx, task{}), factory.Overload)
			}
			// A limit below what waits is no negative room.
			require.NoError(t, f.Update(ctx, func(cfg *factory.Config[task]) {
				if cfg.Limit > 0 {
					cfg.Limit = 1
				}
			}))
			got, err := f.Available(ctx)
			require.NoError(t, err)
			require.Equal(t, c.afterLimitOfOne, got)
			f.Ref().Kill()
			_ = f.Ref().Wait(ctx)
			_, err = f.Available(ctx)
			require.ErrorIs(t, err, actor.ErrStopped)
		})
	}
	_, err := factory.Factory[task]{}.Available(context.Background())
	require.ErrorIs(t, err, actor.ErrNoActor)
}

// FA31: who drains has room for nothing.
func TestFA31_NothingIsAvailableInADrain(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 2, Limit: 5})
	require.NoError(t, f.Submit(ctx, g.job(0, "")))
	over, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, f.Drain(over), context.Canceled)
	n, err := f.Available(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	g.let(0, nil)
	require.NoError(t, f.Drain(ctx))
}

// FA8: with a router that spreads keys nobody knows who has one, and who had it
// last may have left. A router that asks for the holder is not led there.
func TestFA8_HolderThatHasLeft(t *testing.T) {
	ctx, sys := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 3, Key: keyOf, Router: factory.RoundRobin()})
	require.NoError(t, f.Submit(ctx, g.job(1, "k"))) // worker 1
	require.NoError(t, f.Submit(ctx, g.job(2, "k"))) // worker 2, the last one that got the key
	g.let(2, nil)
	reaches(t, f, func(st factory.Stats) bool { return st.Done == 1 })
	require.NoError(t, f.Resize(ctx, 2))
	for begin := time.Now(); sys.Stats().Live != 3; runtime.Gosched() {
		require.Less(t, time.Since(begin), time.Minute)
	}
	for _, router := range []factory.Router{factory.StickyQueuer(), factory.KeyPersistent()} {
		require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.Router = router }))
		require.NoError(t, f.Submit(ctx, task{key: "k"}), "%v", router)
	}
	g.let(1, nil)
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 4, balanced(t, f.Stats()).Done)
}

// shared is a worker with a state.
type shared struct{ n int }

func (s *shared) Do(ctx context.Context, t task) error {
	s.n++
	return (&tasker{}).Do(ctx, t)
}

// stateless has no size: all its values may have one address.
type stateless struct{}

func (*stateless) Do(ctx context.Context, t task) error { return (&tasker{}).Do(ctx, t) }

// The same pointer from NewWorker twice: for two workers it is Spawn's error, for
// a replacement a start that fails, which is tried again until it is another one.
func TestSamePointerTwice(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		s := &shared{}
		_, err := factory.Spawn(ctx, factory.Config[task]{Workers: 2, NewWorker: func(int) factory.Worker[task] { return s }})
		require.ErrorIs(t, err, factory.ErrSamePointer)
		require.ErrorContains(t, err, "*factory_test.shared for worker 1, and before for worker 0")

		crew := map[int]*shared{0: {}, 1: {}} // each worker its own, and always that
		var made atomic.Int32
		var mended atomic.Bool
		f := spawn(ctx, t, factory.Config[task]{Workers: 2, Router: factory.RoundRobin(), NewWorker: func(id int) factory.Worker[task] {
			made.Add(1)
			if mended.Load() {
				return &shared{}
			}
			return crew[id]
		}})
		require.NoError(t, f.Submit(ctx, task{do: func(context.Context, int) error { panic("boom") }})) // worker 1
		time.Sleep(time.Minute)
		require.Greater(t, made.Load(), int32(10), "it is tried again")
		require.NoError(t, f.Submit(ctx, task{})) // worker 0
		require.NoError(t, f.Submit(ctx, task{})) // waits for worker 1
		synctest.Wait()
		st := balanced(t, f.Stats())
		require.EqualValues(t, 1, st.Done)
		require.EqualValues(t, 1, st.Queued)
		mended.Store(true)
		require.NoError(t, f.Drain(ctx))
		require.EqualValues(t, 2, balanced(t, f.Stats()).Done)

		for _, newWorker := range []func(int) factory.Worker[task]{
			func(int) factory.Worker[task] { return &stateless{} },
			func(int) factory.Worker[task] { return new(shared) },
			factory.Func(func(context.Context, task) error { return nil }),
		} {
			f := spawn(ctx, t, factory.Config[task]{Workers: 3, NewWorker: newWorker})
			for range 10 {
				require.NoError(t, f.Submit(ctx, task{do: func(context.Context, int) error { panic("boom") }}))
			}
			require.NoError(t, f.Drain(ctx))
			require.EqualValues(t, 10, balanced(t, f.Stats()).Submitted, "%T", newWorker(0))
		}
	})
}
