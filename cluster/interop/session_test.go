//go:build interop

package interop

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

func isSpawn(m *wire.NetworkMessage) bool     { return m.GetControl().GetSpawn() != nil }
func isTerminate(m *wire.NetworkMessage) bool { return m.GetControl().GetTerminate() != nil }
func isJoin(m *wire.NetworkMessage) bool      { return m.GetControl().GetPgJoin() != nil }
func isLeave(m *wire.NetworkMessage) bool     { return m.GetControl().GetPgLeave() != nil }
func isCall(m *wire.NetworkMessage) bool      { return m.GetNode().GetCall() != nil }
func isCast(m *wire.NetworkMessage) bool      { return m.GetNode().GetCast() != nil }

// 6.2: a ping is answered with its own timestamp, whatever it says.
func TestPeerAnswersPings(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	for _, timestamp := range []*timestamppb.Timestamp{
		nil, {}, {Seconds: 1, Nanos: 500_000_000}, {Seconds: -1}, {Seconds: math.MaxInt64, Nanos: math.MinInt32},
	} {
		r.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_Ping{Ping: &wire.Ping{Timestamp: timestamp}}}))
		pong := r.receive().GetControl().GetPong()
		require.NotNil(t, pong)
		require.True(t, proto.Equal(timestamp, pong.GetTimestamp()), "%v came back as %v", timestamp, pong.GetTimestamp())
		// A pong that nobody asked for changes nothing.
		r.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_Pong{Pong: &wire.Pong{Timestamp: timestamp}}}))
	}
	r.fence()
}

// 6.2: what the peer says of its own actors: spawn before the actor runs, one PgJoin for
// each call of join, a terminate and then one PgLeave a group at the end.
func TestPeerTellsOfItsActors(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	p.tellf("spawn one")
	pid := number(t, p.await("spawned", "actor=one").keys["pid"])
	one := []*wire.Actor{{Pid: pid, Name: proto.String("one")}}
	spawn := r.wants("spawn", isSpawn).GetControl().GetSpawn()
	require.True(t, proto.Equal(&wire.Spawn{Actors: one}, spawn), spawn)

	for range 2 { // a member that joins again is told again
		p.tellf("join one g")
		join := r.wants("join", isJoin).GetControl().GetPgJoin()
		require.True(t, proto.Equal(&wire.PgJoin{Scope: defaultScope, Group: "g", Actors: one}, join), join)
	}
	p.tellf("join one h other")
	join := r.wants("join", isJoin).GetControl().GetPgJoin()
	require.True(t, proto.Equal(&wire.PgJoin{Scope: "other", Group: "h", Actors: one}, join), join)
	p.tellf("leave one g")
	leave := r.wants("leave", isLeave).GetControl().GetPgLeave()
	require.True(t, proto.Equal(&wire.PgLeave{Scope: defaultScope, Group: "g", Actors: one}, leave), leave)

	p.tellf("stop one")
	terminate := r.wants("terminate", isTerminate).GetControl().GetTerminate()
	require.Equal(t, []uint64{pid}, terminate.GetIds())
	leave = r.wants("leave", isLeave).GetControl().GetPgLeave()
	require.True(t, proto.Equal(&wire.PgLeave{Scope: "other", Group: "h", Actors: one}, leave), leave)
}

