package factory_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
	"github.com/ractor-go/ractor/rpc"
)

// hooked is a worker with Start and Stop.
type hooked struct {
	tasker
	start, stop func() error
}

func (h *hooked) Start(context.Context) error { return h.start() }
func (h *hooked) Stop(context.Context) error  { return h.stop() }

// FA1: workers start one after the other; one that fails is Spawn's failure, and
// undoes the others.
func TestFA1_StartUp(t *testing.T) {
	ctx, sys := start(t)
	var ids []int
	var stops atomic.Int32
	bad := -1
	cfg := factory.Config[task]{Workers: 5, NewWorker: func(id int) factory.Worker[task] {
		return &hooked{tasker{id}, func() error {
			ids = append(ids, id)
			if id == bad {
				return errJob
			}
			return nil
		}, func() error { stops.Add(1); return nil }}
	}}
	f := spawn(ctx, t, cfg, actor.Named("pool"))
	require.Equal(t, []int{0, 1, 2, 3, 4}, ids)
	require.Equal(t, 5, f.Stats().Workers)
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 5, stops.Load())

	bad = 3
	_, err := factory.Spawn(ctx, cfg, actor.Named("pool"))
	require.ErrorIs(t, err, errJob)
	require.ErrorContains(t, err, "worker 3")
	for begin := time.Now(); sys.Stats().Live > 0; runtime.Gosched() {
		require.Less(t, time.Since(begin), time.Minute)
	}

	for _, w := range []factory.Worker[task]{nil, (*tasker)(nil)} {
		_, err = factory.Spawn(ctx, factory.Config[task]{NewWorker: func(int) factory.Worker[task] { return w }})
		require.ErrorIs(t, err, factory.ErrNilWorker)
	}
	_, err = factory.Spawn(ctx, factory.Config[task]{NewWorker: func(int) factory.Worker[task] { panic("no") }})
	var p *actor.PanicError
	require.ErrorAs(t, err, &p)
}

// FA1: GOMAXPROCS workers by default, none on demand.
func TestFA1_NoWorkers(t *testing.T) {
	ctx, _ := start(t)
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker})
	require.Equal(t, runtime.GOMAXPROCS(0), f.Stats().Workers)
	require.NoError(t, f.Resize(ctx, 0))
	require.Zero(t, f.Stats().Workers)
	for id := range 10 {
		require.NoError(t, f.Submit(ctx, task{id: id}))
	}
	require.EqualValues(t, 10, balanced(t, f.Stats()).Queued)
	require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.TTL = time.Hour })) // leaves it at 0
	require.Zero(t, f.Stats().Workers)
	require.NoError(t, f.Resize(ctx, 2))
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 10, balanced(t, f.Stats()).Done)
}

// FA3: one job at a time for each worker.
func TestFA3_OneJobAtATime(t *testing.T) {
	ctx, _ := start(t)
	var busy [4]atomic.Int32
	var most atomic.Int32
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 4, Router: factory.RoundRobin(), Blocks: true})
	for range 2000 {
		require.NoError(t, f.Ref().Cast(ctx, task{do: func(_ context.Context, w int) error {
			if busy[w].Add(1) > 1 {
				most.Store(2)
			}
			runtime.Gosched()
			busy[w].Add(-1)
			return nil
		}}))
	}
	require.NoError(t, f.Drain(ctx))
	require.Zero(t, most.Load())
	require.EqualValues(t, 2000, f.Stats().Done)
}

