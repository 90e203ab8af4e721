package factory

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"
)

// Config describes a factory; only NewWorker is required. Its functions, but for
// NewWorker, run inside the factory: they must be quick, and must not wait for
// the factory itself (Submit, Resize, Update; a Cast to its Ref is fine). A
// panic of one is logged and does no harm to the factory.
type Config[J any] struct {
	// NewWorker makes worker id, also each time that it has to be replaced
	// (row FA1). It must give a new value each time; the same pointer again
	// is ErrSamePointer. It runs where the worker starts, not in the factory.
	NewWorker func(id int) Worker[J]

	// Workers is the size of the pool, at most MaxWorkers. To begin with none,
	// call Resize(ctx, 0) before the first Submit.
	// Defaults to GOMAXPROCS.
	Workers int

	// Blocks says that Do waits (for a disk, a peer): it is then run under
	// actor.Blocking, and other actors do not have to wait until the monitor
	// has noticed. It costs some 100 ns a job.
	// Defaults to false: Do computes.
	Blocks bool

	// Router chooses the worker. One value belongs to one factory.
	// Defaults to Queuer().
	Router Router

	// Key tells which jobs belong together; the keyed routers require it.
	// Defaults to no keys: "" for all.
	Key func(job J) string

	// Priority puts a job into one of the lanes 0 (first) to MaxPriority
	// (last); what lies outside goes to the nearer of these. Within a lane it
	// is first come, first served (row FA14).
	// Defaults to lane 0 for all.
	Priority func(job J) int

	// Limit is how many jobs may wait in one queue: the shared one, and each
	// worker's own (row FA18). NoQueue accepts only what a worker can begin
	// at once (row FA17). Retries and jobs that move do not count as new.
	// Defaults to no limit.
	Limit int

	// Discard is which job goes when a queue is full.
	// Defaults to Newest.
	Discard Discard

	// Essential tells jobs that Newest never refuses; they exceed the limit
	// (row FA15). Oldest ignores it (row FA16).
	// Defaults to none.
	Essential func(job J) bool

	// Rate is how many jobs are accepted in a time; more are refused, not
	// delayed (row FA12).
	// Defaults to any number.
	Rate Rate

	// TTL is how long a job may wait for its worker, from the moment when it
	// was sent, retries included (row FA22).
	// Defaults to for ever.
	TTL time.Duration

	// Retry says what happens to a job that was not done.
	// Defaults to no retry.
	Retry Retry

	// StuckAfter is the dead man's switch: a worker that has been at one job
	// for longer is killed and replaced (row FA25). The job is retried or
	// discarded when the old worker has let go of it, at the latest after
	// actor.Config.KillGrace.
	// Defaults to never.
	StuckAfter time.Duration

	// KeepStuck makes the dead man's switch only count and log.
	// Defaults to false.
	KeepStuck bool

	// Shutdown is how long jobs under way may take when the factory is
	// stopped; then their workers are killed.
	// Defaults to 5s.
	Shutdown time.Duration

	// OnDone is told of each attempt that has ended: with nil the job is done;
	// with an error (Do's, or the reason of the worker's death) it is retried,
	// or OnDiscard comes next.
	// Defaults to nobody being told.
	OnDone func(job J, err error)

	// OnDiscard is told of each job that will not be done, and why; also of
	// those that Submit has refused.
	// Defaults to nobody being told.
	OnDiscard func(job J, why Reason)

	// OnStarted runs before the first job; OnDraining when Drain is first
	// asked for; OnStopped when all workers have ended after a stop or drain,
	// not after a kill (row FA28).
	// Default to nothing.
	OnStarted, OnDraining, OnStopped func()

	// Capacity returns how many workers there should be; 0 and less change
	// nothing (row FA24). AdaptLimit returns a new Limit (row FA19). Observe
	// just looks (row FA29). Each is asked every ControlEvery, in this order.
	// Default to nothing.
	Capacity   func(now Stats) int
	AdaptLimit func(now Stats) int
	Observe    func(now Stats)

	// ControlEvery is the period of the three.
	// Defaults to 100ms.
	ControlEvery time.Duration
}

