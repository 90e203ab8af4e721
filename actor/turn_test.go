package actor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// P1, P6: what is waiting is taken in the order of the lanes, not of arrival.
func TestP1_LanesAreStrict(t *testing.T) {
	for name, last := range map[string]struct {
		send func(r actor.Ref[int])
		want []string
	}{
		"supervision": {func(actor.Ref[int]) {}, []string{"busy", "started", "terminated", "1", "2", "drained"}},
		"stop":        {actor.Ref[int].Stop, []string{"busy", "PostStop"}},
		"kill":        {func(r actor.Ref[int]) { r.Stop(); r.Kill() }, []string{"busy"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			var log journal
			entered, leave := make(chan struct{}), make(chan struct{})
			a := &boss[int]{plain: plain[int]{
				handle: func(_ *actor.Context[int], m int) error {
					if m > 0 {
						log.add(fmt.Sprint(m))
						return nil
					}
					log.add("busy")
					close(entered)
					<-leave
					return nil
				},
				postStop: func(*actor.Context[int]) error {
					log.add(map[bool]string{true: "drained", false: "PostStop"}[name == "supervision"])
					return nil
				},
			}}
			a.supervise = func(_ *actor.Context[int], ev actor.Event) error { log.add(ev.Kind.String()); return nil }
			r := spawn[*boss[int], int](t, ctx, a)
			for m := range 3 {
				require.NoError(t, r.Cast(ctx, m))
			}
			recv(t, entered)
			child := spawn[*boss[int], int](t, ctx, &boss[int]{}, actor.LinkedTo(r.Any()))
			child.Stop()
			waitEnd(t, child)
			last.send(r)
			close(leave)
			if name == "supervision" {
				r.Drain()
			}
			_ = waitEnd(t, r)
			require.Equal(t, last.want, log.all())
		})
	}
}

// P9: a supervision event overtakes messages that were sent before it.
func TestP9_EventsOvertakeMessages(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var log journal
	entered, leave := make(chan struct{}), make(chan struct{})
	a := &boss[int]{plain: plain[int]{handle: func(_ *actor.Context[int], m int) error {
		if m == 0 {
			close(entered)
			<-leave
		}
		log.add(fmt.Sprint(m))
		return nil
	}}}
	a.supervise = func(_ *actor.Context[int], ev actor.Event) error { log.add(ev.Kind.String()); return nil }
	r := spawn[*boss[int], int](t, ctx, a)
	require.NoError(t, r.Cast(ctx, 0))
	recv(t, entered)
	child := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
		defer in.Stop()
		return r.Cast(in, m)
	}), actor.LinkedTo(r.Any()))
	require.NoError(t, child.Cast(ctx, 7))
	waitEnd(t, child)
	close(leave)
	r.Drain()
	require.NoError(t, waitEnd(t, r))
	require.Equal(t, []string{"0", "started", "terminated", "7"}, log.all())
}

// P10 has no counterpart: the lanes of a living actor are never closed.

