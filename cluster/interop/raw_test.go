//go:build interop

package interop

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// A raw is a connection to the peer on which the test itself speaks the protocol,
// frame by frame.
type raw struct {
	t    testing.TB
	conn net.Conn
}

const cookie = "cookie"

// dialPeer opens a connection to the peer and says nothing yet.
func dialPeer(t testing.TB, p *peer) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", p.addr())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return &raw{t, conn}
}

// acceptPeer makes the peer dial the test, and returns the connection.
func acceptPeer(t testing.TB, p *peer) *raw {
	t.Helper()
	listener := listen(t)
	p.tellf("connect %v", listener.Addr())
	conn, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return &raw{t, conn}
}

// session is a connection with the whole handshake behind it, both sides ready.
// Nothing but Spawn and PgJoin of the peer's is passed over.
func session(t testing.TB, p *peer, name string) *raw {
	t.Helper()
	r := dialPeer(t, p)
	r.login(name, 7, cookie)
	r.ready()
	p.await("ready", "peer="+name)
	return r
}

// login is the handshake of a node that dials, up to the peer's ack, which is
// checked. It returns the peer's challenge.
func (r *raw) login(name string, connection uint64, cookie string) *wire.Challenge {
	r.t.Helper()
	r.send(nameFrame(name, connection))
	require.Equal(r.t, wire.ServerStatus_OK, r.receive().GetAuth().GetServerStatus().GetStatus())
	return r.prove(cookie)
}

// prove is the second half of login, from the peer's challenge on.
func (r *raw) prove(cookie string) *wire.Challenge {
	r.t.Helper()
	challenge := r.receive().GetAuth().GetServerChallenge()
	require.NotNil(r.t, challenge)
	r.send(replyFrame(99, digest(cookie, challenge.GetChallenge())))
	require.Equal(r.t, digest(cookie, 99), r.receive().GetAuth().GetServerAck().GetDigest())
	return challenge
}

// ready reads the peer's first word up to its Ready, and says the same.
func (r *raw) ready() []*wire.NetworkMessage {
	r.t.Helper()
	var before []*wire.NetworkMessage
	for {
		m := r.receive()
		if m.GetControl().GetReady() != nil {
			break
		}
		before = append(before, m)
	}
	r.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ready{Ready: &wire.Ready{}}}))
	return before
}

// send writes a message as a frame.
func (r *raw) send(m *wire.NetworkMessage) {
	r.t.Helper()
	bytes, err := proto.Marshal(m)
	require.NoError(r.t, err)
	r.payload(bytes)
}

// payload writes bytes as a frame, whatever they are.
func (r *raw) payload(bytes []byte) {
	r.t.Helper()
	r.write(append(binary.BigEndian.AppendUint64(nil, uint64(len(bytes))), bytes...))
}

func (r *raw) write(bytes []byte) {
	r.t.Helper()
	require.NoError(r.t, r.conn.SetWriteDeadline(time.Now().Add(patience)))
	_, err := r.conn.Write(bytes)
	require.NoError(r.t, err)
}

// receive reads the next frame that is no ping: those come when they like, and are
// answered here.
func (r *raw) receive() *wire.NetworkMessage {
	r.t.Helper()
	for {
		m := &wire.NetworkMessage{}
		bytes := r.frame()
		require.NoError(r.t, proto.Unmarshal(bytes, m))
		ping := m.GetControl().GetPing()
		if ping == nil {
			return m
		}
		r.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_Pong{Pong: &wire.Pong{Timestamp: ping.GetTimestamp()}}}))
	}
}

// frame reads one frame's payload.
func (r *raw) frame() []byte {
	r.t.Helper()
	require.NoError(r.t, r.conn.SetReadDeadline(time.Now().Add(patience)))
	var length [8]byte
	_, err := io.ReadFull(r.conn, length[:])
	require.NoError(r.t, err)
	payload := make([]byte, binary.BigEndian.Uint64(length[:]))
	_, err = io.ReadFull(r.conn, payload)
	require.NoError(r.t, err)
	return payload
}

// closed waits for the end of the connection. What still came before is returned.
func (r *raw) closed() []byte {
	r.t.Helper()
	require.NoError(r.t, r.conn.SetReadDeadline(time.Now().Add(patience)))
	rest, err := io.ReadAll(r.conn)
	if err != nil {
		require.ErrorContains(r.t, err, "reset") // the peer closed with bytes of ours unread
	}
	return rest
}

// fence waits until the peer has dealt with all that was sent before: it answers a
// ping in the same actor, in order. What else it said until then is returned.
func (r *raw) fence() []*wire.NetworkMessage {
	r.t.Helper()
	mark := timestamppb.New(time.Unix(fences.next(), 0))
	r.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ping{Ping: &wire.Ping{Timestamp: mark}}}))
	var before []*wire.NetworkMessage
	for {
		m := r.receive()
		if pong := m.GetControl().GetPong(); pong != nil && proto.Equal(pong.GetTimestamp(), mark) {
			return before
		}
		before = append(before, m)
	}
}

