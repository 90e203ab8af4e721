package actor_test

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// census is a RemotableWatcher that writes down what it is told.
type census struct {
	journal
	refuse error
}

func (c *census) Remotable(r actor.AnyRef, message reflect.Type, name string) error {
	c.add(fmt.Sprintf("+%s %v %v", name, message, r.Status()))
	return c.refuse
}

func (c *census) Gone(r actor.AnyRef, ev actor.Event) {
	c.add(fmt.Sprintf("-%s %v %v %v", r.Name(), ev.Kind, ev.Err, r.Status()))
}

func named(name string, opts ...actor.Option) []actor.Option {
	return append(opts, actor.Named(name), actor.Remotable())
}

func TestRemotable(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	a := spawn(t, ctx, idle(), named("a")...)
	spawn(t, ctx, idle(), actor.Named("local"))
	b := spawn(t, ctx, actor.Func(func(*actor.Context[string], string) error { return errTest }), named("b")...)

	w := &census{}
	cancel := sys.WatchRemotables(w)
	require.Equal(t, []string{"+a int running", "+b string running"}, w.all(), "who is there, in the order of spawning")

	inPreStart := &plain[int]{
		preStart: func(*actor.Context[int]) error { w.add("PreStart"); return nil },
		postStop: func(*actor.Context[int]) error { w.add("PostStop"); return nil },
	}
	c := spawn(t, ctx, inPreStart, named("c")...)
	require.NoError(t, c.StopAndWait(ctx))
	require.NoError(t, b.Cast(ctx, "x"))
	require.ErrorIs(t, waitEnd(t, b), errTest)
	require.Equal(t, []string{
		"+c int starting", "PreStart", "PostStop", "-c terminated <nil> stopping",
		"-b failed " + errTest.Error() + " stopping",
	}, w.all()[2:])

	cancel()
	a.Kill()
	require.ErrorIs(t, waitEnd(t, a), actor.ErrKilled)
	spawn(t, ctx, idle(), named("d")...)
	require.Len(t, w.all(), 7, "after cancel nothing comes")
}

// The watcher is told before the parent is: a new one with the name comes later.
func TestRemotableGoneBeforeTheParentKnows(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	w := &census{}
	defer sys.WatchRemotables(w)()
	b := &boss[int]{}
	b.supervise = func(ctx *actor.Context[int], ev actor.Event) error {
		if ev.Kind == actor.Failed {
			_, err := actor.SpawnLinked(ctx, idle(), named("n")...)
			w.add("restarted")
			return err
		}
		return nil
	}
	parent := spawn(t, ctx, b)
	child := spawn(t, ctx, fn(func(*actor.Context[int], int) error { return errTest }), named("n", actor.LinkedTo(parent.Any()))...)
	require.NoError(t, child.Cast(ctx, 1))
	eventually(t, func() bool { return len(w.all()) == 4 }, "it is restarted")
	require.Equal(t, []string{
		"+n int starting", "-n failed " + errTest.Error() + " stopping", "+n int starting", "restarted",
	}, w.all())
}

func TestRemotableRefused(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	spawn(t, ctx, idle(), named("before")...)
	first, second := &census{}, &census{refuse: errTest}
	defer sys.WatchRemotables(first)()
	defer sys.WatchRemotables(second)()
	never := &plain[int]{preStart: func(*actor.Context[int]) error { t.Error("PreStart"); return nil }}
	for _, spawn := range []func() error{
		func() error { _, err := actor.Spawn(ctx, never, named("x")...); return err },
		func() error { _, err := actor.SpawnInstant(ctx, never, named("x")...); return err },
	} {
		require.ErrorIs(t, spawn(), errTest)
		_, err := actor.Whereis[int](ctx, "x")
		require.ErrorIs(t, err, actor.ErrNotFound, "all is as before")
	}
	require.Len(t, first.all(), 5, "who has taken it is told that it is gone")
	require.Equal(t, []string{"+before int running", "+x int starting", "+x int starting"}, second.all())
	require.EqualValues(t, 1, sys.Stats().Live)

	// A start that fails later is an end too.
	second.refuse = nil
	bad := &plain[int]{preStart: func(*actor.Context[int]) error { return errTest }}
	_, err := actor.Spawn(ctx, bad, named("y")...)
	require.ErrorIs(t, err, errTest)
	require.Equal(t, []string{"+y int starting", "-y failed " + errTest.Error() + " stopping"}, second.all()[3:])
}

// A watcher that panics harms nobody.
func TestRemotableWatcherPanics(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	cancel := sys.WatchRemotables(panics{})
	_, err := actor.Spawn(ctx, idle(), actor.Remotable())
	var p *actor.PanicError
	require.ErrorAs(t, err, &p)
	cancel()
	r := spawn(t, ctx, idle(), actor.Remotable())
	defer sys.WatchRemotables(panicsLater{})()
	require.NoError(t, r.StopAndWait(ctx))
}

type panics struct{}

func (panics) Remotable(actor.AnyRef, reflect.Type, string) error { panic("test") }
func (panics) Gone(actor.AnyRef, actor.Event)                     { panic("test") }

type panicsLater struct{ panics }

func (panicsLater) Remotable(actor.AnyRef, reflect.Type, string) error { return nil }

// headcount is a RemotableWatcher that counts who is there.
type headcount map[actor.ID]int

func (b headcount) Remotable(r actor.AnyRef, _ reflect.Type, _ string) error { b[r.ID()]++; return nil }
func (b headcount) Gone(r actor.AnyRef, _ actor.Event)                       { b[r.ID()]-- }

// Watchers and actors come and go at once: each watcher sees each actor once, and
// once its end.
func TestRemotableRace(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var all sync.WaitGroup
	watches := make([]headcount, 4)
	for i := range watches {
		watches[i] = headcount{}
	}
	for range 4 {
		all.Go(func() {
			for range 100 {
				r := spawn(t, ctx, idle(), actor.Remotable())
				require.NoError(t, r.StopAndWait(context.Background()))
			}
		})
	}
	for _, w := range watches {
		all.Go(func() { sys.WatchRemotables(w) })
	}
	all.Wait()
	for _, w := range watches {
		for id, n := range w {
			require.Zero(t, n, "%x", id)
		}
	}
}