// 6.2, 3.4: what the peer makes of ours. Pids are any number, and 0 is one.
func TestPeerHearsOfOurActors(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	for _, pid := range []uint64{0, 1, 1 << 32, 1<<63 - 1, 1 << 63, math.MaxUint64} {
		group := fmt.Sprintf("pid%d", pid)
		r.send(joinFrame(group, actors(pid)...)) // without a spawn before it
		p.await("joined", "group="+group, "remote=true", fmt.Sprintf("pid=%d", pid))
		p.tellf("call %s %d echo 0 hello", group, pid)
		call := r.wants("call", isCall).GetNode().GetCall()
		require.Equal(t, pid, call.GetTo())
		r.send(answerFrame(pid, call.GetTag(), []byte("hello")))
		p.await("answer", fmt.Sprintf("id=%d", pid), "value=hello")
	}

	t.Run("a pid that it knows already", func(t *testing.T) {
		r.send(spawnFrame(&wire.Actor{Pid: 1, Name: proto.String("later")}, &wire.Actor{Pid: 50, Name: proto.String("fifty")}))
		r.send(joinFrame("known", actors(1, 50)...))
		p.await("joined", "group=known", "pid=1", "actor=") // keeps the name that it had, none
		p.await("joined", "group=known", "pid=50", "actor=fifty")
		p.tellf("members pid1")
		p.await("members", "remote=1") // and stays what and where it was
	})
	t.Run("leaves", func(t *testing.T) {
		r.send(leaveFrame("known", actors(1, 77)...))
		p.await("left", "group=known", "pid=1")
		r.send(leaveFrame("nowhere", actors(1)...))
		r.fence()
		p.tellf("members known")
		p.await("members", "group=known", "remote=1")
		require.False(t, p.has("left"), "of 77, which it does not know, nor of a group that is not there")
	})
	t.Run("the end", func(t *testing.T) {
		r.send(terminateFrame(1, 78, 50))
		p.await("left", "group=pid1", "pid=1")
		p.await("left", "group=known", "pid=50")
		r.send(joinFrame("again", actors(1)...)) // a pid may be used again
		p.await("joined", "group=again", "pid=1")
		r.fence()
	})
	t.Run("the end of the session", func(t *testing.T) {
		r.conn.Close()
		p.await("left", "group=again", "pid=1")
		p.await("disconnected", "peer=a@host")
		p.tellf("members again")
		p.await("members", "group=again", "remote=0")
	})
}

// 7.1: a pid is a permission. Nothing comes back for a message to nobody.
func TestPeerDeliversToWhatItHasTold(t *testing.T) {
	p := startPeer(t)
	p.tellf("spawn one")
	pid := number(t, p.await("spawned").keys["pid"])
	r := session(t, p, "a@host")
	for _, to := range []uint64{pid + 1, pid + 2, 0, math.MaxUint64} { // other actors of the peer, and none
		r.send(castFrame(to, "Nothing", nil))
		r.send(callFrame(to, 1, nil, "EchoText", args([]byte("x"))))
	}
	r.send(castFrame(pid, "Nothing", nil))
	p.await("got", "actor=one", "variant=Nothing")
	require.Empty(t, r.fence())

	p.tellf("stop one")
	p.await("ended")
	r.wants("terminate", isTerminate)
	r.send(callFrame(pid, 2, nil, "EchoText", args([]byte("x"))))
	require.Empty(t, r.fence())
}

// 7.2, 7.4, 7.5: arguments that are wrong are dropped, and the actor lives.
func TestPeerDropsWhatItCannotRead(t *testing.T) {
	p := startPeer(t)
	p.tellf("spawn one")
	pid := number(t, p.await("spawned").keys["pid"])
	r := session(t, p, "a@host")
	u32 := binary.BigEndian.AppendUint32(nil, 7)
	for what, m := range map[string]*wire.NetworkMessage{
		"no such variant":                   castFrame(pid, "Nowhere", nil),
		"another case":                      castFrame(pid, "nothing", nil),
		"a call as a cast":                  castFrame(pid, "EchoText", args([]byte("x"))),
		"a cast as a call":                  callFrame(pid, 1, nil, "Text", args([]byte("x"))),
		"arguments where there are none":    castFrame(pid, "Nothing", []byte{0}),
		"none where there is one":           castFrame(pid, "U32", nil),
		"one too many":                      castFrame(pid, "U32", args(u32, u32)),
		"one byte too many":                 castFrame(pid, "U32", append(args(u32), 0)),
		"a length beyond the end":           castFrame(pid, "U32", args(u32)[:11]),
		"a length near the end of numbers":  castFrame(pid, "U32", append(binary.BigEndian.AppendUint64(nil, math.MaxUint64), u32...)),
		"too short a number":                castFrame(pid, "U32", args(u32[:3])),
		"a bool of no bytes":                castFrame(pid, "Bool", args(nil)),
		"a char that is none":               castFrame(pid, "Char", args([]byte{0, 0, 0xd8, 0})),
		"text that is not UTF-8":            castFrame(pid, "Text", args([]byte{0xff})),
		"protobuf without its own length":   castFrame(pid, "Proto", args([]byte{0x08})),
		"a call that cannot be read":        callFrame(pid, 2, nil, "EchoText", args([]byte{0xff})),
		"a call of a variant that is none":  callFrame(pid, 3, nil, "Nowhere", nil),
		"metadata does not matter, nor tag": node(&wire.NodeMessage{}),
	} {
		t.Run(what, func(t *testing.T) {
			r.send(m)
			r.send(castFrame(pid, "Nothing", nil))
			p.await("got", "actor=one", "variant=Nothing")
			require.False(t, p.has("got"))
			require.Empty(t, r.fence())
		})
	}
}

