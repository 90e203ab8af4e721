package actor

import (
	"fmt"

	"github.com/ractor-go/ractor/mailbox"
)

// KeepMailbox lets the actor outlive a failure: when a callback fails its value
// is thrown away, but the actor waits, held, with its mailbox, for its parent to
// Revive it with a new one. It needs a parent, with HandleSupervision. The
// failures meant are an error, a panic and runtime.Goexit in every callback but
// PreStart and PostStop; a Kill, a Stop and an abandonment are none, and neither
// is a failure after one of these was asked for.
//
// After the failure the message that was being handled is a dead letter, a
// request fails its caller, answers that are owed will not come, children are
// killed, and what the value had set up ends: timers of Context.After and Every,
// Monitor and MonitorMsg, Become, Idle, continuations of calls and of Async, and
// events that were queued. What Stash had kept is in front of the queue again.
// What belongs to the Ref stays: the queue in its order, the name, groups,
// monitors of the actor and Binds, those who wait for it, timers of CastAfter,
// and the Context, whose Done does not close. There is one crash report, and the
// parent is told Failed with Event.Kept.
//
// The actor ends instead, as that failure whatever ends it, when it is stopped
// or killed, or when the parent ends, unlinks it, or links it to another: it
// never waits for nobody. It ends at once when the failure finds no parent, or
// one that is ending or has no HandleSupervision.
func KeepMailbox() Option {
	return Option{func(o *options) error {
		o.keep = true
		return nil
	}}
}

// checkKeep says what is wrong with KeepMailbox, if it was given.
func (o *options) checkKeep() error {
	switch {
	case !o.keep:
		return nil
	case o.parent == nil:
		return fmt.Errorf("%w: KeepMailbox needs a parent: who else would revive the actor", ErrOption)
	case !o.parent.kind.hooks.has(supervise):
		return fmt.Errorf("%w: KeepMailbox: the parent %v has no HandleSupervision and would never revive the actor", ErrOption, ref{o.parent})
	}
	return nil
}

// Revive gives an actor that has failed and was kept (KeepMailbox) a new value,
// of the type that it was spawned with. PreStart runs on the caller's goroutine,
// as in Spawn, with the actor's own Context, and not bounded in time but by a
// Kill. Then PostStart runs as the first turn, the parent is told Started, and
// the queue goes on. When PreStart fails the actor waits as before, and its
// error, or a *PanicError, is returned. The other errors: ErrNotKept when the
// actor does not wait, is not a child of parent, or is being revived already,
// together with ErrStopped if it is ending or has ended; ErrWrongType when a is of
// another type; ErrNotSupported for an actor of another node; ErrNoActor,
// ErrNilActor, ErrNilContext, ErrHook; ErrKilled when the actor, or the parent as
// one that was abandoned, has been killed. Any goroutine may call it.
func Revive[A Actor[M], M any](parent Inside, r Ref[M], a A) error {
	if parent == nil {
		return ErrNilContext
	}
	if isNil(a) {
		return fmt.Errorf("%w: %T", ErrNilActor, a)
	}
	if fenced(parent) {
		return ErrKilled
	}
	cell := r.actor()
	if cell == nil {
		return ErrNoActor
	}
	if s := cell.shim(); s != nil {
		return s.unsupported("revive")
	}
	t, ok := cell.task.Runner.(*turner[M])
	if !ok {
		return fmt.Errorf("%w: revive: %v takes %v", ErrWrongType, r, cell.kind.message)
	}
	c := (*Context[M])(t)
	switch k, err := kindOf[M](c.kind.sys, a); {
	case err != nil:
		return err
	case k != c.kind:
		return fmt.Errorf("%w: revive: %v is a %s, not a %s", ErrWrongType, r, c.kind.name, k.name)
	}
	if !c.seize(parent.inside()) {
		if c.has(stopFlag) || c.status() >= Stopping {
			return fmt.Errorf("%w: %v: %w", ErrNotKept, r, ErrStopped)
		}
		return fmt.Errorf("%w: %v is %v", ErrNotKept, r, c.status())
	}
	return c.revive(a)
}

// Incarnation counts how often in's actor has failed and was kept. What belongs
// to the value and comes back later, such as the rest of a call, is not for the
// next one. Any goroutine may call it; it costs two loads.
func Incarnation(in Inside) uint32 { return in.inside().lives() }

func (c *cell) lives() uint32 {
	if r := c.rare.Load(); r != nil {
		return r.lives.Load()
	}
	return 0
}

// mortal is f for as long as the present value lives.
func (c *cell) mortal(f func() error) func() error {
	if !c.has(keepFlag) {
		return f
	}
	lives := c.lives()
	return func() error {
		if c.lives() != lives {
			c.kind.sys.dead.count(errWithdrawn)
			return nil
		}
		return f()
	}
}

