package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// job is one variant to run, and how.
type job struct {
	scenario *scenario
	variant  *variant
	size     size
	config   sched.Config // resolved
	runs     int
	baseline bool
}

func (j job) title() string { return title(j.scenario, j.variant) }

// steps is how many trials the job takes.
func (j job) steps() int {
	if j.baseline && j.variant.theirs != nil {
		return 2 * j.runs
	}
	return j.runs
}

// errTooLong is why a trial is given up: it would have to be over long since.
var errTooLong = errors.New("given up: it takes far too long")

// limit is how long a trial may take before it is given up. It is there so
// that lost work ends in an account, not in a hang.
func (j job) limit() time.Duration {
	each := 20e-6 * (float64(j.size.Messages) + float64(j.size.Actors)) // seconds
	return time.Duration(min(float64(time.Minute+2*j.size.Duration)+each*float64(time.Second), math.MaxInt64/2))
}

// do runs the job's trials, ours and theirs in turn; no more of them where ours
// cannot be run.
func (j job) do(ctx context.Context, show *progress) row {
	var ours, theirs []findings
	for i := range j.runs {
		show.step(fmt.Sprintf("%s, run %d of %d", j.title(), i+1, j.runs))
		ours = append(ours, j.trial(ctx, false, show))
		if ours[i].NotRun != "" {
			break
		}
		if j.baseline && j.variant.theirs != nil {
			show.step(fmt.Sprintf("%s, run %d of %d, baseline", j.title(), i+1, j.runs))
			theirs = append(theirs, j.trial(ctx, true, show))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return newRow(j, ours, theirs)
}

// trial runs one side once.
func (j job) trial(ctx context.Context, theirs bool, show *progress) findings {
	ctx, cancel := context.WithTimeoutCause(ctx, j.limit(), errTooLong)
	defer cancel()
	note := func(format string, args ...any) { show.line(j.title() + ": " + fmt.Sprintf(format, args...)) }
	if j.variant.fresh {
		return inChild(ctx, j, theirs, note)
	}
	return j.here(ctx, theirs, note)
}

// here runs one side once, in this process.
func (j job) here(ctx context.Context, theirs bool, note func(string, ...any)) findings {
	t := newTrial(j.size, j.config, note)
	work := j.variant.ours
	if theirs {
		work = j.variant.theirs
	}
	if err := work(ctx, t); err != nil && !errors.As(err, &t.found.NotRun) {
		t.failf("%v", err)
	}
	return t.found
}
