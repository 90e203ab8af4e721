package actor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestN1_NamesAreClaimedAtSpawn(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	otherCtx, _ := newSystem(t, actor.Config{})
	var inside actor.Ref[int]
	r := spawn(t, ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) (err error) {
		inside, err = actor.Whereis[int](ctx, "mario") // before PreStart
		return err
	}}, actor.Named("mario"))
	require.Equal(t, r, inside)
	require.Equal(t, "mario", r.Name())
	found, err := actor.Whereis[int](ctx, "mario")
	require.NoError(t, err)
	require.Equal(t, r, found)
	require.Empty(t, spawn(t, ctx, idle()).Name())

	_, err = actor.Whereis[int](otherCtx, "mario")
	require.ErrorIs(t, err, actor.ErrNotFound, "names belong to a System")
	spawn(t, otherCtx, idle(), actor.Named("mario"))

	_, err = actor.Spawn(ctx, idle(), actor.Named(""))
	require.ErrorIs(t, err, actor.ErrOption)
}

func TestN2_Whereis(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	spawn(t, ctx, idle(), actor.Named("ints"))
	_, err := actor.Whereis[string](ctx, "ints")
	require.ErrorIs(t, err, actor.ErrWrongType)
	require.ErrorContains(t, err, `"ints" takes int`)
	_, err = actor.Whereis[int](ctx, "nobody")
	require.ErrorIs(t, err, actor.ErrNotFound)
	require.ErrorContains(t, err, `"nobody"`)
	_, err = actor.Whereis[int](nil, "ints") //nolint:staticcheck // that is the test
	require.ErrorIs(t, err, actor.ErrNilContext)
}

// N3: found until Stopping, claimable when PostStop has returned.
func TestN3_WhenANameIsFree(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	const name = "name"
	found := func() error { _, err := actor.Whereis[job](ctx, name); return err }
	claim := func() error {
		r, err := actor.Spawn(ctx, worker(), actor.Named(name))
		if err == nil {
			err = killAndWait(r)
		}
		return err
	}

	t.Run("PostStop", func(t *testing.T) {
		in, out := make(chan struct{}), make(chan struct{})
		r := spawn(t, ctx, &boss[job]{plain: plain[job]{
			handle:   func(ctx *actor.Context[job], j job) error { return j(ctx) },
			postStop: func(*actor.Context[job]) error { in <- struct{}{}; <-out; return nil },
		}}, actor.Named(name))
		release := blocked(t, r)
		r.Stop()
		require.NoError(t, found(), "the status has not changed yet")
		require.ErrorIs(t, claim(), actor.ErrNameTaken)
		release()
		recv(t, in)
		require.ErrorIs(t, found(), actor.ErrNotFound)
		require.ErrorIs(t, claim(), actor.ErrNameTaken)
		close(out)
		require.NoError(t, waitEnd(t, r))
		require.NoError(t, claim())
		require.Equal(t, name, r.Name(), "the dead keep theirs")
	})

	t.Run("Drain", func(t *testing.T) {
		r := spawn(t, ctx, worker(), actor.Named(name))
		release := blocked(t, r)
		r.Drain()
		require.NoError(t, found())
		require.ErrorIs(t, claim(), actor.ErrNameTaken)
		release()
		require.NoError(t, waitEnd(t, r))
		require.NoError(t, claim())
	})

	t.Run("Kill", func(t *testing.T) {
		r := spawn(t, ctx, worker(), actor.Named(name))
		release := blocked(t, r)
		r.Kill()
		require.ErrorIs(t, found(), actor.ErrNotFound, "at once")
		require.ErrorIs(t, claim(), actor.ErrNameTaken, "a callback runs still")
		release()
		_ = waitEnd(t, r)
		require.NoError(t, claim())
	})

	t.Run("failed start", func(t *testing.T) {
		for _, f := range []func(*actor.Context[int]) error{
			func(*actor.Context[int]) error { return errTest },
			func(*actor.Context[int]) error { panic(errTest) },
		} {
			_, err := actor.Spawn(ctx, &plain[int]{preStart: f}, actor.Named(name))
			require.ErrorIs(t, err, errTest)
			require.NoError(t, claim())
		}
	})

	t.Run("abandoned", func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{KillGrace: 1})
		require.NoError(t, err)
		ctx := actor.WithSystem(ctx, sys)
		r := spawn(t, ctx, worker(), actor.Named(name))
		release := blocked(t, r)
		r.Kill()
		require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
		heir := spawn(t, ctx, worker(), actor.Named(name))
		now, err := actor.Whereis[job](ctx, name)
		require.NoError(t, err)
		require.Equal(t, heir, now)
		release() // the old one comes back, and takes nothing away
		eventually(t, func() bool {
			c := 0
			for range sys.Actors() {
				c++
			}
			return c == 1
		}, "only the heir")
		now, err = actor.Whereis[job](ctx, name)
		require.NoError(t, err)
		require.Equal(t, heir, now)
		require.NoError(t, killAndWait(heir))
		_ = sys.Shutdown(ctx)
	})
}

