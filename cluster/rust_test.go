package cluster_test

import (
	"crypto/sha256"
	"encoding/binary"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/cluster/internal/wire"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// rust speaks as a Rust node does (wire reference, sections 5 to 7), one frame at a
// time, under the name r@host.
type rust struct {
	t    testing.TB
	conn net.Conn
	in   *wire.Reader

	pongs bool
}

func digest(cookie string, challenge uint32) []byte {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint32(nil, challenge), cookie...))
	return sum[:]
}

// dialRust connects a rust to a side and goes through the handshake.
func dialRust(t testing.TB, to *side) *rust {
	t.Helper()
	conn, err := net.Dial("tcp", to.node.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	r := &rust{t: t, conn: conn, in: wire.NewReader(conn, 16<<20)}
	r.auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: &wire.NameMessage{
		Name: "r@host", Flags: &wire.NodeFlags{Version: 1}, ConnectionString: "host:1", ConnectionId: 9,
	}}})
	require.Equal(t, wire.ServerStatus_OK, r.next().GetAuth().GetServerStatus().GetStatus())
	challenge := r.next().GetAuth().GetServerChallenge()
	require.Equal(t, to.node.Name(), challenge.GetName())
	r.auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientChallenge{ClientChallenge: &wire.ChallengeReply{
		Challenge: 42, Digest: digest(config("").Cookie, challenge.GetChallenge()),
	}}})
	require.Equal(t, digest(config("").Cookie, 42), r.next().GetAuth().GetServerAck().GetDigest())
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ready{Ready: &wire.Ready{}}})
	return r
}

func (r *rust) send(m *wire.NetworkMessage) {
	r.t.Helper()
	_, err := r.conn.Write(wire.Append(nil, m))
	require.NoError(r.t, err)
}

func (r *rust) auth(m *wire.AuthenticationMessage) {
	r.send(&wire.NetworkMessage{Message: &wire.NetworkMessage_Auth{Auth: m}})
}

func (r *rust) control(m *wire.ControlMessage) {
	r.send(&wire.NetworkMessage{Message: &wire.NetworkMessage_Control{Control: m}})
}

// frame returns the next frame that is no ping. Those are answered if pongs says so.
func (r *rust) frame() *wire.Frame {
	r.t.Helper()
	for {
		f, err := r.in.Next()
		require.NoError(r.t, err)
		ping := f.Msg.GetControl().GetPing()
		if ping == nil {
			require.Nil(r.t, f.Msg.GetGo(), "a Rust node knows nothing of this")
			return f
		}
		if r.pongs {
			r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Pong{Pong: &wire.Pong{Timestamp: ping.GetTimestamp()}}})
		}
	}
}

func (r *rust) next() *wire.NetworkMessage { return r.frame().Msg }

// until returns the first control message for which ok is true.
func until[T any](r *rust, get func(*wire.ControlMessage) *T) *T {
	r.t.Helper()
	for {
		if m := get(r.next().GetControl()); m != nil {
			return m
		}
	}
}

func field(s string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(len(s))), s...)
}

// A Rust node calls an actor of ours: it was advertised, with its name; what is not
// for it, or makes no sense, is met with silence (7.1, 7.3).
func TestRustCallsUs(t *testing.T) {
	_, b := sides(t)
	ref := b.spawn(&counter{}, actor.Named("counter"))
	r := dialRust(t, b)
	spawned := until(r, (*wire.ControlMessage).GetSpawn)
	require.Len(t, spawned.GetActors(), 1)
	pid := spawned.GetActors()[0].GetPid()
	require.Equal(t, uint64(ref.ID()), pid)
	require.Equal(t, "counter", spawned.GetActors()[0].GetName())
	until(r, (*wire.ControlMessage).GetReady)
	require.Equal(t, "r@host", b.awaits(cluster.Ready).Session.Node)

	var out []byte
	out = wire.AppendCast(out, pid, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, 8), 5), "Add", nil)
	out = wire.AppendCast(out, pid, []byte("nonsense"), "Add", nil)
	out = wire.AppendCast(out, pid, nil, "Unheard", nil)
	out = wire.AppendCast(out, pid+1, nil, "Get", nil)
	out = wire.AppendCall(out, pid+1, nil, 6, 0, false, "Get", nil)
	out = wire.AppendCall(out, pid, nil, 7, 0, false, "Fail", nil)
	out = wire.AppendCall(out, pid, field("hello"), 8, 500, true, "Echo", nil)
	out = wire.AppendCall(out, pid, nil, 9, 0, false, "Get", nil)
	_, err := r.conn.Write(out)
	require.NoError(t, err)
	f := r.frame()
	require.Equal(t, wire.KindReply, f.Kind)
	require.Equal(t, []uint64{pid, 8}, []uint64{f.To, f.Tag})
	require.Equal(t, "hello", string(f.What))
	f = r.frame()
	require.EqualValues(t, 9, f.Tag)
	require.EqualValues(t, 5, binary.BigEndian.Uint64(f.What))
	st := b.node.Stats()
	require.EqualValues(t, 2, st.Unknown)
	require.EqualValues(t, 2, st.Undecodable)

	require.NoError(t, ref.StopAndWait(b.ctx))
	// Its end comes behind a ping that is answered.
	r.pongs = true
	require.Equal(t, []uint64{pid}, until(r, (*wire.ControlMessage).GetTerminate).GetIds())
}

