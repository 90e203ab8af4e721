package supervisor_test

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

func TestSpawnStartsInOrderAndStopsInReverse(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{w.child("a"), w.child("b"), w.child("c")}})
		require.Equal(t, "+a +b +c", w.read())
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.Equal(t, "-c -b -a", w.read())
	})
}

func TestSpawnFailsWithTheChildThatDoesNotStart(t *testing.T) {
	bubble(t, func(w *world) {
		_, err := supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{
			w.child("a"), w.child("b"), w.child("c", starts(func() error { return errBoom })), w.child("d"),
		}}, actor.Named("top"))
		require.ErrorIs(t, err, errBoom)
		var start *supervisor.StartError
		require.ErrorAs(t, err, &start)
		require.Equal(t, "c", start.ID)
		require.ErrorContains(t, err, `"c"`)
		require.Equal(t, "+a +b !c -b -a", w.read())
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
		_, err = actor.Whereis[do](w.ctx, "top")
		require.ErrorIs(t, err, actor.ErrNotFound)
	})
}

// Whoever does not stop in time when the first start is given up is killed.
func TestSpawnThatFailsKillsWhoDoesNotStop(t *testing.T) {
	bubble(t, func(w *world) {
		gate := make(chan struct{})
		begin := time.Now()
		_, err := supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{
			w.child("a"), w.child("b", shutdown(time.Second), stops(func() { <-gate })),
			w.child("c", starts(func() error { return errBoom })),
		}})
		require.ErrorIs(t, err, errBoom)
		took(t, time.Second+grace, begin)
		close(gate)
		require.Equal(t, "+a +b !c -a -b", w.read())
	})
}

func TestSpawnEndedByItsContext(t *testing.T) {
	bubble(t, func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		_, err := supervisor.Spawn(ctx, supervisor.Spec{OnParentKill: supervisor.Graceful, Children: []supervisor.Child{
			w.child("a"), w.child("b", starts(func() error { cancel(); return nil })), w.child("c"),
		}})
		require.ErrorIs(t, err, context.Canceled)
		w.read()
		w.rest()
		require.Zero(t, w.sys.Stats().Live)
	})
}

func TestSpawnInsideAnActorLinks(t *testing.T) {
	bubble(t, func(w *world) {
		parent, err := actor.Spawn(w.ctx, actor.Func(func(ctx *actor.Context[do], m do) error { return m(ctx) }))
		require.NoError(t, err)
		made := make(chan supervisor.Supervisor, 1)
		w.tell(parent, func(ctx *actor.Context[do]) error {
			sup, err := supervisor.Spawn(ctx, supervisor.Spec{Children: []supervisor.Child{w.child("a")}})
			made <- sup
			return err
		})
		sup := <-made
		require.True(t, sup.Any().Parent().Is(parent.Any()))
		require.NoError(t, parent.KillAndWait(w.ctx))
		require.ErrorIs(t, sup.Any().Wait(w.ctx), actor.ErrKilled)
	})
}

func TestSpawnIgnored(t *testing.T) {
	bubble(t, func(w *world) {
		no := starts(func() error { return supervisor.ErrIgnore })
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{
			w.child("a"), w.child("b", no), w.child("c", no, restart(supervisor.Temporary)),
		}})
		require.Equal(t, "+a !b !c", w.read())
		counts, err := sup.CountChildren(w.ctx)
		require.NoError(t, err)
		require.Equal(t, supervisor.Counts{Specs: 2, Active: 1, Workers: 2}, counts)
		_, err = sup.Child(w.ctx, "b")
		require.ErrorIs(t, err, supervisor.ErrNotRunning)
		_, err = sup.Child(w.ctx, "c")
		require.ErrorIs(t, err, supervisor.ErrNotFound)
		r, err := sup.StartChild(w.ctx, w.child("d", no))
		require.NoError(t, err)
		require.True(t, r.IsZero())
	})
}

