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

// tree is a supervisor of supervisors: a [b [c d] e] [f] g.
func (w *world) tree(kill supervisor.OnParentKill) supervisor.Spec {
	nested := func(id string, children ...supervisor.Child) supervisor.Child {
		return supervisor.Child{ID: id, Start: supervisor.Nested(supervisor.Spec{Intensity: plenty, OnParentKill: kill, Children: children})}
	}
	return supervisor.Spec{Intensity: plenty, OnParentKill: kill, Children: []supervisor.Child{
		w.child("a"),
		nested("1", w.child("b"), nested("2", w.child("c"), w.child("d")), w.child("e")),
		nested("3", w.child("f")),
		w.child("g"),
	}}
}

const downOrder = "-g -f -e -d -c -b -a"

func TestShutdownIsPostOrder(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(w.tree(supervisor.KillChildren))
		require.Equal(t, "+a +b +c +d +e +f +g", w.read())
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.Equal(t, downOrder, w.read())
	})
}

func TestStopTreeStopsAllAndRestartsNobody(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(w.tree(supervisor.KillChildren))
		w.read()
		require.NoError(t, sup.Any().StopTree(w.ctx))
		require.Equal(t, downOrder, w.read())
	})
}

// StopTree takes the children of a supervisor that is about to restart one: it
// starts nobody, does not fail, and waits for its turn.
func TestStopTreeOfASupervisorInBackoff(t *testing.T) {
	for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll} {
		bubble(t, func(w *world) {
			gate := make(chan struct{})
			sup := w.spawn(supervisor.Spec{
				Strategy: strategy, Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Second},
				Children: []supervisor.Child{
					w.child("a", stops(func() { <-gate }), shutdown(time.Minute)), w.child("b"),
				},
			})
			w.spawn(supervisor.Spec{}, actor.LinkedTo(sup.Any())) // a child that it does not know
			w.tell(w.find(sup, "b"), boom)
			w.read()
			stopped := background(func() error { return sup.Any().StopTree(w.ctx) })
			w.pass(2 * time.Second) // the back-off is over, and nobody may be started
			asked := background(func() error { _, err := sup.StartChild(w.ctx, w.child("c")); return err })
			synctest.Wait()
			close(gate)
			require.NoError(t, <-stopped)
			require.Error(t, <-asked)
			require.NoError(t, sup.Any().Wait(w.ctx))
		})
	}
}

func TestKilledFromAboveChildrenAreKilled(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(w.tree(supervisor.KillChildren))
		w.read()
		require.NoError(t, sup.Any().KillAndWait(w.ctx))
		require.Empty(t, w.read(), "no PostStop")
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

func TestKilledFromAboveGracefully(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(w.tree(supervisor.Graceful))
		w.read()
		require.NoError(t, sup.Any().KillAndWait(w.ctx))
		require.Equal(t, downOrder, w.read())
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

func TestGracefulStopsInOrderToo(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(w.tree(supervisor.Graceful))
		w.read()
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.Equal(t, downOrder, w.read())
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

// A supervisor that has not stopped in time is killed by its parent: with
// Graceful its children are stopped in order all the same.
func TestGracefulOutlivesTheParentsDeadline(t *testing.T) {
	bubble(t, func(w *world) {
		slow := stops(func() { <-time.After(3 * time.Second) })
		inner := supervisor.Spec{OnParentKill: supervisor.Graceful, Children: []supervisor.Child{
			w.child("b", slow), w.child("c", slow),
		}}
		top := w.spawn(supervisor.Spec{Children: []supervisor.Child{
			w.child("a"), {ID: "inner", Shutdown: time.Second, Start: supervisor.Nested(inner)},
		}})
		w.read()
		begin := time.Now()
		require.NoError(t, top.StopAndWait(w.ctx))
		took(t, time.Second, begin)
		require.Equal(t, "-a", w.read())
		w.pass(10 * time.Second)
		require.Equal(t, "-c -b", w.read())
	})
}

// Each child has its own deadline, one after another.
func TestEachChildHasItsDeadline(t *testing.T) {
	for _, kill := range []supervisor.OnParentKill{supervisor.KillChildren, supervisor.Graceful} {
		bubble(t, func(w *world) {
			gate := make(chan struct{})
			stuck := stops(func() { <-gate })
			sup := w.spawn(supervisor.Spec{OnParentKill: kill, Children: []supervisor.Child{
				w.child("a", stuck, shutdown(time.Second)),
				w.child("b", shutdown(supervisor.BrutalKill)),
				w.child("c", stuck, shutdown(10*time.Second)),
			}})
			w.read()
			begin := time.Now()
			require.NoError(t, sup.StopAndWait(w.ctx))
			took(t, 11*time.Second+2*grace, begin)
			require.Empty(t, w.read())
			close(gate)
		})
	}
}

// A Shutdown of the System by force ends also what a Graceful supervisor has
// left to others.
func TestSystemShutdownEndsTheUndertakerToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		gate := make(chan struct{})
		sup := w.spawn(supervisor.Spec{OnParentKill: supervisor.Graceful, Children: []supervisor.Child{
			w.child("a"), w.child("b", stops(func() { <-gate }), shutdown(supervisor.Infinity)),
		}})
		w.read()
		require.NoError(t, sup.Any().KillAndWait(w.ctx))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		require.Error(t, w.sys.Shutdown(ctx))
		took(t, time.Minute+grace, begin)
		close(gate)
		synctest.Wait()
	})
}

// A PreStart that holds its supervisor is reached by the supervisor's Kill.
func TestKillReachesAChildsPreStart(t *testing.T) {
	bubble(t, func(w *world) {
		again := false
		top := w.spawn(supervisor.Spec{Children: []supervisor.Child{{
			ID: "inner", Shutdown: time.Second,
			Start: supervisor.Nested(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
				{ID: "a", Start: supervisor.Of(func() *slowStarter { s := &slowStarter{slow: again}; again = true; return s })},
			}}),
		}}})
		ref, err := top.Child(w.ctx, "inner")
		require.NoError(t, err)
		inner, _ := supervisor.As(ref)
		w.tell(w.find(inner, "a"), boom)
		w.read()
		begin := time.Now()
		require.NoError(t, top.StopAndWait(w.ctx))
		took(t, time.Second, begin)
	})
}

// slowStarter starts when its ctx ends.
type slowStarter struct{ slow bool }

func (s *slowStarter) PreStart(ctx *actor.Context[do]) error {
	if s.slow {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return nil
}

func (s *slowStarter) Handle(ctx *actor.Context[do], m do) error { return m(ctx) }