// FA4: each way to die ends the job in its own way, and the worker is replaced
// under its number; what waits for it is kept.
func TestFA4_Deaths(t *testing.T) {
	for name, c := range map[string]struct {
		do       func(ctx context.Context, w int) error
		why      factory.Reason
		err      error
		replaced uint64
	}{
		"panic":   {func(context.Context, int) error { panic(errJob) }, factory.Died, errJob, 1},
		"goexit":  {func(context.Context, int) error { runtime.Goexit(); return nil }, factory.Died, nil, 1},
		"broken":  {func(context.Context, int) error { return fmt.Errorf("%w: disk", factory.ErrBroken) }, factory.Failed, factory.ErrBroken, 1},
		"killed":  {func(ctx context.Context, _ int) error { actor.Caller().Kill(); return ctx.Err() }, factory.Died, actor.ErrKilled, 1},
		"error":   {func(context.Context, int) error { return errJob }, factory.Failed, errJob, 0},
		"stopped": {func(context.Context, int) error { actor.Caller().Stop(); return nil }, 0, nil, 1},
	} {
		for _, retries := range []int{0, 2} {
			ctx, _ := start(t)
			g := newGates()
			var made atomic.Int32
			cfg := factory.Config[task]{Retry: factory.Retry{Max: retries}, Router: factory.RoundRobin(), Workers: 1}
			cfg.NewWorker = func(id int) factory.Worker[task] { made.Add(1); return newTasker(id) }
			x := record(&cfg)
			f := spawn(ctx, t, cfg)
			require.NoError(t, f.Submit(ctx, g.job(0, "")))
			g.next(t)
			require.NoError(t, f.Submit(ctx, task{id: 1, do: c.do}))
			require.NoError(t, f.Submit(ctx, g.job(2, "")))
			require.NoError(t, f.Submit(ctx, g.job(3, "")))
			for _, id := range []int{0, 2, 3} {
				g.let(id, nil)
			}
			require.Equal(t, begin{2, 0}, g.next(t), name)
			require.Equal(t, begin{3, 0}, g.next(t), name)
			attempts := uint64(1 + retries)
			if c.why == 0 { // job 1 was done, and then its worker ended
				attempts = 1
			}
			reaches(t, f, func(st factory.Stats) bool { return st.Replaced == c.replaced*attempts && st.Done+st.Discarded == 4 })
			require.NoError(t, f.Drain(ctx))
			if c.why == 0 {
				require.Equal(t, 1, x.dones(1))
				require.Empty(t, x.reasons(1))
			} else {
				require.Equal(t, []factory.Reason{c.why}, x.reasons(1), name)
				require.Len(t, x.errs(1), int(attempts), name)
			}
			if c.err != nil {
				require.ErrorIs(t, x.errs(1)[0], c.err, name)
			}
			st := balanced(t, f.Stats())
			require.Equal(t, attempts-1, st.Retried, name)
			require.EqualValues(t, 1+c.replaced*attempts, made.Load(), name)
		}
	}
}

// FA21, FA33: Submit says whether the job was accepted, and a cancelled caller
// gets its cause.
func TestFA21_FA33_Acceptance(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := one(ctx, t, g, factory.Config[task]{Limit: 1})
	require.NoError(t, f.Submit(ctx, g.job(1, "")))
	err := f.Submit(ctx, task{})
	var why *factory.RefusedError
	require.ErrorAs(t, err, &why)
	require.Equal(t, factory.Overload, why.Reason)
	require.EqualError(t, err, "factory: job refused: overload")
	gone, cancel := context.WithCancelCause(ctx)
	cancel(errJob)
	require.ErrorIs(t, f.Submit(gone, task{}), errJob)
	require.EqualValues(t, 3, balanced(t, f.Stats()).Submitted)
	g.let(0, nil)
	g.let(1, nil)
	require.NoError(t, f.Drain(ctx))
	require.ErrorIs(t, f.Submit(ctx, task{}), actor.ErrStopped)
	require.ErrorIs(t, f.Ref().Cast(ctx, task{}), actor.ErrStopped)
}

