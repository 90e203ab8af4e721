package sched_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

func TestTenThousandWaitAtOnce(t *testing.T) {
	const n = 10_000
	s := start(t, sched.Config{Workers: 2, MaxSpares: 4})
	gate := make(chan struct{})
	in, entered := closed(n)
	out, left := closed(n)
	for range n {
		s.Submit(&once(func(*sched.Carrier) {
			if err := sched.Block(func() { entered(); <-gate }); err != nil {
				panic(err)
			}
			left()
		}).Task)
	}
	await(t, in)
	require.EqualValues(t, n, s.Stats().Waiters)
	ran := make(chan struct{})
	s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
	await(t, ran)
	close(gate)
	await(t, out)
	until(t, func() bool { return s.Stats().Waiters == 0 })
}

func TestMaxWaiters(t *testing.T) {
	s := start(t, sched.Config{Workers: 2, MaxWaiters: 1})
	gate, in := make(chan struct{}), make(chan struct{})
	first := make(chan error)
	s.Submit(&once(func(*sched.Carrier) { first <- sched.Block(func() { close(in); <-gate }) }).Task)
	await(t, in)
	second := make(chan error)
	waited := false
	s.Submit(&once(func(c *sched.Carrier) {
		err := sched.Block(func() { waited = true })
		if gid.Fast && sched.Here() != c {
			panic("the worker was handed on for nothing")
		}
		second <- err
	}).Task)
	require.ErrorIs(t, await(t, second), sched.ErrTooManyWaiters)
	require.False(t, waited)
	close(gate)
	require.NoError(t, await(t, first))
	require.NoError(t, sched.Block(func() { waited = true }), "outside there is no bound")
	require.True(t, waited)
}

// Block outside any turn only runs wait.
func TestBlockOutside(t *testing.T) {
	s := start(t, sched.Config{})
	require.NoError(t, sched.Block(func() { require.Zero(t, s.Stats().Waiters) }))
}

// A turn that was in Block, also in Block in Block, goes on as it was, and says
// so to operators; a task that comes again does.
func TestBlockInBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		inner, outer, turn := make(chan struct{}), make(chan struct{}), make(chan struct{})
		again := make(chan struct{})
		rounds := 0
		j := newJob(func(c *sched.Carrier) bool {
			rounds++
			if rounds == 2 {
				close(again)
				return false
			}
			_ = sched.Block(func() {
				_ = sched.Block(func() { <-inner })
				<-outer
			})
			<-turn
			c.Handled(7)
			return true
		})
		s.Submit(&j.Task)
		one := func() sched.Activity {
			t.Helper()
			as := s.Activities()
			require.Len(t, as, 1)
			require.Same(t, &j.Task, as[0].Task)
			return as[0]
		}
		pass(time.Second)
		a := one()
		require.True(t, a.Blocked)
		require.Zero(t, a.Since)
		close(inner)
		pass(time.Second)
		require.True(t, one().Blocked, "the outer one still waits")
		close(outer)
		back := s.Now()
		pass(time.Second)
		a = one()
		require.False(t, a.Blocked, "it goes on, without a worker")
		require.Equal(t, back, a.Since)
		close(turn)
		await(t, again)
		synctest.Wait()
		require.Empty(t, s.Activities())
		require.EqualValues(t, 7, s.Stats().Departed.Messages, "messages handled without a worker count")
	})
}

// A panic in wait is one of the turn; nothing stays counted.
func TestBlockPanics(t *testing.T) {
	s := start(t, sched.Config{Workers: 1})
	got := make(chan any, 1)
	j := once(func(*sched.Carrier) { _ = sched.Block(func() { panic("in wait") }) })
	j.crashed = func(_ *sched.Carrier, v any, _ []byte) bool { got <- v; return false }
	s.Submit(&j.Task)
	require.Equal(t, "in wait", await(t, got))
	require.Zero(t, s.Stats().Waiters)
	ran := make(chan struct{})
	s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
	await(t, ran)
}
