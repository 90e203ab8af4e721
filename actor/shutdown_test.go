package actor_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/leaks"
)

func TestShutdownOrder(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	var log journal
	node := func(name string, opts ...actor.Option) actor.Ref[int] {
		return spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{
			postStop: func(*actor.Context[int]) error { log.add(name); return nil },
		}}, opts...)
	}
	a := node("a")
	b := node("b")
	node("a1", actor.LinkedTo(a.Any()))
	b1 := node("b1", actor.LinkedTo(b.Any()))
	node("c")
	node("a2", actor.LinkedTo(a.Any()))
	node("b11", actor.LinkedTo(b1.Any()))
	require.NoError(t, sys.Shutdown(ctx))
	require.Equal(t, []string{"c", "b11", "b1", "b", "a2", "a1", "a"}, log.all())
	require.Zero(t, sys.Stats().Live)
}

// Invariant 7.
func TestShutdownLeavesNoGoroutine(t *testing.T) {
	for range 20 {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		for i := range 50 {
			r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
				actor.Async(in, func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, nil },
					func(int, error) error { return nil })
				in.Every(time.Millisecond, 1)
				if i%10 == 0 {
					panic(errTest)
				}
				return nil
			}))
			require.NoError(t, r.Cast(ctx, 1))
		}
		require.NoError(t, sys.Shutdown(ctx))
	}
	require.NoError(t, goleak.Find(leaks.Ants()...))
}

// However spawning and shutting down meet, nobody is left over.
func TestShutdownAgainstSpawns(t *testing.T) {
	for range 50 {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for {
					start := actor.Spawn[*plain[int], int]
					if i%2 == 0 {
						start = actor.SpawnInstant[*plain[int], int]
					}
					if _, err := start(ctx, &plain[int]{}); err != nil {
						require.ErrorIs(t, err, actor.ErrSystemShutDown)
						return
					}
				}
			})
		}
		for range 2 { // two at a time
			wg.Go(func() {
				short, cancel := context.WithTimeout(ctx, patience)
				defer cancel()
				require.NoError(t, sys.Shutdown(short))
			})
		}
		wg.Wait()
		require.Zero(t, sys.Stats().Live)
	}
}

func TestShutdownThatMustKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace, deadline = 3 * time.Second, 10 * time.Second
		sys, err := actor.NewSystem(actor.Config{KillGrace: grace})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		entered, release := make(chan struct{}, 10), make(chan struct{})
		for i := range 5 {
			r := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
				entered <- struct{}{}
				stuckHere(release)
				return nil
			}), actor.Named(fmt.Sprint("stuck", i)))
			require.NoError(t, r.Cast(ctx, 1))
			<-entered
		}
		go func() {
			_, err := actor.Spawn[*plain[int], int](ctx, &plain[int]{preStart: func(*actor.Context[int]) error {
				entered <- struct{}{}
				stuckHere(release)
				return nil
			}}, actor.Named("starting"))
			require.Error(t, err)
		}()
		<-entered
		watches := spawn[*plain[int], int](t, ctx, &plain[int]{postStop: func(in *actor.Context[int]) error {
			<-in.Done() // it sees the kill
			return nil
		}}, actor.Named("watches"))

		short, cancel := context.WithTimeoutCause(ctx, deadline, errTest)
		defer cancel()
		began := time.Now()
		err = sys.Shutdown(short)
		require.LessOrEqual(t, time.Since(began), deadline+grace+100*time.Millisecond)
		require.ErrorIs(t, err, errTest)
		var late *actor.ShutdownError
		require.ErrorAs(t, err, &late)
		require.Len(t, late.Stuck, 6)
		for i := range 5 {
			require.ErrorContains(t, err, fmt.Sprint("stuck", i))
		}
		require.ErrorContains(t, err, "starting")
		require.ErrorContains(t, err, "stuckHere")
		require.NotContains(t, err.Error(), "watches")
		require.ErrorIs(t, watches.Wait(ctx), actor.ErrKilled)
		require.Zero(t, sys.Stats().Live)
		close(release)
		synctest.Wait()
		require.NoError(t, sys.Shutdown(ctx), "now they are gone")
	})
}

// A second Shutdown does not wait longer than its own ctx and one KillGrace.
func TestShutdownTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{KillGrace: time.Second})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		entered, release := make(chan struct{}), make(chan struct{})
		r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { close(entered); <-release; return nil }))
		require.NoError(t, r.Cast(ctx, 1))
		<-entered
		first := make(chan error, 1)
		go func() { first <- sys.Shutdown(context.Background()) }()
		synctest.Wait()
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		began := time.Now()
		require.Error(t, sys.Shutdown(short))
		require.LessOrEqual(t, time.Since(began), 2*time.Second+100*time.Millisecond)
		require.Error(t, <-first)
		close(release)
		synctest.Wait()
	})
}

// The default System starts with the first Spawn and ends with the last actor;
// so it is whole inside a bubble.
func TestDefaultSystem(t *testing.T) {
	use := func(t *testing.T) {
		ctx := context.Background()
		require.Nil(t, actor.SystemOf(ctx))
		got := make(chan int)
		r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { got <- m; return nil }), actor.Named("default"))
		require.NotNil(t, actor.SystemOf(ctx))
		r.CastAfter(time.Millisecond, 1)
		require.Equal(t, 1, <-got)
		asker := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
			defer close(got)
			return r.Wait(in)
		}))
		require.NoError(t, asker.Cast(ctx, 1))
		require.NoError(t, r.StopAndWait(ctx))
		<-got
		require.NoError(t, asker.StopAndWait(ctx))
		eventually(t, func() bool { return actor.SystemOf(ctx) == nil }, "it ends with its last actor")
	}
	for range 3 {
		synctest.Test(t, use)
	}
	for range 3 {
		use(t)
		require.NoError(t, goleak.Find(leaks.Ants()...))
	}
}

func TestDefaultSystemShutdown(t *testing.T) {
	ctx := context.Background()
	for range 100 {
		var refs []actor.Ref[int]
		for range 5 {
			refs = append(refs, spawn(t, ctx, idle()))
		}
		sys := refs[0].System()
		for _, r := range refs[3:] {
			go r.Kill()
		}
		short, cancel := context.WithTimeout(ctx, patience)
		require.NoError(t, sys.Shutdown(short))
		cancel()
		require.Nil(t, actor.SystemOf(ctx))
	}
}

// Spawns race with the end of the default System: each finds one that lives.
func TestDefaultSystemComesAndGoes(t *testing.T) {
	ctx := context.Background()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				r, err := actor.Spawn(ctx, idle())
				require.NoError(t, err)
				require.NoError(t, r.Cast(ctx, 1))
				require.NoError(t, r.StopAndWait(ctx))
			}
		})
	}
	wg.Wait()
	eventually(t, func() bool { return actor.SystemOf(ctx) == nil }, "it ends with its last actor")
}

// Invariant 7: also when ctx has ended before, and twenty times in a row.
func TestShutdownWithEndedContext(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for range 20 {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		spawn(t, actor.WithSystem(context.Background(), sys), fn(func(*actor.Context[int], int) error { return nil }))
		require.ErrorIs(t, sys.Shutdown(ended), context.Canceled)
	}
	require.NoError(t, goleak.Find(before))
}
