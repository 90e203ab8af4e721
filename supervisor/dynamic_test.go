package supervisor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// dynamic spawns a dynamic supervisor of probes whose argument is their name.
func (w *world) dynamic(s supervisor.DynamicSpec, set ...func(*supervisor.Child, *probe)) supervisor.Dynamic[string, do] {
	w.t.Helper()
	d, err := supervisor.SpawnDynamic(w.ctx, s, func(id string) *probe {
		p := &probe{w: w, id: id}
		for _, f := range set {
			f(new(supervisor.Child), p)
		}
		return p
	})
	require.NoError(w.t, err)
	return d
}

func (w *world) add(d supervisor.Dynamic[string, do], id string) actor.Ref[do] {
	w.t.Helper()
	r, err := d.StartChild(w.ctx, id)
	require.NoError(w.t, err)
	return r
}

func (w *world) counts(d supervisor.Dynamic[string, do]) supervisor.Counts {
	w.t.Helper()
	c, err := d.CountChildren(w.ctx)
	require.NoError(w.t, err)
	return c
}

func TestDynamicRestartsWithTheArgument(t *testing.T) {
	bubble(t, func(w *world) {
		d := w.dynamic(supervisor.DynamicSpec{Intensity: plenty})
		a := w.add(d, "a")
		w.add(d, "b")
		w.tell(a, boom)
		require.Equal(t, "+a +b +a", w.read())
		require.Equal(t, supervisor.Counts{Specs: 2, Active: 2, Workers: 2}, w.counts(d))
		all, err := d.WhichChildren(w.ctx)
		require.NoError(t, err)
		restarts := 0
		for i := range all {
			require.Equal(t, i.Actor.String(), i.ID)
			require.Equal(t, actor.Running, i.Actor.Status())
			restarts += i.Restarts
		}
		require.Equal(t, 1, restarts)
	})
}

func TestDynamicRestartTypes(t *testing.T) {
	for r, want := range map[supervisor.Restart]string{
		supervisor.Permanent: "+a -a +a +b +b",
		supervisor.Transient: "+a -a +b +b",
		supervisor.Temporary: "+a -a +b",
	} {
		bubble(t, func(w *world) {
			d := w.dynamic(supervisor.DynamicSpec{Restart: r, Intensity: plenty})
			a := w.add(d, "a")
			w.tell(a, func(ctx *actor.Context[do]) error { ctx.Stop(); return nil })
			synctest.Wait()
			b := w.add(d, "b")
			w.tell(b, panics)
			require.Equal(t, want, w.read())
		})
	}
}

