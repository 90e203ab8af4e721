package actor_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func numbers(from, n int) []int {
	ms := make([]int, n)
	for i := range ms {
		ms[i] = from + i
	}
	return ms
}

// P8: messages of one sender come in order and once, however many are sent at once,
// with those of others between; from handlers as from outside.
func TestCastAll(t *testing.T) {
	const senders, each = 4, 5000
	ctx, _ := newSystem(t, actor.Config{})
	done := make(chan struct{})
	next, left := make([]int, senders), senders*each
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
		if from := m / each; next[from] != m%each {
			t.Errorf("sender %d: %d came, want %d", from, m%each, next[from])
		}
		next[m/each]++
		if left--; left == 0 {
			close(done)
		}
		return nil
	}))
	send := func(ctx context.Context, from int) error {
		ms := numbers(from*each, each)
		for size := 0; len(ms) > 0; size = (size + 37) % 400 {
			some := ms[:min(size, len(ms))]
			ms = ms[len(some):]
			if len(some) == 1 {
				if err := r.Cast(ctx, some[0]); err != nil {
					return err
				}
				continue
			}
			sent := slices.Clone(some)
			if n, err := r.CastAll(ctx, sent); n != len(sent) || err != nil {
				return fmt.Errorf("%d of %d accepted: %w", n, len(sent), err)
			}
			clear(sent) // they are ours again
		}
		return nil
	}
	inside := fn(func(in *actor.Context[int], from int) error {
		if err := send(in, from); err != nil {
			t.Error(err)
		}
		return nil
	})
	for from := range senders / 2 {
		require.NoError(t, spawn(t, ctx, inside).Cast(ctx, from))
	}
	for from := senders / 2; from < senders; from++ {
		go func() {
			if err := send(ctx, from); err != nil {
				t.Error(err)
			}
		}()
	}
	recv(t, done)
}

// A bound refuses or drops of many what it would of so many Casts, and they can
// be gone on with.
func TestCastAllOverflow(t *testing.T) {
	for _, c := range []struct {
		rule    actor.Overflow
		refused []int
		got     []int
		dead    uint64
	}{
		{actor.Refuse, []int{12, 13}, []int{0, 1, 2, 10, 11}, 0},
		{actor.DropNewest, nil, []int{0, 1, 2, 10, 11}, 2},
		{actor.DropOldest, nil, []int{0, 10, 11, 12, 13}, 2},
	} {
		t.Run(c.rule.String(), func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			leave, got := make(chan struct{}), make(chan int, 100)
			entered := make(chan struct{})
			r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
				if m == 0 {
					close(entered)
					<-leave
				}
				got <- m
				return nil
			}), actor.Bounded(4, c.rule))
			require.NoError(t, r.Cast(ctx, 0))
			recv(t, entered)
			n, err := r.CastAll(ctx, []int{1, 2})
			require.NoError(t, err)
			require.Equal(t, 2, n)
			var refused []int
			for ms := []int{10, 11, 12, 13}; len(ms) > 0; ms = ms[n:] {
				if n, err = r.CastAll(ctx, ms); err != nil {
					require.ErrorIs(t, err, actor.ErrMailboxFull)
					refused = append(refused, ms[n])
					n++
				}
			}
			require.Equal(t, c.refused, refused)
			close(leave)
			require.Equal(t, c.got, drained(t, r, got))
			require.Equal(t, c.dead, sys.Stats().DeadLetters["mailbox full"])
		})
	}
}

// Outside handlers a mailbox that lets its senders wait lets them wait for each.
func TestCastAllWaitsForRoom(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	got := make(chan int, 100)
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { got <- m; return nil }), actor.Bounded(2, actor.WaitForRoom))
	n, err := r.CastAll(ctx, numbers(0, 50))
	require.NoError(t, err)
	require.Equal(t, 50, n)
	require.Equal(t, numbers(0, 50), drained(t, r, got))
}

