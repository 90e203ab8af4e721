package mailbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/mailbox"
)

type box = mailbox.Mailbox[int, int]

func bounded(n int) *box {
	b := new(box)
	b.BoundAt(n, nearWrap)
	return b
}

func pushed(t *testing.T, b *box, m int) {
	t.Helper()
	o := b.Push(nil, nil, m)
	require.True(t, o == mailbox.Queued || o == mailbox.Wake, "%v", o)
}

func pops(t *testing.T, b *box, want ...int) {
	t.Helper()
	for _, w := range want {
		m, ok := b.Pop(nil, nil)
		require.True(t, ok)
		require.Equal(t, w, m)
	}
}

func popsNothing(t *testing.T, b *box) {
	t.Helper()
	_, ok := b.Pop(nil, nil)
	require.False(t, ok)
}

// The bound is exact whatever the size, at every position of every lap, across the wrap-around.
func TestExactBound(t *testing.T) {
	for n := 1; n <= 33; n++ {
		b := bounded(n)
		require.GreaterOrEqual(t, b.Size(), n)
		require.Less(t, b.Size(), 2*n, "the next power of two")
		in, out := 0, 0
		for range 5 * b.Size() {
			for ; in < out+n; in++ {
				require.Equal(t, in-out, b.Len())
				pushed(t, b, in)
			}
			require.Equal(t, mailbox.Full, b.Push(nil, nil, -1))
			require.Equal(t, n, b.Len())
			pops(t, b, out)
			out++
		}
		for ; out < in; out++ {
			pops(t, b, out)
		}
		popsNothing(t, b)
		require.True(t, b.Sleep())
	}
}

// A producer is preempted after its claim. What is behind it waits; the consumer sleeps and is woken.
func TestPreemptedInMidPush(t *testing.T) {
	b := bounded(4)
	at, o := b.Claim()
	require.Equal(t, mailbox.Queued, o)
	require.Equal(t, mailbox.Wake, b.Push(nil, nil, 2))
	require.Equal(t, 2, b.Len())
	popsNothing(t, b)
	_, ok := b.PopOldest()
	require.False(t, ok)
	require.True(t, b.Sleep(), "nothing is ready")
	require.Equal(t, mailbox.Wake, b.Publish(at, 1))
	require.False(t, b.Sleep())
	pops(t, b, 1, 2)
	require.True(t, b.Sleep())

	// The claims count for the bound.
	claims := make([]uint64, 4)
	for i := range claims {
		claims[i], o = b.Claim()
		require.Equal(t, mailbox.Queued, o)
	}
	_, o = b.Claim()
	require.Equal(t, mailbox.Full, o)
	require.Equal(t, mailbox.Wake, b.Publish(claims[2], 5))
	require.Equal(t, mailbox.Queued, b.Publish(claims[0], 3))
	pops(t, b, 3)
	popsNothing(t, b)
	require.Equal(t, mailbox.Queued, b.Publish(claims[1], 4))
	pops(t, b, 4, 5)
	require.True(t, b.Sleep())
	require.Equal(t, mailbox.Wake, b.Publish(claims[3], 6))
	pops(t, b, 6)
}

// A mailbox is closed while producers are in mid-push: they are late, and whoever is last finds all.
func TestCloseInMidPush(t *testing.T) {
	b := bounded(4)
	require.True(t, b.Wake())
	first, _ := b.Claim()
	second, _ := b.Claim()
	third, _ := b.Claim()
	require.Equal(t, mailbox.Queued, b.Publish(first, 1))
	b.Close()
	_, o := b.Claim()
	require.Equal(t, mailbox.Closed, o)
	require.Equal(t, mailbox.Closed, b.Push(nil, nil, 9))
	pops(t, b, 1)
	popsNothing(t, b)
	require.True(t, b.Sleep(), "the rest is the producers' duty")

	require.Equal(t, mailbox.Late, b.Publish(third, 3))
	_, ok := b.PopOldest()
	require.False(t, ok, "behind the second")
	require.Equal(t, mailbox.Late, b.Publish(second, 2))
	for _, want := range []int{2, 3} {
		m, ok := b.PopOldest()
		require.True(t, ok)
		require.Equal(t, want, m)
	}
	_, ok = b.PopOldest()
	require.False(t, ok)
	require.Zero(t, b.Len())
}

