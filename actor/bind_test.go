package actor_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// bind is actor.Bind of what can be bound.
func bind(t testing.TB, a, b actor.Ref[job]) {
	t.Helper()
	require.NoError(t, actor.Bind(a.Any(), b.Any()))
}

// unbound says that no trace of a Bind is left at an actor. Who is bound to one
// that is ending may be told a moment after its status is Stopped.
func unbound(t testing.TB, rs ...actor.Ref[job]) {
	t.Helper()
	for _, r := range rs {
		eventually(t, func() bool { return actor.Watchers(r.Any()) == 0 && actor.Watching(r.Any()) == 0 }, "nothing is left")
	}
}

func fails(r actor.Ref[job]) {
	_ = r.Cast(context.Background(), func(*actor.Context[job]) error { return errTest })
}

// reasons are ends, and the Err that is heard of them.
var reasons = map[string]struct {
	end    func(r actor.Ref[job])
	err    error
	normal bool
}{
	"stop":  {actor.Ref[job].Stop, nil, true},
	"drain": {actor.Ref[job].Drain, actor.ErrDrained, true},
	"kill":  {actor.Ref[job].Kill, actor.ErrKilled, false},
	"fail":  {fails, errTest, false},
	"panic": {func(r actor.Ref[job]) {
		_ = r.Cast(context.Background(), func(*actor.Context[job]) error { panic(errTest) })
	}, errTest, false},
	"stop with": {func(r actor.Ref[job]) { r.StopWith(errTest) }, errTest, false},
	// A failure is a failure, whatever the handler calls it.
	"fail with ErrDrained": {func(r actor.Ref[job]) {
		_ = r.Cast(context.Background(), func(*actor.Context[job]) error { return actor.ErrDrained })
	}, actor.ErrDrained, false},
}

func TestBindTheEndOfOne(t *testing.T) {
	for name, c := range reasons {
		for _, swapped := range []bool{false, true} {
			t.Run(fmt.Sprint(name, swapped), func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{})
				a, plain := spawn(t, ctx, worker()), spawn(t, ctx, worker())
				hears, events := newPuppet(t, ctx)
				if swapped {
					bind(t, plain, a)
					bind(t, hears, a)
				} else {
					bind(t, a, plain)
					bind(t, a, hears)
				}
				c.end(a)
				err := waitEnd(t, a)
				require.Equal(t, c.normal, err == nil, "%v", err)

				ev := recv(t, events)
				require.Equal(t, a.Any(), ev.Actor)
				require.ErrorIs(t, ev.Err, c.err)
				require.Nil(t, ev.State)
				if c.normal {
					do(t, plain, func(*actor.Context[job]) {})
					require.Equal(t, actor.Running, plain.Status())
				} else {
					require.ErrorIs(t, waitEnd(t, plain), actor.ErrKilled)
				}
				do(t, hears, func(*actor.Context[job]) {})
				require.Equal(t, actor.Running, hears.Status())
				none(t, events)
				unbound(t, a, plain, hears)
			})
		}
	}
}

// Bound actors are no children: nothing stops because of a normal end, and
// Started is not told.
func TestBindToOneThatStarts(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	hears, events := newPuppet(t, ctx)
	a, err := actor.Spawn[*plain[job], job](ctx, &plain[job]{
		preStart: func(in *actor.Context[job]) error { return actor.Bind(in.Self().Any(), hears.Any()) },
	})
	require.NoError(t, err)
	require.NoError(t, a.StopAndWait(ctx))
	require.Equal(t, actor.Terminated, recv(t, events).Kind)

	_, err = actor.Spawn[*plain[job], job](ctx, &plain[job]{
		preStart: func(in *actor.Context[job]) error {
			require.NoError(t, actor.Bind(in.Self().Any(), hears.Any()))
			return errTest
		},
	})
	require.ErrorIs(t, err, errTest)
	ev := recv(t, events)
	require.Equal(t, actor.Failed, ev.Kind)
	require.ErrorIs(t, ev.Err, errTest)
	unbound(t, hears)
}

