package actor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

func TestK2_KillReachesIntoTheHandler(t *testing.T) { // P2, P3
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	entered := make(chan struct{})
	a := &plain[int]{
		handle: func(in *actor.Context[int], _ int) error {
			close(entered)
			<-in.Done()
			require.ErrorIs(t, in.Err(), context.Canceled)
			require.Equal(t, actor.ErrKilled, context.Cause(in))
			return errTest // ignored
		},
		postStop: func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
	}
	r := spawn[*plain[int], int](t, ctx, a, actor.LinkedTo(parent.Any()), actor.Named("k"))
	k := request(t, r, 1)
	queued := request(t, r, 2)
	recv(t, entered)
	r.Kill()
	require.GreaterOrEqual(t, r.Status(), actor.Stopping, "at once")
	require.ErrorIs(t, r.Cast(ctx, 3), actor.ErrStopped)
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
	require.ErrorIs(t, recv(t, k.discard), actor.ErrKilled)
	require.ErrorIs(t, recv(t, queued.discard), actor.ErrKilled)
	require.Equal(t, actor.Started, recv(t, told).Kind)
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrKilled, State: a}, recv(t, told))
}

func TestP3_KillReachesIntoEachCallback(t *testing.T) {
	type in = *actor.Context[int]
	for _, where := range []string{"PreStart", "PostStart", "Handle", "HandleSupervision", "PostStop"} {
		t.Run(where, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			entered := make(chan actor.Ref[int], 1)
			block := func(name string) func(in) error {
				return func(c in) error {
					if name == where {
						entered <- c.Self()
						<-c.Done()
					}
					return nil
				}
			}
			a := &boss[int]{plain: plain[int]{
				preStart: block("PreStart"), postStart: block("PostStart"), postStop: block("PostStop"),
				handle: func(c in, _ int) error { return block("Handle")(c) },
			}}
			a.supervise = func(c in, _ actor.Event) error { return block("HandleSupervision")(c) }
			spawned := make(chan error, 1)
			go func() {
				r, err := actor.Spawn[*boss[int], int](ctx, a)
				spawned <- err
				if err != nil {
					return
				}
				switch where {
				case "Handle":
					_ = r.Cast(ctx, 1)
				case "HandleSupervision":
					_, _ = actor.Spawn(ctx, idle(), actor.LinkedTo(r.Any()))
				case "PostStop":
					r.Stop()
				}
			}()
			r := recv(t, entered)
			r.Kill()
			require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
			if err := recv(t, spawned); where == "PreStart" {
				require.ErrorIs(t, err, actor.ErrKilled)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestP4_KillIsOneShot(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	r := spawn(t, ctx, idle(), actor.LinkedTo(parent.Any()))
	for range 10 {
		r.Kill()
	}
	require.NoError(t, r.KillAndWait(ctx))
	r.Kill()
	waitEnd(t, spawnStopped(t, ctx, parent))
	ends := 0
	for range 4 {
		if ev := recv(t, told); ev.Actor == r.Any() && ev.Kind == actor.Terminated {
			ends++
		}
	}
	require.Equal(t, 1, ends)
	require.Equal(t, "actor: killed", actor.ErrKilled.Error())
	require.ErrorIs(t, actor.ErrKilled, context.Canceled)
}

// locked is a buffer for logs.
type locked struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func (l *locked) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.String()
}

func TestAbandoned(t *testing.T) {
	t.Run("real", func(t *testing.T) { abandoned(t, 20*time.Millisecond) })
	t.Run("virtual", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			abandoned(t, 0) // the default
			require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		})
	})
}

