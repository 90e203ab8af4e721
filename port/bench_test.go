package port_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/port"
)

// One value to many; an op is a Send that everybody has handled. The baseline is
// a goroutine with a channel of 32 for each subscriber.
func BenchmarkSend(b *testing.B) {
	for _, n := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("port/%d", n), func(b *testing.B) {
			ctx := start(b)
			var p port.Port[int]
			left, all := new(atomic.Int64), make(chan struct{}, 1)
			for range n {
				r, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[int], int) error {
					if left.Add(-1) == 0 {
						all <- struct{}{}
					}
					return nil
				}))
				if err != nil {
					b.Fatal(err)
				}
				p.Subscribe(r, nil)
			}
			b.ReportAllocs()
			for b.Loop() {
				left.Store(int64(n))
				p.Send(ctx, 1)
				<-all
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
		})
		b.Run(fmt.Sprintf("channels/%d", n), func(b *testing.B) {
			left, all := new(atomic.Int64), make(chan struct{}, 1)
			channels := make([]chan int, n)
			for i := range channels {
				channels[i] = make(chan int, 32)
				go func() {
					for range channels[i] {
						if left.Add(-1) == 0 {
							all <- struct{}{}
						}
					}
				}()
			}
			b.ReportAllocs()
			for b.Loop() {
				left.Store(int64(n))
				for _, c := range channels {
					c <- 1
				}
				<-all
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/delivery")
			for _, c := range channels {
				close(c)
			}
		})
	}
}
