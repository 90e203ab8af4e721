package protocol_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

var simSeeds = flag.Int("protocol.seeds", 200, "how many simulated runs of two, and of three, nodes")

// Nodes that dial each other at the same time, lose connections with what was
// under way, crash and come back, while their actors come, go, join and leave: when
// it is over, every two have one session, and each knows of the other what is so.
func TestSimulatedNodes(t *testing.T) {
	const orders = 10 // of each program
	for _, nodes := range []int{2, 3} {
		for _, legacy := range []int{0, 1} {
			t.Run(fmt.Sprintf("%d nodes, %d legacy", nodes, legacy), func(t *testing.T) {
				for n := range max(1, *simSeeds/orders/2) {
					p := newProgram(uint64(n), nodes, legacy)
					runs := actortest.Explore(t, orders, func(sys *actortest.System) { play(sys, p) },
						actortest.From(uint64(1+n*orders)), actortest.Steps(200_000)).Runs
					require.Equal(t, orders, runs, "program %d", n)
				}
			})
		}
	}
}

// A simulation that could not fail would show nothing: nodes that do not hear of
// leaves are found out.
func TestSimulatedNodes_CanFail(t *testing.T) {
	p := &program{nodes: 2, ops: []op{
		{do: spawn, pid: 1}, {do: join, pid: 1, word: "g"}, {do: sleep, time: 10 * time.Second}, {do: leave, pid: 1, word: "g"},
	}}
	deaf := *p
	deaf.drop = func(m *wire.NetworkMessage) bool { return m.GetControl().GetPgLeave() != nil }
	found, _ := actortest.Search(t, 1, func(sys *actortest.System) { play(sys, p) })
	require.Nil(t, found)
	found, _ = actortest.Search(t, 1, func(sys *actortest.System) { play(sys, &deaf) })
	require.NotNil(t, found)
	require.Contains(t, found.Message, "a@h is not right about b@h, or b@h about a@h")
}

// program is what happens to the nodes from outside.
type program struct {
	nodes, legacy int // so many of the nodes speak ractor's protocol alone
	ops           []op
	drop          func(*wire.NetworkMessage) bool // what is lost on the way, by mistake
}

type opKind int

const (
	spawn opKind = iota
	end
	join
	leave
	name
	unname
	cut  // the connection breaks, with what is under way
	mute // nothing comes through any more, and nobody is told
	crash
	sleep
	opKinds
)

// op is one thing that happens, to a node.
type op struct {
	do    opKind
	node  int
	other int // cut
	pid   uint64
	word  string
	time  time.Duration
}

// newProgram draws a program.
func newProgram(seed uint64, nodes, legacy int) *program {
	r := rand.New(rand.NewPCG(seed, 42))
	p := &program{nodes: nodes, legacy: legacy}
	for range 5 + r.IntN(25) {
		o := op{
			do: opKind(r.IntN(int(opKinds))), node: r.IntN(nodes), pid: 1 + r.Uint64N(4),
			word: string(rune('g' + r.IntN(2))), time: time.Duration(r.IntN(2500)) * time.Millisecond,
		}
		o.other = (o.node + 1 + r.IntN(nodes-1)) % nodes
		if o.do == crash && r.IntN(3) > 0 {
			o.do = spawn // crashes are dear
		}
		p.ops = append(p.ops, o)
	}
	return p
}

// play plays a program, then waits until all is well.
func play(sys *actortest.System, p *program) {
	w := &world{sys: sys, program: p}
	for i := range p.nodes {
		n := &node{world: w, name: string(rune('a'+i)) + "@h", legacy: i < p.legacy}
		n.start()
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		var err error
		n.ref, err = actor.Spawn(sys, n)
		require.NoError(sys, err)
	}
	for _, n := range w.nodes {
		require.NoError(sys, n.ref.Cast(sys, dialAll{}))
	}
	for _, o := range p.ops {
		if o.do == sleep {
			sys.Sleep(o.time)
		} else {
			require.NoError(sys, w.nodes[o.node].ref.Cast(sys, o))
		}
	}
	for i, a := range w.nodes {
		for _, b := range w.nodes[:i] {
			sys.Eventually(time.Minute, func() bool { return b.rightAbout(a) && a.rightAbout(b) },
				"%s is not right about %s, or %s about %s", b.name, a.name, a.name, b.name)
		}
	}
	for _, n := range w.nodes {
		require.NoError(sys, n.ref.StopAndWait(sys))
	}
}

