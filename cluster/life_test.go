package cluster_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// watcher is told what becomes of an actor, after what that has sent (row P9).
type watcher struct {
	target actor.Ref[Msg]
	log    chan string
}

func (w *watcher) PreStart(ctx *actor.Context[Msg]) error {
	ctx.MonitorMsg(w.target.Any(), func(d actor.Down) Msg {
		s := "down"
		if d.Err != nil {
			s += ": " + d.Err.Error()
		}
		w.log <- s
		return Text{}
	})
	return nil
}

func (w *watcher) Handle(_ *actor.Context[Msg], m Msg) error {
	if _, ok := m.(Add); ok {
		w.log <- "add"
	}
	return nil
}

// farewell sends an Add to each actor that it was handed when it stops.
type farewell struct{ to []actor.Ref[Msg] }

func (f *farewell) Handle(_ *actor.Context[Msg], m Msg) error {
	switch m := m.(type) {
	case Hand:
		f.to = append(f.to, m.Other)
	case Get:
		m.Reply.Send(uint64(len(f.to)))
	case Add:
		return errFail
	}
	return nil
}

func (f *farewell) PostStop(ctx *actor.Context[Msg]) error {
	for _, r := range f.to {
		for range 3 {
			if err := r.Cast(ctx, Add{N: 1}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Down comes with the reason, after all that the dead actor has sent (rows M1, P9).
func TestMonitors(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(r actor.Ref[Msg])
		want []string
	}{
		{"stop", func(r actor.Ref[Msg]) { r.Stop() }, []string{"add", "add", "add", "down"}},
		{"drain", func(r actor.Ref[Msg]) { r.Drain() }, []string{"add", "add", "add", "down: " + actor.ErrDrained.Error()}},
		{"kill", func(r actor.Ref[Msg]) { r.Kill() }, []string{"down: " + actor.ErrKilled.Error()}},
		{"stop with", func(r actor.Ref[Msg]) { r.StopWith(errors.New("enough")) }, []string{"add", "add", "add", "down: b@localhost: enough"}},
		{"fail", func(r actor.Ref[Msg]) { _ = r.Cast(context.Background(), Add{}) }, []string{"down: b@localhost: " + string(errFail)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := sides(t)
			f, err := actor.Spawn(b.ctx, &farewell{}, actor.Remotable(), actor.Named("f"))
			require.NoError(t, err)
			a.dials(b)
			r := a.find("f")
			log := make(chan string, 10)
			w, err := actor.Spawn(a.ctx, &watcher{r, log}, actor.Remotable())
			require.NoError(t, err)
			require.NoError(t, r.Cast(a.ctx, Hand{w}))
			n, err := get(a.ctx, r)
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
			c.end(f)
			for _, want := range c.want {
				require.Equal(t, want, <-log)
			}
			require.Empty(t, slices.Collect(lookup(a, "f")))
		})
	}
}

func lookup(s *side, name string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for node := range cluster.Lookup[Msg](s.node, name) {
			if !yield(node) {
				return
			}
		}
	}
}

// The end of the node is the end of all its actors here.
func TestNodeDeathEndsShims(t *testing.T) {
	a, b := sides(t)
	b.spawn(&counter{}, actor.Named("counter"))
	group := pg.Group[Msg]{Name: "g"}
	member := b.spawn(&counter{})
	require.NoError(t, group.Join(b.ctx, member))
	conn := a.dialsThrough(b)
	log := make(chan string, 10)
	_, err := actor.Spawn(a.ctx, &watcher{a.find("counter"), log})
	require.NoError(t, err)
	require.Len(t, slices.Collect(group.Members(a.ctx)), 1)
	require.NoError(t, conn.Close())
	require.Equal(t, "down: "+cluster.ErrNodeDown.Error()+": b@localhost", <-log)
	a.awaits(cluster.Disconnected)
	require.Empty(t, slices.Collect(group.Members(a.ctx)))
	require.Empty(t, slices.Collect(lookup(a, "counter")))
	require.Zero(t, a.sys.Stats().Shims)
	require.Equal(t, actor.Running, member.Status(), "b's own actors go on")
}

// A name has as many holders as there are.
func TestNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t)
		a.spawn(&counter{sum: 1}, actor.Named("x"))
		b.spawn(&counter{sum: 2}, actor.Named("x"))
		a.pipes(b)
		require.Equal(t, []string{"a@localhost", "b@localhost"}, slices.Collect(lookup(a, "x")))
		require.Equal(t, []string{"b@localhost", "a@localhost"}, slices.Collect(lookup(b, "x")))

		nameless := b.spawn(&counter{sum: 3})
		require.NoError(t, b.node.Export("y", nameless.Any()))
		require.NoError(t, b.node.Export("y", nameless.Any()), "again")
		synctest.Wait()
		n, err := get(a.ctx, a.find("y"))
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
		require.NoError(t, b.node.Unexport("y", nameless.Any()))
		synctest.Wait()
		require.Empty(t, slices.Collect(lookup(a, "y")))
		require.ErrorIs(t, b.node.Export("", nameless.Any()), actor.ErrOption)
		private, err := actor.Spawn(b.ctx, &counter{})
		require.NoError(t, err)
		require.ErrorIs(t, b.node.Export("z", private.Any()), cluster.ErrNotExported)
		require.NoError(t, nameless.StopAndWait(b.ctx))
		require.ErrorIs(t, b.node.Export("y", nameless.Any()), cluster.ErrNotExported)
	})
}

