package sched_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// Beyond MaxAsync functions queue; all run, also when some of them end their
// goroutine.
func TestAsync(t *testing.T) {
	s := start(t, sched.Config{Workers: 1, MaxAsync: 3})
	const n = 1000
	var now, most atomic.Int64
	var mu sync.Mutex
	ran := make([]int, n)
	all, done := closed(n)
	gate := make(chan struct{})
	for i := range n {
		require.NoError(t, s.Async(func() {
			<-gate
			mu.Lock()
			ran[i]++
			most.Store(max(most.Load(), now.Add(1)))
			mu.Unlock()
			runtime.Gosched()
			now.Add(-1)
			done()
			if i%3 == 0 {
				runtime.Goexit()
			}
		}))
	}
	require.EqualValues(t, n, s.Stats().Async)
	close(gate)
	await(t, all)
	for i, r := range ran {
		require.Equal(t, 1, r, "function %d", i)
	}
	require.LessOrEqual(t, most.Load(), int64(3))
	until(t, func() bool { return s.Stats().Async == 0 })
}

func TestAsyncIsOutside(t *testing.T) {
	s := start(t, sched.Config{Workers: 1})
	got := make(chan who, 1)
	s.Submit(&once(func(*sched.Carrier) {
		_ = s.Async(func() { got <- ask() })
	}).Task)
	require.Equal(t, who{}, await(t, got))
}

func TestCloseWaitsForAsync(t *testing.T) {
	s, err := sched.New(sched.Config{Workers: 1, MaxAsync: 1})
	require.NoError(t, err)
	gate := make(chan struct{})
	var ran atomic.Int64
	for range 3 {
		require.NoError(t, s.Async(func() { <-gate; ran.Add(1) }))
	}
	end := s.Close()
	until(t, func() bool { return s.Async(func() {}) != nil }) // those before are accepted, and run
	require.ErrorIs(t, s.Async(func() { panic("never") }), sched.ErrClosed)
	select {
	case <-end:
		t.Fatal("Close did not wait")
	default:
	}
	close(gate)
	await(t, end)
	require.GreaterOrEqual(t, ran.Load(), int64(3))
}

// AsyncNow does not wait behind functions that fill MaxAsync, and counts as they
// do.
func TestAsyncNow(t *testing.T) {
	s, err := sched.New(sched.Config{Workers: 1, MaxAsync: 1})
	require.NoError(t, err)
	gate, ran := make(chan struct{}), make(chan struct{})
	require.NoError(t, s.Async(func() { <-gate }))
	require.NoError(t, s.AsyncNow(func() { close(ran); runtime.Goexit() }))
	await(t, ran)
	require.NoError(t, s.AsyncNow(func() { <-gate }))
	end := s.Close()
	until(t, func() bool { return s.AsyncNow(func() {}) != nil })
	require.ErrorIs(t, s.AsyncNow(func() { panic("never") }), sched.ErrClosed)
	select {
	case <-end:
		t.Fatal("Close did not wait")
	default:
	}
	close(gate)
	await(t, end)
}
