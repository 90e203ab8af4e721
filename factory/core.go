package factory

import (
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// message is what a factory's mailbox takes: a job, or something to do.
type message[J any] struct {
	do     func(c *core[J])
	job    J
	sent   int64 // on the gate's clock; 0 if nobody needs it
	answer rpc.Reply[*RefusedError]
}

// gate is the part of a factory that other goroutines touch.
type gate[J any] struct {
	epoch time.Time
	timed atomic.Bool // jobs must be stamped
	books accounts
}

// now is never 0, which as a time means none.
func (g *gate[J]) now() int64 { return int64(time.Since(g.epoch)) + 1 }

// wrap makes the message of a job; it runs on the sender's goroutine.
func (g *gate[J]) wrap(j J) message[J] {
	m := message[J]{job: j}
	if g.timed.Load() {
		m.sent = g.now()
	}
	return m
}

// core is the factory: an actor whose state only its callbacks touch.
type core[J any] struct {
	ctx  *actor.Context[message[J]]
	gate *gate[J]
	cfg  Config[J] // resolved

	slots  []*slot[J]    // nil where a worker has left; the last one is none
	size   int           // of the pool: those after it are leaving
	idle   list[slot[J]] // those first that have been so for longest
	shared lanes[J]
	keys   map[string]holding

	fresh   *fresh // of the workers that NewWorker makes
	agenda  agenda[J]
	control alarm[J]
	timer   actor.Timer // fires at timerAt, for the agenda's first alarm
	timerAt int64       // 0: not armed

	bucket   bucket
	draining bool
	spare    []*job[J] // free jobs, at most maxSpare
}

const maxSpare = 1024

// holding is who has jobs with a key, and how many.
type holding struct{ slot, n int }

func newCore[J any](cfg Config[J]) *core[J] {
	c := &core[J]{cfg: cfg, gate: &gate[J]{epoch: time.Now()}, keys: map[string]holding{}, fresh: new(fresh)}
	c.adjust()
	return c
}

// adjust does what follows from new settings.
func (c *core[J]) adjust() {
	c.gate.timed.Store(c.cfg.TTL > 0)
	c.bucket = newBucket(c.cfg.Rate, c.gate.now())
	c.gate.books.change(func(st *Stats) { st.Limit = c.cfg.Limit })
}

// PreStart starts the workers, one after the other; the first that fails is the
// factory's failure (row FA1).
func (c *core[J]) PreStart(ctx *actor.Context[message[J]]) error {
	c.ctx = ctx
	for id := range c.cfg.Workers {
		s := c.newSlot(id)
		r := c.newRunner(s)
		ref, err := actor.SpawnLinked(ctx, r)
		if err != nil {
			return fmt.Errorf("factory: worker %d: %w", id, err)
		}
		c.watch(s, r, ref)
		s.state = idle
		c.idle.push(&s.at)
	}
	c.resized(c.cfg.Workers)
	return nil
}

// PostStart runs before any message.
func (c *core[J]) PostStart(*actor.Context[message[J]]) error {
	c.hook("OnStarted", c.cfg.OnStarted)
	c.planControl()
	c.arm()
	return nil
}

// Handle takes a job, or does something.
func (c *core[J]) Handle(_ *actor.Context[message[J]], m message[J]) error {
	if m.do == nil {
		m.answer.Send(c.submit(&m))
	} else {
		m.do(c)
	}
	c.settle()
	return nil
}

// HandleSupervision ignores what is said of the workers here: their ends come as
// messages, behind their reports.
func (c *core[J]) HandleSupervision(*actor.Context[message[J]], actor.Event) error { return nil }

// settle is the end of every message: what time demands is armed, and a factory
// that drains sees whether it has.
func (c *core[J]) settle() {
	c.arm()
	if c.draining {
		c.drained()
	}
}

// arm sees to it that a timer fires for the agenda's first alarm. It is a
// periodic timer that is cancelled when it has come: should a bounded mailbox
// refuse the message, the next one follows.
func (c *core[J]) arm() {
	first := c.agenda.next()
	if first == nil || c.timerAt != 0 && c.timerAt <= first.at {
		return
	}
	c.timer.Cancel()
	c.timerAt = max(first.at, 1)
	c.timer = c.ctx.Every(max(1, time.Duration(first.at-c.gate.now())), message[J]{do: (*core[J]).tick})
}

// tick does what is due.
func (c *core[J]) tick() {
	c.timer.Cancel()
	c.timerAt = 0
	now := c.gate.now()
	for a := c.agenda.next(); a != nil && a.at <= now; a = c.agenda.next() {
		c.agenda.clear(a)
		switch {
		case a.job != nil:
			c.jobDue(a.job)
		case a.slot != nil:
			c.slotDue(a.slot)
		default:
			c.controllers()
		}
	}
}

// newJob returns a job with nothing in it.
func (c *core[J]) newJob() *job[J] {
	if n := len(c.spare); n > 0 {
		j := c.spare[n-1]
		c.spare = c.spare[:n-1]
		return j
	}
	return new(job[J]).reset()
}

// release takes j back.
func (c *core[J]) release(j *job[J]) {
	if len(c.spare) == maxSpare {
		return
	}
	c.spare = append(c.spare, j.reset())
}

// route asks the router; nil and no error leaves the job in the shared queue.
func (c *core[J]) route(j *job[J]) (*slot[J], error) {
	if c.size == 0 {
		return nil, nil
	}
	n := ToQueue
	if err := guard(func() { n = c.cfg.Router.Route(j.key, (*pool[J])(c)) }); err != nil {
		return nil, err
	}
	switch {
	case n == ToQueue:
		return nil, nil
	case n >= 0 && n < c.size:
		return c.slots[n], nil
	case n >= 0:
		// One that leaves may go on with a key that it has (row FA6).
		if w, ok := (*pool[J])(c).Holder(j.key); ok && w == n {
			return c.slots[n], nil
		}
	}
	return nil, fmt.Errorf("factory: router %v chose worker %d of %d", c.cfg.Router, n, c.size)
}

// pool is a core as routers see it.
type pool[J any] core[J]

func (p *pool[J]) Len() int { return p.size }

func (p *pool[J]) FirstIdle() int {
	s := p.idle.front()
	if s == nil {
		return ToQueue
	}
	return s.id
}

func (p *pool[J]) Idle() iter.Seq[int] {
	return func(yield func(int) bool) {
		for e := p.idle.first; e != nil && yield(e.of.id); e = e.next {
		}
	}
}

func (p *pool[J]) Holder(key string) (int, bool) {
	h, ok := p.keys[key]
	// With a router that spreads keys, hold books only the last holder, and
	// that one may have left before the others were done.
	if !ok || h.slot >= len(p.slots) || p.slots[h.slot] == nil {
		return ToQueue, false
	}
	return h.slot, true
}

func (p *pool[J]) Waiting(worker int) int {
	if worker < 0 || worker >= len(p.slots) || p.slots[worker] == nil {
		return 0
	}
	return p.slots[worker].queue.n
}

// hold books that s has j; unhold that it has no more. A key has one holder at a
// time with the keyed routers; with others the last one that got a job of it.
func (c *core[J]) hold(j *job[J], s *slot[J]) {
	if c.cfg.Key == nil || j.held {
		return
	}
	j.held = true
	h := c.keys[j.key]
	c.keys[j.key] = holding{s.id, h.n + 1}
}

func (c *core[J]) unhold(j *job[J]) {
	if !j.held {
		return
	}
	j.held = false
	if h := c.keys[j.key]; h.n > 1 {
		c.keys[j.key] = holding{h.slot, h.n - 1}
	} else {
		delete(c.keys, j.key)
	}
}
