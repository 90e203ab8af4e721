// Package meet is for tests: it makes two steps meet that are only a few
// instructions long, and that most tests therefore pass by.
package meet

import (
	"runtime"
	"sync/atomic"
)

// Often runs a and b at the same time, n times, with one a little later than the
// other, differently each time; before and after run alone. Only b is not on the
// caller's goroutine. Both goroutines spin: who has to be woken comes too late.
func Often(n int, before, a, b, after func()) {
	var begun, ended atomic.Int64
	// dawdle lets some nanoseconds pass; its caller's step begins when it returns.
	dawdle := func(loads int64) {
		for range loads {
			begun.Load()
		}
	}
	go func() {
		for round := int64(1); round <= int64(n); round++ {
			reaches(&begun, round)
			dawdle(round / later % 8)
			b()
			ended.Store(round)
		}
		ended.Store(int64(n) + 1)
	}()
	defer reaches(&ended, int64(n)+1)
	// Should a step or after end this goroutine, the other one goes on alone.
	defer begun.Store(int64(n))
	for round := int64(1); round <= int64(n); round++ {
		before()
		begun.Store(round)
		dawdle(round % later) // the other one hears of it after some 50 ns
		a()
		reaches(&ended, round)
		after()
	}
}

// later is how many different delays a has.
const later = 256

// reaches spins until the counter has come to to; now and then it gives way, in
// case there is one processor only.
func reaches(counter *atomic.Int64, to int64) {
	for spins := 0; counter.Load() < to; spins++ {
		if spins%256 == 255 {
			runtime.Gosched()
		}
	}
}
