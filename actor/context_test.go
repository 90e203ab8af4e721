package actor_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/meet"
)

func TestContextIsAContext(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(r actor.Ref[int])
		cause error
	}{
		"kill": {actor.Ref[int].Kill, actor.ErrKilled},
		"stop": {actor.Ref[int].Stop, actor.ErrStopped},
		"fail": {func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 1) }, actor.ErrStopped},
	} {
		for _, asked := range []bool{false, true} { // for Done, while it lived
			t.Run(name, func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{})
				var in *actor.Context[int]
				r := spawn[*plain[int], int](t, ctx, &plain[int]{
					preStart: func(c *actor.Context[int]) error { in = c; return nil },
					handle:   func(*actor.Context[int], int) error { return errTest },
				})
				require.NoError(t, in.Err())
				require.NoError(t, context.Cause(in))
				_, has := in.Deadline()
				require.False(t, has)
				require.Nil(t, in.Value("key"))
				var done <-chan struct{}
				if asked {
					done = in.Done()
					select {
					case <-done:
						t.Fatal("done too early")
					default:
					}
				}
				c.end(r)
				_ = waitEnd(t, r)
				if !asked {
					done = in.Done()
				}
				recv(t, done)
				require.Equal(t, done, in.Done())
				require.Equal(t, context.Canceled, in.Err())
				require.Equal(t, c.cause, context.Cause(in))
			})
		}
	}
}

// Contexts derived from an actor's cost no goroutine, end with it, and say why.
func TestDerivedContexts(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	type derive struct {
		ctx context.Context
		end context.CancelFunc
	}
	const many = 200
	derived := make(chan derive, 3*many)
	afterFuncs := make(chan struct{}, many)
	grown := make(chan int, 1)
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		before := runtime.NumGoroutine()
		for range many {
			a, end := context.WithCancel(in)
			derived <- derive{a, end}
			b, end := context.WithTimeout(in, time.Hour)
			derived <- derive{b, end}
			c, end := context.WithTimeout(context.WithValue(a, keyOfTest{}, 1), time.Hour)
			derived <- derive{c, end}
			context.AfterFunc(in, func() { afterFuncs <- struct{}{} })
		}
		grown <- runtime.NumGoroutine() - before
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	require.Less(t, recv(t, grown), many/4, "goroutines")
	r.Kill()
	for range many {
		recv(t, afterFuncs)
		for range 3 {
			d := recv(t, derived)
			recv(t, d.ctx.Done())
			require.Equal(t, actor.ErrKilled, context.Cause(d.ctx))
			d.end()
		}
	}
}

// A Context may be used from any goroutine at any time: for the race detector.
func TestContextFromAnyGoroutine(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	sink := spawn(t, ctx, idle())
	var wg sync.WaitGroup
	release := make(chan struct{})
	use := func(in *actor.Context[int]) {
		derived, cancel := context.WithTimeout(in, time.Hour)
		defer cancel()
		_ = in.Err()
		_ = context.Cause(in)
		in.Done()
		in.Value("k")
		in.Logger()
		in.System()
		for range in.Children() {
			break
		}
		require.NoError(t, sink.Cast(in, 1))
		require.NoError(t, sink.Cast(derived, 1))
		require.NoError(t, sink.Cast(context.Background(), 1))
		_ = in.Self().Cast(in, 0)
		r, err := actor.Spawn(derived, idle())
		if err == nil {
			require.Equal(t, sink.System(), r.System())
			r.Stop()
		}
		_, _ = actor.SpawnLinked(in, idle())
		_, _ = actor.Blocking(derived, func() (int, error) { return 0, nil })
		short, cancel := context.WithCancel(in)
		cancel()
		_ = sink.Wait(short)
		in.Self().CastAfter(time.Hour, 1).Cancel()
	}
	handle := func(in *actor.Context[int], m int) error {
		if m == 0 {
			return nil
		}
		use(in)
		for range 2 {
			wg.Go(func() { use(in) })
			wg.Go(func() { <-release; use(in) }) // after the handler, after the actor
		}
		return nil
	}
	refs := make([]actor.Ref[int], 20)
	for i := range refs {
		refs[i] = spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{handle: handle}})
		for range 3 {
			require.NoError(t, refs[i].Cast(ctx, 1))
		}
	}
	for i, r := range refs {
		switch i % 3 {
		case 0:
			r.Stop()
		case 1:
			r.Kill()
		case 2:
			r.Drain()
		}
		_ = waitEnd(t, r)
	}
	close(release)
	wg.Wait()
}

// Inside a handler Background is as safe as the actor's own context: what waits
// hands its worker on, whatever it was given.
func TestBackgroundInsideAHandler(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var wg sync.WaitGroup
	last := spawn(t, ctx, idle())
	const chain = 200
	for range chain {
		target := last
		wg.Add(1)
		last = spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
			defer wg.Done()
			require.Equal(t, in.Self().Any(), actor.Caller())
			return target.Wait(context.Background())
		}))
		require.NoError(t, last.Cast(ctx, 1))
	}
	eventually(t, func() bool {
		n := 0
		for info := range sys.Actors() {
			if info.Doing == actor.Waiting {
				n++
			}
		}
		return n == chain
	}, "all wait")
	// Nobody has a worker to spare, and yet:
	require.NoError(t, spawn(t, ctx, idle()).StopAndWait(ctx))
	sys.Lookup(1)
	for info := range sys.Actors() {
		info.Actor.Stop() // the first ends the second, and so on
	}
	wg.Wait()
	require.True(t, actor.Caller().IsZero())
}

// keyOfTest is a key that no actor's Context knows.
type keyOfTest struct{}

// Who asks for Done after the kill, when nobody had asked before, finds it closed.
func TestDoneIsAskedForAfterTheKill(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	causes := make(chan error, 1)
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		in.Self().Kill()
		select {
		case <-in.Done():
			causes <- context.Cause(in)
		default:
			causes <- nil
		}
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	require.ErrorIs(t, recv(t, causes), actor.ErrKilled)
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
}

// The cause of a kill is the kill, also when the worker ends the actor before the
// killer has come to its context.
func TestCauseOfAKillThatMeetsATurn(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var in *actor.Context[int]
	var r actor.Ref[int]
	meet.Often(5_000/meet.Share,
		func() {
			r = spawn[*plain[int], int](t, ctx, &plain[int]{preStart: func(c *actor.Context[int]) error { in = c; return nil }})
			in.Done()
		},
		func() { r.Kill() },
		func() { _ = r.Cast(ctx, 1) },
		func() {
			require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
			recv(t, in.Done())
			require.Equal(t, actor.ErrKilled, context.Cause(in))
		})
}
