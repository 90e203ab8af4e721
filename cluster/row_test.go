package cluster

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// pieces is a connection that gives what has come in pieces of random size.
type pieces struct {
	net.Conn

	rnd  *rand.Rand
	left []byte
}

func (p *pieces) RemoteAddr() net.Addr { return nil }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.left) == 0 {
		return 0, io.EOF
	}
	most := len(b)
	if p.rnd.IntN(3) > 0 {
		most = min(most, 1+p.rnd.IntN(3000))
	}
	n := copy(b[:most], p.left)
	p.left = p.left[n:]
	return n, nil
}

// lone returns a session with a Go node that has been authenticated, and no more.
func lone(sys *actor.System, conn net.Conn) *session {
	n := &Node{
		cfg: Config{HandshakeFrame: 1 << 20, MaxFrame: 1 << 20, Outbound: 1 << 30}, quiet: noWait(sys), sys: sys,
		log: slog.New(slog.DiscardHandler),
	}
	s := newSession(n, 1, conn, false, false)
	s.peer.Go = true
	s.trust.Store(true)
	return s
}

// readAll reads to the end, and returns what that is.
func (s *session) readAll() error {
	over := make(chan error, 1)
	newInbox(s, func(err error) { over <- err }).read()
	return <-over
}

func (s *session) allows(r actor.AnyRef, c Codec) uint64 {
	pid := uint64(r.ID())
	s.allowed[pid] = &target{local: &local{ref: r, pid: pid, codec: c}}
	return pid
}

// sent returns what the session has to say to its peer.
func (s *session) sent(t *testing.T) (all []*wire.Nack) {
	t.Helper()
	var b bytes.Buffer
	s.out.end(errors.New("over"), true)
	_ = s.out.write(&b)
	for r := wire.NewReader(&b, 1<<20); ; {
		f, err := r.Next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return all
		}
		all = append(all, f.Msg.GetGo().GetNack())
	}
}

// However casts come, in rows or not, and whatever comes between: each one is
// handled, in order (row P8), or refused for itself, as if it had come alone.
func TestRowsDoNotShow(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		ctx, sys := newSystem(t)
		conn := &pieces{rnd: rnd}
		s := lone(sys, conn)
		codec := opened[point](t, points())
		words := opened[string](t, Plain[string]())

		got := map[uint64][]point{}
		keeps := func(r *uint64) func(point) error {
			return func(m point) error {
				got[*r] = append(got[*r], m) // each actor waits for the one before
				return nil
			}
		}
		var pid, other, full, ended uint64
		var refs []actor.Ref[point]
		for _, p := range []*uint64{&pid, &other, &full, &ended} {
			var r actor.Ref[point]
			if p == &full {
				var err error
				r, err = actor.Spawn(ctx, sink[point](keeps(p)), actor.Bounded(5, actor.Refuse))
				require.NoError(t, err)
			} else {
				r = spawn(t, ctx, keeps(p))
			}
			*p = s.allows(r.Any(), codec)
			refs = append(refs, r)
			require.NoError(t, actor.Suspend(ctx, r.Any())) // until all has come
		}
		refs[3].Kill()
		_ = refs[3].Wait(ctx)
		gotWords := make(chan string, 100)
		plain := s.allows(spawn(t, ctx, func(m string) error { gotWords <- m; return nil }).Any(), words)

		want := map[uint64][]point{}
		var wantWords []string
		var refused []*wire.Nack
		refuse := func(to, tag uint64, code wire.Code) {
			refused = append(refused, &wire.Nack{To: to, Tag: tag, Code: code})
		}
		casts, tag := 0, uint64(0)
		cast := func(to uint64) {
			var m point = moved{A: uint64(casts)}
			if rnd.IntN(5) == 0 {
				m = said{"hey"}
			}
			var out outgoing
			require.NoError(t, codec.encode(m, &out))
			conn.left = wire.AppendCast(conn.left, to, out.args, out.variant, nil)
			casts++
			switch {
			case to == ended:
				refuse(to, 0, wire.Code_STOPPED)
			case to == full && len(want[to]) == 5:
				refuse(to, 0, wire.Code_FULL)
			case to == full, to == pid, to == other:
				want[to] = append(want[to], m)
			default:
				refuse(to, 0, wire.Code_NO_SUCH_ACTOR)
			}
		}
		for range 60 {
			switch rnd.IntN(8) {
			case 0: // not to be decoded
				to := []uint64{pid, full, ended}[rnd.IntN(3)]
				conn.left = wire.AppendCast(conn.left, to, nil, "Nothing", nil)
				casts++
				refuse(to, 0, wire.Code_UNDECODABLE)
			case 1: // a call, which is none
				tag++
				conn.left = wire.AppendCall(conn.left, pid, nil, tag, 0, false, "Said", nil)
				refuse(pid, tag, wire.Code_UNDECODABLE)
			case 2: // an answer that nobody waits for
				conn.left = wire.AppendReply(conn.left, pid, 1, nil)
			case 3: // of another codec
				wantWords = append(wantWords, "word")
				conn.left = wire.AppendCast(conn.left, plain, []byte("word"), "", nil)
				casts++
			default:
				to := []uint64{pid, pid, other, full, ended, 1 << 60}[rnd.IntN(6)]
				for range []int{1, 1, 2, 10, 63, 64, 65, 66, 300}[rnd.IntN(9)] {
					cast(to)
				}
			}
		}
		over := io.EOF
		if seed%2 == 0 {
			over = wire.ErrMalformed
			cast(pid)
			cast(pid)
			conn.left = append(conn.left, 0, 0, 0, 0, 0, 0, 0, 1, 0xff)
		}
		require.ErrorIs(t, s.readAll(), over)
		st := s.node.Stats()
		require.EqualValues(t, casts, st.CastsIn)
		counts := map[wire.Code]uint64{}
		nacks := s.sent(t)
		require.Len(t, nacks, len(refused))
		for i, n := range refused {
			require.Equal(t, [3]uint64{n.GetTo(), n.GetTag(), uint64(n.GetCode())}, [3]uint64{nacks[i].GetTo(), nacks[i].GetTag(), uint64(nacks[i].GetCode())}, "nack %d", i)
			counts[n.GetCode()]++
		}
		require.Equal(t, counts[wire.Code_UNDECODABLE], st.Undecodable)
		require.Equal(t, counts[wire.Code_FULL], st.Full)
		require.Equal(t, counts[wire.Code_STOPPED], st.Dropped)
		require.Equal(t, counts[wire.Code_NO_SUCH_ACTOR], st.Unknown)
		for _, r := range refs[:3] {
			require.NoError(t, actor.Resume(r.Any()))
			require.NoError(t, r.DrainAndWait(ctx))
			to := uint64(r.ID())
			require.Equal(t, want[to], got[to])
		}
		for _, w := range wantWords {
			require.Equal(t, w, recv(t, gotWords))
		}
	}
}

