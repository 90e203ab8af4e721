package mailbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/ractor-go/ractor/mailbox"
)

type payload16 [2]uint64

// A message and all that surrounds it on one goroutine: push, look at the control lanes, pop, sleep.
func BenchmarkPushPop(b *testing.B) {
	var p mailbox.Pool[payload16]
	var own mailbox.Cache[payload16]
	for _, bb := range []struct {
		name  string
		c     *mailbox.Cache[payload16]
		bound int
	}{{"cache", &own, 0}, {"nocache", nil, 0}, {"bounded", nil, 1024}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			var box mailbox.Mailbox[payload16, error]
			if bb.bound > 0 {
				_ = box.Bound(bb.bound)
			}
			for b.Loop() {
				box.Push(&p, bb.c, payload16{})
				if box.HasControl() {
					b.Fatal("control")
				}
				if _, ok := box.Pop(&p, bb.c); !ok || !box.Sleep() {
					b.Fatal("lost")
				}
			}
		})
	}
	b.Run("chan", func(b *testing.B) {
		b.ReportAllocs()
		c := make(chan payload16, 1024)
		for b.Loop() {
			c <- payload16{}
			<-c
		}
	})
}

// As BenchmarkPushPop, for 64 messages at once; an iteration is a message.
func BenchmarkPushChainPop(b *testing.B) {
	var p mailbox.Pool[payload16]
	var own mailbox.Cache[payload16]
	for name, c := range map[string]*mailbox.Cache[payload16]{"cache": &own, "nocache": nil} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var box mailbox.Mailbox[payload16, error]
			for left := b.N; left > 0; left -= 64 {
				chain := mailbox.NewChain(&p, c)
				for range 64 {
					chain.Add(payload16{})
				}
				box.PushChain(&chain)
				for range 64 {
					if _, ok := box.Pop(&p, &own); !ok || box.HasControl() {
						b.Fatal("lost")
					}
				}
				if !box.Sleep() {
					b.Fatal("awake")
				}
			}
		})
	}
}

func BenchmarkPushPopControl(b *testing.B) {
	b.ReportAllocs()
	var box mailbox.Mailbox[payload16, error]
	for b.Loop() {
		box.PushControl(mailbox.Stop, nil)
		if _, _, ok := box.PopControl(); !ok || !box.Sleep() {
			b.Fatal("lost")
		}
	}
}

const benchRound = 1 << 17 // messages that an iteration of BenchmarkFanIn sends

// Producers with a Cache each against one consumer that sleeps on a channel; an iteration is 131,072 messages.
func BenchmarkFanIn(b *testing.B) {
	for _, producers := range []int{1, 4, 100} {
		for _, bound := range []int{0, 1024} {
			b.Run(fmt.Sprintf("%d/%s", producers, modeName(bound)), func(b *testing.B) { fanIn(b, producers, bound) })
		}
		b.Run(fmt.Sprintf("%d/chan1024", producers), func(b *testing.B) { fanInChan(b, producers) })
	}
}

func perMessage(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRound, "ns/msg")
}

func produce(producers int, f func()) *sync.WaitGroup {
	var wg sync.WaitGroup
	for range producers {
		wg.Go(f)
	}
	return &wg
}

func fanIn(b *testing.B, producers, bound int) {
	b.ReportAllocs()
	var box mailbox.Mailbox[payload16, error]
	var p mailbox.Pool[payload16]
	var out mailbox.Cache[payload16]
	if bound > 0 {
		_ = box.Bound(bound)
	}
	runq := make(chan struct{}, 1)
	each := benchRound / producers
	for b.Loop() {
		wg := produce(producers, func() {
			var c mailbox.Cache[payload16]
			for range each {
				o := box.Push(&p, &c, payload16{})
				for o == mailbox.Full {
					_ = box.WaitRoom(context.Background())
					o = box.Push(&p, &c, payload16{})
				}
				if o == mailbox.Wake {
					runq <- struct{}{}
				}
			}
		})
		for left := producers * each; left > 0; {
			<-runq
			for {
				if !box.HasControl() {
					if _, ok := box.Pop(&p, &out); ok {
						left--
						continue
					}
				}
				if box.Sleep() {
					break
				}
			}
		}
		wg.Wait()
	}
	perMessage(b)
}

func fanInChan(b *testing.B, producers int) {
	b.ReportAllocs()
	c := make(chan payload16, 1024)
	each := benchRound / producers
	for b.Loop() {
		wg := produce(producers, func() {
			for range each {
				c <- payload16{}
			}
		})
		for range producers * each {
			<-c
		}
		wg.Wait()
	}
	perMessage(b)
}