// keep is the end of a value that has failed, if it is not the actor's. The
// caller is the consumer. False: it is, and the caller is the consumer still.
func (c *Context[M]) keep(err error) (kept bool) {
	if life := c.life.Load(); life&keepFlag == 0 || life&stopFlag != 0 || statusOf(life) >= Stopping {
		return false
	}
	if p := c.parent.Load(); p == nil || p.status() >= Stopping || !p.kind.hooks.has(supervise) {
		return false
	}
	r := c.extra()
	failing, owed := r.failing, r.owed
	r.failing, r.owed, r.swept = nil, nil, 0
	c.actor = nil
	// What follows is the code of others. Should it take longer than KillGrace
	// after a Kill, somebody has abandoned the actor meanwhile.
	c.handOver()
	c.report(ending{err: err, failed: true})
	r.last = ""
	if e, ok := failing.(envelope[M]); ok {
		c.lost(e)
	}
	for _, t := range owed {
		t.Holder.Discard(ErrFailed)
	}
	if c.has(claimedFlag) {
		return true
	}
	c.reset()
	r.failure = err
	c.life.And(^begunFlag)
	c.set(keptFlag)
	if !c.await(true) {
		c.fail()
	}
	return true
}

// lost makes a dead letter of the message in which the value has failed. Its
// caller, if it was a request, has been told.
func (c *Context[M]) lost(e envelope[M]) {
	if _, made := e.tag.(maker[M]); made {
		c.kind.sys.dead.count(ErrFailed)
		return
	}
	c.kind.sys.deadLetter(&c.cell, e.m, ErrFailed)
}

// reset ends what a value has set up, when it has failed.
func (c *Context[M]) reset() {
	r := c.extra()
	for _, child := range c.bereave() {
		child.kill(ErrKilled)
	}
	c.kind.sys.sched.Clear(&r.own)
	c.unmonitor()
	if len(r.stash) > 0 {
		c.unstash(r)
	}
	r.missed = 0
}

// await parks an actor without a value for its parent, which is told if it does
// not know yet. False: it is to end, and still the caller's.
//
// The parent may be told before the actor is parked, and be here to revive it
// before that too: r.reviving makes it wait. So whoever takes the hold off
// without that lock ends the actor: a turn of an actor without a value is its
// last.
func (c *Context[M]) await(tell bool) (held bool) {
	r := c.extra()
	r.reviving.Lock()
	defer r.reviving.Unlock()
	p, lives := c.master()
	if p == nil {
		return false
	}
	for {
		if stopped := c.sweep(); stopped {
			return false
		}
		if tell {
			ev := Event{Kind: Failed, Actor: AnyRef{ref{&c.cell}}, Err: r.failure, Kept: true}
			if !p.tell(mailbox.Supervision, notice{event: ev, linked: true, lives: lives}) {
				return false // it is ending, and so are we
			}
			tell = false
		}
		c.taken.Store(uint32(min(c.box.Backlog(), 1<<31)))
		if !c.park() {
			return false
		}
		// Not ours any more. Who has changed the parent looks for us then.
		same := c.parent.Load() == p
		if same && !c.box.HasNews() || !c.unpark() {
			return true
		}
		if !same {
			return false
		}
	}
}

// sweep empties the control lanes of an actor without a value, and says whether
// a Stop was in them.
func (c *Context[M]) sweep() (stopped bool) {
	for {
		lane, n, ok := c.box.PopControl()
		if !ok {
			return stopped
		}
		switch {
		case lane == mailbox.Stop:
			stopped = true
		case n.event.Kind != 0:
			c.kind.sys.dead.events.Add(1)
		case n.late != nil:
			c.lateOrLook(n.late)
		}
	}
}

// fail is the exit of an actor that was kept and is not revived.
func (c *Context[M]) fail() {
	c.finish(ending{err: c.extra().failure, failed: true, reported: true}, nil)
}

// forsaken ends an actor without a value that has lost the parent it waits for.
// The caller has changed c.parent.
func (c *cell) forsaken() {
	if c.unparkIf(heldFlag|keptFlag, heldFlag|keptFlag) {
		c.schedule()
	}
}

// seize takes a kept actor for p to revive it.
func (c *cell) seize(p *cell) bool {
	r := c.rare.Load()
	if r == nil {
		return false
	}
	r.reviving.Lock()
	defer r.reviving.Unlock()
	return c.parent.Load() == p && c.unparkIf(heldFlag|keptFlag|killedFlag|stopFlag, heldFlag|keptFlag)
}

// revive gives the actor, which is the caller's, a new value.
func (c *Context[M]) revive(a Actor[M]) error {
	r := c.extra()
	r.before = len(r.late)
	c.actor = a
	c.handOver()
	if c.kind.hooks.has(preStart) {
		if err := c.runPreStart(); err != nil {
			c.relapse()
			return err
		}
	}
	if c.has(killedFlag) {
		c.relapse()
		return c.killCause()
	}
	r.failure = nil
	c.life.And(^keptFlag)
	c.schedule()
	return nil
}

// relapse undoes a revival: the actor waits again.
func (c *Context[M]) relapse() {
	c.actor = nil
	if c.has(claimedFlag) {
		return // abandoned
	}
	r := c.extra()
	n := len(r.late) - r.before // PreStart has put them there: who tries again does so again
	front, stash := r.late[:n], r.stash
	r.late, r.stash = r.late[n:], nil
	c.handOver()
	for _, l := range front {
		c.drop(enveloped[M](l.tag), ErrFailed)
	}
	for _, tag := range stash {
		c.drop(enveloped[M](tag), ErrFailed)
	}
	if c.has(claimedFlag) {
		return
	}
	c.reset()
	if !c.await(false) {
		c.schedule() // to its last turn
	}
}
