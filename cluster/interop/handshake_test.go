//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// 5.1, 5.4, 6.1, 12: a node that dials the peer, byte for byte what the golden frames
// say, and the peer's first words in their order.
func TestPeerAccepts(t *testing.T) {
	p := startPeer(t, "--name", "rust", "--transitive")
	p.tellf("spawn one")
	one := p.await("spawned", "actor=one")
	p.tellf("join one group")
	p.await("joined", "group=group")

	r := dialPeer(t, p)
	// name: a@host, version 1, host:4697, connection 7
	r.write(unhex(t, "000000000000001d0a1b0a190a0661"+
		"40686f7374120208011a09686f73743a343639372007"))
	require.Equal(t, unhex(t, "0a021200"), r.frame(), "server_status OK")
	challenge := r.prove(cookie)
	require.Equal(t, "rust@localhost", challenge.GetName())
	require.Equal(t, uint32(1), challenge.GetFlags().GetVersion())
	require.Equal(t, p.addr(), challenge.GetConnectionString())
	p.await("opened", "incoming=true")
	p.await("authenticated", "peer=a@host")

	asks := r.receive().GetControl().GetEnumerateNodeSessions()
	require.Equal(t, "rust@localhost", asks.GetName(), "asked first, by a transitive node")
	require.Equal(t, p.addr(), asks.GetConnectionString())
	require.Zero(t, asks.GetConnectionId())
	spawn := r.receive().GetControl().GetSpawn()
	require.Len(t, spawn.GetActors(), 1, "only what is remotable")
	require.Equal(t, "one", spawn.GetActors()[0].GetName())
	require.Equal(t, one.keys["pid"], fmt.Sprint(spawn.GetActors()[0].GetPid()))
	join := r.receive().GetControl().GetPgJoin()
	require.Equal(t, "group", join.GetGroup())
	require.Equal(t, defaultScope, join.GetScope())
	require.True(t, proto.Equal(spawn.GetActors()[0], join.GetActors()[0]))
	require.Equal(t, unhex(t, "1a024a00"), r.frame(), "control ready")

	require.False(t, p.has("ready"))
	r.write(unhex(t, "00000000000000041a024a00"))
	p.await("ready", "peer=a@host")
}

// 5.3: the peer dials, and the test accepts with each status that there is. 17 is none
// that ractor knows.
func TestPeerDials(t *testing.T) {
	p := startPeer(t)
	seen := map[uint64]bool{}
	for _, status := range []wire.ServerStatus_Status{
		wire.ServerStatus_OK, wire.ServerStatus_OK_SIMULTANEOUS, wire.ServerStatus_ALIVE, 17,
	} {
		t.Run(status.String(), func(t *testing.T) {
			r := acceptPeer(t, p)
			name := r.receive().GetAuth().GetName()
			require.Equal(t, "rust@localhost", name.GetName())
			require.Equal(t, uint32(1), name.GetFlags().GetVersion())
			require.Equal(t, p.addr(), name.GetConnectionString())
			require.NotZero(t, name.GetConnectionId())
			require.False(t, seen[name.GetConnectionId()], "a new one for each connection")
			seen[name.GetConnectionId()] = true

			r.send(statusFrame(status))
			if status == wire.ServerStatus_ALIVE {
				require.True(t, r.receive().GetAuth().GetClientStatus().GetStatus())
			}
			r.accept(fmt.Sprintf("go%d@host", status), cookie)
			r.ready()
			p.await("ready", fmt.Sprintf("peer=go%d@host", status), "incoming=false")
		})
	}
	for _, status := range []wire.ServerStatus_Status{wire.ServerStatus_NOT_OK, wire.ServerStatus_NOT_ALLOWED} {
		t.Run(status.String(), func(t *testing.T) {
			r := acceptPeer(t, p)
			r.receive()
			r.send(statusFrame(status))
			require.Empty(t, r.closed())
			p.await("disconnected", "peer=")
		})
	}
}

