package actor_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// deadLetters subscribes to the dead letters of a System.
func deadLetters(t testing.TB, ctx context.Context, sys *actor.System) (chan actor.DeadLetter, *actor.Subscription) {
	t.Helper()
	letters := make(chan actor.DeadLetter, 1<<12)
	r := spawn(t, ctx, actor.Func(func(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
		letters <- l
		return nil
	}))
	return letters, sys.DeadLetters(r)
}

func TestDeadLettersByReason(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(r actor.Ref[job])
		reason error
	}{
		"stopped": {func(r actor.Ref[job]) { r.Stop() }, actor.ErrStopped},
		"killed":  {func(r actor.Ref[job]) { r.Kill() }, actor.ErrKilled},
		"failed":  {nil, actor.ErrFailed},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			letters, _ := deadLetters(t, ctx, sys)
			r := spawn(t, ctx, worker())
			release := blocked(t, r)
			const n = 5
			if c.end == nil {
				require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { return errTest }))
			}
			for range n {
				require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { return nil }))
			}
			if c.end != nil {
				c.end(r)
			}
			release()
			_ = waitEnd(t, r)
			for range n {
				l := recv(t, letters)
				require.Equal(t, l.To, r.Any())
				require.IsType(t, job(nil), l.Message)
				require.ErrorIs(t, l.Reason, c.reason)
			}
			require.Equal(t, map[string]uint64{name: n}, sys.Stats().DeadLetters)
		})
	}

	t.Run("abandoned", func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{KillGrace: 1})
		require.NoError(t, err)
		ctx := actor.WithSystem(context.Background(), sys)
		letters, _ := deadLetters(t, ctx, sys)
		r := spawn(t, ctx, worker())
		release := blocked(t, r)
		require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { return nil }))
		r.Kill()
		require.ErrorIs(t, recv(t, letters).Reason, actor.ErrAbandoned)
		release()
		_ = sys.Shutdown(ctx)
		require.Equal(t, map[string]uint64{"abandoned": 1}, sys.Stats().DeadLetters)
	})

	t.Run("mailbox full", func(t *testing.T) {
		ctx, sys := newSystem(t, actor.Config{})
		letters, _ := deadLetters(t, ctx, sys)
		for _, rule := range []actor.Overflow{actor.DropOldest, actor.DropNewest} {
			hold := make(chan struct{})
			in := make(chan struct{}, 10)
			r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { in <- struct{}{}; <-hold; return nil }), actor.Bounded(2, rule))
			require.NoError(t, r.Cast(ctx, 0))
			recv(t, in)
			for i := 1; i <= 4; i++ {
				require.NoError(t, r.Cast(ctx, i))
			}
			for _, lost := range map[actor.Overflow][]int{actor.DropOldest: {1, 2}, actor.DropNewest: {3, 4}}[rule] {
				l := recv(t, letters)
				require.Equal(t, lost, l.Message)
				require.ErrorIs(t, l.Reason, actor.ErrMailboxFull)
			}
			close(hold)
			r.Drain()
			require.NoError(t, waitEnd(t, r))
		}
		require.Equal(t, map[string]uint64{"mailbox full": 4}, sys.Stats().DeadLetters)
	})

	t.Run("expired", func(t *testing.T) {
		ctx, sys := newSystem(t, actor.Config{})
		letters, _ := deadLetters(t, ctx, sys)
		r := spawn(t, ctx, idle())
		k := newTicket()
		k.open = actor.ErrExpired
		require.NoError(t, actor.Request(ctx, r, 3, &actor.Ticket{Holder: k}))
		require.ErrorIs(t, recv(t, k.discard), actor.ErrExpired)
		l := recv(t, letters)
		require.Equal(t, 3, l.Message)
		require.ErrorIs(t, l.Reason, actor.ErrExpired)
		require.Equal(t, map[string]uint64{"expired": 1}, sys.Stats().DeadLetters)
	})
}

// dies makes a dead letter of m.
func dies(t testing.TB, ctx context.Context, m int) {
	t.Helper()
	r := spawn(t, ctx, &plain[int]{preStart: func(ctx *actor.Context[int]) error {
		ctx.Stop()
		return ctx.Self().Cast(ctx, m)
	}})
	_ = waitEnd(t, r)
}

