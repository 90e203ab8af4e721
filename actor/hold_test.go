package actor_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/meet"
)

// logbook is an actor that writes down what it handles, events included.
type logbook struct {
	mu    sync.Mutex
	lines []any
}

func (l *logbook) add(line any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *logbook) read() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]any(nil), l.lines...)
}

func (l *logbook) Handle(_ *actor.Context[int], m int) error { l.add(m); return nil }

func (l *logbook) HandleSupervision(_ *actor.Context[int], ev actor.Event) error {
	l.add(ev.Kind)
	return nil
}

func (l *logbook) PostStop(*actor.Context[int]) error { l.add("stop"); return nil }
func (l *logbook) Inspect() any                       { return len(l.read()) }

// doing is what System.Actors says of r.
func doing(sys *actor.System, r actor.AnyRef) actor.Doing {
	for i := range sys.Actors() {
		if i.Actor == r {
			return i.Doing
		}
	}
	return 0
}

// In a bubble: when everybody has come to rest, a suspended actor has handled
// nothing, and afterwards all, in order.
func TestSuspend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, sys := newSystem(t, actor.Config{})
		l := new(logbook)
		r := spawn[*logbook, int](t, ctx, l)
		require.NoError(t, r.Cast(ctx, 1))
		synctest.Wait()
		require.NoError(t, actor.Suspend(ctx, r.Any()))
		require.NoError(t, actor.Suspend(ctx, r.Any()), "again")
		synctest.Wait()
		require.Equal(t, actor.Suspended, doing(sys, r.Any()))
		require.Equal(t, "suspended", doing(sys, r.Any()).String())
		require.Equal(t, actor.Running, r.Status())

		require.NoError(t, r.Cast(ctx, 2))
		r.CastAfter(time.Second, 4)
		spawn(t, ctx, idle(), actor.LinkedTo(r.Any())).Stop()
		require.NoError(t, r.Cast(ctx, 3))
		<-time.After(time.Minute)
		synctest.Wait()
		require.Equal(t, []any{1}, l.read(), "neither messages nor events nor timers")
		seen, err := actor.Inspect(ctx, r.Any())
		require.NoError(t, err)
		require.Equal(t, 1, seen, "Inspect is served")
		synctest.Wait()
		require.Equal(t, actor.Suspended, doing(sys, r.Any()), "and it is held again")

		require.NoError(t, actor.Resume(r.Any()))
		require.NoError(t, actor.Resume(r.Any()), "one ends it")
		synctest.Wait()
		require.Equal(t, []any{1, actor.Started, actor.Terminated, 2, 3, 4}, l.read())
		require.Equal(t, actor.Idle, doing(sys, r.Any()))
	})
}

// Suspend returns after the callback that runs.
func TestSuspendWaitsForTheCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r := spawn(t, ctx, worker())
		release := blocked(t, r)
		got := make(chan error, 1)
		go func() { got <- actor.Suspend(ctx, r.Any()) }()
		synctest.Wait()
		none(t, got)
		handled := make(chan struct{})
		require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { close(handled); return nil }))

		soon, cancel := context.WithTimeoutCause(ctx, time.Second, errTest)
		defer cancel()
		require.ErrorIs(t, actor.Suspend(soon, r.Any()), errTest, "ctx ends first")
		release()
		require.NoError(t, <-got)
		synctest.Wait()
		none(t, handled)
		require.NoError(t, actor.Resume(r.Any()))
		<-handled
	})
}

func TestSuspendRefuses(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	require.ErrorIs(t, actor.Suspend(ctx, actor.AnyRef{}), actor.ErrNoActor)
	require.ErrorIs(t, actor.Resume(actor.AnyRef{}), actor.ErrNoActor)
	r, _ := newPuppet(t, ctx)
	require.ErrorIs(t, actor.Suspend(nil, r.Any()), actor.ErrNilContext) //nolint:staticcheck // a nil context is what is tested
	do(t, r, func(in *actor.Context[job]) {
		require.ErrorIs(t, actor.Suspend(in, r.Any()), actor.ErrSelf)
		other := spawn(t, in, worker())
		require.NoError(t, actor.Suspend(in, other.Any()), "another, inside a handler")
		require.NoError(t, actor.Resume(other.Any()))
	})
	over, cancel := context.WithCancelCause(ctx)
	cancel(errTest)
	require.ErrorIs(t, actor.Suspend(over, r.Any()), errTest)
	require.NoError(t, actor.Resume(r.Any()), "of one that is not suspended")
	r.Stop()
	require.NoError(t, waitEnd(t, r))
	require.ErrorIs(t, actor.Suspend(ctx, r.Any()), actor.ErrStopped)
	require.ErrorIs(t, actor.Resume(r.Any()), actor.ErrStopped)
}

