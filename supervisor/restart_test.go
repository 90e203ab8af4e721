package supervisor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// design.md section 6, "exit reasons": what is normal and what is not.
func TestExitReasons(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *world, r actor.Ref[do])
		normal bool
	}{
		"stop": {func(_ *world, r actor.Ref[do]) { r.Stop() }, true},
		"stop self": {func(w *world, r actor.Ref[do]) {
			w.tell(r, func(ctx *actor.Context[do]) error { ctx.Stop(); return nil })
		}, true},
		"drain":     {func(_ *world, r actor.Ref[do]) { r.Drain() }, true},
		"exitAfter": {func(_ *world, r actor.Ref[do]) { r.StopAfter(0) }, true},
		"stop with": {func(_ *world, r actor.Ref[do]) { r.StopWith(errBoom) }, false},
		"kill":      {func(_ *world, r actor.Ref[do]) { r.Kill() }, false},
		"fails":     {func(w *world, r actor.Ref[do]) { w.tell(r, boom) }, false},
		"panics":    {func(w *world, r actor.Ref[do]) { w.tell(r, panics) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
					w.child("p"), w.child("t", restart(supervisor.Transient)), w.child("x", restart(supervisor.Temporary)),
				}})
				for _, id := range []string{"p", "t", "x"} {
					c.end(w, w.find(sup, id))
					w.read()
				}
				infos := w.infos(sup)
				require.Equal(t, 1, infos["p"].Restarts)
				require.NotContains(t, infos, "x")
				require.Equal(t, c.normal, infos["t"].Actor.IsZero())
				require.Equal(t, !c.normal, infos["t"].Restarts == 1)
			})
		})
	}
}

// A name is free when its owner is restarted: two lifetimes never overlap.
func TestRestartKeepsTheName(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
			{ID: "a", Start: supervisor.Of(func() *probe { return &probe{w: w, id: "a"} }, actor.Named("name"))},
		}})
		ref := actor.ByName[do](w.ctx, "name")
		for i := range 5 {
			require.Equal(t, i, w.infos(sup)["a"].Restarts)
			w.tell(ref, panics)
			require.Equal(t, "+a", w.read()[:2])
		}
	})
}

func TestGroupsRestartInOrder(t *testing.T) {
	for strategy, want := range map[supervisor.Strategy]string{
		supervisor.OneForOne:  "+b",
		supervisor.OneForAll:  "-d -c -a +a +b +c +d",
		supervisor.RestForOne: "-d -c +b +c +d",
	} {
		t.Run(strategy.String(), func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{Strategy: strategy, Intensity: plenty, Children: []supervisor.Child{
					w.child("a"), w.child("b"), w.child("c"), w.child("d"),
				}})
				w.read()
				w.tell(w.find(sup, "b"), boom)
				require.Equal(t, want, w.read())
			})
		})
	}
}

// A supervisor of 3 with one child stuck on a nil channel: a sibling's panic
// still restarts all three within shutdown deadline + KillGrace; the old one,
// released later, can do no harm.
func TestStuckChildDoesNotHoldTheRestart(t *testing.T) {
	bubble(t, func(w *world) {
		release := make(chan struct{}) // in the place of a nil channel: a bubble must end
		const deadline = 2 * time.Second
		sup := w.spawn(supervisor.Spec{Strategy: supervisor.OneForAll, Children: []supervisor.Child{
			w.child("a"), w.child("b", shutdown(deadline)), w.child("c"),
		}})
		a, b := w.find(sup, "a"), w.find(sup, "b")
		harm := make(chan []error, 1)
		w.tell(b, func(ctx *actor.Context[do]) error {
			<-release
			_, spawned := actor.SpawnLinked(ctx, &probe{w: w, id: "stray"})
			harm <- []error{a.Cast(ctx, boom), ctx.Self().Cast(ctx, boom), ctx.After(0, boom).Err(), spawned}
			return errBoom
		})
		w.read()
		begin := time.Now()
		w.tell(a, panics)
		w.settle()                                   // it has failed, and c is stopped
		for _, id := range []string{"a", "b", "c"} { // asked in the middle of the restart
			w.find(sup, id)
		}
		took(t, deadline+grace, begin)
		require.Equal(t, "-c +a +b +c", w.read())
		require.ErrorIs(t, b.Wait(w.ctx), actor.ErrAbandoned)
		counts, err := sup.CountChildren(w.ctx)
		require.NoError(t, err)
		require.Equal(t, supervisor.Counts{Specs: 3, Active: 3, Workers: 3}, counts)

		close(release)
		for _, err := range <-harm {
			require.Error(t, err)
		}
		require.Empty(t, w.read(), "the old one does no harm")
		for id, i := range w.infos(sup) {
			require.Equal(t, 1, i.Restarts, id)
		}
	})
}