func TestN4_OneOfManyWins(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for i := range 50 {
		name := fmt.Sprint("name ", i)
		const n = 100
		var started atomic.Int64
		refs, errs := make([]actor.Ref[int], n), make([]error, n)
		var wg sync.WaitGroup
		for g := range n {
			wg.Go(func() {
				a := &plain[int]{preStart: func(*actor.Context[int]) error { started.Add(1); return nil }}
				refs[g], errs[g] = actor.Spawn(ctx, a, actor.Named(name))
			})
		}
		wg.Wait()
		owner, err := actor.Whereis[int](ctx, name)
		require.NoError(t, err)
		require.EqualValues(t, 1, started.Load(), "the losers' PreStart does not run")
		winners := 0
		for g := range n {
			if errs[g] == nil {
				winners++
				require.Equal(t, owner, refs[g])
				continue
			}
			require.ErrorIs(t, errs[g], actor.ErrNameTaken)
			require.ErrorContains(t, errs[g], fmt.Sprintf("%q", name))
			require.ErrorContains(t, errs[g], owner.String())
			require.True(t, refs[g].IsZero())
		}
		require.Equal(t, 1, winners)
		require.EqualValues(t, i+1, sys.Stats().Live, "the losers have left nothing")
	}
}

// N3, V12: from HandleSupervision a restart under the same name always works.
func TestN3_RestartUnderTheSameName(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	restarts := smaller(40_000)
	done := make(chan error, 1)
	left := restarts
	restart := func(ctx *actor.Context[int]) error {
		r, err := actor.SpawnLinked(ctx, fn(func(*actor.Context[int], int) error { return errTest }), actor.Named("phoenix"))
		if err != nil {
			done <- err
			return err
		}
		switch left % 4 { // all ways to end
		case 0:
			r.Stop()
		case 1:
			r.Kill()
		case 2:
			r.Drain()
		case 3:
			return r.Cast(ctx, 1)
		}
		return nil
	}
	spawn(t, ctx, &boss[int]{
		plain: plain[int]{postStart: restart},
		supervise: func(ctx *actor.Context[int], ev actor.Event) error {
			if ev.Kind == actor.Started {
				return nil
			}
			if left--; left == 0 {
				done <- nil
				return nil
			}
			return restart(ctx)
		},
	})
	require.NoError(t, recv(t, done))
}

// N3: two lifetimes under one name, PreStart to PostStop, never overlap.
func TestN3_LifetimesDoNotOverlap(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var alive, most, lives atomic.Int64
	life := func() actor.Actor[int] {
		return &plain[int]{
			preStart: func(*actor.Context[int]) error {
				most.Store(max(most.Load(), alive.Add(1)))
				return nil
			},
			postStop: func(*actor.Context[int]) error {
				lives.Add(1)
				alive.Add(-1)
				return nil
			},
		}
	}
	rounds := smaller(20_000)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for range rounds {
				r, err := actor.Spawn[*plain[int], int](ctx, life().(*plain[int]), actor.Named("the one"))
				if err != nil {
					if !errors.Is(err, actor.ErrNameTaken) {
						t.Error(err)
					}
					continue
				}
				if g%2 == 0 {
					r.Stop()
				} else {
					r.Drain()
				}
			}
		})
	}
	wg.Wait()
	eventually(t, func() bool { return alive.Load() == 0 }, "all end")
	require.EqualValues(t, 1, most.Load())
	require.Greater(t, lives.Load(), int64(4))
}