// 7.5: where the peer's decoders are lenient.
func TestPeerIsLenient(t *testing.T) {
	p := startPeer(t)
	p.tellf("spawn one")
	pid := number(t, p.await("spawned").keys["pid"])
	r := session(t, p, "a@host")
	for _, c := range []struct {
		variant string
		bytes   []byte
		want    string
	}{
		{"U16", []byte{0, 7, 9, 9}, "7"},
		{"Bool", []byte{1, 0}, "true"},
		{"Bool", []byte{2}, "false"},
		{"Unit", []byte{1, 2, 3}, "()"},
		{"U16s", []byte{0, 7, 9}, "[7]"},
		{"Bools", []byte{1, 2, 0}, "[true, false, false]"},
		{"Urgency", []byte{0, 0, 0, 0, 0, 0, 0, 9}, "Normal"},
		{"Text", nil, `""`},
		{"Bytes", nil, "[]"},
		{"Proto", []byte{0}, "Moment { seconds: 0, nanos: 0 }"},
		{"Proto", []byte{0, 9}, "Moment { seconds: 0, nanos: 0 }"},
	} {
		r.send(castFrame(pid, c.variant, args(c.bytes)))
		require.Equal(t, c.want, p.await("got", "variant="+c.variant).keys["value"])
	}
	what := args(binary.BigEndian.AppendUint64(nil, 7), []byte("seven"), []byte{1})
	r.send(castFrame(pid, "Named", what))
	p.await("got", "variant=Named", `value=(7, "seven", true)`)

	t.Run("metadata where there is none to read", func(t *testing.T) {
		r.send(node(&wire.NodeMessage{Msg: &wire.NodeMessage_Cast{Cast: &wire.Cast{To: pid, Variant: "Nothing", Metadata: []byte("x")}}}))
		p.await("got", "variant=Nothing")
	})
}

// 7.3, from us: tags, timeouts, what is answered and what is not.
func TestPeerIsCalled(t *testing.T) {
	p := startPeer(t)
	p.tellf("spawn one")
	pid := number(t, p.await("spawned").keys["pid"])
	r := session(t, p, "a@host")
	hello := []byte("hello")
	for _, tag := range []uint64{0, 1, 1, math.MaxUint64} { // no tag is special, none is remembered
		r.send(callFrame(pid, tag, nil, "EchoText", args(hello)))
		reply := r.reply(tag)
		require.Equal(t, pid, reply.GetTo(), "the actor that was called")
		require.Equal(t, hello, reply.GetWhat(), "bare")
	}
	r.send(callFrame(pid, 2, nil, "PortFirst", args(hello)))
	require.Equal(t, hello, r.reply(2).GetWhat())
	r.send(callFrame(pid, 3, nil, "PortAmid", args(binary.BigEndian.AppendUint64(nil, 7), hello)))
	require.Equal(t, "hello 7", string(r.reply(3).GetWhat()))

	ms := func(ms uint64) []byte { return binary.BigEndian.AppendUint64(nil, ms) }
	t.Run("answers come when they come", func(t *testing.T) {
		r.send(callFrame(pid, 10, nil, "Late", args(ms(50), hello)))
		r.send(callFrame(pid, 11, proto.Uint64(60_000), "Late", args(ms(1), hello)))
		require.Equal(t, hello, r.reply(11).GetWhat())
		require.Equal(t, hello, r.reply(10).GetWhat())
	})
	t.Run("too late, and nothing is said", func(t *testing.T) {
		r.send(callFrame(pid, 12, proto.Uint64(1), "Late", args(ms(100), hello)))
		r.send(callFrame(pid, 13, nil, "Late", args(ms(200), hello)))
		r.send(callFrame(pid, 14, nil, "Dropped", nil))
		require.Equal(t, hello, r.reply(13).GetWhat()) // and 12, of 100 ms before, did not come
	})
	t.Run("the actor sees the time that is left", func(t *testing.T) {
		r.send(callFrame(pid, 15, proto.Uint64(60_000), "Never", nil))
		p.await("got", "variant=Never", "value=Some(60s)")
		r.send(callFrame(pid, 16, nil, "Never", nil))
		p.await("got", "variant=Never", "value=None")
		r.send(callFrame(pid, 17, proto.Uint64(0), "Never", nil))
		p.await("got", "variant=Never", "value=Some(0ns)")
	})
	t.Run("a timeout of many years", func(t *testing.T) {
		r.send(callFrame(pid, 18, proto.Uint64(math.MaxUint64), "EchoText", args(hello)))
		require.Equal(t, hello, r.reply(18).GetWhat())
	})
}

