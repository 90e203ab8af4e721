//go:build interleave

package weave

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options say how a program is explored. The zero value is good.
type Options struct {
	// Bound is the greatest number of preemptions: switches away from a thread that could go on. -1 means none.
	// Defaults to 3.
	Bound int
	// Random, if not 0, explores so many random schedules (PCT) instead, for programs with more threads.
	Random int
	// Depth is the number of ordered steps that a bug needs for which Random looks.
	// Defaults to 3.
	Depth int
	// Seed is where Random begins: execution i is drawn from Seed+i.
	// Defaults to 1.
	Seed uint64
	// Full turns the partial-order reduction off: every schedule within Bound. It is needed where threads meet in
	// things that are not of this package, such as the cancellation of a context.
	Full bool
	// Steps is where an execution counts as one that does not end.
	// Defaults to 20,000.
	Steps int
	// Limit is the number of executions after which an exploration is given up as too large.
	// Defaults to 3,000,000.
	Limit int
}

func (o Options) resolve() Options {
	defaults := func(field *int, standard int) {
		if *field == 0 {
			*field = standard
		}
	}
	defaults(&o.Bound, 3)
	defaults(&o.Depth, 3)
	defaults(&o.Steps, maxSteps)
	defaults(&o.Limit, 3_000_000)
	if o.Seed == 0 {
		o.Seed = 1
	}
	return o
}

// Report is what an exploration has come to.
type Report struct {
	Schedules   int // executions with up to Preemptions preemptions, or random ones
	Preemptions int // the bound that was gone through, or at which it failed; of no meaning when Random
	Complete    bool
	Random      bool
	Failure     *Failure // nil: none was found
	Took        time.Duration
}

// String says in one line how much was explored.
func (r Report) String() string {
	took := r.Took.Round(time.Millisecond)
	switch {
	case r.Random:
		return fmt.Sprintf("%d random schedules, %v", r.Schedules, took)
	case !r.Complete:
		return fmt.Sprintf("not complete: %d schedules with up to %d preemptions, %v", r.Schedules, r.Preemptions, took)
	}
	return fmt.Sprintf("complete within %d preemptions: %d schedules, %v", r.Preemptions, r.Schedules, took)
}

// Failure is an execution that went wrong.
type Failure struct {
	What     string // the panic, the failed assertion, the deadlock
	Schedule string // for replay
	Seed     uint64 // the random schedule's
	Table    string // the steps
}

// String describes the failure, its schedule last.
func (f *Failure) String() string {
	return fmt.Sprintf("%s\n\n%s\n%s='%s' replays it", strings.TrimSpace(f.What), f.Table, replayVariable, f.Schedule)
}

// replayVariable is the environment variable that has a test run one schedule, and print it.
const replayVariable = "WEAVE"

// Explore runs the program that body makes in every schedule that opts allow, and fails the test with the first
// one that goes wrong. body makes fresh objects and adds threads to its Run each time; it must do the same each
// time.
func Explore(t testing.TB, opts Options, body func(*Run)) {
	t.Helper()
	if text := os.Getenv(replayVariable); text != "" {
		p, err := parsePath(text)
		if err != nil {
			t.Fatal(err)
		}
		r := once(body, opts.resolve(), p)
		t.Logf("%s\n%s", r.failed, r.table())
		if r.failed != "" {
			t.Fail()
		}
		return
	}
	report := Check(opts, body)
	switch {
	case report.Failure != nil:
		t.Fatalf("schedule %d, %d preemptions: %v", report.Schedules, report.Preemptions, report.Failure)
	case !report.Random && !report.Complete:
		t.Fatal(report)
	}
	t.Log(report)
}

var exploring sync.Mutex // one exploration at a time

// Check is Explore that leaves the verdict to the caller.
func Check(opts Options, body func(*Run)) Report {
	exploring.Lock()
	defer exploring.Unlock()
	opts = opts.resolve()
	begin := time.Now()
	var report Report
	if opts.Random > 0 {
		report = random(opts, body)
	} else {
		report = exhaust(opts, body)
	}
	report.Took = time.Since(begin)
	return report
}

// exhaust searches with no preemption, then with one, and so on: what it finds first has the fewest.
func exhaust(opts Options, body func(*Run)) (report Report) {
	for bound := range max(opts.Bound, 0) + 1 {
		report = Report{Preemptions: bound}
		s := search{bound: bound, full: opts.Full}
		for more := true; more; more = s.next() {
			if report.Schedules == opts.Limit {
				return report
			}
			r := execute(body, &s, opts.Steps, false)
			report.Schedules++
			if r.failed != "" {
				report.Failure = explain(r, body, opts)
				return report
			}
		}
	}
	report.Complete = true
	return report
}

func random(opts Options, body func(*Run)) Report {
	report := Report{Random: true}
	steps := 1
	for i := range opts.Random {
		seed := opts.Seed + uint64(i)
		r := execute(body, newPriorities(seed, opts.Depth, steps), opts.Steps, false)
		steps = max(steps, r.steps)
		report.Schedules++
		if r.failed != "" {
			report.Failure = explain(r, body, opts)
			report.Failure.Seed = seed
			break
		}
	}
	return report
}

// once replays a path, with a trace.
func once(body func(*Run), opts Options, p path) *Run {
	return execute(body, &replay{path: slices.Clone(p)}, opts.Steps, true)
}

// explain runs a failure again, for its table.
func explain(r *Run, body func(*Run), opts Options) *Failure {
	again := once(body, opts, r.path)
	f := &Failure{What: again.failed, Schedule: r.path.String(), Table: again.table()}
	if again.failed == "" || again.steps != r.steps {
		f.What = fmt.Sprintf("uncontrolled nondeterminism: first %q, and with the same schedule %q", r.failed, again.failed)
	}
	return f
}
