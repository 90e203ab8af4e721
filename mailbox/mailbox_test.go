package mailbox_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/mailbox"
)

func TestSizes(t *testing.T) {
	require.EqualValues(t, 40, unsafe.Sizeof(mailbox.Mailbox[[4]uint64, string]{}))
	require.EqualValues(t, 128, unsafe.Sizeof(mailbox.Cache[int]{}), "whole cache lines")
}

func TestNames(t *testing.T) {
	for l, want := range []string{"Lane(0)", "signal", "stop", "supervision", "message", "Lane(5)"} {
		require.Equal(t, want, mailbox.Lane(l).String())
	}
	for o, want := range []string{"queued", "wake", "full", "closed", "late", "Outcome(5)"} {
		require.Equal(t, want, mailbox.Outcome(o).String())
	}
}

func TestBoundErrors(t *testing.T) {
	for _, n := range []int{0, -1, mailbox.MaxBound + 1, -1 << 62} {
		var b mailbox.Mailbox[int, int]
		err := b.Bound(n)
		require.ErrorIs(t, err, mailbox.ErrBound)
		require.ErrorContains(t, err, fmt.Sprint(n))
		require.Equal(t, mailbox.Wake, b.Push(new(mailbox.Pool[int]), nil, 1), "still unbounded")
	}
}

func TestControlLaneMustBeOne(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	for _, l := range []mailbox.Lane{0, mailbox.Message, 200} {
		require.PanicsWithValue(t, fmt.Sprintf("mailbox: PushControl to lane %v, which is no control lane", l),
			func() { b.PushControl(l, 1) })
	}
	require.False(t, b.HasControl())
}

// The states of the word and who is told what, one arc after another.
func TestAwakeAsleep(t *testing.T) {
	for _, bound := range []int{0, 4} {
		t.Run(modeName(bound), func(t *testing.T) {
			var b mailbox.Mailbox[int, error]
			var p mailbox.Pool[int]
			if bound > 0 {
				require.NoError(t, b.Bound(bound))
			}
			require.True(t, b.IsAsleep(), "the zero mailbox")
			require.True(t, b.Wake())
			require.False(t, b.Wake(), "awake already")
			require.Equal(t, mailbox.Queued, b.Push(&p, nil, 1))
			require.Equal(t, mailbox.Queued, b.PushControl(mailbox.Stop, nil))
			require.False(t, b.Sleep(), "control waits")
			require.True(t, b.HasControl())
			l, e, ok := b.PopControl()
			require.True(t, ok)
			require.Equal(t, mailbox.Stop, l)
			require.NoError(t, e)
			require.False(t, b.Sleep(), "a message waits")
			require.Equal(t, 1, b.Len())
			m, ok := b.Pop(&p, nil)
			require.True(t, ok)
			require.Equal(t, 1, m)
			require.Zero(t, b.Len())
			_, ok = b.Pop(&p, nil)
			require.False(t, ok)
			require.True(t, b.Sleep())
			require.True(t, b.IsAsleep())

			require.Equal(t, mailbox.Wake, b.Push(&p, nil, 2), "a message wakes")
			require.False(t, b.Wake(), "a chain is awake")
			_, ok = b.Pop(&p, nil)
			require.True(t, ok)
			require.True(t, b.Sleep())

			boom := errors.New("boom")
			require.Equal(t, mailbox.Wake, b.PushControl(mailbox.Signal, boom), "control wakes")
			_, e, _ = b.PopControl()
			require.Equal(t, boom, e)
			require.True(t, b.Sleep())

			require.True(t, b.Wake())
			b.Close()
			b.Close()
			require.True(t, b.IsClosed())
			require.False(t, b.HasControl())
			require.Equal(t, mailbox.Closed, b.Push(&p, nil, 3))
			require.Equal(t, mailbox.Closed, b.PushControl(mailbox.Signal, nil))
			require.False(t, b.Wake())
			require.True(t, b.Sleep())
			require.Zero(t, b.Len())
		})
	}
}

// Lanes are strict whenever an item comes, and FIFO each.
func TestControlOrder(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var b mailbox.Mailbox[int, int]
		var model [mailbox.Message][]int
		for k := range 300 {
			if rnd.IntN(5) < 3 {
				l := mailbox.Lane(rnd.IntN(3) + 1)
				b.PushControl(l, k)
				model[l] = append(model[l], k)
				continue
			}
			last := mailbox.Lane(rnd.IntN(3) + 1)
			l, e, ok := b.PopControlUpTo(last)
			if ok || !slices.ContainsFunc(model[last+1:], func(q []int) bool { return len(q) > 0 }) {
				requireFirst(t, &model, l, e, ok)
				require.LessOrEqual(t, l, last)
				continue
			}
			for _, q := range model[:last+1] {
				require.Empty(t, q, "up to that lane there is none")
			}
		}
		for b.HasControl() {
			l, e, ok := b.PopControl()
			requireFirst(t, &model, l, e, ok)
		}
		l, e, ok := b.PopControl()
		require.False(t, ok)
		requireFirst(t, &model, l, e, ok)
	}
}

func requireFirst(t *testing.T, model *[mailbox.Message][]int, l mailbox.Lane, e int, ok bool) {
	t.Helper()
	for want := range model {
		if q := model[want]; len(q) > 0 {
			require.True(t, ok)
			require.Equal(t, mailbox.Lane(want), l)
			require.Equal(t, q[0], e)
			model[want] = q[1:]
			return
		}
	}
	require.False(t, ok)
}

