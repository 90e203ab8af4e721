package actor_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// full spawns an actor with a bounded mailbox that is full: it is in its
// handler until leave is closed, with message 0, and 1 to n wait. What it
// handles goes to got.
func full(t *testing.T, ctx context.Context, n int, rule actor.Overflow) (r actor.Ref[int], got chan int, leave chan struct{}) {
	t.Helper()
	got, leave = make(chan int, 1000), make(chan struct{})
	entered := make(chan struct{})
	r = spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
		if m == 0 {
			close(entered)
			<-leave
		}
		got <- m
		return nil
	}), actor.Bounded(n, rule))
	require.NoError(t, r.Cast(ctx, 0))
	recv(t, entered)
	for m := 1; m <= n; m++ {
		require.NoError(t, r.Cast(ctx, m))
	}
	return r, got, leave
}

func drained(t *testing.T, r actor.Ref[int], got chan int) (all []int) {
	t.Helper()
	r.Drain()
	require.NoError(t, waitEnd(t, r))
	close(got)
	for m := range got {
		all = append(all, m)
	}
	return all
}

func TestOverflowRules(t *testing.T) {
	for _, c := range []struct {
		rule actor.Overflow
		err  error
		got  []int
		dead uint64
	}{
		{actor.Refuse, actor.ErrMailboxFull, []int{0, 1, 2, 3}, 0},
		{actor.DropNewest, nil, []int{0, 1, 2, 3}, 1},
		{actor.DropOldest, nil, []int{0, 2, 3, 4}, 1},
	} {
		t.Run(c.rule.String(), func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			r, got, leave := full(t, ctx, 3, c.rule)
			require.ErrorIs(t, r.Cast(ctx, 4), c.err)
			close(leave)
			require.Equal(t, c.got, drained(t, r, got))
			require.Equal(t, c.dead, sys.Stats().DeadLetters["mailbox full"])
		})
	}
}

func TestOverflowOfRequestsFailsTheCaller(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	newest, _, leave := full(t, ctx, 1, actor.DropNewest)
	require.ErrorIs(t, recv(t, request(t, newest, 5).discard), actor.ErrMailboxFull)
	close(leave)
	oldest, _, leave := full(t, ctx, 1, actor.DropOldest)
	k := request(t, oldest, 5)
	require.NoError(t, oldest.Cast(ctx, 6))
	require.ErrorIs(t, recv(t, k.discard), actor.ErrMailboxFull)
	close(leave)
	refusing, _, leave := full(t, ctx, 1, actor.Refuse)
	ticket := newTicket()
	require.ErrorIs(t, actor.Request(ctx, refusing, 5, &actor.Ticket{Holder: ticket}), actor.ErrMailboxFull)
	require.Empty(t, ticket.discard, "the caller has the error")
	close(leave)
}

func TestWaitForRoom(t *testing.T) {
	t.Run("room", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r, got, leave := full(t, ctx, 2, actor.WaitForRoom)
		sent := make(chan error, 1)
		go func() { sent <- r.Cast(ctx, 3) }()
		close(leave)
		require.NoError(t, recv(t, sent))
		require.Equal(t, []int{0, 1, 2, 3}, drained(t, r, got))
	})
	t.Run("ctx", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r, got, leave := full(t, ctx, 2, actor.WaitForRoom)
		short, cancel := context.WithCancelCause(ctx)
		sent := make(chan error, 1)
		go func() { sent <- r.Cast(short, 3) }()
		cancel(errTest)
		require.Equal(t, errTest, recv(t, sent))
		close(leave)
		require.Equal(t, []int{0, 1, 2}, drained(t, r, got))
	})
	for name, end := range map[string]func(actor.Ref[int]){"stop": actor.Ref[int].Stop, "kill": actor.Ref[int].Kill} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			r, _, leave := full(t, ctx, 2, actor.WaitForRoom)
			sent := make(chan error, 10)
			for range 10 {
				go func() { sent <- r.Cast(ctx, 3) }()
			}
			end(r)
			close(leave)
			for range 10 {
				require.ErrorIs(t, recv(t, sent), actor.ErrStopped)
			}
		})
	}
	t.Run("abandoned", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
		r, _, leave := full(t, ctx, 2, actor.WaitForRoom)
		sent := make(chan error, 1)
		go func() { sent <- r.Cast(ctx, 3) }()
		r.Kill()
		require.ErrorIs(t, recv(t, sent), actor.ErrStopped)
		require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
		close(leave)
		unfenced(t)
	})
	t.Run("inside", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r, _, leave := full(t, ctx, 2, actor.WaitForRoom)
		got := make(chan error, 3)
		inside := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
			got <- r.Cast(in, 3)
			got <- r.Cast(context.Background(), 3)
			_, err := actor.Blocking(in, func() (int, error) { return 0, r.Cast(context.Background(), 3) })
			got <- err
			return nil
		}))
		require.NoError(t, inside.Cast(ctx, 1))
		for range 3 {
			require.ErrorIs(t, recv(t, got), actor.ErrMailboxFull)
		}
		close(leave)
	})
	t.Run("timer", func(t *testing.T) { // the clock must not wait for room
		ctx, sys := newSystem(t, actor.Config{})
		r, _, leave := full(t, ctx, 2, actor.WaitForRoom)
		r.CastAfter(1, 3)
		other := make(chan int, 1)
		o := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { other <- m; return nil }))
		o.CastAfter(5*time.Millisecond, 1)
		recv(t, other)
		require.Equal(t, uint64(1), sys.Stats().DeadLetters["mailbox full"])
		close(leave)
	})
}

