package factory_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
	"github.com/ractor-go/ractor/sched"
)

// bubble runs f in a synctest bubble, with a System of its own. The context has
// no deadline: its timer would be the only thing to wait for. With four workers,
// whatever the machine has, handlers that block hold up nobody, and no time passes
// until a spare is there.
func bubble(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{KillGrace: 2 * time.Second, Sched: sched.Config{Workers: 4}})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		f(t, ctx)
		require.NoError(t, sys.Shutdown(ctx))
	})
}

// FA12: more than the rate are refused; who was accepted stays accepted.
func TestFA12_Rate(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		f := one(ctx, t, g, factory.Config[task]{Rate: factory.Rate{Jobs: 10, Per: time.Second, Burst: 3}})
		require.NoError(t, f.Submit(ctx, g.job(1, "")))
		require.NoError(t, f.Submit(ctx, g.job(2, "")))
		refused(t, f.Submit(ctx, g.job(3, "")), factory.RateLimited)
		time.Sleep(99 * time.Millisecond)
		refused(t, f.Submit(ctx, g.job(3, "")), factory.RateLimited)
		time.Sleep(time.Millisecond)
		require.NoError(t, f.Submit(ctx, g.job(3, "")))
		refused(t, f.Submit(ctx, g.job(4, "")), factory.RateLimited)
		time.Sleep(time.Hour) // the bucket does not save up more than Burst
		for id := 4; id < 7; id++ {
			require.NoError(t, f.Submit(ctx, g.job(id, "")))
		}
		refused(t, f.Submit(ctx, g.job(7, "")), factory.RateLimited)
		for id := range 7 {
			g.let(id, nil)
		}
		require.NoError(t, f.Drain(ctx))
		st := balanced(t, f.Stats())
		require.EqualValues(t, 7, st.Done)
		require.EqualValues(t, 4, st.Because(factory.RateLimited))
	})
}

// FA22: a job waits for TTL and not longer, in the shared queue, at a worker,
// and before a retry; one that has begun is not touched.
func TestFA22_TTL(t *testing.T) {
	for _, router := range []func() factory.Router{factory.Queuer, factory.RoundRobin} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			g := newGates()
			cfg := factory.Config[task]{
				TTL: 100 * time.Millisecond, Router: router(),
				Retry: factory.Retry{Max: 5, Backoff: 60 * time.Millisecond},
			}
			x := record(&cfg)
			f := one(ctx, t, g, cfg)
			begin := time.Now()
			require.NoError(t, f.Submit(ctx, g.job(1, "")))
			time.Sleep(50 * time.Millisecond)
			require.NoError(t, f.Ref().Cast(ctx, g.job(2, "")))
			time.Sleep(50 * time.Millisecond)
			require.EqualValues(t, 2, f.Stats().Queued, "exactly TTL is not too long")
			reachesAt := func(n uint64, at time.Duration) {
				t.Helper()
				time.Sleep(at - time.Since(begin))
				synctest.Wait()
				require.Equal(t, n, balanced(t, f.Stats()).Because(factory.Expired))
			}
			reachesAt(1, 102*time.Millisecond)
			reachesAt(1, 149*time.Millisecond)
			reachesAt(2, 152*time.Millisecond)
			require.Equal(t, []factory.Reason{factory.Expired}, x.reasons(1))

			// Job 0 has been at it for longer; when it fails its time is over.
			g.let(0, errJob)
			synctest.Wait()
			require.Equal(t, []error{errJob}, x.errs(0))
			require.Equal(t, []factory.Reason{factory.Expired}, x.reasons(0))

			// A retry that would come too late expires when its time is over.
			begin = time.Now()
			require.NoError(t, f.Submit(ctx, g.job(3, "")))
			g.next(t)
			time.Sleep(70 * time.Millisecond)
			g.let(3, errJob)
			reachesAt(3, 99*time.Millisecond)
			require.EqualValues(t, 1, f.Stats().Queued)
			reachesAt(4, 102*time.Millisecond)
			require.NoError(t, f.Drain(ctx))
		})
	}
}

