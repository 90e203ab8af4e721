package mailbox_test

import (
	"sync/atomic"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/mailbox"
)

func TestChain(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	var p mailbox.Pool[int]
	var c mailbox.Cache[int]
	push := func(ms ...int) mailbox.Outcome {
		chain := mailbox.NewChain(&p, &c)
		for _, m := range ms {
			chain.Add(m)
		}
		return b.PushChain(&chain)
	}
	require.Equal(t, mailbox.Queued, push(), "of nothing")
	require.True(t, b.IsAsleep())
	require.Equal(t, mailbox.Wake, push(1, 2, 3))
	require.Equal(t, 3, b.Len())
	require.Equal(t, mailbox.Queued, b.Push(&p, &c, 4))
	require.Equal(t, mailbox.Queued, push(5, 6))
	require.Equal(t, 6, b.Len())
	for want := 1; want <= 6; want++ {
		m, ok := b.Pop(&p, &c)
		require.True(t, ok)
		require.Equal(t, want, m)
		require.Equal(t, 6-want, b.Backlog())
	}
	require.False(t, b.IsAsleep())
	require.Equal(t, mailbox.Queued, push(7), "awake")
	b.Close()
	free := c.Nodes()
	require.Equal(t, mailbox.Closed, push(8, 9))
	require.Equal(t, free, c.Nodes(), "they are free again")
	m, ok := b.Pop(&p, &c)
	require.True(t, ok)
	require.Equal(t, 7, m)
	_, ok = b.Pop(&p, &c)
	require.False(t, ok)
}

func TestChainToBounded(t *testing.T) {
	b := bounded(2)
	var p mailbox.Pool[int]
	chain := mailbox.NewChain(&p, nil)
	require.PanicsWithValue(t, "mailbox: PushChain to a bounded mailbox", func() { b.PushChain(&chain) })
}

// A chain that is refused keeps no message alive.
func TestRefusedChainKeepsNothing(t *testing.T) {
	var b mailbox.Mailbox[*[1 << 10]byte, int]
	var p mailbox.Pool[*[1 << 10]byte]
	var c mailbox.Cache[*[1 << 10]byte]
	b.Wake()
	b.Close()
	var gone []weak.Pointer[[1 << 10]byte]
	chain := mailbox.NewChain(&p, &c)
	for range 3 {
		m := new([1 << 10]byte)
		gone = append(gone, weak.Make(m))
		chain.Add(m)
	}
	require.Equal(t, mailbox.Closed, b.PushChain(&chain))
	heap()
	for _, w := range gone {
		require.Nil(t, w.Value())
	}
	require.Equal(t, 3, c.Nodes())
}

// Chains and pushes of many producers, with the mailbox closed among them: what was accepted comes out once, in
// the producer's order and each chain in one piece.
func TestChainsMeet(t *testing.T) {
	for _, producers := range []int{1, 2, 4, 20} {
		each := 20_000 / producers
		r := newRig(0)
		var accepted, handled atomic.Int64
		book := newLedger(producers)
		closed := make(chan struct{})
		r.message = func(m msg) {
			book.add(r, m)
			if handled.Add(1) != 10_000 {
				return
			}
			r.box.Close()
			var cache mailbox.Cache[msg]
			for m, ok := r.box.Pop(&r.pool, &cache); ok; m, ok = r.box.Pop(&r.pool, &cache) {
				book.add(r, m)
				handled.Add(1)
			}
			close(closed)
		}
		r.start()
		together(producers, func(from int, c *mailbox.Cache[msg]) {
			for k := 0; k < each; {
				n := k%7 + from%2
				chain := mailbox.NewChain(&r.pool, c)
				for i := range n {
					chain.Add(msg{from, k + i})
				}
				if !r.did(r.box.PushChain(&chain)) {
					return
				}
				accepted.Add(int64(n))
				k += n
				if !r.send(c, msg{from, k}) {
					return
				}
				accepted.Add(1)
				k++
			}
		})
		<-closed
		r.end(t)
		require.Equal(t, accepted.Load(), handled.Load())
	}
}
