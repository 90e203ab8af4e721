package port_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/port"
)

// O1: one subscriber, fifty subscribers; nobody.
func TestO1_Delivery(t *testing.T) {
	ctx := start(t)
	for _, n := range []int{0, 1, 50} {
		p := port.New[int]()
		ls, rs := make([]*listener, n), make([]actor.Ref[int], n)
		for i := range n {
			ls[i], rs[i] = listen(ctx, t)
			p.Subscribe(rs[i], nil)
		}
		for v := range 100 {
			p.Send(ctx, v)
		}
		for i := range n {
			require.Equal(t, upTo(100), ls[i].all(ctx, t, rs[i]))
		}
		require.Equal(t, port.Stats{Subscribers: n, Sent: uint64(100 * n)}, p.Stats())
	}
}

// O1: a filter lets through what its subscriber wants, and counts the rest.
func TestO1_FilterSkips(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	s := p.Subscribe(r, func(v int) bool { return v%3 == 0 })
	for v := range 10 {
		p.Send(ctx, v)
	}
	require.Equal(t, []int{0, 3, 6, 9}, l.all(ctx, t, r))
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 4, Filtered: 6}, s.Stats())
}

// O2, O3: values without a pause, to a subscriber that cannot keep up, and
// none is lost. ractor's first version (O2) would lose all but the last few.
func TestO2_O3_Lossless(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	gate := make(chan struct{})
	next, wrong := 0, 0
	r, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], v int) error {
		<-gate
		if v != next {
			wrong++
		}
		next++
		return nil
	}))
	require.NoError(t, err)
	p.Subscribe(r, nil)
	const n = 200_000
	for v := range n {
		p.Send(ctx, v)
	}
	close(gate)
	require.NoError(t, r.DrainAndWait(ctx))
	require.Equal(t, n, next)
	require.Zero(t, wrong)
}

// O3: subscribing and cancelling take effect at their place in the stream.
func TestO3_ExactPosition(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	p.Send(ctx, 0)
	a := p.Subscribe(r, nil)
	p.Send(ctx, 1)
	b := p.Subscribe(r, nil)
	p.Send(ctx, 2)
	a.Cancel()
	p.Send(ctx, 3)
	a.Cancel()
	b.Cancel()
	p.Send(ctx, 4)
	require.Equal(t, []int{1, 2, 2, 3}, l.all(ctx, t, r))
	require.ErrorIs(t, a.Err(), port.ErrCancelled)
	require.Equal(t, port.Stats{Sent: 2}, b.Stats())
}

// O3: who has ended costs one failed send.
func TestO3_DeadSubscriberIsRemovedAtTheFirstFailedSend(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	_, dead := listen(ctx, t)
	l, r := listen(ctx, t)
	s := p.Subscribe(dead, nil)
	p.Subscribe(r, nil)
	require.NoError(t, dead.StopAndWait(ctx))
	require.NoError(t, s.Err())
	for v := range 3 {
		p.Send(ctx, v)
	}
	require.ErrorIs(t, s.Err(), actor.ErrStopped)
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 3, Refused: 1}, p.Stats())
	require.Equal(t, port.Stats{Refused: 1}, s.Stats())
	require.Equal(t, upTo(3), l.all(ctx, t, r))
}

// A name outlives the actors that have it, and so does its subscription.
func TestO3_ByNameStaysSubscribed(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	s := p.Subscribe(actor.ByName[int](ctx, "ear"), nil)
	p.Send(ctx, 0)
	for v := 1; v < 4; v++ {
		l, r := listen(ctx, t, actor.Named("ear"))
		p.Send(ctx, v)
		require.Equal(t, []int{v}, l.all(ctx, t, r))
		p.Send(ctx, 0)
	}
	require.NoError(t, s.Err())
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 3, Refused: 4}, s.Stats())
}

// O4: two subscriptions of one actor deliver twice, each with its own filter and
// its own count, and each has its own end, which is explicit.
func TestO4_TwoSubscriptionsOfOneActor(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	all := p.Subscribe(r, nil)
	even := p.Subscribe(r, func(v int) bool { return v%2 == 0 })
	for v := range 4 {
		p.Send(ctx, v)
	}
	all.Cancel()
	require.ErrorIs(t, all.Err(), port.ErrCancelled)
	require.NoError(t, even.Err())
	for v := 4; v < 7; v++ {
		p.Send(ctx, v)
	}
	require.Equal(t, port.Stats{Sent: 4}, all.Stats())
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 4, Filtered: 3}, even.Stats())
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 8, Filtered: 3}, p.Stats())
	require.Equal(t, []int{0, 0, 1, 2, 2, 3, 4, 6}, l.all(ctx, t, r))
}

