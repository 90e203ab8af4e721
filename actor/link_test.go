package actor_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestV1_OneSupervisor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	var inner, plain actor.Ref[job]
	do(t, parent, func(ctx *actor.Context[job]) {
		inner, _ = actor.SpawnLinked(ctx, worker())
		plain, _ = actor.Spawn(ctx, worker())
	})
	outer := spawn(t, ctx, worker(), actor.LinkedTo(parent.Any()))
	require.Equal(t, parent.Any(), inner.Parent())
	require.Equal(t, parent.Any(), outer.Parent())
	require.True(t, plain.Parent().IsZero(), "Spawn inside a handler links nothing")
	require.Equal(t, actor.Event{Kind: actor.Started, Actor: inner.Any()}, recv(t, events))
	require.Equal(t, actor.Event{Kind: actor.Started, Actor: outer.Any()}, recv(t, events))
	do(t, parent, func(ctx *actor.Context[job]) {
		require.Equal(t, []actor.AnyRef{outer.Any(), inner.Any()}, slices.Collect(ctx.Children()), "youngest first")
		for range ctx.Children() { // the loop may be left
			break
		}
	})
	parent.Kill()
	waitEnd(t, inner)
	waitEnd(t, outer)
	require.True(t, inner.Parent().IsZero())
	require.Equal(t, actor.Running, plain.Status())
}

func TestV2_LinkMovesAndIsIdempotent(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, aEvents := newPuppet(t, ctx)
	b, bEvents := newPuppet(t, ctx)
	child := spawn(t, ctx, worker())
	require.NoError(t, actor.Link(a.Any(), child.Any()))
	require.NoError(t, actor.Link(a.Any(), child.Any()))
	require.Equal(t, []actor.AnyRef{child.Any()}, actor.ChildrenOf(a.Any()))
	require.NoError(t, actor.Link(b.Any(), child.Any()))
	require.Empty(t, actor.ChildrenOf(a.Any()))
	require.Equal(t, []actor.AnyRef{child.Any()}, actor.ChildrenOf(b.Any()))
	require.Equal(t, b.Any(), child.Parent())

	require.NoError(t, killAndWait(a))
	require.Equal(t, actor.Running, child.Status())
	child.Stop()
	require.NoError(t, waitEnd(t, child))
	ev := recv(t, bEvents) // and no Started before
	require.Equal(t, actor.Terminated, ev.Kind)
	require.Equal(t, child.Any(), ev.Actor)
	require.Empty(t, actor.ChildrenOf(b.Any()))
	none(t, aEvents)
}

func killAndWait(r interface {
	KillAndWait(ctx context.Context) error
}) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return r.KillAndWait(ctx)
}

func TestV2_LinkErrors(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	otherCtx, _ := newSystem(t, actor.Config{})
	a, b, c := spawn(t, ctx, worker()), spawn(t, ctx, worker()), spawn(t, ctx, worker())
	require.NoError(t, actor.Link(a.Any(), b.Any()))
	require.NoError(t, actor.Link(b.Any(), c.Any()))

	link := func(parent, child actor.AnyRef, want error) {
		t.Helper()
		err := actor.Link(parent, child)
		require.ErrorIs(t, err, want)
		if !parent.IsZero() && !child.IsZero() {
			require.ErrorContains(t, err, parent.String())
			require.ErrorContains(t, err, child.String())
		}
	}
	link(a.Any(), a.Any(), actor.ErrCycle)
	link(b.Any(), a.Any(), actor.ErrCycle)
	link(c.Any(), a.Any(), actor.ErrCycle)
	link(actor.AnyRef{}, a.Any(), actor.ErrNoActor)
	link(a.Any(), actor.AnyRef{}, actor.ErrNoActor)
	link(a.Any(), spawn(t, otherCtx, worker()).Any(), actor.ErrOption)
	require.True(t, a.Parent().IsZero())

	draining, dead, free := spawn(t, ctx, worker()), spawn(t, ctx, worker()), spawn(t, ctx, worker())
	release := blocked(t, draining)
	draining.Drain()
	require.NoError(t, killAndWait(dead))
	link(draining.Any(), free.Any(), actor.ErrStopping)
	link(dead.Any(), free.Any(), actor.ErrStopping)
	link(dead.Any(), c.Any(), actor.ErrStopping)
	link(a.Any(), draining.Any(), actor.ErrStopped)
	link(a.Any(), dead.Any(), actor.ErrStopped)
	require.Equal(t, b.Any(), c.Parent(), "a move that fails changes nothing")
	release()

	require.False(t, actor.Unlink(actor.AnyRef{}, a.Any()))
	require.False(t, actor.Unlink(a.Any(), actor.AnyRef{}))
}