// FA23: the idle of too many leave at once, the busy when nothing waits for them
// any more; whoever is needed again before that stays.
func TestFA23_Resize(t *testing.T) {
	ctx, sys := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 8, Router: factory.RoundRobin()})
	for id := range 4 { // workers 1 to 4
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	for range 8 {
		require.NoError(t, f.Submit(ctx, task{id: 9})) // 5, 6, 7, 0 and 1 to 4
	}
	reaches(t, f, func(st factory.Stats) bool { return st.InFlight+st.Queued == 8 })
	require.NoError(t, f.Resize(ctx, 2))
	alive := func(n int64) {
		t.Helper()
		for begin := time.Now(); sys.Stats().Live != n+1; runtime.Gosched() {
			require.Less(t, time.Since(begin), time.Minute, "%d actors", sys.Stats().Live)
		}
	}
	alive(5) // 0, and 1 to 4 with their jobs
	require.Equal(t, 2, f.Stats().Workers)
	g.let(3, nil) // worker 4 does what waits for it and leaves
	alive(4)
	require.NoError(t, f.Resize(ctx, 4)) // 2 and 3 stay
	for id := range 3 {
		g.let(id, nil)
	}
	reaches(t, f, func(st factory.Stats) bool { return st.Done == 12 })
	alive(4)
	for n := range 50 {
		require.NoError(t, f.Resize(ctx, n*7%20))
		require.NoError(t, f.Submit(ctx, task{}))
	}
	require.NoError(t, f.Resize(ctx, 3))
	alive(3)
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 62, balanced(t, f.Stats()).Done)
}

// FA26: no new jobs, all others are done, then the factory ends; drained twice.
func TestFA26_Drain(t *testing.T) {
	for _, router := range []factory.Router{factory.Queuer(), factory.RoundRobin()} {
		ctx, _ := start(t)
		g := newGates()
		cfg := factory.Config[task]{Router: router}
		x := record(&cfg)
		f := one(ctx, t, g, cfg)
		for id := 1; id < 1000; id++ {
			require.NoError(t, f.Submit(ctx, task{id: id}))
		}
		short, cancel := context.WithCancelCause(ctx)
		time.AfterFunc(time.Millisecond, func() { cancel(errJob) })
		require.ErrorIs(t, f.Drain(short), errJob)
		refused(t, f.Submit(ctx, task{id: -1}), factory.Shutdown)
		require.Equal(t, []factory.Reason{factory.Shutdown}, x.reasons(-1))
		drained := make(chan error, 2)
		for range 2 {
			go func() { drained <- f.Drain(ctx) }()
		}
		g.let(0, nil)
		require.NoError(t, recv(t, drained))
		require.NoError(t, recv(t, drained))
		require.NoError(t, f.Drain(ctx))
		st := balanced(t, f.Stats())
		require.EqualValues(t, 1000, st.Done)
		require.EqualValues(t, 1, st.Discarded)
	}
}

// FA26: what can never be done is not waited for.
func TestFA26_DrainWithoutWorkers(t *testing.T) {
	ctx, _ := start(t)
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker})
	require.NoError(t, f.Resize(ctx, 0))
	require.NoError(t, f.Submit(ctx, task{}))
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 1, balanced(t, f.Stats()).Because(factory.Shutdown))
}

// FA20, FA27: stopped, every job that waits is discarded, wherever it waits.
func TestFA20_FA27_Stop(t *testing.T) {
	for _, router := range []factory.Router{factory.Queuer(), factory.RoundRobin()} {
		ctx, _ := start(t)
		g := newGates()
		cfg := factory.Config[task]{Router: router}
		x := record(&cfg)
		f := one(ctx, t, g, cfg)
		for id := 1; id < 50; id++ {
			require.NoError(t, f.Submit(ctx, g.job(id, "")))
		}
		f.Ref().Stop()
		g.let(0, nil)
		require.NoError(t, f.Ref().Wait(ctx))
		require.Equal(t, 1, x.dones(0))
		for id := 1; id < 50; id++ {
			require.Equal(t, []factory.Reason{factory.Shutdown}, x.reasons(id))
		}
		st := balanced(t, f.Stats())
		require.EqualValues(t, 49, st.Because(factory.Shutdown))
		require.Zero(t, st.InFlight+st.Queued)
	}
}

