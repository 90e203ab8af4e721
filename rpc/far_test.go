package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

var errNodeDown = errors.New("test: node is down")

// asker is an rpc.Asker.
type asker func(at any, err error)

func (a asker) Answered(at any, err error) { a(at, err) }

// intAt is an answer that has come (rpc.Decoder).
type intAt int

func (i intAt) Decode(at any) error {
	if i < 0 {
		return errUndecodable
	}
	*at.(*int) = int(i)
	return nil
}

var errUndecodable = errors.New("test: undecodable")

// wire carries additions to an actor of another System, as if that were on
// another node.
type wire struct {
	there *actor.System
	to    actor.Ref[add]
	lost  chan *actor.Ticket // not nil: what is sent goes nowhere
}

func (w *wire) String() string                                { return "far@node<1>" }
func (w *wire) Stop(error)                                    {}
func (w *wire) Kill()                                         {}
func (w *wire) Drain()                                        {}
func (w *wire) End(context.Context, actor.EndOp, error) error { return actor.ErrNotSupported }
func (w *wire) Sender(reflect.Type) (any, error)              { return w, nil }
func (w *wire) Send(_ context.Context, _ *actor.Shim, m add, t *actor.Ticket) error {
	if w.lost != nil {
		w.lost <- t
		return nil
	}
	var back rpc.Far = &m.total
	caller := back.Leave()
	if caller.Abandoned() { // nobody asks
		return w.to.Cast(context.Background(), m)
	}
	in := back.Receive(w.there, asker(func(at any, err error) {
		if err != nil {
			caller.Fail(err)
		} else {
			_ = caller.Answer(intAt(*at.(*int)))
		}
		t.Holder.Handled()
	}))
	err := actor.Request(context.Background(), w.to, m, in.Ticket)
	if err != nil {
		in.GiveUp()
	}
	return err
}

// far spawns a counter in another System, and returns a Ref to it in the first.
func far(t *testing.T, sys *actor.System, a actor.Actor[add]) (actor.Ref[add], *wire, *actor.Shim) {
	t.Helper()
	ctx, there := start(t, actor.Config{})
	to, err := actor.Spawn(ctx, a)
	require.NoError(t, err)
	w := &wire{there: there, to: to}
	s := actor.NewShim(sys, w)
	r, ok := actor.As[add](s.Ref())
	require.True(t, ok)
	return r, w, s
}

// Whatever asks can ask actors of other nodes.
func TestFar_AllWaysToAsk(t *testing.T) {
	for _, debug := range []bool{false, true} {
		t.Run(fmt.Sprint("debug ", debug), func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			rpc.Debug(sys, debug)
			r, _, _ := far(t, sys, &counter{})
			total, err := rpc.Call(ctx, r, addOne)
			require.NoError(t, err)
			require.Equal(t, 1, total)
			require.NoError(t, r.Cast(ctx, add{n: 1}))

			for i, res := range rpc.Multi(ctx, []actor.Ref[add]{r, r}, addOne) {
				require.Equal(t, rpc.Result[int]{Value: 3 + i}, res)
			}

			got := make(chan int, 2)
			next, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], v int) error { got <- v; return nil }))
			require.NoError(t, err)
			require.NoError(t, rpc.Forward(ctx, r, addOne, next))
			require.Equal(t, 5, <-got)

			local := doer(ctx, t)
			require.NoError(t, local.Cast(ctx, func(ctx *actor.Context[do]) error {
				rpc.Then(ctx, r, addOne, func(v int, err error) error { got <- v; return err })
				return nil
			}))
			require.Equal(t, 6, <-got)

			total, err = rpc.Call(ctx, local, with(func(_ *actor.Context[do], back rpc.Reply[int]) error {
				return rpc.Give(ctx, back, r, func(back rpc.Reply[int]) add { return add{1, back} })
			}))
			require.NoError(t, err)
			require.Equal(t, 7, total)
			total, err = rpc.Call(ctx, local, with(func(ctx *actor.Context[do], back rpc.Reply[int]) error {
				v, err := rpc.Call(ctx, r, addOne) // inside a handler
				back.Send(v)
				return err
			}))
			require.NoError(t, err)
			require.Equal(t, 8, total)
			require.Zero(t, rpc.Waits(sys))
		})
	}
}

