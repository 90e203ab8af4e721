package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// report is what the log says of a request that was not answered.
type report struct {
	Msg     string `json:"msg"`
	Actor   string `json:"actor"`
	Message string `json:"message"`
	Noticed string `json:"noticed"`
}

// journal is a logger's target.
type journal struct {
	mu  sync.Mutex
	log bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.log.Write(b)
}

// reports returns what was written of unanswered requests.
func (j *journal) reports(t *testing.T) (rs []report) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for d := json.NewDecoder(bytes.NewReader(j.log.Bytes())); d.More(); {
		var r report
		require.NoError(t, d.Decode(&r))
		if r.Msg == "rpc: request handled but not answered" {
			rs = append(rs, r)
		}
	}
	return rs
}

func logged(t *testing.T) (context.Context, *actor.System, *journal) {
	t.Helper()
	j := new(journal)
	ctx, sys := debugged(t, actor.Config{Logger: slog.New(slog.NewJSONHandler(j, nil))})
	return ctx, sys, j
}

// The end of the actor shows that it forgot; whoever answers late, has given on
// or detached has not.
func TestForgotten_ActorEnds(t *testing.T) {
	ctx, _, j := logged(t)
	ref, other := doer(ctx, t, actor.Named("forgetful")), doer(ctx, t)
	kept := make(chan rpc.Reply[int], 1)
	ended := []<-chan result{
		call(ctx, ref, reply(1)),
		call(ctx, ref, pass([]actor.Ref[do]{other}, func(_ *actor.Context[do], r rpc.Reply[int]) error {
			r.Send(2)
			return nil
		})),
		call(ctx, ref, keep(kept)),
	}
	(<-kept).Send(3)
	detached := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		r.Detach()
		kept <- r
		return nil
	}))
	r := <-kept
	for i, e := range ended {
		require.Equal(t, result{v: i + 1}, <-e)
	}
	forgotten := call(ctx, ref, with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept <- r
		return nil
	}))
	<-kept
	require.Empty(t, j.reports(t))
	require.NoError(t, ref.StopAndWait(ctx))
	require.ErrorIs(t, (<-forgotten).err, rpc.ErrNoReply)
	require.Equal(t, []report{{"rpc: request handled but not answered", ref.String(), "rpc_test.do", actor.ErrStopped.Error()}}, j.reports(t))
	r.Send(4)
	require.Equal(t, result{v: 4}, <-detached)
}

// So does a caller that gives up after the request was handled.
func TestForgotten_CallerGivesUp(t *testing.T) {
	ctx, _, j := logged(t)
	ref := doer(ctx, t, actor.Named("forgetful"))
	for _, inside := range []bool{false, true} {
		handling := make(chan struct{})
		forget := with(func(*actor.Context[do], rpc.Reply[int]) error { close(handling); return nil })
		over, cancel := context.WithCancel(ctx)
		asker := doer(ctx, t)
		ended := make(chan error, 1)
		if inside {
			require.NoError(t, asker.Cast(ctx, func(*actor.Context[do]) error {
				ended <- rpc.Multi(over, []actor.Ref[do]{ref}, forget)[0].Err
				return nil
			}))
		} else {
			go func() {
				_, err := rpc.Call(over, ref, forget)
				ended <- err
			}()
		}
		<-handling
		_, err := rpc.Call(ctx, ref, reply(1))
		require.NoError(t, err, "so the handler has returned")
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
	want := report{"rpc: request handled but not answered", ref.String(), "rpc_test.do", "the caller has given up"}
	require.Equal(t, []report{want, want}, j.reports(t))
	require.NoError(t, ref.StopAndWait(ctx))
	require.Len(t, j.reports(t), 2, "once each")
}

// Who was given the reply, and by which message, is what the report names.
func TestForgotten_Given(t *testing.T) {
	ctx, _, j := logged(t)
	giver, receiver := doer(ctx, t), doer(ctx, t)
	handled := make(chan struct{})
	ended := call(ctx, giver, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		return rpc.Give(ctx, r, actor.Adapt(receiver, func(add) do {
			return func(*actor.Context[do]) error { close(handled); return nil }
		}), addOne)
	}))
	<-handled
	require.NoError(t, giver.StopAndWait(ctx))
	require.Empty(t, j.reports(t))
	_ = receiver.DrainAndWait(ctx) // so that the handler has returned
	require.ErrorIs(t, (<-ended).err, rpc.ErrNoReply)
	require.Equal(t, []report{{"rpc: request handled but not answered", receiver.String(), "rpc_test.add", actor.ErrStopped.Error()}}, j.reports(t))
}

// A request that was not handled was not forgotten, nor one whose handler has
// failed.
func TestForgotten_NotHandled(t *testing.T) {
	for _, e := range ends {
		t.Run(e.name, func(t *testing.T) {
			ctx, sys, j := logged(t)
			ref := doer(ctx, t)
			leave := occupy(ctx, t, ref)
			var calls []<-chan result
			calls = append(calls, call(ctx, ref, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
				r.Send(0)
				return e.end(ctx)
			})))
			queued(t, sys, ref, 1)
			over, cancel := context.WithCancel(ctx)
			calls = append(calls, call(over, ref, forget))
			queued(t, sys, ref, 2)
			calls = append(calls, call(ctx, ref, forget))
			queued(t, sys, ref, 3)
			cancel()
			require.ErrorIs(t, (<-calls[1]).err, context.Canceled)
			leave(nil)
			require.Equal(t, result{}, <-calls[0])
			require.ErrorIs(t, (<-calls[2]).err, rpc.ErrNoReply)
			_ = ref.Wait(ctx)
			require.Empty(t, j.reports(t))
		})
	}
}

// Then and Forward have nobody who waits, and are watched all the same.
func TestForgotten_ThenAndForward(t *testing.T) {
	ctx, sys, j := logged(t)
	ref, asker := doer(ctx, t), doer(ctx, t)
	letters := deadLetters(ctx, t, sys)
	next, _ := sink[int](ctx, t)
	told := make(chan error, 1)
	require.NoError(t, asker.Cast(ctx, func(ctx *actor.Context[do]) error {
		rpc.Then(ctx, ref, forget, func(_ int, err error) error { told <- err; return nil })
		return rpc.Forward(ctx, ref, forget, next)
	}))
	require.NoError(t, asker.DrainAndWait(ctx))
	_, err := rpc.Call(ctx, ref, reply(1))
	require.NoError(t, err)
	ref.Stop()
	require.ErrorIs(t, (<-letters).Reason, rpc.ErrNoReply)
	require.NoError(t, ref.Wait(ctx))
	require.Len(t, j.reports(t), 2)
	require.Empty(t, told, "the asker has ended")
}
