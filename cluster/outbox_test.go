package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// frameFor is a frame of these tests: who it is for, its number, and its length.
func frameFor(to, number uint64, length int) func([]byte) []byte {
	return func(dst []byte) []byte {
		dst = binary.BigEndian.AppendUint64(dst, to)
		dst = binary.BigEndian.AppendUint64(dst, number)
		dst = binary.BigEndian.AppendUint64(dst, uint64(length))
		return append(dst, make([]byte, length)...)
	}
}

type received struct {
	to, number uint64
	length     int
}

// frames takes apart what was written.
func frames(t *testing.T, b []byte) (all []received) {
	t.Helper()
	for len(b) > 0 {
		require.GreaterOrEqual(t, len(b), 24)
		r := received{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), int(binary.BigEndian.Uint64(b[16:]))}
		require.GreaterOrEqual(t, len(b)-24, r.length)
		b = b[24+r.length:]
		all = append(all, r)
	}
	return all
}

// drained is what an outbox has, in the order in which it is written, each round
// told by cut.
func drained(t *testing.T, o *outbox, cut func(round []received)) {
	t.Helper()
	o.end(errors.New("enough"), true)
	for {
		slow, err := o.take()
		if err != nil {
			return
		}
		cut(frames(t, append(bytes.Join(o.batch, nil), slow...)))
		o.give()
	}
}

// Whatever is put, each receiver's frames keep their order, frames stay whole, and a
// late one comes after all that was put before it.
func TestOutboxOrder(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := newOutbox(1 << 30)
		type sent struct {
			to   uint64
			late bool
		}
		var all []sent
		for i := range 300 {
			to, length, u := r.Uint64N(4), r.IntN(300), data
			switch r.IntN(10) {
			case 0:
				length = bigFrame + r.IntN(100_000)
			case 1:
				u = late
			case 2:
				u, to = early, 99
			}
			if add := frameFor(to, uint64(i), length); length > bigFrame && i%2 == 0 {
				require.NoError(t, o.putBig(to, u, add(spare())))
			} else {
				require.NoError(t, o.put(to, u, add))
			}
			all = append(all, sent{to, u == late})
		}
		place := make([]int, len(all))
		n := 0
		drained(t, o, func(round []received) {
			for _, f := range round {
				place[f.number] = n
				n++
			}
		})
		require.Equal(t, len(all), n)
		for i, x := range all {
			for j := range i {
				if all[j].to == x.to || x.late && all[j].to != 99 {
					require.Less(t, place[j], place[i], "seed %d: %d, %v, and %d, %v", seed, j, all[j], i, x)
				}
			}
		}
	}
}

// A small frame waits behind one big one at most.
func TestOutboxShares(t *testing.T) {
	o := newOutbox(1 << 30)
	for i := range 10 {
		require.NoError(t, o.put(1, data, frameFor(1, uint64(i), 100_000)))
	}
	require.NoError(t, o.put(2, data, frameFor(2, 10, 10)))
	round := 0
	drained(t, o, func(got []received) {
		if round == 0 {
			require.Equal(t, []received{{2, 10, 10}, {1, 0, 100_000}}, got)
		} else {
			require.Len(t, got, 1)
		}
		round++
	})
	require.Equal(t, 10, round)
}

func TestOutboxBound(t *testing.T) {
	o := newOutbox(1000)
	require.NoError(t, o.put(1, data, frameFor(1, 0, 5000)), "one frame of any size")
	require.ErrorIs(t, o.put(1, data, frameFor(1, 0, 1)), ErrOutboundFull)
	require.NoError(t, o.put(1, owed, frameFor(1, 0, 1)))
	require.NoError(t, o.put(1, early, frameFor(1, 0, 1)))
	var err error
	for err == nil {
		err = o.put(1, owed, frameFor(1, 0, 100_000))
	}
	require.ErrorIs(t, err, errSlowPeer)
	require.ErrorIs(t, o.put(1, early, frameFor(1, 0, 1)), errSlowPeer, "that was the end")
	require.Less(t, o.queued(), overdraft+200_000)
}

