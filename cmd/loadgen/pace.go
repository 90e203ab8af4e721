package main

import (
	"runtime"
	"time"
)

// clock counts nanoseconds from the beginning of a trial. Its zero is made by
// startClock; a reading costs some 40 ns.
type clock struct{ start time.Time }

func startClock() clock { return clock{start: time.Now()} }

func (c clock) now() int64 { return int64(time.Since(c.start)) }

// until returns when the clock has reached at. It sleeps while that is far
// away and then looks at the clock again and again, without letting go of its
// processor: a timer is late by up to a millisecond, and who gives way here
// may be away for as long as a handler runs. Where there is only one processor
// it has to give way.
func (c clock) until(at int64) {
	const sleepIsLate = int64(2 * time.Millisecond)
	alone := runtime.GOMAXPROCS(0) == 1
	for {
		left := at - c.now()
		switch {
		case left <= 0:
			return
		case left > 2*sleepIsLate:
			time.Sleep(time.Duration(left - sleepIsLate))
		case alone:
			runtime.Gosched()
		}
	}
}
