package actor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

var errTest = errors.New("test: fails")

// ticket is a request's ticket that tells what became of it.
type ticket struct {
	open    error
	owed    bool
	handled chan struct{}
	discard chan error
}

func newTicket() *ticket {
	return &ticket{handled: make(chan struct{}, 1<<10), discard: make(chan error, 1)}
}

func (k *ticket) Open() error          { return k.open }
func (k *ticket) Handled() bool        { k.handled <- struct{}{}; return k.owed }
func (k *ticket) Discard(reason error) { k.discard <- reason }

// request sends m with a ticket of its own.
func request[M any](t testing.TB, to actor.Ref[M], m M) *ticket {
	t.Helper()
	k := newTicket()
	require.NoError(t, actor.Request(context.Background(), to, m, &actor.Ticket{Holder: k}))
	return k
}

func TestL1_PreStartIsKnownAndTakesMessages(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	got := make(chan int, 1)
	a := &plain[int]{
		preStart: func(in *actor.Context[int]) error {
			r, err := actor.Whereis[int](in, "known")
			require.NoError(t, err)
			require.Equal(t, in.Self(), r)
			require.Equal(t, actor.Starting, r.Status())
			require.Equal(t, r.Any(), in.System().Lookup(r.ID()))
			return r.Cast(context.Background(), 7)
		},
		handle: func(_ *actor.Context[int], m int) error { got <- m; return nil },
	}
	spawn[*plain[int], int](t, ctx, a, actor.Named("known"))
	require.Equal(t, 7, recv(t, got))
}

// startFailures are the ways in which PreStart can fail, and Spawn's error.
var startFailures = map[string]struct {
	fail func(in *actor.Context[int]) error
	says func(t *testing.T, err error)
}{
	"error": {
		func(*actor.Context[int]) error { return errTest },
		func(t *testing.T, err error) { require.ErrorIs(t, err, errTest) },
	},
	"panic": {
		func(*actor.Context[int]) error { panic(errTest) },
		func(t *testing.T, err error) {
			var p *actor.PanicError
			require.ErrorAs(t, err, &p)
			require.ErrorIs(t, err, errTest)
			require.Contains(t, string(p.Stack), "life_test.go")
		},
	},
	"killed": {
		func(in *actor.Context[int]) error { in.Self().Kill(); return in.Err() },
		func(t *testing.T, err error) { require.ErrorIs(t, err, actor.ErrKilled) },
	},
	"killed, returns nil (L9)": {
		func(in *actor.Context[int]) error { in.Self().Kill(); return nil },
		func(t *testing.T, err error) { require.ErrorIs(t, err, actor.ErrKilled) },
	},
}

func TestL1_FailedPreStartIsRolledBack(t *testing.T) {
	for how, failure := range startFailures {
		for _, linked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/linked=%v", how, linked), func(t *testing.T) {
				ctx, sys := newSystem(t, actor.Config{})
				told, supervise := events()
				parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
				opts := []actor.Option{actor.Named("x")}
				if linked {
					opts = append(opts, actor.LinkedTo(parent.Any()))
				}
				live := sys.Stats().Live
				var self, child actor.Ref[int]
				var k *ticket
				waited := make(chan error, 1)
				stopped := make(chan struct{}, 1)
				_, err := actor.Spawn[*plain[int], int](ctx, &plain[int]{
					preStart: func(in *actor.Context[int]) error {
						self = in.Self()
						go func() { waited <- self.Wait(context.Background()) }()
						k = request(t, self, 1)
						require.NoError(t, self.Cast(in, 2))
						var err error
						child, err = actor.SpawnLinked[*plain[int], int](in, &plain[int]{
							postStop: func(*actor.Context[int]) error { stopped <- struct{}{}; return nil },
						})
						require.NoError(t, err)
						return failure.fail(in)
					},
					postStart: func(*actor.Context[int]) error { t.Error("PostStart"); return nil },
					postStop:  func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
				}, opts...)
				failure.says(t, err)

				require.Equal(t, actor.Stopped, self.Status())
				var exit *actor.ExitError
				require.ErrorAs(t, recv(t, waited), &exit)
				failure.says(t, exit)
				require.Error(t, recv(t, k.discard))
				require.ErrorIs(t, self.Cast(ctx, 3), actor.ErrStopped)
				require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled)
				require.Empty(t, stopped, "the child was stopped, not killed")
				_, err = actor.Whereis[int](ctx, "x")
				require.ErrorIs(t, err, actor.ErrNotFound)
				require.True(t, sys.Lookup(self.ID()).IsZero())
				spawn(t, ctx, idle(), actor.Named("x")) // free
				eventually(t, func() bool { return sys.Stats().Live == live+1 }, "the books are right")
				letters := uint64(0)
				for _, n := range sys.Stats().DeadLetters {
					letters += n
				}
				require.Equal(t, uint64(2), letters)

				waitEnd(t, spawnStopped(t, ctx, parent)) // an event of the start would have come before this one's
				ev := recv(t, told)
				require.NotEqual(t, self.Any(), ev.Actor, "%v", ev)
			})
		}
	}
}

