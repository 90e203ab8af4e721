package actor_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

var errNodeDown = errors.New("test: node is down")

// peer is the way to an actor of another node, in the place of a session.
type peer struct {
	sender any // of what it takes
	asked  func(op actor.EndOp, reason error)
	able   bool // to say that it will end the actor
	finds  atomic.Int64
}

func (p *peer) String() string { return "far@node<7>" }

func (p *peer) Sender(message reflect.Type) (any, error) {
	p.finds.Add(1)
	if message != reflect.TypeFor[int]() {
		return nil, fmt.Errorf("%w: %v", actor.ErrWrongType, message)
	}
	return p.sender, nil
}

func (p *peer) Stop(reason error) { p.asked(actor.EndStop, reason) }
func (p *peer) Kill()             { p.asked(actor.EndKill, nil) }
func (p *peer) Drain()            { p.asked(actor.EndDrain, nil) }

func (p *peer) End(_ context.Context, op actor.EndOp, reason error) error {
	if !p.able {
		return actor.ErrNotSupported
	}
	p.asked(op, reason)
	return nil
}

// senderFunc is a Sender of ints.
type senderFunc func(ctx context.Context, to *actor.Shim, m int, t *actor.Ticket) error

func (f senderFunc) Send(ctx context.Context, to *actor.Shim, m int, t *actor.Ticket) error {
	return f(ctx, to, m, t)
}

// newShim returns a shim that takes ints and puts them into a channel with room
// for many; asked is what is done when its end is asked for.
func newShim(sys *actor.System, asked func(op actor.EndOp, reason error)) (*actor.Shim, chan int) {
	got := make(chan int, 1<<10)
	send := senderFunc(func(_ context.Context, _ *actor.Shim, m int, _ *actor.Ticket) error { got <- m; return nil })
	return actor.NewShim(sys, &peer{sender: send, asked: asked, able: true}), got
}

// toShim is the typed Ref of a shim.
func toShim(t testing.TB, s *actor.Shim) actor.Ref[int] {
	t.Helper()
	r, ok := actor.As[int](s.Ref())
	require.True(t, ok)
	return r
}

// R3, R4, P8: a Ref to elsewhere has the type that can be sent there, and keeps
// the order.
func TestShimCast(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	s, got := newShim(sys, nil)
	defer s.End(nil)
	r := toShim(t, s)
	_, ok := actor.As[string](s.Ref())
	require.False(t, ok)
	for i := range 100 {
		require.NoError(t, r.Cast(ctx, i))
	}
	inside := spawn(t, ctx, fn(func(ctx *actor.Context[int], m int) error { return r.Cast(ctx, m) }))
	require.NoError(t, inside.Cast(ctx, 100))
	text := actor.Adapt(r, func(s string) int { return len(s) + 96 })
	for i := range 101 {
		require.Equal(t, i, recv(t, got))
	}
	require.NoError(t, text.Cast(ctx, "hello"))
	require.Equal(t, 101, recv(t, got))
	require.Nil(t, actor.ShimOf(text.Any()), "it leads there, by a way of its own")
	require.True(t, actor.IsProxy(text.Any()))
	require.True(t, actor.IsProxy(actor.ByName[int](ctx, "nobody").Any()))
	for _, r := range []actor.AnyRef{r.Any(), inside.Any(), {}} {
		require.False(t, actor.IsProxy(r))
	}
	require.ErrorIs(t, r.Cast(nil, 1), actor.ErrNilContext) //nolint:staticcheck // nil is meant
	require.EqualValues(t, 2, s.Far().(*peer).finds.Load(), "a shim keeps the last Sender")
}

func TestShimCastAllocatesNothing(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	ctx, sys := newSystem(t, actor.Config{})
	n := 0
	s := actor.NewShim(sys, &peer{sender: senderFunc(func(context.Context, *actor.Shim, int, *actor.Ticket) error { n++; return nil })})
	defer s.End(nil)
	r := toShim(t, s)
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = r.Cast(ctx, 1) }))
	require.Equal(t, 101, n)
}

// What a cast costs before the Sender has it.
func BenchmarkShimCast(b *testing.B) {
	ctx, sys := newSystem(b, actor.Config{})
	s := actor.NewShim(sys, &peer{sender: senderFunc(func(context.Context, *actor.Shim, int, *actor.Ticket) error { return nil })})
	defer s.End(nil)
	r := toShim(b, s)
	for b.Loop() {
		_ = r.Cast(ctx, 1)
	}
}