// What is not subject to the bound is not lost to it either.
func TestOverflowKeepsContinuations(t *testing.T) {
	for _, rule := range []actor.Overflow{actor.Refuse, actor.DropNewest, actor.DropOldest, actor.WaitForRoom} {
		t.Run(rule.String(), func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			entered, leave := make(chan struct{}), make(chan struct{})
			ran := make(chan int, 100)
			var posted actor.Inside
			r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
				if m == 0 {
					posted = in
					close(entered)
					<-leave
				}
				return nil
			}), actor.Bounded(2, rule))
			require.NoError(t, r.Cast(ctx, 0))
			recv(t, entered)
			short, cancel := context.WithCancel(ctx)
			cancel()
			for i := range 50 {
				require.NoError(t, actor.Post(posted, func() error { ran <- i; return nil }))
				_ = r.Cast(short, 1)
			}
			close(leave)
			all := map[int]bool{}
			for range 50 {
				all[recv(t, ran)] = true
			}
			require.Len(t, all, 50)
		})
	}
}

// Many senders at a small bound, and each message has one fate.
func TestOverflowAccounts(t *testing.T) {
	for _, rule := range []actor.Overflow{actor.Refuse, actor.DropNewest, actor.DropOldest, actor.WaitForRoom} {
		t.Run(rule.String(), func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			const senders, each = 8, 3000
			var handled, accepted, refused atomic.Uint64
			last := make([]int, senders)
			r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
				handled.Add(1)
				from, n := m/each, m%each+1
				if n <= last[from] {
					return fmt.Errorf("from %d: %d after %d", from, n, last[from])
				}
				last[from] = n
				return nil
			}), actor.Bounded(3, rule))
			var wg sync.WaitGroup
			for s := range senders {
				wg.Go(func() {
					for i := range each {
						if err := r.Cast(ctx, s*each+i); err == nil {
							accepted.Add(1)
						} else {
							require.ErrorIs(t, err, actor.ErrMailboxFull)
							refused.Add(1)
						}
					}
				})
			}
			wg.Wait()
			r.Drain()
			require.NoError(t, waitEnd(t, r))
			dead := sys.Stats().DeadLetters["mailbox full"]
			require.Equal(t, accepted.Load(), handled.Load()+dead)
			require.Equal(t, uint64(senders*each), accepted.Load()+refused.Load())
			if rule != actor.Refuse {
				require.Zero(t, refused.Load())
			}
			if rule == actor.WaitForRoom || rule == actor.Refuse {
				require.Zero(t, dead)
			}
		})
	}
}

// Stop, Kill, supervision events are not bounded.
func TestOverflowLeavesControlAlone(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r, _, leave := full(t, ctx, 1, actor.Refuse)
	for range 50 {
		spawn(t, ctx, idle(), actor.LinkedTo(r.Any())).Stop()
	}
	r.Stop()
	close(leave)
	require.NoError(t, waitEnd(t, r))
}