const (
	// MaxWorkers bounds a pool.
	MaxWorkers = 1_000_000
	// MaxPriority is the last lane.
	MaxPriority = 63
	// NoQueue is the Limit with which no job waits.
	NoQueue = -1

	defaultShutdown = 5 * time.Second
	defaultControl  = 100 * time.Millisecond
	defaultBackoff  = time.Minute // of Retry.MaxBackoff
)

// Discard is a rule for full queues.
type Discard uint8

const (
	// Newest refuses the job that comes.
	Newest Discard = iota
	// Oldest takes it, and discards the oldest one of the last lane. If that
	// is the job itself, it is refused.
	Oldest
)

// String returns the rule's name.
func (d Discard) String() string {
	switch d {
	case Newest:
		return "newest"
	case Oldest:
		return "oldest"
	}
	return fmt.Sprintf("Discard(%d)", uint8(d))
}

// Retry says how often a job is tried again, after an error of Do or the death
// of its worker, and when: a job ends after Max retries, however it fails. It
// waits among the others, at the end of its lane.
type Retry struct {
	Max        int           // 0 is none
	Backoff    time.Duration // before the first retry, doubled for each further one; 0 is at once
	MaxBackoff time.Duration // the longest; 0 is a minute
}

// ErrConfig says that a field of a Config is of no use; it comes wrapped with the
// field's name and value.
var ErrConfig = errors.New("factory: bad configuration")

// resolve returns the configuration with its defaults, or what is wrong with it.
func (c Config[J]) resolve() (Config[J], error) {
	if c.NewWorker == nil {
		return c, fmt.Errorf("%w: NewWorker is nil", ErrConfig)
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Router == nil {
		c.Router = Queuer()
	}
	if _, keyed := c.Router.(keyed); keyed && c.Key == nil {
		return c, fmt.Errorf("%w: Key is nil, and the router %v needs one", ErrConfig, c.Router)
	}
	for _, f := range []struct {
		name     string
		v        int
		min, max int
	}{
		{"Workers", c.Workers, 1, MaxWorkers},
		{"Limit", c.Limit, NoQueue, math.MaxInt},
		{"Discard", int(c.Discard), int(Newest), int(Oldest)},
		{"Rate.Jobs", c.Rate.Jobs, 0, math.MaxInt},
		{"Rate.Burst", c.Rate.Burst, 0, math.MaxInt},
		{"Retry.Max", c.Retry.Max, 0, math.MaxInt},
	} {
		if f.v < f.min || f.v > f.max {
			return c, fmt.Errorf("%w: %s is %d: want %d to %d", ErrConfig, f.name, f.v, f.min, f.max)
		}
	}
	for _, f := range []struct {
		name     string
		v        *time.Duration
		standard time.Duration
	}{
		{"Rate.Per", &c.Rate.Per, 0},
		{"TTL", &c.TTL, 0},
		{"Retry.Backoff", &c.Retry.Backoff, 0},
		{"Retry.MaxBackoff", &c.Retry.MaxBackoff, defaultBackoff},
		{"StuckAfter", &c.StuckAfter, 0},
		{"Shutdown", &c.Shutdown, defaultShutdown},
		{"ControlEvery", &c.ControlEvery, defaultControl},
	} {
		if *f.v < 0 {
			return c, fmt.Errorf("%w: %s is %v: want a positive duration, or 0 for the default", ErrConfig, f.name, *f.v)
		}
		if *f.v == 0 {
			*f.v = f.standard
		}
	}
	if c.Rate.Jobs > 0 && c.Rate.Per == 0 {
		return c, fmt.Errorf("%w: Rate is %d jobs per 0s: want a positive duration", ErrConfig, c.Rate.Jobs)
	}
	return c, nil
}

// limited says whether queues are bounded, and to how many jobs.
func (c *Config[J]) limited() (limit int, ok bool) {
	if c.Limit == NoQueue {
		return 0, true
	}
	return c.Limit, c.Limit > 0
}
