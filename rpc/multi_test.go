package rpc_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/sched"
)

// each makes an ask that is the next of asks at each call.
func each[R any](asks ...func(rpc.Reply[R]) do) func(rpc.Reply[R]) do {
	i := 0
	return func(r rpc.Reply[R]) do {
		i++
		return asks[i-1](r)
	}
}

// keep is handled by putting the reply aside.
func keep(kept chan<- rpc.Reply[int]) func(rpc.Reply[int]) do {
	return with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept <- r
		return nil
	})
}

func failing(err error) func(rpc.Reply[int]) do {
	return with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Fail(err)
		return nil
	})
}

// C7: results in the order of to, whatever the order of the answers.
func TestC7_MultiKeepsTheOrder(t *testing.T) {
	const n = 200
	ctx, _ := start(t, actor.Config{})
	refs := doers(ctx, t, n)
	kept := make([]chan rpc.Reply[int], n)
	asks := make([]func(rpc.Reply[int]) do, n)
	for i := range kept {
		kept[i] = make(chan rpc.Reply[int], 1)
		asks[i] = keep(kept[i])
	}
	for range 10 { // over the same ports
		ended := make(chan []rpc.Result[int])
		go func() { ended <- rpc.Multi(ctx, refs, each(asks...)) }()
		for _, i := range rand.Perm(n) {
			r := <-kept[i] // so all were asked before the first answer was needed
			r.Send(i)
		}
		for i, result := range <-ended {
			require.Equal(t, rpc.Result[int]{Value: i}, result)
		}
	}
}

// C7: each entry has its own error; unlike ractor's, a send that fails does not
// hide the answers of those that were asked.
func TestC7_MultiFailsOneByOne(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	dead, full := doer(ctx, t), doer(ctx, t, actor.Bounded(1, actor.Refuse))
	require.NoError(t, dead.StopAndWait(ctx))
	leave := occupy(ctx, t, full)
	require.NoError(t, full.Cast(ctx, func(*actor.Context[do]) error { return nil }))
	good := doer(ctx, t)
	asks := func() func(rpc.Reply[int]) do {
		return each(
			reply(0), // dead
			reply(1),
			reply(2), // nobody
			with(func(*actor.Context[do], rpc.Reply[int]) error { panic(errMine) }),
			failing(errMine),
			reply(5), // full
			reply(6),
			with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error { ctx.Stop(); return nil }),
		)
	}
	for _, inside := range []bool{false, true} {
		t.Run(fmt.Sprintf("inside=%v", inside), func(t *testing.T) {
			to := []actor.Ref[do]{dead, good, {}, doer(ctx, t), doer(ctx, t), full, good, doer(ctx, t)}
			var results []rpc.Result[int]
			if inside {
				ended := make(chan []rpc.Result[int])
				require.NoError(t, doer(ctx, t).Cast(ctx, func(ctx *actor.Context[do]) error {
					ended <- rpc.Multi(ctx, to, asks())
					return nil
				}))
				results = <-ended
			} else {
				results = rpc.Multi(ctx, to, asks())
			}
			require.Len(t, results, len(to))
			require.ErrorIs(t, results[0].Err, actor.ErrStopped)
			require.NotErrorIs(t, results[0].Err, rpc.ErrNoReply, "it was never sent")
			require.Equal(t, rpc.Result[int]{Value: 1}, results[1])
			require.ErrorIs(t, results[2].Err, actor.ErrNoActor)
			require.ErrorIs(t, results[3].Err, rpc.ErrNoReply)
			require.ErrorIs(t, results[3].Err, actor.ErrFailed)
			require.Equal(t, rpc.Result[int]{Err: errMine}, results[4])
			require.ErrorIs(t, results[5].Err, actor.ErrMailboxFull)
			require.Equal(t, rpc.Result[int]{Value: 6}, results[6])
			require.ErrorIs(t, results[7].Err, rpc.ErrNoReply)
			require.ErrorIs(t, results[7].Err, actor.ErrStopped)
		})
	}
	leave(nil)
}

func TestMulti_BadInput(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	require.Equal(t, []rpc.Result[int]{}, rpc.Multi(ctx, nil, reply(1)))
	require.Equal(t, []rpc.Result[int]{}, rpc.Multi(ctx, []actor.Ref[do]{}, reply(1)))

	refs := doers(ctx, t, 2)
	over, cancel := context.WithCancelCause(ctx)
	cancel(errMine)
	for name, c := range map[string]struct {
		ctx  context.Context
		ask  func(rpc.Reply[int]) do
		want error
	}{
		"nil ctx": {nil, reply(1), actor.ErrNilContext},
		"nil ask": {ctx, nil, rpc.ErrNilAsk},
		"ended ctx": {over, func(rpc.Reply[int]) do {
			t.Error("asked after the end")
			return nil
		}, errMine},
	} {
		require.Equal(t, []rpc.Result[int]{{Err: c.want}, {Err: c.want}}, rpc.Multi(c.ctx, refs, c.ask), name)
	}
	zero := rpc.Multi(ctx, make([]actor.Ref[do], 3), reply(1))
	require.Equal(t, []rpc.Result[int]{{Err: actor.ErrNoActor}, {Err: actor.ErrNoActor}, {Err: actor.ErrNoActor}}, zero)
}