func TestV3_Unlink(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, events := newPuppet(t, ctx)
	b := spawn(t, ctx, worker())
	child := spawn(t, ctx, worker())
	require.NoError(t, actor.Link(a.Any(), child.Any()))
	require.False(t, actor.Unlink(b.Any(), child.Any()), "not its parent")
	require.Equal(t, a.Any(), child.Parent())
	require.True(t, actor.Unlink(a.Any(), child.Any()))
	require.False(t, actor.Unlink(a.Any(), child.Any()))
	require.True(t, child.Parent().IsZero())

	free := spawn(t, ctx, worker())
	require.NoError(t, actor.Link(a.Any(), free.Any()))
	require.True(t, actor.Unlink(a.Any(), free.Any()))
	require.NoError(t, killAndWait(free))
	none(t, events)
	require.NoError(t, killAndWait(a))
	require.Equal(t, actor.Running, child.Status())
}

// V3: Unlink against the child's end: either Unlink says true and the parent
// hears nothing, or it says false and the parent hears of it, once.
func TestV3_UnlinkAgainstTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	told := map[actor.AnyRef]bool{}
	for range 2000 {
		child := spawn(t, ctx, worker())
		require.NoError(t, actor.Link(parent.Any(), child.Any()))
		go child.Kill()
		told[child.Any()] = !actor.Unlink(parent.Any(), child.Any())
		_ = waitEnd(t, child)
	}
	do(t, parent, func(*actor.Context[job]) {})
	for len(events) > 0 {
		ev := <-events
		require.True(t, told[ev.Actor], "%v is unlinked, or was told before", ev.Actor)
		told[ev.Actor] = false
	}
	for _, still := range told {
		require.False(t, still, "not told")
	}
	require.Empty(t, actor.ChildrenOf(parent.Any()))
}

// V2: of a Link and the end of the child one wins: the new parent is told, or
// Link fails; no dead child stays on a list.
func TestV2_LinkAgainstTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, aEvents := newPuppet(t, ctx)
	b, bEvents := newPuppet(t, ctx)
	for i := range 2000 {
		child := spawn(t, ctx, worker())
		moved := i%2 == 0
		if moved {
			require.NoError(t, actor.Link(a.Any(), child.Any()))
		}
		go child.Stop()
		linked := actor.Link(b.Any(), child.Any()) == nil
		_ = waitEnd(t, child)
		do(t, a, func(*actor.Context[job]) {})
		do(t, b, func(*actor.Context[job]) {})
		require.Empty(t, actor.ChildrenOf(a.Any()))
		require.Empty(t, actor.ChildrenOf(b.Any()))
		switch {
		case linked:
			require.Equal(t, child.Any(), recv(t, bEvents).Actor)
		case moved:
			require.Equal(t, child.Any(), recv(t, aEvents).Actor)
		}
		none(t, aEvents)
		none(t, bEvents)
	}
}

// V2, V4: two Links that would close a cycle together: exactly one succeeds.
func TestV4_OppositeLinks(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for range 2000 {
		a, b := spawn(t, ctx, worker()), spawn(t, ctx, worker())
		var one, two error
		var wg sync.WaitGroup
		wg.Go(func() { one = actor.Link(a.Any(), b.Any()) })
		wg.Go(func() { two = actor.Link(b.Any(), a.Any()) })
		wg.Wait()
		require.NotEqual(t, one == nil, two == nil, "%v, %v", one, two)
		require.ErrorIs(t, errors.Join(one, two), actor.ErrCycle)
		require.NoError(t, killAndWait(a))
		require.NoError(t, killAndWait(b))
	}
}

