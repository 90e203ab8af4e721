package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// trial is one run of one side: what it is to do, and what it found.
type trial struct {
	size      size
	config    sched.Config
	note      func(format string, args ...any) // a line for the reader, at once
	discarded map[string]uint64                // by reason, once the System is shut down
	found     findings
}

// findings are what a trial leaves behind. They cross from a child process as
// JSON. A nil pointer is what was not measured.
type findings struct {
	Ops        int64              `json:"ops"`
	Wall       time.Duration      `json:"wall"`
	CPU        *time.Duration     `json:"cpu"`
	Mallocs    uint64             `json:"mallocs"`
	Heap       *float64           `json:"heap"`        // bytes an actor
	Resident   *float64           `json:"resident"`    // bytes an actor
	GC         *float64           `json:"gc"`          // milliseconds
	CPUPercent *float64           `json:"cpu_percent"` // of one core
	Latency    *percentiles       `json:"latency"`
	Checks     map[string]float64 `json:"checks"`
	Failures   []string           `json:"failures"`
	NotRun     notRunError        `json:"not_run"`
}

// notRunError is why a trial cannot be done on this machine, which is no failure.
type notRunError string

func (why notRunError) Error() string { return "not run: " + string(why) }

func newTrial(s size, cfg sched.Config, note func(string, ...any)) *trial {
	return &trial{size: s, config: cfg, note: note, found: findings{Checks: map[string]float64{}}}
}

// shutdownLimit is how long a System may take to end after its work.
const shutdownLimit = time.Minute

// inSystem does work in a System of its own, which it then shuts down: from
// here on nothing runs in any actor, and their state may be read.
func (t *trial) inSystem(ctx context.Context, work func(ctx context.Context, sys *actor.System) error) error {
	sys, err := actor.NewSystem(actor.Config{Sched: t.config})
	if err != nil {
		return err
	}
	err = work(actor.WithSystem(ctx, sys), sys)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if down := sys.Shutdown(last); down != nil {
		return errors.Join(err, fmt.Errorf("shutdown: %w", down), errRunning)
	}
	left := sys.Stats()
	t.discarded = left.DeadLetters
	t.want("left_alive", left.Live, 0)
	return err
}

// errRunning marks a System that did not end, whose actors may still run.
var errRunning = errors.New("actors may still be running, so their accounts are not read")

// measure times work, which does ops ops, and nothing else. The garbage of
// what came before is collected first.
func (t *trial) measure(ops int64, work func() error) error {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, known := processorTime()
	start := time.Now()
	if err := work(); err != nil {
		return err
	}
	t.found.Wall = time.Since(start)
	if now, still := processorTime(); known && still {
		used := now - cpu
		t.found.CPU = &used
	}
	runtime.ReadMemStats(&after)
	t.found.Mallocs = after.Mallocs - before.Mallocs
	t.found.Ops = ops
	return nil
}

// latencies keeps what is of interest in a histogram.
func (t *trial) latencies(h *hdrhistogram.Histogram) { t.found.Latency = percentilesOf(h) }

// count puts a figure among the checks. It is not judged.
func (t *trial) count(name string, n int64) { t.found.Checks[name] = float64(n) }

// want puts a figure among the checks and fails the trial if it is not right.
func (t *trial) want(name string, got, right int64) {
	t.count(name, got)
	if got != right {
		t.failf("%s is %d: want %d", name, got, right)
	}
}

// failf says what is wrong with the trial.
func (t *trial) failf(format string, args ...any) {
	t.found.Failures = append(t.found.Failures, fmt.Sprintf(format, args...))
}

// ledger is the account of a trial's messages.
type ledger struct {
	sent    int64 // tried
	handled int64
	failed  int64 // in the handler
	refused int64 // to the sender
}

// balance closes the account: what was sent was handled, failed in its
// handler, was discarded (by reason, as the System counted) or was refused.
func (t *trial) balance(l ledger) {
	t.count("sent", l.sent)
	t.count("handled", l.handled)
	t.count("failed", l.failed)
	t.count("refused", l.refused)
	rest := l.sent - l.handled - l.failed - l.refused
	var discarded int64
	for _, reason := range slices.Sorted(maps.Keys(t.discarded)) {
		n := int64(t.discarded[reason])
		discarded += n
		t.count("discarded_"+strings.ReplaceAll(reason, " ", "_"), n)
	}
	t.count("discarded", discarded)
	rest -= discarded
	t.want("lost", max(rest, 0), 0)
	t.want("duplicated", max(-rest, 0), 0)
}

// await waits for the end of the work, or of the time that it may take.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// share is how many of all ops the i-th of n does, so that none is left over.
func share(all int64, n, i int) int64 {
	part := all / int64(n)
	if int64(i) < all%int64(n) {
		part++
	}
	return part
}

// scatter makes an evenly spread number of another, always the same one
// (the finalizer of splitmix64).
func scatter(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// errIsRunning says whether actors may still run, so that nobody but they may
// look at their state.
func errIsRunning(err error) bool { return errors.Is(err, errRunning) }

// unless is err, or nil if it is what was meant to happen.
func unless(err, meant error) error {
	if errors.Is(err, meant) {
		return nil
	}
	return err
}
