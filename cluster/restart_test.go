package cluster_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
)

// cable is a connection that can go dead: nothing passes any more, and neither end is
// told.
type cable [2]*gate

func (c cable) cut() {
	for _, g := range c {
		g.shut()
	}
}

// undeliverable is more than a dead cable takes in.
var undeliverable = Text{strings.Repeat("x", 2000)}

// passTo copies to the other end, whose end its own is.
func (g *gate) passTo(to net.Conn) {
	for b := make([]byte, 512); ; {
		n, err := g.Conn.Read(b)
		g.wait()
		if err == nil {
			_, err = to.Write(b[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// cabled is pipes through a cable.
func (s *side) cabled(to *side) cable {
	s.t.Helper()
	x, near := net.Pipe()
	far, y := net.Pipe()
	c := cable{newGate(near), newGate(far)}
	for i := range c {
		go c[i].passTo(c[1-i].Conn)
	}
	s.t.Cleanup(func() {
		for _, g := range c {
			_ = g.Close()
		}
	})
	s.connects(x, to, y)
	return c
}

// happened checks what s was told of its sessions so far: at any moment at most one
// with a node is authenticated. It returns who is now.
func (s *side) happened() (present map[string]uint64) {
	s.t.Helper()
	present = map[string]uint64{}
	for len(s.events) > 0 {
		switch e := <-s.events; {
		case e.Session.Node == "":
		case e.Kind == cluster.Authenticated:
			require.NotContains(s.t, present, e.Session.Node)
			present[e.Session.Node] = e.Session.Incarnation
		case e.Kind == cluster.Disconnected:
			require.Equal(s.t, present[e.Session.Node], e.Session.Incarnation)
			delete(present, e.Session.Node)
		}
	}
	return present
}

// A node loses its power, and starts again under its name while its peer still holds
// the session with the former life. That ends at once, with all that was known of the
// former life, and for good; the new life is there, whoever dials, and whichever of
// the names is the greater.
func TestRestartedNodeEvictsStaleSession(t *testing.T) {
	for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
		for _, stale := range []string{"holder", "other"} {
			for _, anew := range []string{"holder", "other", "both"} {
				t.Run(fmt.Sprintf("held by %s, %s had dialled, %s dials", names[0], stale, anew), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testRestart(t, names[0], names[1], stale, anew) })
				})
			}
		}
	}
}

func testRestart(t *testing.T, holderName, otherName, stale, anew string) {
	unlistening := func(name string) cluster.Config {
		cfg := config(name)
		cfg.Listen = "-"
		return cfg
	}
	group := pg.Group[Msg]{Name: "counters"}
	life := func(sum uint64) *side {
		s := newSide(t, unlistening(otherName))
		require.NoError(t, group.Join(s.ctx, s.spawn(&counter{sum: sum}, actor.Named("counter"))))
		return s
	}
	holder, former := newSide(t, unlistening(holderName)), life(1)
	dialing := map[string][2]*side{"holder": {holder, former}, "other": {former, holder}}[stale]
	line := dialing[0].cabled(dialing[1])
	old := holder.find("counter")
	log := make(chan string, 10)
	_, err := actor.Spawn(holder.ctx, &watcher{old, log})
	require.NoError(t, err)

	line.cut()
	require.NoError(t, former.sys.Shutdown(former.ctx))
	time.Sleep(time.Second) // of the bubble: a later incarnation
	require.NoError(t, old.Cast(holder.ctx, undeliverable), "nobody has noticed")
	asked := make(chan error, 1)
	go func() {
		_, err := get(holder.ctx, old)
		asked <- err
	}()
	synctest.Wait()

	begun := time.Now()
	fresh := life(2)
	if anew == "both" {
		holder.meets(fresh)
	} else {
		dialing = map[string][2]*side{"holder": {holder, fresh}, "other": {fresh, holder}}[anew]
		dialing[0].pipes(dialing[1])
	}
	require.ErrorIs(t, <-asked, cluster.ErrNodeDown)
	synctest.Wait()
	require.Equal(t, begun, time.Now(), "all this takes no time, though the old connection cannot be flushed")

	for _, s := range []struct{ side, peer *side }{{holder, fresh}, {fresh, holder}} {
		all := slices.Collect(s.side.node.Sessions())
		require.Len(t, all, 1)
		require.Equal(t, cluster.Ready, all[0].State)
		require.Equal(t, s.peer.node.Incarnation(), all[0].Incarnation)
		require.Equal(t, 1, s.side.node.Stats().Sessions)
		require.Equal(t, map[string]uint64{s.peer.node.Name(): s.peer.node.Incarnation()}, s.side.happened())
	}
	gone := func() {
		t.Helper()
		require.ErrorIs(t, old.Wait(holder.ctx), cluster.ErrNodeDown)
		err := old.Cast(holder.ctx, Add{N: 1})
		require.ErrorIs(t, err, actor.ErrStopped)
		require.ErrorIs(t, err, cluster.ErrNodeDown)
		_, err = get(holder.ctx, old)
		require.ErrorIs(t, err, cluster.ErrNodeDown)
	}
	gone()
	require.Equal(t, "down: "+cluster.ErrNodeDown.Error()+": "+fresh.node.Name(), <-log)
	members := slices.Collect(group.Members(holder.ctx))
	require.Equal(t, []actor.Ref[Msg]{holder.find("counter")}, members)
	require.Len(t, slices.Collect(lookup(holder, "counter")), 1)
	n, err := get(holder.ctx, members[0])
	require.NoError(t, err)
	require.EqualValues(t, 2, n)

	time.Sleep(time.Minute / 3) // of the bubble: the old connection is closed by now
	gone()
	require.Empty(t, log)
	require.Empty(t, holder.happened(), "nothing more")
	require.Len(t, slices.Collect(holder.node.Sessions()), 1)
	require.EqualValues(t, 1, holder.sys.Stats().Shims)
}

// meets has two sides dial each other at once. A dialler whose connection is refused
// before it has heard a name cannot know that the other one is with the same node.
func (s *side) meets(other *side) {
	s.t.Helper()
	errs := make(chan error, 4)
	for _, dial := range [][2]*side{{s, other}, {other, s}} {
		x, y := net.Pipe()
		go func() {
			_, err := dial[0].node.Connect(dial[0].ctx, x, true)
			errs <- err
		}()
		go func() {
			_, err := dial[1].node.Connect(dial[1].ctx, y, false)
			errs <- err
		}()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			require.ErrorIs(s.t, err, cluster.ErrHandshake)
		}
	}
}

