package cluster_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// forger is a Go node that knows the cookie and lies: its handshake is a node's, and
// what it says afterwards is the test's.
type forger struct {
	t    testing.TB
	conn net.Conn
	in   *wire.Reader
	name string
}

// forge connects a forger to a side. Its incarnation is 7.
func forge(t testing.TB, to *side) *forger {
	t.Helper()
	conn, err := net.Dial("tcp", to.node.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	f := &forger{t: t, conn: conn, in: wire.NewReader(conn, 16<<20), name: "forger@localhost"}
	m := protocol.New(protocol.Config{Name: f.name, Addr: "localhost:1", Cookie: config("").Cookie, Incarnation: 7})
	for ev := protocol.Event(protocol.Opened{Conn: 1, Dialed: true, Loopback: true}); ; {
		trusted := false
		for _, e := range m.Step(time.Now(), ev) {
			switch e := e.(type) {
			case protocol.Send:
				f.send(wire.Append(nil, e.Msg))
			case protocol.Authenticated:
				trusted = true
			}
		}
		if trusted {
			for ready := ""; ready != f.name; {
				ready = to.awaits(cluster.Ready).Session.Node
			}
			return f
		}
		frame, err := f.in.Next()
		require.NoError(t, err)
		ev = protocol.Received{Conn: 1, Msg: frame.Msg}
	}
}

func (f *forger) send(b []byte) {
	f.t.Helper()
	_, err := f.conn.Write(b)
	require.NoError(f.t, err)
}

func (f *forger) goes(g *wire.Go) {
	f.send(wire.Append(nil, &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: g}}))
}

func (f *forger) export(pid uint64, name string) {
	f.goes(&wire.Go{Msg: &wire.Go_Named{Named: &wire.Named{Pid: pid, Name: name}}})
}

// next returns the next frame that is about a message or a command.
func (f *forger) next() *wire.Frame {
	f.t.Helper()
	for {
		frame, err := f.in.Next()
		require.NoError(f.t, err)
		switch frame.Msg.GetGo().GetMsg().(type) {
		case *wire.Go_Nack, *wire.Go_Done:
			return frame
		}
		if frame.Kind != wire.KindOther {
			return frame
		}
	}
}

// forgedAt is a side with one actor that every node may send to and one that none may
// know of; that one could be ended from afar, if it could be addressed.
type forgedAt struct {
	*side
	open, secret actor.Ref[Msg]
}

func newForgedAt(t *testing.T) forgedAt {
	t.Helper()
	s := newSide(t, config("b"))
	at := forgedAt{s, s.spawn(&counter{}, actor.Named("open")), s.spawn(&counter{})}
	require.NoError(t, cluster.AllowControl(at.secret.Any()))
	return at
}

// unharmed: nothing has reached the secret actor, and the open one lives.
func (at forgedAt) unharmed() {
	at.t.Helper()
	for _, r := range []actor.Ref[Msg]{at.secret, at.open} {
		require.Equal(at.t, actor.Running, r.Status())
		n, err := get(at.ctx, r)
		require.NoError(at.t, err)
		require.Zero(at.t, n)
	}
}

var one = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, 8), 1) // the field of Add{1}

