package protocol

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// TestFirstSpawnInChunks: what ractor sends in one frame, which the receiver may
// refuse (11.11), goes in many, and nothing is lost. So do large groups.
func TestFirstSpawnInChunks(t *testing.T) {
	const actors = 20_000
	m := New(Config{Name: "b@host", Addr: "host:4698", Cookie: "cookie", Incarnation: 1})
	var all []uint64
	for pid := range uint64(actors) {
		m.Step(begin, Spawned{Pid: pid, Name: fmt.Sprint(strings.Repeat("n", int(pid%300)), pid)})
		all = append(all, pid)
	}
	m.Step(begin, Joined{"default", "g", all})

	l := &link{cookie: "cookie", begin: begin}
	m.Step(begin, Opened{Conn: 1, Loopback: true})
	var effects []Effect
	for _, text := range []string{"name a@host host:4697 id=7", "client_challenge challenge=99 digest=good"} {
		msg := l.parse(strings.Fields(text))
		effects = m.Step(begin, Received{1, msg})
		for _, e := range effects {
			if send, ok := e.(Send); ok {
				l.note(send.Msg, true)
			}
		}
	}

	var spawned, joined []uint64
	frames := 0
	take := func(msg *wire.NetworkMessage, actors []*wire.Actor) (pids []uint64) {
		frames++
		require.Less(t, proto.Size(msg), 2*chunkBytes)
		for _, a := range actors {
			require.True(t, strings.HasSuffix(a.GetName(), fmt.Sprint(a.GetPid())))
			pids = append(pids, a.GetPid())
		}
		return pids
	}
	for _, e := range effects {
		send, ok := e.(Send)
		if !ok {
			continue
		}
		if s := send.Msg.GetControl().GetSpawn(); s != nil {
			require.Empty(t, joined)
			spawned = append(spawned, take(send.Msg, s.GetActors())...)
		}
		if j := send.Msg.GetControl().GetPgJoin(); j != nil {
			joined = append(joined, take(send.Msg, j.GetActors())...)
		}
	}
	require.Equal(t, all, spawned)
	require.Equal(t, all, joined)
	require.Greater(t, frames, 100)
	require.True(t, slices.ContainsFunc(effects, func(e Effect) bool { _, ok := e.(Authenticated); return ok }))
}

// TestChunks: every piece has something in it, however long a name is.
func TestChunks(t *testing.T) {
	long := strings.Repeat("n", 3*chunkBytes)
	in := []*wire.Actor{{Pid: 1, Name: &long}, {Pid: 2}, {Pid: 3}, {Pid: 4, Name: &long}}
	var got []string
	for chunk := range chunks(in) {
		var pids []string
		for _, a := range chunk {
			pids = append(pids, fmt.Sprint(a.GetPid()))
		}
		got = append(got, strings.Join(pids, " "))
	}
	require.Equal(t, []string{"1", "2 3 4"}, got)
	for range chunks(nil) {
		t.Fatal("a piece of nothing")
	}
}
