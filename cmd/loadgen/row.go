package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// row is what is reported of one variant: an object of the JSON array, a line
// of the table. A nil pointer is what does not apply.
type row struct {
	Scenario string    `json:"scenario"`
	Variant  string    `json:"variant,omitempty"`
	Config   rowConfig `json:"config"`
	Actors   int       `json:"actors"`
	Messages int64     `json:"messages"`
	Runs     int       `json:"runs"`

	Seconds     *float64 `json:"seconds,omitempty"`
	OpsPerSec   *float64 `json:"ops_per_sec,omitempty"`
	NsPerOp     *float64 `json:"ns_per_op,omitempty"`
	NsPerOpMin  *float64 `json:"ns_per_op_min,omitempty"`
	NsPerOpMax  *float64 `json:"ns_per_op_max,omitempty"`
	CPUNsPerOp  *float64 `json:"cpu_ns_per_op,omitempty"`
	AllocsPerOp *float64 `json:"allocs_per_op,omitempty"`

	HeapPerActor     *float64 `json:"bytes_per_actor_heap,omitempty"`
	ResidentPerActor *float64 `json:"bytes_per_actor_rss,omitempty"`
	GCFull           *float64 `json:"gc_full_ms,omitempty"`
	CPUPercent       *float64 `json:"cpu_percent,omitempty"`

	P50  *int64 `json:"p50_ns,omitempty"`
	P99  *int64 `json:"p99_ns,omitempty"`
	P999 *int64 `json:"p999_ns,omitempty"`
	Max  *int64 `json:"max_ns,omitempty"`

	Checks map[string]float64 `json:"checks"`

	BaselineNsPerOp          *float64 `json:"baseline_ns_per_op,omitempty"`
	Ratio                    *float64 `json:"ratio,omitempty"`
	BaselineCapacity         *int     `json:"baseline_capacity,omitempty"`
	BaselineHeapPerActor     *float64 `json:"baseline_bytes_per_actor_heap,omitempty"`
	BaselineResidentPerActor *float64 `json:"baseline_bytes_per_actor_rss,omitempty"`
	BaselineGCFull           *float64 `json:"baseline_gc_full_ms,omitempty"`
	BaselineCPUNsPerOp       *float64 `json:"baseline_cpu_ns_per_op,omitempty"`

	NotRun notRunError `json:"not_run,omitempty"` // why there are no figures

	failures []string
}

// rowConfig is all that decided the run: the resolved sched.Config, the
// processors, and the sizes that the variant uses beside actors and messages.
type rowConfig struct {
	sched.Config

	GOMAXPROCS int           `json:"gomaxprocs"`
	Producers  int           `json:"producers,omitempty"`
	Rate       int64         `json:"rate,omitempty"`
	Duration   time.Duration `json:"duration,omitempty"`
	Bound      int           `json:"bound,omitempty"`
	Overflow   string        `json:"overflow,omitempty"`
}