// Oneself among them fails alone.
func TestMulti_Self(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	ended := make(chan []rpc.Result[int], 2)
	require.NoError(t, a.Cast(ctx, func(own *actor.Context[do]) error {
		ended <- rpc.Multi(ctx, []actor.Ref[do]{b, a, b}, reply(1))
		ended <- rpc.Multi(own, []actor.Ref[do]{a}, reply(1))
		return nil
	}))
	require.Equal(t, []rpc.Result[int]{{Value: 1}, {Err: rpc.ErrSelfCall}, {Value: 1}}, <-ended)
	require.Equal(t, []rpc.Result[int]{{Err: rpc.ErrSelfCall}}, <-ended)
}

// C4, C7: ctx bounds the whole; the answers that are there stand, the others are
// its cause, and are not handled any more.
func TestC7_MultiEndsWithItsContext(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	letters := deadLetters(ctx, t, sys)
	over, cancel := context.WithCancelCause(ctx)
	busy := doer(ctx, t)
	leave := occupy(ctx, t, busy)
	kept := make(chan rpc.Reply[int], 1)
	to := []actor.Ref[do]{doer(ctx, t), doer(ctx, t), doer(ctx, t), busy}
	ended := make(chan []rpc.Result[int])
	go func() {
		ended <- rpc.Multi(over, to, each(keep(kept), reply(1), reply(2), func(rpc.Reply[int]) do {
			return func(*actor.Context[do]) error {
				t.Error("handled though nobody waits")
				return nil
			}
		}))
	}()
	r := <-kept
	queued(t, sys, busy, 1) // the last: all are asked
	for _, i := range []int{1, 2} {
		_, err := rpc.Call(ctx, to[i], reply(0)) // comes after Multi's
		require.NoError(t, err)
	}
	cancel(errMine)
	require.Equal(t, []rpc.Result[int]{{Err: errMine}, {Value: 1}, {Value: 2}, {Err: errMine}}, <-ended)
	require.True(t, r.Abandoned())
	r.Send(-1)
	leave(nil)
	require.ErrorIs(t, (<-letters).Reason, actor.ErrExpired)
}

// C4: one deadline, not one for each, to the nanosecond.
func TestC7_MultiHasOneDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(t.Context(), sys)
		begin := time.Now()
		soon, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		for _, r := range rpc.Multi(soon, doers(ctx, t, 10), forget) {
			require.ErrorIs(t, r.Err, context.DeadlineExceeded)
		}
		require.Equal(t, time.Hour, time.Since(begin))
		require.NoError(t, sys.Shutdown(ctx))
	})
}

// Inside a handler it is one wait, which a kill ends.
func TestMulti_IsOneWait(t *testing.T) {
	ctx, sys := start(t, actor.Config{KillGrace: time.Hour, Sched: sched.Config{MaxWaiters: 1}})
	refs := doers(ctx, t, 50)
	kept := make(chan rpc.Reply[int], len(refs))
	ended := make(chan []rpc.Result[int], 1)
	asker := doer(ctx, t)
	require.NoError(t, asker.Cast(ctx, func(*actor.Context[do]) error {
		ended <- rpc.Multi(ctx, refs, keep(kept))
		return nil
	}))
	waiting(t, sys, asker)
	require.EqualValues(t, 1, sys.Stats().Sched.Waiters)

	second := doer(ctx, t)
	tooMany := make(chan []rpc.Result[int], 1)
	require.NoError(t, second.Cast(ctx, func(*actor.Context[do]) error {
		tooMany <- rpc.Multi(ctx, refs, forget)
		return nil
	}))
	for _, r := range <-tooMany {
		require.ErrorIs(t, r.Err, sched.ErrTooManyWaiters)
	}

	for range 20 {
		(<-kept).Send(1)
	}
	require.NoError(t, asker.KillAndWait(ctx))
	answered := 0
	for _, r := range <-ended {
		if r.Err == nil {
			answered++
		} else {
			require.ErrorIs(t, r.Err, actor.ErrKilled)
		}
	}
	require.Equal(t, 20, answered)
}