// C3: what becomes of the callee there is the caller's error here.
func TestFar_Failures(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	mine := errors.New("mine")
	r, w, _ := far(t, sys, actor.Func(func(ctx *actor.Context[add], m add) error {
		switch m.n {
		case 1:
			m.total.Fail(mine)
		case 2:
			return mine
		}
		return nil
	}))
	_, err := rpc.Call(ctx, r, addOne)
	require.Equal(t, mine, err)
	_, err = rpc.Call(ctx, r, func(back rpc.Reply[int]) add { return add{2, back} })
	require.ErrorIs(t, err, rpc.ErrNoReply)
	require.ErrorIs(t, err, actor.ErrFailed)
	_ = w.to.Wait(ctx) // its callers are told a moment before it has ended
	_, err = rpc.Call(ctx, r, addOne)
	require.ErrorIs(t, err, actor.ErrStopped, "refused there")
}

// A call to a node that dies ends at once; later ones are refused.
func TestFar_NodeDown(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	r, w, s := far(t, sys, &counter{})
	w.lost = make(chan *actor.Ticket, 1)
	done := make(chan error, 1)
	go func() { _, err := rpc.Call(ctx, r, addOne); done <- err }()
	(<-w.lost).Holder.Discard(errNodeDown)
	err := <-done
	require.ErrorIs(t, err, rpc.ErrNoReply)
	require.ErrorIs(t, err, errNodeDown)
	s.End(errNodeDown)
	_, err = rpc.Call(ctx, r, addOne)
	require.ErrorIs(t, err, errNodeDown)
	require.ErrorIs(t, err, actor.ErrStopped)
}

// received is a request that has come from another node, and what is told of it.
type received struct {
	rpc.Incoming
	reply rpc.Reply[int]
	done  chan result
}

func receive(sys *actor.System) *received {
	r := &received{done: make(chan result, 2)}
	r.Incoming = r.reply.Receive(sys, asker(func(at any, err error) { r.done <- result{*at.(*int), err} }))
	return r
}

// What a callee may do with a request is told once.
func TestReceive(t *testing.T) {
	mine := errors.New("mine")
	for name, x := range map[string]struct {
		callee func(*actor.Context[add], add) error
		want   result
		is     error
	}{
		"answers":            {func(_ *actor.Context[add], m add) error { m.total.Send(5); m.total.Send(6); return nil }, result{v: 5}, nil},
		"fails":              {func(_ *actor.Context[add], m add) error { m.total.Fail(mine); return nil }, result{err: mine}, mine},
		"answers and fails":  {func(_ *actor.Context[add], m add) error { m.total.Send(5); return mine }, result{v: 5}, nil},
		"fails to handle it": {func(*actor.Context[add], add) error { return mine }, result{}, actor.ErrFailed},
		"ends, and owes it":  {func(ctx *actor.Context[add], _ add) error { ctx.Stop(); return nil }, result{}, actor.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := start(t, actor.Config{})
			to, err := actor.Spawn(ctx, actor.Func(x.callee))
			require.NoError(t, err)
			r := receive(sys)
			require.NoError(t, actor.Request(ctx, to, add{1, r.reply}, r.Ticket))
			got := <-r.done
			if x.is == nil || x.want.err != nil {
				require.Equal(t, x.want, got)
			} else {
				require.ErrorIs(t, got.err, rpc.ErrNoReply)
				require.ErrorIs(t, got.err, x.is)
			}
			r.GiveUp() // too late
			require.True(t, r.reply.Abandoned())
			require.NoError(t, to.KillAndWait(ctx))
			require.Empty(t, r.done)
		})
	}
}