// wants reads until a message that is wanted, and says all that came if it is late.
func (r *raw) wants(what string, is func(*wire.NetworkMessage) bool) *wire.NetworkMessage {
	r.t.Helper()
	for {
		m := r.receive()
		if is(m) {
			return m
		}
		r.t.Logf("before %s: %s", what, prototext.MarshalOptions{}.Format(m))
	}
}

// reply reads until the answer to a call.
func (r *raw) reply(tag uint64) *wire.CallReply {
	r.t.Helper()
	m := r.wants("a reply", func(m *wire.NetworkMessage) bool { return m.GetNode().GetReply().GetTag() == tag })
	return m.GetNode().GetReply()
}

type counter int64

func (c *counter) next() int64 { *c++; return int64(*c) }

var fences counter

func digest(cookie string, challenge uint32) []byte {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint32(nil, challenge), cookie...))
	return sum[:]
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(s)
	require.NoError(t, err)
	return bytes
}

func auth(m *wire.AuthenticationMessage) *wire.NetworkMessage {
	return &wire.NetworkMessage{Message: &wire.NetworkMessage_Auth{Auth: m}}
}

func control(m *wire.ControlMessage) *wire.NetworkMessage {
	return &wire.NetworkMessage{Message: &wire.NetworkMessage_Control{Control: m}}
}

func nameMessage(name string, connection uint64) *wire.NameMessage {
	return &wire.NameMessage{
		Name:             name,
		Flags:            &wire.NodeFlags{Version: 1},
		ConnectionString: "localhost:1",
		ConnectionId:     connection,
	}
}

func nameFrame(name string, connection uint64) *wire.NetworkMessage {
	return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: nameMessage(name, connection)}})
}

func statusFrame(status wire.ServerStatus_Status) *wire.NetworkMessage {
	return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerStatus{ServerStatus: &wire.ServerStatus{Status: status}}})
}

func challengeFrame(name string, challenge uint32) *wire.NetworkMessage {
	return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerChallenge{ServerChallenge: &wire.Challenge{
		Name:             name,
		Flags:            &wire.NodeFlags{Version: 1},
		Challenge:        challenge,
		ConnectionString: "localhost:1",
	}}})
}

func replyFrame(challenge uint32, digest []byte) *wire.NetworkMessage {
	return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientChallenge{ClientChallenge: &wire.ChallengeReply{Challenge: challenge, Digest: digest}}})
}

func ackFrame(digest []byte) *wire.NetworkMessage {
	return auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerAck{ServerAck: &wire.ChallengeAck{Digest: digest}}})
}

func actors(pids ...uint64) []*wire.Actor {
	var all []*wire.Actor
	for _, pid := range pids {
		all = append(all, &wire.Actor{Pid: pid})
	}
	return all
}

func spawnFrame(all ...*wire.Actor) *wire.NetworkMessage {
	return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Spawn{Spawn: &wire.Spawn{Actors: all}}})
}

func terminateFrame(pids ...uint64) *wire.NetworkMessage {
	return control(&wire.ControlMessage{Msg: &wire.ControlMessage_Terminate{Terminate: &wire.Terminate{Ids: pids}}})
}

const defaultScope = "__default_scope__"

func joinFrame(group string, all ...*wire.Actor) *wire.NetworkMessage {
	return control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgJoin{PgJoin: &wire.PgJoin{Scope: defaultScope, Group: group, Actors: all}}})
}

func leaveFrame(group string, all ...*wire.Actor) *wire.NetworkMessage {
	return control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgLeave{PgLeave: &wire.PgLeave{Scope: defaultScope, Group: group, Actors: all}}})
}

func castFrame(to uint64, variant string, what []byte) *wire.NetworkMessage {
	return node(&wire.NodeMessage{Msg: &wire.NodeMessage_Cast{Cast: &wire.Cast{To: to, Variant: variant, What: what}}})
}

func callFrame(to, tag uint64, timeout *uint64, variant string, what []byte) *wire.NetworkMessage {
	return node(&wire.NodeMessage{Msg: &wire.NodeMessage_Call{Call: &wire.Call{To: to, Tag: tag, TimeoutMs: timeout, Variant: variant, What: what}}})
}

func answerFrame(to, tag uint64, what []byte) *wire.NetworkMessage {
	return node(&wire.NodeMessage{Msg: &wire.NodeMessage_Reply{Reply: &wire.CallReply{To: to, Tag: tag, What: what}}})
}

func node(m *wire.NodeMessage) *wire.NetworkMessage {
	return &wire.NetworkMessage{Message: &wire.NetworkMessage_Node{Node: m}}
}

// args are the fields of a variant: each with its length before it.
func args(fields ...[]byte) []byte {
	var all []byte
	for _, field := range fields {
		all = append(binary.BigEndian.AppendUint64(all, uint64(len(field))), field...)
	}
	return all
}

func number(t testing.TB, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	require.NoError(t, err)
	return n
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.(*net.TCPListener).SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { listener.Close() })
	return listener
}
