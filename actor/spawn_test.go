package actor_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

func TestSP1_DuplicateName(t *testing.T) { // N4
	ctx, sys := newSystem(t, actor.Config{})
	first := spawn(t, ctx, idle(), actor.Named("one"))
	_, err := actor.Spawn[*plain[int], int](ctx, &plain[int]{
		preStart: func(*actor.Context[int]) error { t.Error("PreStart"); return nil },
	}, actor.Named("one"))
	require.ErrorIs(t, err, actor.ErrNameTaken)
	require.ErrorContains(t, err, `"one"`)
	require.ErrorContains(t, err, first.String())
	r, err := actor.Whereis[int](ctx, "one")
	require.NoError(t, err)
	require.Equal(t, first, r)
	require.Equal(t, int64(1), sys.Stats().Live)
}

func TestSP2_SupervisorThatIsEnding(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	never := &plain[int]{preStart: func(*actor.Context[int]) error { t.Error("PreStart"); return nil }}
	dead := spawn(t, ctx, idle())
	dead.Stop()
	waitEnd(t, dead)
	entered, leave := make(chan struct{}), make(chan struct{})
	busy := func() actor.Ref[int] {
		r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { entered <- struct{}{}; <-leave; return nil }))
		require.NoError(t, r.Cast(ctx, 1))
		recv(t, entered)
		return r
	}
	draining, killed := busy(), busy()
	draining.Drain()
	killed.Kill()
	for _, parent := range []actor.Ref[int]{dead, draining, killed} {
		for _, start := range []func(context.Context, *plain[int], ...actor.Option) (actor.Ref[int], error){
			actor.Spawn[*plain[int], int], actor.SpawnInstant[*plain[int], int],
		} {
			_, err := start(ctx, never, actor.LinkedTo(parent.Any()))
			require.ErrorIs(t, err, actor.ErrStopping)
			require.ErrorContains(t, err, parent.String())
		}
	}
	close(leave)
}

// The supervisor that was well before PreStart is not after it: all is undone.
func TestSP2_SupervisorThatEndsDuringPreStart(t *testing.T) {
	for _, instant := range []bool{false, true} {
		t.Run(fmt.Sprint("instant=", instant), func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			a := &plain[int]{
				preStart: func(*actor.Context[int]) error {
					parent.Stop()
					waitEnd(t, parent)
					return nil
				},
				postStart: func(*actor.Context[int]) error { t.Error("PostStart"); return nil },
				postStop:  func(*actor.Context[int]) error { t.Error("PostStop"); return nil },
			}
			if instant {
				r, err := actor.SpawnInstant[*plain[int], int](ctx, a, actor.LinkedTo(parent.Any()), actor.Named("x"))
				require.NoError(t, err)
				require.ErrorIs(t, waitEnd(t, r), actor.ErrStopping)
			} else {
				_, err := actor.Spawn[*plain[int], int](ctx, a, actor.LinkedTo(parent.Any()), actor.Named("x"))
				require.ErrorIs(t, err, actor.ErrStopping)
			}
			require.Zero(t, sys.Stats().Live, "nobody lives")
			require.Empty(t, told)
			spawn(t, ctx, idle(), actor.Named("x"))
		})
	}
}

func TestSP3_SpawnInstant(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	leave := make(chan struct{})
	got := make(chan int, 10)
	r, err := actor.SpawnInstant[*plain[int], int](ctx, &plain[int]{
		preStart: func(*actor.Context[int]) error { <-leave; return nil },
		handle:   func(_ *actor.Context[int], m int) error { got <- m; return nil },
	}, actor.Named("i"))
	require.NoError(t, err)
	for m := range 3 {
		require.NoError(t, r.Cast(ctx, m))
	}
	_, err = actor.SpawnInstant(ctx, idle(), actor.Named("i"))
	require.ErrorIs(t, err, actor.ErrNameTaken, "the only thing that fails the call")
	close(leave)
	for m := range 3 {
		require.Equal(t, m, recv(t, got))
	}

	for how, failure := range startFailures {
		r, err := actor.SpawnInstant[*plain[int], int](ctx, &plain[int]{preStart: failure.fail})
		require.NoError(t, err, how)
		failure.says(t, waitEnd(t, r))
		failure.says(t, waitEnd(t, r))
	}
	require.EqualValues(t, 1, sys.Stats().Live, "they are gone")
}

