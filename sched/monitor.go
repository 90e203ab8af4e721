package sched

import (
	"slices"
	"time"

	"github.com/ractor-go/ractor/internal/weave"
)

// monitor finds workers that are stuck in one callback, and lends spares.
//
// Each tick it raises a flag (asked) at every worker that is awake. A worker
// lowers it between two messages (Worker.tick). A flag that is still up after
// StallAfter belongs to a worker that has been in one callback all that time:
// found with no clock and no store on the path of a message, only one load.
//
// The same tick counts slices: a turn ends when its worker has lowered the
// flag often enough.
//
// A stuck worker keeps its struct. Its queue is stolen empty, its run-next
// slot too, and another worker, a spare, makes up the number. When the stuck
// one returns there is one too many; a surplus worker retires at the top of
// its loop. Nothing is taken back from a running worker, so there is no
// protocol to get wrong.
//
// The monitor sleeps when every worker is parked or known to be stuck: an idle
// system burns nothing, and neither does one that waits in handlers.
type monitor struct {
	s      *Scheduler
	kicked weave.Slot[struct{}]
	asleep weave.Bool

	// For its own goroutine alone.
	last    time.Duration // of the tick before
	excused bool          // the tick before came late
	quiet   int           // ticks in a row without a worker that moves
	stuck   int           // workers that are stuck
	peak    int           // most stuck workers in the time of StallMemory
	peakAt  time.Duration
	full    bool // MaxSpares was reported and still holds
}

// kick wakes the monitor if it sleeps; any goroutine may call it. Whoever
// wakes a worker calls it afterwards, so that a worker that moves is watched.
func (m *monitor) kick() {
	if m.asleep.Load() && m.asleep.CompareAndSwap(true, false) {
		m.signal()
	}
}

func (m *monitor) signal() { m.kicked.Offer(struct{}{}) }

// run is the monitor's goroutine. It ends, as the last one of the scheduler,
// with clearing up.
func (m *monitor) run() {
	s := m.s
	timer := time.NewTimer(s.cfg.Tick)
	defer timer.Stop()
	for !s.closing.Load() {
		select {
		case <-timer.C:
		case <-m.kicked.C():
		}
		m.tick()
		if m.quiet < quietTicks {
			timer.Reset(s.cfg.Tick)
			continue
		}
		m.sleep()
		timer.Reset(s.cfg.Tick)
	}
	s.clear()
}

// sleep waits to be kicked, unless there is something to watch. First announce,
// then look again: whoever wakes a worker after our look sees asleep and kicks.
func (m *monitor) sleep() {
	s := m.s
	m.asleep.Store(true)
	if m.moving() || s.closing.Load() {
		m.asleep.Store(false)
	} else {
		m.kicked.Take()
		m.asleep.Store(false)
		m.peakAt = s.Now() // who was stuck, was stuck all the time
	}
	m.quiet = 0
	m.last = s.Now()
}

// moving says whether a worker is awake and not stuck. One that was stuck may
// have answered since the last tick, and found us awake then.
func (m *monitor) moving() bool {
	for _, w := range *m.s.workers.Load() {
		if !w.resting.Load() && (!w.stalled || !w.asked.Load()) {
			return true
		}
	}
	return m.peak > m.stuck // spares are still to be dismissed
}

// tick asks every worker once, and sets the number of workers right.
func (m *monitor) tick() {
	s := m.s
	now := s.Now()
	// When the tick itself comes late, the processors are taken by others,
	// and workers that have not answered may only have waited for one. That
	// excuses them once: the monitor is also late when they compute.
	late := (now-m.last)/4 > s.cfg.Tick && !m.excused
	m.last, m.excused = now, late
	stuck, moving, suspects := 0, 0, 0
	for _, w := range *s.workers.Load() {
		switch {
		case w.resting.Load():
			w.askedAt = 0
			w.acquit()
			w.asked.Store(false)
		case !w.asked.Load(): // it has answered, or was never asked
			w.askedAt = int64(now)
			w.acquit() // before it is asked again: see Worker.stuck
			w.asked.Store(true)
			moving++
		case w.stalled:
			stuck++
		case late:
			w.askedAt = int64(now)
			moving++
		case w.overdue(now):
			suspects++
		default:
			moving++
		}
	}
	fresh, crowded := 0, false
	if suspects > 0 {
		fresh, crowded = m.convict(now)
		stuck += fresh
	}
	if moving+suspects == 0 {
		m.quiet++
	} else {
		m.quiet = 0
	}
	m.stuck = stuck
	if stuck >= m.peak && stuck > 0 {
		m.peak, m.peakAt = stuck, now
	} else if now-m.peakAt > s.cfg.StallMemory {
		m.peak, m.peakAt = stuck, now
	}
	m.adjust(fresh, crowded)
}