// Invariants 1 and 2: from each sender in order and exactly once, never two
// callbacks at a time, under stealing and stalls.
func TestP8_FIFOPerSender(t *testing.T) {
	messages := 1_000_000
	if race || testing.Short() {
		messages = 200_000
	}
	ctx, sys := newSystem(t, actor.Config{Sched: sched.Config{Workers: 4, Budget: 16, QueueSize: 8}})
	const receivers, senders = 16, 8
	type msg struct{ from, n int }
	var handled sync.WaitGroup
	each := messages / receivers / senders
	handled.Add(receivers * senders)
	refs := make([]actor.Ref[msg], receivers)
	for i := range refs {
		var next [2 * senders]int
		busy := false // for the race detector: two callbacks at a time would write it
		refs[i] = spawn(t, ctx, actor.Func(func(in *actor.Context[msg], m msg) error {
			if busy {
				t.Error("two callbacks at a time")
			}
			busy = true
			defer func() { busy = false }()
			if m.n != next[m.from] {
				t.Errorf("from %d: %d instead of %d", m.from, m.n, next[m.from])
				return errTest
			}
			next[m.from]++
			if m.n%5000 == 4999 { // a stall that nobody is told of, longer than StallAfter
				<-time.After(3 * time.Millisecond)
			}
			if m.n == each-1 {
				handled.Done()
			}
			return nil
		}))
	}
	send := func(ctx context.Context, from int) {
		for n := range each {
			for i := range refs {
				if err := refs[i].Cast(ctx, msg{from, n}); err != nil {
					t.Error(err)
				}
			}
		}
	}
	for s := range senders {
		if s%2 == 0 {
			go send(ctx, s)
			continue
		}
		inside := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
			for k := range 100 { // in slices, so that it moves about
				n := m + k
				if n == each {
					return nil
				}
				for i := range refs {
					if err := refs[i].Cast(in, msg{s, n}); err != nil {
						return err
					}
				}
			}
			return in.Self().Cast(in, m+100)
		}))
		require.NoError(t, inside.Cast(ctx, 0))
	}
	all := make(chan struct{})
	go func() { handled.Wait(); close(all) }()
	recv(t, all)
	require.Empty(t, sys.Stats().DeadLetters)
}

// Invariant 5: whatever fails in whatever callback, the actor ends as Failed
// and everybody else goes on.
func TestFailuresStayAtHome(t *testing.T) {
	type in = *actor.Context[int]
	for where, run := range map[string]func(c in, fail func() error) error{
		"Handle": func(_ in, fail func() error) error { return fail() },
		"Async's then": func(c in, fail func() error) error {
			actor.Async(c, func(context.Context) (int, error) { return 1, nil }, func(int, error) error { return fail() })
			return nil
		},
		"Post": func(c in, fail func() error) error { return actor.Post(c, fail) },
		"Blocking": func(c in, fail func() error) error {
			_, err := actor.Blocking(c, func() (int, error) { return 0, fail() })
			return err
		},
	} {
		for how, fail := range failures {
			t.Run(where+"/"+how, func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{Workers: 1}})
				told, supervise := events()
				parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
				r := spawn(t, ctx, fn(func(c in, _ int) error { return run(c, fail) }), actor.LinkedTo(parent.Any()))
				require.NoError(t, r.Cast(ctx, 1))
				require.ErrorIs(t, waitEnd(t, r), failureSays[how])
				require.Equal(t, actor.Started, recv(t, told).Kind)
				ev := recv(t, told)
				require.Equal(t, actor.Failed, ev.Kind)
				var p *actor.PanicError
				if how != "error" {
					require.ErrorAs(t, ev.Err, &p)
					require.Contains(t, string(p.Stack), "life_test.go", "where it happened")
				}
				require.NoError(t, spawn(t, ctx, idle()).StopAndWait(ctx))
			})
		}
	}
	for how, fail := range failures {
		t.Run("MonitorMsg/"+how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			target := spawn(t, ctx, idle())
			r := spawn(t, ctx, fn(func(c in, _ int) error {
				c.MonitorMsg(target.Any(), func(actor.Down) int {
					if err := fail(); err != nil {
						panic(err)
					}
					return 0
				})
				target.Stop()
				return nil
			}))
			require.NoError(t, r.Cast(ctx, 1))
			require.ErrorIs(t, waitEnd(t, r), failureSays[how])
		})
	}
}

// A failure of fn is then's to judge; the actor goes on.
func TestAsyncFnFails(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			got := make(chan error, 1)
			r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
				actor.Async(in, func(context.Context) (int, error) { return 1, fail() }, func(_ int, err error) error {
					require.Equal(t, in.Self().Any(), actor.Caller(), "then runs inside")
					got <- err
					return nil
				})
				return nil
			}))
			require.NoError(t, r.Cast(ctx, 1))
			err := recv(t, got)
			require.ErrorIs(t, err, failureSays[how])
			var p *actor.PanicError
			require.Equal(t, how != "error", errors.As(err, &p))
			require.NoError(t, r.StopAndWait(ctx))
		})
	}
}