func abandoned(t *testing.T, grace time.Duration) {
	var log locked
	ctx, sys := newSystem(t, actor.Config{KillGrace: grace, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	entered, release := make(chan struct{}), make(chan struct{})
	afterwards := make(chan map[string]error, 1)
	other := spawn(t, ctx, idle())
	var handled journal
	stubborn := &boss[int]{plain: plain[int]{
		handle: func(in *actor.Context[int], m int) error {
			handled.add(fmt.Sprint(m))
			if m != 1 {
				return nil
			}
			derived, cancel := context.WithTimeout(in, time.Hour)
			defer cancel()
			close(entered)
			stuckHere(release)
			bg := context.Background()
			_, spawned := actor.Spawn(in, idle())
			_, spawnedBg := actor.Spawn(bg, idle())
			_, instant := actor.SpawnInstant(bg, idle())
			_, linked := actor.SpawnLinked(in, idle())
			elsewhere := make(chan error)
			go func() { elsewhere <- other.Cast(derived, 1) }()
			_, all := other.CastAll(bg, []int{1, 2})
			_, allDerived := other.CastAll(derived, []int{1, 2})
			afterwards <- map[string]error{
				"CastAll Background": all, "CastAll derived": allDerived,
				"Cast derived, on another goroutine": <-elsewhere,
				"Cast":                               other.Cast(in, 1), "Cast derived": other.Cast(derived, 1), "Cast Background": other.Cast(bg, 1),
				"Request": actor.Request(bg, other, 1, &actor.Ticket{Holder: newTicket()}),
				"Spawn":   spawned, "Spawn Background": spawnedBg, "SpawnLinked": linked, "SpawnInstant": instant,
				"After": in.After(time.Second, 1).Err(), "Every": in.Every(time.Second, 1).Err(),
				"CastAfter": other.CastAfter(time.Second, 1).Err(), "CastEvery": other.CastEvery(time.Second, 1).Err(),
			}
			return errTest
		},
		postStop: func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
	}}
	type again struct {
		ev  actor.Event
		ref actor.Ref[int]
		err error
	}
	restarted := make(chan again, 1)
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: func(in *actor.Context[int], ev actor.Event) error {
		if ev.Kind != actor.Started {
			r, err := actor.SpawnLinked(in, idle(), actor.Named("stubborn"))
			restarted <- again{ev, r, err}
		}
		return nil
	}})
	r := spawn[*boss[int], int](t, ctx, stubborn, actor.LinkedTo(parent.Any()), actor.Named("stubborn"))
	child := spawn(t, ctx, idle(), actor.LinkedTo(r.Any()))
	inHandler := request(t, r, 1)
	queued := request(t, r, 2)
	require.NoError(t, r.Cast(ctx, 3))
	recv(t, entered)

	began := sys.Scheduler().Now()
	r.Kill()
	_, err := actor.Spawn(ctx, idle(), actor.Named("stubborn"))
	require.ErrorIs(t, err, actor.ErrNameTaken, "not found any more, but not free yet")
	require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled, "children do not wait for it")
	require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
	require.GreaterOrEqual(t, sys.Scheduler().Now()-began, grace)
	require.Equal(t, actor.Stopped, r.Status())
	require.ErrorIs(t, recv(t, inHandler.discard), actor.ErrAbandoned)
	require.ErrorIs(t, recv(t, queued.discard), actor.ErrAbandoned)
	next := recv(t, restarted)
	require.Equal(t, actor.Event{Kind: actor.Failed, Actor: r.Any(), Err: actor.ErrAbandoned}, next.ev, "no state")
	require.NoError(t, next.err, "the name is free when the supervisor is told")
	require.NoError(t, next.ref.Cast(ctx, 1))
	require.Equal(t, uint64(1), sys.Stats().Abandoned)
	require.Equal(t, uint64(2), sys.Stats().DeadLetters["abandoned"], "the queue; the one in the handler is nobody's")
	require.Contains(t, log.text(), "actor abandoned")
	require.Contains(t, log.text(), "stuckHere", "its stack")
	stopping, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, r.KillAndWait(stopping), "and again")

	close(release)
	for what, err := range recv(t, afterwards) {
		require.ErrorIs(t, err, actor.ErrKilled, what)
	}
	unfenced(t)
	require.Equal(t, []string{"1"}, handled.all())
	require.NoError(t, other.Cast(ctx, 1))
	require.Equal(t, actor.Stopped, r.Status())
}

//go:noinline
func stuckHere(release <-chan struct{}) { <-release }

// What the callback had under way must not reach the race detector either.
func TestAbandonedInEachCallback(t *testing.T) {
	type in = *actor.Context[int]
	for _, where := range []string{"PreStart", "PreStart instant", "PostStart", "Handle", "HandleSupervision", "PostStop", "PostStop drained", "then", "timer", "Blocking"} {
		t.Run(where, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{KillGrace: 20 * time.Millisecond})
			entered, release := make(chan actor.Ref[int], 1), make(chan struct{})
			left := make(chan struct{}, 1)
			block := func(name string) func(in) error {
				return func(c in) error {
					if name == where {
						entered <- c.Self()
						<-release
						left <- struct{}{}
					}
					return nil
				}
			}
			a := &boss[int]{plain: plain[int]{
				preStart: func(c in) error {
					if where == "PreStart instant" {
						return block(where)(c)
					}
					return block("PreStart")(c)
				},
				postStart: block("PostStart"),
				postStop: func(c in) error {
					if where == "PostStop drained" {
						return block(where)(c)
					}
					return block("PostStop")(c)
				},
				handle: func(c in, m int) error {
					switch m {
					case 1:
						return block("Handle")(c)
					case 2:
						actor.Async(c, func(context.Context) (int, error) { return 0, nil },
							func(int, error) error { return block("then")(c) })
					case 3:
						return block("timer")(c)
					case 4:
						_, err := actor.Blocking(c, func() (int, error) { return 0, block("Blocking")(c) })
						return err
					}
					return nil
				},
			}}
			a.supervise = func(c in, _ actor.Event) error { return block("HandleSupervision")(c) }
			spawned := make(chan error, 1)
			go func() {
				start := actor.Spawn[*boss[int], int]
				if where == "PreStart instant" {
					start = actor.SpawnInstant[*boss[int], int]
				}
				r, err := start(ctx, a)
				spawned <- err
				switch where {
				case "Handle":
					_ = r.Cast(ctx, 1)
				case "then":
					_ = r.Cast(ctx, 2)
				case "timer":
					r.CastAfter(time.Millisecond, 3)
				case "Blocking":
					_ = r.Cast(ctx, 4)
				case "HandleSupervision":
					_, _ = actor.Spawn(ctx, idle(), actor.LinkedTo(r.Any()))
				case "PostStop":
					r.Stop()
				case "PostStop drained":
					r.Drain()
				}
			}()
			r := recv(t, entered)
			for range 10 {
				_ = r.Cast(ctx, 0)
			}
			r.Kill()
			require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
			close(release)
			recv(t, left)
			if err := recv(t, spawned); where == "PreStart" {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			unfenced(t)
			require.Equal(t, uint64(1), sys.Stats().Abandoned)
		})
	}
}