// O4: it may be cancelled while others send: what was sent before it is there,
// and nothing that begins after Cancel has returned.
func TestO4_CancelWhileOthersSend(t *testing.T) {
	ctx := start(t)
	for range 100 {
		var p port.Port[int]
		l, r := listen(ctx, t)
		s := p.Subscribe(r, nil)
		var begun, over atomic.Int64 // sends
		var wg sync.WaitGroup
		wg.Go(func() {
			for v := range 300 {
				begun.Store(int64(v))
				p.Send(ctx, v)
				over.Store(int64(v + 1))
			}
		})
		for over.Load() < 10 {
			runtime.Gosched()
		}
		first := over.Load()
		s.Cancel()
		last := begun.Load()
		wg.Wait()
		heard := l.all(ctx, t, r)
		require.GreaterOrEqual(t, int64(len(heard)), first)
		require.LessOrEqual(t, int64(len(heard)), last+1)
		require.Equal(t, upTo(len(heard)), heard)
		require.Equal(t, port.Stats{Sent: uint64(len(heard))}, s.Stats())
	}
}

// O5: there is no history, and a port that is dropped takes nothing back.
func TestO5_NoHistory(t *testing.T) {
	ctx := start(t)
	l, r := listen(ctx, t)
	func() {
		p := port.New[int]()
		p.Send(ctx, 0)
		p.Subscribe(r, nil)
		p.Send(ctx, 1)
	}()
	require.Equal(t, []int{1}, l.all(ctx, t, r))
}

// O6: a subscriber hands itself to a publisher that does not know its type.
func TestO6_AdaptedSubscriber(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	var heard []string
	r, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[string], s string) error {
		heard = append(heard, s)
		return nil
	}))
	require.NoError(t, err)
	p.Subscribe(actor.Adapt(r, func(v int) string { return string(rune('a' + v)) }), nil)
	p.Send(ctx, 0)
	p.Send(ctx, 1)
	require.NoError(t, r.DrainAndWait(ctx))
	require.Equal(t, []string{"a", "b"}, heard)
}

// O7: the sends of all senders are one sequence, the same to every subscriber,
// and each sender's own order is in it.
func TestO7_OneOrderForAll(t *testing.T) {
	ctx := start(t)
	const senders, each, ears = 4, 2000, 3
	var p port.Port[int]
	ls, rs := make([]*listener, ears), make([]actor.Ref[int], ears)
	for i := range ears {
		ls[i], rs[i] = listen(ctx, t)
		p.Subscribe(rs[i], nil)
	}
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				p.Send(ctx, i*senders+s)
			}
		})
	}
	wg.Wait()
	first := ls[0].all(ctx, t, rs[0])
	require.Len(t, first, senders*each)
	var next [senders]int
	for _, v := range first {
		require.Equal(t, next[v%senders], v/senders)
		next[v%senders]++
	}
	for i := 1; i < ears; i++ {
		require.Equal(t, first, ls[i].all(ctx, t, rs[i]))
	}
}

// O3: a slow subscriber follows its mailbox's rule; who waits for room is not
// waited for. What it does not get is counted: by the port what was refused, by
// the System, as dead letters, what was accepted and dropped.
func TestO3_BoundedSubscribers(t *testing.T) {
	for rule, want := range map[actor.Overflow]struct {
		heard            []int
		refused, dropped uint64
	}{
		actor.Refuse:      {[]int{0, 1, 2}, 7, 0},
		actor.WaitForRoom: {[]int{0, 1, 2}, 7, 0},
		actor.DropNewest:  {[]int{0, 1, 2}, 0, 7},
		actor.DropOldest:  {[]int{0, 8, 9}, 0, 7},
	} {
		ctx := start(t)
		var p port.Port[int]
		there, gate := make(chan struct{}, 10), make(chan struct{})
		var heard []int
		r, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], v int) error {
			there <- struct{}{}
			<-gate
			heard = append(heard, v)
			return nil
		}), actor.Bounded(2, rule))
		require.NoError(t, err)
		s := p.Subscribe(r, nil)
		p.Send(ctx, 0)
		<-there
		for v := 1; v < 10; v++ {
			p.Send(ctx, v)
		}
		require.Equal(t, port.Stats{Subscribers: 1, Sent: 10 - want.refused, Refused: want.refused}, s.Stats(), rule)
		require.Equal(t, want.dropped, actor.SystemOf(ctx).Stats().DeadLetters["mailbox full"], rule)
		close(gate)
		require.NoError(t, r.DrainAndWait(ctx))
		require.Equal(t, want.heard, heard, rule)
	}
}

