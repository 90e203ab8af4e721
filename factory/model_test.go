package factory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
)

// whims are the ways in which a worker deals with a job.
var whims = []func(ctx context.Context, wait time.Duration) error{
	func(context.Context, time.Duration) error { return nil },
	func(context.Context, time.Duration) error { return nil },
	func(context.Context, time.Duration) error { return errJob },
	func(context.Context, time.Duration) error { panic(errJob) },
	func(context.Context, time.Duration) error { return factory.ErrBroken },
	func(context.Context, time.Duration) error { actor.Caller().Kill(); return errJob },
	func(context.Context, time.Duration) error { actor.Caller().Kill(); return nil },
	func(context.Context, time.Duration) error { actor.Caller().Stop(); return nil },
	func(_ context.Context, wait time.Duration) error { time.Sleep(wait); return nil },
	func(ctx context.Context, wait time.Duration) error {
		select {
		case <-time.After(wait):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	},
}

var routers = []func() factory.Router{
	factory.Queuer, factory.StickyQueuer, factory.KeyPersistent, factory.RoundRobin,
	func() factory.Router {
		return factory.Custom(func(key string, n int) int { return len(key)%(n+2) - 1 }) // to the queue, and outside, too
	},
}

// Random submits, kills of workers, resizes, settings, and pauses; then an end.
// The accounts balance after every step, and whenever the factory tells of a job
// in the middle of one; in the end every job has ended in
// exactly one way, which its submitter was told the truth of.
func TestMetamorphic(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { metamorphic(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func metamorphic(t *testing.T, rnd *rand.Rand) {
	sys, err := actor.NewSystem(actor.Config{KillGrace: 20 * time.Millisecond})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	ms := func(n int) time.Duration { return time.Duration(rnd.IntN(n)) * time.Millisecond }
	shake := func(c *factory.Config[task]) {
		c.Key, c.Priority = keyOf, prioOf
		c.Router = routers[rnd.IntN(len(routers))]()
		c.Limit = rnd.IntN(12) - 1
		c.Discard = factory.Discard(rnd.IntN(2))
		c.TTL = ms(2) * time.Duration(rnd.IntN(60))
		c.StuckAfter = ms(2) * time.Duration(10+rnd.IntN(30))
		c.Retry = factory.Retry{Max: rnd.IntN(3), Backoff: ms(2) * time.Duration(rnd.IntN(20))}
		c.Rate = factory.Rate{}
		if rnd.IntN(4) == 0 {
			c.Rate = factory.Rate{Jobs: 1 + rnd.IntN(20), Per: ms(50) + 1}
		}
		c.Blocks = rnd.IntN(2) == 0
		c.Shutdown = ms(100) + 1
	}
	cfg := factory.Config[task]{NewWorker: newTasker, Workers: 1 + rnd.IntN(6)}
	x := record(&cfg)
	shake(&cfg)
	var running atomic.Pointer[factory.Factory[task]]
	var told atomic.Int64
	look := func() { // at the accounts, in the middle of what the factory does
		if f := running.Load(); f != nil {
			balanced(t, f.Stats())
			told.Add(1)
		}
	}
	onDone, onDiscard := cfg.OnDone, cfg.OnDiscard
	cfg.OnDone = func(t task, err error) { onDone(t, err); look() }
	cfg.OnDiscard = func(t task, why factory.Reason) { onDiscard(t, why); look() }
	f, err := factory.Spawn(ctx, cfg)
	require.NoError(t, err)
	running.Store(&f)

	answers := map[int]error{}
	cast := map[int]bool{}
	for id := range 400 {
		whim, wait := whims[rnd.IntN(len(whims))], ms(60)
		j := task{
			id: id, key: strings.Repeat("k", rnd.IntN(6)), prio: rnd.IntN(5) - 1,
			do: func(ctx context.Context, _ int) error { return whim(ctx, wait) },
		}
		switch op := rnd.IntN(40); {
		case op < 22:
			answers[id] = f.Submit(ctx, j)
		case op < 28:
			require.NoError(t, f.Ref().Cast(ctx, j))
			cast[id] = true
		case op < 32: // kill a worker
			var workers []actor.AnyRef
			for i := range sys.Actors() {
				if strings.Contains(i.Behaviour, "runner") {
					workers = append(workers, i.Actor)
				}
			}
			if len(workers) > 0 {
				workers[rnd.IntN(len(workers))].Kill()
			}
		case op < 34:
			require.NoError(t, f.Resize(ctx, rnd.IntN(8)))
		case op < 35:
			require.NoError(t, f.Update(ctx, shake))
		default:
			time.Sleep(ms(30))
		}
		balanced(t, f.Stats())
	}

	require.NoError(t, f.Resize(ctx, rnd.IntN(4)))
	before := balanced(t, f.Stats())
	end := rnd.IntN(4)
	switch end {
	case 0:
		require.NoError(t, f.Drain(ctx))
	case 1:
		require.NoError(t, f.Ref().StopAndWait(ctx))
	case 2:
		require.NoError(t, f.Ref().StopTree(ctx))
	case 3:
		require.NoError(t, f.Ref().KillAndWait(ctx))
	}
	st := balanced(t, f.Stats())
	require.Positive(t, told.Load())
	require.Zero(t, st.InFlight+st.Queued)
	require.GreaterOrEqual(t, st.Submitted, before.Submitted)
	time.Sleep(time.Second) // whoever was written off returns
	synctest.Wait()
	require.Equal(t, st, f.Stats(), "what is over changes no more")

	var dones, discards uint64
	for id := range 400 {
		answer, submitted := answers[id]
		n, reasons := x.dones(id), x.reasons(id)
		dones += uint64(n)
		discards += uint64(len(reasons))
		if !submitted && !cast[id] {
			require.Zero(t, n+len(reasons))
			continue
		}
		require.LessOrEqual(t, n+len(reasons), 1, "job %d: done %d times, discarded as %v", id, n, reasons)
		if end != 3 {
			require.Equal(t, 1, n+len(reasons), "job %d: %v, attempts %v", id, answer, x.errs(id))
		}
		var why *factory.RefusedError
		switch {
		case errors.As(answer, &why):
			require.Equal(t, []factory.Reason{why.Reason}, reasons)
			require.Empty(t, x.errs(id))
		default:
			require.NoError(t, answer)
		}
	}
	require.Equal(t, st.Done, dones)
	if end != 3 {
		require.Equal(t, st.Discarded, discards)
		require.EqualValues(t, len(answers)+len(cast), st.Submitted)
	}
	require.NoError(t, sys.Shutdown(ctx))
}
