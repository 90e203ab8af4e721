package sched_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/ractor-go/ractor/sched"
)

// A scheduler that has nothing to do keeps no task alive: no slot of a ring, no
// carrier, no list still points to one.
func TestIdleSchedulerKeepsNoTask(t *testing.T) {
	s := start(t, sched.Config{Workers: 2, QueueSize: 8})
	const n = 100
	kept := make([]weak.Pointer[job], 0, 3*n)
	all, done := closed(3 * n)
	for range n {
		j := once(func(c *sched.Carrier) {
			_ = sched.Block(func() {})
			done()
		})
		kept = append(kept, weak.Make(j))
		s.Submit(&j.Task)
	}
	more := make(chan []weak.Pointer[job], 1)
	s.Submit(&once(func(c *sched.Carrier) {
		var ws []weak.Pointer[job]
		for range 2 * n {
			j := once(func(*sched.Carrier) { done() })
			ws = append(ws, weak.Make(j))
			c.Submit(&j.Task)
		}
		more <- ws
	}).Task)
	kept = append(kept, await(t, more)...)
	await(t, all)
	until(t, func() bool {
		runtime.GC()
		for _, w := range kept {
			if w.Value() != nil {
				return false
			}
		}
		return true
	})
}

// A spare that has left is garbage, with its queue and its free lists.
func TestSpareThatHasLeftIsGarbage(t *testing.T) {
	const stuck = 40
	s := start(t, sched.Config{Workers: 2, StallMemory: time.Millisecond})
	release := make(chan struct{})
	all, done := closed(stuck)
	for range stuck {
		s.Submit(&once(func(*sched.Carrier) {
			defer done()
			<-release
		}).Task)
	}
	until(t, func() bool { return len(s.WeakWorkers()) > stuck })
	workers := s.WeakWorkers()
	close(release)
	await(t, all)
	until(t, func() bool { // while there is something to do now and then, surplus workers leave
		over := make(chan struct{})
		s.Submit(&once(func(*sched.Carrier) { close(over) }).Task)
		await(t, over)
		return len(s.WeakWorkers()) == 2
	})
	until(t, func() bool {
		runtime.GC()
		alive := 0
		for _, w := range workers {
			if w.Value() != nil {
				alive++
			}
		}
		return alive <= 2
	})
}

// A timer that is kept after it was disarmed keeps nothing alive.
func TestDisarmedTimerKeepsNothing(t *testing.T) {
	s := start(t, sched.Config{Workers: 1})
	var timer sched.Timer
	a := &alarm{s: s}
	s.Arm(&timer, s.Now()+1<<40, a)
	s.Disarm(&timer)
	w := weak.Make(a)
	until(t, func() bool { runtime.GC(); return w.Value() == nil })
	runtime.KeepAlive(&timer)
}
