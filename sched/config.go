package sched

import (
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"time"
)

// Config tunes a Scheduler. The zero value is good: a field that is zero
// takes the default that ends its comment. Each comment says what a larger
// value buys and what it costs.
type Config struct {
	// Workers is how many workers run tasks when none of them is stuck.
	// More than there are processors only adds switches between them; fewer
	// leaves processors to the rest of the program.
	// Defaults to GOMAXPROCS.
	Workers int `yaml:"workers" json:"workers"`

	// Budget is how many messages a task may handle in one turn before it
	// goes to the end of its run queue. A larger budget keeps a mailbox in
	// cache and is faster for all together; a smaller one is fairer, so
	// that the others wait less.
	// Defaults to 64.
	Budget int `yaml:"budget" json:"budget"`

	// BacklogBudget is the budget of a task that finds more than
	// Budget messages waiting at once. A receiver that many senders outrun
	// catches up faster with a larger one; the others wait longer meanwhile.
	// Defaults to 1024.
	BacklogBudget int `yaml:"backlog_budget" json:"backlog_budget"`

	// Backlog is how many messages a mailbox may hold before its senders
	// step aside for a moment at each send: goroutines let others run, tasks
	// end their turn after the callback. Nobody is stopped. A smaller value
	// keeps messages in cache and memory flat; a larger one lets bursts
	// through at full speed.
	// Defaults to 1024.
	Backlog int `yaml:"backlog" json:"backlog"`

	// Slice is the time after which a turn ends before its budget is used
	// up. It is counted in ticks of the monitor, never by reading a clock,
	// so it is exact to one Tick. Shorter is fairer against handlers that
	// are slow; longer switches less.
	// Defaults to 2ms.
	Slice time.Duration `yaml:"slice" json:"slice"`

	// Tick is the period of the monitor, which runs only while tasks run. A
	// shorter tick finds stuck workers sooner and costs more processor time
	// (about 0.5 % of one core at 1ms).
	// Defaults to 1ms.
	Tick time.Duration `yaml:"tick" json:"tick"`

	// StallAfter is how long a worker may be in one callback before it
	// counts as stuck and a spare takes over its queue; it is found within
	// two ticks. Shorter helps the neighbours of handlers that block
	// without telling; longer starts fewer spares for handlers that only
	// compute.
	// Defaults to 1ms.
	StallAfter time.Duration `yaml:"stall_after" json:"stall_after"`

	// StallMemory is how long spares stay awake after the last stall, so
	// that a stream of short blocks is served without each being found
	// anew. Longer keeps more goroutines about.
	// Defaults to 100ms.
	StallMemory time.Duration `yaml:"stall_memory" json:"stall_memory"`

	// MaxSpares bounds the spares that stand in for stuck workers. When it
	// is reached and all spares are stuck too, the other tasks wait, and
	// OnEvent hears of it. A larger bound survives more handlers that block
	// without telling, at a goroutine and a queue each.
	// Defaults to 1000.
	MaxSpares int `yaml:"max_spares" json:"max_spares"`

	// MaxWaiters bounds the tasks that are parked in a blocking call which
	// the scheduler knows of (Block). Each costs a goroutine, not a worker.
	// The next one gets ErrTooManyWaiters at once.
	// Defaults to 1000000.
	MaxWaiters int `yaml:"max_waiters" json:"max_waiters"`

	// MaxAsync bounds the goroutines that run functions given to Async at
	// one time; further functions wait in a queue. More finish sooner when
	// they wait for something, and hold more memory.
	// Defaults to 10000.
	MaxAsync int `yaml:"max_async" json:"max_async"`

	// QueueSize is the capacity of each worker's run queue, a power of two.
	// What does not fit goes to the global queue, which is slower; a larger
	// queue takes 8 bytes for each place.
	// Defaults to 1024.
	QueueSize int `yaml:"queue_size" json:"queue_size"`

	// NextLimit is how often in a row a worker may take the task that it
	// has made runnable itself before it looks at its queue. More keeps two
	// tasks that talk to each other hot; less makes the queue wait less.
	// Defaults to 32.
	NextLimit int `yaml:"next_limit" json:"next_limit"`

	// YieldEvery is the number of turns (of Budget messages at most; a longer
	// one counts for several) after which a worker looks at the global queue
	// first, and lets other goroutines run, at the latest at the 64th time if
	// another worker is parked, whose processor they can have. Fewer shortens
	// the latency of callers outside the scheduler under full load; more
	// saves switches.
	// Defaults to 64.
	YieldEvery int `yaml:"yield_every" json:"yield_every"`

	// SpinRounds is how often a worker without work lets other goroutines
	// run and looks again before it parks. More takes work up faster and
	// burns more processor time between messages that come singly.
	// Defaults to 2.
	SpinRounds int `yaml:"spin_rounds" json:"spin_rounds"`

	// TimerTick is the grain of timers: one fires at the first tick that is
	// not before its deadline. Finer is more exact and wakes more often.
	// Defaults to 1ms.
	TimerTick time.Duration `yaml:"timer_tick" json:"timer_tick"`

	// OnEvent, if not nil, is told what an operator should know (see
	// Event). It is called on the monitor's goroutine and must not block.
	// Defaults to nobody being told.
	OnEvent func(Event) `yaml:"-" json:"-"`

	// PerCarrier, if not nil, makes what the tasks' owner keeps for each
	// carrier; see Carrier.Own.
	// Defaults to nothing being kept.
	PerCarrier func() any `yaml:"-" json:"-"`

	// Driver, if not nil, runs the tasks in place of workers: a simulation.
	// Defaults to workers.
	Driver Driver `yaml:"-" json:"-"`
}

