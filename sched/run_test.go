package sched_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

func TestEachTaskRunsExactlyOnce(t *testing.T) {
	for name, cfg := range map[string]sched.Config{
		"default":      {},
		"one worker":   {Workers: 1},
		"many workers": {Workers: 8},
		"queue of 1":   {QueueSize: 1, Workers: 2},
		"queue of 2":   {QueueSize: 2, Workers: 3},
		"queue of 4":   {QueueSize: 4, Workers: 2},
		"all ones":     {Workers: 1, Budget: 1, BacklogBudget: 1, QueueSize: 1, NextLimit: 1, YieldEvery: 1, SpinRounds: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, cfg)
			const outside, inside = 4, 1000 // each from outside submits so many from inside
			all, done := closed(outside * inside * 2)
			for range outside {
				go func() {
					for range inside {
						var runs atomic.Int64
						s.Submit(&once(func(c *sched.Carrier) {
							c.Submit(&once(func(*sched.Carrier) { done() }).Task)
							if runs.Add(1) == 1 {
								done()
							}
						}).Task)
					}
				}()
			}
			await(t, all)
		})
	}
}

// A task that returns true comes again, after those that waited already.
func TestAgainGoesToTheEndOfTheQueue(t *testing.T) {
	s := start(t, sched.Config{Workers: 1})
	const rounds = 100
	var order []int
	all, done := closed(2)
	tasks := make([]*job, 2)
	for i := range tasks {
		left := rounds
		tasks[i] = newJob(func(*sched.Carrier) bool {
			order = append(order, i)
			left--
			if left == 0 {
				done()
			}
			return left > 0
		})
	}
	s.Submit(&once(func(*sched.Carrier) {
		for _, j := range tasks {
			s.Submit(&j.Task)
		}
	}).Task)
	await(t, all)
	inRow := 0
	for i := 1; i < len(order); i++ {
		if order[i] == order[i-1] {
			inRow++
		}
	}
	require.Len(t, order, 2*rounds)
	require.LessOrEqual(t, inRow, 2, "they take turns: %v", order)
}

// Two tasks that wake each other for ever do not keep a third one in the same
// queue from running (NextLimit), nor one from outside (YieldEvery).
func TestHotPairsStarveNobody(t *testing.T) {
	for name, c := range map[string]struct{ pairs, workers int }{
		"one": {1, 2}, "thousand": {1000, 2}, "one, nobody to steal": {1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			pairs := c.pairs
			// Nobody comes to help because the worker looks stuck.
			s := start(t, sched.Config{Workers: c.workers, StallAfter: time.Hour})
			var stop atomic.Bool
			all, done := closed(pairs)
			inside := make(chan struct{})
			for i := range pairs {
				var a, b *job
				var doneOnce sync.Once
				turn := func(peer **job) func(c *sched.Carrier) bool {
					return func(c *sched.Carrier) bool {
						if stop.Load() {
							doneOnce.Do(done)
							return false
						}
						c.Submit(&(*peer).Task)
						return false
					}
				}
				a, b = newJob(nil), newJob(nil)
				a.turn, b.turn = turn(&b), turn(&a)
				s.Submit(&once(func(c *sched.Carrier) {
					if i == 0 {
						c.Submit(&once(func(*sched.Carrier) { close(inside) }).Task)
					}
					c.Submit(&a.Task)
				}).Task)
			}
			await(t, inside)
			for range 100 {
				ran := make(chan struct{})
				s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
				await(t, ran)
			}
			stop.Store(true)
			await(t, all)
		})
	}
}

// Tasks that a full queue has spilled run though single tasks keep coming.
func TestSpilledTasksAreNotStarved(t *testing.T) {
	s := start(t, sched.Config{Workers: 1, QueueSize: 4})
	var stop atomic.Bool
	const tasks = 64
	all, done := closed(tasks)
	for range tasks {
		left := 50
		s.Submit(&newJob(func(*sched.Carrier) bool {
			left--
			if left == 0 {
				done()
			}
			return left > 0
		}).Task)
	}
	end := make(chan struct{})
	var flood func()
	flood = func() {
		if stop.Load() {
			close(end)
			return
		}
		s.Submit(&once(func(*sched.Carrier) { go flood() }).Task)
	}
	flood()
	await(t, all)
	stop.Store(true)
	await(t, end)
}

func TestIdleWorkersSteal(t *testing.T) {
	s := start(t, sched.Config{Workers: 2})
	// Two tasks that only together come to an end, queued by one turn.
	meet := make(chan struct{})
	all, done := closed(2)
	s.Submit(&once(func(c *sched.Carrier) {
		c.Submit(&once(func(*sched.Carrier) { meet <- struct{}{}; done() }).Task)
		c.Submit(&once(func(*sched.Carrier) { <-meet; done() }).Task)
	}).Task)
	await(t, all)
}

func TestLocalBelongsToTheWorker(t *testing.T) {
	s := start(t, sched.Config{Workers: 2})
	first, second := sched.NewLocal[int](s), sched.NewLocal[string](s)
	const n = 1000
	all, done := closed(n)
	for range n {
		s.Submit(&once(func(c *sched.Carrier) {
			*first.Of(c)++
			*second.Of(c) += "x"
			if len(*second.Of(c)) != *first.Of(c) {
				panic("the variables are not of one worker")
			}
			done()
		}).Task)
	}
	await(t, all)

	gone := make(chan bool)
	s.Submit(&once(func(c *sched.Carrier) {
		_ = sched.Block(func() {})
		gone <- first.Of(c) == nil
	}).Task)
	require.True(t, await(t, gone), "after Block there is no worker, and no variable of one")
}

func TestExpired(t *testing.T) {
	s := start(t, sched.Config{})
	// The slice: a turn that goes on is told to end, by the monitor's tick.
	sliced := make(chan struct{})
	s.Submit(&newJob(func(c *sched.Carrier) bool {
		for !c.Expired() {
			runtime.Gosched()
		}
		close(sliced)
		return false
	}).Task)
	await(t, sliced)
	// After Block the turn ends.
	got := make(chan bool)
	s.Submit(&once(func(c *sched.Carrier) {
		_ = sched.Block(func() {})
		got <- c.Expired()
	}).Task)
	require.True(t, await(t, got))
	// Yield ends it too, and only this one.
	s.Submit(&once(func(c *sched.Carrier) {
		c.Yield()
		got <- c.Expired()
	}).Task)
	require.True(t, await(t, got))
}