func TestByName(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	by := actor.ByName[int](ctx, "server")
	differ(t, by.Any(), actor.ByName[int](ctx, "server").Any())
	require.False(t, by.IsZero())

	nobody := func() {
		t.Helper()
		err := by.Cast(ctx, 1)
		require.ErrorIs(t, err, actor.ErrNotFound)
		require.ErrorContains(t, err, `"server"`)
		require.Equal(t, actor.Unstarted, by.Status())
		require.Zero(t, by.ID())
		require.Empty(t, by.Name())
		require.True(t, by.Parent().IsZero())
		require.Equal(t, "<no actor>", by.String())
		require.ErrorIs(t, by.Wait(ctx), actor.ErrNoActor)
		require.Nil(t, by.System())
		by.Stop()
		by.Kill()
		by.Drain()
		require.ErrorIs(t, by.StopAfter(1).Err(), actor.ErrNoActor)
	}
	nobody()
	for range 3 { // over restarts
		got := make(chan int, 1)
		r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { got <- m; return nil }), actor.Named("server"))
		require.NoError(t, by.Cast(ctx, 5))
		require.Equal(t, 5, recv(t, got))
		require.True(t, by.Is(r.Any()))
		require.True(t, r.Is(by.Any()))
		differ(t, r.Any(), by.Any())
		require.Equal(t, r.ID(), by.ID())
		require.Equal(t, r.String(), by.String())
		require.Equal(t, sys, by.System())
		as, ok := actor.As[int](by.Any())
		require.True(t, ok)
		require.Equal(t, by, as)
		_, ok = actor.As[string](by.Any())
		require.False(t, ok)
		by.Stop()
		require.NoError(t, waitEnd(t, r))
		nobody()
	}
	spawn(t, ctx, actor.Func(func(*actor.Context[string], string) error { return nil }), actor.Named("server"))
	err := by.Cast(ctx, 1)
	require.ErrorIs(t, err, actor.ErrWrongType)
	require.ErrorContains(t, err, `"server" takes string`)
}

// A sender that knows only the name, while its owner fails and is restarted:
// every message is handled by some life, refused to the sender, or dead.
func TestByNameOverRestarts(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var handled atomic.Int64
	start := func(ctx actor.Inside) error {
		_, err := actor.SpawnLinked(ctx, fn(func(_ *actor.Context[int], m int) error {
			handled.Add(1)
			if m%100 == 0 {
				return errTest
			}
			return nil
		}), actor.Named("fragile"))
		return err
	}
	top := spawn(t, ctx, &boss[int]{
		plain: plain[int]{preStart: func(ctx *actor.Context[int]) error { return start(ctx) }},
		supervise: func(ctx *actor.Context[int], ev actor.Event) error {
			if ev.Kind == actor.Failed {
				return start(ctx)
			}
			return nil
		},
	})
	by := actor.ByName[int](ctx, "fragile")
	n := smaller(100_000)
	accepted := 0
	for i := range n {
		switch err := by.Cast(ctx, i); {
		case err == nil:
			accepted++
		case !errors.Is(err, actor.ErrNotFound) && !errors.Is(err, actor.ErrStopped):
			require.NoError(t, err)
		}
	}
	by.Stop()
	require.NoError(t, top.StopTree(context.Background()))
	dead := 0
	for _, n := range sys.Stats().DeadLetters {
		dead += int(n)
	}
	require.Equal(t, accepted, int(handled.Load())+dead)
}