// FA25: a worker that has been at a job for too long is killed and replaced, and
// its job tried again by another; the neighbours go on meanwhile.
func TestFA25_StuckWorker(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		cfg := factory.Config[task]{NewWorker: newTasker, Workers: 2, StuckAfter: time.Second, Retry: factory.Retry{Max: 1}}
		x := record(&cfg)
		f := spawn(ctx, t, cfg)
		begin := time.Now()
		require.NoError(t, f.Submit(ctx, g.job(0, "")))
		require.Equal(t, 0, g.next(t).worker)
		again := g.next(t) // the second attempt
		require.Equal(t, 0, again.id)
		require.InDelta(t, time.Second, time.Since(begin), float64(5*time.Millisecond))
		require.ErrorIs(t, x.errs(0)[0], factory.ErrStuck)
		time.Sleep(1005 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []factory.Reason{factory.Stuck}, x.reasons(0))
		st := balanced(t, f.Stats())
		require.EqualValues(t, 2, st.Stuck)
		require.EqualValues(t, 2, st.Replaced)
		require.EqualValues(t, 1, st.Retried)
		for id := 1; id < 4; id++ { // both workers are good again
			require.NoError(t, f.Submit(ctx, g.job(id, "")))
			g.let(id, nil)
		}
		require.NoError(t, f.Drain(ctx))
		require.EqualValues(t, 3, f.Stats().Done)
	})
}

// FA25: idle workers are never stuck, and KeepStuck only counts.
func TestFA25_IdleIsNotStuckAndKeepStuck(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		f := one(ctx, t, g, factory.Config[task]{StuckAfter: time.Second, KeepStuck: true})
		time.Sleep(time.Hour)
		synctest.Wait()
		require.EqualValues(t, 1, f.Stats().Stuck)
		g.let(0, nil)
		synctest.Wait()
		time.Sleep(time.Hour)
		synctest.Wait()
		st := balanced(t, f.Stats())
		require.EqualValues(t, 1, st.Stuck)
		require.EqualValues(t, 0, st.Replaced)
		require.EqualValues(t, 1, st.Done)
		require.NoError(t, f.Drain(ctx))
	})
}

// FA25: a worker that ignores its kill is written off after KillGrace; then its
// job goes on elsewhere, and what the old one says in the end is not heard.
func TestFA25_WorkerThatIgnoresItsKill(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		gate, began := make(chan struct{}), make(chan int, 2)
		cfg := factory.Config[task]{NewWorker: newTasker, Workers: 1, StuckAfter: time.Second, Retry: factory.Retry{Max: 1}}
		x := record(&cfg)
		f := spawn(ctx, t, cfg)
		begin := time.Now()
		var attempts atomic.Int32
		require.NoError(t, f.Submit(ctx, task{do: func(context.Context, int) error {
			n := int(attempts.Add(1))
			began <- n
			if n == 1 {
				<-gate
			}
			return nil
		}}))
		require.Equal(t, 1, <-began)
		require.Equal(t, 2, <-began)
		require.InDelta(t, 3*time.Second, time.Since(begin), float64(10*time.Millisecond))
		synctest.Wait()
		require.EqualValues(t, 1, f.Stats().Done)
		close(gate)
		synctest.Wait()
		require.EqualValues(t, 1, balanced(t, f.Stats()).Done)
		require.Equal(t, 1, x.dones(0))
		require.NoError(t, f.Drain(ctx))
	})
}

// FA25: a new, shorter time counts for jobs under way; none ends it.
func TestFA25_NewTimeCountsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		cfg := factory.Config[task]{StuckAfter: time.Hour}
		x := record(&cfg)
		f := one(ctx, t, g, cfg)
		set := func(d time.Duration) {
			require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.StuckAfter = d }))
		}
		set(0)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Zero(t, f.Stats().Stuck)
		set(time.Second)
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		require.Zero(t, f.Stats().Stuck)
		time.Sleep(5 * time.Millisecond)
		synctest.Wait()
		require.Equal(t, []factory.Reason{factory.Stuck}, x.reasons(0))
		require.NoError(t, f.Drain(ctx))
	})
}

