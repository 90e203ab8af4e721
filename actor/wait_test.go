package actor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestK1_StopIsGraceful(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	told, supervise := events()
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	entered, leave := make(chan struct{}), make(chan struct{})
	a := &plain[int]{handle: func(in *actor.Context[int], _ int) error {
		close(entered)
		<-leave
		return in.Err()
	}}
	r := spawn[*plain[int], int](t, ctx, a, actor.LinkedTo(parent.Any()))
	why := errors.New("why")
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, entered)
	r.StopWith(why)
	r.StopWith(errors.New("P5: too late"))
	r.Stop()
	// P2: it does not reach into the handler. P7: nor does it change the status; sends are taken.
	require.Equal(t, actor.Running, r.Status())
	for range 9 {
		require.NoError(t, r.Cast(ctx, 2))
	}
	close(leave)
	require.ErrorIs(t, waitEnd(t, r), why)
	require.Equal(t, actor.Started, recv(t, told).Kind)
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: why, State: a}, recv(t, told))
	require.Equal(t, map[string]uint64{"stopped": 9}, sys.Stats().DeadLetters, "P6: what was queued is discarded")
	r.Stop()
	require.ErrorIs(t, waitEnd(t, r), why)
}

func TestP5_FirstStopWinsWithoutReasonToo(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a := &plain[int]{preStart: func(in *actor.Context[int]) error {
		in.Stop()
		in.Self().StopWith(errTest)
		return nil
	}}
	require.NoError(t, waitEnd(t, spawn[*plain[int], int](t, ctx, a)))
}

func TestK3_DrainHandlesWhatIsQueued(t *testing.T) {
	for name, opts := range map[string][]actor.Option{"unbounded": nil, "bounded": {actor.Bounded(64, actor.Refuse)}} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			entered, leave := make(chan struct{}), make(chan struct{})
			var log journal
			a := &boss[int]{}
			a.handle = func(in *actor.Context[int], m int) error {
				log.add(fmt.Sprint(m))
				if m == 0 {
					close(entered)
					<-leave
					require.ErrorIs(t, in.Self().Cast(in, 9), actor.ErrStopped, "its own sends too")
				}
				return nil
			}
			a.postStop = func(in *actor.Context[int]) error {
				require.Equal(t, actor.Stopping, in.Self().Status())
				log.add("PostStop")
				return nil
			}
			a.supervise = func(_ *actor.Context[int], ev actor.Event) error {
				log.add(ev.Kind.String())
				return nil
			}
			r := spawn[*boss[int], int](t, ctx, a, append(opts, actor.LinkedTo(parent.Any()))...)
			for m := range 4 {
				require.NoError(t, r.Cast(ctx, m))
			}
			recv(t, entered)
			child := spawn[*boss[int], int](t, ctx, &boss[int]{}, actor.LinkedTo(r.Any()))
			r.Drain()
			r.Drain()
			require.Equal(t, actor.Draining, r.Status())
			require.ErrorIs(t, r.Cast(ctx, 8), actor.ErrStopped)
			_, err := actor.Spawn(ctx, idle(), actor.LinkedTo(r.Any()))
			require.ErrorIs(t, err, actor.ErrStopping)
			child.Stop()
			require.NoError(t, waitEnd(t, child))
			close(leave)
			require.NoError(t, exitOf(t, r))
			require.Equal(t, []string{"0", "started", "terminated", "1", "2", "3", "PostStop"}, log.all())
			require.Equal(t, actor.Started, recv(t, told).Kind)
			require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrDrained, State: a}, recv(t, told))
			require.Empty(t, sys.Stats().DeadLetters)
			r.Drain() // K4: of the dead, nothing
			require.ErrorIs(t, r.Cast(ctx, 8), actor.ErrStopped)
			require.ErrorIs(t, r.Cast(ctx, 8), actor.ErrStopped)
		})
	}
}

func exitOf(t *testing.T, r actor.Ref[int]) error { return waitEnd(t, r) }

// Every send that was accepted before Drain is handled, however close they are.
func TestK3_DrainLosesNothing(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for range 200 {
		handled := 0
		r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { handled++; return nil }))
		var accepted [4]int
		var senders sync.WaitGroup
		for s := range accepted {
			senders.Go(func() {
				for r.Cast(ctx, 1) == nil {
					accepted[s]++
				}
			})
		}
		r.Drain()
		senders.Wait()
		require.NoError(t, waitEnd(t, r))
		require.Equal(t, accepted[0]+accepted[1]+accepted[2]+accepted[3], handled)
	}
	require.Empty(t, sys.Stats().DeadLetters)
}

