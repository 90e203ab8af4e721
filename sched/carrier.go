package sched

import (
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// Carrier is a goroutine that carries a worker: it takes tasks from the
// worker's queue and runs their turns. When a turn is about to block in a call
// that the scheduler knows of, the carrier hands its worker to another carrier
// and goes on without one; when its turn has ended it rests until it is given
// a worker again. So there are as many carriers as workers, and one more for
// each task that waits in a handler.
//
// Its methods may be called only by the goroutine that it is, that is, within
// a Turn; the exceptions say so.
type Carrier struct {
	s       *Scheduler
	worker  *Worker // nil after it was handed on
	task    weave.Pointer[Task]
	id      uintptr             // the goroutine's identity, see self.go
	number  uint64              // the goroutine's number in stack dumps
	blocked atomic.Int64        // since when the task waits in Block, plus 1; 0: it does not
	freed   atomic.Int64        // since when it has gone on after Block, plus 1
	fence   weave.Pointer[Task] // the turn that was written off, or gone
	given   weave.Slot[*Worker] // while resting
	at      int                 // its place in carriers.all, guarded by mu there
	guest   *Guest              // whose carrier it is; nil of all others
	own     any
}

// Scheduler returns the scheduler that c belongs to; any goroutine may ask.
func (c *Carrier) Scheduler() *Scheduler { return c.s }

// Task returns the task whose turn c runs, and while c looks for the next one
// the one that it has run last; nil when it rests. Any goroutine may ask.
func (c *Carrier) Task() *Task { return c.task.Load() }

// Goroutine returns the number that stack dumps give this carrier's goroutine;
// any goroutine may ask.
func (c *Carrier) Goroutine() uint64 { return c.number }

// Own returns what Config.PerCarrier made for this carrier; any goroutine may
// ask.
func (c *Carrier) Own() any { return c.own }

// Submit makes t run next on this worker. As Scheduler.Submit, without the
// look-up of who is asking.
func (c *Carrier) Submit(t *Task) {
	if w := c.worker; w != nil {
		w.submit(t)
		return
	}
	c.s.inject(t)
}

// Expired says that the turn should end: its slice is used up, or its worker
// was handed on while a callback waited. A turn asks between two messages; it
// costs a load.
func (c *Carrier) Expired() bool {
	w := c.worker
	if w == nil {
		return true
	}
	if w.asked.Load() {
		w.tick()
		return w.yield || w.ticks-w.turnBegan >= c.s.sliceTicks
	}
	return w.yield
}

// Yield ends the turn after the present callback: for a task that has made
// more work than others keep up with.
func (c *Carrier) Yield() {
	if w := c.worker; w != nil {
		w.yield = true
	}
}

// Handled adds n to the worker's count of messages.
func (c *Carrier) Handled(n int) {
	if w := c.worker; w != nil {
		w.messages += uint64(n)
		w.sinceYield += n / c.s.cfg.Budget
		return
	}
	c.s.departed.messages.Add(uint64(n))
}

// Fence writes c off if it is in t's turn: that has not returned and nobody
// waits for it any more. What the carrier still asks of the house is refused
// (Fenced), and Close does not wait for it. False: c was fenced before, or has
// gone on to another task meanwhile, which is not touched. Any goroutine may
// call it.
//
// The fence names the task, because c may finish t between any two of our
// steps: what it takes up after that does not stand behind the fence. c looks
// whether there is one at the end of each turn, and then ends itself.
func (c *Carrier) Fence(t *Task) bool {
	fencedAlive.Add(1)
	if !c.fence.CompareAndSwap(nil, t) {
		fencedAlive.Add(-1)
		return false
	}
	if c.task.Load() != t && c.fence.CompareAndSwap(t, nil) {
		fencedAlive.Add(-1)
		return false
	}
	c.s.fences.Add(1)
	c.s.carriers.changed()
	return true
}

// Fenced says whether the turn that c is in was written off; any goroutine may
// ask.
func (c *Carrier) Fenced() bool {
	t := c.fence.Load()
	return t != nil && t == c.task.Load()
}

// gone stands in Carrier.fence when the carrier has ended.
var gone Task

// main is the carrier's goroutine.
func (c *Carrier) main(w *Worker) {
	c.enter()
	defer c.leave()
	c.take(w)
	for c.work() {
	}
}

// leave ends the carrier. After runtime.Goexit it still has its worker, which
// then needs another carrier.
func (c *Carrier) leave() {
	w := c.worker
	c.worker = nil
	c.exit()
	if c.fence.Swap(&gone) != nil {
		fencedAlive.Add(-1)
	}
	if w != nil {
		c.s.carry(w)
	}
	c.s.carriers.remove(c)
}

// take makes w this carrier's worker.
func (c *Carrier) take(w *Worker) {
	if invariant.On {
		invariant.Holdsf(c.worker == nil && w != nil, "a carrier takes a second worker, or none")
	}
	c.worker = w
	w.carrier.Store(c)
	c.approach()
}

// work runs turns until there is nothing left for this carrier (false) or a
// turn has panicked (true: call it again). The one recover frame around many
// turns costs nothing a message.
func (c *Carrier) work() (more bool) {
	returned := false
	defer func() {
		if returned {
			return
		}
		c.crashed(recover()) // if the goroutine is ending, leave hands the worker on
		more = c.fence.Load() == nil
	}()
	for {
		if c.worker == nil {
			c.task.Store(nil)
			c.freed.Store(0)
			w := c.s.carriers.rest(c)
			if w == nil {
				break
			}
			c.take(w)
		}
		t := c.worker.find()
		if t == nil {
			c.s.dismiss(c.drop())
			continue
		}
		c.begin(t)
		c.settle(t, t.Runner.Turn(c))
		if c.fence.Load() != nil {
			break // it came back after all, but it is written off: leave hands the worker on
		}
	}
	returned = true
	return false
}

// begin opens t's turn.
func (c *Carrier) begin(t *Task) {
	w := c.worker
	if invariant.On {
		invariant.Holdsf(w.carrier.Load() == c, "two carriers run worker %d", w.id)
	}
	w.turns++
	w.turnBegan = w.ticks
	w.yield = false
	c.task.Store(t)
}

// settle does what a turn's result asks for.
func (c *Carrier) settle(t *Task, again bool) {
	switch w := c.worker; {
	case !again:
	case w != nil:
		w.enqueue(t)
	default:
		c.s.inject(t)
	}
}

// crashed settles a turn that has not returned: value is what recover has said, nil if
// the goroutine is ending.
func (c *Carrier) crashed(value any) {
	if value == nil {
		value = ErrGoexit
	}
	t := c.task.Load()
	c.settle(t, t.Runner.Crashed(c, value, debug.Stack()))
}

// drop takes the worker from the carrier.
func (c *Carrier) drop() *Worker {
	w := c.worker
	c.worker = nil
	c.recede()
	return w
}

// Block runs wait, which may block, on the calling goroutine. Within a turn
// it first hands the worker on, so that only this task waits; outside it just
// runs wait. It returns ErrTooManyWaiters, and does not run wait, when
// Config.MaxWaiters tasks are in Block already. A turn ends after the callback
// that called Block. Handing on costs about as much as starting a goroutine.
func Block(wait func()) error {
	c := Inside()
	if c == nil {
		wait()
		return nil
	}
	return c.block(wait)
}

func (c *Carrier) block(wait func()) error {
	s := c.s
	if n := s.waiters.Add(1); n > int64(s.cfg.MaxWaiters) || Driven() && Reach(Op{Kind: OpBlock}) {
		s.waiters.Add(-1)
		return ErrTooManyWaiters
	}
	outer := c.blocked.Load() // wait may call Block itself
	c.blocked.Store(s.Now().Nanoseconds() + 1)
	defer func() {
		c.freed.Store(s.Now().Nanoseconds() + 1)
		c.blocked.Store(outer)
		if n := s.waiters.Add(-1); invariant.On {
			invariant.Holdsf(n >= 0, "%d turns wait", n)
		}
	}()
	if c.worker != nil {
		c.handOn()
	}
	wait()
	Woken()
	return nil
}

// handOn has another carrier go on with the worker.
func (c *Carrier) handOn() {
	if c.guest != nil {
		c.guest.handOn()
		return
	}
	c.s.carry(c.drop())
}

// carry finds a carrier for w: one that rests, or a new one.
func (s *Scheduler) carry(w *Worker) {
	if c := s.carriers.wakeOne(); c != nil {
		c.given.Put(w)
		return
	}
	c := &Carrier{s: s, given: weave.NewSlot[*Worker]()}
	if s.cfg.PerCarrier != nil {
		c.own = s.cfg.PerCarrier()
	}
	s.carriers.add(c)
	// The pool has no bound, so Submit fails only after Close has released
	// it, which waits for all carriers first.
	if err := s.spawn(func() { c.main(w) }); err != nil {
		s.carriers.remove(c)
	}
}

// carriers knows all carriers of a scheduler.
type carriers struct {
	mu      weave.Mutex
	all     []*Carrier           // guarded by mu; in no order
	resting []*Carrier           // guarded by mu; the one that began last on top
	limit   int                  // how many may rest; others end
	closed  bool                 // guarded by mu
	change  weave.Slot[struct{}] // a carrier has ended or was fenced
}

// rest waits for a worker; nil: end.
func (l *carriers) rest(c *Carrier) *Worker {
	l.mu.Lock()
	if l.closed || len(l.resting) >= l.limit {
		l.mu.Unlock()
		return nil
	}
	l.resting = append(l.resting, c)
	l.mu.Unlock()
	return c.given.Take()
}

// wakeOne takes a resting carrier; the caller owes it a worker.
func (l *carriers) wakeOne() *Carrier {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.resting)
	if n == 0 {
		return nil
	}
	c := l.resting[n-1]
	l.resting[n-1] = nil // a carrier that ends must not stay there
	l.resting = l.resting[:n-1]
	return c
}

