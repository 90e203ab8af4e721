//go:build interop

package interop

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
)

// A goNode is a System with a node of ours, and a journal of what happens to it:
// opened, authenticated, ready and disconnected with peer=, joined and left with
// group=, got with actor=, down.
type goNode struct {
	t    testing.TB
	ctx  context.Context
	node *cluster.Node
	sys  *actor.System
	journal
}

// startGo starts a node; what cfg does not say is as for all of them. It ends with
// the test.
func startGo(t testing.TB, cfg cluster.Config) *goNode {
	t.Helper()
	n, err := newGo(cfg)
	require.NoError(t, err)
	n.t = t
	t.Cleanup(func() {
		n.shutdown(t)
		if t.Failed() {
			t.Logf("%s had:\n%s", n.node.Name(), n.story())
		}
	})
	return n
}

// shutdown ends the System, and the node with it.
func (n *goNode) shutdown(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, n.sys.Shutdown(ctx))
}

func newGo(cfg cluster.Config) (*goNode, error) {
	sys, err := actor.NewSystem(actor.Config{})
	if err != nil {
		return nil, err
	}
	n := &goNode{sys: sys, ctx: actor.WithSystem(context.Background(), sys), journal: newJournal()}
	watch, err := actor.Spawn(n.ctx, watcher{&n.journal})
	if err != nil {
		return nil, err
	}
	groups := actor.Adapt(watch, func(e pg.Event) any { return e })
	if err := pg.MonitorScope(n.ctx, pg.AllScopes, groups); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "go"
	}
	if cfg.Cookie == "" {
		cfg.Cookie = cookie
	}
	cfg.Codecs = append(cfg.Codecs, codec(), cluster.Plain[string]())
	cfg.Events = actor.Adapt(watch, func(e cluster.Event) any { return e })
	n.node, err = cluster.Start(n.ctx, sys, cfg)
	return n, err
}

// watcher enters in the journal what happens to sessions and groups.
type watcher struct{ journal *journal }

func (w watcher) Handle(_ *actor.Context[any], m any) error {
	switch m := m.(type) {
	case cluster.Event:
		w.journal.add(event{m.Kind.String(), map[string]string{
			"peer": m.Session.Node, "dialed": fmt.Sprint(m.Session.Dialed), "go": fmt.Sprint(m.Session.Go),
		}, m})
	case pg.Event:
		for _, r := range m.Joined {
			w.journal.add(event{"joined", map[string]string{"scope": m.Scope, "group": m.Group}, r})
		}
		for _, r := range m.Left {
			w.journal.add(event{"left", map[string]string{"scope": m.Scope, "group": m.Group}, r})
		}
	case actor.Down:
		w.journal.add(event{"down", nil, m.Err})
	}
	return nil
}

// await takes an event: see journal.take.
func (n *goNode) await(word string, pairs ...string) event {
	n.t.Helper()
	return n.take(n.t, word, pairs...)
}

// dial connects to the peer, and waits until both are ready.
func (n *goNode) dial(p *peer) cluster.Session {
	n.t.Helper()
	s, err := n.node.Dial(n.ctx, p.addr())
	require.NoError(n.t, err)
	p.await("ready", "peer="+n.node.Name())
	return s
}

// spawn starts a probe that other nodes can reach, in the group of its name.
func (n *goNode) spawn(name string) actor.Ref[Msg] {
	n.t.Helper()
	r, err := actor.Spawn(n.ctx, &probe{name: name, journal: &n.journal}, actor.Named(name), actor.Remotable())
	require.NoError(n.t, err)
	require.NoError(n.t, pg.Group[Msg]{Name: name}.Join(n.ctx, r))
	return r
}

// member waits until the group has got one, and returns it.
func (n *goNode) member(group string) actor.Ref[Msg] {
	n.t.Helper()
	r, ok := actor.As[Msg](n.await("joined", "group="+group).value.(actor.AnyRef))
	require.True(n.t, ok)
	return r
}

// within is the context of one call.
func (n *goNode) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(n.ctx, d)
	n.t.Cleanup(cancel)
	return ctx
}

// monitor has the end of an actor entered in the journal.
func (n *goNode) monitor(r actor.AnyRef) {
	n.t.Helper()
	_, err := actor.Spawn(n.ctx, &monitor{r, &n.journal})
	require.NoError(n.t, err)
	n.await("monitoring")
}

type monitor struct {
	of      actor.AnyRef
	journal *journal
}

func (m *monitor) PostStart(ctx *actor.Context[actor.Down]) error {
	ctx.MonitorMsg(m.of, func(d actor.Down) actor.Down { return d })
	m.journal.add(event{word: "monitoring"})
	return nil
}

func (m *monitor) Handle(_ *actor.Context[actor.Down], d actor.Down) error {
	m.journal.add(event{"down", nil, d.Err})
	return nil
}

// spawn starts a probe of the peer's, in the group of its name.
func (p *peer) spawn(name string) {
	p.t.Helper()
	p.tellf("spawn %s", name)
	p.await("spawned", "actor="+name)
	p.tellf("join %s %s", name, name)
	p.await("joined", "group="+name, "remote=false")
}

func size[T any](all iter.Seq[T]) int {
	n := 0
	for range all {
		n++
	}
	return n
}
