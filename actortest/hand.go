package actortest

import (
	"runtime"
	"runtime/debug"

	"github.com/ractor-go/ractor/sched"
)

// hand is a goroutine on which strands run, one after another: the turns of any
// actors, or the test, or a function.
type hand struct {
	sim   *sim
	work  chan *strand  // one slot; closed: end
	baton chan struct{} // one slot: go on
	quiet int           // Quiet has been called that often; the goroutine's own

	strand *strand // what it is at; the goroutine's own
	ending bool    // it is on its way out by Goexit; the goroutine's own
}

func (d *sim) newHand() *hand {
	return &hand{sim: d, work: make(chan *strand, 1), baton: make(chan struct{}, 1)}
}

// turns is the goroutine of a hand that runs actors.
func (h *hand) turns() {
	leave := sched.Adopt(h)
	defer leave()
	c := h.sim.sched.NewCarrier()
	defer c.Leave()
	for s := range h.work {
		h.strand = s
		done := false
		c.Run(s.task, func(again, over bool) {
			done = over
			h.sim.turned(s, again)
		})
		h.strand = nil
		if done {
			return // the turn was written off and has come back after all
		}
		h.sim.rest(h)
	}
}

// once is the goroutine of a hand that runs the test or a function.
func (h *hand) once(s *strand) {
	returned := false
	leave := sched.Adopt(h)
	defer leave()
	defer func() {
		if !returned {
			h.sim.cut(s, recover())
		}
		h.sim.ended(s)
	}()
	h.strand = s
	s.run()
	returned = true
}

// cut is called when the function of a strand has not returned.
func (d *sim) cut(s *strand, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case value != nil:
		d.failLockedf("%v: panic: %v\n%s", s, value, debug.Stack())
	case s.kind == theTest && !d.closing:
		d.failLockedf("the test function has ended its goroutine (t.FailNow?); use the methods of *System instead")
	}
}

// Reach is a choice point: the strand stands here until it is chosen.
func (h *hand) Reach(op sched.Op) (refuse bool) {
	s, d := h.strand, h.sim
	if s == nil || h.ending {
		return false
	}
	d.mu.Lock()
	if h.quiet > 0 || s.kind == theClock {
		d.touched(op)
		d.mu.Unlock()
		return false
	}
	s.op, s.refuse = op, false
	_, s.patient = op.Note.(whenSettled)
	d.stand(h, s)
	d.mu.Unlock()
	<-h.baton
	d.mu.Lock()
	cut, refuse := d.cutting && s != d.last, s.refuse
	d.mu.Unlock()
	if cut {
		h.ending = true
		runtime.Goexit() // defers run, nothing else does
	}
	return refuse
}

// Note takes what is said of the present step.
func (h *hand) Note(op sched.Op) {
	s, d := h.strand, h.sim
	if s == nil || h.ending {
		return
	}
	if op.Kind == sched.OpHandle {
		h.handles(op)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch op.Kind {
	case sched.OpWait:
		s.waits = append(s.waits, op)
	case sched.OpTouch:
		d.touched(op)
	}
}

// handles is told that a callback begins: of the strand itself, or PreStart of an
// actor that it spawns. It may be made to panic here.
func (h *hand) handles(op sched.Op) {
	d := h.sim
	d.mu.Lock()
	whose := d.actor(op.Task)
	d.mu.Unlock()
	if d.faults != nil {
		h.Quiet(true)
		d.faults.spares(whose)
		h.Quiet(false)
	}
	d.mu.Lock()
	d.handles(h.strand, whose, op)
	value := d.faults.handling(d, whose)
	d.mu.Unlock()
	if value != nil {
		panic(value)
	}
}

// Quiet nests.
func (h *hand) Quiet(on bool) {
	if on {
		h.quiet++
	} else {
		h.quiet--
	}
}