// A start may meddle with its own place in the tree before it is linked.
func TestV2_LinksMadeByPreStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	top, topEvents := newPuppet(t, ctx)
	parent := spawn(t, ctx, worker(), actor.LinkedTo(top.Any()))
	recv(t, topEvents)

	t.Run("its parent below itself", func(t *testing.T) {
		_, err := actor.Spawn(ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) error {
			return actor.Link(ctx.Self().Any(), top.Any())
		}}, actor.LinkedTo(parent.Any()))
		require.ErrorIs(t, err, actor.ErrCycle)
		// What it had linked dies with it.
		waitEnd(t, top)
		waitEnd(t, parent)
	})

	t.Run("itself elsewhere", func(t *testing.T) {
		a, aEvents := newPuppet(t, ctx)
		b, bEvents := newPuppet(t, ctx)
		child := spawn(t, ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) error {
			return actor.Link(a.Any(), ctx.Self().Any())
		}}, actor.LinkedTo(b.Any()))
		require.Equal(t, b.Any(), child.Parent())
		require.Empty(t, actor.ChildrenOf(a.Any()))
		require.Equal(t, []actor.AnyRef{child.Any()}, actor.ChildrenOf(b.Any()))
		child.Stop()
		require.NoError(t, waitEnd(t, child))
		do(t, b, func(*actor.Context[job]) {})
		require.NotEmpty(t, bEvents)
		none(t, aEvents)
	})

	t.Run("and fails", func(t *testing.T) {
		a, aEvents := newPuppet(t, ctx)
		_, err := actor.Spawn(ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) error {
			_ = actor.Link(a.Any(), ctx.Self().Any())
			return errTest
		}})
		require.ErrorIs(t, err, errTest)
		require.Empty(t, actor.ChildrenOf(a.Any()))
		do(t, a, func(*actor.Context[job]) {})
		none(t, aEvents)
	})
}

// Two starts that would each put the other's parent below themselves.
func TestV4_OppositeStarts(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for range 500 {
		p1, p2 := spawn(t, ctx, worker()), spawn(t, ctx, worker())
		var one, two error
		var wg, both sync.WaitGroup
		both.Add(2)
		start := func(parent, below actor.Ref[job]) error {
			_, err := actor.Spawn(ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) error {
				err := actor.Link(ctx.Self().Any(), below.Any())
				both.Done()
				both.Wait()
				return err
			}}, actor.LinkedTo(parent.Any()))
			return err
		}
		wg.Go(func() { one = start(p1, p2) })
		wg.Go(func() { two = start(p2, p1) })
		wg.Wait()
		require.ErrorIs(t, errors.Join(one, two), actor.ErrCycle)
		// Who failed first has killed the other's parent, which may have come
		// too late for the other one's start, or not.
		for _, r := range []actor.Ref[job]{p1, p2} {
			require.NoError(t, killAndWait(r))
		}
	}
}

// tree is the dumb model of a supervision tree: who is whose parent.
type tree struct {
	parent map[actor.AnyRef]actor.AnyRef // of all that live; the zero AnyRef for roots
}

func (m *tree) above(a, b actor.AnyRef) bool {
	for ; !b.IsZero(); b = m.parent[b] {
		if a == b {
			return true
		}
	}
	return false
}

func (m *tree) remove(a actor.AnyRef) {
	delete(m.parent, a)
	for child, parent := range m.parent {
		if parent == a {
			m.remove(child)
		}
	}
}