// One that is abandoned in PostStop has ended once, whenever that returns: its supervisor hears of it once, and the
// books of the System are not closed twice (row L7).
func TestAbandonedInPostStop(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	entered, release := make(chan struct{}), make(chan struct{})
	ends := make(chan actor.Event, 2)
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: func(_ *actor.Context[int], ev actor.Event) error {
		if ev.Kind != actor.Started {
			ends <- ev
		}
		return nil
	}})
	r := spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{postStop: func(*actor.Context[int]) error {
		close(entered)
		<-release
		return nil
	}}}, actor.LinkedTo(parent.Any()))
	r.Stop()
	recv(t, entered)
	r.Kill()
	require.Equal(t, actor.Event{Kind: actor.Failed, Actor: r.Any(), Err: actor.ErrAbandoned}, recv(t, ends), "no state")
	eventually(t, func() bool { return sys.Stats().Live == 1 }, "the supervisor is left") // Wait would leave a trace
	close(release)
	unfenced(t)
	require.EqualValues(t, 1, sys.Stats().Live)
	require.NoError(t, parent.StopAndWait(ctx))
	require.Empty(t, ends)
	require.Equal(t, actor.Stopped, r.Status())
	require.EqualValues(t, 1, sys.Stats().Abandoned)
}

// However many functions of Async are stuck, an actor can be abandoned.
func TestAbandonedWhileAsyncIsFull(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond, Sched: sched.Config{MaxAsync: 1}})
	entered, release := make(chan struct{}, 2), make(chan struct{})
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		actor.Async(in, func(context.Context) (int, error) { entered <- struct{}{}; <-release; return 0, nil },
			func(int, error) error { return nil })
		entered <- struct{}{}
		<-release
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, entered)
	recv(t, entered)
	r.Kill()
	require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
	close(release)
	unfenced(t)
}

func TestK13_KillOfADeepTree(t *testing.T) {
	const deep = 2048
	ctx, _ := newSystem(t, actor.Config{})
	refs := make([]actor.Ref[int], deep)
	for i := range refs {
		var opts []actor.Option
		if i > 0 {
			opts = append(opts, actor.LinkedTo(refs[i-1].Any()))
		}
		refs[i] = spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{
			postStop: func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
		}}, opts...)
	}
	refs[0].Kill()
	for _, r := range refs {
		require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
	}
}

func TestK13_KillOfAWideTree(t *testing.T) {
	wide := 100_000
	if race || testing.Short() {
		wide = 20_000
	}
	ctx, _ := newSystem(t, actor.Config{})
	ends := make(chan struct{}, wide)
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{})
	behaviour := idle()
	refs := make([]actor.Ref[int], wide)
	for i := range refs {
		refs[i] = spawn(t, ctx, behaviour, actor.LinkedTo(parent.Any()))
	}
	_, _ = actor.OnStopping(refs[0].Any(), func() { ends <- struct{}{} })
	parent.Kill()
	recv(t, ends)
	for _, r := range refs {
		require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
	}
}

func TestK14_DrainingChildrenDieWithTheirParent(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{})
	entered := make(chan struct{})
	child := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		close(entered)
		<-in.Done()
		return nil
	}), actor.LinkedTo(parent.Any()))
	require.NoError(t, child.Cast(ctx, 1))
	require.NoError(t, child.Cast(ctx, 2))
	recv(t, entered)
	child.Drain()
	require.Equal(t, actor.Draining, child.Status())
	parent.Stop()
	require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled)
}

// Where the start of a parent is given up, its children are killed; why the
// start was given up is no affair of theirs.
func TestKilledChildrenAreTheirParentsNotItsCallers(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	cause := errors.New("the caller's reason")
	starting, cancel := context.WithCancelCause(ctx)
	var child actor.Ref[int]
	_, err := actor.Spawn[*plain[int], int](starting, &plain[int]{preStart: func(in *actor.Context[int]) error {
		child = spawnLinked(t, in)
		cancel(cause)
		<-in.Done()
		require.Equal(t, cause, context.Cause(in))
		return nil
	}})
	require.Equal(t, cause, err)
	require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled)
}

func spawnLinked(t *testing.T, in *actor.Context[int]) actor.Ref[int] {
	r, err := actor.SpawnLinked(in, idle())
	require.NoError(t, err)
	return r
}