// maxQueueSize keeps a run queue's memory within reason.
const maxQueueSize = 1 << 20

// Resolve returns the configuration with its defaults filled in, or an error
// that names the first field whose value is of no use.
func (c Config) Resolve() (Config, error) {
	counts := []struct {
		name     string
		field    *int
		standard int
	}{
		{"Workers", &c.Workers, runtime.GOMAXPROCS(0)},
		{"Budget", &c.Budget, 64},
		{"BacklogBudget", &c.BacklogBudget, 1024},
		{"Backlog", &c.Backlog, 1024},
		{"MaxSpares", &c.MaxSpares, 1000},
		{"MaxWaiters", &c.MaxWaiters, 1_000_000},
		{"MaxAsync", &c.MaxAsync, 10_000},
		{"QueueSize", &c.QueueSize, 1024},
		{"NextLimit", &c.NextLimit, 32},
		{"YieldEvery", &c.YieldEvery, 64},
		{"SpinRounds", &c.SpinRounds, 2},
	}
	for _, f := range counts {
		if *f.field < 0 {
			return c, fmt.Errorf("sched: Config.%s is %d: want a positive number, or 0 for the default %d", f.name, *f.field, f.standard)
		}
		if *f.field == 0 {
			*f.field = f.standard
		}
	}
	spans := []struct {
		name     string
		field    *time.Duration
		standard time.Duration
	}{
		{"Slice", &c.Slice, 2 * time.Millisecond},
		{"Tick", &c.Tick, time.Millisecond},
		{"StallAfter", &c.StallAfter, time.Millisecond},
		{"StallMemory", &c.StallMemory, 100 * time.Millisecond},
		{"TimerTick", &c.TimerTick, time.Millisecond},
	}
	for _, f := range spans {
		if *f.field < 0 {
			return c, fmt.Errorf("sched: Config.%s is %v: want a positive duration, or 0 for the default %v", f.name, *f.field, f.standard)
		}
		if *f.field == 0 {
			*f.field = f.standard
		}
	}
	if bits.OnesCount(uint(c.QueueSize)) != 1 || c.QueueSize > maxQueueSize {
		return c, fmt.Errorf("sched: Config.QueueSize is %d: want a power of two up to %d", c.QueueSize, maxQueueSize)
	}
	if c.Driver != nil && !seam {
		return c, errors.New("sched: Config.Driver: this program was built with the tag noseam")
	}
	return c, nil
}