func TestSP3_KilledBeforeItsStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{Workers: 1, StallAfter: time.Hour}})
	got := make(chan actor.Ref[int], 1)
	busy := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		r, err := actor.SpawnInstant[*plain[int], int](in, &plain[int]{
			preStart: func(*actor.Context[int]) error { t.Error("PreStart"); return nil },
		})
		require.NoError(t, err)
		r.Kill() // the only worker is here
		got <- r
		return nil
	}))
	require.NoError(t, busy.Cast(ctx, 1))
	require.ErrorIs(t, waitEnd(t, recv(t, got)), actor.ErrKilled)
}

func TestSP4_SpawnInstantLinked(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	entered, leave := make(chan struct{}), make(chan struct{})
	r, err := actor.SpawnInstant[*plain[int], int](ctx, &plain[int]{
		preStart: func(*actor.Context[int]) error { close(entered); <-leave; return nil },
	}, actor.LinkedTo(parent.Any()))
	require.NoError(t, err)
	recv(t, entered)
	require.True(t, r.Parent().IsZero(), "linked after PreStart only")
	close(leave)
	require.Equal(t, actor.Event{Kind: actor.Started, Actor: r.Any()}, recv(t, told))
	require.Equal(t, parent.Any(), r.Parent())

	failed, err := actor.SpawnInstant[*plain[int], int](ctx, &plain[int]{
		preStart: func(*actor.Context[int]) error { return errTest },
	}, actor.LinkedTo(parent.Any()))
	require.NoError(t, err)
	require.ErrorIs(t, waitEnd(t, failed), errTest)
	r.Stop()
	require.Equal(t, r.Any(), recv(t, told).Actor, "of the failed start nothing is told")
}

// SP6: a double start cannot be had: an actor value is started by each Spawn,
// as an actor of its own, and there is no other way to start one.
func TestSP6_EachSpawnIsAnActor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a := idle()
	x, y := spawn(t, ctx, a), spawn(t, ctx, a)
	require.NotEqual(t, x, y)
	require.NotEqual(t, x.ID(), y.ID())
}

func TestSpawnInAHandlerLinksNothing(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	got := make(chan actor.Ref[int], 2)
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		got <- spawn(t, in, idle())
		got <- spawn(t, context.Background(), idle()) // the System is the handler's all the same
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	for range 2 {
		c := recv(t, got)
		require.True(t, c.Parent().IsZero())
		require.Equal(t, r.System(), c.System())
		r.Stop()
		waitEnd(t, r)
		require.Equal(t, actor.Running, c.Status())
	}
}

func TestSpawnCtx(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	cancelled, cancel := context.WithCancelCause(ctx)
	cancel(errTest)
	_, err := actor.Spawn[*plain[int], int](cancelled, &plain[int]{
		preStart: func(*actor.Context[int]) error { t.Error("PreStart"); return nil },
	}, actor.Named("x"))
	require.Equal(t, errTest, err, "before")

	for name, leave := range map[string]func(in *actor.Context[int]){
		"sees it":    func(in *actor.Context[int]) { <-in.Done() },
		"ignores it": func(in *actor.Context[int]) {},
		"far too long": func(in *actor.Context[int]) {
			eventually(t, func() bool { return in.Self().Status() == actor.Stopped }, "abandoned")
		},
	} {
		during, cancel := context.WithCancelCause(ctx)
		var self actor.Ref[int]
		_, err = actor.Spawn[*plain[int], int](during, &plain[int]{preStart: func(in *actor.Context[int]) error {
			self = in.Self()
			cancel(errTest)
			leave(in)
			return nil
		}}, actor.Named("x"))
		require.Equal(t, errTest, err, name)
		require.Equal(t, actor.Stopped, self.Status(), name)
	}

	// Afterwards it is nothing to the actor.
	after, cancel := context.WithCancelCause(ctx)
	r := spawn[*plain[int], int](t, after, &plain[int]{}, actor.Named("x"))
	cancel(errTest)
	require.NoError(t, r.Cast(ctx, 1))
	require.NoError(t, r.StopAndWait(ctx))
	require.Equal(t, uint64(1), sys.Stats().Abandoned)
}