func TestPermanentChildThatAlwaysDiesGivesUp(t *testing.T) {
	for name, set := range map[string]func(*world) supervisor.Child{
		"fails in PreStart": func(w *world) supervisor.Child {
			first := true
			return w.child("a", starts(func() error {
				if first {
					first = false
					return nil
				}
				return errBoom
			}))
		},
		"dies at once": func(w *world) supervisor.Child {
			return supervisor.Child{ID: "a", Start: supervisor.Of(func() *dying { return &dying{w: w} })}
		},
	} {
		for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne} {
			t.Run(name+"/"+strategy.String(), func(t *testing.T) {
				bubble(t, func(w *world) {
					const limit = 7
					sup := w.spawn(supervisor.Spec{
						Strategy: strategy, Intensity: supervisor.Intensity{Max: limit, Per: time.Minute},
						Children: []supervisor.Child{set(w), w.child("b")},
					})
					if ref, err := supervisor.Find[do](w.ctx, sup, "a"); err == nil {
						_ = ref.Cast(w.ctx, boom) // it may be dying already
					}
					err := sup.Any().Wait(w.ctx)
					require.ErrorIs(t, err, supervisor.ErrRestartIntensity)
					require.ErrorIs(t, err, errBoom)
					require.ErrorContains(t, err, `"a": more than 7 in 1m0s`)
					attempts := 0
					for _, word := range append([]string(nil), w.journal...) {
						if word == "+a" || word == "!a" {
							attempts++
						}
					}
					require.Equal(t, 1+limit, attempts, "the limit is reached, and not passed")
					w.read()
					w.rest()
					require.Zero(t, w.sys.Stats().Live)
				})
			})
		}
	}
}

// dying dies as soon as it has started.
type dying struct{ w *world }

func (d *dying) PreStart(*actor.Context[do]) error   { d.w.note("+a"); return nil }
func (d *dying) PostStart(*actor.Context[do]) error  { return errBoom }
func (d *dying) Handle(*actor.Context[do], do) error { return nil }

// Giving up is a failure: a transient supervisor is restarted by its parent.
func TestGivingUpIsAFailureToTheParent(t *testing.T) {
	bubble(t, func(w *world) {
		inner := supervisor.Spec{Intensity: supervisor.Intensity{Max: -1}, Children: []supervisor.Child{w.child("a"), w.child("b")}}
		top := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
			{ID: "inner", Restart: supervisor.Transient, Start: supervisor.Nested(inner)},
		}})
		w.read()
		for i := range 3 {
			ref, err := top.Child(w.ctx, "inner")
			require.NoError(t, err)
			sup, _ := supervisor.As(ref)
			w.tell(w.find(sup, "b"), boom)
			require.ErrorIs(t, ref.Wait(w.ctx), supervisor.ErrRestartIntensity)
			require.Equal(t, "-a +a +b", w.read())
			require.Equal(t, i+1, w.infos(top)["inner"].Restarts)
		}
	})
}

// The window is on monotonic time: a virtual clock does for it.
func TestIntensityWindowSlides(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: supervisor.Intensity{Max: 2, Per: 10 * time.Second}, Children: []supervisor.Child{w.child("a")}})
		for range 20 {
			w.tell(w.find(sup, "a"), boom)
			w.read()
			w.pass(5*time.Second + 1)
		}
		w.tell(w.find(sup, "a"), boom)
		w.read()
		w.tell(w.find(sup, "a"), boom)
		require.ErrorIs(t, sup.Any().Wait(w.ctx), supervisor.ErrRestartIntensity)
	})
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	<-time.After(d)
}