// Other nodes may end those actors that were given to them, and no others.
func TestControl(t *testing.T) {
	a, b := sides(t)
	mine := b.spawn(&counter{}, actor.Named("mine"))
	for _, name := range []string{"stop", "kill", "drain", "far"} {
		require.NoError(t, cluster.AllowControl(b.spawn(&counter{}, actor.Named(name)).Any()))
	}
	a.dials(b)
	require.ErrorIs(t, a.find("mine").StopAndWait(a.ctx), cluster.ErrNotAllowed)
	a.find("mine").Kill()
	_, err := get(a.ctx, a.find("mine"))
	require.NoError(t, err, "it does not care")
	require.Equal(t, actor.Running, mine.Status())
	require.EqualValues(t, 2, b.node.Stats().Denied)

	require.NoError(t, a.find("stop").StopAndWait(a.ctx))
	require.NoError(t, a.find("kill").KillAndWait(a.ctx))
	require.NoError(t, a.find("drain").DrainAndWait(a.ctx))
	far := a.find("far")
	far.StopWith(errors.New("we close"))
	var exit *actor.ExitError
	require.ErrorAs(t, far.Wait(a.ctx), &exit)
	require.ErrorContains(t, exit, "we close")
	require.ErrorIs(t, actor.Suspend(a.ctx, far.Any()), actor.ErrNotSupported)
	require.ErrorIs(t, cluster.AllowControl(actor.AnyRef{}), actor.ErrNoActor)
}

func TestSpawn(t *testing.T) {
	a, b := sides(t, func(_, b *cluster.Config) {
		b.Kinds = map[string]cluster.Kind{
			"counter": func(ctx context.Context, arg []byte) (actor.AnyRef, error) {
				r, err := actor.Spawn(ctx, &counter{sum: uint64(len(arg))}, actor.Remotable())
				return r.Any(), err
			},
			"refuses": func(context.Context, []byte) (actor.AnyRef, error) { return actor.AnyRef{}, errFail },
			"panics":  func(context.Context, []byte) (actor.AnyRef, error) { panic("no") },
			"private": func(ctx context.Context, _ []byte) (actor.AnyRef, error) {
				r, err := actor.Spawn(ctx, &counter{})
				return r.Any(), err
			},
			"waits": func(ctx context.Context, _ []byte) (actor.AnyRef, error) {
				<-ctx.Done()
				return actor.AnyRef{}, context.Cause(ctx)
			},
		}
	})
	a.dials(b)
	r, err := cluster.Spawn[Msg](a.ctx, a.node, "b@localhost", "counter", []byte("1234"))
	require.NoError(t, err)
	n, err := get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, 4, n)

	spawn := func(node, kind string) error {
		_, err := cluster.Spawn[Msg](a.ctx, a.node, node, kind, nil)
		return err
	}
	require.ErrorIs(t, spawn("b@localhost", "dragon"), cluster.ErrNoKind)
	require.ErrorIs(t, spawn("c@localhost", "counter"), cluster.ErrNoSession)
	require.ErrorContains(t, spawn("b@localhost", "refuses"), string(errFail))
	require.ErrorContains(t, spawn("b@localhost", "panics"), "panic: no")
	require.ErrorContains(t, spawn("b@localhost", "private"), "not remotable")
	_, err = cluster.Spawn[int](a.ctx, a.node, "b@localhost", "counter", nil)
	require.ErrorIs(t, err, cluster.ErrNoCodec)
	ctx, cancel := context.WithTimeout(a.ctx, 20*time.Millisecond)
	defer cancel()
	_, err = cluster.Spawn[Msg](ctx, a.node, "b@localhost", "waits", nil)
	require.ErrorContains(t, err, context.DeadlineExceeded.Error(), "whoever is the first to say so")
}