// A big frame is refused as others are.
func TestOutboxBoundBig(t *testing.T) {
	o := newOutbox(100_000)
	args := make([]byte, 60_000)
	require.NoError(t, o.putCast(1, "Store", args))
	require.NoError(t, o.putCall(1, 1, 0, false, false, "Store", args))
	require.ErrorIs(t, o.putCast(1, "Store", args), ErrOutboundFull)
	require.ErrorIs(t, o.putCall(1, 2, 0, false, false, "Store", args), ErrOutboundFull)
	require.Equal(t, map[uint64]int{1: 2}, o.waiting)
	closed := errors.New("closed")
	o.end(closed, false)
	require.ErrorIs(t, o.putCast(1, "Store", args), closed)
}

// Frames that are not so big share a buffer, so that those that wait take no more
// than three times their length.
func TestOutboxPacks(t *testing.T) {
	o := newOutbox(1 << 30)
	args := make([]byte, bigFrame+1)
	for range 100 {
		require.NoError(t, o.putCast(1, "Store", args))
		require.NoError(t, o.putCast(1, "Add", args[:10]))
	}
	held := 0
	for _, p := range o.slow {
		require.LessOrEqual(t, len(p.b), chunkSize)
		held += cap(p.b)
	}
	require.Less(t, held, 3*o.queued())
}

// What has grown is given back.
func TestOutboxGivesBack(t *testing.T) {
	o := newOutbox(1 << 30)
	for i := range 10_000 {
		require.NoError(t, o.put(uint64(i%3), data, frameFor(1, 0, 1000)))
		require.NoError(t, o.put(1, data, frameFor(1, 0, 2*bigFrame)))
	}
	drained(t, o, func([]received) {})
	require.Zero(t, cap(o.slow)+cap(o.fast))
	require.Empty(t, o.waiting)
	require.Zero(t, o.queued())
}

// Many senders, one writer, over a real connection: nothing is lost, doubled or
// torn, whoever writes.
func TestOutboxWriters(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	x, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	y, err := l.Accept()
	require.NoError(t, err)
	o := newOutbox(1 << 30)
	o.direct = newDirect(x)
	var got bytes.Buffer
	var done sync.WaitGroup
	done.Go(func() { _, _ = got.ReadFrom(y); _ = y.Close() })
	done.Go(func() { _ = o.write(x); _ = x.Close() })
	const senders, each = 4, 2000
	var sending sync.WaitGroup
	for s := range uint64(senders) {
		sending.Go(func() {
			r := rand.New(rand.NewPCG(s, 2))
			for i := range uint64(each) {
				length := r.IntN(200)
				if r.IntN(50) == 0 {
					length += bigFrame
				}
				_ = o.putAlone(s, data, r.IntN(2) == 0, frameFor(s, i, length))
			}
		})
	}
	sending.Wait()
	o.end(errors.New("enough"), true)
	done.Wait()
	next := [senders]uint64{}
	for _, f := range frames(t, got.Bytes()) {
		require.Equal(t, next[f.to], f.number)
		next[f.to]++
	}
	require.Equal(t, [senders]uint64{each, each, each, each}, next)
	require.EqualValues(t, got.Len(), o.written)
}

// discard is a connection that takes all.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

func BenchmarkOutboxCast(b *testing.B) {
	o := newOutbox(1 << 30)
	var writing sync.WaitGroup
	writing.Go(func() { _ = o.write(discard{}) })
	args := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if err := o.putCast(7, "Add", args); err != nil {
			b.Fatal(err)
		}
	}
	o.end(errors.New("enough"), true)
	writing.Wait()
}

// A batch is written at its end; what is much is not held, nor is the end.
func TestOutboxCork(t *testing.T) {
	some := frameFor(1, 1, 100)
	for name, c := range map[string]struct {
		wakes func(o *outbox)
	}{
		"uncork": {func(o *outbox) { o.uncork() }},
		"much": {func(o *outbox) {
			for range chunkSize / 100 {
				require.NoError(t, o.put(1, data, some))
			}
		}},
		"end": {func(o *outbox) { o.end(errors.New("enough"), false) }},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutbox(1 << 30)
			o.asleep = true // as the writer leaves it
			o.cork()
			require.NoError(t, o.put(1, data, some))
			require.NoError(t, o.putAlone(1, owed, true, some))
			require.Empty(t, o.wake)
			c.wakes(o)
			require.Len(t, o.wake, 1)
		})
	}
	o := newOutbox(1 << 30)
	o.asleep = true
	o.cork()
	o.uncork()
	require.Empty(t, o.wake, "there is nothing to write")
}
