package protocol

import (
	"cmp"
	"container/heap"
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

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

var seeds = flag.Int("seeds", 200, "how many simulations of each kind TestConverge runs")

// TestConverge lets machines talk to each other in memory. For a time everything
// happens to them: they dial each other at once and again, connections are cut,
// with a word or without, nodes start anew, actors come and go. After that each
// pair must come to one session, on the same connection, and each must see the
// other's groups, names and actors as they are.
func TestConverge(t *testing.T) {
	for _, kind := range []struct {
		name       string
		nodes      int
		legacy     bool // nobody has a Hello: ractor's protocol
		transitive bool
	}{
		{name: "two Go nodes", nodes: 2},
		{name: "two legacy nodes", nodes: 2, legacy: true},
		{name: "three Go nodes", nodes: 3, transitive: true},
		{name: "three legacy nodes", nodes: 3, legacy: true, transitive: true},
	} {
		t.Run(kind.name, func(t *testing.T) {
			n := *seeds
			if testing.Short() {
				n = min(n, 20)
			}
			for seed := range n {
				w := &world{t: t, seed: uint64(seed), rng: rand.New(rand.NewPCG(uint64(seed), 1)), legacy: kind.legacy, now: begin}
				w.run(kind.nodes, kind.transitive)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// TestDeterminism: the same events in the same order give the same effects, to the
// byte.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(6) {
		var first string
		for again := range 3 {
			trace := &strings.Builder{}
			w := &world{t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 2)), legacy: seed%2 == 0, trace: trace, now: begin}
			w.run(3, true)
			if again == 0 {
				first = trace.String()
			}
			require.Equal(t, first, trace.String())
		}
	}
}

const (
	chaosTime = 30 * time.Second
	quietTime = 90 * time.Second
)

// world is the nodes, the network and the time.
type world struct {
	t      *testing.T
	seed   uint64
	rng    *rand.Rand
	now    time.Time
	queue  happenings
	seq    int
	nodes  []*simNode
	legacy bool
	trace  *strings.Builder // of all effects, if wanted
}

// simNode is a node and what is true of it.
type simNode struct {
	w           *world
	name, addr  string
	transitive  bool
	incarnation uint64
	m           *Machine
	nextConn    ConnID
	ends        map[ConnID]*simEnd
	views       map[ConnID]*view

	nextPid uint64
	actors  map[uint64]bool
	groups  map[groupKey]map[uint64]bool
	names   map[string]uint64
}

// simEnd is one end of a connection.
type simEnd struct {
	node    *simNode
	id      ConnID
	other   *simEnd
	to      string    // whom it was dialled to; empty at the other end
	arrives time.Time // when the last frame to it does
	early   time.Time // when the last one does that is not Late
	cut     bool      // nothing passes any more, in either direction
	closed  bool      // by its node, or told
	known   bool      // to the machine of the node
}

// view is what a node has been told in a session.
type view struct {
	peer   Peer
	ready  bool
	up     map[uint64]bool
	groups map[groupKey]map[uint64]bool
	names  map[string]uint64
	allow  map[uint64]bool // of our own
}

type happening struct {
	at  time.Time
	seq int
	do  func()
}

type happenings []happening

func (h happenings) Len() int { return len(h) }
func (h happenings) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].seq, h[j].seq)) < 0
}
func (h happenings) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *happenings) Push(x any)   { *h = append(*h, x.(happening)) }
func (h *happenings) Pop() any {
	x := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return x
}

func (w *world) at(t time.Time, do func()) {
	w.seq++
	heap.Push(&w.queue, happening{t, w.seq, do})
}

func (w *world) after(d time.Duration, do func()) { w.at(w.now.Add(d), do) }

func (w *world) upTo(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d) + 1)) }

func (w *world) run(nodes int, transitive bool) {
	for i := range nodes {
		n := &simNode{w: w, name: string(rune('a'+i)) + "@host", addr: fmt.Sprintf("host:%d", i), transitive: transitive}
		w.nodes = append(w.nodes, n)
		n.start()
		n.redial()
	}
	for range 60 {
		w.after(w.upTo(chaosTime), w.mischief)
	}
	w.until(begin.Add(chaosTime + quietTime))
	w.check()
}

