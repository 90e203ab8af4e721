package factory_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/factory"
)

// An op is 10,000 jobs that do nothing, sent one by one from outside and all
// done: the factory bench of ractor, by each router. The baseline is a goroutine
// for each worker on one channel of 1,024.
func BenchmarkJobs(b *testing.B) {
	const jobs = 10_000
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = fmt.Sprint("key", i)
	}
	perJob := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/jobs, "ns/job")
	}
	for _, workers := range []int{100, 1000} {
		b.Run(fmt.Sprintf("channel/%d", workers), func(b *testing.B) {
			var left atomic.Int64
			all, c := make(chan struct{}, 1), make(chan int, 1024)
			for range workers {
				go func() {
					for range c {
						if left.Add(-1) == 0 {
							all <- struct{}{}
						}
					}
				}()
			}
			b.ReportAllocs()
			for b.Loop() {
				left.Store(jobs)
				for i := range jobs {
					c <- i
				}
				<-all
			}
			perJob(b)
			close(c)
		})
		for _, router := range []func() factory.Router{
			factory.Queuer, factory.StickyQueuer, factory.KeyPersistent, factory.RoundRobin,
		} {
			b.Run(fmt.Sprintf("%v/%d", router(), workers), func(b *testing.B) {
				ctx, _ := start(b)
				var left atomic.Int64
				all := make(chan struct{}, 1)
				cfg := factory.Config[int]{
					Workers: workers, Router: router(),
					NewWorker: factory.Func(func(context.Context, int) error {
						if left.Add(-1) == 0 {
							all <- struct{}{}
						}
						return nil
					}),
				}
				if name := fmt.Sprint(cfg.Router); name == "StickyQueuer" || name == "KeyPersistent" {
					cfg.Key = func(i int) string { return keys[i%len(keys)] }
				}
				f := spawn(ctx, b, cfg)
				b.ReportAllocs()
				for b.Loop() {
					left.Store(jobs)
					for i := range jobs {
						if err := f.Ref().Cast(ctx, i); err != nil {
							b.Fatal(err)
						}
					}
					<-all
				}
				perJob(b)
				require.NoError(b, f.Drain(ctx))
			})
		}
	}
}

// An op is one accepted job, from Submit to its answer.
func BenchmarkSubmit(b *testing.B) {
	ctx, _ := start(b)
	f := spawn(ctx, b, factory.Config[int]{Workers: 4, NewWorker: factory.Func(func(context.Context, int) error { return nil })})
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Submit(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
	require.NoError(b, f.Drain(ctx))
}

// What a job costs while very many wait with a TTL: the queue and the agenda
// must not matter. An op is a job in and a job out.
func BenchmarkBacklog(b *testing.B) {
	for _, waiting := range []int{10, 100_000} {
		b.Run(fmt.Sprint(waiting), func(b *testing.B) {
			ctx, _ := start(b)
			next := make(chan struct{}, 1)
			f := spawn(ctx, b, factory.Config[int]{
				Workers: 1, TTL: 1 << 50,
				NewWorker: factory.Func(func(context.Context, int) error { <-next; return nil }),
			})
			for i := range waiting {
				if err := f.Submit(ctx, i); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := f.Submit(ctx, 0); err != nil {
					b.Fatal(err)
				}
				next <- struct{}{}
			}
			close(next)
			require.NoError(b, f.Drain(ctx))
		})
	}
}
