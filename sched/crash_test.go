package sched_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

func explode(value any) {
	if value == nil {
		runtime.Goexit()
	}
	panic(value)
}

// After a panic and after Goexit the worker, its queue and the others go on,
// and so does the task if it wants to.
func TestCrash(t *testing.T) {
	for name, c := range map[string]struct {
		value any // nil: Goexit
		block bool
	}{
		"panic":              {value: "boom"},
		"runtime error":      {value: (*runtime.TypeAssertionError)(nil)},
		"goexit":             {},
		"panic after Block":  {value: "boom", block: true},
		"goexit after Block": {block: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sched.Config{Workers: 1, StallAfter: time.Hour}) // no spares, however busy the machine is
			all, done := closed(4)
			var value any
			var stack string
			rounds := 0
			j := newJob(func(car *sched.Carrier) bool {
				rounds++
				if rounds == 2 {
					done()
					return false
				}
				for range 3 { // in the run-next slot and in the queue
					car.Submit(&once(func(*sched.Carrier) { done() }).Task)
				}
				if c.block {
					_ = sched.Block(func() {})
				}
				explode(c.value)
				return false
			})
			j.crashed = func(car *sched.Carrier, v any, trace []byte) bool {
				value, stack = v, string(trace)
				if sched.Inside() != car || car.Task() != &j.Task {
					panic("Crashed runs in the turn")
				}
				return true
			}
			s.Submit(&j.Task)
			await(t, all)
			if c.value == nil {
				require.Equal(t, sched.ErrGoexit, value)
			} else {
				require.Equal(t, c.value, value)
			}
			require.Contains(t, stack, "sched_test.explode", "the stack shows where")
			require.Len(t, s.Stats().Workers, 1)
		})
	}
}

// A thousand Goexits in a row, each of which takes a goroutine with it.
func TestManyGoexits(t *testing.T) {
	s := start(t, sched.Config{Workers: 2})
	all, done := closed(1000)
	for range 1000 {
		j := once(func(*sched.Carrier) { runtime.Goexit() })
		j.crashed = func(*sched.Carrier, any, []byte) bool { done(); return false }
		s.Submit(&j.Task)
	}
	await(t, all)
	until(t, func() bool { return len(s.Stats().Workers) == 2 })
}