func TestMulti_AskPanics(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	for _, debug := range []bool{false, true} {
		t.Run(fmt.Sprintf("debug=%v", debug), func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			rpc.Debug(sys, debug)
			var replies []rpc.Reply[int]
			panicking := func(r rpc.Reply[int]) do {
				replies = append(replies, r)
				switch len(replies) {
				case 1:
					r.Send(1)
				case 4:
					panic("in ask")
				}
				return forget(r)
			}
			refs := doers(ctx, t, 5)
			require.PanicsWithValue(t, "in ask", func() { rpc.Multi(ctx, refs, panicking) })
			require.Len(t, replies, 4)
			for _, r := range replies {
				require.True(t, r.Abandoned())
				r.Send(2)
			}
			require.Equal(t, rpc.Result[int]{Value: 3}, rpc.Multi(ctx, refs, reply(3))[4])
		})
	}
	require.NoError(t, ctx.Err())
}

// An ask that answers at once is a result, though its request was not sent.
func TestMulti_AskRepliesAtOnce(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	dead := doer(ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	atOnce := func(r rpc.Reply[int]) do {
		r.Send(1)
		return nil
	}
	require.Equal(t, []rpc.Result[int]{{Value: 1}, {Err: actor.ErrStopped}, {Value: 1}},
		rpc.Multi(ctx, []actor.Ref[do]{dead, dead, dead}, each(atOnce, reply(1), atOnce)))

	// All answers are there before it waits: the port that counts them is as
	// good as new for the next call.
	live := doer(ctx, t)
	for i := range 100 {
		require.Equal(t, []rpc.Result[int]{{Value: 1}, {Value: 1}},
			rpc.Multi(ctx, []actor.Ref[do]{dead, dead}, each(atOnce, atOnce)))
		v, err := rpc.Call(ctx, live, reply(i))
		require.NoError(t, err)
		require.Equal(t, i, v)
	}
}

// The last answer meets the end of ctx: it is there or not, and the calls after
// it, which use the same ports, get their own.
func TestMulti_AnswersRaceWithItsContext(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	refs := doers(ctx, t, 2)
	for i := range 3_000 {
		over, cancel := context.WithCancelCause(ctx)
		results := rpc.Multi(over, refs, each(reply(i), with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			cancel(errMine)
			r.Send(i)
			return nil
		})))
		for _, r := range results {
			if r.Err != nil {
				require.Equal(t, errMine, r.Err)
			} else {
				require.Equal(t, i, r.Value)
			}
		}
		for _, ref := range refs {
			v, err := rpc.Call(ctx, ref, reply(-i))
			require.NoError(t, err)
			require.Equal(t, -i, v)
		}
	}
}

// Answers, ends of actors and the end of ctx all at once, over ports that are
// used again: every entry is its own answer, or a reason why there is none.
func TestMulti_Stress(t *testing.T) {
	const askers, rounds, most = 4, 300, 20
	for _, debug := range []bool{false, true} {
		t.Run(fmt.Sprintf("debug=%v", debug), func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			rpc.Debug(sys, debug)
			var extra, all sync.WaitGroup
			var answered, failed, cancelled atomic.Int64
			for range askers {
				all.Go(func() {
					for round := range rounds {
						to := make([]actor.Ref[do], rand.IntN(most))
						for i := range to {
							to[i] = doer(ctx, t)
						}
						over, cancel := context.WithCancelCause(ctx)
						i := -1
						results := rpc.Multi(over, to, func(r rpc.Reply[int]) do {
							i++
							v := round*most + i
							switch rand.IntN(8) {
							case 0:
								return func(ctx *actor.Context[do]) error { ctx.Stop(); return nil }
							case 1:
								return func(ctx *actor.Context[do]) error { ctx.Self().Kill(); r.Send(v); return nil }
							case 2:
								return func(ctx *actor.Context[do]) error {
									extra.Go(func() { r.Send(v) })
									return nil
								}
							case 3:
								if rand.IntN(4) == 0 {
									extra.Go(func() { cancel(errMine) })
								}
							case 4:
								to[i].Stop()
							}
							return reply(v)(r)
						})
						cancel(nil)
						if !check(t, results, round*most, &answered, &failed, &cancelled) {
							return
						}
						for _, ref := range to {
							ref.Kill()
						}
					}
				})
			}
			all.Wait()
			extra.Wait()
			require.Positive(t, answered.Load())
			require.Positive(t, failed.Load())
			require.Positive(t, cancelled.Load())
			require.Zero(t, rpc.Waits(sys))
		})
	}
}

// check counts results by how they ended; an answer is its place, plus from.
func check(t *testing.T, results []rpc.Result[int], from int, answered, failed, cancelled *atomic.Int64) bool {
	t.Helper()
	for i, r := range results {
		switch {
		case r.Err == nil && r.Value == from+i:
			answered.Add(1)
		case isOneOf(r.Err, rpc.ErrNoReply, actor.ErrStopped):
			failed.Add(1)
		case r.Err == errMine:
			cancelled.Add(1)
		default:
			t.Errorf("entry %d: %d, %v", i, r.Value, r.Err)
			return false
		}
	}
	return true
}