// A killed factory's accounts balance too, and StopTree and a parent's end leave
// nothing behind.
func TestEndsFromOutside(t *testing.T) {
	for name, end := range map[string]func(ctx context.Context, f factory.Factory[task]) error{
		"kill":     func(ctx context.Context, f factory.Factory[task]) error { return f.Ref().KillAndWait(ctx) },
		"StopTree": func(ctx context.Context, f factory.Factory[task]) error { return f.Ref().StopTree(ctx) },
		"drain":    func(ctx context.Context, f factory.Factory[task]) error { return f.Ref().DrainAndWait(ctx) },
		"parent": func(ctx context.Context, f factory.Factory[task]) error {
			f.Any().Parent().Kill()
			var e *actor.ExitError
			if err := f.Ref().Wait(ctx); !errors.As(err, &e) {
				return err
			}
			return nil
		},
	} {
		ctx, sys := start(t)
		g := newGates()
		spawned := make(chan factory.Factory[task], 1)
		parent, err := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[int], _ int) error {
			f, err := factory.SpawnLinked(ctx, factory.Config[task]{NewWorker: newTasker, Workers: 1})
			spawned <- f
			return err
		}))
		require.NoError(t, err)
		require.NoError(t, parent.Cast(ctx, 0))
		f := recv(t, spawned)
		for id := range 10 {
			require.NoError(t, f.Submit(ctx, g.job(id, "")))
		}
		g.next(t)
		g.let(0, nil)
		g.next(t)
		g.let(1, nil)
		require.NoError(t, end(ctx, f), name)
		st := balanced(t, f.Stats())
		require.EqualValues(t, 10, st.Submitted, name)
		require.Zero(t, st.InFlight+st.Queued, name)
		parent.Stop()
		for begin := time.Now(); sys.Stats().Live > 0; runtime.Gosched() {
			require.Less(t, time.Since(begin), time.Minute, name)
		}
	}
}

// FA28: the hooks, in their order; their panics harm nobody.
func TestFA28_Hooks(t *testing.T) {
	ctx, _ := start(t)
	log := make(chan string, 10)
	f := spawn(ctx, t, factory.Config[task]{
		NewWorker: newTasker, Workers: 1,
		OnStarted:  func() { log <- "started"; panic("x") },
		OnDraining: func() { log <- "draining"; panic("x") },
		OnStopped:  func() { log <- "stopped"; panic("x") },
		OnDone:     func(task, error) { log <- "done"; panic("x") },
		OnDiscard:  func(task, factory.Reason) { log <- "discarded"; panic("x") },
		Essential:  func(task) bool { panic("x") },
		Limit:      factory.NoQueue,
	})
	require.NoError(t, f.Submit(ctx, task{}))
	require.Equal(t, "started", recv(t, log))
	require.Equal(t, "done", recv(t, log))
	g := newGates()
	require.NoError(t, f.Submit(ctx, g.job(0, "")))
	refused(t, f.Submit(ctx, task{}), factory.Overload)
	require.Equal(t, "discarded", recv(t, log))
	g.let(0, nil)
	require.Equal(t, "done", recv(t, log))
	require.NoError(t, f.Drain(ctx))
	require.Equal(t, "draining", recv(t, log))
	require.Equal(t, "stopped", recv(t, log))
}

// FA28: OnStopped is for who stops; a factory that was killed, or whose start has
// failed, has no last word.
func TestFA28_NoHookAfterAKill(t *testing.T) {
	ctx, _ := start(t)
	log := make(chan string, 10)
	cfg := factory.Config[task]{
		NewWorker: newTasker, Workers: 2,
		OnStarted:  func() { log <- "started" },
		OnDraining: func() { log <- "draining" },
		OnStopped:  func() { log <- "stopped" },
	}
	f := spawn(ctx, t, cfg)
	require.Equal(t, "started", recv(t, log))
	require.NoError(t, f.Ref().KillAndWait(ctx))
	cfg.NewWorker = func(int) factory.Worker[task] { return nil }
	_, err := factory.Spawn(ctx, cfg)
	require.ErrorIs(t, err, factory.ErrNilWorker)
	require.Empty(t, log)
}