func TestGoexitInPreStart(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var self actor.Ref[int]
	var wg sync.WaitGroup
	wg.Go(func() {
		_, _ = actor.Spawn[*plain[int], int](ctx, &plain[int]{preStart: func(in *actor.Context[int]) error {
			self = in.Self()
			runtime.Goexit()
			return nil
		}}, actor.Named("x"))
		t.Error("Spawn has returned")
	})
	wg.Wait()
	require.ErrorIs(t, waitEnd(t, self), sched.ErrGoexit)
	require.Equal(t, int64(0), sys.Stats().Live)
	spawn(t, ctx, idle(), actor.Named("x"))

	r, err := actor.SpawnInstant[*plain[int], int](ctx, &plain[int]{preStart: func(*actor.Context[int]) error {
		runtime.Goexit()
		return nil
	}})
	require.NoError(t, err)
	require.ErrorIs(t, waitEnd(t, r), sched.ErrGoexit)
}

// The hooks that Spawn must refuse.
type (
	wrongPreStart  struct{ actor.Actor[int] }
	wrongPostStart struct{ actor.Actor[int] }
	wrongPostStop  struct{ actor.Actor[int] }
	wrongEvents    struct{ actor.Actor[int] }
	byValue        struct{}
	behaviourOf    struct{}
)

func (wrongPreStart) PreStart(context.Context) error                     { return nil }
func (*wrongPostStart) PostStart(*actor.Context[string]) error           { return nil }
func (*wrongPostStop) PostStop()                                         {}
func (*wrongEvents) HandleSupervision(*actor.Context[int], string) error { return nil }
func (byValue) Handle(*actor.Context[int], int) error                    { return nil }
func (*byValue) PostStop(*actor.Context[int]) error                      { return nil }

func (behaviourOf) PreStart(*actor.Context[int], string) (int, error) { return 0, nil }
func (behaviourOf) Handle(*actor.Context[int], int, *int) error       { return nil }
func (behaviourOf) PostStop(*actor.Context[int]) error                { return nil }

func TestSpawnRefusesBadActors(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for _, c := range []struct {
		a    actor.Actor[int]
		err  error
		text string
	}{
		{nil, actor.ErrNilActor, "nil"},
		{(*plain[int])(nil), actor.ErrNilActor, "*actor_test.plain[int]"},
		{actor.Func[int](nil), actor.ErrNilActor, ""},
		{actor.With[int, int, string](nil, ""), actor.ErrNilActor, ""},
		{wrongPreStart{idle()}, actor.ErrHook, "actor_test.wrongPreStart.PreStart is func(*actor_test.wrongPreStart, context.Context) error, want"},
		{&wrongPostStart{idle()}, actor.ErrHook, "PostStart"},
		{&wrongPostStop{idle()}, actor.ErrHook, "PostStop"},
		{&wrongEvents{idle()}, actor.ErrHook, "HandleSupervision"},
		{byValue{}, actor.ErrHook, "actor_test.byValue.PostStop has a pointer receiver: spawn a *actor_test.byValue"},
		{actor.With[int, int, string](behaviourOf{}, ""), actor.ErrHook, "behaviourOf.PostStop"},
	} {
		for range 2 {
			r, err := actor.Spawn(ctx, c.a)
			require.ErrorIs(t, err, c.err)
			require.ErrorContains(t, err, c.text)
			require.True(t, r.IsZero())
			_, err = actor.SpawnInstant(ctx, c.a)
			require.ErrorIs(t, err, c.err)
		}
	}
	require.Zero(t, sys.Stats().Live)
	spawn[*byValue, int](t, ctx, &byValue{})
}

func TestSpawnRefusesBadOptions(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	other, _ := newSystem(t, actor.Config{})
	foreign := spawn(t, other, idle())
	for _, c := range []struct {
		opt  actor.Option
		err  error
		text string
	}{
		{actor.Bounded(0, actor.Refuse), actor.ErrOption, "Bounded(0, refuse)"},
		{actor.Bounded(-1, actor.DropOldest), actor.ErrOption, "Bounded(-1, drop oldest)"},
		{actor.Bounded(1<<40, actor.DropNewest), actor.ErrOption, "1099511627776"},
		{actor.Bounded(1, 9), actor.ErrOption, "Overflow(9)"},
		{actor.Named(""), actor.ErrOption, `Named("")`},
		{actor.LinkedTo(actor.AnyRef{}), actor.ErrNoActor, "LinkedTo"},
		{actor.LinkedTo(foreign.Any()), actor.ErrOption, foreign.String()},
	} {
		_, err := actor.Spawn(ctx, idle(), c.opt)
		require.ErrorIs(t, err, c.err)
		require.ErrorContains(t, err, c.text)
	}
	require.Zero(t, sys.Stats().Live)
	spawn(t, ctx, idle(), actor.Option{}) // the zero Option is none
}

