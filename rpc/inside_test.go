package rpc_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/sched"
)

type sum struct{ reply rpc.Reply[int] }

// link adds its own number to what the next one says.
type link struct {
	number int
	next   actor.Ref[sum]
	ctx    context.Context // nil: the actor's own
}

func (l *link) Handle(own *actor.Context[sum], m sum) error {
	if l.next.IsZero() {
		m.reply.Send(l.number)
		return nil
	}
	var ctx context.Context = own
	if l.ctx != nil {
		ctx = l.ctx
	}
	rest, err := rpc.Call(ctx, l.next, func(r rpc.Reply[int]) sum { return sum{r} })
	if err != nil {
		m.reply.Fail(fmt.Errorf("link %d: %w", l.number, err))
		return nil
	}
	m.reply.Send(l.number + rest)
	return nil
}

// A chain of handlers, each waiting in a Call to the next, stops nobody: not
// with two processors and four spares, and not with a ctx that knows nothing of
// actors.
func TestInside_Chain(t *testing.T) {
	const n = 10_000
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own=%v", own), func(t *testing.T) {
			ctx, _ := start(t, actor.Config{Sched: sched.Config{MaxSpares: 4}})
			var next actor.Ref[sum]
			want := 0
			for i := range n {
				l := &link{number: i, next: next}
				if !own {
					l.ctx = context.Background()
				}
				ref, err := actor.Spawn(ctx, l)
				require.NoError(t, err)
				next = ref
				want += i
			}
			got, err := rpc.Call(ctx, next, func(r rpc.Reply[int]) sum { return sum{r} })
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// Calls between Systems.
func TestInside_AnotherSystem(t *testing.T) {
	here, _ := start(t, actor.Config{})
	there, _ := start(t, actor.Config{})
	far := doer(there, t)
	v, err := rpc.Call(here, doer(here, t), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		v, err := rpc.Call(ctx, far, reply(3))
		if err != nil {
			return err
		}
		r.Send(v)
		return nil
	}))
	require.NoError(t, err)
	require.Equal(t, 3, v)
}

// waiting waits until ref's handler waits in a call.
func waiting(t *testing.T, sys *actor.System, ref actor.Ref[do]) {
	t.Helper()
	eventually(t, func() bool { return info(sys, ref.Any()).Doing == actor.Waiting })
}

// One handler more than MaxWaiters gets an error at once.
func TestInside_TooManyWaiters(t *testing.T) {
	ctx, sys := start(t, actor.Config{Sched: sched.Config{MaxWaiters: 2}})
	silent := doer(ctx, t)
	var patient []<-chan result
	callSilent := with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		_, err := rpc.Call(ctx, silent, forget)
		r.Fail(err)
		return nil
	})
	for range 2 {
		ref := doer(ctx, t)
		patient = append(patient, call(ctx, ref, callSilent))
		waiting(t, sys, ref)
	}
	_, err := rpc.Call(ctx, doer(ctx, t), callSilent)
	require.ErrorIs(t, err, sched.ErrTooManyWaiters)

	require.NoError(t, silent.StopAndWait(ctx))
	for _, ended := range patient {
		require.ErrorIs(t, (<-ended).err, rpc.ErrNoReply)
	}
	v, err := rpc.Call(ctx, doer(ctx, t), reply(1))
	require.NoError(t, err)
	require.Equal(t, 1, v)
}

// A kill ends the Call that the actor waits in, whatever ctx that has; nothing
// waits for KillGrace.
func TestInside_KilledWhileItWaits(t *testing.T) {
	for _, own := range []bool{true, false} {
		t.Run(fmt.Sprintf("own=%v", own), func(t *testing.T) {
			ctx, sys := start(t, actor.Config{KillGrace: time.Hour})
			silent := doer(ctx, t)
			ended := make(chan error, 1)
			ref := doer(ctx, t)
			require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
				c := context.Background()
				if own {
					c = ctx
				}
				_, err := rpc.Call(c, silent, forget)
				ended <- err
				return nil
			}))
			waiting(t, sys, ref)
			require.NoError(t, ref.KillAndWait(ctx))
			err := <-ended
			require.ErrorIs(t, err, context.Canceled)
			if !own {
				require.ErrorIs(t, err, actor.ErrKilled)
			}
			require.Equal(t, uint64(0), sys.Stats().Abandoned)
		})
	}
}

// An actor that waits in a Call answers nobody meanwhile, and everybody later.
func TestInside_OthersWaitForTheWaiter(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	silent, ref := doer(ctx, t), doer(ctx, t)
	replies := make(chan rpc.Reply[int], 1)
	first := call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		v, err := rpc.Call(ctx, silent, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			replies <- r
			return nil
		}))
		r.Send(v)
		return err
	}))
	waiting(t, sys, ref)
	second := call(ctx, ref, reply(2))
	queued(t, sys, ref, 1)
	r := <-replies
	r.Send(1)
	require.Equal(t, result{v: 1}, <-first)
	require.Equal(t, result{v: 2}, <-second)
}