// FA30: settings change while the factory runs, all or none.
func TestFA30_Update(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := one(ctx, t, g, factory.Config[task]{Limit: 1})
	require.NoError(t, f.Submit(ctx, g.job(1, "")))
	refused(t, f.Submit(ctx, g.job(2, "")), factory.Overload)

	require.ErrorIs(t, f.Update(ctx, func(c *factory.Config[task]) { c.Limit, c.TTL = 5, -1 }), factory.ErrConfig)
	require.ErrorIs(t, f.Update(ctx, func(c *factory.Config[task]) { c.Limit, c.Router = 5, factory.KeyPersistent() }), factory.ErrConfig)
	var p *actor.PanicError
	require.ErrorAs(t, f.Update(ctx, func(c *factory.Config[task]) { c.Limit = 5; panic("no") }), &p)
	require.Error(t, f.Update(ctx, nil))
	refused(t, f.Submit(ctx, g.job(2, "")), factory.Overload)
	require.Equal(t, 1, f.Stats().Limit)

	discards := make(chan factory.Reason, 10)
	require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) {
		require.Equal(t, 1, c.Workers)
		c.Limit, c.Workers = 2, 3
		c.OnDiscard = func(_ task, why factory.Reason) { discards <- why }
		c.Key, c.Router = keyOf, factory.KeyPersistent()
	}))
	g.let(0, nil)
	g.let(1, nil)
	reaches(t, f, func(st factory.Stats) bool { return st.Done == 2 && st.Workers == 3 })
	for id := 10; id < 13; id++ { // one under way, two behind it
		require.NoError(t, f.Submit(ctx, g.job(id, "same")))
	}
	refused(t, f.Submit(ctx, g.job(13, "same")), factory.Overload)
	require.Equal(t, factory.Overload, recv(t, discards))
	for id := 10; id < 13; id++ {
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 5, balanced(t, f.Stats()).Done)
}

// ask is a job with an answer.
type ask struct {
	n     int
	reply rpc.Reply[int]
}

// Jobs may be requests; and workers may submit to, resize and ask their own
// factory.
func TestCallsThroughTheFactory(t *testing.T) {
	ctx, _ := start(t)
	var f factory.Factory[ask]
	f = spawn(ctx, t, factory.Config[ask]{
		Workers: 3,
		NewWorker: factory.Func(func(ctx context.Context, a ask) error {
			switch a.n {
			case 0:
				panic("no answer")
			case 1:
				if err := f.Drain(ctx); !errors.Is(err, actor.ErrSelf) {
					return fmt.Errorf("drained: %w", err)
				}
				if err := f.Resize(ctx, 4); err != nil {
					return err
				}
				if err := f.Submit(ctx, ask{2, a.reply}); err != nil {
					return err
				}
				a.reply.Send(f.Stats().Workers)
				return nil
			}
			a.reply.Send(a.n * a.n)
			return nil
		}),
		OnDone: func(ask, error) {
			if err := f.Submit(ctx, ask{}); !errors.Is(err, rpc.ErrSelfCall) {
				panic(err)
			}
		},
		OnDiscard: func(a ask, why factory.Reason) { a.reply.Fail(&factory.RefusedError{Reason: why}) },
	})
	for n := 3; n < 100; n++ {
		v, err := rpc.Call(ctx, f.Ref(), func(r rpc.Reply[int]) ask { return ask{n, r} })
		require.NoError(t, err)
		require.Equal(t, n*n, v)
	}
	_, err := rpc.Call(ctx, f.Ref(), func(r rpc.Reply[int]) ask { return ask{0, r} })
	refused(t, err, factory.Died)
	v, err := rpc.Call(ctx, f.Ref(), func(r rpc.Reply[int]) ask { return ask{1, r} })
	require.NoError(t, err)
	require.Equal(t, 4, v)
	require.NoError(t, f.Drain(ctx))
}