// Everybody is bound to everybody: one failure ends them all, and normal ends
// before it end nobody.
func TestBindManyToMany(t *testing.T) {
	const n = 20
	ctx, _ := newSystem(t, actor.Config{})
	all := make([]actor.Ref[job], n)
	for i := range all {
		all[i] = spawn(t, ctx, worker())
		for j := range i {
			bind(t, all[i], all[j])
		}
	}
	for _, r := range all[:5] {
		require.NoError(t, r.StopAndWait(ctx))
	}
	for _, r := range all[5:] {
		do(t, r, func(*actor.Context[job]) {})
		require.Equal(t, n-6, actor.Watching(r.Any()))
	}
	fails(all[7])
	for i, r := range all[5:] {
		want := actor.ErrKilled
		if i == 2 {
			want = errTest
		}
		require.ErrorIs(t, waitEnd(t, r), want)
	}
	unbound(t, all...)
}

func TestUnbind(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, b, c := spawn(t, ctx, worker()), spawn(t, ctx, worker()), spawn(t, ctx, worker())
	require.False(t, actor.Unbind(a.Any(), b.Any()))
	require.False(t, actor.Unbind(a.Any(), actor.AnyRef{}))
	require.False(t, actor.Unbind(a.Any(), a.Any()))
	bind(t, a, b)
	bind(t, a, c)
	require.True(t, actor.Unbind(b.Any(), a.Any()), "it is symmetric")
	require.False(t, actor.Unbind(a.Any(), b.Any()))
	require.Equal(t, 1, actor.Watching(a.Any()))
	fails(a)
	require.ErrorIs(t, waitEnd(t, c), actor.ErrKilled)
	do(t, b, func(*actor.Context[job]) {})
	require.False(t, actor.Unbind(a.Any(), c.Any()), "it has had its effect")
	unbound(t, a, b, c)
}

func TestBindToTheDead(t *testing.T) {
	for name, how := range map[string]func(a, b actor.Ref[job]) error{
		"first":  func(a, b actor.Ref[job]) error { return actor.Bind(a.Any(), b.Any()) },
		"second": func(a, b actor.Ref[job]) error { return actor.Bind(b.Any(), a.Any()) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			dead := spawn(t, ctx, worker())
			dead.Stop()
			eventually(t, func() bool { return dead.Status() == actor.Stopped }, "it has ended, and nobody has waited")
			hears, events := newPuppet(t, ctx)
			plain := spawn(t, ctx, worker())
			require.NoError(t, how(hears, dead))
			require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: dead.Any(), Err: actor.ErrNoProc}, recv(t, events))
			unbound(t, dead, hears)
			require.NoError(t, how(plain, dead))
			require.ErrorIs(t, waitEnd(t, plain), actor.ErrKilled)
			require.NoError(t, how(plain, dead), "both are dead: nobody hears of it")
			unbound(t, dead, hears, plain)
			none(t, events)
		})
	}
}

func TestBindTwice(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, b := spawn(t, ctx, worker()), spawn(t, ctx, worker())
	hears, events := newPuppet(t, ctx)
	for range 3 {
		bind(t, a, hears)
		bind(t, hears, a)
		bind(t, a, b)
	}
	require.Equal(t, 2, actor.Watchers(a.Any()))
	require.True(t, actor.Unbind(a.Any(), b.Any()))
	fails(a)
	_ = waitEnd(t, a)
	recv(t, events)
	do(t, hears, func(*actor.Context[job]) {})
	none(t, events)
	do(t, b, func(*actor.Context[job]) {})
}

func TestBindRefuses(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	ctx2, _ := newSystem(t, actor.Config{})
	a, elsewhere := spawn(t, ctx, worker()), spawn(t, ctx2, worker())
	require.ErrorIs(t, actor.Bind(a.Any(), actor.AnyRef{}), actor.ErrNoActor)
	require.ErrorIs(t, actor.Bind(actor.AnyRef{}, a.Any()), actor.ErrNoActor)
	require.ErrorIs(t, actor.Bind(a.Any(), a.Any()), actor.ErrSelf)
	require.ErrorIs(t, actor.Bind(a.Any(), elsewhere.Any()), actor.ErrOption)
	unbound(t, a, elsewhere)
}