func TestK3_StopAndKillComeBeforeTheRestOfADrain(t *testing.T) {
	for name, end := range map[string]func(r actor.Ref[int]){
		"stop": func(r actor.Ref[int]) { r.Stop() },
		"kill": func(r actor.Ref[int]) { r.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			entered, leave := make(chan struct{}), make(chan struct{})
			r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
				require.Zero(t, m)
				close(entered)
				<-leave
				return nil
			}))
			for m := range 3 {
				require.NoError(t, r.Cast(ctx, m))
			}
			recv(t, entered)
			r.Drain()
			end(r)
			close(leave)
			err := waitEnd(t, r)
			if name == "stop" {
				require.NoError(t, err)
				require.Equal(t, uint64(2), sys.Stats().DeadLetters["stopped"])
			} else {
				require.ErrorIs(t, err, actor.ErrKilled)
				require.Equal(t, uint64(2), sys.Stats().DeadLetters["killed"])
			}
		})
	}
}

func TestK5_DrainWhileStarting(t *testing.T) {
	for _, how := range []string{"alone", "linked", "instant", "instant linked", "PostStart"} {
		t.Run(how, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			var log journal
			a := &plain[int]{
				handle: func(_ *actor.Context[int], m int) error { log.add(fmt.Sprint(m)); return nil },
			}
			prepare := func(in *actor.Context[int]) error {
				require.NoError(t, in.Self().Cast(in, 1))
				in.Self().Drain()
				require.ErrorIs(t, in.Self().Cast(in, 2), actor.ErrStopped)
				return nil
			}
			if how == "PostStart" {
				a.postStart = prepare
			} else {
				a.preStart = prepare
			}
			var opts []actor.Option
			if how == "linked" || how == "instant linked" {
				opts = append(opts, actor.LinkedTo(parent.Any()))
			}
			start := actor.Spawn[*plain[int], int]
			if how == "instant" || how == "instant linked" {
				start = actor.SpawnInstant[*plain[int], int]
			}
			r, err := start(ctx, a, opts...)
			require.NoError(t, err)
			require.NoError(t, waitEnd(t, r))
			require.Equal(t, []string{"1"}, log.all())
			if opts != nil {
				require.Equal(t, actor.Event{Kind: actor.Started, Actor: r.Any()}, recv(t, told))
				require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrDrained, State: a}, recv(t, told))
			}
		})
	}
}

func TestK6_StopAndWait(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	entered, leave := make(chan struct{}), make(chan struct{})
	stopped := false
	r := spawn[*plain[int], int](t, ctx, &plain[int]{
		handle:   func(*actor.Context[int], int) error { close(entered); <-leave; return nil },
		postStop: func(*actor.Context[int]) error { stopped = true; return nil },
	})
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, entered)
	r.Stop() // somebody else has stopped it already: it waits all the same
	short, cancel := context.WithCancelCause(ctx)
	cancel(errTest)
	require.ErrorIs(t, r.StopAndWait(short), errTest, "ctx ends the wait")
	require.Equal(t, actor.Running, r.Status(), "and nothing else")
	close(leave)
	require.NoError(t, r.StopAndWait(ctx))
	require.True(t, stopped, "after PostStop")
	require.NoError(t, r.StopAndWait(ctx))
	require.NoError(t, r.StopAndWait(ctx))
}

func TestK7_KillAndWait(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	for range 3 {
		require.NoError(t, r.KillAndWait(ctx))
	}
	require.ErrorIs(t, r.Wait(ctx), actor.ErrKilled)
	require.ErrorIs(t, r.StopAndWait(ctx), actor.ErrKilled)
}

func TestK8_DrainAndWait(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	handled := 0
	r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { handled++; return nil }))
	for range 1000 {
		require.NoError(t, r.Cast(ctx, 1))
	}
	require.NoError(t, r.DrainAndWait(ctx))
	require.Equal(t, 1000, handled)
	require.NoError(t, r.DrainAndWait(ctx), "and again")
}

func TestK9_WaitBeforeAfterAndByMany(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(r actor.Ref[int])
		want error
	}{
		"stop": {func(r actor.Ref[int]) { r.Stop() }, nil},
		"kill": {func(r actor.Ref[int]) { r.Kill() }, actor.ErrKilled},
		"fail": {func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 1) }, errTest},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { return errTest }))
			ended := make(chan error, 300)
			for range 100 {
				go func() { ended <- r.Wait(ctx) }()
				// Inside a handler, on a worker of few.
				w := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error { ended <- r.Wait(in); return nil }))
				require.NoError(t, w.Cast(ctx, 1))
				w = spawn(t, ctx, fn(func(*actor.Context[int], int) error { ended <- r.Wait(context.Background()); return nil }))
				require.NoError(t, w.Cast(ctx, 1))
			}
			short, cancel := context.WithCancelCause(ctx)
			cancel(errTest)
			require.Equal(t, errTest, r.Wait(short))
			require.Equal(t, actor.Running, r.Status())
			c.end(r)
			for range 300 {
				require.ErrorIs(t, recv(t, ended), c.want)
			}
			for range 3 {
				require.ErrorIs(t, r.Wait(ctx), c.want)
				require.ErrorIs(t, r.Wait(short), c.want, "the end counts more than ctx")
			}
			var exit *actor.ExitError
			if c.want != nil {
				require.ErrorAs(t, r.Wait(ctx), &exit)
				require.Equal(t, r.Any(), exit.Actor)
				require.Contains(t, exit.Error(), r.String())
			}
		})
	}
}