// What the way there answers is what the sender gets.
func TestShimRefusals(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	s := actor.NewShim(sys, &peer{sender: senderFunc(func(_ context.Context, to *actor.Shim, m int, _ *actor.Ticket) error {
		return fmt.Errorf("%v: %d: %w", to.Ref(), m, actor.ErrMailboxFull)
	})})
	defer s.End(nil)
	err := toShim(t, s).Cast(ctx, 3)
	require.ErrorIs(t, err, actor.ErrMailboxFull)
	require.ErrorContains(t, err, "far@node<7>: 3")

	wrong := actor.NewShim(sys, &peer{sender: "no sender"})
	defer wrong.End(nil)
	_, ok := actor.As[int](wrong.Ref())
	require.False(t, ok)
}

func TestShimLooks(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	before := sys.Stats()
	s, _ := newShim(sys, nil)
	other, _ := newShim(sys, nil)
	defer other.End(nil)
	r := s.Ref()
	require.NotZero(t, r.ID())
	require.NotEqual(t, other.Ref().ID(), r.ID())
	require.Equal(t, r, sys.Lookup(r.ID()))
	require.Equal(t, r, toShim(t, s).Any())
	require.True(t, r.Is(toShim(t, s).Any()))
	require.False(t, r.Is(other.Ref()))
	require.Equal(t, actor.Running, r.Status())
	require.Same(t, sys, r.System())
	require.Empty(t, r.Name())
	require.Equal(t, "far@node<7>", r.String())
	require.Equal(t, "remote", r.Behaviour())
	require.Contains(t, r.LogValue().String(), "far@node<7>")
	require.True(t, r.Parent().IsZero())
	require.False(t, actor.RunsHere(r))
	require.Equal(t, r, actor.OfTask(actor.TaskOf(r)))
	require.Same(t, s, actor.ShimOf(r))
	require.Nil(t, actor.ShimOf(actor.AnyRef{}))
	local := spawn(t, ctx, idle())
	require.Nil(t, actor.ShimOf(local.Any()))

	for i := range sys.Actors() {
		require.Equal(t, local.Any(), i.Actor)
	}
	after := sys.Stats()
	require.Equal(t, before.Live+1, after.Live, "a shim is no actor of the System")
	require.Equal(t, before.Spawned+1, after.Spawned)
	require.EqualValues(t, 2, after.Shims)

	s.End(nil)
	require.True(t, sys.Lookup(r.ID()).IsZero())
	require.Equal(t, actor.Stopped, r.Status())
	require.Equal(t, "far@node<7>", r.String())
	require.EqualValues(t, 1, sys.Stats().Shims)
}

// L7: the order of the end.
func TestShimEnd(t *testing.T) {
	for name, x := range map[string]struct {
		err      error
		graceful bool
	}{
		"gracefully": {nil, true},
		"drained":    {actor.ErrDrained, true},
		"killed":     {actor.ErrKilled, false},
		"node down":  {errNodeDown, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			s, _ := newShim(sys, nil)
			r := toShim(t, s)
			var order journal
			m, events := newPuppet(t, ctx)
			downs := make(chan actor.Down, 1)
			do(t, m, func(ctx *actor.Context[job]) {
				ctx.Monitor(r.Any())
				ctx.MonitorMsg(r.Any(), func(d actor.Down) job {
					return func(*actor.Context[job]) error { downs <- d; return nil }
				})
			})
			_, ok := actor.OnStopping(r.Any(), func() { order.add(fmt.Sprint("hook: ", r.Status())) })
			require.True(t, ok)
			actor.OnEnd(r.Any(), func(ev actor.Event) { order.add(fmt.Sprint("told: ", ev.Kind, " ", r.Status(), " ", ev.Err == x.err)) })
			ended := make(chan error, 1)
			go func() { ended <- r.Wait(context.Background()) }()

			s.End(x.err)
			s.End(errTest) // the first counts
			require.Equal(t, []string{"hook: stopping", "told: terminated stopping true"}, order.all())
			require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: x.err}, recv(t, events))
			d := recv(t, downs)
			require.Equal(t, r.Any(), d.Actor)
			require.Equal(t, x.err, d.Err)
			none(t, events)
			for _, err := range []error{recv(t, ended), waitEnd(t, r)} {
				if x.graceful {
					require.NoError(t, err)
					continue
				}
				var exit *actor.ExitError
				require.ErrorAs(t, err, &exit)
				require.Equal(t, r.Any(), exit.Actor)
				require.ErrorIs(t, err, x.err)
			}

			err := r.Cast(ctx, 1)
			require.ErrorIs(t, err, actor.ErrStopped)
			if x.err != nil {
				require.ErrorIs(t, err, x.err, "and why")
			}
			_, ok = actor.As[int](r.Any())
			require.True(t, ok, "as for a dead actor")
			_, ok = actor.OnStopping(r.Any(), func() {})
			require.False(t, ok)
			do(t, m, func(ctx *actor.Context[job]) { ctx.Monitor(r.Any()) })
			require.ErrorIs(t, recv(t, events).Err, actor.ErrNoProc)
			require.ErrorIs(t, r.CastAfter(0, 1).Err(), actor.ErrStopped)
		})
	}
}