func TestSpecErrors(t *testing.T) {
	bubble(t, func(w *world) {
		a := w.child("a")
		with := func(set func(*supervisor.Child)) supervisor.Spec {
			c := a
			set(&c)
			return supervisor.Spec{Children: []supervisor.Child{c}}
		}
		for want, spec := range map[string]supervisor.Spec{
			`no Start: child "a"`:       with(func(c *supervisor.Child) { c.Start = nil }),
			`child number 0 has no ID`:  with(func(c *supervisor.Child) { c.ID = "" }),
			`two children with ID "a"`:  {Children: []supervisor.Child{a, w.child("b"), a}},
			`Restart(9): child "a"`:     with(func(c *supervisor.Child) { c.Restart = 9 }),
			`Shutdown is -2ns`:          with(func(c *supervisor.Child) { c.Shutdown = -2 }),
			`Permanent and Significant`: with(func(c *supervisor.Child) { c.Significant = true }),
			`AutoShutdown is Never`:     with(func(c *supervisor.Child) { c.Significant, c.Restart = true, supervisor.Transient }),
			`Strategy(7)`:               {Strategy: 7},
			`AutoShutdown(7)`:           {AutoShutdown: 7},
			`OnParentKill(7)`:           {OnParentKill: 7},
			`Intensity.Per is -1s`:      {Intensity: supervisor.Intensity{Per: -time.Second}},
			`Backoff.Min is -1ns`:       {Backoff: supervisor.Backoff{Min: -1}},
			`Backoff.Max is 1s`:         {Backoff: supervisor.Backoff{Min: time.Minute, Max: time.Second}},
			`Backoff.Jitter is 1.5`:     {Backoff: supervisor.Backoff{Jitter: 1.5}},
			`Backoff.Jitter is NaN`:     {Backoff: supervisor.Backoff{Jitter: math.NaN()}},
		} {
			_, err := supervisor.Spawn(w.ctx, spec)
			require.ErrorIs(t, err, supervisor.ErrSpec)
			require.ErrorContains(t, err, want)
			nested := supervisor.Child{ID: "n", Start: supervisor.Nested(spec)}
			_, err = supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{nested}})
			require.ErrorIs(t, err, supervisor.ErrSpec)
			require.ErrorContains(t, err, `"n"`)
			require.ErrorContains(t, err, want)
		}
		_, err := supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{Shutdown: -5}, func(int) *probe { return nil })
		require.ErrorIs(t, err, supervisor.ErrSpec)
		_, err = supervisor.SpawnDynamic[int, *probe](w.ctx, supervisor.DynamicSpec{}, nil)
		require.ErrorIs(t, err, supervisor.ErrSpec)
		_, err = supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{Restart: 5}, func(int) *probe { return nil })
		require.ErrorIs(t, err, supervisor.ErrSpec)
		require.Nil(t, supervisor.Of[*probe](nil), "a nil constructor is no Start")
		require.Empty(t, w.read())
	})
}

var global = &probe{id: "global"}

func TestSamePointerTwice(t *testing.T) {
	bubble(t, func(w *world) {
		for name, p := range map[string]*probe{"heap": {id: "x"}, "global": global} {
			p.w = w
			sup := w.spawn(supervisor.Spec{Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute}, Children: []supervisor.Child{
				{ID: name, Restart: supervisor.Transient, Start: supervisor.Of(func() *probe { return p })},
			}})
			require.NoError(t, sup.TerminateChild(w.ctx, name))
			_, err := sup.RestartChild(w.ctx, name)
			require.ErrorIs(t, err, supervisor.ErrSamePointer)
			require.ErrorContains(t, err, name)
		}
		d, err := supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{}, func(int) *probe { return global })
		require.NoError(t, err)
		_, err = d.StartChild(w.ctx, 1)
		require.NoError(t, err)
		_, err = d.StartChild(w.ctx, 2)
		require.ErrorIs(t, err, supervisor.ErrSamePointer)
	})
}