// Casts, calls and commands for actors that were not exported to the peer are
// refused, whatever pid they name, and reach nobody.
func TestForgedPids(t *testing.T) {
	at := newForgedAt(t)
	ended := at.spawn(&counter{}, actor.Named("ended"))
	private, err := actor.Spawn(at.ctx, &counter{})
	require.NoError(t, err)
	f := forge(t, at.side)
	require.NoError(t, ended.StopAndWait(at.ctx))

	open := uint64(at.open.ID())
	pids := []uint64{
		uint64(at.secret.ID()), uint64(private.ID()), uint64(ended.ID()),
		0, 1, math.MaxUint64, open ^ 1<<63, open + 1<<32, open + 1,
	}
	for i, pid := range pids {
		tag := uint64(i + 1)
		f.send(wire.AppendCast(nil, pid, one, "Add", nil))
		nack := f.next().Msg.GetGo().GetNack()
		require.Equal(t, []any{pid, uint64(0), wire.Code_NO_SUCH_ACTOR}, []any{nack.GetTo(), nack.GetTag(), nack.GetCode()})
		f.send(wire.AppendCall(nil, pid, nil, tag, 0, false, "Get", nil))
		nack = f.next().Msg.GetGo().GetNack()
		require.Equal(t, []any{pid, tag, wire.Code_NO_SUCH_ACTOR}, []any{nack.GetTo(), nack.GetTag(), nack.GetCode()})
		for _, op := range []wire.Command_Op{wire.Command_STOP, wire.Command_KILL, wire.Command_DRAIN} {
			f.goes(commandTo(pid, op, tag))
			done := f.next().Msg.GetGo().GetDone()
			require.Equal(t, []any{tag, wire.Code_NO_SUCH_ACTOR}, []any{done.GetTag(), done.GetCode()})
		}
	}
	// To be sent to is not to be ended.
	f.goes(commandTo(open, wire.Command_KILL, 99))
	require.Equal(t, wire.Code_NOT_ALLOWED, f.next().Msg.GetGo().GetDone().GetCode())

	at.unharmed()
	require.Equal(t, actor.Running, private.Status())
	st := at.node.Stats()
	require.EqualValues(t, 5*len(pids), st.Unknown)
	require.EqualValues(t, 1, st.Denied)
	require.Zero(t, st.Undecodable+st.Dropped)
}

func commandTo(pid uint64, op wire.Command_Op, tag uint64) *wire.Go {
	return &wire.Go{Msg: &wire.Go_Command{Command: &wire.Command{Pid: pid, Op: op, Tag: tag}}}
}

// A Ref in a message leads to an actor only if it was exported; made-up ones have
// ended when they arrive. Otherwise a node could be made to send to whom the peer may
// not.
func TestForgedRefs(t *testing.T) {
	at := newForgedAt(t)
	kept := at.keeps("keeper")
	third := newSide(t, config("c"))
	unshown := third.spawn(&counter{})
	at.dials(third)
	f := forge(t, at.side)
	f.export(3, "three")
	keeper := at.find("keeper")
	hand := func(node string, incarnation, pid uint64) actor.Ref[Msg] {
		ref := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, pid), incarnation)
		ref = append(ref, node...)
		f.send(wire.AppendCast(nil, uint64(keeper.ID()), append(binary.BigEndian.AppendUint64(nil, uint64(len(ref))), ref...), "Hand", nil))
		return at.gets(kept)
	}
	us, life := at.node.Name(), at.node.Incarnation()
	open, secret := uint64(at.open.ID()), uint64(at.secret.ID())
	require.Equal(t, at.open, hand(us, life, open), "what is true is taken")
	require.Equal(t, actor.Running, hand(f.name, 7, 3).Status())
	for _, c := range []struct {
		why         error
		node        string
		incarnation uint64
		pid         uint64
	}{
		{actor.ErrNoProc, us, life, secret},
		{actor.ErrNoProc, us, life + 1, open},
		{actor.ErrNoProc, us, 0, open},
		{actor.ErrNoProc, us, life, 0},
		{actor.ErrNoProc, us, life, math.MaxUint64},
		{actor.ErrNoProc, f.name, 7, 4},
		{actor.ErrNoProc, f.name, 7, open},
		{cluster.ErrNodeDown, f.name, 8, 3},
		{cluster.ErrNodeDown, "nobody@nowhere", 7, 3},
		{actor.ErrNoProc, third.node.Name(), third.node.Incarnation(), uint64(unshown.ID())},
		{cluster.ErrNodeDown, third.node.Name(), third.node.Incarnation() + 1, uint64(unshown.ID())},
	} {
		at.isEnded(hand(c.node, c.incarnation, c.pid), c.why)
	}
	at.unharmed()
	require.Zero(t, third.node.Stats().Unknown, "nothing was sent there")
}