// newRow makes a row of the trials of a job.
func newRow(j job, ours, theirs []findings) row {
	s := j.size
	r := row{
		Scenario: j.scenario.name,
		Variant:  j.variant.name,
		Config: rowConfig{
			Config: j.config, GOMAXPROCS: runtime.GOMAXPROCS(0),
			Producers: s.Producers, Rate: s.Rate, Duration: s.Duration, Bound: s.Bound, Overflow: s.Overflow,
		},
		Actors:   s.Actors,
		Messages: s.Messages,
		Runs:     len(ours),
		Checks:   map[string]float64{},
	}
	if j.variant.actors != nil {
		r.Actors = j.variant.actors(s)
	}
	for i, f := range ours {
		for _, what := range f.Failures {
			r.failures = append(r.failures, fmt.Sprintf("run %d: %s", i+1, what))
		}
	}
	for i, f := range theirs {
		for _, what := range f.Failures {
			r.failures = append(r.failures, fmt.Sprintf("run %d, baseline: %s", i+1, what))
		}
	}
	if len(ours) > 0 && ours[0].NotRun != "" {
		r.NotRun, r.Runs = ours[0].NotRun, 0
	}
	if shown := worst(ours); shown != nil {
		r.Checks = shown.Checks
		if shown.Ops > 0 {
			r.Messages = shown.Ops
		}
	}

	r.Seconds = median(ours, func(f findings) *float64 { return some(f.Wall.Seconds(), f.Ops > 0) })
	if r.Seconds != nil && j.variant.pace != waiting {
		r.OpsPerSec = some(float64(r.Messages) / *r.Seconds, *r.Seconds > 0)
	}
	if j.variant.pace == closed {
		r.NsPerOp = median(ours, nsPerOp)
		r.NsPerOpMin, r.NsPerOpMax = spread(ours, nsPerOp)
		r.BaselineNsPerOp = median(theirs, nsPerOp)
		if r.NsPerOp != nil && r.BaselineNsPerOp != nil {
			r.Ratio = some(*r.NsPerOp / *r.BaselineNsPerOp, *r.BaselineNsPerOp > 0)
		}
	}
	if j.variant.pace != open { // there the generator never rests
		r.CPUNsPerOp = median(ours, cpuPerOp)
	}
	r.AllocsPerOp = median(ours, func(f findings) *float64 {
		return some(math.Round(1e4*float64(f.Mallocs)/float64(f.Ops))/1e4, f.Ops > 0)
	})
	r.HeapPerActor = median(ours, func(f findings) *float64 { return f.Heap })
	r.ResidentPerActor = median(ours, func(f findings) *float64 { return f.Resident })
	r.GCFull = median(ours, func(f findings) *float64 { return f.GC })
	r.CPUPercent = median(ours, func(f findings) *float64 { return f.CPUPercent })

	r.P50 = percentile(ours, func(p *percentiles) int64 { return p.P50 })
	r.P99 = percentile(ours, func(p *percentiles) int64 { return p.P99 })
	r.P999 = percentile(ours, func(p *percentiles) int64 { return p.P999 })
	for _, f := range ours { // the worst of all runs: a median would hide it
		if f.Latency != nil && (r.Max == nil || f.Latency.Max > *r.Max) {
			r.Max = &f.Latency.Max
		}
	}

	if len(theirs) > 0 {
		r.BaselineCapacity = some(j.variant.capacity, j.variant.capacity > 0)
		r.BaselineHeapPerActor = median(theirs, func(f findings) *float64 { return f.Heap })
		r.BaselineResidentPerActor = median(theirs, func(f findings) *float64 { return f.Resident })
		r.BaselineGCFull = median(theirs, func(f findings) *float64 { return f.GC })
		r.BaselineCPUNsPerOp = median(theirs, cpuPerOp)
	}
	return r
}

// worst is the first run that failed, or else the last: its checks are shown.
func worst(fs []findings) *findings {
	for i := range fs {
		if len(fs[i].Failures) > 0 {
			return &fs[i]
		}
	}
	if len(fs) == 0 {
		return nil
	}
	return &fs[len(fs)-1]
}

func nsPerOp(f findings) *float64 { return some(float64(f.Wall)/float64(f.Ops), f.Ops > 0) }

func cpuPerOp(f findings) *float64 {
	if f.CPU == nil || f.Ops == 0 {
		return nil
	}
	return some(float64(*f.CPU)/float64(f.Ops), true)
}

// some is v, or nil where it does not apply.
func some[T any](v T, applies bool) *T {
	if !applies {
		return nil
	}
	return &v
}

// values are the figures that the runs have, in order.
func values(fs []findings, of func(findings) *float64) []float64 {
	var vs []float64
	for _, f := range fs {
		if v := of(f); v != nil {
			vs = append(vs, *v)
		}
	}
	slices.Sort(vs)
	return vs
}

// median is the middle one of the runs' figures, or the mean of the two in
// the middle; nil where no run has one.
func median(fs []findings, of func(findings) *float64) *float64 {
	vs := values(fs, of)
	if len(vs) == 0 {
		return nil
	}
	middle := len(vs) / 2
	if len(vs)%2 == 1 {
		return &vs[middle]
	}
	return some((vs[middle-1]+vs[middle])/2, true)
}

func spread(fs []findings, of func(findings) *float64) (least, most *float64) {
	vs := values(fs, of)
	if len(vs) == 0 {
		return nil, nil
	}
	return &vs[0], &vs[len(vs)-1]
}

func percentile(fs []findings, of func(*percentiles) int64) *int64 {
	m := median(fs, func(f findings) *float64 {
		if f.Latency == nil {
			return nil
		}
		return some(float64(of(f.Latency)), true)
	})
	if m == nil {
		return nil
	}
	return some(int64(*m), true)
}