// V1-V4 against the model, one operation after another.
func TestV4_TreeModel(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		m := tree{parent: map[actor.AnyRef]actor.AnyRef{}}
		var all []actor.AnyRef // the dead too
		some := func() actor.AnyRef { return all[r.IntN(len(all))] }
		alive := func(a actor.AnyRef) bool { _, ok := m.parent[a]; return ok }
		add := func(opts ...actor.Option) actor.AnyRef {
			p, _ := newPuppet(t, ctx, opts...)
			all = append(all, p.Any())
			return p.Any()
		}
		for range 4 {
			m.parent[add()] = actor.AnyRef{}
		}
		for range 300 {
			a, b := some(), some()
			switch op := r.IntN(10); {
			case op < 2:
				if alive(a) {
					m.parent[add(actor.LinkedTo(a))] = a
				} else {
					_, err := actor.Spawn(ctx, worker(), actor.LinkedTo(a))
					require.ErrorIs(t, err, actor.ErrStopping)
				}
			case op < 7:
				err := actor.Link(a, b)
				switch {
				case !alive(b):
					require.ErrorIs(t, err, actor.ErrStopped)
				case !alive(a):
					require.ErrorIs(t, err, actor.ErrStopping)
				case m.above(b, a):
					require.ErrorIs(t, err, actor.ErrCycle)
				default:
					require.NoError(t, err)
					m.parent[b] = a
				}
			case op < 9:
				linked := alive(b) && alive(a) && m.parent[b] == a
				require.Equal(t, linked, actor.Unlink(a, b))
				if linked {
					m.parent[b] = actor.AnyRef{}
				}
			default:
				if r.IntN(2) == 0 {
					a.Kill()
				} else {
					a.Stop()
				}
				m.remove(a)
				_ = waitEnd(t, a)
			}
			for _, x := range all {
				if !alive(x) {
					_ = waitEnd(t, x)
					require.Empty(t, actor.ChildrenOf(x))
					require.True(t, x.Parent().IsZero())
					continue
				}
				require.Equal(t, actor.Running, x.Status())
				require.Equal(t, m.parent[x], x.Parent())
				for _, child := range actor.ChildrenOf(x) {
					require.Equal(t, x, m.parent[child])
				}
			}
		}
		for _, x := range all {
			x.Kill()
		}
	}
}

// V1-V4 from many goroutines: at any quiet moment there is no cycle, lists and
// parents agree, no dead actor is on a list, and everything dies with its root.
func TestV4_TreeUnderFire(t *testing.T) {
	const goroutines, rounds = 8, 10
	ops := smaller(4000)
	ctx, _ := newSystem(t, actor.Config{})
	for round := range rounds {
		var mu sync.Mutex
		var all []actor.AnyRef
		add := func(a actor.AnyRef) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, a)
		}
		some := func(r *rand.Rand) actor.AnyRef {
			mu.Lock()
			defer mu.Unlock()
			return all[r.IntN(len(all))]
		}
		for range 20 {
			p, _ := newPuppet(t, ctx)
			add(p.Any())
		}
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(round), uint64(g)))
				for range ops {
					a, b := some(r), some(r)
					switch op := r.IntN(100); {
					case op < 60:
						_ = actor.Link(a, b)
					case op < 75:
						actor.Unlink(a, b)
					case op < 90:
						quiet := &boss[int]{}
						if op%3 == 0 {
							quiet.preStart = func(ctx *actor.Context[int]) error {
								_ = actor.Link(ctx.Self().Any(), b)
								_ = actor.Link(b, ctx.Self().Any())
								return nil
							}
						}
						if c, err := actor.Spawn(ctx, quiet, actor.LinkedTo(a)); err == nil {
							add(c.Any())
						}
					case op < 92:
						p, err := actor.Spawn(ctx, &boss[int]{})
						require.NoError(t, err)
						add(p.Any())
					case op < 94:
						a.Kill()
					case op < 96:
						a.Stop()
					}
				}
			})
		}
		wg.Wait()
		for _, a := range all { // those that are ending: to the end
			if s := a.Status(); s >= actor.Stopping {
				_ = waitEnd(t, a)
			}
		}
		eventually(t, func() bool { return sound(all) }, "a sound tree")
		for _, a := range all {
			if a.Parent().IsZero() {
				a.Kill()
			}
		}
		for _, a := range all {
			_ = waitEnd(t, a)
		}
	}
}

// sound says whether the tree is one. It is asked until it is, for the last
// stops may still be under way.
func sound(all []actor.AnyRef) bool {
	on := map[actor.AnyRef]int{}
	for _, a := range all {
		for _, child := range actor.ChildrenOf(a) {
			on[child]++
			if child.Parent() != a || child.Status() == actor.Stopped {
				return false
			}
		}
	}
	for _, a := range all {
		want := 1
		if a.Parent().IsZero() {
			want = 0
		}
		if on[a] != want {
			return false
		}
		steps := 0
		for p := a; !p.IsZero(); p = p.Parent() {
			if steps++; steps > len(all) {
				return false // a cycle
			}
		}
	}
	return true
}
