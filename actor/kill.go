package actor

import (
	"log/slog"
	"time"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// kill begins the end of c and of everything below it, in the caller's
// goroutine: status Stopping, context cancelled. The rest of the exit is done
// by a worker, as soon as no callback runs; if one does not return within
// KillGrace, by abandon. It walks the tree with a list of its own, so that a
// deep tree needs no deep stack.
func (c *cell) kill(cause error) {
	if s := c.shim(); s != nil {
		s.end(EndKill, nil)
		return
	}
	for list := []*cell{c}; len(list) > 0; {
		x := list[len(list)-1]
		list = list[:len(list)-1]
		if x.status() == Stopped {
			continue
		}
		if x == c && cause != ErrKilled { //nolint:errorlint // identity is meant
			x.extra().killCause.CompareAndSwap(nil, &cause)
		}
		sched.Touch(&x.task, nil)
		if !x.set(killedFlag) {
			continue
		}
		x.stopping()
		x.cancelled(x.killCause())
		list = append(list, x.children()...)
		if x.core().control(mailbox.Signal, notice{}) == mailbox.Wake || x.unpark() {
			x.schedule()
		} else {
			x.watchGrace() // it is awake, and may be in a callback
		}
	}
}

// killCause is why c was killed: ErrKilled, or why its start was given up.
func (c *cell) killCause() error {
	if r := c.rare.Load(); r != nil {
		if cause := r.killCause.Load(); cause != nil {
			return *cause
		}
	}
	return ErrKilled
}

// watchGrace gives c the time of KillGrace to return from its callback.
func (c *cell) watchGrace() {
	if c.has(claimedFlag) {
		return
	}
	sys := c.kind.sys
	r := c.extra()
	sys.sched.Arm(&r.grace, sys.sched.Now()+sys.cfg.KillGrace, (*graceOver)(c))
	if c.has(claimedFlag) {
		sys.sched.Disarm(&r.grace) // it has ended meanwhile, maybe before Arm
	}
}

// graceOver is a cell as the Expirer of its grace.
type graceOver cell

func (g *graceOver) Expire() {
	c := (*cell)(g)
	if c.has(claimedFlag) {
		return
	}
	// Off the clock's goroutine: others' timers must not wait for it. And not
	// behind functions of Async, which may be stuck as c is.
	_ = c.kind.sys.sched.AsyncNow(func() { c.core().abandon() })
}

// abandon writes the actor off: the callback that ignores the kill keeps its
// goroutine, fenced, and everybody else goes on as if it had ended.
//
// It takes over from the carrier what only the consumer may touch. The claim
// says that the carrier will not touch it again; what makes the carrier's last
// writes visible here is handOver before each callback, and, in builds without
// the race detector, that the callback has run for KillGrace since: no
// processor holds a write back for that long, and no compiler over an unknown
// call. An atomic store for each message would buy the same for 6 ns each.
func (t *turner[M]) abandon() {
	c := (*Context[M])(t)
	if !c.claim() {
		return
	}
	everAbandoned.Store(true)
	c.set(abandonedFlag)
	c.taken.Load()
	sys := c.kind.sys
	stuck := stuckActor(&c.cell)
	sys.abandoned.Add(1)
	sys.log.Error("actor abandoned",
		slog.String("actor", ref{&c.cell}.String()),
		slog.String("behaviour", c.kind.name),
		slog.Duration("after", sys.cfg.KillGrace),
		slog.String("stack", string(stuck.Stack)))
	if stuck.duty != nil {
		stuck.duty.Holder.Discard(ErrAbandoned)
	}
	e := ending{err: ErrAbandoned, failed: true, abandoned: true}
	c.discard(e)
	c.conclude(e, nil)
}

// Stuck is an actor whose callback has not returned.
type Stuck struct {
	Actor AnyRef
	Stack []byte // of its goroutine; nil if the callback returned meanwhile
	duty  *Ticket
}

// stuckActor fences the carrier that runs c, and finds out what it is doing.
func stuckActor(c *cell) Stuck {
	s := Stuck{Actor: AnyRef{ref{c}}}
	for _, a := range c.kind.sys.sched.Activities() {
		if a.Task != &c.task {
			continue
		}
		if a.Carrier.Fence(a.Task) { // it ends with this turn: the duty is this actor's
			if d, ok := a.Carrier.Own().(*desk); ok {
				s.duty = d.duty.Swap(nil)
			}
		}
		s.Stack = gid.Stack(a.Carrier.Goroutine())
		return s
	}
	if r := c.rare.Load(); r != nil {
		if n := r.starting.Load(); n != 0 {
			s.Stack = gid.Stack(n)
		}
	}
	return s
}

// defaultKillGrace is Config.KillGrace's default.
const defaultKillGrace = 5 * time.Second