// 7.3, to us: tags count per actor from 1; a reply to the wrong tag or actor is nobody's;
// what cannot be read is an error at once.
func TestPeerCalls(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	r.send(joinFrame("g", actors(5)...))
	r.send(joinFrame("h", actors(6)...))
	p.await("joined", "group=h")

	call := func(group, id, what string, timeout int) *wire.Call {
		p.tellf("call %s %s %s %d hello", group, id, what, timeout)
		return r.wants("call", isCall).GetNode().GetCall()
	}
	first := call("g", "1", "echo", 0)
	require.True(t, proto.Equal(&wire.Call{To: 5, Tag: 1, Variant: "EchoText", What: args([]byte("hello"))}, first), first)
	second := call("g", "2", "never", 60_000)
	require.True(t, proto.Equal(&wire.Call{To: 5, Tag: 2, Variant: "Never", TimeoutMs: proto.Uint64(60_000)}, second), second)
	require.Equal(t, uint64(1), call("h", "3", "echo", 0).GetTag(), "counted for each actor")

	r.send(answerFrame(5, 9, []byte("nobody's")))
	r.send(answerFrame(7, 1, []byte("nobody's")))
	r.send(answerFrame(5, 2, []byte("two")))
	p.await("answer", "id=2", "value=two")
	r.send(answerFrame(5, 2, []byte("again")))
	r.send(answerFrame(5, 1, []byte("one")))
	p.await("answer", "id=1", "value=one")
	r.send(answerFrame(6, 1, []byte{0xff})) // not UTF-8
	p.await("answer", "id=3", "error=sender")

	t.Run("timeout", func(t *testing.T) {
		tag := call("g", "4", "echo", 50).GetTag()
		// Two timers of the peer's run for the same time: its caller's, and that of the
		// port which has crossed, whose end reaches the caller as a sender's error.
		require.Contains(t, []string{"timeout", "sender"}, p.await("answer", "id=4").keys["error"])
		r.send(answerFrame(5, tag, []byte("late")))
		r.fence()
	})
	t.Run("the actor ends", func(t *testing.T) {
		tag := call("g", "5", "echo", 0).GetTag()
		r.send(terminateFrame(5))
		p.await("answer", "id=5", "error=sender")
		r.send(answerFrame(5, tag, []byte("late")))
		r.fence()
		r.send(joinFrame("again", actors(5)...)) // its successor counts from 1
		p.await("joined", "group=again")
		require.Equal(t, uint64(1), call("again", "6", "echo", 0).GetTag())
		r.send(answerFrame(5, 1, []byte("six")))
		p.await("answer", "id=6", "value=six")
	})
	t.Run("the session ends", func(t *testing.T) {
		call("h", "7", "echo", 0)
		r.conn.Close()
		p.await("answer", "id=7", "error=sender")
	})
	require.False(t, p.has("answer"))
}

// 6.3: an actor that answers and stops. The terminate may come before the reply; the
// test says how often.
func TestPeerTerminateOvertakesReply(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	overtaken := 0
	const rounds = 50
	for i := range rounds {
		p.tellf("spawn actor%d", i)
		pid := number(t, p.await("spawned").keys["pid"])
		r.wants("spawn", isSpawn)
		r.send(callFrame(pid, 1, nil, "LastWords", args([]byte("bye"))))
		for said := map[string]bool{}; len(said) < 2; {
			switch m := r.receive(); {
			case isTerminate(m):
				said["terminate"] = true
				if !said["reply"] {
					overtaken++
				}
			case m.GetNode().GetReply() != nil:
				said["reply"] = true
				require.Equal(t, "bye", string(m.GetNode().GetReply().GetWhat()))
			}
		}
	}
	t.Logf("terminate before the reply: %d of %d; the reply always came", overtaken, rounds)
}