// FA32: a job is tried again Max times, after waits that double, and then it is
// over: a retry that can never succeed ends.
func TestFA32_Retry(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		cfg := factory.Config[task]{
			NewWorker: newTasker, Workers: 1,
			Retry: factory.Retry{Max: 5, Backoff: 100 * time.Millisecond, MaxBackoff: 350 * time.Millisecond},
		}
		x := record(&cfg)
		f := spawn(ctx, t, cfg)
		var at []time.Duration
		begin := time.Now()
		require.NoError(t, f.Submit(ctx, task{do: func(context.Context, int) error {
			at = append(at, time.Since(begin).Round(10*time.Millisecond))
			balanced(t, f.Stats())
			return errJob
		}}))
		time.Sleep(50 * time.Millisecond)
		st := balanced(t, f.Stats())
		require.EqualValues(t, 1, st.Queued)
		require.EqualValues(t, 1, st.Retried)
		require.NoError(t, f.Drain(ctx)) // retries are waited for
		require.Equal(t, []time.Duration{0, 100e6, 300e6, 650e6, 1000e6, 1350e6}, at)
		require.Equal(t, []factory.Reason{factory.Failed}, x.reasons(0))
		require.Len(t, x.errs(0), 6)
	})
}

// FA19, FA24, FA29: the controllers are asked every ControlEvery.
func TestFA19_FA24_FA29_Controllers(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		var asked atomic.Int32
		f := one(ctx, t, g, factory.Config[task]{
			Limit:        1,
			ControlEvery: 50 * time.Millisecond,
			Capacity: func(now factory.Stats) int {
				if now.Queued > 2 {
					return now.Workers + 1
				}
				return 0
			},
			AdaptLimit: func(now factory.Stats) int { return now.Limit + 1 },
			Observe:    func(factory.Stats) { asked.Add(1); panic("nobody minds") },
		})
		require.NoError(t, f.Submit(ctx, g.job(1, "")))
		refused(t, f.Submit(ctx, g.job(2, "")), factory.Overload)
		time.Sleep(120 * time.Millisecond)
		require.Equal(t, 3, f.Stats().Limit)
		require.Equal(t, 1, f.Stats().Workers)
		require.NoError(t, f.Submit(ctx, g.job(2, "")))
		require.NoError(t, f.Submit(ctx, g.job(3, "")))
		refused(t, f.Submit(ctx, g.job(4, "")), factory.Overload)
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		st := balanced(t, f.Stats())
		require.Equal(t, 2, st.Workers)
		require.EqualValues(t, 2, st.InFlight)
		require.EqualValues(t, 3, asked.Load())
		require.NoError(t, f.Update(ctx, func(c *factory.Config[task]) { c.Capacity, c.AdaptLimit, c.Observe = nil, nil, nil }))
		time.Sleep(time.Hour)
		require.EqualValues(t, 3, asked.Load())
		for id := range 4 {
			g.let(id, nil)
		}
		require.NoError(t, f.Drain(ctx))
	})
}

// FA4: a worker that cannot be replaced is tried again later and later; what
// waits for it waits, and the others go on.
func TestFA4_ReplacementThatCannotStart(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		var made atomic.Int32
		var broken atomic.Bool
		cfg := factory.Config[task]{Workers: 2, Router: factory.RoundRobin()}
		cfg.NewWorker = func(id int) factory.Worker[task] {
			if id == 1 {
				if n := made.Add(1); broken.Load() {
					if n%2 == 0 {
						panic("cannot")
					}
					return nil
				}
			}
			return newTasker(id)
		}
		x := record(&cfg)
		f := spawn(ctx, t, cfg)
		broken.Store(true)
		require.NoError(t, f.Submit(ctx, task{id: 1, do: func(context.Context, int) error { panic("boom") }}))
		synctest.Wait()
		require.Equal(t, []factory.Reason{factory.Died}, x.reasons(1))
		require.NoError(t, f.Submit(ctx, task{id: 2})) // worker 0
		require.NoError(t, f.Submit(ctx, task{id: 3})) // worker 1
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Greater(t, made.Load(), int32(30))
		require.Less(t, made.Load(), int32(80))
		require.Equal(t, 1, x.dones(2))
		require.EqualValues(t, 1, balanced(t, f.Stats()).Queued)
		broken.Store(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, x.dones(3))
		require.NoError(t, f.Drain(ctx))
	})
}