// accept is the acceptor's half of the handshake from the challenge on.
func (r *raw) accept(name, cookie string) {
	r.t.Helper()
	r.send(challengeFrame(name, 42))
	reply := r.receive().GetAuth().GetClientChallenge()
	require.Equal(r.t, digest(cookie, 42), reply.GetDigest())
	r.send(ackFrame(digest(cookie, reply.GetChallenge())))
}

// 5.3, 5.4: a wrong cookie, found by either side.
func TestPeerRefusesAWrongCookie(t *testing.T) {
	p := startPeer(t)
	t.Run("of a node that dials", func(t *testing.T) {
		r := dialPeer(t, p)
		r.send(nameFrame("a@host", 7))
		r.receive()
		challenge := r.receive().GetAuth().GetServerChallenge()
		r.send(replyFrame(1, digest("other", challenge.GetChallenge())))
		require.Empty(t, r.closed())
		p.await("disconnected", "peer=a@host")
	})
	t.Run("of a node that accepts", func(t *testing.T) {
		r := acceptPeer(t, p)
		r.receive()
		r.send(statusFrame(wire.ServerStatus_OK))
		r.send(challengeFrame("b@host", 42))
		r.receive()
		r.send(ackFrame(digest("other", 42)))
		require.Empty(t, r.closed())
		p.await("disconnected", "incoming=false") // perhaps before it has heard the name
	})
	require.False(t, p.has("authenticated"))
}

// 5.6: two connections of the same direction. The smaller id stays, whichever came
// first; one without id loses to one that has it.
func TestPeerElects(t *testing.T) {
	p := startPeer(t)
	for _, c := range []struct {
		name          string
		first, second uint64
		status        wire.ServerStatus_Status
	}{
		{"the second is smaller", 9, 8, wire.ServerStatus_OK_SIMULTANEOUS},
		{"the first is smaller", 8, 9, wire.ServerStatus_NOT_OK},
		{"the second has the high bit", 8, 1 << 63, wire.ServerStatus_NOT_OK},
		{"the first has no id", 0, 1 << 63, wire.ServerStatus_OK_SIMULTANEOUS},
		{"the second has no id", 8, 0, wire.ServerStatus_NOT_OK},
		{"none has an id", 0, 0, wire.ServerStatus_OK},
		{"the same id", 8, 8, wire.ServerStatus_OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := dialPeer(t, p)
			first.login("a@host", c.first, cookie)
			first.ready()
			p.await("ready", "peer=a@host")

			second := dialPeer(t, p)
			second.send(nameFrame("a@host", c.second))
			if c.status == wire.ServerStatus_NOT_OK {
				// Seldom said: the session that would say so ends before its writer writes.
				if said := second.closed(); len(said) > 0 {
					require.Equal(t, unhex(t, "00000000000000060a0412020802"), said)
				}
				first.fence()
			} else {
				require.Equal(t, c.status, second.receive().GetAuth().GetServerStatus().GetStatus())
			}
			switch c.status {
			case wire.ServerStatus_OK_SIMULTANEOUS:
				second.prove(cookie)
				second.ready()
				p.await("ready", "peer=a@host")
				first.closed()
				second.fence()
			case wire.ServerStatus_OK: // nobody can say which is which: the older stays, once both have proved themselves
				second.prove(cookie)
				second.closed()
				first.fence()
			}
			first.conn.Close()
			second.conn.Close()
			p.await("disconnected", "peer=a@host")
			p.await("disconnected", "peer=a@host")
		})
	}
}

// 5.6: both directions. The one that the greater name has dialled stays, whatever the
// ids say.
func TestPeerElectsBothDirections(t *testing.T) {
	p := startPeer(t, "--name", "m", "--host", "localhost") // between a and z
	for _, c := range []struct {
		name string
		ours bool
	}{{"a@host", false}, {"z@host", true}} {
		t.Run(c.name, func(t *testing.T) {
			ours := dialPeer(t, p)
			ours.login(c.name, 7, cookie)
			ours.ready()
			p.await("ready", "peer="+c.name)

			theirs := acceptPeer(t, p)
			theirs.receive()
			theirs.send(statusFrame(wire.ServerStatus_OK))
			theirs.accept(c.name, cookie)
			stays, goes := theirs, ours
			if c.ours {
				stays, goes = ours, theirs
			}
			goes.closed()
			p.await("disconnected", "peer="+c.name, fmt.Sprintf("incoming=%v", !c.ours))
			stays.fence()
			stays.conn.Close()
			p.await("disconnected", "peer="+c.name, fmt.Sprintf("incoming=%v", c.ours))
		})
	}
}