// Whatever ends an actor ends a suspended one too; what is queued is discarded.
func TestSuspendedEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(ctx context.Context, r actor.Ref[int])
		says error
		stop bool // PostStop runs
	}{
		"stop":     {end: func(_ context.Context, r actor.Ref[int]) { r.Stop() }, stop: true},
		"StopWith": {end: func(_ context.Context, r actor.Ref[int]) { r.StopWith(errTest) }, says: errTest, stop: true},
		"kill":     {end: func(_ context.Context, r actor.Ref[int]) { r.Kill() }, says: actor.ErrKilled},
		"StopTree": {end: func(ctx context.Context, r actor.Ref[int]) { _ = r.StopTree(ctx) }, stop: true},
		"Shutdown": {end: func(ctx context.Context, r actor.Ref[int]) { _ = r.System().Shutdown(ctx) }, stop: true},
		"parent":   {end: func(_ context.Context, r actor.Ref[int]) { r.Parent().Kill() }, says: actor.ErrKilled},
		"StopAfter": {end: func(_ context.Context, r actor.Ref[int]) {
			require.NoError(t, r.StopAfter(time.Millisecond).Err())
		}, stop: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, sys := newSystem(t, actor.Config{})
				l := new(logbook)
				parent, _ := newPuppet(t, ctx)
				r := spawn[*logbook, int](t, ctx, l, actor.LinkedTo(parent.Any()))
				require.NoError(t, actor.Suspend(ctx, r.Any()))
				require.NoError(t, r.Cast(ctx, 1))
				synctest.Wait()
				c.end(ctx, r)
				require.ErrorIs(t, waitEnd(t, r), c.says)
				var want []any
				if c.stop {
					want = []any{"stop"}
				}
				require.Equal(t, want, l.read())
				total := uint64(0)
				for _, n := range sys.Stats().DeadLetters {
					total += n
				}
				require.Equal(t, uint64(1), total)
			})
		})
	}
}

// Drain waits for Resume, then handles everything.
func TestSuspendedDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		l := new(logbook)
		r := spawn[*logbook, int](t, ctx, l)
		require.NoError(t, actor.Suspend(ctx, r.Any()))
		require.NoError(t, r.Cast(ctx, 1))
		r.Drain()
		synctest.Wait()
		require.Empty(t, l.read())
		require.Equal(t, actor.Draining, r.Status())
		require.NoError(t, actor.Resume(r.Any()))
		require.NoError(t, waitEnd(t, r))
		require.Equal(t, []any{1, "stop"}, l.read())
	})
}

// An actor that is suspended while it starts is so after its start.
func TestSuspendWhileItStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		var j journal
		in, out := make(chan struct{}), make(chan struct{})
		a := &plain[int]{
			preStart:  func(*actor.Context[int]) error { close(in); <-out; j.add("pre"); return nil },
			postStart: func(*actor.Context[int]) error { j.add("post"); return nil },
			handle:    func(*actor.Context[int], int) error { j.add("message"); return nil },
		}
		r, err := actor.SpawnInstant[*plain[int], int](ctx, a)
		require.NoError(t, err)
		require.NoError(t, r.Cast(ctx, 1))
		<-in
		got := make(chan error, 1)
		go func() { got <- actor.Suspend(ctx, r.Any()) }()
		synctest.Wait()
		none(t, got)
		close(out)
		require.NoError(t, <-got)
		synctest.Wait()
		require.Equal(t, []string{"pre", "post"}, j.all())
		require.NoError(t, actor.Resume(r.Any()))
		synctest.Wait()
		require.Equal(t, []string{"pre", "post", "message"}, j.all())
	})
}

// A full mailbox of a suspended actor does what its rule says, and what must not
// be lost comes all the same.
func TestSuspendedIsFull(t *testing.T) {
	for rule, want := range map[actor.Overflow][]int{
		actor.Refuse:      {1, 2},
		actor.DropNewest:  {1, 2},
		actor.DropOldest:  {2, 3},
		actor.WaitForRoom: {1, 2, 3},
	} {
		t.Run(rule.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{})
				got := make(chan int, 10)
				var self *actor.Context[int]
				r := spawn[*plain[int], int](t, ctx, &plain[int]{
					preStart: func(in *actor.Context[int]) error { self = in; return nil },
					handle:   func(_ *actor.Context[int], m int) error { got <- m; return nil },
				}, actor.Bounded(2, rule))
				require.NoError(t, actor.Suspend(ctx, r.Any()))
				require.NoError(t, r.Cast(ctx, 1))
				require.NoError(t, r.Cast(ctx, 2))
				third := make(chan error, 1)
				go func() { third <- r.Cast(ctx, 3) }()
				synctest.Wait()
				if rule == actor.WaitForRoom {
					none(t, third)
				}
				require.NoError(t, actor.Post(self, func() error { got <- 99; return nil }), "not bounded")
				synctest.Wait()
				none(t, got)
				require.NoError(t, actor.Resume(r.Any()))
				err := <-third
				if rule == actor.Refuse {
					require.ErrorIs(t, err, actor.ErrMailboxFull)
				} else {
					require.NoError(t, err)
				}
				synctest.Wait()
				require.Equal(t, []int{want[0], want[1]}, []int{<-got, <-got})
				rest := map[int]bool{}
				for len(got) > 0 {
					rest[<-got] = true
				}
				require.True(t, rest[99])
				require.Equal(t, len(want) == 3, rest[3])
			})
		})
	}
}