// A popper is preempted in mid-pop: its slot is not free yet, others pop past it.
func TestPreemptedInMidPop(t *testing.T) {
	b := bounded(2)
	pushed(t, b, 1)
	pushed(t, b, 2)
	at, ok := b.Lift()
	require.True(t, ok)
	require.Equal(t, mailbox.Full, b.Push(nil, nil, 3), "its slot is the next one")
	pops(t, b, 2)
	popsNothing(t, b)
	require.Equal(t, mailbox.Full, b.Push(nil, nil, 3))
	require.Equal(t, 1, b.Release(at))
	pushed(t, b, 3)
	pops(t, b, 3)
}

func TestPopOldest(t *testing.T) {
	b := bounded(2)
	pushed(t, b, 1)
	pushed(t, b, 2)
	m, ok := b.PopOldest()
	require.True(t, ok)
	require.Equal(t, 1, m)
	pushed(t, b, 3)
	pops(t, b, 2, 3)

	var unbounded box
	unbounded.Push(new(mailbox.Pool[int]), nil, 1)
	_, ok = unbounded.PopOldest()
	require.False(t, ok)
	require.NoError(t, unbounded.WaitRoom(t.Context()))
}

// A consumer that is about to sleep is preempted between reading the head and looking at its slot, and the
// message there is dropped meanwhile: it must see the next one, whose producer saw it awake.
func TestDropUnderTheSleeper(t *testing.T) {
	b := bounded(2)
	pushed(t, b, 1)
	pushed(t, b, 2)
	h := b.Head()
	_, ok := b.PopOldest()
	require.True(t, ok)
	require.True(t, b.ReadyFrom(h))
	pops(t, b, 2)
	require.False(t, b.ReadyFrom(h))
}

// waits starts a waiter and returns where its result will be, once it is blocked.
func waits(ctx context.Context, b *box) <-chan error {
	res := make(chan error, 1)
	go func() { res <- b.WaitRoom(ctx) }()
	synctest.Wait()
	return res
}

func blocked(t *testing.T, res <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-res:
		t.Fatalf("woken: %v", err)
	default:
	}
}

func woken(t *testing.T, res <-chan error) error {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-res:
		return err
	default:
		t.Fatal("still blocked")
		return nil
	}
}

func fill(t *testing.T, n int) *box {
	b := bounded(n)
	for k := range n {
		pushed(t, b, k)
	}
	return b
}

func TestWaitRoomWakesAtHalf(t *testing.T) {
	for n := 1; n <= 9; n++ {
		synctest.Test(t, func(t *testing.T) {
			b := fill(t, n)
			one, two := waits(t.Context(), b), waits(t.Context(), b)
			require.Equal(t, 2, b.Waiting())
			for k := range n - n/2 {
				blocked(t, one)
				pops(t, b, k)
			}
			require.NoError(t, woken(t, one))
			require.NoError(t, woken(t, two))
			require.Zero(t, b.Waiting())
			require.NoError(t, b.WaitRoom(t.Context()), "there is room")
			require.Zero(t, b.Waiting())
		})
	}
}

// Others who never wait keep the ring full: the waiters are woken all the same, by the n-th pop.
func TestWaitRoomIsNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 8
		b := fill(t, n)
		res := waits(t.Context(), b)
		for k := range n {
			blocked(t, res)
			pops(t, b, k)
			pushed(t, b, n+k)
		}
		require.NoError(t, woken(t, res))
	})
}

func TestWaitRoomEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fill(t, 2)
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		patient, res := waits(t.Context(), b), waits(ctx, b)
		cancel(cause)
		require.ErrorIs(t, woken(t, res), cause)
		blocked(t, patient)
		require.Equal(t, 1, b.Waiting(), "it has left")
		require.ErrorIs(t, b.WaitRoom(ctx), cause, "from the start")
		pops(t, b, 0)
		require.NoError(t, woken(t, patient))
	})
}

func TestWaitRoomEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fill(t, 2)
		res := waits(t.Context(), b)
		b.Close()
		require.NoError(t, woken(t, res))
		require.Equal(t, mailbox.Closed, b.Push(nil, nil, 9))
		require.NoError(t, b.WaitRoom(t.Context()), "no room will ever come")
	})
}

// The room comes from a popper that was preempted before the waiter came: it looks after its release.
func TestWaitRoomSeesMidPop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fill(t, 1)
		at, _ := b.Lift()
		res := waits(t.Context(), b)
		blocked(t, res)
		require.Equal(t, 0, b.Release(at))
		require.NoError(t, woken(t, res))
	})
}

// Dropping the oldest makes room for waiters too.
func TestWaitRoomSeesDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := fill(t, 1)
		res := waits(t.Context(), b)
		_, ok := b.PopOldest()
		require.True(t, ok)
		require.NoError(t, woken(t, res))
	})
}