// A hook that ends its goroutine, or panics, keeps nobody waiting.
func TestShimEndWhenAHookDoesNotReturn(t *testing.T) {
	_, sys := newSystem(t, actor.Config{})
	for name, hook := range map[string]func(){"Goexit": runtime.Goexit, "panic": func() { panic("test") }} {
		t.Run(name, func(t *testing.T) {
			s, _ := newShim(sys, nil)
			_, ok := actor.OnStopping(s.Ref(), hook)
			require.True(t, ok)
			go s.End(errNodeDown)
			require.ErrorIs(t, waitEnd(t, s.Ref()), errNodeDown)
		})
	}
}

// P7: the end is asked for; the status changes when it comes.
func TestShimEndIsAskedFor(t *testing.T) {
	type order struct {
		op     actor.EndOp
		reason error
	}
	_, sys := newSystem(t, actor.Config{})
	asked := make(chan order, 10)
	s, _ := newShim(sys, func(op actor.EndOp, reason error) { asked <- order{op, reason} })
	r := s.Ref()
	for _, x := range []struct {
		ask  func()
		want order
	}{
		{r.Stop, order{actor.EndStop, nil}},
		{func() { r.StopWith(errTest) }, order{actor.EndStop, errTest}},
		{r.Kill, order{actor.EndKill, nil}},
		{r.Drain, order{actor.EndDrain, nil}},
		{func() { r.StopAfter(0) }, order{actor.EndStop, nil}},
		{func() { r.KillAfter(0) }, order{actor.EndKill, nil}},
	} {
		x.ask()
		require.Equal(t, x.want, recv(t, asked))
		require.Equal(t, actor.Running, r.Status())
	}
	s.End(nil)
	r.Stop()
	r.Kill()
	r.Drain()
	require.ErrorIs(t, r.StopAfter(0).Err(), actor.ErrStopped)
	require.Empty(t, asked, "what has ended is asked nothing")
}

func TestShimEndAndWait(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	ways := map[actor.EndOp]func(r actor.AnyRef, ctx context.Context) error{
		actor.EndStop:  func(r actor.AnyRef, ctx context.Context) error { return r.StopAndWait(ctx) },
		actor.EndKill:  func(r actor.AnyRef, ctx context.Context) error { return r.KillAndWait(ctx) },
		actor.EndDrain: func(r actor.AnyRef, ctx context.Context) error { return r.DrainAndWait(ctx) },
	}
	for op, way := range ways {
		t.Run(op.String(), func(t *testing.T) {
			for _, x := range []struct {
				end  error
				want error
			}{
				{nil, nil},
				{actor.ErrKilled, map[actor.EndOp]error{actor.EndStop: actor.ErrKilled, actor.EndDrain: actor.ErrKilled}[op]},
				{errNodeDown, errNodeDown}, // it may live on: not even KillAndWait is content
			} {
				var s *actor.Shim
				s, _ = newShim(sys, func(got actor.EndOp, reason error) {
					if got == op && reason == nil {
						go s.End(x.end)
					}
				})
				require.ErrorIs(t, way(s.Ref(), ctx), x.want)
				require.ErrorIs(t, way(s.Ref(), ctx), x.want, "also afterwards")
			}

			unable := actor.NewShim(sys, &peer{})
			require.ErrorIs(t, way(unable.Ref(), ctx), actor.ErrNotSupported)
			require.ErrorIs(t, way(unable.Ref(), nil), actor.ErrNilContext)
			require.Equal(t, actor.Running, unable.Ref().Status())
			unable.End(nil)
			require.NoError(t, way(unable.Ref(), ctx))

			never, _ := newShim(sys, func(actor.EndOp, error) {})
			defer never.End(nil)
			ended, end := context.WithCancelCause(ctx)
			end(errTest)
			require.ErrorIs(t, way(never.Ref(), ended), errTest)
		})
	}
	require.Equal(t, "EndOp(9)", actor.EndOp(9).String())
}