// Each question to a held actor is answered, though it may come while the actor
// is just being parked. Nobody resumes it: a lost one would hang.
func TestSuspendedAnswersAll(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn[*logbook, int](t, ctx, new(logbook))
	require.NoError(t, actor.Suspend(ctx, r.Any()))
	soon, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ask := func() {
		if _, err := actor.Inspect(soon, r.Any()); err != nil {
			t.Error(err)
		}
	}
	for range smaller(40_000) + 1000 {
		var other sync.WaitGroup
		other.Go(ask)
		ask() // if one of the two is lost, no third one comes to its help
		other.Wait()
		if t.Failed() {
			return
		}
	}
}

// A question that comes just when the actor parks is answered all the same.
func TestSuspendMeetsSuspend(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := spawn(t, ctx, idle())
	var one, other error
	meet.Often(5_000/meet.Share, func() {},
		func() { one = actor.Suspend(ctx, r.Any()) },
		func() { other = actor.Suspend(ctx, r.Any()) },
		func() {
			require.NoError(t, one)
			require.NoError(t, other)
			require.NoError(t, actor.Resume(r.Any()))
		})
}

// Many suspend and resume, send, look and end, all at once: each message is
// handled once or is a dead letter, in order of its sender, never two callbacks
// at a time, and nobody hangs.
func TestSuspendStress(t *testing.T) {
	const senders, each = 4, 300
	for round := range smaller(400) + 10 {
		ctx, sys := newSystem(t, actor.Config{})
		var inside, handled, accepted atomic.Int64
		var last [senders]int
		opts := []actor.Option{}
		if round%3 == 1 {
			opts = append(opts, actor.Bounded(16, actor.DropOldest))
		}
		r := spawn(t, ctx, actor.Func(func(_ *actor.Context[[2]int], m [2]int) error {
			if inside.Add(1) != 1 {
				t.Error("two callbacks at once")
			}
			if last[m[0]] >= m[1] {
				t.Error("out of order", m, last)
			}
			last[m[0]] = m[1]
			handled.Add(1)
			inside.Add(-1)
			return nil
		}), opts...)
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				for n := range each {
					if r.Cast(ctx, [2]int{s, n + 1}) == nil {
						accepted.Add(1)
					}
				}
			})
		}
		for range 3 {
			all.Go(func() {
				for range 30 {
					if err := actor.Suspend(ctx, r.Any()); err != nil {
						require.ErrorIs(t, err, actor.ErrStopped)
						return
					}
					if rand.IntN(2) == 0 {
						_ = actor.Resume(r.Any())
					}
				}
			})
		}
		all.Go(func() {
			for range 60 {
				_ = actor.Resume(r.Any())
				runtime.Gosched()
			}
		})
		if round%2 == 0 {
			all.Wait()
			require.NoError(t, actor.Suspend(ctx, r.Any()))
			before := handled.Load()
			require.NoError(t, r.Cast(ctx, [2]int{0, each + 1}))
			accepted.Add(1)
			for range 100 {
				runtime.Gosched()
			}
			require.Equal(t, before, handled.Load(), "suspended")
			require.NoError(t, actor.Resume(r.Any()))
			require.NoError(t, r.DrainAndWait(ctx))
		} else {
			end := []func(){r.Kill, r.Stop, func() { r.StopWith(errTest) }}[round/2%3]
			all.Go(func() {
				for range rand.IntN(200) {
					runtime.Gosched()
				}
				end()
			})
			_ = waitEnd(t, r)
			all.Wait()
		}
		dead := uint64(0)
		for _, n := range sys.Stats().DeadLetters {
			dead += n
		}
		require.Equal(t, accepted.Load(), handled.Load()+int64(dead), "accounts")
		if round%2 == 0 && len(opts) == 0 {
			require.Equal(t, int64(senders*each+1), handled.Load())
		}
		require.NoError(t, sys.Shutdown(ctx))
	}
}