// We call an actor of a Rust node, which we know by a group; its pid is 0.
func TestWeCallRust(t *testing.T) {
	_, b := sides(t)
	r := dialRust(t, b)
	actors := []*wire.Actor{{Pid: 0}}
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Spawn{Spawn: &wire.Spawn{Actors: actors}}})
	events := make(chan pg.Event, 10)
	group := pg.Group[Msg]{Name: "rustlings"}
	monitor, err := actor.Spawn(b.ctx, actor.Func(func(_ *actor.Context[pg.Event], e pg.Event) error { events <- e; return nil }))
	require.NoError(t, err)
	require.NoError(t, group.Monitor(b.ctx, monitor))
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgJoin{PgJoin: &wire.PgJoin{
		Scope: "__default_scope__", Group: "rustlings", Actors: actors,
	}}})
	require.Len(t, (<-events).Joined, 1)
	ref, err := group.Pick(b.ctx)
	require.NoError(t, err)
	require.Equal(t, "<0>@r@host", ref.String())

	require.NoError(t, ref.Cast(b.ctx, Text{"hi"}))
	var f *wire.Frame
	for f = r.frame(); f.Kind != wire.KindCast; f = r.frame() {
	}
	require.Equal(t, "Text", string(f.Variant))
	require.Equal(t, field("hi"), f.What)

	type result struct {
		s   string
		err error
	}
	results := make(chan result, 1)
	ask := func() {
		go func() {
			s, err := echo(b.ctx, ref, "who?")
			results <- result{s, err}
		}()
		f = r.frame()
		require.Equal(t, wire.KindCall, f.Kind)
		require.True(t, f.HasTimeout)
	}
	ask()
	_, err = r.conn.Write(wire.AppendReply(nil, 0, f.Tag, []byte("me")))
	require.NoError(t, err)
	require.Equal(t, result{"me", nil}, <-results)

	// Such an actor cannot be ended, or handed a Ref.
	require.ErrorIs(t, ref.StopAndWait(b.ctx), actor.ErrNotSupported)
	ref.Kill()
	require.Equal(t, actor.Running, ref.Status())
	require.Error(t, ref.Cast(b.ctx, Hand{ref}))

	// Terminate overtakes the reply: the call waits for it.
	ask()
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Terminate{Terminate: &wire.Terminate{Ids: []uint64{0}}}})
	_, err = r.conn.Write(wire.AppendReply(nil, 0, f.Tag, []byte("gone")))
	require.NoError(t, err)
	require.Equal(t, result{"gone", nil}, <-results)

	// The end of the session ends all.
	ask()
	require.NoError(t, r.conn.Close())
	require.ErrorIs(t, (<-results).err, cluster.ErrNodeDown)
	require.NotEmpty(t, (<-events).Left)
}

// A call to a Rust actor whose end is told, and which never answers, ends with it.
func TestRustActorEndsWithoutAnswer(t *testing.T) {
	_, b := sides(t)
	r := dialRust(t, b)
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_PgJoin{PgJoin: &wire.PgJoin{
		Scope: "s", Group: "g", Actors: []*wire.Actor{{Pid: 3}},
	}}})
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ping{Ping: &wire.Ping{}}})
	until(r, (*wire.ControlMessage).GetPong)
	events := make(chan pg.Event, 10)
	monitor, err := actor.Spawn(b.ctx, actor.Func(func(_ *actor.Context[pg.Event], e pg.Event) error { events <- e; return nil }))
	require.NoError(t, err)
	require.NoError(t, pg.MonitorScope(b.ctx, "s", monitor))
	ref, ok := actor.As[Msg]((<-events).Joined[0])
	require.True(t, ok)
	failed := make(chan error, 1)
	go func() {
		_, err := rpc.Call(b.ctx, ref, func(r rpc.Reply[uint64]) Msg { return Get{r} })
		failed <- err
	}()
	for f := r.frame(); f.Kind != wire.KindCall; f = r.frame() {
	}
	r.control(&wire.ControlMessage{Msg: &wire.ControlMessage_Terminate{Terminate: &wire.Terminate{Ids: []uint64{3}}}})
	// It is believed after an answered ping and a moment.
	go func() {
		for {
			f, err := r.in.Next()
			if err != nil {
				return
			}
			if p := f.Msg.GetControl().GetPing(); p != nil {
				_, _ = r.conn.Write(wire.Append(nil, &wire.NetworkMessage{Message: &wire.NetworkMessage_Control{
					Control: &wire.ControlMessage{Msg: &wire.ControlMessage_Pong{Pong: &wire.Pong{Timestamp: p.GetTimestamp()}}},
				}}))
			}
		}
	}()
	require.ErrorIs(t, <-failed, rpc.ErrNoReply)
	require.NoError(t, ref.Wait(b.ctx))
}
