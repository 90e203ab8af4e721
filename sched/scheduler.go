package sched

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"

	"github.com/ractor-go/ractor/internal/weave"
)

// Scheduler runs tasks on a fixed pool of workers. Make one with New and end
// it with Close; different schedulers share nothing.
type Scheduler struct {
	cfg        Config
	sliceTicks uint64
	now        func() time.Duration
	random     func() uint64
	driver     Driver // nil: workers

	// Read by every submit, written when a worker parks or wakes: together,
	// and away from what changes with each message.
	_         [64]byte
	searching weave.Int64
	idle      idleList
	_         [64]byte
	global    global
	_         [64]byte

	mu       weave.Mutex // guards changes of workers, hired and departed
	workers  weave.Pointer[[]*Worker]
	hired    int
	departed counts

	pool     *ants.Pool         // the carriers' goroutines
	spawn    func(func()) error // runs a carrier on one of them
	carriers carriers
	offload  offload
	monitor  monitor
	clock    clock

	want    weave.Int64 // how many workers there should be
	waiters weave.Int64
	spares  atomic.Uint64
	fences  atomic.Int64
	locals  atomic.Int64
	closing weave.Bool
	closed  chan struct{}
}

// New starts a scheduler: Config.Workers goroutines, one for the monitor and
// one for the clock, and those of the pool that lends them; with Config.Driver
// none. The error names the field of cfg that is of no use.
func New(cfg Config) (*Scheduler, error) {
	cfg, err := cfg.Resolve()
	if err != nil {
		return nil, err
	}
	s := prepare(cfg)
	if d := cfg.Driver; d != nil {
		s.driver, s.now, s.random = d, d.Now, d.Rand
		s.offload.start = func(f func()) error { d.Start(f); return nil }
		return s, nil
	}
	pool, err := newPool()
	if err != nil {
		return nil, err
	}
	s.pool, s.spawn = pool, pool.Submit
	for range cfg.Workers {
		s.hire()
	}
	go s.monitor.run()
	go s.clock.run()
	return s, nil
}

// prepare makes a scheduler without a goroutine.
func prepare(cfg Config) *Scheduler {
	start := time.Now()
	s := &Scheduler{
		cfg:        cfg,
		sliceTicks: uint64((cfg.Slice + cfg.Tick - 1) / cfg.Tick),
		now:        func() time.Duration { return time.Since(start) },
		random:     rand.Uint64,
		closed:     make(chan struct{}),
	}
	s.workers.Store(&[]*Worker{})
	s.want.Store(int64(cfg.Workers))
	s.carriers = carriers{
		limit:  4*cfg.Workers + 32,
		change: weave.NewSlot[struct{}](),
	}
	s.offload.changed = s.carriers.changed
	s.monitor = monitor{s: s, kicked: weave.NewSlot[struct{}]()}
	s.clock = clock{
		s: s, tick: cfg.TimerTick, wakes: never,
		kicked: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	return s
}

// idleGoroutines is how long a goroutine that nobody needs stays in a pool.
const idleGoroutines = 10 * time.Second

func newPool() (*ants.Pool, error) {
	return ants.NewPool(-1, ants.WithExpiryDuration(idleGoroutines))
}

// Config returns the configuration, with its defaults filled in.
func (s *Scheduler) Config() Config { return s.cfg }

// Submit gives t to a worker: from inside a turn of this scheduler to the
// turn's own worker, as the next one to run; from elsewhere to the global
// queue. It never blocks and allocates nothing. Any goroutine may call it, but
// only with a task that is not submitted already. After Close nothing runs any
// more.
func (s *Scheduler) Submit(t *Task) {
	if c := Here(); c != nil && c.s == s {
		c.Submit(t)
		return
	}
	s.inject(t)
}

// driven says that a driver stands in for the workers.
func (s *Scheduler) driven() bool { return seam && s.driver != nil }

// inject puts t into the global queue.
func (s *Scheduler) inject(t *Task) {
	if s.driven() {
		s.driver.Submit(t)
		return
	}
	s.global.push(t)
	s.wake()
}

// Close begins to end the scheduler and returns a channel that is closed when
// its last goroutine is about to end. Tasks that are queued are still run;
// tasks submitted later may not be. Carriers that were fenced are not waited
// for. Any goroutine may call it, more than once; one that is in a turn must
// not wait for the channel.
func (s *Scheduler) Close() <-chan struct{} {
	switch {
	case s.closing.Swap(true):
	case s.driven():
		s.offload.close()
		close(s.closed) // the driver has the goroutines, and ends them
	default:
		s.monitor.signal()
	}
	return s.closed
}

// clear ends everything; the monitor's goroutine runs it at last.
//
//  1. Parked workers are woken. Who finds no work now sees closing and leaves.
//  2. So are resting carriers; then all carriers but the fenced ones end, and
//     all functions given to Async.
//  3. The clock ends.
//  4. The pools end. With a fenced carrier a pool cannot end completely: it is
//     released, and its goroutines end with the last of their functions.
func (s *Scheduler) clear() {
	fenced := s.sendHome()
	close(s.clock.stop)
	<-s.clock.done
	release(s.pool, fenced > 0)
	if s.offload.pool != nil { // closed: nobody changes it any more
		release(s.offload.pool, false)
	}
	close(s.closed)
}

// sendHome ends the carriers, and returns how many it does not wait for because
// they are fenced.
func (s *Scheduler) sendHome() (fenced int) {
	for w := s.idle.pop(); w != nil; w = s.idle.pop() {
		s.searching.Add(1)
		w.wakeup.Put(wake)
	}
	s.carriers.close()
	s.offload.close()
	n, fenced := s.carriers.alive()
	for n > fenced || s.offload.running.Load() > 0 {
		s.carriers.change.Take()
		n, fenced = s.carriers.alive()
	}
	return fenced
}

// release ends a pool, and waits for its goroutines unless some are stuck.
func release(p *ants.Pool, stuck bool) {
	if stuck {
		p.Release()
		return
	}
	_ = p.ReleaseContext(context.Background()) // its only error is "released already"
}