// Groups have the members of all nodes, each under its own node (rows G1, G6).
func TestGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t)
		for _, g := range []pg.Group[Msg]{{Name: "here"}, {Scope: "elsewhere", Name: "g"}} {
			early := b.spawn(&counter{})
			require.NoError(t, g.Join(b.ctx, early))
			private, err := actor.Spawn(b.ctx, &counter{})
			require.NoError(t, err)
			require.NoError(t, g.Join(b.ctx, private), "it is a member at home")
		}
		a.pipes(b)
		for _, g := range []pg.Group[Msg]{{Name: "here"}, {Scope: "elsewhere", Name: "g"}} {
			require.Len(t, slices.Collect(g.Members(a.ctx)), 1)
			mine := a.spawn(&counter{})
			late := b.spawn(&counter{})
			require.NoError(t, g.Join(a.ctx, mine))
			require.NoError(t, g.Join(b.ctx, late))
			synctest.Wait()
			require.Len(t, slices.Collect(g.Members(a.ctx)), 3)
			require.Len(t, slices.Collect(g.LocalMembers(a.ctx)), 1)
			require.Len(t, slices.Collect(g.Members(b.ctx)), 4)
			n, err := g.Cast(a.ctx, Add{N: 5})
			require.NoError(t, err)
			require.Equal(t, 3, n)
			synctest.Wait()
			for _, r := range []actor.Ref[Msg]{mine, late} {
				sum, err := rpc.Call(context.Background(), r, func(r rpc.Reply[uint64]) Msg { return Get{r} })
				require.NoError(t, err)
				require.EqualValues(t, 5, sum)
			}
			require.NoError(t, g.Leave(b.ctx, late))
			require.NoError(t, mine.StopAndWait(a.ctx))
			synctest.Wait()
			require.Len(t, slices.Collect(g.Members(a.ctx)), 1)
			require.Len(t, slices.Collect(g.Members(b.ctx)), 2)
		}
	})
}

func TestEventsAndSessions(t *testing.T) {
	a, b := sides(t)
	a.dials(b)
	require.True(t, a.awaits(cluster.Opened).Session.Dialed, "that is known from the beginning")
	for s := range b.node.Sessions() {
		require.Equal(t, "a@localhost", s.Node)
		require.Equal(t, a.node.Addr(), s.Addr)
		require.Equal(t, a.node.Incarnation(), s.Incarnation)
		require.True(t, s.Go)
		require.False(t, s.Dialed)
		require.False(t, s.Secure)
		require.Equal(t, cluster.Ready, s.State)
	}
	require.Equal(t, 1, a.node.Stats().Sessions)
	again, err := a.node.Dial(a.ctx, b.node.Addr())
	require.NoError(t, err, "the session that is there")
	require.Equal(t, "b@localhost", again.Node)
	require.Equal(t, 1, a.node.Stats().Sessions)

	require.NoError(t, b.node.Stop(b.ctx))
	e := a.awaits(cluster.Disconnected)
	require.Equal(t, "b@localhost", e.Session.Node)
	require.Zero(t, a.node.Stats().Sessions)
	_, err = b.node.Dial(b.ctx, a.node.Addr())
	require.ErrorIs(t, err, cluster.ErrStopped)
}