func TestBackoffWaitsExactlyAndBlocksNobody(t *testing.T) {
	bubble(t, func(w *world) {
		var fails atomic.Int32
		sup := w.spawn(supervisor.Spec{
			Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Second, Max: 4 * time.Second},
			Children: []supervisor.Child{
				w.child("a", starts(func() error {
					if fails.Add(-1) >= 0 {
						return errBoom
					}
					return nil
				})),
				w.child("b"),
			},
		})
		w.read()
		fails.Store(3)
		w.tell(w.find(sup, "a"), boom)
		require.Empty(t, w.read())
		require.True(t, w.infos(sup)["a"].Restarting)
		_, err := sup.Child(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrRestarting)
		for _, at := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} { // failures, then it doubles
			w.pass(at - 1)
			require.Empty(t, w.read())
			w.pass(1)
			require.Equal(t, "!a", w.read())
		}
		// A sibling does not wait for it, nor do requests.
		w.tell(w.find(sup, "b"), boom)
		_, err = sup.StartChild(w.ctx, w.child("c"))
		require.NoError(t, err)
		require.Equal(t, "+c", w.read())
		w.pass(time.Second)
		require.Equal(t, "+b", w.read())
		w.pass(3*time.Second - 1)
		require.Empty(t, w.read())
		w.pass(1)
		require.Equal(t, "+a", w.read())
	})
}

func TestJitterOnlyShortens(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{
			Intensity: plenty, Backoff: supervisor.Backoff{Min: 10 * time.Second, Max: 10 * time.Second, Jitter: 0.5},
			Children: []supervisor.Child{w.child("a")},
		})
		w.read()
		different := map[time.Duration]bool{}
		for range 10 {
			begin := time.Now()
			w.tell(w.find(sup, "a"), boom)
			w.read()
			for w.infos(sup)["a"].Restarting {
				w.pass(100 * time.Millisecond)
			}
			took := time.Since(begin)
			require.GreaterOrEqual(t, took, 5*time.Second)
			require.LessOrEqual(t, took, 10*time.Second+100*time.Millisecond)
			different[took] = true
		}
		require.Greater(t, len(different), 1)
	})
}

// Between two failed starts whatever is in the mailbox comes first: a supervisor
// whose child never starts still serves requests, and stops.
func TestFailingStartsDoNotStarveTheMailbox(t *testing.T) {
	for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne} {
		t.Run(strategy.String(), func(t *testing.T) {
			w := newWorld(t) // no bubble: here nobody ever comes to rest
			t.Cleanup(func() { require.NoError(t, w.sys.Shutdown(context.Background())) })
			var bad atomic.Bool
			sup, err := supervisor.Spawn(w.ctx, supervisor.Spec{
				Strategy: strategy, Intensity: supervisor.Intensity{Max: 1 << 40},
				Children: []supervisor.Child{w.child("a", starts(func() error {
					if bad.Load() {
						return errBoom
					}
					return nil
				}))},
			})
			require.NoError(t, err)
			bad.Store(true)
			w.tell(w.find(sup, "a"), boom)
			for range 100 {
				_, err := sup.CountChildren(w.ctx)
				require.NoError(t, err)
			}
			require.NoError(t, sup.StopAndWait(w.ctx))
		})
	}
}

func TestAutoShutdown(t *testing.T) {
	for name, c := range map[string]struct {
		auto supervisor.AutoShutdown
		end  []string
		want string
	}{
		"any":      {supervisor.AnySignificant, []string{"b"}, "-b -d -c -a"},
		"all":      {supervisor.AllSignificant, []string{"b", "c"}, "-b -c -d -a"},
		"not all":  {supervisor.AllSignificant, []string{"b"}, "-b"},
		"not them": {supervisor.AnySignificant, []string{"d"}, "-d"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{AutoShutdown: c.auto, Children: []supervisor.Child{
					w.child("a"), w.child("b", restart(supervisor.Transient), significant),
					w.child("c", restart(supervisor.Temporary), significant), w.child("d", restart(supervisor.Transient)),
				}})
				w.read()
				var got string
				for _, id := range c.end {
					w.find(sup, id).Stop()
					got += " " + w.read()
				}
				require.Equal(t, c.want, got[1:])
				if len(c.want) > 5 {
					require.NoError(t, sup.Any().Wait(w.ctx), "a normal end")
				} else {
					require.Equal(t, actor.Running, sup.Any().Status())
				}
			})
		})
	}
}