// Who answers a call that was not his, or twice, or that nobody has made, reaches
// nobody.
func TestForgedAnswers(t *testing.T) {
	at := newForgedAt(t)
	f := forge(t, at.side)
	f.export(3, "three")
	f.export(4, "four")
	f.goes(commandTo(0, wire.Command_STOP, 1)) // is answered: the names are known
	f.next()
	type result struct {
		n   uint64
		err error
	}
	results := make(chan result, 1)
	ask := func(name string) *wire.Frame {
		go func() {
			n, err := get(at.ctx, at.find(name))
			results <- result{n, err}
		}()
		return f.next()
	}
	answer := binary.BigEndian.AppendUint64(nil, 5)

	call := ask("three")
	f.send(wire.AppendReply(nil, 3, call.Tag+1, answer)) // nobody's
	f.send(wire.AppendReply(nil, 3, call.Tag, answer))
	require.Equal(t, result{5, nil}, <-results)
	f.send(wire.AppendReply(nil, 3, call.Tag, answer)) // once more
	call = ask("four")
	f.send(wire.AppendReply(nil, 3, call.Tag, answer)) // for another
	require.ErrorIs(t, (<-results).err, cluster.ErrUndecodable)
	require.EqualValues(t, 3, at.node.Stats().Late)
	at.unharmed()
}

// Before the handshake is over nothing reaches anybody.
func TestDataBeforeAuthentication(t *testing.T) {
	at := newForgedAt(t)
	conn, err := net.Dial("tcp", at.node.Addr())
	require.NoError(t, err)
	defer conn.Close()
	open := uint64(at.open.ID())
	var out []byte
	out = wire.AppendCast(out, open, one, "Add", nil)
	out = wire.AppendCall(out, open, nil, 1, 0, false, "Get", nil)
	out = wire.AppendReply(out, open, 1, nil)
	out = wire.Append(out, &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: commandTo(open, wire.Command_KILL, 1)}})
	_, err = conn.Write(out)
	require.NoError(t, err)
	require.ErrorContains(t, at.awaits(cluster.Disconnected).Err, "unexpected message")
	got, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Empty(t, got)
	require.EqualValues(t, 3, at.node.Stats().Untrusted)
	at.unharmed()
}

// TestRelayAttackOverTLS is the relay of the protocol's TestRelayAttack, before real
// nodes: somebody with a certificate that is accepted, and without the cookie, is
// dialled by a, dials b, and hands on all that is said.
func TestRelayAttackOverTLS(t *testing.T) {
	ca := newAuthority(t)
	a, b := sides(t, func(a, b *cluster.Config) { a.TLS, b.TLS = ca.config(""), ca.config("") })
	listener, err := tls.Listen("tcp", "127.0.0.1:0", ca.config(""))
	require.NoError(t, err)
	defer listener.Close()
	relayed := make(chan error, 1)
	go func() {
		relayed <- func() error {
			victim, err := listener.Accept()
			if err != nil {
				return err
			}
			defer victim.Close()
			cfg := ca.config("")
			cfg.ServerName = "localhost"
			target, err := tls.Dial("tcp", b.node.Addr(), cfg)
			if err != nil {
				return err
			}
			defer target.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = io.Copy(target, victim)
				_ = target.Close()
			}()
			n, _ := io.Copy(victim, target)
			_ = victim.Close()
			<-done
			if n == 0 {
				return errors.New("b has said nothing")
			}
			return nil
		}()
	}()
	_, err = a.node.Dial(a.ctx, listener.Addr().String())
	require.ErrorIs(t, err, cluster.ErrHandshake)
	require.NoError(t, <-relayed)
	require.ErrorContains(t, b.awaits(cluster.Disconnected).Err, "wrong proof")
	for _, s := range []*side{a, b} {
		require.Zero(t, s.node.Stats().Sessions)
	}
}