// A waiter inside a handler is released when its own actor is killed.
func TestK9_KillReleasesAWaitingActor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	other := spawn(t, ctx, idle())
	entered, waited := make(chan struct{}), make(chan error, 1)
	r := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
		close(entered)
		waited <- other.Wait(context.Background())
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, entered)
	r.Kill()
	require.ErrorIs(t, recv(t, waited), actor.ErrKilled)
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
	require.Equal(t, actor.Running, other.Status())
}

// Rows K10 to K12 have no verb: a parent does it with Children.
func TestK10_StopChildren(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	stopped := make(chan struct{}, 3)
	handle := func(in *actor.Context[int], _ int) error {
		for child := range in.Children() {
			child.Stop()
		}
		return nil
	}
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{handle: handle}})
	for range 3 {
		spawn[*plain[int], int](t, ctx, &plain[int]{
			postStop: func(*actor.Context[int]) error { stopped <- struct{}{}; return nil },
		}, actor.LinkedTo(parent.Any()))
	}
	require.NoError(t, parent.Cast(ctx, 1))
	for range 3 {
		recv(t, stopped)
	}
	require.Equal(t, actor.Running, parent.Status())
	parent2 := spawn(t, ctx, fn(handle))
	spawn(t, ctx, idle(), actor.LinkedTo(parent2.Any()))
	require.NoError(t, parent2.Cast(ctx, 1))
	require.NoError(t, waitEnd(t, parent2), "without HandleSupervision it stops as its child has")
}

func TestK11_K12_StopOrDrainChildrenAndWaitInPostStop(t *testing.T) {
	for name, end := range map[string]func(child actor.AnyRef, ctx context.Context) error{
		"stop":  actor.AnyRef.StopAndWait,
		"drain": actor.AnyRef.DrainAndWait,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			var log journal
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{
				postStop: func(in *actor.Context[int]) error {
					for child := range in.Children() {
						require.NoError(t, end(child, in))
						log.add("waited " + child.Name())
					}
					return nil
				},
			}})
			for i := range 3 {
				spawn[*plain[int], int](t, ctx, &plain[int]{
					postStop: func(in *actor.Context[int]) error { log.add("PostStop " + in.Self().Name()); return nil },
				}, actor.LinkedTo(parent.Any()), actor.Named(fmt.Sprint(i)))
			}
			require.NoError(t, parent.StopAndWait(ctx))
			require.Equal(t, []string{"PostStop 2", "waited 2", "PostStop 1", "waited 1", "PostStop 0", "waited 0"}, log.all())
		})
	}
}

func TestK13_ChildrenAreKilledWithTheirParent(t *testing.T) {
	for name, c := range map[string]struct {
		end func(r actor.Ref[int])
	}{
		"stop":  {func(r actor.Ref[int]) { r.Stop() }},
		"drain": {func(r actor.Ref[int]) { r.Drain() }},
		"kill":  {func(r actor.Ref[int]) { r.Kill() }},
		"fail":  {func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			never := func(*actor.Context[int]) error { t.Error("PostStop"); return nil }
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{
				handle: func(*actor.Context[int], int) error { return errTest },
			}})
			child := spawn[*boss[int], int](t, ctx, &boss[int]{plain: plain[int]{postStop: never}}, actor.LinkedTo(parent.Any()))
			grandchild := spawn[*plain[int], int](t, ctx, &plain[int]{postStop: never}, actor.LinkedTo(child.Any()))
			c.end(parent)
			require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled)
			require.ErrorIs(t, waitEnd(t, grandchild), actor.ErrKilled)
		})
	}
}