// FA4: a worker that was written off ends its job all the same, before the factory
// has heard of its end: the result counts, though no report can come any more, and
// the job is not done twice.
func TestFA4_ResultAfterTheEndAndBeforeItIsHeard(t *testing.T) {
	for _, result := range []error{nil, errJob} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			hold, gate := make(chan struct{}), make(chan struct{})
			began := 0
			cfg := factory.Config[task]{NewWorker: newTasker, Workers: 2}
			x := record(&cfg)
			onDone := cfg.OnDone
			cfg.OnDone = func(t task, err error) {
				if onDone(t, err); t.id == 0 {
					<-hold
				}
			}
			f := spawn(ctx, t, cfg)
			worker := make(chan actor.AnyRef, 2)
			require.NoError(t, f.Submit(ctx, task{id: 1, do: func(context.Context, int) error {
				began++
				worker <- actor.Caller()
				<-gate
				return result
			}}))
			w := <-worker
			require.NoError(t, f.Submit(ctx, task{id: 0}))
			synctest.Wait() // the factory is in OnDone
			require.NoError(t, w.KillAndWait(ctx))
			require.ErrorIs(t, w.Wait(ctx), actor.ErrAbandoned)
			close(gate)
			synctest.Wait() // Do has returned
			require.EqualValues(t, 1, balanced(t, f.Stats()).InFlight)
			close(hold)
			require.NoError(t, f.Drain(ctx))
			require.Equal(t, 1, began)
			require.Len(t, x.errs(1), 1)
			if result == nil {
				require.Equal(t, 1, x.dones(1))
			}
			require.Equal(t, uint64(1), f.Stats().Replaced)
			require.EqualValues(t, 2, balanced(t, f.Stats()).Done+f.Stats().Discarded)
		})
	}
}

// FA27: what is under way when the factory stops has its time; then its worker
// is killed.
func TestFA27_StopGivesTime(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		stopped := false
		cfg := factory.Config[task]{
			NewWorker: newTasker, Workers: 2, Shutdown: time.Second, Retry: factory.Retry{Max: 9, Backoff: time.Hour},
			OnStopped: func() { stopped = true },
		}
		x := record(&cfg)
		f := spawn(ctx, t, cfg)
		require.NoError(t, f.Submit(ctx, task{id: 9, do: func(context.Context, int) error { return errJob }}))
		synctest.Wait() // it waits for its retry
		for id := range 4 {
			require.NoError(t, f.Submit(ctx, g.job(id, "")))
		}
		synctest.Wait()
		begin := time.Now()
		f.Ref().Stop()
		time.Sleep(500 * time.Millisecond)
		g.let(0, nil) // in time, though the factory takes no messages any more
		require.NoError(t, f.Ref().Wait(ctx))
		require.Equal(t, time.Second, time.Since(begin))
		require.True(t, stopped)
		require.Equal(t, 1, x.dones(0))
		for _, id := range []int{1, 2, 3, 9} {
			require.Equal(t, []factory.Reason{factory.Shutdown}, x.reasons(id), id)
		}
		require.Equal(t, []error{actor.ErrKilled}, x.errs(1))
		st := balanced(t, f.Stats())
		require.EqualValues(t, 1, st.Done)
		require.Zero(t, st.InFlight+st.Queued)
		require.ErrorIs(t, f.Submit(ctx, task{}), actor.ErrStopped)
	})
}

