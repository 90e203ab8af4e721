package sched_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// In a bubble time moves only when everybody waits, so that what the monitor
// finds, and when, is exact.

// pass lets virtual time pass; only in a bubble.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestIdleSchedulerSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 3})
		ran := make(chan struct{})
		s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
		await(t, ran)
		pass(50 * time.Millisecond)
		before := s.Stats()
		require.Len(t, before.Workers, 3)
		for _, w := range before.Workers {
			require.True(t, w.Parked, "worker %d", w.ID)
		}
		require.True(t, s.Asleep(), "the monitor sleeps")
		require.Zero(t, s.Searching())
		pass(time.Hour)
		require.Equal(t, before, s.Stats(), "nobody has moved")
		require.True(t, s.Asleep())
	})
}

// The queue of a stuck worker, run-next slot included, is taken by a spare,
// within two ticks.
func TestStuckWorkersQueueIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		gate := make(chan struct{})
		all, done := closed(3)
		s.Submit(&once(func(c *sched.Carrier) {
			for range 3 {
				c.Submit(&once(func(*sched.Carrier) { done() }).Task)
			}
			<-gate
		}).Task)
		await(t, all)
		require.LessOrEqual(t, s.Now(), 3*time.Millisecond, "StallAfter and two ticks")
		require.EqualValues(t, 1, s.Stats().Workers[0].Stalls)
		require.True(t, s.Stats().Workers[0].Stuck)
		close(gate)
	})
}

// What a stuck callback makes runnable later does not wait for its end either,
// though the monitor has long gone to sleep.
func TestStuckWorkerMakesMoreWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		more, gate := make(chan struct{}), make(chan struct{})
		ran := make(chan struct{})
		s.Submit(&once(func(c *sched.Carrier) {
			<-more
			c.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
			<-gate
		}).Task)
		pass(time.Second)
		require.True(t, s.Asleep())
		close(more)
		await(t, ran)
		close(gate)
	})
}

// The monitor sleeps while handlers wait, and wakes when one comes back.
func TestMonitorSleepsWhileWorkersAreStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 2})
		first, second := make(chan struct{}), make(chan struct{})
		s.Submit(&once(func(c *sched.Carrier) {
			<-first
			c.Submit(&once(func(*sched.Carrier) { <-second }).Task)
		}).Task)
		pass(10 * time.Second)
		require.True(t, s.Asleep(), "a stuck handler costs no ticks")
		require.Len(t, s.Stats().Workers, 4, "two, one for the stuck one, and a quarter more")
		close(first)
		pass(10 * time.Millisecond)
		var stuck int
		for _, a := range s.Activities() {
			if a.Stuck {
				stuck++
				require.GreaterOrEqual(t, a.Since, 10*time.Second)
			}
		}
		require.Equal(t, 1, stuck, "the next one was found")
		close(second)
	})
}

func TestSparesRetire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 2, StallMemory: 100 * time.Millisecond})
		gate := make(chan struct{})
		for range 40 {
			s.Submit(&once(func(*sched.Carrier) { <-gate }).Task)
		}
		pass(time.Second)
		require.GreaterOrEqual(t, len(s.Stats().Workers), 42, "two beside the stuck ones")
		close(gate)
		pass(50 * time.Millisecond)
		require.GreaterOrEqual(t, len(s.Stats().Workers), 42, "they are remembered")
		pass(200 * time.Millisecond)
		st := s.Stats()
		require.Len(t, st.Workers, 2)
		require.True(t, s.Asleep())
		require.GreaterOrEqual(t, st.Spares, uint64(40))
		turns := st.Departed.Turns
		for _, w := range st.Workers {
			turns += w.Turns
		}
		require.EqualValues(t, 40, turns, "the counts of those that left are kept")
		pass(30 * time.Second)
		require.LessOrEqual(t, s.Carriers(), 2+4*2+32, "so many carriers may rest")
	})
}