func TestBadInput(t *testing.T) {
	ctx, _ := start(t)
	good := factory.Config[task]{NewWorker: newTasker, Workers: 1}
	for name, change := range map[string]func(*factory.Config[task]){
		"NewWorker":        func(c *factory.Config[task]) { c.NewWorker = nil },
		"Workers is -1":    func(c *factory.Config[task]) { c.Workers = -1 },
		"Workers is 10000": func(c *factory.Config[task]) { c.Workers = 1_000_001 },
		"KeyPersistent":    func(c *factory.Config[task]) { c.Router = factory.KeyPersistent() },
		"StickyQueuer":     func(c *factory.Config[task]) { c.Router = factory.StickyQueuer() },
		"Custom":           func(c *factory.Config[task]) { c.Router = factory.Custom(func(string, int) int { return 0 }) },
		"Limit is -2":      func(c *factory.Config[task]) { c.Limit = -2 },
		"Discard is 2":     func(c *factory.Config[task]) { c.Discard = 2 },
		"Rate.Jobs is -1":  func(c *factory.Config[task]) { c.Rate.Jobs = -1 },
		"Rate is 5 jobs":   func(c *factory.Config[task]) { c.Rate.Jobs = 5 },
		"Rate.Per is -1ns": func(c *factory.Config[task]) { c.Rate = factory.Rate{Jobs: 1, Per: -1} },
		"Rate.Burst is -1": func(c *factory.Config[task]) { c.Rate.Burst = -1 },
		"TTL is -1ns":      func(c *factory.Config[task]) { c.TTL = -1 },
		"Retry.Max is -1":  func(c *factory.Config[task]) { c.Retry.Max = -1 },
		"Retry.Backoff":    func(c *factory.Config[task]) { c.Retry.Backoff = -1 },
		"StuckAfter":       func(c *factory.Config[task]) { c.StuckAfter = -1 },
		"Shutdown":         func(c *factory.Config[task]) { c.Shutdown = -1 },
		"ControlEvery":     func(c *factory.Config[task]) { c.ControlEvery = -1 },
	} {
		cfg := good
		change(&cfg)
		_, err := factory.Spawn(ctx, cfg)
		require.ErrorIs(t, err, factory.ErrConfig, name)
		require.ErrorContains(t, err, name)
	}
	_, err := factory.Spawn(ctx, factory.Config[task]{NewWorker: factory.Func[task](nil)})
	require.ErrorIs(t, err, factory.ErrConfig)
	_, err = factory.Spawn(nil, good) //nolint:staticcheck // a nil context is the subject
	require.ErrorIs(t, err, actor.ErrNilContext)

	f := spawn(ctx, t, good)
	require.ErrorIs(t, f.Resize(ctx, -1), factory.ErrConfig)
	require.ErrorIs(t, f.Resize(ctx, factory.MaxWorkers+1), factory.ErrConfig)
	require.ErrorIs(t, f.Submit(nil, task{}), actor.ErrNilContext) //nolint:staticcheck // as above
	require.NoError(t, f.Drain(ctx))
	require.ErrorIs(t, f.Resize(ctx, 1), actor.ErrStopped)

	var none factory.Factory[task]
	require.ErrorIs(t, none.Submit(ctx, task{}), actor.ErrNoActor)
	require.ErrorIs(t, none.Resize(ctx, 1), actor.ErrNoActor)
	require.ErrorIs(t, none.Drain(ctx), actor.ErrNoActor)
	require.Equal(t, factory.Stats{}, none.Stats())
	require.True(t, none.Ref().IsZero())
}

// A router of the user's that leaves jobs in the queue, takes them by the number
// of those that wait, and looks at everything that a Pool says.
type leastLoaded struct{ t *testing.T }

func (r leastLoaded) Route(_ string, pool factory.Pool) int {
	for w := range pool.Idle() {
		require.Equal(r.t, pool.FirstIdle(), w)
		require.Zero(r.t, pool.Waiting(w))
		return w
	}
	best := 0
	for w := range pool.Len() {
		if pool.Waiting(w) < pool.Waiting(best) {
			best = w
		}
	}
	if pool.Waiting(best) >= 2 || pool.Waiting(-1) > 0 || pool.Waiting(99) > 0 {
		return factory.ToQueue
	}
	return best
}

func TestFA11_OwnRouter(t *testing.T) {
	ctx, _ := start(t)
	g := newGates()
	f := spawn(ctx, t, factory.Config[task]{NewWorker: newTasker, Workers: 2, Router: leastLoaded{t}})
	for id := range 20 {
		require.NoError(t, f.Submit(ctx, g.job(id, "")))
	}
	require.EqualValues(t, 18, balanced(t, f.Stats()).Queued)
	for id := range 20 {
		g.let(id, nil)
	}
	require.NoError(t, f.Drain(ctx))
	require.EqualValues(t, 20, balanced(t, f.Stats()).Done)
}