// Async's ctx is the actor's; when the actor ends first, then is dropped.
func TestAsyncEndsWithItsActor(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	entered, cause := make(chan struct{}), make(chan error, 1)
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		actor.Async(in, func(ctx context.Context) (int, error) {
			close(entered)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return 0, nil
		}, func(int, error) error { t.Error("then"); return nil })
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, entered)
	require.NoError(t, r.StopAndWait(ctx))
	require.Equal(t, actor.ErrStopped, recv(t, cause))
	eventually(t, func() bool { return sys.Stats().DeadLetters["stopped"] == 1 }, "counted")
}

// Invariant 6: a handler that blocks, with or without telling, delays only its
// own actor.
func TestBlockingDelaysOneselfOnly(t *testing.T) {
	for name, block := range map[string]func(in *actor.Context[int], c chan struct{}) error{
		"bare": func(_ *actor.Context[int], c chan struct{}) error { <-c; return nil },
		"Blocking": func(in *actor.Context[int], c chan struct{}) error {
			_, err := actor.Blocking(in, func() (int, error) { <-c; return 0, nil })
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{Workers: 1}})
			release := make(chan struct{})
			var blocked []actor.Ref[int]
			for range 20 {
				r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error { return block(in, release) }))
				require.NoError(t, r.Cast(ctx, 1))
				blocked = append(blocked, r)
			}
			require.NoError(t, spawn(t, ctx, idle()).StopAndWait(ctx))
			close(release)
			for _, r := range blocked {
				require.NoError(t, r.DrainAndWait(ctx))
			}
		})
	}
}

func TestBlockingOutside(t *testing.T) {
	v, err := actor.Blocking(context.Background(), func() (int, error) { return 3, errTest })
	require.Equal(t, 3, v)
	require.Equal(t, errTest, err)
}

func TestTooManyWaiters(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{MaxWaiters: 1}})
	release, got := make(chan struct{}), make(chan error, 2)
	a := fn(func(in *actor.Context[int], _ int) error {
		_, err := actor.Blocking(in, func() (int, error) { <-release; return 0, nil })
		got <- err
		return nil
	})
	for range 2 {
		require.NoError(t, spawn(t, ctx, a).Cast(ctx, 1))
	}
	require.ErrorIs(t, recv(t, got), sched.ErrTooManyWaiters)
	close(release)
	require.NoError(t, recv(t, got))
}

// With makes an actor of a behaviour: the state is PreStart's, the hooks are
// found, the parent gets the *S.
type adding struct{ log *journal }

func (c adding) PreStart(_ *actor.Context[int], start int) (int, error) { return start, nil }
func (c adding) PostStart(_ *actor.Context[int], s *int) error {
	c.log.add(fmt.Sprint("PostStart ", *s))
	return nil
}
func (c adding) Handle(_ *actor.Context[int], m int, s *int) error { *s += m; return nil }
func (c adding) PostStop(_ *actor.Context[int], s *int) error {
	c.log.add(fmt.Sprint("PostStop ", *s))
	return nil
}

func (c adding) HandleSupervision(_ *actor.Context[int], ev actor.Event, s *int) error {
	c.log.add(fmt.Sprint(ev.Kind, " ", *s))
	return nil
}

func TestBehaviour(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var log journal
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	b := adding{&log}
	r := spawn(t, ctx, actor.With[int, int, int](b, 10), actor.LinkedTo(parent.Any()))
	other := spawn(t, ctx, actor.With[int, int, int](b, 90)) // the same behaviour in another actor
	require.Equal(t, actor.Started, recv(t, told).Kind)
	require.NoError(t, other.StopAndWait(ctx))
	for range 5 {
		require.NoError(t, r.Cast(ctx, 1))
	}
	require.NoError(t, r.DrainAndWait(ctx))
	sum := 15
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrDrained, State: &sum}, recv(t, told))
	require.ElementsMatch(t, []string{"PostStart 10", "PostStart 90", "PostStop 90", "PostStop 15"}, log.all())
}