type world struct {
	sys     *actortest.System
	program *program
	nodes   []*node
	starts  uint64
}

func (w *world) called(name string) *node {
	return w.nodes[slices.IndexFunc(w.nodes, func(n *node) bool { return n.name == name })]
}

// node is what a shell is to a machine, and what it should be told.
type node struct {
	world  *world
	ref    actor.Ref[any]
	name   string
	legacy bool

	machine *protocol.Machine
	rand    uint64
	born    uint64 // which of its lives
	last    protocol.ConnID
	ends    map[protocol.ConnID]*end1
	next    int // number of the last wake that was asked for

	actors map[uint64]bool             // that live
	used   uint64                      // pids that were given
	pids   map[uint64]uint64           // a program's pid to that of the actor
	groups map[string]map[uint64]bool  // that actors are in
	names  map[string]map[uint64]bool  // that they have
	peers  map[protocol.ConnID]*friend // sessions
}

// friend is what a node knows of another, by its machine's words.
type friend struct {
	peer          protocol.Peer
	ready         bool
	up            map[uint64]bool
	groups, names map[string]map[uint64]bool
}

// end1 is a node's end of a connection: the way out.
type end1 struct {
	out  actor.Ref[any]
	link *link
}

// link is a connection.
type link struct{ cut, mute bool }

// pipe is one direction of it, in order, at its own pace.
type pipe struct {
	link *link
	to   *node
	life uint64 // of to, once it has the connection: a node that was started anew has not
	conn protocol.ConnID
	bare bool // Hellos are lost: one end speaks ractor's protocol alone
	drop func(*wire.NetworkMessage) bool
}

// The messages of nodes and pipes, besides op and *wire.NetworkMessage.
type (
	dialAll struct{}        // dial whom we have no session with
	tick    struct{ n int } // the machine's wake
	arrived struct {        // something came through a pipe
		in  *pipe
		msg *wire.NetworkMessage // nil: the connection is closed
	}
	accepted struct { // somebody has dialled
		ev  protocol.Opened
		end *end1
		in  *pipe
	}
	hangUp struct{} // to a pipe: close after what was sent
)

func (p *pipe) Handle(ctx *actor.Context[any], m any) error {
	switch m := m.(type) {
	case accepted:
		return p.to.ref.Cast(ctx, m)
	case *wire.NetworkMessage:
		if p.link.cut || p.link.mute || p.drop != nil && p.drop(m) {
			return nil
		}
		if p.bare {
			m = bare(m)
		}
		return p.to.ref.Cast(ctx, arrived{p, m})
	case hangUp:
		p.link.cut = true
		ctx.Self().Stop()
		if p.link.mute {
			return nil
		}
		return p.to.ref.Cast(ctx, arrived{p, nil})
	}
	return nil
}

// bare is a message as a node of ractor would have said it.
func bare(m *wire.NetworkMessage) *wire.NetworkMessage {
	m = proto.CloneOf(m)
	for _, f := range []*wire.NodeFlags{m.GetAuth().GetName().GetFlags(), m.GetAuth().GetServerChallenge().GetFlags()} {
		if f != nil {
			f.Go = nil
		}
	}
	return m
}

// start begins a life, with nothing.
func (n *node) start() {
	n.world.starts++
	n.rand, n.born = n.world.starts, n.world.starts
	n.machine = protocol.New(protocol.Config{
		Name: n.name, Addr: fmt.Sprintf("h:%d", n.world.starts), Cookie: "c", Incarnation: n.world.starts,
		Transitive: n.world.starts%2 == 0,
		Rand:       func() uint64 { n.rand = n.rand*6364136223846793005 + 1442695040888963407; return n.rand >> 1 },
	})
	n.ends, n.peers = map[protocol.ConnID]*end1{}, map[protocol.ConnID]*friend{}
	n.actors, n.pids = map[uint64]bool{}, map[uint64]uint64{}
	n.groups, n.names = map[string]map[uint64]bool{}, map[string]map[uint64]bool{}
	n.next++
}

