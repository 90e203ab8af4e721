package factory

import (
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// resize makes the pool n workers large (row FA23). New ones start, those who
// were about to leave stay; of too many the last ones leave: the idle at once,
// the others when nothing waits for them any more.
func (c *core[J]) resize(n int) error {
	if n < 0 || n > MaxWorkers {
		return fmt.Errorf("%w: Resize(%d): want 0 to %d workers", ErrConfig, n, MaxWorkers)
	}
	old := c.size
	c.resized(n)
	for id := old; id < n; id++ {
		if id < len(c.slots) && c.slots[id] != nil {
			c.slots[id].leaving = false
			continue
		}
		c.start(c.newSlot(id))
	}
	for id := old - 1; id >= n; id-- {
		c.leave(c.slots[id])
	}
	c.pump()
	return nil
}

func (c *core[J]) resized(n int) {
	c.size = n
	c.cfg.Workers = n
	c.gate.books.change(func(st *Stats) { st.Workers = n })
}

func (c *core[J]) leave(s *slot[J]) {
	s.leaving = true
	switch s.state {
	case idle:
		c.idle.remove(&s.at)
		s.state = ending
		s.ref.Stop()
	case down:
		if s.queue.n == 0 {
			c.agenda.clear(&s.alarm)
			c.remove(s)
		}
	}
}

// update changes the settings (row FA30): all of them, or none.
func (c *core[J]) update(change func(*Config[J])) (err error) {
	next := c.cfg
	if err := guard(func() { change(&next) }); err != nil {
		return err
	}
	old := c.cfg
	empty := next.Workers == 0 && c.size == 0
	if next, err = next.resolve(); err != nil {
		return err
	}
	if empty {
		next.Workers = 0
	}
	size := next.Workers
	next.Workers = c.size
	rate := c.bucket
	c.cfg = next
	c.adjust()
	if next.Rate == old.Rate {
		c.bucket = rate
	}
	if next.TTL != old.TTL {
		c.replan()
	}
	if next.StuckAfter != old.StuckAfter {
		c.rewatch(old.StuckAfter > 0)
	}
	c.planControl()
	return c.resize(size)
}

// replan goes by a new TTL. For jobs that have no time of birth it begins now.
func (c *core[J]) replan() {
	now := c.gate.now()
	for j := range c.jobs() {
		if j.born == 0 {
			j.born = now
		}
		if j.where == queued {
			c.plan(j)
		}
	}
}

// jobs yields all jobs that the factory has.
func (c *core[J]) jobs() func(yield func(*job[J]) bool) {
	var all []*job[J]
	in := func(q *lanes[J]) {
		for _, l := range q.lists {
			for e := l.first; e != nil; e = e.next {
				all = append(all, e.of)
			}
		}
	}
	in(&c.shared)
	for _, s := range c.slots {
		if s != nil {
			if in(&s.queue); s.job != nil {
				all = append(all, s.job)
			}
		}
	}
	for _, a := range c.agenda.heap {
		if a.job != nil && a.job.delayed {
			all = append(all, a.job)
		}
	}
	return func(yield func(*job[J]) bool) {
		for _, j := range all {
			if !yield(j) {
				return
			}
		}
	}
}

// rewatch goes by a new StuckAfter. For jobs that nobody has timed it begins
// now.
func (c *core[J]) rewatch(timed bool) {
	now := c.gate.now()
	for _, s := range c.slots {
		switch {
		case s == nil || s.state != busy || s.runner.stuck:
		case c.cfg.StuckAfter == 0:
			c.agenda.clear(&s.alarm)
		default:
			if !timed {
				s.since = now
			}
			c.agenda.set(&s.alarm, s.since+int64(c.cfg.StuckAfter)+1)
		}
	}
}

// planControl has the controllers asked after ControlEvery, if there are any.
func (c *core[J]) planControl() {
	if c.cfg.Capacity == nil && c.cfg.AdaptLimit == nil && c.cfg.Observe == nil {
		c.agenda.clear(&c.control)
		return
	}
	c.agenda.set(&c.control, c.gate.now()+int64(c.cfg.ControlEvery))
}

// controllers asks them.
func (c *core[J]) controllers() {
	if f := c.cfg.Capacity; f != nil {
		n := 0
		c.hook("Capacity", func() { n = f(c.stats()) })
		if n > 0 && n != c.size {
			if err := c.resize(n); err != nil {
				c.complain("Capacity", err)
			}
		}
	}
	if f := c.cfg.AdaptLimit; f != nil {
		n := c.cfg.Limit
		c.hook("AdaptLimit", func() { n = f(c.stats()) })
		c.setLimit(n)
	}
	if f := c.cfg.Observe; f != nil {
		c.hook("Observe", func() { f(c.stats()) })
	}
	c.planControl()
}

func (c *core[J]) setLimit(n int) {
	if n < NoQueue {
		c.complain("AdaptLimit", fmt.Errorf("%w: limit %d", ErrConfig, n))
		return
	}
	c.cfg.Limit = n
	c.gate.books.change(func(st *Stats) { st.Limit = n })
}

func (c *core[J]) stats() Stats { return c.gate.books.read(actor.Running) }

// errNilChange: Update was given nothing to do.
var errNilChange = errors.New("factory: Update with a nil function")