// 4, 5.5: what counts as a name, and as oneself.
func TestPeerNames(t *testing.T) {
	p := startPeer(t)
	for _, name := range []string{"a", "a@b@c", "@", "a@host:1", "ä@höst", "rust", "RUST@localhost"} {
		t.Run(name, func(t *testing.T) {
			r := dialPeer(t, p)
			r.login(name, 7, cookie)
			r.ready()
			p.await("ready", "peer="+name)
		})
	}
	t.Run("none", func(t *testing.T) {
		r := dialPeer(t, p)
		r.login("", 7, cookie)
		r.ready()
		p.await("ready", "peer=")
	})
	for what, name := range map[string]*wire.NameMessage{
		"its own name":    {Name: p.name, ConnectionString: "localhost:1", ConnectionId: 7},
		"its own address": {Name: "b@host", ConnectionString: p.addr(), ConnectionId: 7},
	} {
		t.Run(what, func(t *testing.T) {
			r := dialPeer(t, p)
			r.send(auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: name}}))
			r.receive()
			challenge := r.receive().GetAuth().GetServerChallenge()
			r.send(replyFrame(99, digest(cookie, challenge.GetChallenge())))
			require.Empty(t, r.closed(), "found at the second message")
		})
	}
}

// 2, 5.3, 5.4, 5.5: what ends a handshake and what does not.
func TestPeerIsStrictInTheHandshake(t *testing.T) {
	p := startPeer(t)
	for what, m := range map[string]*wire.NetworkMessage{
		"an empty message of the handshake": auth(&wire.AuthenticationMessage{}),
		"a status instead of a name":        statusFrame(wire.ServerStatus_OK),
		"an answer instead of a name":       replyFrame(1, digest(cookie, 1)),
	} {
		t.Run(what, func(t *testing.T) {
			r := dialPeer(t, p)
			r.send(m)
			require.Empty(t, r.closed())
		})
	}
	t.Run("a second name", func(t *testing.T) {
		r := dialPeer(t, p)
		r.send(nameFrame("a@host", 7))
		r.receive()
		r.receive()
		r.send(nameFrame("a@host", 7))
		require.Empty(t, r.closed())
	})
	t.Run("other messages before the time are dropped", func(t *testing.T) {
		r := dialPeer(t, p)
		r.send(spawnFrame(actors(1)...))
		r.send(castFrame(0, "Nothing", nil))
		r.send(&wire.NetworkMessage{})
		r.login("a@host", 7, cookie)
		r.send(joinFrame("early", actors(2)...))
		r.ready()
		p.await("ready", "peer=a@host")
		r.fence()
		p.await("joined", "group=early", "pid=2") // what comes right after the ack, before its Ready, counts
	})
	t.Run("and of the handshake after it", func(t *testing.T) {
		r := dialPeer(t, p)
		r.login("b@host", 7, cookie)
		r.ready()
		p.await("ready", "peer=b@host")
		r.send(auth(&wire.AuthenticationMessage{}))
		r.send(statusFrame(wire.ServerStatus_NOT_OK))
		r.send(nameFrame("c@host", 8))
		require.Empty(t, r.fence())
	})
}

