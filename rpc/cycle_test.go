package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// debugged is start with the debug option on; in the end it knows of no wait. The
// end is that of the System: a call that closed a cycle by Give has failed, but
// who was given the reply may still be handling the request, in calls of its own.
func debugged(t *testing.T, cfg actor.Config) (ctx context.Context, sys *actor.System) {
	t.Helper()
	t.Cleanup(func() { require.Zero(t, rpc.Waits(sys)) }) // after that of start
	ctx, sys = start(t, cfg)
	rpc.Debug(sys, true)
	return ctx, sys
}

// answerTo answers r with what a call has come to.
func answerTo(r rpc.Reply[int], v int, err error) error {
	if err != nil {
		r.Fail(err)
	} else {
		r.Send(v)
	}
	return nil
}

// through makes a request that each of to hands on in a Call to the next; the
// last one has f.
func through(to []actor.Ref[do], f func(ctx *actor.Context[do], r rpc.Reply[int]) error) func(rpc.Reply[int]) do {
	return with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		if len(to) == 0 {
			return f(ctx, r)
		}
		v, err := rpc.Call(context.Background(), to[0], through(to[1:], f))
		return answerTo(r, v, err)
	})
}

// tooLate answers a request that should not have to be handled.
func tooLate(_ *actor.Context[do], r rpc.Reply[int]) error {
	r.Fail(errors.New("handled"))
	return nil
}

// giving is a handler that gives the reply to the actor to, which has f.
func giving(to actor.Ref[do], f func(ctx *actor.Context[do], r rpc.Reply[int]) error) func(*actor.Context[do], rpc.Reply[int]) error {
	return func(ctx *actor.Context[do], r rpc.Reply[int]) error { return rpc.Give(ctx, r, to, with(f)) }
}

// waitsFor is what a cycle error says of refs.
func waitsFor(refs ...actor.Ref[do]) string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.String()
	}
	return strings.Join(names, " waits for ")
}

// C10: the Call that would close the cycle says so at once.
func TestC10_Cycle(t *testing.T) {
	for _, n := range []int{2, 3, 10} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			ctx, _ := debugged(t, actor.Config{})
			refs := make([]actor.Ref[do], n)
			for i := range refs {
				refs[i] = doer(ctx, t, actor.Named(fmt.Sprintf("a%d", i)))
			}
			round := append(append([]actor.Ref[do]{}, refs...), refs[0])
			_, err := rpc.Call(ctx, refs[0], through(round[1:], tooLate))
			require.ErrorIs(t, err, rpc.ErrCallCycle)
			last := append([]actor.Ref[do]{refs[n-1]}, refs...)
			require.EqualError(t, err, rpc.ErrCallCycle.Error()+": "+waitsFor(last...))
			for _, ref := range refs { // and nothing has happened to anybody
				v, err := rpc.Call(ctx, ref, reply(1))
				require.NoError(t, err)
				require.Equal(t, 1, v)
			}
		})
	}
}

