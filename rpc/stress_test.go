package rpc_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// crowd is actors that are replaced as they end.
type crowd struct {
	ctx   context.Context //nolint:containedctx // a test's
	t     *testing.T
	refs  [6]atomic.Pointer[actor.Ref[do]]
	extra sync.WaitGroup // goroutines that handlers started
}

func (c *crowd) ref(i int) actor.Ref[do] { return *c.refs[i%len(c.refs)].Load() }

func (c *crowd) renew(i int) {
	ref, err := actor.Spawn(c.ctx, actor.Func(handleDo))
	if err != nil {
		c.t.Error(err)
		return
	}
	c.refs[i%len(c.refs)].Store(&ref)
}

// behave does one of the things that a handler may do with a reply. Whatever it
// is, the call ends: by an answer v, or with the actor that has the duty.
func (c *crowd) behave(ctx *actor.Context[do], r rpc.Reply[int], v, depth int) error {
	switch rand.IntN(12) {
	case 0: // forgets; the janitor ends the actor some time
		return nil
	case 1:
		ctx.Stop()
		return nil
	case 2:
		panic("on purpose")
	case 3:
		r.Send(v)
		return errors.New("on purpose")
	case 4: // keeps the reply
		c.extra.Go(func() { runtime.Gosched(); r.Send(v) })
		return nil
	case 5:
		r.Detach()
		c.extra.Go(func() { runtime.Gosched(); r.Send(v) })
		return nil
	case 6, 7: // gives it on, or, if the other is dead, keeps the duty
		if depth > 5 {
			r.Fail(errMine)
			return nil
		}
		if rpc.Give(ctx, r, c.ref(rand.IntN(6)), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			return c.behave(ctx, r, v, depth+1)
		})) != nil {
			r.Send(v)
		}
		return nil
	case 8: // has another goroutine give it
		to := c.ref(rand.IntN(6))
		c.extra.Go(func() { _ = rpc.Give(c.ctx, r, to, reply(v)) })
		return nil
	case 9: // asks another one first
		rpc.Then(ctx, c.ref(rand.IntN(6)), reply(v), func(got int, err error) error {
			if err == nil {
				r.Send(got)
			} else {
				r.Fail(errMine)
			}
			return nil
		})
		return nil
	default:
		r.Send(v)
		return nil
	}
}

// Many callers of actors that do all that a handler may do: each call ends, in
// one of the ways in which a call may end, and no answer reaches another call.
func TestStress_EveryCallEnds(t *testing.T) {
	const callers, calls = 8, 1_500
	ctx, sys := start(t, actor.Config{})
	c := &crowd{ctx: ctx, t: t}
	for i := range c.refs {
		c.renew(i)
	}

	var done atomic.Bool
	var janitor, all sync.WaitGroup
	janitor.Go(func() { // ends actors in all ways, and so the calls that they forgot
		for i := 0; !done.Load(); i++ {
			old := c.ref(i)
			c.renew(i)
			switch i % 3 {
			case 0:
				old.Stop()
			case 1:
				old.Kill()
			default:
				old.Drain()
			}
			for range 50 {
				runtime.Gosched()
			}
		}
	})
	var answered, failed, cancelled atomic.Int64
	for n := range callers {
		all.Go(func() {
			for i := range calls {
				want := n*calls + i
				callCtx, cancel := context.WithCancel(ctx)
				if i%16 == 0 {
					c.extra.Go(cancel)
				}
				got, err := rpc.Call(callCtx, c.ref(rand.IntN(6)), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
					return c.behave(ctx, r, want, 0)
				}))
				cancel()
				switch {
				case err == nil && got == want:
					answered.Add(1)
				case errors.Is(err, rpc.ErrNoReply), errors.Is(err, actor.ErrStopped), errors.Is(err, errMine):
					failed.Add(1)
				case errors.Is(err, context.Canceled):
					cancelled.Add(1)
				default:
					t.Errorf("call %d ended with %d, %v", want, got, err)
				}
			}
		})
	}
	all.Wait()
	done.Store(true)
	janitor.Wait()
	c.extra.Wait()
	require.EqualValues(t, callers*calls, answered.Load()+failed.Load()+cancelled.Load())
	require.Positive(t, answered.Load())
	require.Positive(t, failed.Load())
	require.NoError(t, sys.Shutdown(ctx))
}
