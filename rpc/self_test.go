package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// C10: calling oneself is an error, whatever ctx and whatever Ref.
func TestC10_SelfCallInHandler(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t, actor.Named("narcissus"))
	_, err := rpc.Call(ctx, ref, with(func(own *actor.Context[do], r rpc.Reply[int]) error {
		derived, cancel := context.WithCancel(own)
		defer cancel()
		for name, c := range map[string]context.Context{"own": own, "derived": derived, "background": context.Background(), "foreign": ctx} {
			for which, to := range map[string]actor.Ref[do]{
				"Self":    own.Self(),
				"ByName":  actor.ByName[do](own, "narcissus"),
				"adapted": actor.Adapt(own.Self(), func(f do) do { return f }),
			} {
				_, err := rpc.Call(c, to, reply(1))
				if err == nil {
					t.Errorf("%s, %s: no error", name, which)
				}
				require.ErrorIs(t, err, rpc.ErrSelfCall, "%s, %s", name, which)
			}
		}
		r.Send(1)
		return nil
	}))
	require.NoError(t, err)
}

// hooked calls itself in its hooks.
type hooked struct{ errs chan error }

func (h *hooked) callSelf(ctx *actor.Context[do]) {
	_, err := rpc.Call(context.Background(), ctx.Self(), reply(1))
	h.errs <- err
}

func (h *hooked) PreStart(ctx *actor.Context[do]) error   { h.callSelf(ctx); return nil }
func (h *hooked) PostStart(ctx *actor.Context[do]) error  { h.callSelf(ctx); return nil }
func (h *hooked) PostStop(ctx *actor.Context[do]) error   { h.callSelf(ctx); return nil }
func (*hooked) Handle(ctx *actor.Context[do], f do) error { return f(ctx) }
func (h *hooked) HandleSupervision(ctx *actor.Context[do], _ actor.Event) error {
	h.callSelf(ctx)
	return nil
}

func TestSelfCall_InHooks(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	h := &hooked{make(chan error, 10)}
	ref, err := actor.Spawn(ctx, h)
	require.NoError(t, err)
	require.ErrorIs(t, <-h.errs, rpc.ErrSelfCall, "PreStart")
	require.ErrorIs(t, <-h.errs, rpc.ErrSelfCall, "PostStart")
	doer(ctx, t, actor.LinkedTo(ref.Any())).Stop()
	require.ErrorIs(t, <-h.errs, rpc.ErrSelfCall, "HandleSupervision")
	require.NoError(t, ref.StopAndWait(ctx))
	require.ErrorIs(t, <-h.errs, rpc.ErrSelfCall, "PostStop")
}

// callsParent's PreStart calls the actor whose handler spawns it: that one
// waits for PreStart, so it is a call to oneself by a detour.
type callsParent struct{ parent actor.Ref[do] }

func (c *callsParent) PreStart(*actor.Context[do]) error {
	_, err := rpc.Call(context.Background(), c.parent, reply(1))
	return err
}

func (*callsParent) Handle(*actor.Context[do], do) error { return nil }

func TestSelfCall_PreStartCallsTheSpawner(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	_, err := rpc.Call(ctx, doer(ctx, t), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		_, err := actor.SpawnLinked(ctx, &callsParent{ctx.Self()})
		r.Fail(err)
		return nil
	}))
	require.ErrorIs(t, err, rpc.ErrSelfCall)
}

// A goroutine that a handler has started is outside, whatever ctx it holds.
func TestSelfCall_GoroutineOfAHandler(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	v, err := rpc.Call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		go func() {
			v, err := rpc.Call(ctx, ctx.Self(), reply(7))
			if err != nil {
				r.Fail(err)
				return
			}
			r.Send(v)
		}()
		return nil
	}))
	require.NoError(t, err)
	require.Equal(t, 7, v)
}