// C10: without the option only ctx ends it.
func TestC10_CycleUnseen(t *testing.T) {
	ctx, sys := start(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	over, cancel := context.WithCancelCause(ctx)
	ended := make(chan error, 1)
	require.NoError(t, a.Cast(ctx, func(*actor.Context[do]) error {
		_, err := rpc.Call(over, b, through([]actor.Ref[do]{a}, tooLate))
		ended <- err
		return nil
	}))
	waiting(t, sys, a)
	waiting(t, sys, b)
	queued(t, sys, a, 1)
	require.Empty(t, ended)
	cancel(errMine)
	require.Equal(t, errMine, <-ended)
	eventually(t, func() bool { return info(sys, b.Any()).Doing == actor.Idle })
}

// Two that call each other at the same moment: one of them is told, the other
// gets its answer.
func TestC10_CallEachOther(t *testing.T) {
	ctx, _ := debugged(t, actor.Config{})
	refs := doers(ctx, t, 2)
	for range 300 {
		ended := make(chan error, 2)
		for i := range refs {
			require.NoError(t, refs[i].Cast(ctx, func(*actor.Context[do]) error {
				_, err := rpc.Call(context.Background(), refs[1-i], reply(i))
				ended <- err
				return nil
			}))
		}
		cycles := 0
		for range refs {
			if err := <-ended; err != nil {
				require.ErrorIs(t, err, rpc.ErrCallCycle)
				cycles++
			}
		}
		require.LessOrEqual(t, cycles, 1)
	}
}

// A callee that has answered, detached or given on may call whom it likes.
func TestC10_NoCycle(t *testing.T) {
	for name, f := range map[string]func(ctx *actor.Context[do], r rpc.Reply[int], other actor.Ref[do]) error{
		"answered": func(_ *actor.Context[do], r rpc.Reply[int], _ actor.Ref[do]) error {
			r.Send(1)
			return nil
		},
		"failed": func(_ *actor.Context[do], r rpc.Reply[int], _ actor.Ref[do]) error {
			r.Fail(errMine)
			return nil
		},
		"detached": func(_ *actor.Context[do], r rpc.Reply[int], _ actor.Ref[do]) error {
			r.Detach()
			go r.Send(1)
			return nil
		},
		"given": func(ctx *actor.Context[do], r rpc.Reply[int], other actor.Ref[do]) error {
			return rpc.Give(ctx, r, other, reply(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := debugged(t, actor.Config{})
			a, b, other := doer(ctx, t), doer(ctx, t), doer(ctx, t)
			for range 200 {
				back := make(chan error, 1)
				v, err := rpc.Call(ctx, a, through([]actor.Ref[do]{b}, func(ctx *actor.Context[do], r rpc.Reply[int]) error {
					if err := f(ctx, r, other); err != nil {
						return err
					}
					_, err := rpc.Call(ctx, a, reply(2))
					back <- err
					return nil
				}))
				require.NoError(t, <-back)
				if name == "failed" {
					require.Equal(t, errMine, err)
				} else {
					require.NoError(t, err)
					require.Equal(t, 1, v)
				}
			}
		})
	}
}

// Who has given up waits no more.
func TestC10_NoCycleAfterTheCallerGaveUp(t *testing.T) {
	ctx, sys := debugged(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	over, cancel := context.WithCancelCause(ctx)
	there, gate := make(chan struct{}), make(chan struct{})
	ended, back := make(chan error, 1), make(chan error, 1)
	require.NoError(t, a.Cast(ctx, func(*actor.Context[do]) error {
		_, err := rpc.Call(over, b, with(func(ctx *actor.Context[do], _ rpc.Reply[int]) error {
			close(there)
			<-gate
			_, err := rpc.Call(ctx, a, reply(1))
			back <- err
			return nil
		}))
		ended <- err
		return nil
	}))
	<-there
	require.Equal(t, 1, rpc.Waits(sys))
	cancel(errMine)
	require.Equal(t, errMine, <-ended)
	close(gate)
	require.NoError(t, <-back)
}

// The reply was given on: who has it now is waited for.
func TestC10_CycleByGive(t *testing.T) {
	t.Run("the new holder calls back", func(t *testing.T) {
		ctx, _ := debugged(t, actor.Config{})
		a, b, c := doer(ctx, t), doer(ctx, t), doer(ctx, t)
		_, err := rpc.Call(ctx, a, through([]actor.Ref[do]{b}, giving(c, func(_ *actor.Context[do], r rpc.Reply[int]) error {
			v, err := rpc.Call(context.Background(), a, reply(1))
			return answerTo(r, v, err)
		})))
		require.ErrorIs(t, err, rpc.ErrCallCycle)
		// Who comes last finds it: the caller back, or, if that was faster, Give.
		require.Subset(t, []string{
			rpc.ErrCallCycle.Error() + ": " + waitsFor(c, a, c),
			rpc.ErrCallCycle.Error() + ": " + waitsFor(a, c, a),
		}, []string{err.Error()})
	})
	t.Run("the new holder waits already", func(t *testing.T) {
		ctx, sys := debugged(t, actor.Config{})
		a, b, c := doer(ctx, t), doer(ctx, t), doer(ctx, t)
		there, gate := make(chan struct{}), make(chan struct{})
		ended := call(ctx, a, through([]actor.Ref[do]{b}, func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			close(there)
			<-gate
			return rpc.Give(ctx, r, c, reply(1))
		}))
		<-there
		patient := call(ctx, c, through([]actor.Ref[do]{a}, func(_ *actor.Context[do], r rpc.Reply[int]) error {
			r.Send(2)
			return nil
		}))
		waiting(t, sys, c)
		queued(t, sys, a, 1)
		close(gate)
		err := (<-ended).err
		require.ErrorIs(t, err, rpc.ErrCallCycle)
		require.ErrorContains(t, err, waitsFor(a, c, a))
		require.Equal(t, result{v: 2}, <-patient, "it is none any more")
	})
	t.Run("given back to the caller", func(t *testing.T) {
		ctx, _ := debugged(t, actor.Config{})
		a, b := doer(ctx, t), doer(ctx, t)
		_, err := rpc.Call(ctx, a, through([]actor.Ref[do]{b}, giving(a, tooLate)))
		require.ErrorIs(t, err, rpc.ErrCallCycle)
		require.ErrorContains(t, err, waitsFor(a, a))
	})
	t.Run("refused", func(t *testing.T) {
		ctx, _ := debugged(t, actor.Config{})
		a, b, dead := doer(ctx, t), doer(ctx, t), doer(ctx, t)
		require.NoError(t, dead.StopAndWait(ctx))
		_, err := rpc.Call(ctx, a, through([]actor.Ref[do]{b}, func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			require.ErrorIs(t, rpc.Give(ctx, r, dead, reply(1)), actor.ErrStopped)
			v, err := rpc.Call(ctx, a, reply(1)) // the duty has stayed here
			return answerTo(r, v, err)
		}))
		require.ErrorIs(t, err, rpc.ErrCallCycle)
		require.ErrorContains(t, err, waitsFor(b, a, b))
	})
}

// A reply that was kept is owed still: its keeper's later Call closes the cycle
// as one in the handler would.
func TestC10_CycleByAKeptReply(t *testing.T) {
	ctx, sys := debugged(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	kept := make(chan rpc.Reply[int], 1)
	ended := call(ctx, a, through([]actor.Ref[do]{b}, func(_ *actor.Context[do], r rpc.Reply[int]) error {
		kept <- r
		return nil
	}))
	r := <-kept
	waiting(t, sys, a)
	back := make(chan error, 1)
	require.NoError(t, b.Cast(ctx, func(*actor.Context[do]) error {
		_, err := rpc.Call(context.Background(), a, reply(1))
		back <- err
		return nil
	}))
	err := <-back
	require.ErrorIs(t, err, rpc.ErrCallCycle)
	require.ErrorContains(t, err, waitsFor(b, a, b))
	r.Send(3)
	require.Equal(t, result{v: 3}, <-ended, "who kept it may still answer")
}

// An entry of Multi waits as a Call does.
func TestC10_CycleByMulti(t *testing.T) {
	ctx, _ := debugged(t, actor.Config{})
	a, b, c := doer(ctx, t), doer(ctx, t), doer(ctx, t)
	_, err := rpc.Call(ctx, a, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		results := rpc.Multi(ctx, []actor.Ref[do]{c, b}, each(reply(1), with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
			results := rpc.Multi(ctx, []actor.Ref[do]{c, a, c}, reply(2))
			require.Equal(t, rpc.Result[int]{Value: 2}, results[0])
			require.Equal(t, rpc.Result[int]{Value: 2}, results[2])
			r.Fail(results[1].Err)
			return nil
		})))
		require.Equal(t, rpc.Result[int]{Value: 1}, results[0])
		r.Fail(results[1].Err)
		return nil
	}))
	require.ErrorIs(t, err, rpc.ErrCallCycle)
	require.ErrorContains(t, err, waitsFor(b, a, b))
}

