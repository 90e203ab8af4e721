package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

type add struct {
	n     int
	total rpc.Reply[int]
}

type counter struct{ total int }

func (c *counter) Handle(_ *actor.Context[add], m add) error {
	c.total += m.n
	m.total.Send(c.total)
	return nil
}

func addOne(r rpc.Reply[int]) add { return add{1, r} }

// C1: a cast is a message like any other; nobody asked, so its reply goes nowhere.
func TestC1_CastComesBeforeTheCallAfterIt(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref, err := actor.Spawn(ctx, &counter{total: 40})
	require.NoError(t, err)
	require.NoError(t, ref.Cast(ctx, add{n: 1}))
	total, err := rpc.Call(ctx, ref, addOne)
	require.NoError(t, err)
	require.Equal(t, 42, total)
}

// C2: an answer of any type, and many at once.
func TestC2_EachCallGetsItsOwnAnswer(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	s, err := rpc.Call(ctx, ref, reply("text"))
	require.NoError(t, err)
	require.Equal(t, "text", s)
	e, err := rpc.Call(ctx, ref, reply(struct{}{}))
	require.NoError(t, err)
	require.Equal(t, struct{}{}, e)

	var calls []<-chan result
	for i := range 100 {
		calls = append(calls, call(ctx, ref, reply(i)))
	}
	for i, ended := range calls {
		require.Equal(t, result{v: i}, <-ended)
	}
}

func TestCall_FailsErrorComesAsItIs(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	mine := fmt.Errorf("mine")
	v, err := rpc.Call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Fail(mine)
		return nil
	}))
	require.Equal(t, mine, err)
	require.Zero(t, v)

	_, err = rpc.Call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Fail(nil)
		return nil
	}))
	require.ErrorIs(t, err, rpc.ErrNoReply, "Fail(nil) is no success")
	require.Equal(t, actor.Running, ref.Status(), "Fail fails the call, not the callee")
}

// C5: a Reply is used once, copies of it included.
func TestC5_TheFirstAnswerCounts(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	v, err := rpc.Call(ctx, doer(ctx, t), with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept := r
		r.Send(1)
		r.Send(2)
		kept.Fail(errors.New("late"))
		return nil
	}))
	require.NoError(t, err)
	require.Equal(t, 1, v)
}

func TestCall_BadInput(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)

	_, err := rpc.Call(nil, ref, reply(1)) //nolint:staticcheck // this is the test
	require.ErrorIs(t, err, actor.ErrNilContext)

	_, err = rpc.Call[do, int](ctx, ref, nil)
	require.ErrorIs(t, err, rpc.ErrNilAsk)

	_, err = rpc.Call(ctx, actor.Ref[do]{}, reply(1))
	require.ErrorIs(t, err, actor.ErrNoActor)

	_, err = rpc.Call(ctx, actor.ByName[do](ctx, "nobody"), reply(1))
	require.ErrorIs(t, err, actor.ErrNotFound)

	doer(ctx, t, actor.Named("doer"))
	_, err = rpc.Call(ctx, actor.ByName[add](ctx, "doer"), addOne)
	require.ErrorIs(t, err, actor.ErrWrongType)

	require.NoError(t, ref.StopAndWait(ctx))
	_, err = rpc.Call(ctx, ref, reply(1))
	require.ErrorIs(t, err, actor.ErrStopped)
}

func TestCall_RefsThatLeadToAnActor(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t, actor.Named("doer"))
	v, err := rpc.Call(ctx, actor.ByName[do](ctx, "doer"), reply(1))
	require.NoError(t, err)
	require.Equal(t, 1, v)

	v, err = rpc.Call(ctx, actor.Adapt(ref, func(r rpc.Reply[int]) do { return reply(2)(r) }),
		func(r rpc.Reply[int]) rpc.Reply[int] { return r })
	require.NoError(t, err)
	require.Equal(t, 2, v)
}