// 3: fields that ractor does not know are passed over, in all the places where Go puts
// them, and so are varints longer than need be.
func TestPeerReadsWhatItDoesNotKnow(t *testing.T) {
	p := startPeer(t)
	r := dialPeer(t, p)

	name := nameMessage("go@host", 7)
	name.Flags.Go = []byte("\x00\xffgo: anything, not UTF-8")
	r.send(auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: name}}))
	r.receive()
	challenge := r.receive().GetAuth().GetServerChallenge()
	require.Nil(t, challenge.GetFlags().GetGo())

	// The answer with a field of ours behind the known one, and one of each wire type.
	answer, err := proto.Marshal(replyFrame(99, digest(cookie, challenge.GetChallenge())))
	require.NoError(t, err)
	answer = protowire.AppendTag(answer, 50002, protowire.BytesType)
	answer = protowire.AppendBytes(answer, []byte("ours"))
	answer = protowire.AppendTag(answer, 50003, protowire.VarintType)
	answer = protowire.AppendVarint(answer, 1<<63)
	answer = protowire.AppendTag(answer, 50004, protowire.Fixed32Type)
	answer = protowire.AppendFixed32(answer, 1)
	answer = protowire.AppendTag(answer, 50005, protowire.Fixed64Type)
	answer = protowire.AppendFixed64(answer, 1)
	r.payload(answer)
	r.receive()
	r.ready()
	p.await("ready", "peer=go@host")

	// A message of ours alone.
	alone := protowire.AppendTag(nil, 50002, protowire.BytesType)
	r.payload(protowire.AppendBytes(alone, []byte("ours")))
	require.Empty(t, r.fence())

	// A PgJoin with every length and the pid as a varint of ten bytes, five, two.
	for _, width := range []int{10, 5, 2} {
		group := fmt.Sprintf("wide%d", width)
		actor := wide(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(width), width)
		join := field(field(nil, 1, []byte(group), width), 2, actor, width)
		join = field(join, 3, []byte(defaultScope), width)
		r.payload(field(nil, 3, field(nil, 5, join, width), width))
		p.await("joined", "group="+group, fmt.Sprintf("pid=%d", width))
	}
}

// field appends a length-delimited field whose length takes width bytes.
func field(dst []byte, number protowire.Number, value []byte, width int) []byte {
	dst = protowire.AppendTag(dst, number, protowire.BytesType)
	return append(wide(dst, uint64(len(value)), width), value...)
}

// wide appends v as a varint of width bytes.
func wide(dst []byte, v uint64, width int) []byte {
	for i := range width {
		b := byte(v & 0x7f)
		v >>= 7
		if i < width-1 {
			b |= 0x80
		}
		dst = append(dst, b)
	}
	return dst
}

// 2: frames.
func TestPeerFrames(t *testing.T) {
	p := startPeer(t)
	const limit = 16 << 20
	t.Run("one that is too long ends the session before it is read", func(t *testing.T) {
		r := session(t, p, "a@host")
		r.write(binary.BigEndian.AppendUint64(nil, limit+1))
		r.closed()
		p.await("disconnected", "peer=a@host")
	})
	t.Run("the longest", func(t *testing.T) {
		r := session(t, p, "b@host")
		payload := protowire.AppendTag(nil, 50002, protowire.BytesType)
		fill := make([]byte, limit-len(payload)-4)
		payload = protowire.AppendBytes(payload, fill)
		require.Len(t, payload, limit)
		r.payload(payload)
		r.fence()
	})
	t.Run("in pieces and in heaps", func(t *testing.T) {
		r := session(t, p, "c@host")
		join, err := proto.Marshal(joinFrame("pieces", actors(1)...))
		require.NoError(t, err)
		frame := append(binary.BigEndian.AppendUint64(nil, uint64(len(join))), join...)
		for _, b := range frame {
			r.write([]byte{b})
		}
		r.write(append(frame, frame...))
		r.fence()
		for range 3 {
			p.await("joined", "group=pieces")
		}
	})
	t.Run("empty ones", func(t *testing.T) {
		r := session(t, p, "d@host")
		for range 3 {
			r.payload(nil)
		}
		r.send(control(&wire.ControlMessage{}))
		r.send(node(&wire.NodeMessage{}))
		require.Empty(t, r.fence())
	})
	t.Run("one that is no message", func(t *testing.T) {
		r := session(t, p, "e@host")
		r.payload([]byte{0x0a, 0x05})
		r.closed()
		p.await("disconnected", "peer=e@host")
	})
	t.Run("text that is not UTF-8", func(t *testing.T) {
		r := session(t, p, "f@host")
		r.payload(field(nil, 2, field(nil, 1, field(nil, 3, []byte{0xff}, 1), 1), 1))
		r.closed()
		p.await("disconnected", "peer=f@host")
	})
}