// It is the actor that counts, not the Ref that leads to it.
func TestC10_CycleByOtherRefs(t *testing.T) {
	ctx, _ := debugged(t, actor.Config{})
	a, b := doer(ctx, t, actor.Named("a")), doer(ctx, t, actor.Named("b"))
	byName := func(name string) actor.Ref[do] { return actor.ByName[do](ctx, name) }
	adapted := func(to actor.Ref[do]) actor.Ref[do] { return actor.Adapt(to, func(f do) do { return f }) }
	for _, to := range [][]actor.Ref[do]{
		{byName("b"), byName("a")}, {adapted(b), adapted(a)}, {adapted(byName("b")), a},
	} {
		_, err := rpc.Call(ctx, a, through(to, tooLate))
		require.ErrorIs(t, err, rpc.ErrCallCycle)
		require.ErrorContains(t, err, waitsFor(b, a, b))
	}
}

// Actors of two Systems have the same ids, and are not taken for each other.
func TestC10_OtherSystems(t *testing.T) {
	here, sys := debugged(t, actor.Config{})
	there, _ := debugged(t, actor.Config{})
	a, b := doer(here, t), doer(here, t)
	far := doer(there, t)
	require.Equal(t, a.ID(), far.ID())
	v, err := rpc.Call(here, a, through([]actor.Ref[do]{far, b}, func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		require.Zero(t, rpc.Waits(sys))
		return rpc.Give(ctx, r, far, func(r rpc.Reply[int]) do {
			r.Send(1)
			return func(*actor.Context[do]) error { return nil }
		})
	}))
	require.NoError(t, err)
	require.Equal(t, 1, v)
}

