package actor_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// BenchmarkTimers arms timers an hour away and cancels them, a hundred thousand
// at a time; a timer's memory is what the heap has grown by while they are armed.
func BenchmarkTimers(b *testing.B) {
	const batch = 100_000
	measure := func(b *testing.B, arm func() (cancel func() bool)) {
		cancels := make([]func() bool, batch)
		var before, armed runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			if n == batch {
				b.StopTimer()
				runtime.GC()
				runtime.ReadMemStats(&armed)
				b.ReportMetric(float64(armed.HeapAlloc-before.HeapAlloc)/batch, "heap-bytes/timer")
				b.StartTimer()
				for _, cancel := range cancels {
					cancel()
				}
				n = 0
			}
			cancels[n] = arm()
			n++
		}
		for _, cancel := range cancels[:n] {
			cancel()
		}
	}
	b.Run("baseline=time.AfterFunc", func(b *testing.B) {
		measure(b, func() func() bool { return time.AfterFunc(time.Hour, func() {}).Stop })
	})
	b.Run("CastAfter", func(b *testing.B) {
		sys, err := actor.NewSystem(actor.Config{})
		if err != nil {
			b.Fatal(err)
		}
		ctx := actor.WithSystem(context.Background(), sys)
		r := spawn(b, ctx, idle())
		measure(b, func() func() bool { return r.CastAfter(time.Hour, 1).Cancel })
		_ = sys.Shutdown(ctx)
	})
}

// BenchmarkTimersOfOneActor keeps a million timers of one actor armed, cancels
// the oldest and arms another.
func BenchmarkTimersOfOneActor(b *testing.B) {
	sys, err := actor.NewSystem(actor.Config{})
	if err != nil {
		b.Fatal(err)
	}
	ctx := actor.WithSystem(context.Background(), sys)
	r := spawn(b, ctx, idle())
	timers := make([]actor.Timer, 1_000_000)
	for i := range timers {
		timers[i] = r.CastAfter(time.Hour+time.Duration(i)*time.Microsecond, i)
	}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		at := &timers[i%len(timers)]
		at.Cancel()
		*at = r.CastAfter(time.Hour, i)
		i++
	}
	b.StopTimer()
	begin := time.Now()
	_ = r.KillAndWait(ctx)
	b.ReportMetric(float64(time.Since(begin))/1e6, "ms-to-end-all")
	_ = sys.Shutdown(ctx)
}