func TestDynamicGivesUpAtTheLimit(t *testing.T) {
	bubble(t, func(w *world) {
		d := w.dynamic(supervisor.DynamicSpec{Intensity: supervisor.Intensity{Max: 3, Per: time.Minute}})
		w.add(d, "other")
		for range 4 {
			require.Equal(t, actor.Running, d.Any().Status())
			w.tell(w.add(d, "a"), boom)
			w.read()
		}
		require.ErrorIs(t, d.Any().Wait(w.ctx), supervisor.ErrRestartIntensity)
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

func TestDynamicStartsThatFail(t *testing.T) {
	bubble(t, func(w *world) {
		fails := 0
		d := w.dynamic(supervisor.DynamicSpec{Intensity: supervisor.Intensity{Max: 5, Per: time.Hour}, Backoff: supervisor.Backoff{Min: time.Second}},
			starts(func() error {
				if fails > 0 {
					fails--
					return errBoom
				}
				return nil
			}))
		fails = 1
		_, err := d.StartChild(w.ctx, "a")
		require.ErrorIs(t, err, errBoom)
		require.Zero(t, w.counts(d))
		a := w.add(d, "a")
		w.read()
		fails = 2
		w.tell(a, boom)
		require.Empty(t, w.read())
		require.Equal(t, supervisor.Counts{Specs: 1, Workers: 1}, w.counts(d))
		w.pass(time.Second)
		require.Equal(t, "!a", w.read())
		w.pass(2 * time.Second)
		require.Equal(t, "!a", w.read())
		w.pass(4 * time.Second)
		require.Equal(t, "+a", w.read())
	})
}

func TestDynamicBackoffAndTerminate(t *testing.T) {
	bubble(t, func(w *world) {
		d := w.dynamic(supervisor.DynamicSpec{Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Second}})
		a, b := w.add(d, "a"), w.add(d, "b")
		w.tell(a, boom)
		w.tell(b, boom)
		w.read()
		w.add(d, "c")
		require.Equal(t, "+c", w.read(), "nobody waits for another's back-off")
		require.NoError(t, d.TerminateChild(w.ctx, b), "it waits no more")
		w.pass(time.Second)
		require.Equal(t, "+a", w.read())
		require.ErrorIs(t, d.TerminateChild(w.ctx, b), supervisor.ErrNotFound)
		require.ErrorIs(t, d.TerminateChild(w.ctx, a), supervisor.ErrNotFound, "an incarnation that is gone")
		require.Equal(t, supervisor.Counts{Specs: 2, Active: 2, Workers: 2}, w.counts(d))
	})
}

func TestDynamicTerminateHoldsNobody(t *testing.T) {
	bubble(t, func(w *world) {
		gate := make(chan struct{})
		d := w.dynamic(supervisor.DynamicSpec{Shutdown: time.Second})
		a := w.add(d, "a")
		w.tell(a, stuckOn(gate))
		synctest.Wait()
		begin := time.Now()
		one := background(func() error { return d.TerminateChild(w.ctx, a) })
		two := background(func() error { return d.TerminateChild(w.ctx, a) })
		synctest.Wait()
		b := w.add(d, "b")
		require.NoError(t, d.TerminateChild(w.ctx, b))
		took(t, 0, begin)
		require.NoError(t, <-one)
		require.NoError(t, <-two)
		took(t, time.Second+grace, begin)
		require.Zero(t, w.counts(d))
		close(gate)
		require.Equal(t, "+a +b -b", w.read())

		c := w.add(d, "c")
		require.True(t, actor.Unlink(d.Any(), c.Any()))
		require.NoError(t, d.TerminateChild(w.ctx, c), "one that has unlinked itself cannot hang it")
		require.Zero(t, w.counts(d))
	})
}

// All are stopped at once, under one deadline, then killed; one KillGrace is
// enough for all who ignore that.
func TestDynamicStopsAllAtOnce(t *testing.T) {
	for _, kill := range []supervisor.OnParentKill{supervisor.KillChildren, supervisor.Graceful} {
		bubble(t, func(w *world) {
			gate := make(chan struct{})
			d := w.dynamic(supervisor.DynamicSpec{Shutdown: 10 * time.Second, OnParentKill: kill}, stops(func() {
				select {
				case <-time.After(7 * time.Second):
				case <-gate:
				}
			}))
			for range 20 {
				w.add(d, "a")
			}
			var stuck []actor.Ref[do]
			for range 5 {
				r := w.add(d, "s")
				w.tell(r, stuckOn(gate))
				stuck = append(stuck, r)
			}
			w.read()
			begin := time.Now()
			require.NoError(t, d.StopAndWait(w.ctx))
			took(t, 10*time.Second+grace, begin)
			require.Len(t, w.read(), 20*3-1)
			for _, r := range stuck {
				require.ErrorIs(t, r.Wait(w.ctx), actor.ErrAbandoned)
			}
			close(gate)
		})
	}
}

func TestDynamicKilled(t *testing.T) {
	for kill, want := range map[supervisor.OnParentKill]string{supervisor.KillChildren: "", supervisor.Graceful: "-a -a"} {
		bubble(t, func(w *world) {
			d := w.dynamic(supervisor.DynamicSpec{OnParentKill: kill})
			w.add(d, "a")
			w.add(d, "a")
			w.read()
			require.NoError(t, d.Any().KillAndWait(w.ctx))
			require.Equal(t, want, w.read())
			w.rest()
			require.Zero(t, w.sys.Stats().Live)
		})
	}
}

func TestDynamicIgnored(t *testing.T) {
	bubble(t, func(w *world) {
		d := w.dynamic(supervisor.DynamicSpec{}, starts(func() error { return supervisor.ErrIgnore }))
		r, err := d.StartChild(w.ctx, "a")
		require.NoError(t, err)
		require.True(t, r.IsZero())
		require.Zero(t, w.counts(d))
	})
}

func TestDynamicStopTree(t *testing.T) {
	bubble(t, func(w *world) {
		d := w.dynamic(supervisor.DynamicSpec{Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Second}}, stops(func() { <-time.After(time.Minute) }))
		w.tell(w.add(d, "a"), boom)
		w.add(d, "b")
		w.read()
		require.NoError(t, d.Any().StopTree(w.ctx))
		w.read()
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

// 100,000 children: start, die and be restarted, stop.
func TestDynamicIsMadeForMany(t *testing.T) {
	const n = 100_000
	w := newWorld(t)
	w.ctx = actor.WithSystem(context.Background(), w.sys)
	t.Cleanup(func() { require.NoError(t, w.sys.Shutdown(context.Background())) })
	d, err := supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{Intensity: supervisor.Intensity{Max: n}},
		func(int) *member { return new(member) })
	require.NoError(t, err)
	refs := make([]actor.Ref[int], n)
	for i := range refs {
		refs[i], err = d.StartChild(w.ctx, i)
		require.NoError(t, err)
	}
	for _, r := range refs[:n/10] {
		require.NoError(t, r.Cast(w.ctx, -1))
	}
	for _, r := range refs[:n/10] {
		require.ErrorIs(t, r.Wait(w.ctx), errBoom)
	}
	for { // the last events may be on their way
		c, err := d.CountChildren(w.ctx)
		require.NoError(t, err)
		require.Equal(t, n, c.Specs)
		if c.Active == n {
			break
		}
	}
	for _, r := range refs[n-100:] {
		require.NoError(t, d.TerminateChild(w.ctx, r))
	}
	require.NoError(t, d.StopAndWait(w.ctx))
}

// member is a small child.
type member struct{ _ int }

func (*member) Handle(_ *actor.Context[int], m int) error {
	if m < 0 {
		return errBoom
	}
	return nil
}