// spawnStopped spawns a child of parent and stops it.
func spawnStopped(t *testing.T, ctx context.Context, parent actor.Ref[int]) actor.Ref[int] {
	t.Helper()
	r := spawn(t, ctx, idle(), actor.LinkedTo(parent.Any()))
	r.Stop()
	return r
}

func TestL1_StopDuringPreStartIsSeenAfterPostStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var log journal
	r := spawn[*plain[int], int](t, ctx, &plain[int]{
		preStart:  func(in *actor.Context[int]) error { in.Stop(); return in.Self().Cast(in, 1) },
		postStart: func(*actor.Context[int]) error { log.add("PostStart"); return nil },
		postStop:  func(*actor.Context[int]) error { log.add("PostStop"); return nil },
		handle:    func(*actor.Context[int], int) error { log.add("Handle"); return nil },
	})
	require.NoError(t, waitEnd(t, r))
	require.Equal(t, []string{"PostStart", "PostStop"}, log.all())
}

func TestL2_PostStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	status := make(chan actor.Status, 2)
	r := spawn[*plain[int], int](t, ctx, &plain[int]{
		preStart:  func(in *actor.Context[int]) error { return in.Self().Cast(in, 1) },
		postStart: func(in *actor.Context[int]) error { status <- in.Self().Status(); return nil },
		handle:    func(in *actor.Context[int], _ int) error { status <- in.Self().Status(); return nil },
	}, actor.LinkedTo(parent.Any()))
	require.Equal(t, actor.Starting, recv(t, status), "in PostStart")
	require.Equal(t, actor.Running, recv(t, status), "in Handle, which comes after it")
	require.Equal(t, actor.Event{Kind: actor.Started, Actor: r.Any()}, recv(t, told))
}

func TestL2_FailedPostStart(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			r := spawn[*plain[int], int](t, ctx, &plain[int]{
				postStart: func(*actor.Context[int]) error { return fail() },
				postStop:  func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
			}, actor.LinkedTo(parent.Any()))
			var exit *actor.ExitError
			require.ErrorAs(t, waitEnd(t, r), &exit)
			ev := recv(t, told)
			require.Equal(t, actor.Failed, ev.Kind, "no Started before it")
			require.Equal(t, r.Any(), ev.Actor)
			require.ErrorIs(t, ev.Err, failureSays[how])
			require.Nil(t, ev.State)
		})
	}
}

func TestL2_KillInPostStartDeliversNoState(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	r := spawn[*plain[int], int](t, ctx, &plain[int]{
		postStart: func(in *actor.Context[int]) error { in.Self().Kill(); return errTest },
	}, actor.LinkedTo(parent.Any()))
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrKilled}, recv(t, told))
}

func TestL3_FailedHandleEndsTheActor(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			r := spawn[*plain[int], int](t, ctx, &plain[int]{
				preStart: func(in *actor.Context[int]) error {
					for m := range 5 {
						require.NoError(t, in.Self().Cast(in, m))
					}
					return nil
				},
				handle: func(_ *actor.Context[int], m int) error {
					if m == 1 {
						return fail()
					}
					return nil
				},
				postStop: func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
			}, actor.LinkedTo(parent.Any()))
			require.ErrorIs(t, waitEnd(t, r), failureSays[how])
			require.Equal(t, actor.Started, recv(t, told).Kind)
			ev := recv(t, told)
			require.Equal(t, actor.Failed, ev.Kind)
			require.ErrorIs(t, ev.Err, failureSays[how])
			require.Nil(t, ev.State)
			require.Equal(t, map[string]uint64{"failed": 3}, sys.Stats().DeadLetters)
		})
	}
}

func TestL4_FailedHandleSupervision(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			top := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			middle := spawn[*boss[int], int](t, ctx, &boss[int]{
				supervise: func(_ *actor.Context[int], ev actor.Event) error {
					if ev.Kind == actor.Terminated {
						return fail()
					}
					return nil
				},
			}, actor.LinkedTo(top.Any()))
			spawnStopped(t, ctx, middle)
			require.ErrorIs(t, waitEnd(t, middle), failureSays[how])
			require.Equal(t, actor.Started, recv(t, told).Kind)
			ev := recv(t, told)
			require.Equal(t, middle.Any(), ev.Actor)
			require.Equal(t, actor.Failed, ev.Kind)
		})
	}
}

func TestL4_DefaultIsToStopWithAnyChild(t *testing.T) {
	for name, end := range map[string]func(r actor.Ref[int]){
		"stop":  func(r actor.Ref[int]) { r.Stop() },
		"drain": func(r actor.Ref[int]) { r.Drain() },
		"kill":  func(r actor.Ref[int]) { r.Kill() },
		"fail":  func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 0) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			stopped := make(chan struct{}, 1)
			parent := spawn[*plain[int], int](t, ctx, &plain[int]{
				postStop: func(*actor.Context[int]) error { stopped <- struct{}{}; return nil },
			})
			end(spawn(t, ctx, fn(func(*actor.Context[int], int) error { return errTest }), actor.LinkedTo(parent.Any())))
			require.NoError(t, waitEnd(t, parent), "gracefully")
			recv(t, stopped)
		})
	}
}