// A former life that is not dead after all is not let in again, and does no harm.
func TestFormerLifeIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, former := piped(t)
		former.cabled(a).cut()
		time.Sleep(time.Second) // of the bubble: a later incarnation
		cfg := config("b")
		cfg.Listen = "-"
		fresh := newSide(t, cfg)
		fresh.spawn(&counter{sum: 2}, actor.Named("counter"))
		fresh.pipes(a)
		r := a.find("counter")
		x, y := net.Pipe()
		met := make(chan cluster.Session, 1)
		go func() {
			s, err := a.node.Connect(a.ctx, x, false)
			assert.NoError(t, err)
			met <- s
		}()
		_, err := former.node.Connect(former.ctx, y, true)
		require.ErrorIs(t, err, cluster.ErrHandshake)
		require.Equal(t, fresh.node.Incarnation(), (<-met).Incarnation, "who asks for b gets the one that lives")
		n, err := get(a.ctx, r)
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		require.Equal(t, map[string]uint64{"b@localhost": fresh.node.Incarnation()}, a.happened())
	})
}

// The event that a session is over does not wait until what is queued has been sent.
func TestDisconnectedIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t)
		b.spawn(&counter{}, actor.Named("counter"))
		line := a.cabled(b)
		r := a.find("counter")
		line.cut()
		require.NoError(t, r.Cast(a.ctx, undeliverable))
		begun := time.Now()
		stopped := make(chan error, 1)
		go func() { stopped <- a.node.Stop(a.ctx) }()
		e := a.awaits(cluster.Disconnected)
		require.Equal(t, "b@localhost", e.Session.Node)
		require.Equal(t, begun, time.Now())
		require.Empty(t, slices.Collect(a.node.Sessions()))
		require.NoError(t, <-stopped)
		require.Equal(t, 2*time.Second, time.Since(begun), "it has waited for what is queued")
	})
}
