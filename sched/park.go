package sched

import (
	"slices"

	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// Parking without a lost wakeup. Two numbers decide: searching, how many
// workers are awake without a task, and idle.n, how many are parked.
//
//	who submits                        who parks
//	-----------                        ---------
//	1. put the task into a queue       1. enter the idle list
//	2. searching > 0?  return          2. searching--
//	3. nobody idle?    return          3. look at every queue again
//	4. wake one, as a searcher         4. sleep
//
// All of these are sequentially consistent. If the submitter reads
// searching > 0 in its step 2, then that searcher has not done its step 2 yet,
// so its step 3 comes after the submitter's step 1 and sees the task; or it
// finds another task first, and then, as the last searcher, it wakes another
// one (found), which looks in its place. If the submitter finds nobody idle,
// every worker is running and looks at the queues when its turn ends, or is
// before its own step 1 and sees the task in its step 3.
//
// The run-next slot is the exception in step 3: its own worker takes it after
// the turn that filled it, or is found stuck by the monitor, which wakes a
// thief. A carrier that parks inside a turn (Block) hands its worker on first,
// so nothing is stranded there.

// idleList is the parked workers, the one parked last on top: it has the
// warmest cache, and the others can stay asleep.
type idleList struct {
	n  weave.Int64
	mu weave.Mutex
	ws []*Worker // guarded by mu
}

func (l *idleList) add(w *Worker) {
	l.mu.Lock()
	if invariant.On {
		invariant.Holdsf(!slices.Contains(l.ws, w), "worker %d parks twice", w.id)
	}
	w.resting.Store(true)
	l.ws = append(l.ws, w)
	l.n.Add(1)
	l.mu.Unlock()
}

// pop takes the worker that was parked last; whoever takes one owes it a
// signal, or a place on the list again.
func (l *idleList) pop() *Worker {
	if l.n.Load() == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ws) == 0 {
		return nil
	}
	w := l.ws[len(l.ws)-1]
	l.remove(len(l.ws) - 1)
	return w
}

// take removes w itself; false: somebody else has taken it and a signal comes.
func (l *idleList) take(w *Worker) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, parked := range slices.Backward(l.ws) {
		if parked == w {
			l.remove(i)
			return true
		}
	}
	return false
}

// remove takes out the i-th; mu is held.
func (l *idleList) remove(i int) {
	l.ws[i].resting.Store(false)
	l.ws = slices.Delete(l.ws, i, i+1) // which clears the last place: a worker that leaves must not stay there
	l.n.Add(-1)
}

// wake makes sure that somebody looks for the task that the caller has just
// queued; any goroutine may call it. With all workers busy it costs two loads.
func (s *Scheduler) wake() {
	for s.searching.Load() == 0 && s.idle.n.Load() != 0 {
		if !s.searching.CompareAndSwap(0, 1) {
			return // somebody else is waking one
		}
		if w := s.idle.pop(); w != nil {
			w.wakeup.Put(wake)
			s.monitor.kick()
			return
		}
		// Everybody has been taken meanwhile, and we were no searcher. But
		// somebody may have queued a task and relied on our number, and a
		// worker may have looked before that and parked since. So take the
		// number back and look again, in his place.
		s.stopSearching()
	}
}

// search looks for a task everywhere, and parks when there is none. It
// returns nil when the worker is to leave.
func (w *Worker) search() *Task {
	s := w.s
	s.searching.Add(1)
	for {
		for round := 0; ; round++ {
			if w.asked.Load() {
				w.tick()
			}
			if t := w.look(); t != nil {
				s.found()
				return t
			}
			if round >= s.cfg.SpinRounds {
				break
			}
			weave.Gosched()
		}
		w.parks++
		w.publish()
		w.forget()
		w.carrier.Load().task.Store(nil)
		s.idle.add(w)
		s.stopSearching()
		closing := s.closing.Load() // first: what was queued before Close is seen below
		if work := s.anyWork(); (work || closing) && s.idle.take(w) {
			if !work {
				return nil
			}
			s.searching.Add(1)
			s.monitor.kick() // it may have seen all of us parked, and sleep
			continue
		}
		if w.wakeup.Take() == retire { // a waker has counted us as a searcher, a retirer has not
			return nil
		}
	}
}

// look tries every place once.
func (w *Worker) look() *Task {
	if t := w.own(); t != nil {
		return t
	}
	if t := w.fromGlobal(); t != nil {
		return t
	}
	return w.fromOthers()
}

// found ends a search that succeeded. Those who queued tasks meanwhile have
// relied on it, so the last searcher wakes another one if it sees a task: what
// was queued before its step it sees, and who queues later sees that nobody
// searches. A call that comes alone wakes one worker, not two.
func (s *Scheduler) found() {
	if s.stopSearching() == 0 && s.anyWork() {
		s.wake()
	}
}

// stopSearching takes one from the searchers and returns how many are left.
func (s *Scheduler) stopSearching() int64 {
	n := s.searching.Add(-1)
	if invariant.On {
		invariant.Holdsf(n >= 0, "%d workers search", n)
	}
	return n
}

// anyWork says whether a task waits where a searcher would find it.
func (s *Scheduler) anyWork() bool {
	if !s.global.empty() {
		return true
	}
	for _, w := range *s.workers.Load() {
		if !w.empty() || w.next.Load() != nil && w.stuck() {
			return true
		}
	}
	return false
}