func TestDeadLetterSubscriptions(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	letters, sub := deadLetters(t, ctx, sys)
	wrapped := make(chan any, 10)
	type note struct{ l actor.DeadLetter }
	adapted := actor.Adapt(
		spawn(t, ctx, actor.Func(func(_ *actor.Context[note], n note) error { wrapped <- n.l.Message; return nil })),
		func(l actor.DeadLetter) note { return note{l} })
	second := sys.DeadLetters(adapted)
	broken := sys.DeadLetters(actor.Adapt(adapted, func(actor.DeadLetter) actor.DeadLetter { panic("at somebody else's") }))
	named := make(chan any, 10)
	byName := sys.DeadLetters(actor.ByName[actor.DeadLetter](ctx, "coroner"))

	dies(t, ctx, 1)
	require.Equal(t, 1, recv(t, letters).Message)
	require.Equal(t, 1, recv(t, wrapped))
	require.Equal(t, 4, actor.Subscribers(sys), "a name may come yet")

	spawn(t, ctx, actor.Func(func(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
		named <- l.Message
		return nil
	}), actor.Named("coroner"))
	sub.Cancel()
	sub.Cancel()
	dies(t, ctx, 2)
	require.Equal(t, 2, recv(t, wrapped))
	require.Equal(t, 2, recv(t, named))
	second.Cancel()
	broken.Cancel()
	byName.Cancel()
	require.Zero(t, actor.Subscribers(sys))
	dies(t, ctx, 3)
	none(t, letters)
	none(t, wrapped)
	none(t, named)
	require.EqualValues(t, 3, sys.Stats().DeadLetters["stopped"])
}

func TestDeadLetterSubscriberDies(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	r := spawn(t, ctx, actor.Func(func(*actor.Context[actor.DeadLetter], actor.DeadLetter) error { return nil }))
	sub := sys.DeadLetters(r)
	require.Equal(t, 1, actor.Subscribers(sys))
	require.NoError(t, killAndWait(r))
	dies(t, ctx, 1)
	require.Zero(t, actor.Subscribers(sys), "its subscription has ended")
	sub.Cancel()
}

// What subscribers lose does not come back to them, nor go to and fro between
// two of them, whatever the rule of their mailboxes.
func TestDeadLettersDoNotLoop(t *testing.T) {
	for _, rule := range []actor.Overflow{actor.Refuse, actor.DropNewest, actor.DropOldest, actor.WaitForRoom} {
		t.Run(rule.String(), func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			hold := make(chan struct{})
			var subs []actor.Ref[actor.DeadLetter]
			for range 3 {
				in := make(chan struct{}, 1)
				r := spawn(t, ctx, actor.Func(func(*actor.Context[actor.DeadLetter], actor.DeadLetter) error {
					select {
					case in <- struct{}{}:
					default:
					}
					<-hold
					return nil
				}), actor.Bounded(1, rule))
				sys.DeadLetters(r)
				require.NoError(t, r.Cast(ctx, actor.DeadLetter{}))
				recv(t, in)
				subs = append(subs, r)
			}
			for i := range 10 {
				dies(t, ctx, i)
			}
			close(hold)
			for _, r := range subs {
				r.Stop()
				_ = waitEnd(t, r)
			}
		})
	}
}

// Subscribing, cancelling, dying and losing from many goroutines.
func TestDeadLettersUnderFire(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 200 {
				r, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[actor.DeadLetter], actor.DeadLetter) error { return nil }))
				if err != nil {
					t.Error(err)
					return
				}
				sub := sys.DeadLetters(r)
				for range 3 {
					_ = r.Cast(ctx, actor.DeadLetter{})
				}
				if i%2 == 0 {
					sub.Cancel()
				}
				r.Kill()
			}
		})
		wg.Go(func() {
			for range 200 {
				dies(t, ctx, 1)
			}
		})
	}
	wg.Wait()
	eventually(t, func() bool { return sys.Stats().Live == 0 }, "all have ended")
	dies(t, ctx, 1)
	require.Zero(t, actor.Subscribers(sys))
}
