package cluster

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// torrent is a connection on which the same bytes come again and again, as many
// as are asked for, until left have come.
type torrent struct {
	net.Conn

	bytes    []byte
	at, left int
}

func (t *torrent) RemoteAddr() net.Addr { return nil }

func (t *torrent) Read(b []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), t.left)], t.bytes[t.at:])
	t.at, t.left = (t.at+n)%len(t.bytes), t.left-n
	return n, nil
}

// What the reader of a session does for a cast of 32 bytes, from the connection's
// buffer to the mailbox: to one actor, and to one of ten after the other. The actors
// take them meanwhile.
func BenchmarkReadCast32(b *testing.B) {
	for name, actors := range map[string]int{"one": 1, "ten": 10} {
		b.Run(name, func(b *testing.B) {
			ctx, sys := newSystem(b)
			c := opened[point](b, points())
			out := new(outgoing)
			require.NoError(b, c.encode(moved{1, 2, 3, 4}, out))
			conn := &torrent{}
			s := lone(sys, conn)
			all := make(chan int, 1<<10)
			refs := make([]actor.AnyRef, actors)
			for i := range refs {
				r := spawn(b, ctx, func(m point) error {
					if _, last := m.(said); last {
						all <- 1
					}
					return nil
				})
				refs[i] = r.Any()
				s.allows(refs[i], c)
			}
			for range 1 << 13 {
				for _, r := range refs {
					before := len(conn.bytes)
					conn.bytes = wire.AppendCast(conn.bytes, uint64(r.ID()), out.args, out.variant, nil)
					conn.left = b.N * (len(conn.bytes) - before) // they are all of one length
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			require.ErrorIs(b, s.readAll(), io.EOF)
			for _, r := range refs {
				to, _ := actor.As[point](r)
				require.NoError(b, to.Cast(ctx, said{}))
			}
			b.StopTimer()
			for range refs {
				recv(b, all)
			}
			require.EqualValues(b, b.N, s.node.Stats().CastsIn)
			require.Zero(b, s.node.Stats().Unknown)
		})
	}
}