// A supervisor with very many pending events takes each new one in at once: a quadratic insert would be 10^10
// steps here.
func TestManyEvents(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	const n = 100_000
	for k := range n {
		b.PushControl(mailbox.Supervision, k)
	}
	for k := range n {
		_, e, ok := b.PopControl()
		require.True(t, ok)
		require.Equal(t, k, e)
		b.PushControl(mailbox.Supervision, n+k)
	}
}

// Growth: a backlog of any length comes out whole, and is counted on the way.
func TestBacklog(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	var p mailbox.Pool[int]
	var in, out mailbox.Cache[int]
	for n := 1; n <= 1<<15; n *= 2 {
		for k := range n {
			b.Push(&p, &in, k)
			require.Equal(t, k+1, b.Len())
		}
		require.Zero(t, b.Backlog(), "not taken yet")
		for k := range n {
			m, ok := b.Pop(&p, &out)
			require.True(t, ok)
			require.Equal(t, k, m)
			require.Equal(t, n-k-1, b.Backlog())
			require.Zero(t, b.Len())
		}
	}
}

// What was taken and what came after it are one queue when the mailbox is closed.
func TestCloseBehindBatch(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	var p mailbox.Pool[int]
	for k := range 3 {
		b.Push(&p, nil, k)
	}
	b.Pop(&p, nil)
	for k := 3; k < 5; k++ {
		b.Push(&p, nil, k)
		b.PushControl(mailbox.Supervision, k)
	}
	b.Close()
	require.Equal(t, 4, b.Backlog())
	require.False(t, b.Sleep(), "not while something is left")
	for k := 1; k < 5; k++ {
		m, ok := b.Pop(&p, nil)
		require.True(t, ok)
		require.Equal(t, k, m)
		require.Equal(t, 4-k, b.Backlog())
	}
	for k := 3; k < 5; k++ {
		_, e, ok := b.PopControl()
		require.True(t, ok)
		require.Equal(t, k, e)
	}
	require.True(t, b.Sleep())
}

// A producer is preempted between its load and its CAS while the node it saw as head is taken, recycled and
// pushed again (ABA): its CAS succeeds, and nothing is lost. If another node is there by then, it fails.
func TestPreemptedPush(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	var p mailbox.Pool[int]
	var producer, other mailbox.Cache[int]
	b.Push(&p, &other, 1)
	head, node := b.Prepare(&p, &producer, 10)

	m, ok := b.Pop(&p, &other) // the node of 1 is in other now, first to come out
	require.True(t, ok)
	require.Equal(t, 1, m)
	require.False(t, b.Swap(head, node), "the head is gone")

	b.Push(&p, &other, 2)
	require.True(t, b.IsHead(head), "the same node, in another life")
	require.True(t, b.Swap(head, node))
	require.Equal(t, 2, b.Len())
	for _, want := range []int{2, 10} {
		m, ok = b.Pop(&p, &other)
		require.True(t, ok)
		require.Equal(t, want, m)
	}
	require.True(t, b.Sleep())

	// Preempted when the consumer was asleep: somebody else wakes it meanwhile, so this push must not.
	head, node = b.Prepare(&p, &producer, 20)
	require.Nil(t, head)
	require.Equal(t, mailbox.Wake, b.Push(&p, &other, 3))
	require.False(t, b.Swap(head, node), "not empty")
	b.Pop(&p, &other)
	require.False(t, b.Swap(head, node), "empty, but awake")
}

func TestNoAllocations(t *testing.T) {
	if underRace {
		t.Skip("the race detector's sync.Pool forgets at random")
	}
	type big [4]uint64
	var in, out mailbox.Cache[big]
	var p mailbox.Pool[big]
	for name, f := range map[string]struct {
		in, out *mailbox.Cache[big]
		bound   int
	}{
		"own":      {&in, &in, 0},
		"two":      {&in, &out, 0}, // nodes go through the Pool
		"borrowed": {nil, nil, 0},
		"bounded":  {nil, nil, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			var b mailbox.Mailbox[big, int]
			if f.bound > 0 {
				require.NoError(t, b.Bound(f.bound))
			}
			const n = 700
			turn := func() {
				for range n {
					b.Push(&p, f.in, big{})
				}
				for range n {
					b.Pop(&p, f.out)
				}
				if !b.Sleep() {
					panic("not empty")
				}
			}
			for range 300 {
				turn()
			}
			require.Zero(t, testing.AllocsPerRun(100, turn))
		})
	}
}

// News are what has come since the last PopControl, whatever that has left.
func TestHasNews(t *testing.T) {
	var b mailbox.Mailbox[int, int]
	require.False(t, b.HasNews())
	b.PushControl(mailbox.Supervision, 1)
	require.True(t, b.HasNews())
	_, _, ok := b.PopControlUpTo(mailbox.Stop)
	require.False(t, ok)
	require.False(t, b.HasNews())
	require.True(t, b.HasControl(), "it is there still")
	b.PushControl(mailbox.Signal, 2)
	require.True(t, b.HasNews())
	b.Close()
	require.False(t, b.HasNews())
	for _, want := range []int{2, 1} {
		_, e, ok := b.PopControl()
		require.True(t, ok)
		require.Equal(t, want, e)
	}
}
