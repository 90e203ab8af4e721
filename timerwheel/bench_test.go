package timerwheel_test

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ractor-go/ractor/timerwheel"
)

// Each benchmark runs the wheel beside container/heap, and beside the runtime's
// timers where these can do the same. All but Advance hold a million timers, at
// random distances of up to a minute in milliseconds.
const (
	armed  = 1_000_000
	minute = 60_000
)

// heapTimers is the baseline: a binary heap with indices, so that it can remove.
type heapTimers []*heapTimer

type heapTimer struct {
	tick  int64
	seq   uint64
	index int
}

func (h heapTimers) Len() int { return len(h) }
func (h heapTimers) Less(i, j int) bool {
	if h[i].tick != h[j].tick {
		return h[i].tick < h[j].tick
	}
	return h[i].seq < h[j].seq
}
func (h heapTimers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *heapTimers) Push(x any) {
	t := x.(*heapTimer)
	t.index = len(*h)
	*h = append(*h, t)
}
func (h *heapTimers) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return t
}

type (
	benchNode  = timerwheel.Node[uint64]
	benchWheel = timerwheel.Wheel[uint64]
)

// ticks is a supply of random ticks, drawn before the clock runs.
func ticks(limit int64) func() int64 {
	rng := rand.New(rand.NewPCG(3, 3))
	drawn := make([]int64, 1<<16)
	for i := range drawn {
		drawn[i] = rng.Int64N(limit)
	}
	i := 0
	return func() int64 {
		i++
		return drawn[i&(1<<16-1)]
	}
}

// BenchmarkInsert arms timers beside a million others; the op has no cancel.
func BenchmarkInsert(b *testing.B) {
	b.Run("wheel", func(b *testing.B) {
		w, nodes, tick := new(benchWheel), make([]benchNode, 2*armed), ticks(minute)
		for i := range nodes[:armed] {
			w.Insert(&nodes[i], tick())
		}
		b.ReportAllocs()
		i := armed
		for b.Loop() {
			if i == len(nodes) {
				b.StopTimer()
				for i = armed; i < len(nodes); i++ {
					w.Remove(&nodes[i])
				}
				i = armed
				b.StartTimer()
			}
			w.Insert(&nodes[i], tick())
			i++
		}
	})
	b.Run("heap", func(b *testing.B) {
		h, all, tick := make(heapTimers, 0, 2*armed), make([]heapTimer, 2*armed), ticks(minute)
		for i := range all[:armed] {
			all[i].tick = tick()
			heap.Push(&h, &all[i])
		}
		b.ReportAllocs()
		i := armed
		for b.Loop() {
			if i == len(all) {
				b.StopTimer()
				for i = armed; i < len(all); i++ {
					heap.Remove(&h, all[i].index)
				}
				i = armed
				b.StartTimer()
			}
			all[i].tick = tick()
			heap.Push(&h, &all[i])
			i++
		}
	})
}

// BenchmarkCancel removes timers, oldest first, of a million and fewer.
func BenchmarkCancel(b *testing.B) {
	b.Run("wheel", func(b *testing.B) {
		w, nodes, tick := new(benchWheel), make([]benchNode, armed), ticks(minute)
		b.ReportAllocs()
		i := armed
		for b.Loop() {
			if i == armed {
				b.StopTimer()
				for i = range nodes {
					w.Insert(&nodes[i], tick())
				}
				i = 0
				b.StartTimer()
			}
			w.Remove(&nodes[i])
			i++
		}
	})
	b.Run("heap", func(b *testing.B) {
		h, all, tick := make(heapTimers, 0, armed), make([]heapTimer, armed), ticks(minute)
		b.ReportAllocs()
		i := armed
		for b.Loop() {
			if i == armed {
				b.StopTimer()
				h = h[:0]
				for i = range all {
					all[i].tick = tick()
					heap.Push(&h, &all[i])
				}
				i = 0
				b.StartTimer()
			}
			heap.Remove(&h, all[i].index)
			i++
		}
	})
}

// BenchmarkInsertCancel arms and cancels one timer beside a million others: what
// a call that is answered in time costs.
func BenchmarkInsertCancel(b *testing.B) {
	b.Run("wheel", func(b *testing.B) {
		w, nodes, tick := new(benchWheel), make([]benchNode, armed+1), ticks(minute)
		for i := range nodes[:armed] {
			w.Insert(&nodes[i], tick())
		}
		n := &nodes[armed]
		b.ReportAllocs()
		for b.Loop() {
			w.Insert(n, tick())
			w.Remove(n)
		}
	})
	b.Run("heap", func(b *testing.B) {
		h, all, tick := make(heapTimers, 0, armed+1), make([]heapTimer, armed+1), ticks(minute)
		for i := range all[:armed] {
			all[i].tick = tick()
			heap.Push(&h, &all[i])
		}
		t := &all[armed]
		b.ReportAllocs()
		for b.Loop() {
			t.tick = tick()
			heap.Push(&h, t)
			heap.Remove(&h, t.index)
		}
	})
	b.Run("AfterFunc", func(b *testing.B) {
		all, tick := make([]*time.Timer, armed), ticks(minute)
		far := func() time.Duration { return time.Hour + time.Duration(tick())*time.Millisecond }
		for i := range all {
			all[i] = time.AfterFunc(far(), func() {})
		}
		b.ReportAllocs()
		for b.Loop() {
			time.AfterFunc(far(), func() {}).Stop()
		}
		b.StopTimer()
		for _, t := range all {
			t.Stop()
		}
	})
}

// BenchmarkAdvance fires a million timers that are spread over 1,000 ticks, a
// tick at a time; an op is one timer.
func BenchmarkAdvance(b *testing.B) {
	const spread = 1000
	b.Run("wheel", func(b *testing.B) {
		w, nodes, tick := new(benchWheel), make([]benchNode, armed), ticks(spread)
		now := int64(0)
		b.ReportAllocs()
		for b.Loop() {
			if w.Len() == 0 {
				b.StopTimer()
				for i := range nodes {
					w.Insert(&nodes[i], now+1+tick())
				}
				b.StartTimer()
			}
			for w.Pop(now) == nil {
				now++
			}
		}
	})
	b.Run("heap", func(b *testing.B) {
		h, all, tick := make(heapTimers, 0, armed), make([]heapTimer, armed), ticks(spread)
		b.ReportAllocs()
		for b.Loop() {
			if len(h) == 0 {
				b.StopTimer()
				for i := range all {
					all[i].tick, all[i].seq = tick(), uint64(i)
					heap.Push(&h, &all[i])
				}
				b.StartTimer()
			}
			heap.Pop(&h)
		}
	})
}
