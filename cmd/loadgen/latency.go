package main

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// slowest is the largest latency that a histogram tells apart.
const slowest = int64(10 * time.Minute)

// newHistogram is for latencies in nanoseconds, to three digits. It belongs to
// one goroutine; histograms are merged when all is done.
func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, slowest, 3) }

// record keeps a latency; what is out of range counts as the nearest in it.
func record(h *hdrhistogram.Histogram, nanoseconds int64) {
	// The error is for values out of range, which cannot be here.
	_ = h.RecordValue(min(max(nanoseconds, 1), slowest))
}

// percentiles is what remains of a histogram, in nanoseconds.
type percentiles struct {
	P50  int64 `json:"p50"`
	P99  int64 `json:"p99"`
	P999 int64 `json:"p999"`
	Max  int64 `json:"max"`
}

func percentilesOf(h *hdrhistogram.Histogram) *percentiles {
	return &percentiles{
		P50:  h.ValueAtQuantile(50),
		P99:  h.ValueAtQuantile(99),
		P999: h.ValueAtQuantile(99.9),
		Max:  h.Max(),
	}
}

// unset marks a sample that nobody has taken yet.
const unset = int64(-1 << 63)

// samples has a place for the latency of each message, so that a handler on
// any worker records with one store, without a lock and without a histogram's
// cache lines. A place is written by the handler of its message alone.
type samples []int64

func newSamples(n int) samples {
	s := make(samples, n)
	for i := range s {
		s[i] = unset
	}
	return s
}

// histogram makes one of the samples that were taken.
func (s samples) histogram() *hdrhistogram.Histogram {
	h := newHistogram()
	for _, v := range s {
		if v != unset {
			record(h, v)
		}
	}
	return h
}

// taken counts the samples that are set.
func (s samples) taken() int64 {
	var n int64
	for _, v := range s {
		if v != unset {
			n++
		}
	}
	return n
}
