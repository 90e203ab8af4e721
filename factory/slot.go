package factory

import (
	"errors"
	"log/slog"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// slot is the place of worker id, which incarnations fill one after the other.
type slot[J any] struct {
	id      int
	state   slotState
	leaving bool // beyond the pool's size: ends when its queue is empty
	ref     actor.Ref[J]
	runner  *runner[J] // nil while down
	queue   lanes[J]   // what waits for this worker
	job     *job[J]    // in flight: not nil if and only if busy
	since   int64      // when it got it; counts only with StuckAfter
	alarm   alarm[J]   // stuck, or start again
	fails   int        // incarnations in a row that have not begun a job

	at node[slot[J]] // among the idle
}

// slotState is what a worker is at.
//
//	down → starting → idle ⇄ busy ⇄ between → ending → down or gone
//
// between: its job has ended, and what comes next is not known yet. ending: it
// was told to stop, or is dying of the job that it has reported. Death leads
// from each state to down.
type slotState uint8

const (
	down slotState = iota
	starting
	idle
	busy
	between
	ending
)

// newSlot makes slot id, at the end or where one has left.
func (c *core[J]) newSlot(id int) *slot[J] {
	s := &slot[J]{id: id}
	s.alarm.slot, s.at.of = s, s
	if id == len(c.slots) {
		c.slots = append(c.slots, s)
	} else {
		c.slots[id] = s
	}
	return s
}

// newRunner makes the next incarnation of s.
func (c *core[J]) newRunner(s *slot[J]) *runner[J] {
	r := &runner[J]{home: c.ctx, make: c.cfg.NewWorker, fresh: c.fresh, id: s.id, blocks: c.cfg.Blocks}
	r.report = func() error {
		if s.runner == r && s.job != nil && r.state.Load() == ended {
			c.reported(s)
		}
		c.settle()
		return nil
	}
	return r
}

// watch makes r what s has, and asks for its end.
func (c *core[J]) watch(s *slot[J], r *runner[J], ref actor.Ref[J]) {
	s.runner, s.ref = r, ref
	c.ctx.MonitorMsg(ref.Any(), func(d actor.Down) message[J] {
		return message[J]{do: func(c *core[J]) { c.down(s, r, d.Err) }}
	})
}

// start starts the next incarnation of s. Nothing is waited for: NewWorker runs
// where the worker does, and how it went comes as a message.
func (c *core[J]) start(s *slot[J]) {
	r := c.newRunner(s)
	r.ready = func() error {
		if s.runner == r && s.state == starting {
			c.next(s)
		}
		c.settle()
		return nil
	}
	s.state = starting
	ref, err := actor.SpawnInstant(c.ctx, r, actor.LinkedTo(c.ctx.Self().Any()))
	if err != nil { // the System ends, or the factory does
		c.startLater(s, err)
		return
	}
	c.watch(s, r, ref)
}

// startLater is start after a while that doubles: a worker that cannot live
// keeps nobody busy.
func (c *core[J]) startLater(s *slot[J], err error) {
	const shortest, doublings = 10 * time.Millisecond, 7
	delay := shortest << min(s.fails, doublings)
	delay = min(delay, time.Second)
	s.fails++
	s.state, s.runner = down, nil
	c.agenda.set(&s.alarm, c.gate.now()+int64(delay))
	c.ctx.Logger().Error("factory: worker cannot start or does not live",
		slog.Int("worker", s.id), slog.Any("error", err), slog.Duration("again after", delay))
}

// slotDue is called when the alarm of a slot has rung.
func (c *core[J]) slotDue(s *slot[J]) {
	switch s.state {
	case down:
		c.start(s)
	case busy:
		c.gate.books.change(func(st *Stats) { st.Stuck++ })
		c.ctx.Logger().Warn("factory: worker is stuck",
			slog.Int("worker", s.id), slog.Duration("for longer than", c.cfg.StuckAfter))
		if !c.cfg.KeepStuck {
			s.runner.stuck = true
			s.ref.Kill() // the rest when it is down
		}
	}
}

// next gives s, whose worker is free, something to do: what waits for it, or
// what waits for anybody.
func (c *core[J]) next(s *slot[J]) {
	for j := s.queue.peek(); j != nil; j = s.queue.peek() {
		if c.expired(j) {
			c.discard(j, Expired)
			continue
		}
		s.queue.remove(j)
		c.give(s, j)
		return
	}
	if s.leaving {
		s.state = ending
		s.ref.Stop()
		return
	}
	s.state = idle
	c.idle.push(&s.at)
	c.pump()
}

// reported takes the result of the job that s has been at.
func (c *core[J]) reported(s *slot[J]) {
	r, j := s.runner, s.job
	err := r.err
	c.agenda.clear(&s.alarm)
	s.job, r.err = nil, nil
	s.fails, r.worked = 0, true
	r.state.Store(free)
	broken := r.stuck || err != nil && errors.Is(err, ErrBroken)
	s.state = between
	if broken {
		s.state = ending // it has been killed, or dies of it
	}
	c.attempted(j, err, Failed)
	if !broken {
		c.next(s)
	}
}

// attempted ends an attempt at j: it is done, or is tried again, or is
// discarded as why (row FA32).
func (c *core[J]) attempted(j *job[J], err error, why Reason) {
	c.unhold(j)
	if err == nil {
		c.book(j, done)
		c.onDone(j, nil)
		c.release(j)
		return
	}
	c.onDone(j, err)
	switch {
	case j.attempts >= c.cfg.Retry.Max:
		c.discard(j, why)
	case c.expired(j):
		c.discard(j, Expired)
	default:
		c.retry(j)
	}
}

// retry has j tried again.
func (c *core[J]) retry(j *job[J]) {
	delay := c.cfg.Retry.delay(j.attempts)
	j.attempts++
	c.gate.books.change(func(st *Stats) { st.Retried++ })
	if delay == 0 {
		c.place(j)
		return
	}
	c.book(j, queued)
	j.delayed, j.due = true, c.gate.now()+int64(delay)
	c.plan(j)
}

// delay is the time before retry n, counted from 0.
func (r Retry) delay(n int) time.Duration {
	d := min(r.Backoff, r.MaxBackoff)
	for ; n > 0 && d > 0 && d < r.MaxBackoff; n-- {
		if d > r.MaxBackoff/2 {
			return r.MaxBackoff
		}
		d *= 2
	}
	return d
}

// down is the end of incarnation r of s (row FA4): its job is settled, the slot
// filled again.
func (c *core[J]) down(s *slot[J], r *runner[J], err error) {
	if s.runner != r {
		return
	}
	if s.state == idle {
		c.idle.remove(&s.at)
	}
	expected := s.state == ending
	s.state, s.runner = down, nil
	c.agenda.clear(&s.alarm)
	if j := s.job; j != nil {
		s.job = nil
		c.bereaved(s, r, j, err)
	}
	if s.leaving && s.queue.n == 0 {
		c.remove(s)
		return
	}
	c.gate.books.change(func(st *Stats) { st.Replaced++ })
	if r.worked || expected {
		c.start(s)
	} else {
		c.startLater(s, err)
	}
}

// bereaved settles the job of a worker that has ended.
func (c *core[J]) bereaved(s *slot[J], r *runner[J], j *job[J], err error) {
	switch r.state.Swap(gone) {
	case ended: // its report is under way, and will find the slot with another
		r.worked = true
		c.attempted(j, r.err, Failed)
	case begun:
		r.worked = true
		why := Died
		if r.stuck {
			why, err = Stuck, ErrStuck
		}
		if err == nil {
			err = actor.ErrStopped
		}
		c.attempted(j, err, why)
	default: // it has not seen it: its place is kept
		s.queue.pushFront(j)
		c.book(j, queued)
		c.plan(j)
	}
}

// remove takes a slot that has left out of the books.
func (c *core[J]) remove(s *slot[J]) {
	c.slots[s.id] = nil
	n := len(c.slots)
	for n > 0 && c.slots[n-1] == nil {
		n--
	}
	c.slots = c.slots[:n]
}