func TestNilContexts(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	var none context.Context
	for what, f := range map[string]func() error{
		"Spawn":        func() error { _, err := actor.Spawn(none, idle()); return err },
		"SpawnLinked":  func() error { _, err := actor.SpawnLinked(nil, idle()); return err },
		"SpawnInstant": func() error { _, err := actor.SpawnInstant(none, idle()); return err },
		"Cast":         func() error { return r.Cast(none, 1) },
		"Request":      func() error { return actor.Request(none, r, 1, &actor.Ticket{Holder: newTicket()}) },
		"Wait":         func() error { return r.Wait(none) },
		"StopAndWait":  func() error { return r.StopAndWait(none) },
		"KillAndWait":  func() error { return r.KillAndWait(none) },
		"DrainAndWait": func() error { return r.DrainAndWait(none) },
		"StopTree":     func() error { return r.StopTree(none) },
		"Shutdown":     func() error { return r.System().Shutdown(none) },
		"Whereis":      func() error { _, err := actor.Whereis[int](none, "x"); return err },
		"Blocking":     func() error { _, err := actor.Blocking(none, func() (int, error) { return 0, nil }); return err },
	} {
		require.ErrorIs(t, f(), actor.ErrNilContext, what)
	}
	require.Nil(t, actor.SystemOf(none))
	require.ErrorIs(t, actor.ByName[int](none, "x").Cast(ctx, 1), actor.ErrNotFound)
}

func TestZeroRefEverywhere(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var r actor.Ref[int]
	for what, f := range map[string]func() error{
		"Cast":         func() error { return r.Cast(ctx, 1) },
		"Request":      func() error { return actor.Request(ctx, r, 1, &actor.Ticket{Holder: newTicket()}) },
		"Wait":         func() error { return r.Wait(ctx) },
		"StopAndWait":  func() error { return r.StopAndWait(ctx) },
		"KillAndWait":  func() error { return r.KillAndWait(ctx) },
		"DrainAndWait": func() error { return r.DrainAndWait(ctx) },
		"StopTree":     func() error { return r.StopTree(ctx) },
		"Link":         func() error { return actor.Link(r.Any(), r.Any()) },
		"CastAfter":    func() error { return r.CastAfter(1, 1).Err() },
		"CastEvery":    func() error { return r.CastEvery(1, 1).Err() },
		"StopAfter":    func() error { return r.StopAfter(1).Err() },
		"KillAfter":    func() error { return r.KillAfter(1).Err() },
		"Adapt":        func() error { return actor.Adapt(r, func(string) int { return 1 }).Cast(ctx, "") },
	} {
		require.ErrorIs(t, f(), actor.ErrNoActor, what)
	}
	r.Stop()
	r.StopWith(errTest)
	r.Kill()
	r.Drain()
	require.True(t, r.IsZero())
	require.Zero(t, r.ID())
	require.Empty(t, r.Name())
	require.Equal(t, actor.Unstarted, r.Status())
	require.Equal(t, "<no actor>", r.String())
	require.Equal(t, "<no actor>", r.LogValue().String())
	require.True(t, r.Parent().IsZero())
	require.Nil(t, r.System())
	require.False(t, r.Is(r.Any()))
	require.False(t, actor.RunsHere(r.Any()))
	_, ok := actor.As[int](r.Any())
	require.False(t, ok)
	_, ok = actor.OnStopping(r.Any(), func() {})
	require.False(t, ok)
	require.True(t, sys.Lookup(0).IsZero())
}

func TestSpawnInASystemThatHasEnded(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	require.NoError(t, sys.Shutdown(ctx))
	_, err = actor.Spawn(ctx, idle())
	require.ErrorIs(t, err, actor.ErrSystemShutDown)
	require.NoError(t, sys.Shutdown(ctx), "and again")
	_, err = actor.NewSystem(actor.Config{KillGrace: -1})
	require.ErrorContains(t, err, "KillGrace")
	_, err = actor.NewSystem(actor.Config{Sched: sched.Config{Budget: -1}})
	require.ErrorContains(t, err, "Budget")
}
