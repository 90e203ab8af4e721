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

var simSeeds = flag.Int("protocol.seeds", 200, "how many runs of each kind TestSimulatedNodes makes")

// Nodes that dial each other at the same time and again, lose connections with what
// was under way, with a word or without, crash and come back, while their actors come,
// go, join and leave, and what is not Late overtakes what is: when it is over, every
// two have one session, on the same connection, and each knows of the other what is so.
func TestSimulatedNodes(t *testing.T) {
	const orders = 10 // of each program
	programs := *simSeeds / orders
	if testing.Short() {
		programs = min(programs, 10)
	}
	for _, kind := range []struct{ nodes, legacy int }{{2, 0}, {2, 1}, {2, 2}, {3, 0}, {3, 1}, {3, 3}} {
		t.Run(fmt.Sprintf("%d nodes, %d legacy", kind.nodes, kind.legacy), func(t *testing.T) {
			for n := range max(1, programs) {
				p := newProgram(uint64(n), kind.nodes, kind.legacy)
				runs := actortest.Explore(t, orders, func(sys *actortest.System) { play(sys, p) },
					actortest.From(uint64(1+n*orders)), actortest.Steps(200_000)).Runs
				require.Equal(t, orders, runs, "program %d", n)
			}
		})
	}
}

// The same events in the same order give the same effects, to the byte.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(6) {
		var first string
		for again := range 3 {
			p := newProgram(seed, 3, int(seed%2)*3)
			p.trace = &strings.Builder{}
			found, _ := actortest.Search(t, 1, func(sys *actortest.System) { play(sys, p) }, actortest.From(1+seed), actortest.Steps(200_000))
			require.Nil(t, found)
			require.NotEmpty(t, p.trace.String())
			if again == 0 {
				first = p.trace.String()
			}
			require.Equal(t, first, p.trace.String())
		}
	}
}