// Surplus workers that never park leave too, at the top of their loop.
func TestBusySparesRetire(t *testing.T) {
	s := start(t, sched.Config{Workers: 1, StallMemory: 5 * time.Millisecond})
	gate := make(chan struct{})
	var stop atomic.Bool
	all, done := closed(20 + 5)
	for range 5 {
		s.Submit(&once(func(*sched.Carrier) { <-gate; done() }).Task)
	}
	for range 20 {
		s.Submit(&newJob(func(*sched.Carrier) bool {
			if stop.Load() {
				done()
				return false
			}
			runtime.Gosched()
			return true
		}).Task)
	}
	until(t, func() bool { return len(s.Stats().Workers) >= 6 })
	close(gate)
	// On a busy machine workers are found stuck that are not; but not for ever.
	until(t, func() bool { return len(s.Stats().Workers) == 1 })
	stop.Store(true)
	await(t, all)
}

func TestMaxSparesIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []sched.Event
		s := start(t, sched.Config{Workers: 2, MaxSpares: 3, OnEvent: func(e sched.Event) { events = append(events, e) }})
		gates := make([]chan struct{}, 10)
		all, done := closed(len(gates))
		known := map[*sched.Task]bool{}
		for i := range gates {
			gates[i] = make(chan struct{})
			j := once(func(*sched.Carrier) { <-gates[i]; done() })
			known[&j.Task] = true
			s.Submit(&j.Task)
		}
		pass(time.Second)
		require.Len(t, events, 1)
		require.Equal(t, sched.SparesExhausted, events[0].Kind)
		require.Equal(t, "spares exhausted", events[0].Kind.String())
		require.Len(t, events[0].Stuck, 5)
		for _, task := range events[0].Stuck {
			require.True(t, known[task])
		}
		require.Len(t, s.Stats().Workers, 5)
		for _, g := range gates {
			close(g)
		}
		await(t, all)
		pass(time.Second)
		require.Len(t, events, 1)
		require.Len(t, s.Stats().Workers, 2)

		// When it comes about again it is reported again.
		gate := make(chan struct{})
		for range 5 {
			s.Submit(&once(func(*sched.Carrier) { <-gate }).Task)
		}
		pass(time.Second)
		require.Len(t, events, 2)
		close(gate)
	})
}

// One processor, and two hundred handlers that block it without telling.
func TestOneProcessorTwoHundredBlockers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := start(t, sched.Config{})
	require.Equal(t, 1, s.Config().Workers)
	gate := make(chan struct{})
	blockers, done := closed(200)
	for range 200 {
		s.Submit(&once(func(*sched.Carrier) { <-gate; done() }).Task)
	}
	others, ran := closed(1000)
	for range 1000 {
		s.Submit(&once(func(*sched.Carrier) { ran() }).Task)
	}
	await(t, others)
	close(gate)
	await(t, blockers)
}

// One processor, and a handler that computes without end: it is found too, though
// the monitor itself gets the processor late.
func TestOneProcessorOneThatComputes(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s := start(t, sched.Config{})
	var stop atomic.Bool
	over := make(chan struct{})
	s.Submit(&once(func(*sched.Carrier) {
		for !stop.Load() {
		}
		close(over)
	}).Task)
	ran := make(chan struct{})
	s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
	await(t, ran)
	stop.Store(true)
	await(t, over)
}

// With the processors taken by others, workers that only wait for one must not
// be taken for stuck: spares would make the line longer, in which more workers
// are found stuck, and so on up to MaxSpares.
func TestSparesDoNotRunAway(t *testing.T) {
	s := start(t, sched.Config{})
	var stop atomic.Bool
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for !stop.Load() {
			}
		}()
	}
	defer stop.Store(true)
	const tasks, turns, most = 2000, 5, 100 // a run-away reaches hundreds at once
	all, done := closed(tasks)
	for range tasks {
		left := turns
		s.Submit(&newJob(func(*sched.Carrier) bool {
			for begun := s.Now(); s.Now()-begun < 30*time.Microsecond; {
			}
			left--
			if left == 0 {
				done()
			}
			return left > 0
		}).Task)
	}
	seen := 0
	until(t, func() bool {
		seen = max(seen, len(s.Stats().Workers))
		select {
		case <-all:
			return true
		default:
			return false
		}
	})
	require.Less(t, seen, most)
}
