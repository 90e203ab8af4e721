package sched

import (
	"sync/atomic"

	"github.com/ractor-go/ractor/internal/weave"
)

// Worker is one of the scheduler's hands: a run queue, the caches of its
// kind, and counters. It is a struct, not a goroutine: a Carrier carries it.
// Fields without a note belong to the carrier that has the worker.
type Worker struct {
	s  *Scheduler
	id int

	turns     uint64
	messages  uint64
	steals    uint64
	parks     uint64
	nextInRow int    // how often in a row next was taken
	ticks     uint64 // ticks seen
	turnBegan uint64 // ticks at the beginning of the turn
	// sinceYield counts turns since the last runtime.Gosched; one that has
	// handled several budgets of messages counts for as many.
	sinceYield int
	kept       int   // how often in a row letOthersRun has kept the processor
	yield      bool  // Carrier.Yield was called in this turn
	locals     []any // see Local
	random     uint64

	// Written by the monitor, cleared by the worker; see monitor.
	asked weave.Bool

	// Who waits for whom when the worker parks; see park.go.
	wakeup  weave.Slot[signal]
	resting weave.Bool

	carrier atomic.Pointer[Carrier] // who carries it; for operators
	counts  counts                  // published at each tick and at each park

	// For the monitor alone.
	askedAt int64
	stalled bool

	_     [64]byte // what thieves read must not lie beside what the worker writes
	queue          //nolint:embeddedstructfieldcheck // where it stands is the point
	_     [64]byte
}

type signal uint8

const (
	wake   signal = iota // search for work
	retire               // leave: there are enough others
)

func newWorker(s *Scheduler, id int) *Worker {
	w := &Worker{s: s, id: id, wakeup: weave.NewSlot[signal](), random: uint64(id)*0x9E3779B97F4A7C15 + 1}
	w.ring = make([]weave.Pointer[Task], s.cfg.QueueSize)
	return w
}

// submit makes t the next task of this worker; only its own carrier may call
// it. Nobody is woken for t itself: the worker takes it as soon as its turn
// ends, and if the turn gets stuck, the monitor sends a thief. If the turn is
// known to be stuck already, the monitor has been there, so we send one. (It
// marks first and then looks for tasks; we queue first and then look for the
// mark.) The task that t displaces is left behind, so somebody is woken for it.
func (w *Worker) submit(t *Task) {
	if shuffled && w.rand(2) == 0 {
		w.enqueue(t)
		w.s.wake()
		return
	}
	old := w.next.Swap(t)
	if old != nil {
		w.enqueue(old)
	}
	if old != nil || w.stuck() {
		w.s.wake()
	}
}

// enqueue appends t to the ring; a full ring sheds its older half.
func (w *Worker) enqueue(t *Task) {
	for !w.push(t) {
		c, n := w.half()
		w.s.global.pushChain(c, n)
	}
}

// find returns the next task to run, or nil when the worker is to leave.
func (w *Worker) find() *Task {
	if w.asked.Load() {
		w.tick()
	}
	if w.yieldNowAndThen() {
		if w.s.retires(w) {
			return nil
		}
		if t := w.keep(w.s.global.poll(pollBatch)); t != nil {
			return t
		}
	}
	if t := w.own(); t != nil {
		return t
	}
	return w.search()
}

// yieldNowAndThen is called before each turn: every Config.YieldEvery turns it lets
// others run, and says so.
func (w *Worker) yieldNowAndThen() bool {
	if w.sinceYield++; w.sinceYield < w.s.cfg.YieldEvery {
		return false
	}
	w.sinceYield = 0
	w.letOthersRun()
	return true
}

// letOthersRun gives goroutines outside, such as callers, their turn. While a
// worker is parked a processor is free for them, and runtime.Gosched would only
// make this goroutine wander to it (two actors that talk to each other then took
// 125 ns a message instead of 80): so it is left out, but for now and then, in
// case others have taken that processor too.
func (w *Worker) letOthersRun() {
	if w.kept < keepFor && w.s.idle.n.Load() > 0 {
		w.kept++
		return
	}
	w.kept = 0
	weave.Gosched()
}

// keepFor is how often in a row letOthersRun may keep the processor.
const keepFor = 64

// own takes from the worker's own queue.
func (w *Worker) own() *Task {
	if w.nextInRow < w.s.cfg.NextLimit || w.empty() {
		if t := w.takeNext(); t != nil {
			w.nextInRow++
			return t
		}
	}
	w.nextInRow = 0
	if t := w.pop(); t != nil {
		return t
	}
	return w.takeNext()
}

// pollBatch is how many tasks a busy worker takes from the global queue at a
// time.
const pollBatch = 8

// fromGlobal takes a batch from the global queue: one task to run, the rest
// for the ring. What is left behind somebody else is woken for.
func (w *Worker) fromGlobal() *Task {
	c, n := w.s.global.pop(len(w.ring)/2+1, w.s.cfg.Workers)
	return w.keep(c, n)
}

// keep runs the first task of a batch and queues the others.
func (w *Worker) keep(c chain, n int) *Task {
	t := c.pop()
	for rest := c.pop(); rest != nil; rest = c.pop() {
		w.enqueue(rest)
	}
	if n > 1 || n == 1 && !w.s.global.empty() {
		w.s.wake()
	}
	return t
}

// fromOthers steals: from a random victim on, half of the first queue that is
// not empty, and from stuck workers the run-next slot too.
func (w *Worker) fromOthers() *Task {
	workers := *w.s.workers.Load()
	start := w.rand(len(workers))
	for i := range workers {
		v := workers[(start+i)%len(workers)]
		if v == w {
			continue
		}
		if c, n := v.half(); n > 0 {
			w.steals++
			return w.keep(c, n)
		}
		if v.stuck() {
			if t := v.takeNext(); t != nil {
				w.steals++
				return t
			}
		}
	}
	return nil
}

// stuck says that the worker has not answered the monitor's tick for longer
// than StallAfter; any goroutine may ask. The mark stays when the worker has
// answered, and means nothing then: the monitor wipes it before it asks again.
func (w *Worker) stuck() bool { return w.asked.Load() && w.counts.stuck.Load() }

// tick answers the monitor: the worker is between two messages.
func (w *Worker) tick() {
	w.ticks++
	w.publish()
	w.asked.Store(false)
	if w.counts.stuck.Load() {
		// The monitor may sleep because all were stuck. The mark is not ours to
		// wipe: were this goroutine held up here, it would wipe the next one.
		w.s.monitor.kick()
	}
}

// rand returns a number below n; xorshift, good enough to spread thieves.
func (w *Worker) rand(n int) int {
	w.random ^= w.random << 13
	w.random ^= w.random >> 7
	w.random ^= w.random << 17
	return int(w.random % uint64(n))
}