// A simulation that could not fail would show nothing: nodes that do not hear of
// leaves are found out.
func TestSimulatedNodes_CanFail(t *testing.T) {
	p := &program{nodes: 2, ops: []op{
		{do: spawn}, {do: join, scope: "s", word: "g"}, {do: sleep, time: 10 * time.Second}, {do: leave, scope: "s", word: "g"},
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
	seed          uint64
	nodes, legacy int // so many of the nodes speak ractor's protocol alone
	ops           []op
	drop          func(*wire.NetworkMessage) bool // what is lost on the way, by mistake
	trace         *strings.Builder                // of all effects, if wanted
}

type opKind int

const (
	spawn opKind = iota
	end
	join
	leave
	name
	unname
	export // to the peer
	redial // though there is a session
	cut    // the connection breaks, with what is under way
	mute   // nothing comes through any more, and nobody is told
	crash  // and come back; loud: the others are told
	sleep
)

// mix is how often each happens.
var mix = []opKind{
	spawn, spawn, spawn, spawn, spawn, end, end, join, join, join, join, join, leave, name, name, unname,
	export, redial, redial, cut, mute, crash, sleep, sleep, sleep, sleep,
}

// op is one thing that happens, to a node.
type op struct {
	do          opKind
	node        int
	other       int // export, redial, cut, mute
	actor       int // which of those that live
	scope, word string
	time        time.Duration
	loud        bool
}

// scopes are those whose names on the wire are special, and another.
var scopes = []string{"default", "other", "__default_scope__"}

// newProgram draws a program.
func newProgram(seed uint64, nodes, legacy int) *program {
	r := rand.New(rand.NewPCG(seed, 42))
	p := &program{seed: seed, nodes: nodes, legacy: legacy}
	for range 10 + r.IntN(60) {
		o := op{
			do: mix[r.IntN(len(mix))], node: r.IntN(nodes), actor: r.IntN(100),
			scope: scopes[r.IntN(len(scopes))], word: string(rune('g' + r.IntN(2))),
			time: time.Duration(r.IntN(2500)) * time.Millisecond, loud: r.IntN(2) == 0,
		}
		o.other = (o.node + 1 + r.IntN(nodes-1)) % nodes
		p.ops = append(p.ops, o)
	}
	return p
}

// play plays a program, then waits until all is well.
func play(sys *actortest.System, p *program) {
	w := &world{sys: sys, program: p, rng: rand.New(rand.NewPCG(p.seed, 7))}
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
	rng     *rand.Rand
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
	ends    map[protocol.ConnID]*side
	next    int // number of the last wake that was asked for

	actors map[uint64]bool             // that live
	used   uint64                      // pids that were given in this life
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
	allowed       map[uint64]bool // of our own actors
}

// link is a connection.
type link struct {
	cut, mute bool
	bare      bool // Hellos are lost: one end speaks ractor's protocol alone
}

// side is one end of it.
type side struct {
	*link
	node  *node
	conn  protocol.ConnID // once the node knows it
	other *side

	early, last time.Time // when what is under way to here arrives: the last that is not Late, and the last of all
}

// send has something come to a side after what was sent there before. What is not late
// may overtake what is.
func (e *side) send(what any, late bool) {
	at := latest(time.Now().Add(time.Duration(e.node.world.rng.IntN(50))*time.Millisecond), e.early)
	if late {
		at = latest(at, e.last)
	} else {
		e.early = at
	}
	e.last = latest(at, e.last)
	e.node.ref.CastAfter(time.Until(at), arrived{e, what})
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// The messages of nodes, besides op.
type (
	dialAll struct{}        // dial whom we have no session with
	tick    struct{ n int } // the machine's wake
	arrived struct {        // something has come: protocol.Opened, *wire.NetworkMessage, or hungUp
		at   *side
		what any
	}
	hungUp struct{}
)

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
	n.ends, n.peers = map[protocol.ConnID]*side{}, map[protocol.ConnID]*friend{}
	n.actors, n.used = map[uint64]bool{}, 0
	n.groups, n.names = map[string]map[uint64]bool{}, map[string]map[uint64]bool{}
	n.next++
}

func (n *node) Handle(_ *actor.Context[any], m any) error {
	switch m := m.(type) {
	case dialAll:
		for _, other := range n.world.nodes {
			if other != n && n.session(other) == nil {
				n.dial(other)
			}
		}
		n.ref.CastAfter(time.Second, dialAll{})
	case arrived:
		n.arrived(m.at, m.what)
	case tick:
		if m.n == n.next {
			n.step(protocol.Tick{})
		}
	case op:
		n.do(m)
	}
	return nil
}

func (n *node) arrived(e *side, what any) {
	opened, first := what.(protocol.Opened)
	switch known := n.ends[e.conn] == e; {
	case e.mute:
	case first && !e.cut:
		n.last++
		opened.Conn, e.conn = n.last, n.last
		n.ends[e.conn] = e
		n.step(opened)
	case !known:
	case what == hungUp{}:
		n.step(protocol.Closed{Conn: e.conn})
	case !e.cut:
		n.step(protocol.Received{Conn: e.conn, Msg: what.(*wire.NetworkMessage)})
	}
}

// session returns the connection of the session with another node.
func (n *node) session(other *node) *side {
	for id, f := range n.peers {
		if f.peer.Name == other.name {
			return n.ends[id]
		}
	}
	return nil
}

func (n *node) dial(other *node) {
	n.last++
	l := &link{bare: n.legacy || other.legacy}
	here, there := &side{link: l, node: n, conn: n.last}, &side{link: l, node: other}
	here.other, there.other = there, here
	n.ends[n.last] = here
	expect := ""
	if n.world.rng.IntN(2) == 0 {
		expect = other.name
	}
	there.send(protocol.Opened{Remote: n.name, Loopback: true}, false)
	n.step(protocol.Opened{Conn: n.last, Dialed: true, Remote: other.name, Loopback: true, Expect: expect})
}

// do does what the program says.
func (n *node) do(o op) {
	pid := uint64(1 << 63) // nobody
	if len(n.actors) > 0 {
		pid = slices.Sorted(maps.Keys(n.actors))[o.actor%len(n.actors)]
	}
	lives, group, other := n.actors[pid], o.scope+" "+o.word, n.world.nodes[o.other]
	switch o.do {
	case spawn:
		pid, n.used = n.used, n.used+1 // from 0, as ractor's
		n.actors[pid] = true
		n.step(protocol.Spawned{Pid: pid, Name: o.word, Type: "t"})
	case end:
		delete(n.actors, pid)
		for _, members := range []map[string]map[uint64]bool{n.groups, n.names} {
			for _, of := range members {
				delete(of, pid)
			}
		}
		n.step(protocol.Ended{Pid: pid, Reason: &wire.Reason{}})
	case join:
		if lives {
			put(n.groups, group, pid)
		}
		n.step(protocol.Joined{Scope: o.scope, Group: o.word, Pids: []uint64{pid}})
	case leave:
		delete(n.groups[group], pid)
		n.step(protocol.Left{Scope: o.scope, Group: o.word, Pids: []uint64{pid}})
	case name:
		if lives {
			put(n.names, o.word, pid)
		}
		n.step(protocol.Named{Name: o.word, Pid: pid})
	case unname:
		delete(n.names[o.word], pid)
		n.step(protocol.Unnamed{Name: o.word, Pid: pid})
	case export:
		if e := n.session(other); e != nil {
			n.step(protocol.Export{Conn: e.conn, Pid: pid})
		}
	case redial:
		n.dial(other)
	case cut:
		if e := n.session(other); e != nil {
			e.cut = true
			n.step(protocol.Closed{Conn: e.conn})
		}
	case mute:
		if e := n.session(other); e != nil {
			e.mute = true
		}
	case crash:
		for _, id := range slices.Sorted(maps.Keys(n.ends)) {
			n.ends[id].mute = !o.loud
			n.hangUp(id)
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
func (n *node) hangUp(id protocol.ConnID) {
	if e, ok := n.ends[id]; ok {
		delete(n.ends, id)
		e.other.send(hungUp{}, true)
	}
}

// step steps the machine and does what it says.
func (n *node) step(ev protocol.Event) {
	if c, ok := ev.(protocol.Closed); ok {
		n.hangUp(c.Conn)
	}
	for _, e := range n.machine.Step(time.Now(), ev) {
		n.note(e)
		n.effect(e)
	}
	n.next++
	if at, ok := n.machine.Wake(); ok {
		n.ref.CastAfter(max(0, time.Until(at)), tick{n.next})
	}
}

// note takes down an effect, if that is wanted.
func (n *node) note(e protocol.Effect) {
	trace := n.world.program.trace
	if trace == nil {
		return
	}
	fmt.Fprintf(trace, "%v %s %T ", time.Now(), n.name, e)
	if send, ok := e.(protocol.Send); ok {
		b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(send.Msg)
		fmt.Fprintf(trace, "%d %v %x\n", send.Conn, send.Late, b)
	} else {
		fmt.Fprintf(trace, "%v\n", e)
	}
}

// effect does one effect, and holds the machine to its promises.
func (n *node) effect(e protocol.Effect) {
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
		end, ok := n.ends[e.Conn]
		require.True(sys, ok, "sent to a connection that is closed")
		msg := e.Msg
		if drop := n.world.program.drop; drop != nil && drop(msg) {
			return
		}
		if end.bare {
			msg = bare(msg)
		}
		end.other.send(msg, e.Late)
	case protocol.Close:
		n.hangUp(e.Conn)
	case protocol.Dial:
		if other := n.world.called(e.Name); other != n {
			n.dial(other)
		}
	case protocol.Authenticated:
		for _, f := range n.peers {
			require.NotEqual(sys, e.Peer.Name, f.peer.Name, "a second session with a peer")
		}
		require.Equal(sys, !n.legacy && !n.world.called(e.Peer.Name).legacy, e.Peer.Go)
		n.peers[e.Conn] = &friend{
			peer: e.Peer, up: map[uint64]bool{}, allowed: map[uint64]bool{},
			groups: map[string]map[uint64]bool{}, names: map[string]map[uint64]bool{},
		}
	case protocol.Ready:
		require.False(sys, friendOf(e.Conn).ready, "ready a second time")
		n.peers[e.Conn].ready = true
	case protocol.Disconnected:
		friendOf(e.Conn)
		delete(n.peers, e.Conn)
	case protocol.Allow:
		require.True(sys, n.actors[e.Pid], "allowed though it is not there")
		require.False(sys, friendOf(e.Conn).allowed[e.Pid], "%d is allowed a second time", e.Pid)
		n.peers[e.Conn].allowed[e.Pid] = true
	case protocol.Revoke:
		require.True(sys, friendOf(e.Conn).allowed[e.Pid], "%d was not allowed", e.Pid)
		delete(n.peers[e.Conn].allowed, e.Pid)
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
			put(f.groups, e.Scope+" "+e.Group, pid)
		}
	case protocol.PeerLeft:
		f := allUp(e.Conn, e.Pids...)
		for _, pid := range e.Pids {
			delete(f.groups[e.Scope+" "+e.Group], pid)
		}
	case protocol.PeerNamed:
		put(allUp(e.Conn, e.Pid).names, e.Name, e.Pid)
	case protocol.PeerUnnamed:
		delete(allUp(e.Conn, e.Pid).names[e.Name], e.Pid)
	}
}

// rightAbout says whether n has one connection with other, a session on which both
// agree, and knows what is so.
func (n *node) rightAbout(other *node) bool {
	end := n.session(other)
	if end == nil || len(n.ends) != len(n.world.nodes)-1 {
		return false
	}
	f, theirs := n.peers[end.conn], other.peers[end.other.conn]
	switch {
	case theirs == nil || other.ends[end.other.conn] != end.other || theirs.peer.Dialed == f.peer.Dialed:
		return false
	case !f.ready || !maps.Equal(f.up, theirs.allowed):
		return false
	case f.peer.Go && (f.peer.Incarnation != other.born || written(f.names) != written(other.names)):
		return false
	case !f.peer.Go && !maps.Equal(f.up, other.actors):
		return false
	}
	for pid := range f.up {
		if !other.actors[pid] {
			return false
		}
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