// FA27: a worker whose request to its own factory is still in the mailbox when
// that stops waits for an answer that does not come. Its time ends that.
func TestFA27_WorkerThatAsksItsStoppingFactory(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		var f factory.Factory[task]
		hold, asked := make(chan struct{}), make(chan error, 1)
		cfg := factory.Config[task]{NewWorker: newTasker, Workers: 2, Shutdown: time.Second}
		x := record(&cfg)
		onDone := cfg.OnDone
		cfg.OnDone = func(t task, err error) {
			if onDone(t, err); t.id == 0 {
				<-hold
			}
		}
		f = spawn(ctx, t, cfg)
		begin := make(chan struct{})
		require.NoError(t, f.Submit(ctx, task{id: 1, do: func(ctx context.Context, _ int) error {
			<-begin
			err := f.Submit(ctx, task{id: 2})
			asked <- err
			return err
		}}))
		require.NoError(t, f.Submit(ctx, task{id: 0}))
		synctest.Wait() // the factory is in OnDone
		close(begin)
		synctest.Wait() // the request is in its mailbox
		f.Ref().Stop()
		at := time.Now()
		close(hold)
		require.ErrorIs(t, <-asked, actor.ErrKilled)
		require.NoError(t, f.Ref().Wait(ctx))
		require.InDelta(t, time.Second, time.Since(at), float64(50*time.Millisecond))
		require.Equal(t, []error{actor.ErrKilled}, x.errs(1))
		require.Equal(t, []factory.Reason{factory.Shutdown}, x.reasons(1))
		require.Empty(t, x.errs(2))
		require.EqualValues(t, 2, balanced(t, f.Stats()).Submitted, "the third was never looked at")
	})
}

// What is due sooner is not kept waiting by what is due later.
func TestSoonerAlarms(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		g := newGates()
		f := spawn(ctx, t, factory.Config[task]{
			NewWorker: newTasker, Workers: 2, StuckAfter: time.Hour, Retry: factory.Retry{Max: 1, Backoff: 50 * time.Millisecond},
		})
		require.NoError(t, f.Submit(ctx, g.job(0, "")))
		g.next(t)
		begin := time.Now()
		require.NoError(t, f.Submit(ctx, g.job(1, "")))
		g.next(t)
		g.let(1, errJob)
		require.Equal(t, 1, g.next(t).id)
		require.InDelta(t, 50*time.Millisecond, time.Since(begin), float64(3*time.Millisecond))
		g.let(1, nil)
		g.let(0, nil)
		require.NoError(t, f.Drain(ctx))
	})
}

// A bounded mailbox refuses jobs that the factory has no time to look at. It
// loses neither results nor alarms.
func TestBoundedMailbox(t *testing.T) {
	for _, rule := range []actor.Overflow{actor.Refuse, actor.DropOldest, actor.DropNewest} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			var done atomic.Int32
			block := make(chan struct{})
			cfg := factory.Config[task]{
				NewWorker: newTasker, Workers: 4, Retry: factory.Retry{Max: 3, Backoff: 10 * time.Millisecond},
				OnDone: func(t task, err error) {
					if err == nil {
						done.Add(1)
					}
					if t.id == -1 {
						<-block
					}
				},
			}
			f, err := factory.Spawn(ctx, cfg, actor.Bounded(2, rule))
			require.NoError(t, err)
			for id := range 3 { // each fails twice, and the second time kills its worker
				n := 0
				synctest.Wait() // there is room: what the workers had to say is heard
				require.NoError(t, f.Submit(ctx, task{id: id, do: func(context.Context, int) error {
					switch n++; n {
					case 1:
						return errJob
					case 2:
						return factory.ErrBroken
					}
					return nil
				}}))
			}
			synctest.Wait()
			require.NoError(t, f.Submit(ctx, task{id: -1}))
			synctest.Wait() // the factory is in OnDone, and its mailbox fills
			for id := 10; id < 20; id++ {
				_ = f.Ref().Cast(ctx, task{id: id})
			}
			time.Sleep(100 * time.Millisecond)
			close(block)
			time.Sleep(time.Second)
			synctest.Wait()
			st := balanced(t, f.Stats())
			require.Zero(t, st.InFlight+st.Queued, "%v: %+v", rule, st)
			require.Equal(t, st.Submitted, st.Done)
			require.EqualValues(t, done.Load(), st.Done)
			require.NoError(t, f.Drain(ctx))
		})
	}
}
