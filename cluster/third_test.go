package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
)

// keeper hands on the Refs that it gets.
type keeper chan actor.Ref[Msg]

func (k keeper) Handle(_ *actor.Context[Msg], m Msg) error {
	if m, ok := m.(Hand); ok {
		k <- m.Other
	}
	return nil
}

// keeps spawns a keeper that other nodes find by that name.
func (s *side) keeps(name string) keeper {
	s.t.Helper()
	k := make(keeper, 10)
	_, err := actor.Spawn(s.ctx, k, actor.Remotable(), actor.Named(name))
	require.NoError(s.t, err)
	return k
}

// gets returns the next Ref.
func (s *side) gets(k keeper) actor.Ref[Msg] {
	s.t.Helper()
	select {
	case r := <-k:
		return r
	case <-s.ctx.Done():
		require.FailNow(s.t, "no Ref has come")
		return actor.Ref[Msg]{}
	}
}

// isEnded checks that r leads nowhere, with why in what it says.
func (s *side) isEnded(r actor.Ref[Msg], why error) {
	s.t.Helper()
	require.Equal(s.t, actor.Stopped, r.Status())
	require.ErrorIs(s.t, r.Wait(s.ctx), why)
	err := r.Cast(s.ctx, Add{N: 1})
	require.ErrorIs(s.t, err, actor.ErrStopped)
	require.ErrorIs(s.t, err, why)
	_, err = get(s.ctx, r)
	require.ErrorIs(s.t, err, why)
}

// sides3 are three sides that are not connected.
func sides3(t *testing.T) (a, b, c *side) {
	t.Helper()
	a, b = sides(t)
	return a, b, newSide(t, config("c"))
}

// A Ref of an actor on a third node is the one that the receiver has over its own
// session with that node. If it has none, the Ref has ended, for good; one that is
// sent again later is as good as the session is then.
func TestRefOfThirdNode(t *testing.T) {
	a, b, c := sides3(t)
	counted := c.spawn(&counter{}, actor.Named("counter"))
	kept := b.keeps("keeper")
	a.dials(b)
	a.dials(c)
	ref, to := a.find("counter"), a.find("keeper")

	require.NoError(t, to.Cast(a.ctx, Hand{ref}))
	early := b.gets(kept)
	b.isEnded(early, cluster.ErrNodeDown)

	b.dials(c)
	b.isEnded(early, cluster.ErrNodeDown)
	require.NoError(t, to.Cast(a.ctx, Hand{ref}))
	late := b.gets(kept)
	require.Equal(t, b.find("counter"), late)
	require.NoError(t, late.Cast(b.ctx, Add{N: 5}))
	n, err := get(b.ctx, late)
	require.NoError(t, err)
	require.EqualValues(t, 5, n)

	require.NoError(t, counted.StopAndWait(c.ctx))
	require.NoError(t, late.Wait(b.ctx), "it ends as it does for everybody")
	require.Zero(t, c.node.Stats().Unknown, "c was not even asked by those that had ended")
}

// A Ref gives no rights: an actor that c has shown to a alone is out of b's reach,
// though b has a's Ref and a session with c.
func TestRefOfThirdNodeIsNoPermission(t *testing.T) {
	a, b, c := sides3(t)
	secret := c.spawn(&counter{})
	keptA, keptB := a.keeps("of a"), b.keeps("of b")
	a.dials(b)
	a.dials(c)
	b.dials(c)
	require.NoError(t, c.find("of a").Cast(c.ctx, Hand{secret}))
	ref := a.gets(keptA)
	require.NoError(t, ref.Cast(a.ctx, Add{N: 1}))
	require.NoError(t, a.find("of b").Cast(a.ctx, Hand{ref}))
	b.isEnded(b.gets(keptB), actor.ErrNoProc)
	n, err := get(a.ctx, ref)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

// A Ref from before a third node has started anew is of an actor that has ended, though
// there may be one with its pid again.
func TestRefOfThirdNodeBeforeItsRestart(t *testing.T) {
	a, b, c := sides3(t)
	c.spawn(&counter{}, actor.Named("counter"))
	kept := b.keeps("keeper")
	a.dials(b)
	a.dials(c)
	ref := a.find("counter")
	require.NoError(t, c.node.Stop(c.ctx))
	require.ErrorIs(t, ref.Wait(a.ctx), cluster.ErrNodeDown)
	again := newSide(t, config("c"))
	again.spawn(&counter{}, actor.Named("counter"))
	b.dials(again)
	require.NoError(t, a.find("keeper").Cast(a.ctx, Hand{ref}))
	b.isEnded(b.gets(kept), cluster.ErrNodeDown)
	_, err := get(b.ctx, b.find("counter"))
	require.NoError(t, err)
}