// until lets time pass.
func (w *world) until(end time.Time) {
	for {
		next := end
		var waker *simNode
		for _, n := range w.nodes {
			if at, ok := n.m.Wake(); ok && at.Before(next) {
				next, waker = at, n
			}
		}
		if len(w.queue) > 0 && !w.queue[0].at.After(next) {
			h := heap.Pop(&w.queue).(happening)
			w.now = h.at
			h.do()
			continue
		}
		if waker == nil {
			return
		}
		w.now = next
		waker.step(Tick{})
	}
}

// mischief is one thing that happens.
func (w *world) mischief() {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	other := w.nodes[w.rng.IntN(len(w.nodes))]
	switch k := w.rng.IntN(20); {
	case k < 3:
		if n != other {
			n.dial(other.addr, "")
		}
	case k < 5: // a connection is cut
		if e := n.anyEnd(); e != nil {
			e.cutOff(w.rng.IntN(2) == 0)
		}
	case k == 5 && w.rng.IntN(3) == 0:
		n.stop(w.rng.IntN(2) == 0)
		n.start()
	default:
		n.local(k)
	}
}

// local is one thing that happens to a node's actors.
func (n *simNode) local(k int) {
	w := n.w
	key := groupKey{[]string{"default", "other", wireDefaultScope}[w.rng.IntN(3)], string(rune('g' + w.rng.IntN(2)))}
	pid := n.anyActor()
	switch {
	case k < 10:
		n.nextPid++
		pid := n.nextPid - 1
		n.actors[pid] = true
		n.step(Spawned{Pid: pid, Name: []string{"", "name"}[w.rng.IntN(2)], Type: "T"})
	case len(n.actors) == 0:
	case k < 12:
		delete(n.actors, pid)
		for key := range n.groups {
			n.leaves(key, pid)
		}
		maps.DeleteFunc(n.names, func(_ string, p uint64) bool { return p == pid })
		n.step(Ended{Pid: pid})
	case k < 16:
		if n.groups[key] == nil {
			n.groups[key] = map[uint64]bool{}
		}
		n.groups[key][pid] = true
		n.step(Joined{key.scope, key.group, []uint64{pid}})
	case k < 17:
		n.leaves(key, pid)
		n.step(Left{key.scope, key.group, []uint64{pid}})
	case k < 18:
		name := fmt.Sprint("n", w.rng.IntN(3))
		if old, ok := n.names[name]; ok {
			n.step(Unnamed{name, old})
		}
		n.names[name] = pid
		n.step(Named{name, pid, "T"})
	default:
		if e := n.anyEnd(); e != nil && e.known {
			n.step(Export{e.id, pid})
		}
	}
}

func (n *simNode) leaves(key groupKey, pid uint64) {
	delete(n.groups[key], pid)
	if len(n.groups[key]) == 0 {
		delete(n.groups, key)
	}
}

func (n *simNode) anyActor() uint64 {
	all := slices.Sorted(maps.Keys(n.actors))
	if len(all) == 0 {
		return 0
	}
	return all[n.w.rng.IntN(len(all))]
}

func (n *simNode) anyEnd() *simEnd {
	all := slices.Sorted(maps.Keys(n.ends))
	if len(all) == 0 {
		return nil
	}
	return n.ends[all[n.w.rng.IntN(len(all))]]
}

// start begins a life of the node.
func (n *simNode) start() {
	w := n.w
	n.incarnation++
	n.m = New(Config{
		Name: n.name, Addr: n.addr, Cookie: "cookie", Incarnation: n.incarnation, Transitive: n.transitive,
		AllowInsecureLegacy: w.legacy, Rand: w.rng.Uint64,
	})
	n.ends, n.views = map[ConnID]*simEnd{}, map[ConnID]*view{}
	n.nextPid, n.actors, n.groups, n.names = 0, map[uint64]bool{}, map[groupKey]map[uint64]bool{}, map[string]uint64{}
}

// stop ends it. Others hear of it, or the machine has lost its power.
func (n *simNode) stop(loud bool) {
	for _, id := range slices.Sorted(maps.Keys(n.ends)) {
		e := n.ends[id]
		e.closed = true
		if loud {
			e.other.hangUp()
		}
		e.cutOff(false)
	}
}