// ctx alone is the deadline.
func TestCall_EndsWithItsContext(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	cause := errors.New("no interest")
	over, cancel := context.WithCancelCause(ctx)
	ended := call(over, ref, with(func(*actor.Context[do], rpc.Reply[int]) error {
		cancel(cause) // the request is being handled
		return nil
	}))
	require.Equal(t, result{err: cause}, <-ended)

	_, err := rpc.Call(over, ref, func(rpc.Reply[int]) do {
		require.FailNow(t, "a context that has ended ends the call before it begins")
		return nil
	})
	require.Equal(t, cause, err)
}

// An answer that meets the end of ctx: the caller gets one of the two, and the
// calls after it, which use the same port, their own.
func TestCall_AnswerRacesWithItsContext(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	for i := range 3_000 {
		over, cancel := context.WithCancel(ctx)
		v, err := rpc.Call(over, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			if i%2 == 0 {
				go cancel()
				r.Send(i)
			} else {
				cancel()
				r.Send(i)
			}
			return nil
		}))
		if err == nil {
			require.Equal(t, i, v)
		} else {
			require.Equal(t, context.Canceled, err)
		}
		v, err = rpc.Call(ctx, ref, reply(-i))
		require.NoError(t, err)
		require.Equal(t, -i, v)
		cancel()
	}
}

// C4: the deadline, to the nanosecond; nil of ractor's is a ctx without one.
func TestC4_DeadlineOfItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{})
		require.NoError(t, err)
		ctx := actor.WithSystem(t.Context(), sys)
		ref := doer(ctx, t)
		begin := time.Now()
		soon, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		_, err = rpc.Call(soon, ref, forget)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Hour, time.Since(begin))
		require.NoError(t, sys.Shutdown(ctx))
	})
}

func TestCall_AskRepliesAtOnce(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	atOnce := func(r rpc.Reply[int]) do {
		r.Send(1)
		return reply(2)(r)
	}
	v, err := rpc.Call(ctx, ref, atOnce)
	require.NoError(t, err)
	require.Equal(t, 1, v)

	require.NoError(t, ref.StopAndWait(ctx))
	v, err = rpc.Call(ctx, ref, atOnce)
	require.NoError(t, err, "the answer stands though the request could not be sent")
	require.Equal(t, 1, v)
}

func TestCall_AskKeepsTheReplyOfACallThatWasNotSent(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	require.NoError(t, ref.StopAndWait(ctx))
	var kept rpc.Reply[int]
	_, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) do {
		kept = r
		return nil
	})
	require.ErrorIs(t, err, actor.ErrStopped)
	require.True(t, kept.Abandoned())
	kept.Send(1)

	live := doer(ctx, t)
	require.PanicsWithValue(t, "in ask", func() {
		_, _ = rpc.Call(ctx, live, func(r rpc.Reply[int]) do {
			kept = r
			panic("in ask")
		})
	})
	require.True(t, kept.Abandoned(), "nobody waits after the panic")
	kept.Send(1)
	v, err := rpc.Call(ctx, live, reply(2))
	require.NoError(t, err)
	require.Equal(t, 2, v)
}

func TestReply_Zero(t *testing.T) {
	var none rpc.Reply[int]
	none.Send(1)
	none.Fail(errors.New("x"))
	none.Detach()
	require.True(t, none.Abandoned())
}

// C4: the end of the wait does not end the work; the callee can look whether
// anybody waits, and a late answer does it no harm.
func TestC4_Abandoned(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	over, cancel := context.WithCancel(ctx)
	defer cancel()
	replies := make(chan rpc.Reply[int], 1)
	ended := call(over, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		replies <- r
		return nil
	}))
	r := <-replies
	require.False(t, r.Abandoned())
	cancel()
	require.Equal(t, context.Canceled, (<-ended).err)
	require.True(t, r.Abandoned())
	require.ErrorIs(t, rpc.Give(ctx, r, ref, reply[int](1)), rpc.ErrNotWaiting)

	ended = call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Send(1)
		replies <- r
		return nil
	}))
	require.True(t, (<-replies).Abandoned())
	require.Equal(t, result{v: 1}, <-ended)
}
