package rpc_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// thenSend asks to, and answers r with what comes.
func thenSend(ctx *actor.Context[do], to actor.Ref[do], ask func(rpc.Reply[int]) do, r rpc.Reply[int]) {
	rpc.Then(ctx, to, ask, func(v int, err error) error {
		if err != nil {
			r.Fail(err)
			return nil
		}
		r.Send(v)
		return nil
	})
}

// C10: A asks B, which asks A: with Then nobody waits for himself.
func TestC10_ThenThereAndBack(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	v, err := rpc.Call(ctx, a, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		thenSend(ctx, b, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			thenSend(ctx, a, reply(5), r)
			return nil
		}), r)
		return nil
	}))
	require.NoError(t, err)
	require.Equal(t, 5, v)

	v, err = rpc.Call(ctx, a, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		thenSend(ctx, a, reply(6), r)
		return nil
	}))
	require.NoError(t, err, "an actor may ask itself")
	require.Equal(t, 6, v)
}

// then runs inside the actor: after the handler that asked, after what was
// queued when the answer came, never beside it.
func TestThen_Order(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	var order []string // the actor's state
	note := func(s string) do {
		return func(*actor.Context[do]) error { order = append(order, s); return nil }
	}
	replies := make(chan rpc.Reply[int], 3)
	require.NoError(t, a.Cast(ctx, func(ctx *actor.Context[do]) error {
		for i, name := range []string{"then 0", "then 1", "then 2"} {
			rpc.Then(ctx, b, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
				replies <- r
				return nil
			}), func(v int, err error) error {
				require.Equal(t, i, v)
				return errors.Join(err, note(name)(ctx))
			})
		}
		return note("handler")(ctx)
	}))
	rs := []rpc.Reply[int]{<-replies, <-replies, <-replies}
	require.NoError(t, a.Cast(ctx, note("before")))
	for _, i := range []int{2, 0, 1} { // answers decide, not questions
		rs[i].Send(i)
	}
	require.NoError(t, a.Cast(ctx, note("after")))
	require.NoError(t, a.DrainAndWait(ctx))
	require.Equal(t, []string{"handler", "before", "then 2", "then 0", "then 1", "after"}, order)
}

func TestThen_Errors(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	dead := doer(ctx, t)
	require.NoError(t, dead.StopAndWait(ctx))
	full := doer(ctx, t, actor.Bounded(1, actor.WaitForRoom))
	leave := occupy(ctx, t, full)
	require.NoError(t, full.Cast(ctx, func(*actor.Context[do]) error { return nil }))

	for name, c := range map[string]struct {
		to   actor.Ref[do]
		ask  func(rpc.Reply[int]) do
		want error
	}{
		"stopped":  {dead, reply(1), actor.ErrStopped},
		"zero":     {actor.Ref[do]{}, reply(1), actor.ErrNoActor},
		"nil ask":  {doer(ctx, t), nil, rpc.ErrNilAsk},
		"full":     {full, reply(1), actor.ErrMailboxFull},
		"no reply": {doer(ctx, t), with(func(*actor.Context[do], rpc.Reply[int]) error { return errMine }), rpc.ErrNoReply},
		"Fail": {doer(ctx, t), with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			r.Fail(errMine)
			return nil
		}), errMine},
	} {
		t.Run(name, func(t *testing.T) {
			ref := doer(ctx, t)
			_, err := rpc.Call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
				inHandler := true
				rpc.Then(ctx, c.to, c.ask, func(_ int, err error) error {
					if inHandler {
						t.Error("then ran within the handler")
					}
					r.Fail(err)
					return nil
				})
				inHandler = false
				return nil
			}))
			require.ErrorIs(t, err, c.want)
		})
	}
	leave(nil)
}

// An error of then, or a panic, ends the actor.
func TestThen_ErrorEndsTheActor(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	other := doer(ctx, t)
	for name, then := range map[string]func(int, error) error{
		"error": func(int, error) error { return errMine },
		"panic": func(int, error) error { panic(errMine) },
	} {
		t.Run(name, func(t *testing.T) {
			ref := doer(ctx, t)
			require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
				rpc.Then(ctx, other, reply(1), then)
				return nil
			}))
			require.ErrorIs(t, ref.Wait(ctx), errMine)
		})
	}
}

// When the asking actor ends first, then is dropped, and the callee notices
// nothing.
func TestThen_AskerEndsFirst(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			ref, other := doer(ctx, t), doer(ctx, t)
			replies := make(chan rpc.Reply[int], 1)
			require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
				rpc.Then(ctx, other, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
					replies <- r
					return nil
				}), func(int, error) error {
					t.Error("then ran in a dead actor")
					return nil
				})
				return e.end(ctx)
			}))
			_ = ref.Wait(ctx)
			r := <-replies
			r.Send(1)
			require.True(t, r.Abandoned())
			v, err := rpc.Call(ctx, other, reply(2))
			require.NoError(t, err)
			require.Equal(t, 2, v)
		})
	}
}

// A full mailbox loses no answer.
func TestThen_AskerIsFull(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref, other := doer(ctx, t, actor.Bounded(1, actor.DropNewest)), doer(ctx, t)
	replies := make(chan rpc.Reply[int], 1)
	got := make(chan int, 1)
	require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
		rpc.Then(ctx, other, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			replies <- r
			return nil
		}), func(v int, err error) error {
			got <- v
			return err
		})
		return nil
	}))
	r := <-replies
	leave := occupy(ctx, t, ref)
	require.NoError(t, ref.Cast(ctx, func(*actor.Context[do]) error { return nil }))
	r.Send(4)
	leave(nil)
	require.Equal(t, 4, <-got)
}

// A nil then drops the answer.
func TestThen_Nil(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref, other := doer(ctx, t), doer(ctx, t)
	for _, to := range []actor.Ref[do]{other, {}} {
		v, err := rpc.Call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			rpc.Then(ctx, to, reply(1), nil)
			r.Send(2)
			return nil
		}))
		require.NoError(t, err)
		require.Equal(t, 2, v)
	}
	v, err := rpc.Call(ctx, ref, reply(3))
	require.NoError(t, err)
	require.Equal(t, 3, v)
}