// redial is what package cluster does: it dials whom there is no session with.
func (n *simNode) redial() {
	w := n.w
	for _, other := range w.nodes {
		if other != n && !n.reaches(other) {
			expect := ""
			if w.rng.IntN(2) == 0 {
				expect = other.name
			}
			n.dial(other.addr, expect)
		}
	}
	w.after(500*time.Millisecond+w.upTo(2*time.Second), n.redial)
}

func (n *simNode) reaches(other *simNode) bool {
	for _, p := range n.m.Sessions() {
		if p.Name == other.name {
			return true
		}
	}
	for _, e := range n.ends {
		if e.to == other.addr {
			return true
		}
	}
	return false
}

func (n *simNode) dial(addr, expect string) {
	w := n.w
	var other *simNode
	for _, o := range w.nodes {
		if o.addr == addr {
			other = o
		}
	}
	here := &simEnd{node: n, id: n.nextConn, to: addr, arrives: w.now}
	there := &simEnd{node: other, id: other.nextConn, other: here, arrives: w.now}
	here.other = there
	n.nextConn++
	other.nextConn++
	n.ends[here.id], other.ends[there.id] = here, there
	// The acceptor hears of it first, as with TCP the bytes come after the connection.
	there.open(Opened{})
	here.open(Opened{Dialed: true, Expect: expect})
}

func (e *simEnd) open(ev Opened) {
	ev.Conn = e.id
	incarnation := e.node.incarnation
	e.frame(func() {
		if e.node.incarnation == incarnation {
			e.known = true
			e.node.step(ev)
		}
	}, false)
	e.node.w.at(e.arrives, func() { // dialled in vain
		if !e.known {
			delete(e.node.ends, e.id)
		}
	})
}

// deliver does something at the end of the connection, after what was sent to it.
func (e *simEnd) deliver(do func()) { e.frame(do, true) }

// frame is deliver; what is not late overtakes what is.
func (e *simEnd) frame(do func(), late bool) {
	w := e.node.w
	at := w.now.Add(w.upTo(50 * time.Millisecond))
	before := e.early
	if late {
		before = e.arrives
	}
	if at.Before(before) {
		at = before
	}
	if !late {
		e.early = at
	}
	if at.After(e.arrives) {
		e.arrives = at
	}
	w.at(at, func() {
		if !e.closed && !e.cut {
			do()
		}
	})
}

func (e *simEnd) hangUp() {
	e.deliver(func() {
		e.closed = true
		delete(e.node.ends, e.id)
		e.node.step(Closed{Conn: e.id})
	})
}

// cutOff ends the connection for both; they hear of it, or not. Bytes under way
// are lost, or only some.
func (e *simEnd) cutOff(loud bool) {
	if loud {
		e.hangUp()
		e.other.hangUp()
		return
	}
	e.cut, e.other.cut = true, true
}

func (n *simNode) step(ev Event) {
	if n.w.t.Failed() {
		return
	}
	for _, eff := range n.m.Step(n.w.now, ev) {
		n.carryOut(eff)
	}
}

