package actortest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// add is everything that a counter understands.
type add struct {
	n     int
	total rpc.Reply[int]
}

type counter struct{ total int }

func (c *counter) Handle(_ *actor.Context[add], m add) error {
	c.total += m.n
	m.total.Send(c.total)
	return nil
}

func total(sys *actortest.System, ref actor.Ref[add], n int) int {
	v, err := rpc.Call(sys, ref, func(r rpc.Reply[int]) add { return add{n: n, total: r} })
	require.NoError(sys, err)
	return v
}

// The counter takes up its k-th message at any time after it was sent: with three
// there are five cases, and all are seen.
func TestExplore_CountsCases(t *testing.T) {
	sum := actortest.Explore(t, 1000, func(sys *actortest.System) {
		ref, err := actor.Spawn(sys, &counter{})
		require.NoError(sys, err)
		require.NoError(sys, ref.Cast(sys, add{n: 1}))
		require.NoError(sys, ref.Cast(sys, add{n: 2}))
		require.Equal(sys, 6, total(sys, ref, 3))
	})
	require.Equal(t, 5, sum.Distinct)
	require.Equal(t, 1000, sum.Runs)
	require.Contains(t, sum.String(), "saturated")
}

// overtaken is wrong: it takes for granted that the sender comes second.
func overtaken(sys *actortest.System) {
	ref, err := actor.Spawn(sys, &counter{})
	require.NoError(sys, err)
	sender, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], n int) error {
		return ref.Cast(ctx, add{n: n})
	}))
	require.NoError(sys, err)
	require.NoError(sys, sender.Cast(sys, 1))
	require.Equal(sys, 3, total(sys, ref, 3))
}

func TestSearch_FindsByEachStrategy(t *testing.T) {
	for _, s := range []actortest.Strategy{actortest.Uniform, actortest.PCT, actortest.Swarm} {
		t.Run(s.String(), func(t *testing.T) {
			found, _ := actortest.Search(t, 100, overtaken, actortest.With(s))
			require.NotNil(t, found)
			require.Contains(t, found.Message, "expected: 3")
			require.Contains(t, found.Seed, s.String())
		})
	}
}

type ask = rpc.Reply[int]

// asking makes an actor that asks to before it answers.
func asking(sys *actortest.System, to *actor.Ref[ask], first func(ctx *actor.Context[ask])) actor.Ref[ask] {
	ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[ask], r ask) error {
		first(ctx)
		v, err := rpc.Call(ctx, *to, func(r ask) ask { return r })
		r.Send(v)
		return err
	}))
	require.NoError(sys, err)
	return ref
}

func TestDeadlock_ACycleOfCalls(t *testing.T) {
	for name, first := range map[string]func(ctx *actor.Context[ask]){
		"nothing is left that could happen":                                      func(*actor.Context[ask]) {},
		"only periodic timers are left, and a round of them has changed nothing": func(ctx *actor.Context[ask]) { ctx.Every(1000, ask{}) },
	} {
		found, _ := actortest.Search(t, 3, func(sys *actortest.System) {
			var a, b actor.Ref[ask]
			a = asking(sys, &b, first)
			b = asking(sys, &a, func(*actor.Context[ask]) {})
			_, _ = rpc.Call(sys, a, func(r ask) ask { return r })
		})
		require.NotNil(t, found)
		require.Contains(t, found.Message, "deadlock: "+name)
		require.Contains(t, found.Message, "test waits for the answer of function, which waits for the answer of function#2, "+
			"which waits for the answer of function: a cycle")
	}
}