// Who gives up is told nothing, and what is still queued is not handled.
func TestReceive_GiveUp(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	letters := deadLetters(ctx, t, sys)
	ref := doer(ctx, t)
	leave := occupy(ctx, t, ref)
	r := receive(sys)
	handled := false
	require.NoError(t, actor.Request(ctx, ref, func(*actor.Context[do]) error { handled = true; return nil }, r.Ticket))
	r.GiveUp()
	r.GiveUp()
	require.True(t, r.reply.Abandoned())
	r.reply.Send(1)
	leave(nil)
	require.ErrorIs(t, (<-letters).Reason, actor.ErrExpired)
	require.NoError(t, ref.StopAndWait(ctx))
	require.False(t, handled)
	require.Empty(t, r.done)

	refused := receive(sys)
	require.ErrorIs(t, actor.Request(ctx, ref, func(*actor.Context[do]) error { return nil }, refused.Ticket), actor.ErrStopped)
	refused.GiveUp()
	refused.reply.Send(1)
	require.Empty(t, refused.done)
	rpc.Incoming{}.GiveUp()
}

// A port serves one request after another; who gives up an old one means no other.
func TestReceive_Stale(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	to, err := actor.Spawn(ctx, &counter{})
	require.NoError(t, err)
	first := receive(sys)
	require.NoError(t, actor.Request(ctx, to, add{1, first.reply}, first.Ticket))
	<-first.done
	for range 1000 {
		next := receive(sys)
		first.GiveUp()
		require.False(t, next.reply.Abandoned())
		require.NoError(t, actor.Request(ctx, to, add{1, next.reply}, next.Ticket))
		<-next.done
		if same := rpc.Same(first.reply, next.reply); same {
			return
		}
		first = next // the pool may have dropped the one before: the race detector has it do so
	}
	t.Fatal("no port was used again")
}

// Of the answer and giving up one wins.
func TestReceive_GiveUpRaces(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	to, err := actor.Spawn(ctx, &counter{})
	require.NoError(t, err)
	for range 1000 {
		r := receive(sys)
		require.NoError(t, actor.Request(ctx, to, add{1, r.reply}, r.Ticket))
		r.GiveUp()
		require.True(t, r.reply.Abandoned())
	}
	total, err := rpc.Call(ctx, to, addOne)
	require.NoError(t, err)
	require.LessOrEqual(t, total, 1001)
}

// The zero Reply has nobody who asks; an answer of another node is made in the
// caller's own place, or is the caller's error.
func TestOutgoing(t *testing.T) {
	var number rpc.Reply[int]
	var far rpc.Far = &number
	require.Equal(t, reflect.TypeFor[int](), far.AnswerType())
	require.True(t, far.Leave().Abandoned(), "nobody has asked")
	require.NoError(t, far.Leave().Answer(intAt(-1)), "and nobody hears")
	far.Leave().Fail(errNodeDown)

	_, sys := start(t, actor.Config{})
	for _, x := range []struct {
		answer intAt
		want   result
	}{{7, result{v: 7}}, {-1, result{err: errUndecodable}}} {
		r := receive(sys)
		far = &r.reply
		out := far.Leave()
		require.False(t, out.Abandoned())
		require.Empty(t, r.done)
		require.Equal(t, x.want.err, out.Answer(x.answer))
		require.Equal(t, x.want, <-r.done)
		require.True(t, out.Abandoned())
		require.NoError(t, out.Answer(intAt(-1)), "the second one is not looked at")
		out.Fail(errNodeDown)
		require.Empty(t, r.done)
	}

	var err rpc.Reply[error]
	got := make(chan any, 1)
	err.Receive(sys, asker(func(at any, _ error) { got <- *at.(*error) }))
	err.Send(nil)
	require.Nil(t, <-got, "nil is an error too")
	typ := reflect.PointerTo(reflect.TypeFor[add]().Field(1).Type)
	require.True(t, typ.Implements(reflect.TypeFor[rpc.Far]()), "so a field is found")
}