// nobody has no size: all its values may have one address.
type nobody struct{}

func (*nobody) Handle(*actor.Context[int], int) error { return nil }

func TestConstructorsThatAreFine(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{
			{ID: "no size", Start: supervisor.Of(func() *nobody { return &nobody{} })},
			{ID: "value", Start: supervisor.Of(func() nobodyValue { return nobodyValue{} })},
			{ID: "function", Start: supervisor.Of(func() actor.Actor[string] {
				return actor.Func(func(*actor.Context[string], string) error { return nil })
			})},
		}})
		for id := range w.infos(sup) {
			require.NoError(t, sup.TerminateChild(w.ctx, id))
			_, err := sup.RestartChild(w.ctx, id)
			require.NoError(t, err)
		}
	})
}

type nobodyValue struct{}

func (nobodyValue) Handle(*actor.Context[bool], bool) error { return nil }

func TestConstructorsThatAreNot(t *testing.T) {
	bubble(t, func(w *world) {
		_, err := supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{
			{ID: "nil", Start: supervisor.Of(func() *probe { return nil })},
		}})
		require.ErrorIs(t, err, actor.ErrNilActor)
		_, err = supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{
			{ID: "panics", Start: supervisor.Of(func() *probe { panic("no") })},
		}})
		var p *actor.PanicError
		require.ErrorAs(t, err, &p)
		_, err = supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{
			{ID: "none", Start: func(actor.Inside) (actor.AnyRef, error) { return actor.AnyRef{}, nil }},
		}})
		require.ErrorContains(t, err, "no actor")
	})
}

// A StartFunc that links nothing gets a child all the same.
func TestStartFuncByHand(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{{
			ID: "x",
			Start: func(parent actor.Inside) (actor.AnyRef, error) {
				r, err := actor.Spawn(parent, &probe{w: w, id: "x"})
				return r.Any(), err
			},
		}}})
		w.tell(w.find(sup, "x"), boom)
		require.Equal(t, "+x +x", w.read())
		require.True(t, w.find(sup, "x").Parent().Is(sup.Any()))
	})
}

// A StartFunc that returns an actor that is a child already is refused, and the
// child is none the worse for it.
func TestStartFuncThatReturnsASibling(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{w.child("a")}})
		a := w.find(sup, "a")
		_, err := sup.StartChild(w.ctx, supervisor.Child{ID: "b", Start: func(actor.Inside) (actor.AnyRef, error) { return a.Any(), nil }})
		require.ErrorIs(t, err, supervisor.ErrExists)
		require.ErrorContains(t, err, `"a"`)
		_, err = sup.StartChild(w.ctx, supervisor.Child{ID: "c", Start: func(actor.Inside) (actor.AnyRef, error) { return sup.Any(), nil }})
		require.ErrorIs(t, err, actor.ErrCycle)
		require.Len(t, w.infos(sup), 1)
		require.NoError(t, sup.TerminateChild(w.ctx, "a"))
	})
}

// far is the way to an actor of another node.
type far struct{ actor.Far }

func (far) String() string                   { return "far@node<1>" }
func (far) Sender(reflect.Type) (any, error) { return nil, actor.ErrWrongType }

// Nor is an actor of another node a child, or taken for a supervisor.
func TestStartFuncThatReturnsAShim(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{})
		s := actor.NewShim(w.sys, far{})
		defer s.End(nil)
		_, err := sup.StartChild(w.ctx, supervisor.Child{ID: "far", Start: func(actor.Inside) (actor.AnyRef, error) { return s.Ref(), nil }})
		require.ErrorIs(t, err, actor.ErrNotSupported)
		require.Empty(t, w.infos(sup))
		_, ok := supervisor.As(s.Ref())
		require.False(t, ok)
		require.Equal(t, actor.Running, s.Ref().Status())
	})
}

// counter is a Behaviour: restarted, it begins again with its argument.
type counter struct{}

