package protocol

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// FuzzMachine feeds a machine with whatever the bytes make of it: events and
// messages in any order, from peers that know the cookie and from such that do
// not. It must not panic, not answer before authentication with anything but Send,
// Close and Log, keep to the contract of effect.go, and not grow beyond what
// it has been told.
func FuzzMachine(f *testing.F) {
	for _, dialed := range []bool{false, true} {
		for _, goNode := range []bool{false, true} {
			f.Add(fuzzSession(dialed, goNode))
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, 64+rng.IntN(512))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		newFuzzer(t, in).run()
	})
}

const fuzzMax = 3 // unauthenticated connections accepted

// fuzzer makes events of bytes.
type fuzzer struct {
	t     *testing.T
	in    []byte
	m     *Machine
	now   time.Time
	links map[ConnID]*link
	watch *watcher
	told  int // pids, names and the like that have come from outside
	ended int // actors of ours
}

// watcher holds effects against the contract.
type watcher struct {
	t       *testing.T
	open    map[ConnID]bool
	session map[ConnID]string
	ready   map[ConnID]bool
	up      map[[2]uint64]bool
	allow   map[[2]uint64]bool
}

func newFuzzer(t *testing.T, in []byte) *fuzzer {
	fz := &fuzzer{t: t, in: in, now: begin, links: map[ConnID]*link{}}
	fz.watch = &watcher{
		t: t, open: map[ConnID]bool{}, session: map[ConnID]string{}, ready: map[ConnID]bool{},
		up: map[[2]uint64]bool{}, allow: map[[2]uint64]bool{},
	}
	n := uint64(1000)
	fz.m = New(Config{
		Name: "m@host", Addr: "host:1", Cookie: "cookie", Incarnation: 9, Features: []string{"x"}, Transitive: true,
		MaxUnauthenticated: fuzzMax, Rand: func() uint64 { n++; return n },
	})
	return fz
}

func (fz *fuzzer) byte() byte {
	if len(fz.in) == 0 {
		return 0
	}
	b := fz.in[0]
	fz.in = fz.in[1:]
	return b
}

// small is one of few, so that things meet.
func (fz *fuzzer) small() uint64 { return uint64(fz.byte() % 6) }

func (fz *fuzzer) run() {
	for range 400 {
		if len(fz.in) == 0 {
			break
		}
		fz.step(fz.event())
	}
	fz.step(Leave{})
	require.Empty(fz.t, fz.watch.open)
	require.Empty(fz.t, fz.watch.session)
}

func (fz *fuzzer) step(ev Event) {
	if open, ok := ev.(Opened); ok && fz.links[open.Conn] == nil {
		fz.links[open.Conn] = &link{cookie: "cookie", dialed: open.Dialed, t: transcript{exporter: open.Exporter}}
		fz.watch.open[open.Conn] = true
	}
	if closed, ok := ev.(Closed); ok {
		delete(fz.watch.open, closed.Conn)
	}
	for _, eff := range fz.m.Step(fz.now, ev) {
		if send, ok := eff.(Send); ok {
			fz.links[send.Conn].note(send.Msg, true)
		}
		fz.watch.see(eff)
	}
	if at, ok := fz.m.Wake(); ok && !at.After(fz.now) {
		if _, isTick := ev.(Tick); isTick {
			fz.t.Fatalf("a tick has not changed the time to wake: %v", at)
		}
	}
	fz.bounds()
}

// bounds: nothing grows but with what it was told.
func (fz *fuzzer) bounds() {
	waiting := 0
	for _, c := range fz.m.order {
		if c.session == nil && !c.Dialed {
			waiting++
		}
	}
	require.LessOrEqual(fz.t, waiting, fuzzMax)
	require.Len(fz.t, fz.m.conns, len(fz.m.order))
	require.Len(fz.t, fz.watch.open, len(fz.m.order))
	require.Len(fz.t, fz.watch.session, len(fz.m.sessions))
	for _, c := range fz.m.sessions {
		s := c.session
		all := slices.Concat(s.ends.asked, s.ends.waiting)
		for _, a := range s.ends.answered {
			all = append(all, a.ends...)
		}
		held := 0
		for _, e := range all {
			if !e.ours {
				held++
			}
		}
		require.LessOrEqual(fz.t, held, len(s.up), "ends held back that nobody is up for")
		require.LessOrEqual(fz.t, len(all)-held, fz.ended, "ends of ours held back more than once")
		require.LessOrEqual(fz.t, len(s.up), fz.told)
		require.LessOrEqual(fz.t, len(s.granted), len(fz.m.local.actors))
	}
	require.LessOrEqual(fz.t, len(fz.m.dialled.at), maxDialled)
}