// overdue says that the worker has not answered for too long, but was not
// found stuck so far; the monitor calls it.
func (w *Worker) overdue(now time.Duration) bool {
	return !w.resting.Load() && w.asked.Load() && !w.stalled && now-time.Duration(w.askedAt) >= w.s.cfg.StallAfter
}

// acquit wipes the mark of a worker that has answered or is parked. Only the
// monitor writes it.
func (w *Worker) acquit() {
	if w.stalled {
		w.stalled = false
		w.counts.stuck.Store(false)
	}
}

// convict marks the workers that are stuck and returns how many there are; now
// is the time of this tick.
//
// A worker that has not answered may be in a callback, or only stand in line
// for a processor. Spares for those in line make the line longer, by which
// more workers are late, for which more spares come, up to MaxSpares of them.
// So the monitor goes to the end of the line itself: who stood there has had a
// processor when it is back, and has answered. If that took long (crowded),
// all processors are busy, and spares are hired one by one: handlers that
// compute gain nothing by them.
func (m *monitor) convict(now time.Duration) (fresh int, crowded bool) {
	s := m.s
	weave.Gosched()
	crowded = s.Now()-now >= s.cfg.Tick
	for _, w := range *s.workers.Load() {
		if !w.overdue(now) {
			continue
		}
		w.stalled = true
		w.counts.stuckSince.Store(w.askedAt)
		w.counts.stalls.Add(1)
		w.counts.stuck.Store(true)
		if !w.asked.Load() { // it answered between our look and our mark
			w.counts.stuck.Store(false)
		}
		if c := w.carrier.Load(); c != nil && c.guest != nil { // nil: nobody carries it yet
			c.guest.replace()
		}
		fresh++
	}
	return fresh, crowded
}

// adjust brings the number of workers to what the stuck ones require.
func (m *monitor) adjust(fresh int, crowded bool) {
	s := m.s
	// A quarter more than were stuck at once: while handlers block faster
	// than they are found, the number of spares grows geometrically.
	spares := min(m.peak+(m.peak+3)/4, s.cfg.MaxSpares)
	total := len(*s.workers.Load())
	want := s.cfg.Workers + spares
	s.want.Store(int64(want))
	for total < want {
		s.hire()
		total++
		if crowded {
			break
		}
	}
	for ; total > want; total-- {
		w := s.idle.pop()
		if w == nil {
			break // those that are awake see it themselves (retires)
		}
		s.strike(w)
		w.wakeup.Put(retire)
	}
	if fresh > 0 && s.anyWork() {
		s.wake() // what lies in a stuck worker's queue, somebody must come for
	}
	if full := m.stuck >= s.cfg.Workers+s.cfg.MaxSpares; full != m.full {
		m.full = full
		if full {
			s.report(Event{Kind: SparesExhausted, Stuck: s.stuckTasks()})
		}
	}
}

// stuckTasks returns what the stuck workers run.
func (s *Scheduler) stuckTasks() []*Task {
	var ts []*Task
	for _, a := range s.Activities() {
		if a.Stuck {
			ts = append(ts, a.Task)
		}
	}
	return ts
}

// hire adds a worker to the list and has it carried.
func (s *Scheduler) hire() {
	s.mu.Lock()
	s.hired++
	w := newWorker(s, s.hired)
	old := *s.workers.Load()
	list := slices.Concat(old, []*Worker{w})
	s.workers.Store(&list)
	s.mu.Unlock()
	if len(list) > s.cfg.Workers {
		s.spares.Add(1)
	}
	s.carry(w)
}

// retires strikes w off the list if there are more workers than wanted, and
// says so; its carrier calls it at the top of its loop, and then leaves.
func (s *Scheduler) retires(w *Worker) bool {
	if len(*s.workers.Load()) <= int(s.want.Load()) {
		return false
	}
	w.publish()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*s.workers.Load()) <= int(s.want.Load()) {
		return false // others were faster
	}
	s.remove(w)
	return true
}

// strike takes w, which does not run, off the list. Whoever decides that a
// worker is to leave strikes it off there and then: were it done when the
// worker gets to it, another would be sent away in its place meanwhile.
func (s *Scheduler) strike(w *Worker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(w)
}

// remove takes w off the list, if it is there; mu is held.
func (s *Scheduler) remove(w *Worker) {
	old := *s.workers.Load()
	i := slices.Index(old, w)
	if i < 0 {
		return
	}
	list := slices.Concat(old[:i], old[i+1:])
	s.departed.add(&w.counts)
	s.workers.Store(&list)
}

// dismiss gives away the tasks of a worker that leaves.
func (s *Scheduler) dismiss(w *Worker) {
	if t := w.takeNext(); t != nil {
		w.enqueue(t)
	}
	for c, n := w.half(); n > 0; c, n = w.half() {
		s.global.pushChain(c, n)
	}
	s.strike(w)
	s.wake()
}