// A node that is to join tries until it succeeds, and again when the session ends.
func TestJoin(t *testing.T) {
	b := newSide(t, config("b"))
	addr := b.node.Addr()
	cfg := config("a")
	cfg.Join = []string{addr}
	cfg.RedialMin = time.Millisecond
	cfg.RedialMax = 10 * time.Millisecond
	require.NoError(t, b.node.Stop(b.ctx))
	a := newSide(t, cfg)

	cfg = config("b")
	cfg.Listen = addr
	for range 2 {
		again := newSide(t, cfg)
		require.Equal(t, "b@localhost", a.awaits(cluster.Ready).Session.Node)
		require.Equal(t, "a@localhost", again.awaits(cluster.Ready).Session.Node)
		require.Equal(t, 1, again.node.Stats().Sessions)
		require.NoError(t, again.sys.Shutdown(again.ctx))
	}
}

// Both dial at the same time: one session stays.
func TestSimultaneousDial(t *testing.T) {
	a, b := sides(t)
	errs := make(chan error, 2)
	for _, d := range []struct{ from, to *side }{{a, b}, {b, a}} {
		go func() {
			_, err := d.from.node.Dial(d.from.ctx, d.to.node.Addr())
			errs <- err
		}()
	}
	require.NoError(t, <-errs)
	require.NoError(t, <-errs)
	require.Equal(t, 1, a.node.Stats().Sessions)
	require.Equal(t, 1, b.node.Stats().Sessions)
}

// In transitive mode everybody meets everybody.
func TestTransitive(t *testing.T) {
	var all []*side
	for _, name := range []string{"a", "b", "c", "d"} {
		cfg := config(name)
		cfg.Mode = cluster.Transitive
		if len(all) > 0 {
			cfg.Join = []string{all[0].node.Addr()}
		}
		all = append(all, newSide(t, cfg))
	}
	for _, s := range all {
		met := map[string]bool{}
		for len(met) < 3 {
			met[s.awaits(cluster.Ready).Session.Node] = true
		}
	}
}

// When the System ends nothing of the node is left: TestMain looks.
func TestSystemEndsNode(t *testing.T) {
	a, b, r := peers(t, &counter{})
	require.NoError(t, r.Cast(a.ctx, Add{}))
	require.NoError(t, a.sys.Shutdown(a.ctx))
	require.Equal(t, "a@localhost", b.awaits(cluster.Disconnected).Session.Node)
	require.NoError(t, a.node.Stop(a.ctx))
}

// A remotable actor whose messages nobody can read is a mistake that Spawn finds.
func TestSpawnWithoutCodec(t *testing.T) {
	a, _ := sides(t)
	_, err := actor.Spawn(a.ctx, actor.Func(func(*actor.Context[int], int) error { return nil }), actor.Remotable())
	require.ErrorIs(t, err, cluster.ErrNoCodec)
	require.ErrorContains(t, err, "type int")
}

// An actor that was not exported to a peer cannot be addressed by it, though ids can
// be guessed.
func TestUnexportedActorIsOutOfReach(t *testing.T) {
	a, b, r := peers(t, &counter{})
	secret := b.spawn(&counter{})
	require.NoError(t, a.node.Forge(uint64(secret.ID()), "Text", field("hello")))
	_, err := get(a.ctx, r) // comes after it
	require.NoError(t, err)
	require.EqualValues(t, 1, b.node.Stats().Unknown)
	require.Zero(t, b.node.Stats().Undecodable)

	// With a name it can be.
	require.NoError(t, r.Cast(a.ctx, Add{N: 1}))
	require.NoError(t, b.node.Export("open", secret.Any()))
	require.NoError(t, a.node.Forge(uint64(secret.ID()), "Text", field("hello")))
	_, err = get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, 1, b.node.Stats().Unknown)
}