func (l *carriers) add(c *Carrier) {
	l.mu.Lock()
	c.at = len(l.all)
	l.all = append(l.all, c)
	l.mu.Unlock()
}

func (l *carriers) remove(c *Carrier) {
	l.mu.Lock()
	if invariant.On {
		invariant.Holdsf(l.all[c.at] == c, "a carrier is removed that is not in the list")
	}
	last := len(l.all) - 1
	l.all[c.at] = l.all[last]
	l.all[c.at].at = c.at
	l.all[last] = nil
	l.all = l.all[:last]
	l.mu.Unlock()
	l.changed()
}

func (l *carriers) changed() { l.change.Offer(struct{}{}) }

// close sends all resting carriers home, and all that would rest.
func (l *carriers) close() {
	l.mu.Lock()
	l.closed = true
	resting := l.resting
	l.resting = nil
	l.mu.Unlock()
	for _, c := range resting {
		c.given.Put(nil)
	}
}

// alive is how many have not ended, and how many of them are fenced.
func (l *carriers) alive() (n, fenced int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.all {
		if c.Fenced() {
			fenced++
		}
	}
	return len(l.all), fenced
}

// snapshot returns all carriers.
func (l *carriers) snapshot() []*Carrier {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// Activity is what one carrier is doing.
type Activity struct {
	Carrier *Carrier
	Task    *Task
	// Since is when that began: exact for a task that waits in Block or has
	// come back from it, within a tick for one that is stuck, and the time
	// of the question for one that has answered the last tick.
	Since time.Duration
	// Blocked says that the task waits in Block, Stuck that it has been in
	// one callback for longer than Config.StallAfter.
	Blocked, Stuck bool
}

// Activities returns what the carriers that are in a turn are doing, with
// Since as time on the scheduler's clock (Now). Any goroutine may call it; it
// costs time in proportion to the carriers.
func (s *Scheduler) Activities() []Activity {
	now := s.Now()
	var as []Activity
	stuck := map[*Carrier]time.Duration{}
	for _, w := range *s.workers.Load() {
		if c := w.carrier.Load(); c != nil && w.stuck() {
			stuck[c] = time.Duration(w.counts.stuckSince.Load())
		}
	}
	for _, c := range s.carriers.snapshot() {
		t := c.task.Load()
		if t == nil {
			continue
		}
		a := Activity{Carrier: c, Task: t, Since: now}
		if since := c.blocked.Load(); since != 0 {
			a.Blocked, a.Since = true, time.Duration(since-1)
		} else if since := c.freed.Load(); since != 0 {
			a.Since = time.Duration(since - 1)
		} else if since, ok := stuck[c]; ok {
			a.Stuck, a.Since = true, since
		}
		as = append(as, a)
	}
	return as
}

// fencedAlive counts the carriers of the process that were fenced and have not ended.
var fencedAlive atomic.Int64

// Fences returns how many carriers of the process were written off (Fence) and
// have not ended. Any goroutine may ask; it costs a load.
func Fences() int64 { return fencedAlive.Load() }