type count struct {
	add   int
	reply rpc.Reply[int]
}

func (counter) PreStart(_ *actor.Context[count], from int) (int, error) { return from, nil }

func (counter) Handle(_ *actor.Context[count], m count, s *int) error {
	*s += m.add
	m.reply.Send(*s)
	if m.add < 0 {
		return errBoom
	}
	return nil
}

func TestWithRestartsFromTheSameArguments(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
			{ID: "counter", Start: supervisor.With(counter{}, 40, actor.Named("counter"))},
		}})
		ref := actor.ByName[count](w.ctx, "counter")
		add := func(n int) (int, error) {
			return rpc.Call(w.ctx, ref, func(r rpc.Reply[int]) count { return count{n, r} })
		}
		for range 3 {
			n, err := add(2)
			require.NoError(t, err)
			require.Equal(t, 42, n)
			_, err = add(-1)
			require.NoError(t, err)
			w.read() // it has been restarted
		}
		require.Equal(t, 3, w.infos(sup)["counter"].Restarts)
	})
}

func TestChildrenOfDifferentTypes(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{
			w.child("probe"),
			{ID: "counter", Start: supervisor.With(counter{}, 0)},
			{ID: "nobody", Start: supervisor.Of(func() *nobody { return &nobody{} })},
			{ID: "super", Start: supervisor.Nested(supervisor.Spec{Children: []supervisor.Child{w.child("deep")}})},
			{ID: "pool", Start: supervisor.NestedDynamic(supervisor.DynamicSpec{}, func(id string) *probe { return &probe{w: w, id: id} })},
		}})
		_, err := supervisor.Find[count](w.ctx, sup, "counter")
		require.NoError(t, err)
		_, err = supervisor.Find[int](w.ctx, sup, "nobody")
		require.NoError(t, err)
		_, err = supervisor.Find[int](w.ctx, sup, "counter")
		require.ErrorIs(t, err, actor.ErrWrongType)

		nested, err := sup.Child(w.ctx, "super")
		require.NoError(t, err)
		inner, ok := supervisor.As(nested)
		require.True(t, ok)
		w.find(inner, "deep")
		leaf, err := sup.Child(w.ctx, "probe")
		require.NoError(t, err)
		_, ok = supervisor.As(leaf)
		require.False(t, ok)

		ref, err := sup.Child(w.ctx, "pool")
		require.NoError(t, err)
		pool, err := supervisor.AsDynamic[string, do](w.ctx, ref)
		require.NoError(t, err)
		_, err = pool.StartChild(w.ctx, "late")
		require.NoError(t, err)
		for _, wrong := range []actor.AnyRef{leaf, nested, {}} {
			_, err = supervisor.AsDynamic[string, do](w.ctx, wrong)
			require.ErrorIs(t, err, actor.ErrWrongType)
		}
		_, err = supervisor.AsDynamic[int, do](w.ctx, ref)
		require.ErrorIs(t, err, actor.ErrWrongType)
		static, ok := supervisor.As(ref)
		require.True(t, ok)
		require.ErrorIs(t, static.DeleteChild(w.ctx, "late"), supervisor.ErrDynamic)

		counts, err := sup.CountChildren(w.ctx)
		require.NoError(t, err)
		require.Equal(t, supervisor.Counts{Specs: 5, Active: 5, Supervisors: 2, Workers: 3}, counts)
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.Equal(t, "+probe +deep +late -late -deep -probe", w.read())
	})
}

func TestZeroSupervisor(t *testing.T) {
	ctx := t.Context()
	var s supervisor.Supervisor
	_, err := s.Child(ctx, "x")
	require.ErrorIs(t, err, actor.ErrNoActor)
	require.ErrorIs(t, s.StopAndWait(ctx), actor.ErrNoActor)
	var d supervisor.Dynamic[int, do]
	_, err = d.StartChild(ctx, 1)
	require.ErrorIs(t, err, actor.ErrNoActor)
}