// A target that is revoked is not sent to any more, nor is what came for it sent to
// another: a row ends where the permission does.
func TestRowOfRevoked(t *testing.T) {
	ctx, sys := newSystem(t)
	s := lone(sys, &pieces{})
	codec := opened[point](t, points())
	got := make(chan point, 100)
	r := spawn(t, ctx, func(m point) error { got <- m; return nil })
	pid := s.allows(r.Any(), codec)
	in := inbox{session: s, in: incoming{peer: s, ctx: s.node.quiet}, rows: map[Codec]row{}}
	cast := func(n uint64) {
		var out outgoing
		require.NoError(t, codec.encode(moved{A: n}, &out))
		in.cast(&wire.Frame{Kind: wire.KindCast, To: pid, What: out.args, Variant: []byte(out.variant)})
	}
	cast(1)
	require.Equal(t, moved{A: 1}, recv(t, got), "the first is not kept waiting")
	cast(2)
	cast(3)
	require.NotNil(t, in.row)
	require.Empty(t, got)
	s.revoke(pid)
	cast(4)
	require.Nil(t, in.row)
	require.Equal(t, []point{moved{A: 2}, moved{A: 3}}, []point{recv(t, got), recv(t, got)}, "they were allowed when they came")
	s.allows(r.Any(), codec)
	cast(5)
	cast(6)
	in.flush()
	require.Equal(t, []point{moved{A: 5}, moved{A: 6}}, []point{recv(t, got), recv(t, got)})
	cast(7)
	s.revoke(pid)
	s.allows(r.Any(), codec)
	cast(8)
	require.Equal(t, []point{moved{A: 7}, moved{A: 8}}, []point{recv(t, got), recv(t, got)}, "none overtakes")
	st := s.node.Stats()
	require.EqualValues(t, 1, st.Unknown)
	require.EqualValues(t, 6, st.CastsIn, "before flush")
}

// What a row has delivered it keeps alive no longer.
func TestRowKeepsNothing(t *testing.T) {
	ctx, _ := newSystem(t)
	c := opened[point](t, points())
	row, ok := c.row().(*rowOf[point])
	require.True(t, ok)
	ended := spawn(t, ctx, func(point) error { return nil })
	ended.Kill()
	_ = ended.Wait(ctx)
	for _, to := range []actor.Ref[point]{spawn(t, ctx, func(point) error { return nil }), ended} {
		require.NoError(t, row.begin(to.Any()))
		for !row.full() {
			require.NoError(t, row.add(&incoming{variant: []byte("Moved"), what: encodeByHand(nil, &moved{1, 2, 3, 4})}))
		}
		refused := 0
		for variant, err := row.deliver(ctx); err != nil; variant, err = row.deliver(ctx) {
			require.ErrorIs(t, err, actor.ErrStopped)
			require.Equal(t, "Moved", variant)
			refused++
		}
		if to == ended {
			require.Equal(t, rowSize, refused)
		} else {
			require.Zero(t, refused)
		}
		for _, m := range row.casts[:cap(row.casts)] {
			require.Nil(t, m)
		}
	}
	strangers := spawn(t, ctx, func(string) error { return nil })
	require.ErrorIs(t, row.begin(strangers.Any()), actor.ErrWrongType)
}
