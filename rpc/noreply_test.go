package rpc_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/sched"
)

var errMine = errors.New("mine")

// ends are the ways in which an actor ends in its handler, and what those are
// told who wait for it.
var ends = []struct {
	name   string
	end    func(ctx *actor.Context[do]) error
	reason error
}{
	{"stop", func(ctx *actor.Context[do]) error { ctx.Stop(); return nil }, actor.ErrStopped},
	{"failure", func(*actor.Context[do]) error { return errMine }, actor.ErrFailed},
	{"panic", func(*actor.Context[do]) error { panic(errMine) }, actor.ErrFailed},
	{"goexit", func(*actor.Context[do]) error { runtime.Goexit(); return nil }, actor.ErrFailed},
	{"kill", func(ctx *actor.Context[do]) error { ctx.Self().Kill(); return nil }, actor.ErrKilled},
}

// C3: the callee answers for a call until it ends.
func TestC3_CalleeEndsInTheHandler(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			_, err := rpc.Call(ctx, doer(ctx, t), with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error {
				return e.end(ctx)
			}))
			require.ErrorIs(t, err, rpc.ErrNoReply)
			require.ErrorIs(t, err, e.reason)
		})
	}
}

func TestNoReply_CalleeEndsAfterTheHandlerForgot(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, _ := start(t, actor.Config{})
			ref := doer(ctx, t)
			const calls = 100 // more than the actor remembers without looking through them
			var ended []<-chan result
			var handled sync.WaitGroup
			handled.Add(calls)
			for i := range calls {
				ended = append(ended, call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
					defer handled.Done()
					if i%2 == 1 {
						r.Send(i)
					}
					return nil
				})))
			}
			handled.Wait()
			for i := 1; i < calls; i += 2 {
				require.Equal(t, result{v: i}, <-ended[i])
			}
			require.NoError(t, ref.Cast(ctx, e.end))
			for i := 0; i < calls; i += 2 {
				err := (<-ended[i]).err
				require.ErrorIs(t, err, rpc.ErrNoReply)
				require.ErrorIs(t, err, e.reason)
			}
		})
	}
}

func TestNoReply_CalleeEndsWithTheRequestQueued(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			ref := doer(ctx, t)
			gate := make(chan struct{})
			there := make(chan struct{})
			require.NoError(t, ref.Cast(ctx, func(ctx *actor.Context[do]) error {
				close(there)
				<-gate
				return e.end(ctx)
			}))
			<-there
			ended := call(ctx, ref, reply(1))
			queued(t, sys, ref, 1)
			close(gate)
			err := (<-ended).err
			require.ErrorIs(t, err, rpc.ErrNoReply)
			require.ErrorIs(t, err, e.reason)
		})
	}
}

// Draining handles what is queued, requests included.
func TestDrainedCalleeAnswers(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	ref := doer(ctx, t)
	leave := occupy(ctx, t, ref)
	ended := call(ctx, ref, reply(1))
	queued(t, sys, ref, 1)
	ref.Drain()
	leave(nil)
	require.Equal(t, result{v: 1}, <-ended)
}

// Whoever waits for a callback that ignores a kill is told when it is written
// off, not when it returns; what it sends afterwards reaches nobody.
func TestNoReply_CalleeIsAbandoned(t *testing.T) {
	ctx, sys := start(t, actor.Config{KillGrace: time.Millisecond})
	ref := doer(ctx, t)
	there, gate := make(chan struct{}), make(chan struct{})
	handled := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		close(there)
		<-gate
		r.Send(1)
		return nil
	}))
	<-there
	waiting := call(ctx, ref, reply(2))
	queued(t, sys, ref, 1)
	ref.Kill()
	for _, ended := range []<-chan result{handled, waiting} {
		err := (<-ended).err
		require.ErrorIs(t, err, rpc.ErrNoReply)
		require.ErrorIs(t, err, actor.ErrAbandoned)
	}
	close(gate)
	eventually(t, func() bool { return sched.Fences() == 0 })
}

// A callee that comes back just when it is being written off: one of the two
// fails the call, never both, never nobody.
func TestNoReply_CalleeComesBackWhileItIsAbandoned(t *testing.T) {
	const grace = 200 * time.Microsecond
	ctx, _ := start(t, actor.Config{KillGrace: grace})
	for i := range 100 {
		ref := doer(ctx, t)
		_, err := rpc.Call(ctx, ref, with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error {
			ctx.Self().Kill()
			done := make(chan struct{})
			time.AfterFunc(grace+time.Duration(i)*20*time.Microsecond, func() { close(done) })
			<-done
			return nil
		}))
		require.ErrorIs(t, err, rpc.ErrNoReply)
		_ = ref.Wait(ctx)
	}
	eventually(t, func() bool { return sched.Fences() == 0 })
}