// 7.6: a message that is a bare value is a cast without a variant.
func TestPeerPlainMessages(t *testing.T) {
	p := startPeer(t)
	p.tellf("plain one")
	pid := number(t, p.await("spawned").keys["pid"])
	r := session(t, p, "a@host")
	r.send(castFrame(pid, "", []byte("hello")))
	p.await("got", "actor=one", `value="hello"`)
	r.send(castFrame(pid, "whatever", []byte("hello"))) // the variant is not looked at
	p.await("got", "actor=one", `value="hello"`)
	r.send(joinFrame("g", actors(5)...))
	p.await("joined")
	p.tellf("text g hello there")
	cast := r.wants("cast", isCast).GetNode().GetCast()
	require.True(t, proto.Equal(&wire.Cast{To: 5, What: []byte("hello there")}, cast), cast)
}

// 6.2, 9: who else is there. Both modes answer; only a transitive node acts on it.
func TestPeerNodeSessions(t *testing.T) {
	p := startPeer(t, "--transitive")
	a := session(t, p, "a@host")
	b := dialPeer(t, p)
	b.send(auth(&wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: &wire.NameMessage{
		Name: "b@host", Flags: &wire.NodeFlags{Version: 1, Go: []byte("ours")}, ConnectionString: "localhost:2", ConnectionId: 7,
	}}}))
	b.receive()
	b.prove(cookie)
	b.ready()
	p.await("ready", "peer=b@host")

	ask := nameMessage("a@host", 0)
	a.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_EnumerateNodeSessions{EnumerateNodeSessions: ask}}))
	sessions := a.receive().GetControl().GetNodeSessions().GetSessions()
	require.Len(t, sessions, 1)
	want := &wire.NameMessage{Name: "b@host", Flags: &wire.NodeFlags{Version: 1}, ConnectionString: "localhost:2"}
	require.True(t, proto.Equal(want, sessions[0]), "flags of ours are lost on the way: %v", sessions[0])

	t.Run("and it dials those that it does not know", func(t *testing.T) {
		c := listen(t)
		known := nameMessage("b@host", 0)
		known.ConnectionString = c.Addr().String()
		own := &wire.NameMessage{Name: p.name, ConnectionString: c.Addr().String()}
		news := &wire.NameMessage{Name: "c@host", ConnectionString: c.Addr().String()}
		a.send(control(&wire.ControlMessage{Msg: &wire.ControlMessage_NodeSessions{NodeSessions: &wire.NodeSessions{
			Sessions: []*wire.NameMessage{known, own, news},
		}}}))
		conn, err := c.Accept()
		require.NoError(t, err)
		defer conn.Close()
		r := &raw{t, conn}
		require.Equal(t, p.name, r.receive().GetAuth().GetName().GetName())
		a.fence()
	})
}

// 11.12: a stand-in's name is the peer's own, for as long as it lives: what stops it
// takes the name away from a local actor.
func TestPeerNamesOfStandIns(t *testing.T) {
	p := startPeer(t)
	p.tellf("spawn one")
	p.await("spawned")
	r := session(t, p, "a@host")
	r.send(spawnFrame(&wire.Actor{Pid: 5, Name: proto.String("one")}))
	r.fence()
	p.tellf("join one before")
	p.await("joined", "group=before")
	r.send(terminateFrame(5))
	r.fence()
	p.tellf("join one after")
	p.await("failed", "command=join", "error=no actor one")
}

// 10, 11.19: killing the stand-in of one of our actors ends the session.
func TestPeerKillsAStandIn(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	r.send(joinFrame("g", actors(5)...))
	p.await("joined", "group=g")
	p.tellf("kill-shim g")
	r.closed()
	p.await("disconnected", "peer=a@host")
}

// The same the other way: our terminate right behind our answer. In the peer the stop of
// the stand-in overtakes the answer that lies in its mailbox; a ping that was answered in
// between helps.
func TestPeerTerminateBehindAReply(t *testing.T) {
	p := startPeer(t)
	r := session(t, p, "a@host")
	const rounds = 50
	lost := func(first uint64, fenced bool) int {
		lost := 0
		for pid := first; pid < first+rounds; pid++ {
			group := fmt.Sprint("g", pid)
			r.send(joinFrame(group, actors(pid)...))
			p.await("joined", "group="+group)
			p.tellf("call %s %d echo 0 hello", group, pid)
			call := r.wants("call", isCall).GetNode().GetCall()
			r.send(answerFrame(pid, call.GetTag(), []byte("bye")))
			if fenced {
				r.fence()
			}
			r.send(terminateFrame(pid))
			if p.await("answer", fmt.Sprint("id=", pid)).keys["error"] == "sender" {
				lost++
			}
		}
		return lost
	}
	t.Logf("answers lost: %d of %d with terminate at once, %d with a ping before it", lost(1000, false), rounds, lost(2000, true))
}