// Every kind of Ref takes many, and says why not as Cast does.
func TestCastAllRefs(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	got := make(chan int, 100)
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error { got <- m; return nil }), actor.Named("many"))
	shim, far := newShim(sys, nil)
	for i, r := range []actor.Ref[int]{r, actor.ByName[int](ctx, "many"), toShim(t, shim)} {
		n, err := r.CastAll(ctx, []int{i, i + 1, i + 2})
		require.NoError(t, err)
		require.Equal(t, 3, n)
		for k := range 3 {
			if i == 2 {
				require.Equal(t, i+k, recv(t, far))
			} else {
				require.Equal(t, i+k, recv(t, got))
			}
		}
	}
	n, err := actor.Adapt(r, func(s string) int { return len(s) }).CastAll(ctx, []string{"a", "bb"})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []int{1, 2}, []int{recv(t, got), recv(t, got)})

	n, err = r.CastAll(ctx, nil)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = r.CastAll(nil, []int{1}) //nolint:staticcheck // nil is meant
	require.ErrorIs(t, err, actor.ErrNilContext)
	_, err = actor.Ref[int]{}.CastAll(ctx, []int{1})
	require.ErrorIs(t, err, actor.ErrNoActor)
	shim.End(errTest)
	_, err = toShim(t, shim).CastAll(ctx, []int{1})
	require.ErrorIs(t, err, errTest)

	require.NoError(t, actor.Suspend(ctx, r.Any()))
	_, err = r.CastAll(ctx, []int{5, 6})
	require.NoError(t, err)
	require.Empty(t, got, "held")
	require.NoError(t, actor.Resume(r.Any()))
	require.Equal(t, []int{5, 6}, []int{recv(t, got), recv(t, got)})

	require.NoError(t, actor.Suspend(ctx, r.Any())) // or it drains before we look
	r.Drain()
	n, err = r.CastAll(ctx, []int{1, 2})
	require.ErrorIs(t, err, actor.ErrStopped)
	require.Zero(t, n)
	r.Kill()
	_ = waitEnd(t, r)
	_, err = r.CastAll(ctx, []int{1, 2})
	require.ErrorIs(t, err, actor.ErrStopped)
}

// The accounts balance (design, section 5) when an actor ends while many are sent at
// once: what was accepted is handled, or a dead letter.
func TestCastAllMeetsTheEnd(t *testing.T) {
	for name, end := range map[string]func(r actor.Ref[int]){
		"stop":  actor.Ref[int].Stop,
		"drain": actor.Ref[int].Drain,
		"kill":  actor.Ref[int].Kill,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			var accepted, handled atomic.Int64
			for range 50 {
				enough := make(chan struct{})
				r := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
					if handled.Add(1)%100 == 0 {
						select {
						case enough <- struct{}{}:
						default:
						}
					}
					return nil
				}))
				var wg sync.WaitGroup
				for range 3 {
					wg.Go(func() {
						for {
							n, err := r.CastAll(ctx, make([]int, 200))
							accepted.Add(int64(n))
							if err != nil {
								return
							}
						}
					})
				}
				recv(t, enough)
				end(r)
				wg.Wait()
				_ = waitEnd(t, r)
			}
			letters := int64(0)
			for _, n := range sys.Stats().DeadLetters {
				letters += int64(n)
			}
			require.Equal(t, accepted.Load(), handled.Load()+letters)
		})
	}
}

func TestCastAllAllocatesNothing(t *testing.T) {
	if race {
		t.Skip("the race detector's sync.Pool forgets at random")
	}
	ctx, _ := newSystem(t, actor.Config{})
	got := make(chan struct{}, 1)
	r := spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
		if m == 0 {
			got <- struct{}{}
		}
		return nil
	}))
	ms := append(numbers(1, 199), 0)
	round := func() {
		_, _ = r.CastAll(ctx, ms)
		<-got
	}
	round()
	require.Less(t, testing.AllocsPerRun(500, round), 5.0, "of 200 messages")
}

// As BenchmarkCast, a hundred at once.
func BenchmarkCastAll(b *testing.B) {
	ctx, _ := newSystem(b, actor.Config{})
	done := make(chan struct{})
	left := b.N
	r := spawn(b, ctx, fn(func(*actor.Context[int], int) error {
		if left--; left == 0 {
			close(done)
		}
		return nil
	}))
	ms := make([]int, 100)
	b.ReportAllocs()
	b.ResetTimer()
	for n := b.N; n > 0; n -= len(ms) {
		_, _ = r.CastAll(ctx, ms[:min(n, len(ms))])
	}
	<-done
}