func TestNoReply_BoundedMailboxDropsTheRequest(t *testing.T) {
	t.Run("drop newest", func(t *testing.T) {
		ctx, sys := start(t, actor.Config{})
		ref := doer(ctx, t, actor.Bounded(1, actor.DropNewest))
		leave := occupy(ctx, t, ref)
		first := call(ctx, ref, reply(1))
		queued(t, sys, ref, 1)
		_, err := rpc.Call(ctx, ref, reply(2))
		require.ErrorIs(t, err, rpc.ErrNoReply)
		require.ErrorIs(t, err, actor.ErrMailboxFull)
		leave(nil)
		require.Equal(t, result{v: 1}, <-first)
	})
	t.Run("drop oldest", func(t *testing.T) {
		ctx, sys := start(t, actor.Config{})
		ref := doer(ctx, t, actor.Bounded(1, actor.DropOldest))
		leave := occupy(ctx, t, ref)
		first := call(ctx, ref, reply(1))
		queued(t, sys, ref, 1)
		second := call(ctx, ref, reply(2))
		err := (<-first).err
		require.ErrorIs(t, err, rpc.ErrNoReply)
		require.ErrorIs(t, err, actor.ErrMailboxFull)
		leave(nil)
		require.Equal(t, result{v: 2}, <-second)
	})
	t.Run("refuse", func(t *testing.T) {
		ctx, sys := start(t, actor.Config{})
		ref := doer(ctx, t, actor.Bounded(1, actor.Refuse))
		leave := occupy(ctx, t, ref)
		first := call(ctx, ref, reply(1))
		queued(t, sys, ref, 1)
		_, err := rpc.Call(ctx, ref, reply(2))
		require.ErrorIs(t, err, actor.ErrMailboxFull)
		require.NotErrorIs(t, err, rpc.ErrNoReply, "the request was never sent")
		leave(nil)
		require.Equal(t, result{v: 1}, <-first)
	})
	t.Run("wait for room", func(t *testing.T) {
		ctx, sys := start(t, actor.Config{})
		ref := doer(ctx, t, actor.Bounded(1, actor.WaitForRoom))
		leave := occupy(ctx, t, ref)
		first := call(ctx, ref, reply(1))
		queued(t, sys, ref, 1)
		second := call(ctx, ref, reply(2))
		leave(nil)
		require.Equal(t, result{v: 1}, <-first)
		require.Equal(t, result{v: 2}, <-second)
	})
}

// unready's PreStart fails when it is told to.
type unready struct {
	self chan actor.Ref[do]
	gate chan struct{}
}

func (u *unready) PreStart(ctx *actor.Context[do]) error {
	u.self <- ctx.Self()
	<-u.gate
	return errMine
}

func (*unready) Handle(ctx *actor.Context[do], f do) error { return f(ctx) }

func TestNoReply_PreStartFails(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	u := &unready{make(chan actor.Ref[do]), make(chan struct{})}
	failed := make(chan error)
	go func() {
		_, err := actor.Spawn(ctx, u)
		failed <- err
	}()
	ref := <-u.self
	ended := call(ctx, ref, reply(1))
	queued(t, sys, ref, 1)
	close(u.gate)
	require.ErrorIs(t, (<-ended).err, rpc.ErrNoReply)
	require.ErrorIs(t, <-failed, errMine)
}

// A reply before the exit beats ErrNoReply, however close they are.
func TestReplyBeatsTheExit(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			for i := range 100 {
				v, err := rpc.Call(ctx, doer(ctx, t), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
					r.Send(i)
					return e.end(ctx)
				}))
				require.NoError(t, err)
				require.Equal(t, i, v)
			}
		})
	}
}

// A reply that races with the exit: one of the two, and the call ends.
func TestReplyRacesWithTheExit(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			var helpers sync.WaitGroup
			for i := range 200 {
				v, err := rpc.Call(ctx, doer(ctx, t), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
					helpers.Go(func() { r.Send(i) })
					return e.end(ctx)
				}))
				if err == nil {
					require.Equal(t, i, v)
				} else {
					require.ErrorIs(t, err, rpc.ErrNoReply)
				}
			}
			helpers.Wait()
		})
	}
}

// A reply may be kept beyond the handler and given by anybody.
func TestReply_KeptBeyondTheHandler(t *testing.T) {
	ctx, _ := start(t, actor.Config{})
	ref := doer(ctx, t)
	replies := make(chan rpc.Reply[int], 1)
	for i := range 1000 {
		ended := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
			replies <- r
			return nil
		}))
		r := <-replies
		require.False(t, r.Abandoned())
		r.Send(i)
		require.Equal(t, result{v: i}, <-ended)
	}
	require.NoError(t, ref.StopAndWait(ctx))
}

// After Detach the end of the callee is not the end of the call.
func TestDetach(t *testing.T) {
	for _, e := range ends {
		for _, when := range []string{"in the handler", "after it"} {
			t.Run(e.name+" "+when, func(t *testing.T) {
				ctx, _ := start(t, actor.Config{})
				ref := doer(ctx, t)
				replies := make(chan rpc.Reply[int], 1)
				ended := call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
					if when == "after it" {
						replies <- r
						return nil
					}
					r.Detach()
					replies <- r
					return e.end(ctx)
				}))
				r := <-replies
				if when == "after it" {
					r.Detach()
					require.NoError(t, ref.Cast(ctx, e.end))
				}
				_ = ref.Wait(ctx)
				require.False(t, r.Abandoned())
				r.Send(1)
				require.Equal(t, result{v: 1}, <-ended)
				r.Detach() // of an answered one: nothing
			})
		}
	}
}