func (w *watcher) see(eff Effect) {
	inSession := func(id ConnID) {
		require.NotEmptyf(w.t, w.session[id], "%T before authentication", eff)
	}
	switch eff := eff.(type) {
	case Send:
		require.True(w.t, w.open[eff.Conn])
		before := eff.Msg.GetAuth() != nil || eff.Msg.GetGo().GetAuthOffer() != nil || eff.Msg.GetGo().GetAuthProof() != nil
		require.Equalf(w.t, before, w.session[eff.Conn] == "", "%v", eff.Msg)
		_, err := proto.Marshal(eff.Msg)
		require.NoError(w.t, err)
	case Close:
		require.True(w.t, w.open[eff.Conn])
		delete(w.open, eff.Conn)
	case Log:
	case Dial:
		require.NotEmpty(w.t, w.session)
	case Authenticated:
		for _, name := range w.session {
			require.NotEqual(w.t, name, eff.Peer.Name)
		}
		require.Empty(w.t, w.session[eff.Conn])
		require.NotEqual(w.t, "m@host", eff.Peer.Name)
		w.session[eff.Conn] = eff.Peer.Name
	case Ready:
		inSession(eff.Conn)
		require.False(w.t, w.ready[eff.Conn])
		w.ready[eff.Conn] = true
	case Disconnected:
		inSession(eff.Conn)
		require.False(w.t, w.open[eff.Conn])
		delete(w.session, eff.Conn)
	case Allow:
		inSession(eff.Conn)
		key := [2]uint64{uint64(eff.Conn), eff.Pid}
		require.False(w.t, w.allow[key])
		w.allow[key] = true
	case Revoke:
		inSession(eff.Conn)
		key := [2]uint64{uint64(eff.Conn), eff.Pid}
		require.True(w.t, w.allow[key])
		delete(w.allow, key)
	case Up:
		inSession(eff.Conn)
		key := [2]uint64{uint64(eff.Conn), eff.Pid}
		require.False(w.t, w.up[key])
		w.up[key] = true
	case Down:
		inSession(eff.Conn)
		key := [2]uint64{uint64(eff.Conn), eff.Pid}
		require.True(w.t, w.up[key])
		delete(w.up, key)
	case PeerJoined:
		w.allUp(eff.Conn, eff.Pids)
	case PeerLeft:
		w.allUp(eff.Conn, eff.Pids)
	case PeerNamed:
		w.allUp(eff.Conn, []uint64{eff.Pid})
	case PeerUnnamed:
		w.allUp(eff.Conn, []uint64{eff.Pid})
	default:
		w.t.Fatalf("%T", eff)
	}
}

func (w *watcher) allUp(id ConnID, pids []uint64) {
	require.NotEmpty(w.t, w.session[id])
	require.NotEmpty(w.t, pids)
	for _, pid := range pids {
		require.True(w.t, w.up[[2]uint64{uint64(id), pid}])
	}
}

// fuzzSession is the input of a whole handshake, and of what may follow it. It is
// the fuzzer's reading turned round.
func fuzzSession(dialed, goNode bool) []byte {
	const loopback, parsed = 4, 7
	how, hello := byte(loopback), byte(0)
	if dialed {
		how |= 1
	}
	if goNode {
		hello = 1
	}
	in := []byte{
		4, 1, 1, // spawned
		4, 2, 0,
		5, 1, 0, 1, 2, // joined
		5, 3, 2, // named
		0, how, 1, // opened
	}
	say := func(message, pid byte) {
		// Who, address, Hello, good, two pids, incarnation, id, status, pong, and which.
		in = append(in, parsed, 1, 0, 2, hello, 0, pid, pid+1, 5, 3, 0, 0, message)
	}
	var handshake []byte
	switch {
	case goNode && dialed:
		handshake = []byte{1, 3, 6, 7}
	case goNode:
		handshake = []byte{0, 6, 7}
	case dialed:
		handshake = []byte{1, 3, 5}
	default:
		handshake = []byte{0, 4}
	}
	for _, message := range handshake {
		say(message, 0)
	}
	for message := byte(8); message < 21; message++ {
		say(message, message%4)
	}
	return append(in, 2, 100, 2, 200)
}