func (n *simNode) carryOut(eff Effect) {
	t := n.w.t
	if n.w.trace != nil {
		fmt.Fprintf(n.w.trace, "%v %s %T", n.w.now, n.name, eff)
		if send, ok := eff.(Send); ok {
			b, _ := proto.MarshalOptions{Deterministic: true}.Marshal(send.Msg)
			fmt.Fprintf(n.w.trace, " %d %x\n", send.Conn, b)
		} else {
			fmt.Fprintf(n.w.trace, "%v\n", eff)
		}
	}
	in := func(id ConnID) *view {
		v := n.views[id]
		require.NotNilf(t, v, "seed %d: %T outside a session", n.w.seed, eff)
		return v
	}
	switch eff := eff.(type) {
	case Send:
		e := n.ends[eff.Conn]
		msg := proto.Clone(eff.Msg).(*wire.NetworkMessage)
		if n.w.legacy {
			if name := msg.GetAuth().GetName(); name != nil {
				name.Flags = nil
			}
			if c := msg.GetAuth().GetServerChallenge(); c != nil {
				c.Flags = nil
			}
		}
		other := e.other
		other.frame(func() { other.node.step(Received{other.id, msg}) }, eff.Late)
	case Close:
		if e := n.ends[eff.Conn]; e != nil {
			e.closed = true
			delete(n.ends, eff.Conn)
			e.other.hangUp()
		}
	case Dial:
		n.dial(eff.Addr, eff.Name)
	case Authenticated:
		for _, v := range n.views {
			require.NotEqualf(t, v.peer.Name, eff.Peer.Name, "seed %d: two sessions with one peer", n.w.seed)
		}
		require.Equal(t, !n.w.legacy, eff.Peer.Go)
		n.views[eff.Conn] = &view{peer: eff.Peer, up: map[uint64]bool{}, groups: map[groupKey]map[uint64]bool{}, names: map[string]uint64{}, allow: map[uint64]bool{}}
	case Ready:
		v := in(eff.Conn)
		require.False(t, v.ready)
		v.ready = true
	case Disconnected:
		in(eff.Conn)
		delete(n.views, eff.Conn)
	case Allow:
		v := in(eff.Conn)
		require.False(t, v.allow[eff.Pid])
		v.allow[eff.Pid] = true
	case Revoke:
		v := in(eff.Conn)
		require.True(t, v.allow[eff.Pid])
		delete(v.allow, eff.Pid)
	case Up:
		v := in(eff.Conn)
		require.False(t, v.up[eff.Pid])
		v.up[eff.Pid] = true
	case Down:
		v := in(eff.Conn)
		require.True(t, v.up[eff.Pid])
		delete(v.up, eff.Pid)
		for _, members := range v.groups {
			require.Falsef(t, n.w.legacy && members[eff.Pid], "seed %d: %d ends before it leaves its groups", n.w.seed, eff.Pid)
			delete(members, eff.Pid)
		}
		maps.DeleteFunc(v.names, func(_ string, p uint64) bool { return p == eff.Pid })
	case PeerJoined:
		v := in(eff.Conn)
		key := groupKey{eff.Scope, eff.Group}
		if v.groups[key] == nil {
			v.groups[key] = map[uint64]bool{}
		}
		for _, pid := range eff.Pids {
			require.True(t, v.up[pid])
			v.groups[key][pid] = true
		}
	case PeerLeft:
		v := in(eff.Conn)
		for _, pid := range eff.Pids {
			require.True(t, v.up[pid])
			delete(v.groups[groupKey{eff.Scope, eff.Group}], pid)
		}
	case PeerNamed:
		v := in(eff.Conn)
		require.True(t, v.up[eff.Pid])
		v.names[eff.Name] = eff.Pid
	case PeerUnnamed:
		if v := in(eff.Conn); v.names[eff.Name] == eff.Pid {
			delete(v.names, eff.Name)
		}
	}
}

// check looks at what it has come to.
func (w *world) check() {
	t := w.t
	for _, n := range w.nodes {
		require.Lenf(t, n.views, len(w.nodes)-1, "seed %d: sessions of %s", w.seed, n.name)
		require.Lenf(t, n.ends, len(w.nodes)-1, "seed %d: connections of %s", w.seed, n.name)
		for id, v := range n.views {
			require.Truef(t, v.ready, "seed %d", w.seed)
			there := n.ends[id].other
			peer := there.node
			require.Equal(t, v.peer.Name, peer.name)
			itsView := peer.views[there.id]
			require.NotNilf(t, itsView, "seed %d: the two have kept different connections", w.seed)
			require.NotEqual(t, v.peer.Dialed, itsView.peer.Dialed)

			maps.DeleteFunc(v.groups, func(_ groupKey, members map[uint64]bool) bool { return len(members) == 0 })
			require.Equalf(t, peer.groups, v.groups, "seed %d: groups of %s", w.seed, peer.name)
			require.Equalf(t, itsView.allow, v.up, "seed %d: actors of %s", w.seed, peer.name)
			if w.legacy {
				require.Equalf(t, peer.actors, v.up, "seed %d: actors of %s", w.seed, peer.name)
				require.Empty(t, v.names)
			} else {
				require.Equalf(t, peer.incarnation, v.peer.Incarnation, "seed %d", w.seed)
				require.Equalf(t, peer.names, v.names, "seed %d: names of %s", w.seed, peer.name)
				for pid := range v.up {
					require.Truef(t, peer.actors[pid], "seed %d", w.seed)
				}
			}
		}
	}
}