// A monitor and a bond of the same two are two things.
func TestBindAndMonitor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	hears, events := newPuppet(t, ctx)
	a := spawn(t, ctx, worker())
	bind(t, a, hears)
	do(t, hears, func(in *actor.Context[job]) { in.Monitor(a.Any()) })
	require.Equal(t, 2, actor.Watching(hears.Any()))
	do(t, hears, func(in *actor.Context[job]) { in.Unmonitor(a.Any()) })
	require.Equal(t, 1, actor.Watching(hears.Any()))
	do(t, hears, func(in *actor.Context[job]) { in.Monitor(a.Any()) })
	require.True(t, actor.Unbind(a.Any(), hears.Any()))
	require.Equal(t, 1, actor.Watching(hears.Any()))
	bind(t, a, hears)
	fails(a)
	recv(t, events)
	recv(t, events)
	do(t, hears, func(*actor.Context[job]) {})
	none(t, events)
}

// An actor that ignores the kill is abandoned, and that is an abnormal end.
func TestBindToAnAbandonedActor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	a, b := spawn(t, ctx, worker()), spawn(t, ctx, worker())
	hears, events := newPuppet(t, ctx)
	bind(t, a, b)
	bind(t, a, hears)
	g, late := newGate(), make(chan error, 1)
	require.NoError(t, a.Cast(ctx, func(in *actor.Context[job]) error {
		g.wait()
		late <- actor.Bind(in.Self().Any(), hears.Any())
		return nil
	}))
	recv(t, g.entered)
	a.Kill()
	require.ErrorIs(t, recv(t, events).Err, actor.ErrAbandoned)
	require.ErrorIs(t, waitEnd(t, b), actor.ErrKilled)
	_ = waitEnd(t, a)
	close(g.open)
	require.NoError(t, recv(t, late))
	require.ErrorIs(t, recv(t, events).Err, actor.ErrNoProc)
	unfenced(t)
	unbound(t, a, b, hears)
}

// An actor that is stuck in its HandleSupervision is abandoned, and the events
// behind that one are counted.
func TestBindStuckInHandleSupervision(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	open := make(chan struct{})
	hears := spawn[*boss[job], job](t, ctx, &boss[job]{supervise: func(*actor.Context[job], actor.Event) error {
		<-open
		return nil
	}})
	for range 3 {
		a := spawn(t, ctx, worker())
		bind(t, a, hears)
		a.Stop()
		_ = waitEnd(t, a)
	}
	stalled(t, sys, hears)
	hears.Kill()
	require.ErrorIs(t, waitEnd(t, hears), actor.ErrAbandoned)
	require.EqualValues(t, 2, sys.Stats().DeadEvents)
	close(open)
	unfenced(t)
	unbound(t, hears)
}

// together runs all fs at once and waits for them.
func together(fs ...func()) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for _, f := range fs {
		all.Go(func() { <-begin; f() })
	}
	close(begin)
	all.Wait()
}

func TestBindRacesWithTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for i := range smaller(1500) {
		a := spawn(t, ctx, worker())
		b := spawn(t, ctx, worker())
		hears, events := newPuppet(t, ctx)
		end := fails
		if i%2 == 0 {
			end = actor.Ref[job].Kill
		}
		together(
			func() { end(a) },
			func() { bind(t, a, hears); bind(t, b, a) },
			func() { bind(t, hears, a); bind(t, a, b) },
		)
		_ = waitEnd(t, a)
		require.ErrorIs(t, waitEnd(t, b), actor.ErrKilled)
		recv(t, events)
		do(t, hears, func(*actor.Context[job]) {})
		// The second Bind may have found it dead, which is told again.
		for len(events) > 0 {
			require.Equal(t, a.Any(), recv(t, events).Actor)
		}
		unbound(t, a, b, hears)
		hears.Stop()
	}
}

func TestBindOnceRacesWithTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for range smaller(1500) {
		a := spawn(t, ctx, worker())
		hears, events := newPuppet(t, ctx)
		together(func() { fails(a) }, func() { bind(t, a, hears) })
		recv(t, events)
		unbound(t, a, hears)
		do(t, hears, func(*actor.Context[job]) {})
		none(t, events)
		hears.Stop()
	}
}