func TestL5_PostStopSeesTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	ran := make(chan struct{}, 1)
	r := spawn[*plain[int], int](t, ctx, &plain[int]{
		postStop: func(in *actor.Context[int]) error {
			require.Equal(t, actor.Stopping, in.Self().Status())
			require.NoError(t, in.Err(), "the context lives until PostStop is over")
			_, err := actor.Whereis[int](in, "gone")
			require.ErrorIs(t, err, actor.ErrNotFound)
			_, err = actor.Spawn(in, idle(), actor.Named("gone"))
			require.ErrorIs(t, err, actor.ErrNameTaken, "not found, but not free either")
			require.ErrorIs(t, in.Self().Cast(in, 1), actor.ErrStopped)
			_, err = actor.SpawnLinked(in, idle())
			require.ErrorIs(t, err, actor.ErrStopping)
			ran <- struct{}{}
			return nil
		},
	}, actor.Named("gone"))
	require.NoError(t, r.StopAndWait(ctx))
	require.Len(t, ran, 1)
}

func TestL5_NotAfterKillOrFailure(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	never := func(*actor.Context[int]) error { t.Error("PostStop"); return nil }
	killed := spawn[*plain[int], int](t, ctx, &plain[int]{postStop: never})
	killed.Kill()
	require.ErrorIs(t, waitEnd(t, killed), actor.ErrKilled)
	parent := spawn(t, ctx, idle())
	child := spawn[*plain[int], int](t, ctx, &plain[int]{postStop: never}, actor.LinkedTo(parent.Any()))
	parent.Stop()
	require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled)
}

func TestL5_FailedPostStop(t *testing.T) {
	for how, fail := range failures {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			calls := 0
			r := spawn[*plain[int], int](t, ctx, &plain[int]{
				postStop: func(*actor.Context[int]) error { calls++; return fail() },
			}, actor.LinkedTo(parent.Any()))
			r.StopWith(errors.New("lost"))
			require.ErrorIs(t, waitEnd(t, r), failureSays[how])
			require.Equal(t, actor.Started, recv(t, told).Kind)
			ev := recv(t, told)
			require.Equal(t, actor.Failed, ev.Kind)
			require.ErrorIs(t, ev.Err, failureSays[how])
			require.Nil(t, ev.State)
			require.Equal(t, 1, calls)
		})
	}
}

func TestL5_KillInPostStopDeliversNoState(t *testing.T) {
	for how, result := range map[string]func() error{
		"returns": func() error { return nil },
		"fails":   func() error { return errTest },
		"panics":  func() error { panic(errTest) },
	} {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			r := spawn[*plain[int], int](t, ctx, &plain[int]{
				postStop: func(in *actor.Context[int]) error { in.Self().Kill(); return result() },
			}, actor.LinkedTo(parent.Any()))
			r.Stop()
			require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
			require.Equal(t, actor.Started, recv(t, told).Kind)
			require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrKilled}, recv(t, told))
		})
	}
}

// L8 has no counterpart in Go but this one: a goroutine that is ended.
func TestL8_GoexitIsAFailure(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{Sched: sched.Config{Workers: 1}})
	r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { runtime.Goexit(); return nil }))
	k := request(t, r, 1)
	err := waitEnd(t, r)
	var p *actor.PanicError
	require.ErrorAs(t, err, &p)
	require.Equal(t, sched.ErrGoexit, p.Value)
	require.ErrorIs(t, recv(t, k.discard), actor.ErrFailed)
	// The worker goes on, on another goroutine.
	require.NoError(t, spawn(t, ctx, idle()).StopAndWait(ctx))
	require.Empty(t, sys.Stats().Abandoned)
}

func TestL9_SelfStopInPostStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	a := &plain[int]{postStart: func(in *actor.Context[int]) error { in.Stop(); return nil }}
	stopped := make(chan struct{}, 1)
	a.postStop = func(*actor.Context[int]) error { stopped <- struct{}{}; return nil }
	r := spawn[*plain[int], int](t, ctx, a, actor.LinkedTo(parent.Any()))
	require.NoError(t, waitEnd(t, r))
	recv(t, stopped)
	require.Equal(t, actor.Started, recv(t, told).Kind)
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), State: a}, recv(t, told))
}

// failures are the ways in which a callback can fail, failureSays what errors.Is
// then finds.
var failures = map[string]func() error{
	"error":  func() error { return errTest },
	"panic":  func() error { panic(errTest) },
	"goexit": func() error { runtime.Goexit(); return nil },
}

var failureSays = map[string]error{"error": errTest, "panic": errTest, "goexit": sched.ErrGoexit}

func TestStatusText(t *testing.T) {
	for s, text := range map[actor.Status]string{
		actor.Unstarted: "unstarted", actor.Starting: "starting", actor.Running: "running",
		actor.Draining: "draining", actor.Stopping: "stopping", actor.Stopped: "stopped", 77: "Status(77)",
	} {
		require.Equal(t, text, s.String())
	}
}