// A handler that waits for an actor of another node hands its worker on.
func TestShimWaitInside(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	s, _ := newShim(sys, nil)
	m, _ := newPuppet(t, ctx)
	waits, got := make(chan struct{}), make(chan error, 1)
	require.NoError(t, m.Cast(ctx, func(ctx *actor.Context[job]) error {
		close(waits)
		got <- s.Ref().Wait(ctx)
		return nil
	}))
	recv(t, waits)
	s.End(errNodeDown)
	require.ErrorIs(t, recv(t, got), errNodeDown)
}

func TestShimUnsupported(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	s, _ := newShim(sys, nil)
	r := toShim(t, s)
	local, events := newPuppet(t, ctx)
	all := map[string]func() error{
		"link a child":       func() error { return actor.Link(local.Any(), r.Any()) },
		"link to a parent":   func() error { return actor.Link(r.Any(), local.Any()) },
		"link to itself":     func() error { return actor.Link(r.Any(), r.Any()) },
		"bind":               func() error { return actor.Bind(local.Any(), r.Any()) },
		"bind the other way": func() error { return actor.Bind(r.Any(), local.Any()) },
		"stop the tree":      func() error { return r.StopTree(ctx) },
		"suspend":            func() error { return actor.Suspend(ctx, r.Any()) },
		"resume":             func() error { return actor.Resume(r.Any()) },
		"inspect":            func() error { _, err := actor.Inspect(ctx, r.Any()); return err },
		"spawn a child": func() error {
			_, err := actor.Spawn(ctx, idle(), actor.LinkedTo(r.Any()))
			return err
		},
		"spawn a child at once": func() error {
			_, err := actor.SpawnInstant(ctx, idle(), actor.LinkedTo(r.Any()))
			return err
		},
		"revive": func() (err error) {
			do(t, local, func(ctx *actor.Context[job]) { err = actor.Revive(ctx, r, idle()) })
			return err
		},
	}
	for range 2 { // while it lives, and afterwards
		for name, f := range all {
			err := f()
			require.ErrorIs(t, err, actor.ErrNotSupported, name)
			require.ErrorContains(t, err, "far@node<7>", name)
		}
		require.False(t, actor.Unlink(local.Any(), r.Any()))
		require.False(t, actor.Unlink(r.Any(), local.Any()))
		require.False(t, actor.Unbind(local.Any(), r.Any()))
		require.False(t, actor.Unbind(r.Any(), local.Any()))
		s.End(errNodeDown)
	}
	none(t, events)
	require.Equal(t, actor.Running, local.Status())
}

// T1, T2, T5: timers go to other nodes too, and end with the shim.
func TestShimTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, sys := newSystem(t, actor.Config{})
		s, got := newShim(sys, nil)
		r := toShim(t, s)
		once := r.CastAfter(time.Second, 1)
		require.NoError(t, once.Err())
		withdrawn := r.CastAfter(time.Second, 2)
		require.True(t, withdrawn.Cancel())
		every := r.CastEvery(time.Minute, 3)
		require.Equal(t, 1, <-got)
		require.False(t, once.Cancel(), "it has left")
		for range 3 {
			require.Equal(t, 3, <-got, "each tick: none waits in a mailbox here")
		}
		require.True(t, every.Cancel())
		burst := r.CastEvery(time.Minute, 4, actor.Burst)
		require.Equal(t, 4, <-got)

		last := r.CastAfter(time.Hour, 5)
		s.End(nil)
		require.Zero(t, actor.Timers(s.Ref()), "its end ends them")
		require.False(t, last.Cancel())
		require.False(t, burst.Cancel())
		require.Empty(t, got)
	})
}