// event makes the next event.
func (fz *fuzzer) event() Event {
	conn := func() ConnID { return ConnID(fz.byte() % 16) }
	scope := func() string { return []string{"", "default", wireDefaultScope, "s"}[fz.byte()%4] }
	switch fz.byte() % 16 {
	case 0:
		how, id := fz.byte(), conn()
		if fz.links[id] != nil && !fz.watch.open[id] {
			return Tick{} // ids are used once
		}
		return Opened{
			Conn: id, Dialed: how&1 != 0, Secure: how&2 != 0, Loopback: how&4 != 0,
			Expect: []string{"", "", "", "a@host"}[how>>3&3], CertName: []string{"", "", "", "a@host"}[how>>5&3],
		}
	case 1:
		return Closed{Conn: conn()}
	case 2:
		fz.now = fz.now.Add(time.Duration(fz.byte()) * 50 * time.Millisecond)
		return Tick{}
	case 3:
		return []Event{Heard{conn()}, Deaf{conn(), true}, Deaf{conn(), false}}[fz.byte()%3]
	case 4:
		return Spawned{fz.small(), []string{"", "n"}[fz.byte()%2], "T"}
	case 5:
		switch fz.byte() % 6 {
		case 0:
			fz.ended++
			return Ended{fz.small(), nil}
		case 1:
			return Joined{scope(), "g", []uint64{fz.small(), fz.small()}}
		case 2:
			return Left{scope(), "g", []uint64{fz.small()}}
		case 3:
			return Named{"n", fz.small(), "T"}
		case 4:
			return Unnamed{"n", fz.small()}
		}
		return Export{conn(), fz.small()}
	case 6: // anything
		id, n := conn(), int(fz.byte())
		n = min(n, len(fz.in))
		msg := &wire.NetworkMessage{}
		_ = proto.Unmarshal(fz.in[:n], msg)
		fz.in = fz.in[n:]
		fz.told += n
		return Received{id, msg}
	default:
		id := conn()
		l := fz.links[id]
		if l == nil {
			l = &link{}
		}
		msg := l.parse(fz.words())
		l.note(msg, false)
		fz.told += 2
		return Received{id, msg}
	}
}

// words are a message in the language of the scripts.
func (fz *fuzzer) words() []string {
	who := []string{"a@host", "b@host", "m@host", "z@host"}[fz.byte()%4]
	addr := fmt.Sprintf("host:%d", fz.small())
	flags := []string{"x=x", "go"}[fz.byte()%2]
	good := []string{"good", "good", "bad", "reflected"}[fz.byte()%4]
	pid, other := fmt.Sprint(fz.small()), fmt.Sprint(fz.small())
	inc, id := fmt.Sprint("inc=", fz.small()), fmt.Sprint("id=", fz.small())
	all := [][]string{
		{"name", who, addr, id, flags, inc},
		{"server_status", []string{"OK", "OK_SIMULTANEOUS", "NOT_OK", "ALIVE"}[fz.byte()%4]},
		{"client_status", "true"},
		{"server_challenge", who, addr, "challenge=42", flags, inc},
		{"client_challenge", "challenge=99", "digest=" + good},
		{"server_ack", "digest=" + good},
		{"offer"},
		{"proof", good},
		{"spawn", pid, other},
		{"terminate", pid, other},
		{"ping", "1s"},
		{"pong", fmt.Sprint(fz.small(), "s")},
		{"pg_join", "s", "g", pid, other},
		{"pg_leave", "s", "g", pid},
		{"enumerate", who, addr},
		{"node_sessions", who + "=" + addr},
		{"ready"},
		{"down", pid, "KILLED"},
		{"export", pid},
		{"named", "n", pid},
		{"unnamed", "n", pid},
		{"cast", pid},
		{"auth_empty"},
		{"go_empty"},
	}
	return all[int(fz.byte())%len(all)]
}

// TestFuzzSession makes sure that the inputs to begin with get past the handshake.
func TestFuzzSession(t *testing.T) {
	for _, dialed := range []bool{false, true} {
		for _, goNode := range []bool{false, true} {
			fz := newFuzzer(t, fuzzSession(dialed, goNode))
			fz.run()
			require.NotEmpty(t, fz.watch.ready, "dialed %v, Go %v", dialed, goNode)
		}
	}
}