func (n *node) Handle(ctx *actor.Context[any], m any) error {
	switch m := m.(type) {
	case dialAll:
		for _, other := range n.world.nodes {
			if other != n && !n.connected(other) {
				n.dial(ctx, other)
			}
		}
		n.ref.CastAfter(time.Second, dialAll{})
	case accepted:
		n.last++
		m.ev.Conn, m.in.conn, m.in.life = n.last, n.last, n.born
		n.ends[n.last] = m.end
		n.step(ctx, m.ev)
	case arrived:
		switch {
		case m.in.life != n.born:
		case m.msg == nil:
			n.step(ctx, protocol.Closed{Conn: m.in.conn})
		default:
			n.step(ctx, protocol.Received{Conn: m.in.conn, Msg: m.msg})
		}
	case tick:
		if m.n == n.next {
			n.step(ctx, protocol.Tick{})
		}
	case op:
		n.do(ctx, m)
	}
	return nil
}

// connected says whether there is a session, or one may be coming about.
func (n *node) connected(other *node) bool {
	for _, f := range n.peers {
		if f.peer.Name == other.name {
			return true
		}
	}
	return false
}

func (n *node) dial(ctx *actor.Context[any], other *node) {
	n.last++
	l := &link{}
	isBare := n.legacy || other.legacy
	in := &pipe{link: l, to: n, life: n.born, conn: n.last, bare: isBare, drop: n.world.program.drop}
	out := &pipe{link: l, to: other, bare: isBare, drop: n.world.program.drop}
	inRef, err := actor.Spawn(ctx, in)
	require.NoError(n.world.sys, err)
	outRef, err := actor.Spawn(ctx, out)
	require.NoError(n.world.sys, err)
	n.ends[n.last] = &end1{outRef, l}
	require.NoError(n.world.sys, outRef.Cast(ctx, accepted{protocol.Opened{Remote: n.name, Loopback: true}, &end1{inRef, l}, out}))
	n.step(ctx, protocol.Opened{Conn: n.last, Dialed: true, Remote: other.name, Loopback: true})
}

// do does what the program says.
func (n *node) do(ctx *actor.Context[any], o op) {
	pid := n.pids[o.pid]
	switch o.do {
	case spawn:
		if n.actors[pid] {
			return
		}
		n.used++
		n.pids[o.pid], n.actors[n.used] = n.used, true
		n.step(ctx, protocol.Spawned{Pid: n.used, Type: "t"})
	case end:
		if !n.actors[pid] {
			return
		}
		delete(n.actors, pid)
		for _, members := range []map[string]map[uint64]bool{n.groups, n.names} {
			for _, of := range members {
				delete(of, pid)
			}
		}
		n.step(ctx, protocol.Ended{Pid: pid, Reason: &wire.Reason{}})
	case join:
		if n.actors[pid] {
			put(n.groups, o.word, pid)
			n.step(ctx, protocol.Joined{Scope: "default", Group: o.word, Pids: []uint64{pid}})
		}
	case leave:
		delete(n.groups[o.word], pid)
		n.step(ctx, protocol.Left{Scope: "default", Group: o.word, Pids: []uint64{pid}})
	case name:
		if n.actors[pid] {
			put(n.names, o.word, pid)
			n.step(ctx, protocol.Named{Name: o.word, Pid: pid})
		}
	case unname:
		delete(n.names[o.word], pid)
		n.step(ctx, protocol.Unnamed{Name: o.word, Pid: pid})
	case cut, mute:
		for _, id := range slices.Sorted(maps.Keys(n.peers)) {
			switch {
			case n.peers[id].peer.Name != n.world.nodes[o.other].name:
			case o.do == mute:
				n.ends[id].link.mute = true
			default:
				n.ends[id].link.cut = true
				n.step(ctx, protocol.Closed{Conn: id})
			}
		}
	case crash:
		for _, id := range slices.Sorted(maps.Keys(n.ends)) {
			n.hangUp(ctx, id)
		}
		n.start()
	}
}

func put(of map[string]map[uint64]bool, word string, pid uint64) {
	if of[word] == nil {
		of[word] = map[uint64]bool{}
	}
	of[word][pid] = true
}

// hangUp closes our end of a connection.
func (n *node) hangUp(ctx *actor.Context[any], id protocol.ConnID) {
	if e, ok := n.ends[id]; ok {
		delete(n.ends, id)
		_ = e.out.Cast(ctx, hangUp{}) // it may have ended by itself
	}
}

