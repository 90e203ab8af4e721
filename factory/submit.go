package factory

import "math"

// submit is a job's way in (row FA5): it is refused, given to a worker, or put
// into a queue. It returns why it was refused.
func (c *core[J]) submit(m *message[J]) *RefusedError {
	j := c.newJob()
	j.payload, j.born = m.job, m.sent
	if m.sent == 0 && c.cfg.TTL > 0 { // sent before there was a TTL
		j.born = c.gate.now()
	}
	if err := c.classify(j); err != nil {
		return c.refuse(j, Misrouted, err)
	}
	switch {
	case c.expired(j):
		return c.refuse(j, Expired, nil)
	case c.draining:
		return c.refuse(j, Shutdown, nil)
	case c.cfg.Rate.Jobs > 0 && !c.bucket.open(c.gate.now()):
		return c.refuse(j, RateLimited, nil)
	}
	c.pump() // who has waited comes first
	s, err := c.route(j)
	if err != nil {
		return c.refuse(j, Misrouted, err)
	}
	if s != nil && s.state == idle {
		c.give(s, j)
	} else if refused := c.enqueue(s, j); refused != nil {
		return refused
	}
	if c.cfg.Rate.Jobs > 0 {
		c.bucket.take()
	}
	return nil
}

func (c *core[J]) refuse(j *job[J], why Reason, err error) *RefusedError {
	c.discard(j, why)
	return &RefusedError{why, err}
}

// classify finds out key and priority.
func (c *core[J]) classify(j *job[J]) error {
	if c.cfg.Key == nil && c.cfg.Priority == nil {
		return nil
	}
	return guard(func() {
		if c.cfg.Key != nil {
			j.key = c.cfg.Key(j.payload)
		}
		if c.cfg.Priority != nil {
			j.lane = uint8(min(max(c.cfg.Priority(j.payload), 0), MaxPriority))
		}
	})
}

// enqueue puts a new job into the queue of s, or the shared one if s is nil, as
// far as the limit allows (rows FA15-FA18).
func (c *core[J]) enqueue(s *slot[J], j *job[J]) *RefusedError {
	q := &c.shared
	if s != nil {
		q = &s.queue
	}
	limit, limited := c.cfg.limited()
	if limited && c.cfg.Discard == Newest && q.n >= limit && !c.essential(j) {
		return c.refuse(j, Overload, nil)
	}
	c.wait(s, j)
	if limited && c.cfg.Discard == Oldest {
		for q.n > limit {
			worst := q.worst()
			if worst == j {
				return c.refuse(j, Overload, nil)
			}
			c.discard(worst, Overload)
		}
	}
	return nil
}

// available is how many jobs there is room for, at most math.MaxInt.
func (c *core[J]) available() int {
	if c.draining {
		return 0
	}
	n := c.idle.n
	limit, limited := c.cfg.limited()
	if !limited {
		return n
	}
	add := func(q *lanes[J]) { n += min(max(limit-q.n, 0), math.MaxInt-n) }
	if _, own := c.cfg.Router.(atWorkers); !own {
		add(&c.shared)
		return n
	}
	for _, s := range c.slots[:c.size] {
		add(&s.queue)
	}
	return n
}

// wait has j wait: at s, or in the shared queue if s is nil.
func (c *core[J]) wait(s *slot[J], j *job[J]) {
	if s == nil {
		c.shared.push(j)
	} else {
		s.queue.push(j)
		c.hold(j, s)
	}
	c.book(j, queued)
	c.plan(j)
}

// place finds a place for a job that was accepted before: a retry, or one that
// moves from the shared queue.
func (c *core[J]) place(j *job[J]) {
	s, err := c.route(j)
	switch {
	case err != nil:
		c.discard(j, Misrouted)
	case s != nil && s.state == idle:
		c.give(s, j)
	default:
		c.wait(s, j)
	}
}

// pump empties the shared queue as far as the router places its jobs: O(1) when
// it leaves the first one where it is.
func (c *core[J]) pump() {
	for j := c.shared.peek(); j != nil; j = c.shared.peek() {
		if c.expired(j) {
			c.discard(j, Expired)
			continue
		}
		s, err := c.route(j)
		switch {
		case err != nil:
			c.discard(j, Misrouted)
		case s == nil:
			return
		case s.state == idle:
			c.shared.remove(j)
			c.give(s, j)
		default:
			c.shared.remove(j)
			c.wait(s, j)
		}
	}
}

// give gives j to s, which is idle or has just become free.
func (c *core[J]) give(s *slot[J], j *job[J]) {
	if s.state == idle {
		c.idle.remove(&s.at)
	}
	c.agenda.clear(&j.alarm)
	c.hold(j, s)
	c.book(j, inFlight)
	s.state, s.job = busy, j
	if c.cfg.StuckAfter > 0 {
		s.since = c.gate.now()
		c.agenda.set(&s.alarm, s.since+int64(c.cfg.StuckAfter)+1)
	}
	s.runner.state.Store(given)
	// If it has ended the cast fails, and the job stays given: its Down is
	// under way and will find it.
	_ = s.ref.Cast(c.ctx, j.payload)
}

// expired says that j has waited for too long: strictly longer than TTL.
func (c *core[J]) expired(j *job[J]) bool {
	return c.cfg.TTL > 0 && c.gate.now()-j.born > int64(c.cfg.TTL)
}

// book moves j in the accounts; no reason is needed.
func (c *core[J]) book(j *job[J], to place) {
	if j.where != to {
		c.gate.books.move(j.where, to, 0)
		j.where = to
	}
}

// discard ends j, wherever it is.
func (c *core[J]) discard(j *job[J], why Reason) {
	c.agenda.clear(&j.alarm)
	if j.in != nil {
		j.in.remove(j)
	}
	c.unhold(j)
	c.gate.books.move(j.where, discarded, why)
	c.onDiscard(j, why)
	c.release(j)
}

// plan sets the alarm of a job that waits: for its retry, for the end of its
// time.
func (c *core[J]) plan(j *job[J]) {
	switch expiry := j.born + int64(c.cfg.TTL) + 1; {
	case j.delayed && (c.cfg.TTL == 0 || j.due <= expiry):
		c.agenda.set(&j.alarm, j.due)
	case c.cfg.TTL > 0:
		c.agenda.set(&j.alarm, expiry)
	default:
		c.agenda.clear(&j.alarm)
	}
}

// jobDue is called when the alarm of a job has rung.
func (c *core[J]) jobDue(j *job[J]) {
	switch {
	case c.expired(j):
		c.discard(j, Expired)
	case j.delayed:
		j.delayed = false
		c.place(j)
	}
}
