package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// heapSample is the live heap at one moment: after a full collection, and with
// nothing under way, so that two samples are of the same state.
type heapSample struct {
	At    time.Duration `json:"at"`
	Bytes float64       `json:"bytes"`
}

// The rule by which a live heap has grown. Two things must come together:
//
//   - It rises. The median of the slopes between any two samples (Theil and
//     Sen), over the time of all of them, comes to more than heapTolerance, or
//     heapShare of the median sample if that is more. A median, since one
//     sample with a stray buffer in it must not make a line. A tolerance, since
//     what the runtime keeps of the greatest number of goroutines that there
//     has been, and pools and tables that double, go on settling for a while;
//     and the spares that happen to be there have free lists: some hundred
//     kilobytes each, to and fro, not for each message.
//   - The rise is no accident. Of all pairs of samples so many more rise than
//     fall (Mann and Kendall) as would happen by chance once in a thousand
//     times: heapSigma standard deviations.
//
// The first heapWarmUp of the samples are not judged: pools fill. So a leak is
// found if it comes to the tolerance within the rest of the time: 50 bytes for
// each of a thousand messages a second are sixty times that in half an hour.
const (
	heapTolerance = 1 << 20
	heapShare     = 0.05
	heapSigma     = 3.1
	heapWarmUp    = 0.25
	heapLeast     = 8 // samples; of fewer nothing can be said
)

// heapVerdict is what the rule says.
type heapVerdict struct {
	Samples   int     `json:"samples"`   // that were judged
	Median    float64 `json:"median"`    // bytes
	Rise      float64 `json:"rise"`      // bytes, over the time of the samples judged
	Sigma     float64 `json:"sigma"`     // how far from chance
	Tolerance float64 `json:"tolerance"` // bytes
	Grows     bool    `json:"grows"`
}

// judgeHeap applies the rule.
func judgeHeap(samples []heapSample) heapVerdict {
	samples = samples[int(heapWarmUp*float64(len(samples))):]
	v := heapVerdict{Samples: len(samples), Tolerance: heapTolerance}
	if len(samples) < heapLeast {
		return v
	}
	n := float64(len(samples))
	var slopes, sizes []float64
	rising := 0.0
	for i, a := range samples {
		sizes = append(sizes, a.Bytes)
		for _, b := range samples[i+1:] {
			slopes = append(slopes, (b.Bytes-a.Bytes)/float64(b.At-a.At))
			switch {
			case b.Bytes > a.Bytes:
				rising++
			case b.Bytes < a.Bytes:
				rising--
			}
		}
	}
	v.Median = middleOf(sizes)
	v.Tolerance = max(heapTolerance, heapShare*v.Median)
	v.Rise = middleOf(slopes) * float64(samples[len(samples)-1].At-samples[0].At)
	v.Sigma = rising / math.Sqrt(n*(n-1)*(2*n+5)/18) // its deviation where there is no trend
	v.Grows = v.Rise > v.Tolerance && v.Sigma > heapSigma
	return v
}

func middleOf(values []float64) float64 {
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

func (v heapVerdict) String() string {
	switch {
	case v.Samples < heapLeast:
		return fmt.Sprintf("not judged: %d samples after warm-up, want %d", v.Samples, heapLeast)
	case v.Grows:
		return fmt.Sprintf("GROWS: by %s over %d samples around %s (tolerance %s), %.1f sigma",
			mebibytes(v.Rise), v.Samples, mebibytes(v.Median), mebibytes(v.Tolerance), v.Sigma)
	default:
		return fmt.Sprintf("level: %s over %d samples around %s (tolerance %s), %.1f sigma",
			mebibytes(v.Rise), v.Samples, mebibytes(v.Median), mebibytes(v.Tolerance), v.Sigma)
	}
}

func mebibytes(bytes float64) string { return fmt.Sprintf("%.2f MiB", bytes/(1<<20)) }