// What the way there refuses to a timer is a dead letter, even if it panics.
func TestShimTimerRefused(t *testing.T) {
	for name, send := range map[string]senderFunc{
		"an error": func(context.Context, *actor.Shim, int, *actor.Ticket) error { return errTest },
		"a panic":  func(context.Context, *actor.Shim, int, *actor.Ticket) error { panic(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			letters := make(chan actor.DeadLetter, 10)
			sub := spawn(t, ctx, actor.Func(func(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error { letters <- l; return nil }))
			sys.DeadLetters(sub)
			s := actor.NewShim(sys, &peer{sender: send})
			defer s.End(nil)
			r := toShim(t, s)
			r.CastAfter(0, 5)
			l := recv(t, letters)
			require.Equal(t, r.Any(), l.To)
			require.Equal(t, 5, l.Message)
			require.ErrorIs(t, l.Reason, errTest)
		})
	}
}

// A request goes with its ticket, which then is the Sender's.
func TestShimRequest(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var ticket *actor.Ticket
	s := actor.NewShim(sys, &peer{sender: senderFunc(func(_ context.Context, _ *actor.Shim, _ int, t *actor.Ticket) error { ticket = t; return nil })})
	mine := &actor.Ticket{}
	require.NoError(t, actor.Request(ctx, toShim(t, s), 1, mine))
	require.Same(t, mine, ticket)
	s.End(errNodeDown)
	require.ErrorIs(t, actor.Request(ctx, toShim(t, s), 1, mine), errNodeDown)
}

// Many monitors come and go while the shim ends: each is told exactly once.
func TestShimEndRace(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for range 200 {
		s, _ := newShim(sys, nil)
		r := toShim(t, s)
		var told, hooked atomic.Int64
		var all sync.WaitGroup
		const n = 4
		for range n {
			all.Go(func() { actor.OnEnd(r.Any(), func(actor.Event) { told.Add(1) }) })
			all.Go(func() {
				if _, ok := actor.OnStopping(r.Any(), func() { hooked.Add(1) }); !ok {
					hooked.Add(1)
				}
			})
			all.Go(func() { s.End(errNodeDown) })
			all.Go(func() {
				if err := r.Cast(ctx, 1); err != nil {
					require.ErrorIs(t, err, errNodeDown)
				}
			})
			all.Go(func() { require.ErrorIs(t, waitEnd(t, r), errNodeDown) })
		}
		all.Wait()
		require.EqualValues(t, n, told.Load())
		require.EqualValues(t, n, hooked.Load())
	}
	require.Zero(t, sys.Stats().Shims)
}

// Invariant 7: nobody waits for an actor of another node when the System has
// ended.
func TestShutdownEndsShims(t *testing.T) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	s, _ := newShim(sys, func(actor.EndOp, error) { t.Error("a Shutdown ends no actors of other nodes") })
	spawn(t, actor.WithSystem(context.Background(), sys), idle()) // there is something to stop
	waited := make(chan error, 1)
	go func() { waited <- s.Ref().Wait(context.Background()) }()
	require.NoError(t, sys.Shutdown(context.Background()))
	require.ErrorIs(t, recv(t, waited), actor.ErrSystemShutDown)
	late, _ := newShim(sys, nil)
	require.Equal(t, actor.Stopped, late.Ref().Status())
	require.ErrorIs(t, toShim(t, late).Cast(context.Background(), 1), actor.ErrSystemShutDown)

	// Out of time: what it kills are its own actors.
	sys, err = actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx := actor.WithSystem(context.Background(), sys)
	release := make(chan struct{})
	stuck := spawn(t, ctx, fn(func(ctx *actor.Context[int], _ int) error { <-release; return nil }))
	require.NoError(t, stuck.Cast(ctx, 1))
	s, _ = newShim(sys, func(actor.EndOp, error) { t.Error("nor does one that is late") })
	over, cancel := context.WithCancel(ctx)
	cancel()
	actor.OnEnd(stuck.Any(), func(actor.Event) {})
	_, ok := actor.OnStopping(stuck.Any(), func() { close(release) })
	require.True(t, ok)
	require.ErrorIs(t, sys.Shutdown(over), context.Canceled)
	require.Equal(t, actor.Stopped, s.Ref().Status())
}

func TestShimsDoNotKeepTheDefaultSystem(t *testing.T) {
	ctx := context.Background()
	first := spawn(t, ctx, idle())
	s, _ := newShim(first.System(), nil)
	require.NoError(t, first.StopAndWait(ctx))
	require.ErrorIs(t, waitEnd(t, s.Ref()), actor.ErrSystemShutDown)
	require.Nil(t, actor.SystemOf(ctx))
}

func TestOnEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	target := spawn(t, ctx, worker(), actor.LinkedTo(parent.Any()))
	require.Equal(t, actor.Started, recv(t, events).Kind)
	told := make(chan actor.Event, 10)
	tell := func(ev actor.Event) { told <- ev }
	actor.OnEnd(target.Any(), tell)
	actor.OnEnd(target.Any(), func(actor.Event) { panic("test") }) // is its own fault
	actor.OnEnd(target.Any(), tell)()                              // taken back
	require.NoError(t, target.Cast(ctx, func(*actor.Context[job]) error { return errTest }))
	require.Equal(t, actor.Event{Kind: actor.Failed, Actor: target.Any(), Err: errTest}, recv(t, told))
	require.Equal(t, actor.Failed, recv(t, events).Kind, "the parent comes later")
	require.Empty(t, told)
	_ = waitEnd(t, target)

	for _, dead := range []actor.AnyRef{target.Any(), {}, actor.ByName[int](ctx, "nobody").Any()} {
		actor.OnEnd(dead, tell)()
		require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: dead, Err: actor.ErrNoProc}, recv(t, told))
	}
}
