package mailbox_test

import (
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/mailbox"
)

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return float64(s.HeapAlloc)
}

// Ten million messages, a million at a time and nobody popping meanwhile, leave nothing behind.
func TestBurstLeavesNothing(t *testing.T) {
	bursts, size := 10, 1_000_000
	if underRace {
		size /= 10
	}
	var b mailbox.Mailbox[[2]uint64, int]
	var p mailbox.Pool[[2]uint64]
	var in, out mailbox.Cache[[2]uint64]
	burst := func(size int) {
		for k := range size {
			c := &in
			if k%2 == 0 {
				c = nil
			}
			b.Push(&p, c, [2]uint64{uint64(k)})
		}
		for k := range size {
			m, ok := b.Pop(&p, &out)
			if !ok || m[0] != uint64(k) {
				t.Fatalf("got %v, %v, want %d", m, ok, k)
			}
		}
	}
	burst(size) // the mailbox is in use, its caches are as full as after any burst
	before := heap()
	for range bursts {
		burst(size)
	}
	after := heap()
	t.Logf("live heap %.0f before, %.0f after", before, after)
	require.InEpsilon(t, before, after, 0.10)
	runtime.KeepAlive(&b)
	runtime.KeepAlive(&in)
	runtime.KeepAlive(&out)
	runtime.KeepAlive(&p)
}

// A Cache and its Pool hold no more than they say, and lose nothing between two collections.
func TestFreeListsAreBounded(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	var p mailbox.Pool[int]
	var c mailbox.Cache[int]
	limit := mailbox.PoolBatches * mailbox.BatchSize
	for _, n := range []int{1, mailbox.BatchSize, mailbox.BatchSize + 1, 1000, 2 * limit} {
		for k := range n {
			b.Push(&p, &c, k)
		}
		for k := range n {
			b.Pop(&p, &c)
			if k%37 == 0 {
				require.LessOrEqual(t, c.Nodes(), 2*mailbox.BatchSize)
				require.GreaterOrEqual(t, c.Nodes(), 1)
			}
		}
		batches, nodes := p.Batches()
		require.LessOrEqual(t, batches, mailbox.PoolBatches)
		require.Equal(t, batches*mailbox.BatchSize, nodes, "whole batches")
	}
	runtime.GC()
	batches, _ := p.Batches()
	require.Zero(t, batches, "a collection empties the pool")
	require.LessOrEqual(t, c.Nodes(), 2*mailbox.BatchSize)
	require.Equal(t, mailbox.Wake, new(box).Push(&p, &c, 1), "and it goes on")
}

type payload struct{ _ [64]byte }

// collected collects and reports whether w's object is gone.
func collected(t *testing.T, w weak.Pointer[payload]) {
	t.Helper()
	runtime.GC()
	runtime.GC()
	require.Nil(t, w.Value())
}

// Nothing of the mailbox keeps a message alive that is handled, dropped or refused.
func TestMessagesAreCollected(t *testing.T) {
	type box = mailbox.Mailbox[*payload, *payload]
	var p mailbox.Pool[*payload]
	var c mailbox.Cache[*payload]
	// send pushes a fresh message, which nobody but the mailbox refers to afterwards.
	send := func(push func(*payload) mailbox.Outcome, want mailbox.Outcome) weak.Pointer[payload] {
		m := new(payload)
		require.Equal(t, want, push(m))
		return weak.Make(m)
	}
	for _, bound := range []int{0, 3} {
		for _, cache := range []*mailbox.Cache[*payload]{nil, &c} {
			b := new(box)
			if bound > 0 {
				require.NoError(t, b.Bound(bound))
			}
			message := func(m *payload) mailbox.Outcome { return b.Push(&p, cache, m) }
			control := func(m *payload) mailbox.Outcome { return b.PushControl(mailbox.Stop, m) }

			w := send(message, mailbox.Wake)
			b.Push(&p, cache, nil) // stays behind, so that the mailbox is not empty
			runtime.GC()
			require.NotNil(t, w.Value(), "a queued message is alive")
			_, ok := b.Pop(&p, cache)
			require.True(t, ok)
			collected(t, w)

			if bound > 0 {
				_, ok = b.Pop(&p, cache)
				require.True(t, ok)
				w = send(message, mailbox.Queued)
				_, ok = b.PopOldest()
				require.True(t, ok)
				collected(t, w)
			}

			w = send(control, mailbox.Queued)
			b.PushControl(mailbox.Stop, nil)
			_, _, ok = b.PopControl()
			require.True(t, ok)
			collected(t, w)

			b.Close()
			collected(t, send(message, mailbox.Closed))
			collected(t, send(control, mailbox.Closed))
			runtime.KeepAlive(b)
		}
	}
	runtime.KeepAlive(&p)
	runtime.KeepAlive(&c)
}
