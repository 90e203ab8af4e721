package sched_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// Each benchmark has its baseline beside it, in the same run: what one would
// write with goroutines and channels.

// pair is two tasks that make each other run, left times.
func pair(left int, over func()) *job {
	a, b := newJob(nil), newJob(nil)
	turn := func(peer *job) func(c *sched.Carrier) bool {
		return func(c *sched.Carrier) bool {
			if left--; left <= 0 {
				over()
			} else {
				c.Submit(&peer.Task)
			}
			return false
		}
	}
	a.turn, b.turn = turn(b), turn(a)
	return a
}

// BenchmarkHop is one task making another run, inside.
func BenchmarkHop(b *testing.B) {
	b.Run("sched", func(b *testing.B) {
		s := start(b, sched.Config{})
		over := make(chan struct{})
		a := pair(b.N, func() { close(over) })
		b.ReportAllocs()
		b.ResetTimer()
		s.Submit(&a.Task)
		<-over
	})
	b.Run("channels", func(b *testing.B) {
		ping, pong := make(chan struct{}, 1), make(chan struct{}, 1)
		go func() {
			for range ping {
				pong <- struct{}{}
			}
		}()
		b.ReportAllocs()
		for b.Loop() { // two hops, so count them by halves
			ping <- struct{}{}
			<-pong
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N), "ns/hop")
		close(ping)
	})
}

// BenchmarkPairs is a hop with a thousand pairs at once.
func BenchmarkPairs(b *testing.B) {
	const pairs = 1000
	s := start(b, sched.Config{})
	var wg sync.WaitGroup
	wg.Add(pairs)
	b.ReportAllocs()
	b.ResetTimer()
	for range pairs {
		s.Submit(&pair(b.N/pairs+1, wg.Done).Task)
	}
	wg.Wait()
}

// BenchmarkWake is a task submitted from outside to a scheduler whose workers
// are about to park, and its answer: the way there and back.
func BenchmarkWake(b *testing.B) {
	b.Run("sched", func(b *testing.B) {
		s := start(b, sched.Config{})
		ran := make(chan struct{}, 1)
		j := once(func(*sched.Carrier) { ran <- struct{}{} })
		b.ReportAllocs()
		for b.Loop() {
			s.Submit(&j.Task)
			<-ran
		}
	})
	b.Run("channels", func(b *testing.B) {
		in, out := make(chan struct{}, 1), make(chan struct{}, 1)
		go func() {
			for range in {
				out <- struct{}{}
			}
		}()
		b.ReportAllocs()
		for b.Loop() {
			in <- struct{}{}
			<-out
		}
		close(in)
	})
}

// BenchmarkIdleWake is the same with all asleep for long, the monitor included.
func BenchmarkIdleWake(b *testing.B) {
	s := start(b, sched.Config{Tick: 20 * time.Microsecond})
	ran := make(chan struct{}, 1)
	j := once(func(*sched.Carrier) { ran <- struct{}{} })
	b.ReportAllocs()
	var sum time.Duration
	for b.Loop() {
		for !s.Asleep() {
			runtime.Gosched()
		}
		begun := time.Now()
		s.Submit(&j.Task)
		<-ran
		sum += time.Since(begun)
	}
	b.ReportMetric(float64(sum.Nanoseconds())/float64(b.N), "ns/wake")
}

// BenchmarkSubmitOutside is a stream of tasks from outside.
func BenchmarkSubmitOutside(b *testing.B) {
	s := start(b, sched.Config{})
	const window = 1024
	free := make(chan *job, window)
	for range window {
		var j *job
		j = once(func(*sched.Carrier) { free <- j })
		free <- j
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Submit(&(<-free).Task)
	}
	for range window {
		<-free
	}
}

// BenchmarkBlock is handing the worker on, and the turn's way back.
func BenchmarkBlock(b *testing.B) {
	b.Run("sched", func(b *testing.B) {
		s := start(b, sched.Config{})
		over := make(chan struct{})
		left := b.N
		j := newJob(func(*sched.Carrier) bool {
			_ = sched.Block(func() {})
			if left--; left <= 0 {
				close(over)
			}
			return left > 0
		})
		b.ReportAllocs()
		b.ResetTimer()
		s.Submit(&j.Task)
		<-over
	})
	b.Run("go statement", func(b *testing.B) {
		done := make(chan struct{}, 1)
		b.ReportAllocs()
		for b.Loop() {
			go func() { done <- struct{}{} }()
			<-done
		}
	})
}

// BenchmarkSteal is tasks that one turn queues and all workers share.
func BenchmarkSteal(b *testing.B) {
	s := start(b, sched.Config{})
	const batch = 512
	var wg sync.WaitGroup
	jobs := make([]*job, batch)
	for i := range jobs {
		jobs[i] = once(func(*sched.Carrier) { wg.Done() })
	}
	root := once(func(c *sched.Carrier) {
		for _, j := range jobs {
			c.Submit(&j.Task)
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		wg.Add(batch)
		s.Submit(&root.Task)
		wg.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(batch*b.N), "ns/task")
	var steals uint64
	for _, w := range s.Stats().Workers {
		steals += w.Steals
	}
	b.ReportMetric(float64(steals)/float64(b.N), "steals/op")
}

// BenchmarkTimer is arming a timer and disarming it, with 100,000 others armed.
func BenchmarkTimer(b *testing.B) {
	const others = 100_000
	b.Run("sched", func(b *testing.B) {
		s := start(b, sched.Config{})
		as := make([]alarm, others+1)
		for i := range as {
			as[i].s = s
			as[i].arm(time.Hour + time.Duration(i)*time.Millisecond)
		}
		a := &as[others]
		at := s.Now() + time.Minute
		b.ReportAllocs()
		for b.Loop() {
			a.arm(at)
			s.Disarm(&a.Timer)
		}
	})
	b.Run("AfterFunc", func(b *testing.B) {
		ts := make([]*time.Timer, others)
		for i := range ts {
			ts[i] = time.AfterFunc(time.Hour+time.Duration(i)*time.Millisecond, func() {})
		}
		b.ReportAllocs()
		for b.Loop() {
			time.AfterFunc(time.Minute, func() {}).Stop()
		}
		for _, t := range ts {
			t.Stop()
		}
	})
}

// BenchmarkWho is the question who the calling goroutine is.
func BenchmarkWho(b *testing.B) {
	inside := func(f func()) func(b *testing.B) {
		return func(b *testing.B) {
			s := start(b, sched.Config{})
			over := make(chan struct{})
			s.Submit(&once(func(*sched.Carrier) {
				for b.Loop() {
					f()
				}
				close(over)
			}).Task)
			<-over
		}
	}
	outside := func(f func()) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				f()
			}
		}
	}
	here, in := func() { sched.Here() }, func() { sched.Inside() }
	b.Run("Here inside", inside(here))
	b.Run("Here outside", outside(here))
	b.Run("Inside inside", inside(in))
	b.Run("Inside outside", outside(in))
	b.Run("nothing", outside(func() {}))
}
