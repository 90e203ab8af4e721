package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ractor-go/ractor/sched"
	"github.com/stretchr/testify/require"
)

// keysOf are the names of an object of the JSON.
func keysOf(t *testing.T, r row) []string {
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(text, &object))
	var keys []string
	for k := range object {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// A row that has everything has exactly these names.
const allNames = `scenario variant config actors messages runs seconds ops_per_sec
	ns_per_op ns_per_op_min ns_per_op_max cpu_ns_per_op allocs_per_op
	bytes_per_actor_heap bytes_per_actor_rss gc_full_ms cpu_percent
	p50_ns p99_ns p999_ns max_ns checks
	baseline_ns_per_op ratio baseline_capacity baseline_bytes_per_actor_heap
	baseline_bytes_per_actor_rss baseline_gc_full_ms baseline_cpu_ns_per_op`

func names(text string) []string {
	all := strings.Fields(text)
	slices.Sort(all)
	return all
}

// full is what a trial of ns nanoseconds an op finds when it measures all.
func full(ns int64) findings {
	return findings{
		Ops: 1000, Wall: time.Duration(1000 * ns), CPU: some(time.Duration(2000*ns), true), Mallocs: 0,
		Heap: some(0.0, true), Resident: some(1.0, true), GC: some(2.0, true), CPUPercent: some(0.0, true),
		Latency: &percentiles{P50: 1, P99: 2, P999: 3, Max: ns},
		Checks:  map[string]float64{"lost": 0, "duplicated": 0},
	}
}

func jobOf(s *scenario, v *variant) job {
	cfg, _ := sched.Config{}.Resolve()
	return job{scenario: s, variant: v, size: size{Actors: 2, Messages: 1000}, config: cfg, runs: 3}
}

func TestRowNames(t *testing.T) {
	s, v := &scenario{name: "s"}, &variant{name: "v", capacity: 16}
	everything := newRow(jobOf(s, v), []findings{full(10)}, []findings{full(20)})
	require.Equal(t, names(allNames), keysOf(t, everything))

	// What does not apply is left out.
	bare := newRow(jobOf(s, &variant{}), []findings{{Ops: 10, Wall: 1, Checks: map[string]float64{}}}, nil)
	require.Equal(t, names("scenario config actors messages runs seconds ops_per_sec ns_per_op ns_per_op_min ns_per_op_max allocs_per_op checks"), keysOf(t, bare))

	// An open loop has a rate of its own, so no time an op; who waits for the
	// clock has neither.
	open := newRow(jobOf(s, &variant{pace: open}), []findings{{Ops: 10, Wall: 1, Checks: map[string]float64{}}}, nil)
	require.Equal(t, names("scenario config actors messages runs seconds ops_per_sec allocs_per_op checks"), keysOf(t, open))
	waits := newRow(jobOf(s, &variant{pace: waiting}), []findings{{Ops: 10, Wall: 1, Checks: map[string]float64{}}}, nil)
	require.Equal(t, names("scenario config actors messages runs seconds allocs_per_op checks"), keysOf(t, waits))

	// A trial that was not run has no figures, but says why.
	absent := newRow(jobOf(s, v), []findings{{NotRun: "no", Checks: map[string]float64{}}}, nil)
	require.Equal(t, names("scenario variant config actors messages runs checks not_run"), keysOf(t, absent))
	require.Zero(t, absent.Runs)

	// A trial that measured nothing, since it failed, still makes a row.
	failed := newRow(jobOf(s, v), []findings{{Failures: []string{"no"}, Checks: map[string]float64{"lost": 1}}}, nil)
	require.Equal(t, names("scenario variant config actors messages runs checks"), keysOf(t, failed))
}

func TestRowFigures(t *testing.T) {
	s, v := &scenario{name: "s"}, &variant{capacity: 16}
	ours := []findings{full(30), full(10), full(20)}
	theirs := []findings{full(100), full(80), full(40)}
	r := newRow(jobOf(s, v), ours, theirs)
	require.InDelta(t, 20.0, *r.NsPerOp, 0)
	require.InDelta(t, 10.0, *r.NsPerOpMin, 0)
	require.InDelta(t, 30.0, *r.NsPerOpMax, 0)
	require.InDelta(t, 80.0, *r.BaselineNsPerOp, 0)
	require.InDelta(t, 0.25, *r.Ratio, 0, "of the medians")
	require.InDelta(t, 40.0, *r.CPUNsPerOp, 0)
	require.InDelta(t, 160.0, *r.BaselineCPUNsPerOp, 0)
	require.InDelta(t, 5e7, *r.OpsPerSec, 1)
	require.InDelta(t, 0.0, *r.AllocsPerOp, 0, "a zero that applies is there")
	require.InDelta(t, 0.0, *r.CPUPercent, 0)
	require.Equal(t, int64(30), *r.Max, "the worst of all runs")
	require.Equal(t, 16, *r.BaselineCapacity)
	require.Equal(t, 3, r.Runs)

	even := newRow(jobOf(s, v), []findings{full(10), full(20)}, nil)
	require.InDelta(t, 15.0, *even.NsPerOp, 0)
	require.Nil(t, even.Ratio)
}

// The checks shown are those of the run that failed, whichever it was.
func TestRowShowsTheRunThatFailed(t *testing.T) {
	bad := full(10)
	bad.Checks = map[string]float64{"lost": 3}
	bad.Failures = []string{"lost is 3: want 0"}
	r := newRow(jobOf(&scenario{name: "s"}, &variant{}), []findings{full(10), bad, full(10)}, []findings{bad})
	require.InDelta(t, 3.0, r.Checks["lost"], 0)
	require.Equal(t, []string{"run 2: lost is 3: want 0", "run 1, baseline: lost is 3: want 0"}, r.failures)

	var table strings.Builder
	require.NoError(t, writeTable(&table, []row{r}))
	require.Contains(t, table.String(), "FAILED s: run 2: lost is 3: want 0")
	require.Contains(t, summary(r), "FAILED")
}

func TestTableIsAligned(t *testing.T) {
	quick := newRow(jobOf(&scenario{name: "quick"}, &variant{}), []findings{full(10)}, nil)
	slow := newRow(jobOf(&scenario{name: "slower"}, &variant{name: "one"}), []findings{full(123_456)}, []findings{full(20)})
	var b strings.Builder
	require.NoError(t, writeTable(&b, []row{quick, slow}))
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	column := strings.Index(lines[0], "checks")
	require.Positive(t, column)
	for _, line := range lines[2:] {
		require.Equal(t, "ok", string([]rune(line)[len([]rune(lines[0][:column])):][:2]), line)
	}
	require.NotContains(t, lines[0], "[min-max]", "one run has no spread")
	require.Contains(t, lines[0], "ratio")

	b.Reset()
	require.NoError(t, writeTable(&b, []row{quick}))
	require.NotContains(t, b.String(), "ratio", "a column that nobody fills is not there")
	require.NotContains(t, b.String(), "variant")
}

func TestFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 12345: "12345"} {
		require.Equal(t, want, digits(v))
	}
	for v, want := range map[float64]string{5: "5.00", 1234: "1.23k", 12_345_678: "12.3M"} {
		require.Equal(t, want, many(v))
	}
	for v, want := range map[int64]string{7: "7ns", 1500: "1.50µs", 2_500_000: "2.50ms", 3e9: "3.00s"} {
		require.Equal(t, want, span(&v))
	}
	require.Equal(t, "0", allocs(0.0004))
	require.Equal(t, "0.02", allocs(0.02))
	require.Empty(t, span(nil))
	require.Equal(t, []string{"one two", "three"}, wrap("one two three", 7))
}