// Both end while they are bound: nothing is left, whoever was faster.
func TestBindRacesWithBothEnds(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for i := range smaller(2000) {
		a, b := spawn(t, ctx, worker()), spawn(t, ctx, worker())
		ends := []func(actor.Ref[job]){actor.Ref[job].Stop, actor.Ref[job].Kill, fails, actor.Ref[job].Drain}
		together(
			func() { ends[i%4](a) },
			func() { ends[i/4%4](b) },
			func() { bind(t, a, b) },
		)
		_, _ = waitEnd(t, a), waitEnd(t, b)
		require.Zero(t, sys.Stats().Live, "both have ended")
		unbound(t, a, b)
	}
}

// Of the end and Unbind one wins.
func TestUnbindRacesWithTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	won := 0
	for range smaller(2000) {
		a := spawn(t, ctx, worker())
		hears, events := newPuppet(t, ctx)
		bind(t, a, hears)
		undone := false
		together(func() { fails(a) }, func() { undone = actor.Unbind(a.Any(), hears.Any()) })
		_ = waitEnd(t, a)
		if undone {
			won++
		} else {
			recv(t, events)
		}
		unbound(t, a, hears)
		do(t, hears, func(*actor.Context[job]) {})
		none(t, events)
		hears.Stop()
	}
	t.Logf("Unbind won %d of %d", won, smaller(2000))
}

// Two actors are bound on both sides, or on none.
func TestBindRacesWithUnbind(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, b := spawn(t, ctx, worker()), spawn(t, ctx, worker())
	for range smaller(5000) {
		together(
			func() { _ = actor.Bind(a.Any(), b.Any()) },
			func() { actor.Unbind(b.Any(), a.Any()) },
			func() { _ = actor.Bind(b.Any(), a.Any()) },
		)
		n := actor.Watching(a.Any())
		require.LessOrEqual(t, n, 1)
		require.Equal(t, n, actor.Watching(b.Any()))
		require.Equal(t, n, actor.Watchers(a.Any()))
		require.Equal(t, n, actor.Watchers(b.Any()))
	}
}

// Two crowds are bound and unbound by many at once while they end: no lock waits
// for another, and nothing is left.
func TestBindFromMany(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	const n, rounds = 16, 200
	all := make([]actor.Ref[job], n)
	for i := range all {
		all[i], _ = newPuppet(t, ctx)
	}
	fs := []func(){func() {
		for _, r := range all[:n/2] {
			fails(r)
		}
	}}
	for k := range 4 {
		fs = append(fs, func() {
			for i := range rounds {
				a, b := all[(i*7+k)%n], all[(i*5+3*k+1)%n]
				if i%3 == 0 {
					actor.Unbind(a.Any(), b.Any())
				} else {
					_ = actor.Bind(a.Any(), b.Any())
				}
			}
		})
	}
	together(fs...)
	for i := range all {
		all[i].Stop()
		_ = waitEnd(t, all[i])
	}
	unbound(t, all...)
}

func TestARingOfBoundActorsEndsTogether(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	ring := make([]actor.Ref[job], smaller(10_000))
	for i := range ring {
		ring[i] = spawn(t, ctx, worker())
		if i > 0 {
			bind(t, ring[i-1], ring[i])
		}
	}
	bind(t, ring[len(ring)-1], ring[0])
	fails(ring[len(ring)/2])
	for i, r := range ring {
		want := actor.ErrKilled
		if i == len(ring)/2 {
			want = errTest
		}
		require.ErrorIs(t, waitEnd(t, r), want)
	}
	unbound(t, ring...)
	require.Zero(t, sys.Stats().Live, "all have ended")
}

// One that lives long is bound to many that do not.
func TestBindLeaksNothing(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	hub, events := newPuppet(t, ctx)
	for range 1000 {
		r := spawn(t, ctx, worker())
		bind(t, hub, r)
		r.Stop()
		recv(t, events)
		_ = waitEnd(t, r)
		unbound(t, r)
	}
	unbound(t, hub)
	rs := make([]actor.Ref[job], 1000)
	for i := range rs {
		rs[i] = spawn(t, ctx, worker())
		bind(t, hub, rs[i])
	}
	require.NoError(t, hub.StopAndWait(ctx))
	unbound(t, rs...)
	unbound(t, hub)
}