// step steps the machine and does what it says.
func (n *node) step(ctx *actor.Context[any], ev protocol.Event) {
	if c, ok := ev.(protocol.Closed); ok {
		n.hangUp(ctx, c.Conn)
	}
	for _, e := range n.machine.Step(time.Now(), ev) {
		n.effect(ctx, e)
	}
	n.next++
	if at, ok := n.machine.Wake(); ok {
		n.ref.CastAfter(max(0, time.Until(at)), tick{n.next})
	}
}

// effect does one effect, and holds the machine to its promises.
func (n *node) effect(ctx *actor.Context[any], e protocol.Effect) {
	sys := n.world.sys
	friendOf := func(id protocol.ConnID) *friend {
		f := n.peers[id]
		require.NotNil(sys, f, "%T before Authenticated, or after Disconnected", e)
		return f
	}
	allUp := func(id protocol.ConnID, pids ...uint64) *friend {
		f := friendOf(id)
		for _, pid := range pids {
			require.True(sys, f.up[pid], "%T: %d is not up", e, pid)
		}
		return f
	}
	switch e := e.(type) {
	case protocol.Send:
		if end, ok := n.ends[e.Conn]; ok {
			_ = end.out.Cast(ctx, e.Msg)
		}
	case protocol.Close:
		n.hangUp(ctx, e.Conn)
	case protocol.Dial:
		if other := n.world.called(e.Name); other != n {
			n.dial(ctx, other)
		}
	case protocol.Authenticated:
		for _, f := range n.peers {
			require.NotEqual(sys, e.Peer.Name, f.peer.Name, "a second session with a peer")
		}
		require.Equal(sys, !n.legacy && !n.world.called(e.Peer.Name).legacy, e.Peer.Go)
		n.peers[e.Conn] = &friend{peer: e.Peer, up: map[uint64]bool{}, groups: map[string]map[uint64]bool{}, names: map[string]map[uint64]bool{}}
	case protocol.Ready:
		friendOf(e.Conn).ready = true
	case protocol.Disconnected:
		friendOf(e.Conn)
		delete(n.peers, e.Conn)
	case protocol.Allow:
		require.True(sys, n.actors[e.Pid], "allowed though it is not there")
	case protocol.Up:
		require.False(sys, friendOf(e.Conn).up[e.Pid], "%d is up a second time", e.Pid)
		n.peers[e.Conn].up[e.Pid] = true
	case protocol.Down:
		f := allUp(e.Conn, e.Pid)
		delete(f.up, e.Pid)
		for _, members := range []map[string]map[uint64]bool{f.groups, f.names} {
			for _, of := range members {
				require.True(sys, f.peer.Go || !of[e.Pid], "%d ends before it leaves its groups", e.Pid)
				delete(of, e.Pid)
			}
		}
	case protocol.PeerJoined:
		f := allUp(e.Conn, e.Pids...)
		for _, pid := range e.Pids {
			put(f.groups, e.Group, pid)
		}
	case protocol.PeerLeft:
		f := allUp(e.Conn, e.Pids...)
		for _, pid := range e.Pids {
			delete(f.groups[e.Group], pid)
		}
	case protocol.PeerNamed:
		put(allUp(e.Conn, e.Pid).names, e.Name, e.Pid)
	case protocol.PeerUnnamed:
		delete(allUp(e.Conn, e.Pid).names[e.Name], e.Pid)
	}
}

// rightAbout says whether n has one session with other and knows what is so.
func (n *node) rightAbout(other *node) bool {
	var f *friend
	for _, x := range n.peers {
		if x.peer.Name == other.name {
			f = x
		}
	}
	if f == nil || !f.ready || f.peer.Go && f.peer.Incarnation != other.born {
		return false
	}
	for pid := range f.up {
		if !other.actors[pid] {
			return false
		}
	}
	if !f.peer.Go && len(f.up) != len(other.actors) {
		return false
	}
	if f.peer.Go && written(f.names) != written(other.names) {
		return false
	}
	return written(f.groups) == written(other.groups)
}

// written is the groups, or names, that somebody is in, in order.
func written(of map[string]map[uint64]bool) string {
	var b strings.Builder
	for _, word := range slices.Sorted(maps.Keys(of)) {
		for _, pid := range slices.Sorted(maps.Keys(of[word])) {
			fmt.Fprintf(&b, "%s:%d ", word, pid)
		}
	}
	return b.String()
}