// A request that was over when its Give was noted does not become a wait of the
// call that uses the port next.
func TestC10_StaleWait(t *testing.T) {
	ctx, _ := debugged(t, actor.Config{})
	ref := doer(ctx, t)
	var stale rpc.Reply[int]
	kept := make(chan rpc.Reply[int], 1)
	for { // until the port is used again; under the race detector the pool forgets some
		_, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) do {
			stale = r
			return reply(1)(r)
		})
		require.NoError(t, err)
		require.False(t, rpc.Owes(stale, 0))
		ended := call(ctx, ref, keep(kept))
		r := <-kept
		same := rpc.Same(stale, r)
		require.True(t, rpc.Owes(r, 0))
		require.False(t, same && rpc.Owes(stale, 0))
		r.Send(2)
		require.Equal(t, result{v: 2}, <-ended)
		if same {
			return
		}
	}
}

// Then does not wait, so there and back is no cycle.
func TestC10_ThenIsNoCycle(t *testing.T) {
	ctx, _ := debugged(t, actor.Config{})
	a, b := doer(ctx, t), doer(ctx, t)
	v, err := rpc.Call(ctx, a, with(func(ctx *actor.Context[do], r rpc.Reply[int]) error {
		thenSend(ctx, b, through([]actor.Ref[do]{a}, func(_ *actor.Context[do], r rpc.Reply[int]) error {
			r.Send(5)
			return nil
		}), r)
		return nil
	}))
	require.NoError(t, err)
	require.Equal(t, 5, v)
}

// maze is actors whose handlers call each other at random, by Call, Multi and
// Give.
type maze struct {
	refs   []actor.Ref[do]
	cycles atomic.Int64
	next   func(at int) int // where a handler may go from its place; -1: nowhere
}

func (m *maze) ask(at, depth int) func(rpc.Reply[int]) do {
	return with(func(_ *actor.Context[do], r rpc.Reply[int]) error {
		to := m.next(at)
		if depth == 0 || to < 0 {
			r.Send(1)
			return nil
		}
		ctx := context.Background() // nothing but the option ends a deadlock
		switch rand.IntN(4) {
		case 0:
			if rpc.Give(ctx, r, m.refs[to], m.ask(to, depth-1)) != nil {
				r.Send(1)
			}
		case 1:
			more := []int{to, m.next(at), m.next(at)}
			i := -1
			for _, result := range rpc.Multi(ctx, m.of(more), func(r rpc.Reply[int]) do {
				i++
				return m.ask(more[i], depth-1)(r)
			}) {
				m.count(result.Err)
			}
			r.Send(1)
		default:
			_, err := rpc.Call(ctx, m.refs[to], m.ask(to, depth-1))
			m.count(err)
			r.Send(1)
		}
		return nil
	})
}

func (m *maze) of(places []int) []actor.Ref[do] {
	refs := make([]actor.Ref[do], len(places))
	for i, p := range places {
		refs[i] = m.refs[p]
	}
	return refs
}

func (m *maze) count(err error) {
	if errors.Is(err, rpc.ErrCallCycle) {
		m.cycles.Add(1)
	}
}

func (m *maze) run(ctx context.Context, t *testing.T) {
	t.Helper()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				from := rand.IntN(len(m.refs))
				if _, err := rpc.Call(ctx, m.refs[from], m.ask(from, 4)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// Wherever the calls go, each ends: no cycle is overlooked.
func TestC10_EveryCycleIsFound(t *testing.T) {
	const n = 6
	ctx, _ := debugged(t, actor.Config{})
	m := &maze{refs: doers(ctx, t, n)}
	m.next = func(at int) int { return (at + 1 + rand.IntN(n-1)) % n }
	m.run(ctx, t)
	require.Positive(t, m.cycles.Load())
}

// Where the calls only go up there is no cycle, and none is found.
func TestC10_NoCycleIsInvented(t *testing.T) {
	const n = 12
	ctx, _ := debugged(t, actor.Config{})
	m := &maze{refs: doers(ctx, t, n)}
	m.next = func(at int) int {
		if at == n-1 {
			return -1
		}
		return at + 1 + rand.IntN(n-1-at)
	}
	m.run(ctx, t)
	require.Zero(t, m.cycles.Load())
}

// The option may change while calls are on their way.
func TestDebug_SwitchedWhileCallsRun(t *testing.T) {
	ctx, sys := debugged(t, actor.Config{})
	m := &maze{refs: doers(ctx, t, 5)}
	m.next = func(at int) int {
		if at == 4 {
			return -1
		}
		return at + 1
	}
	done := make(chan struct{})
	var switching sync.WaitGroup
	switching.Go(func() {
		for on := false; ; on = !on {
			select {
			case <-done:
				return
			default:
				rpc.Debug(sys, on)
			}
		}
	})
	m.run(ctx, t)
	close(done)
	switching.Wait()
	require.Zero(t, m.cycles.Load())
}