// A filter's panic is its sender's; the others get the value, and the port lives.
func TestPanicOfAFilter(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	boom := errors.New("boom")
	l, r := listen(ctx, t)
	bad := func(v int) bool {
		if v == 1 {
			p.Send(ctx, 10) // sent before the panic, hence not lost
			panic(boom)
		}
		return false
	}
	p.Subscribe(r, nil)
	p.Subscribe(r, bad)
	p.Subscribe(r, nil)
	p.Subscribe(r, bad)
	p.Subscribe(r, nil)
	p.Send(ctx, 0)
	require.PanicsWithValue(t, boom, func() { p.Send(ctx, 1) })
	p.Send(ctx, 2)
	require.Equal(t, []int{0, 0, 0, 1, 1, 1, 10, 10, 10, 10, 10, 10, 2, 2, 2}, l.all(ctx, t, r))
}

// Panics while what filters have sent is delivered do not lose the rest either.
func TestPanicWithinWhatFiltersSend(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	p.Subscribe(r, func(v int) bool {
		switch v {
		case 0:
			for i := 1; i < 5; i++ {
				p.Send(ctx, i)
			}
		case 1, 3:
			panic(v)
		}
		return true
	})
	require.PanicsWithValue(t, 3, func() { p.Send(ctx, 0) })
	p.Send(ctx, 9)
	require.Equal(t, []int{0, 2, 4, 9}, l.all(ctx, t, r))
}

// A filter may use its own port: what it does comes after the send under way.
func TestFilterUsesItsPort(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	l2, r2 := listen(ctx, t)
	var s, late *port.Subscription
	s = p.Subscribe(r, func(v int) bool {
		if v == 0 {
			p.Send(ctx, 1)
			late = p.Subscribe(r2, nil)
			p.Send(ctx, 2)
			require.Equal(t, 2, p.Stats().Subscribers)
		}
		if v == 2 {
			s.Cancel()
			require.ErrorIs(t, s.Err(), port.ErrCancelled)
		}
		return true
	})
	p.Send(ctx, 0)
	p.Send(ctx, 3)
	require.Equal(t, []int{0, 1}, l.all(ctx, t, r))
	require.Equal(t, []int{2, 3}, l2.all(ctx, t, r2))
	require.NoError(t, late.Err())
}

// What gets no error anywhere else: a zero Ref, a nil context.
func TestBadInput(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	s := p.Subscribe(actor.Ref[int]{}, nil)
	require.ErrorIs(t, s.Err(), actor.ErrNoActor)
	s.Cancel()
	require.ErrorIs(t, s.Err(), actor.ErrNoActor)
	l, r := listen(ctx, t)
	p.Subscribe(r, nil)
	p.Send(nil, 7) //nolint:staticcheck // a nil context is the subject
	require.Equal(t, []int{7}, l.all(ctx, t, r))
	require.Equal(t, port.Stats{Subscribers: 1, Sent: 1}, p.Stats())
}

// Inside an actor Send has its context; that a context has ended says nothing.
func TestSendInsideAnActor(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	l, r := listen(ctx, t)
	p.Subscribe(r, nil)
	from, err := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[int], v int) error {
		p.Send(ctx, v)
		derived, cancel := context.WithCancel(ctx)
		cancel()
		p.Send(derived, v+1)
		return nil
	}))
	require.NoError(t, err)
	require.NoError(t, from.Cast(ctx, 1))
	require.NoError(t, from.DrainAndWait(ctx))
	require.Equal(t, []int{1, 2}, l.all(ctx, t, r))
}

// An actor that was written off reaches nobody through its context; the others
// stay subscribed.
func TestSendOfAnAbandonedActor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{KillGrace: time.Second})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		var p port.Port[int]
		l, r := listen(ctx, t)
		s := p.Subscribe(r, nil)
		gate, sent := make(chan struct{}), make(chan struct{})
		from, err := actor.Spawn(ctx, actor.Func(func(ctx *actor.Context[int], v int) error {
			p.Send(ctx, v)
			<-gate
			p.Send(ctx, v+1)
			close(sent)
			return nil
		}))
		require.NoError(t, err)
		require.NoError(t, from.Cast(ctx, 1))
		synctest.Wait()
		require.NoError(t, from.KillAndWait(ctx)) // after KillGrace
		close(gate)
		<-sent
		p.Send(ctx, 3)
		require.Equal(t, port.Stats{Subscribers: 1, Sent: 2, Refused: 1}, s.Stats())
		require.Equal(t, []int{1, 3}, l.all(ctx, t, r))
		synctest.Wait()
		require.NoError(t, sys.Shutdown(ctx))
	})
}

func TestSendAllocatesNothing(t *testing.T) {
	ctx := start(t)
	var p port.Port[int]
	r, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[int], int) error { return nil }), actor.Bounded(64, actor.Refuse))
	require.NoError(t, err)
	for i := range 10 {
		p.Subscribe(r, func(int) bool { return i%2 == 0 })
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Send(ctx, 1) }))
}