func TestWaitingForOneself(t *testing.T) {
	type in = *actor.Context[int]
	for name, wait := range map[string]func(c in, ctx context.Context) error{
		"Wait":         func(c in, ctx context.Context) error { return c.Self().Wait(ctx) },
		"StopAndWait":  func(c in, ctx context.Context) error { return c.Self().StopAndWait(ctx) },
		"DrainAndWait": func(c in, ctx context.Context) error { return c.Self().DrainAndWait(ctx) },
		"KillAndWait":  func(c in, ctx context.Context) error { return c.Self().KillAndWait(ctx) },
		"StopTree":     func(c in, ctx context.Context) error { return c.Self().StopTree(ctx) },
		"Shutdown":     func(c in, ctx context.Context) error { return c.System().Shutdown(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			got := make(chan error, 8)
			try := func(c in) error {
				got <- wait(c, c)
				got <- wait(c, context.Background())
				return nil
			}
			a := &plain[int]{preStart: try}
			_, _ = actor.Spawn[*plain[int], int](ctx, a)
			b := &plain[int]{postStart: try}
			_, _ = actor.Spawn[*plain[int], int](ctx, b)
			for range 4 {
				require.ErrorIs(t, recv(t, got), actor.ErrSelf)
			}
		})
	}
}

// A tree is stopped leaves first, the youngest sibling first.
func TestStopTreeOrder(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var log journal
	node := func(name string, opts ...actor.Option) actor.Ref[int] {
		return spawn[*plain[int], int](t, ctx, &plain[int]{
			postStop: func(*actor.Context[int]) error { log.add(name); return nil },
		}, opts...)
	}
	told, supervise := events()
	top := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
	root := node("r", actor.LinkedTo(top.Any()))
	for _, a := range []string{"a", "b", "c"} {
		x := node(a, actor.LinkedTo(root.Any()))
		for _, b := range []string{"1", "2"} {
			node(a+b, actor.LinkedTo(x.Any()))
		}
	}
	require.NoError(t, root.StopTree(ctx))
	require.Equal(t, []string{"c2", "c1", "c", "b2", "b1", "b", "a2", "a1", "a", "r"}, log.all())
	require.NoError(t, root.Wait(ctx), "gracefully: no child's end was told")
	require.NoError(t, root.StopTree(ctx), "and again")
	require.Equal(t, actor.Started, recv(t, told).Kind)
	require.Equal(t, actor.Terminated, recv(t, told).Kind, "the one above is told")
}

func TestStopTreeInsideItself(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	root := spawn[*boss[int], int](t, ctx, &boss[int]{})
	got := make(chan error, 1)
	leaf := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
		got <- root.StopTree(context.Background())
		return nil
	}), actor.LinkedTo(root.Any()))
	require.NoError(t, leaf.Cast(ctx, 1))
	require.ErrorIs(t, recv(t, got), actor.ErrSelf)
	require.Equal(t, actor.Running, root.Status())
}

// Its bound is ctx's deadline plus one KillGrace, however many are stuck and
// however deep.
func TestStopTreeThenKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const grace, deadline = 3 * time.Second, 10 * time.Second
		ctx, sys := newSystem(t, actor.Config{KillGrace: grace})
		entered, release := make(chan struct{}), make(chan struct{})
		stubborn := func(opts ...actor.Option) actor.Ref[int] {
			r := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
				entered <- struct{}{}
				<-release
				return nil
			}), opts...)
			require.NoError(t, r.Cast(ctx, 1))
			<-entered
			return r
		}
		root := stubborn()
		refs := []actor.Ref[int]{root}
		for range 3 {
			x := stubborn(actor.LinkedTo(root.Any()))
			refs = append(refs, x, stubborn(actor.LinkedTo(x.Any())))
		}
		short, cancel := context.WithTimeoutCause(ctx, deadline, errTest)
		defer cancel()
		began := time.Now()
		require.Equal(t, errTest, root.StopTree(short))
		require.LessOrEqual(t, time.Since(began), deadline+grace+100*time.Millisecond)
		for _, r := range refs {
			require.ErrorIs(t, r.Wait(ctx), actor.ErrAbandoned)
		}
		require.Equal(t, uint64(len(refs)), sys.Stats().Abandoned)
		close(release)
		synctest.Wait()
	})
}

// L7, step 7: who comes back from Wait, or sees Stopped, finds the actor nowhere
// any more, whatever has ended it and whoever else is about.
func TestL7_TheBooksAreClosedBeforeWaitReturns(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	ends := []func(actor.Ref[job]){actor.Ref[job].Stop, actor.Ref[job].Kill, fails, actor.Ref[job].Drain}
	for i := range smaller(4000) {
		r := spawn(t, ctx, worker(), actor.Named("x"))
		gone := func() {
			require.True(t, sys.Lookup(r.ID()).IsZero())
			_, err := actor.Whereis[job](ctx, "x")
			require.ErrorIs(t, err, actor.ErrNotFound)
			require.Zero(t, sys.Stats().Live)
			for i := range sys.Actors() {
				require.Fail(t, "listed", i.Actor)
			}
		}
		together(
			func() { ends[i%4](r) },
			func() { _ = waitEnd(t, r); gone() },
			func() { eventually(t, func() bool { return r.Status() == actor.Stopped }, "its end"); gone() },
		)
	}
}
