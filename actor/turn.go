package actor

import (
	"fmt"
	"sync/atomic"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// turner is a Context as the scheduler sees it. It is a type of its own so that
// Turn is no method of the public Context; the conversion is free.
type turner[M any] Context[M]

// desk is what the actors keep for each carrier.
type desk struct {
	// duty is the ticket of the request that is being handled: if the
	// handler never returns, the one who abandons it fails the caller.
	duty atomic.Pointer[Ticket]
}

// Turn runs callbacks until there is nothing to do, or the budget or the slice
// is used up. It is the consumer of the mailbox: between Turn's beginning and
// its return nobody else touches what is the consumer's, but for abandon, which
// takes the actor over when a callback does not return.
func (t *turner[M]) Turn(car *sched.Carrier) (again bool) {
	c := (*Context[M])(t)
	if life := c.life.Load(); life&begunFlag == 0 || life&claimedFlag != 0 {
		if done := c.begin(car, life); done {
			return false
		}
	}
	st := c.stock()
	cache := st.local.Of(car)
	cfg := &c.kind.sys.turn
	budget := cfg.budget

	var e envelope[M] // what is being handled
	returned := false
	defer func() {
		if !returned {
			c.noteCrash(e)
		}
	}()

	driven := sched.Driven()
	n := 0
	left := 0 // of the batch that was taken out of the mailbox
	late := c.hasLate()
	for {
		if c.box.HasControl() || c.life.Load()&urgent != 0 {
			e = envelope[M]{tag: continuation(nil)} // no message
			if done := c.serve(car); done {
				returned = true
				car.Handled(n)
				return false
			}
			if car.Expired() { // the callback has waited, or used up the slice
				returned = true
				car.Handled(n)
				return true
			}
			late = c.hasLate()
			continue
		}
		var ok bool
		if late {
			e, ok, late = c.popWithLate()
		} else {
			e, ok = c.box.Pop(&st.pool, cache)
		}
		if !ok {
			if c.rest(car) {
				returned = true
				car.Handled(n)
				return false
			}
			continue
		}
		if b := c.box.Backlog(); b != left {
			// Seen from outside, the number is right when a batch comes in
			// and never more than twice too high: a store now and then, not
			// one a message.
			if b > left || b&(b-1) == 0 {
				c.taken.Store(uint32(min(b, 1<<31)))
			}
			if left = b; b > cfg.budget {
				budget = cfg.backlogBudget
			}
		}
		c.handOver()
		var err error
		if e.tag == nil {
			if driven {
				c.begins(e.m)
			}
			err = c.actor.Handle(c, e.m)
		} else {
			err = c.special(car, e)
		}
		n++
		if err != nil || c.life.Load()&(killedFlag|claimedFlag) != 0 { // a stop can wait for the loop's head
			if err != nil {
				c.noteCrash(e)
			}
			returned = true
			car.Handled(n)
			c.after(car, err)
			return false
		}
		if n >= budget || car.Expired() {
			if driven && c.hasNothing() {
				continue // to sleep, in the same step of a simulation
			}
			returned = true
			car.Handled(n)
			c.taken.Store(uint32(min(c.box.Backlog(), 1<<31)))
			return true
		}
	}
}

func (c *Context[M]) stock() *stock[M] { return c.kind.stock.(*stock[M]) } //nolint:forcetypeassert // made so

// rest is called with an empty mailbox. True: the turn is over.
func (c *Context[M]) rest(car *sched.Carrier) (over bool) {
	if c.taken.Load() != 0 {
		c.taken.Store(0)
	}
	if c.status() < Draining {
		return c.sleep()
	}
	if c.set(doorFlag) {
		// Nobody is let in any more, but a sender that had looked at the
		// status before may have pushed after our Pop. Once the mailbox is
		// closed, what is in it now is all there will ever be.
		c.box.Close()
		return false
	}
	c.exit(car, ending{err: ErrDrained, graceful: true})
	return true
}

// hasNothing says that a running actor has nothing to do but to sleep.
func (c *Context[M]) hasNothing() bool {
	life := c.life.Load()
	return statusOf(life) < Draining && life&urgent == 0 &&
		c.box.Len() == 0 && c.box.Backlog() == 0 && !c.box.HasControl() && !c.hasLate()
}

// sleep puts an actor to sleep that has nothing to do; false: it has, and the
// caller goes on with it.
func (c *Context[M]) sleep() bool {
	if !c.box.Sleep() {
		return false
	}
	// It sleeps, for all to see, and we are not the consumer any more. But
	// who has changed the life word since we looked at it has found the actor
	// awake and woken nobody: look again. If Wake says true we are the
	// consumer once more; if not, somebody else is, and looks.
	life := c.life.Load()
	return life&urgent == 0 && statusOf(life) < Draining || !c.box.Wake()
}

// begin runs what comes before the first message: PreStart for SpawnInstant,
// PostStart. True: the turn is over.
func (c *Context[M]) begin(car *sched.Carrier, life uint32) (done bool) {
	if life&claimedFlag != 0 {
		c.actor = nil
		return true // abandoned while it was runnable
	}
	if life&keptFlag != 0 {
		c.fail()
		return true
	}
	if life&startedFlag == 0 {
		if err := c.start(nil); err != nil {
			c.startFailed(err)
			return true
		}
	}
	if c.has(killedFlag) {
		c.after(car, nil)
		return true
	}
	if c.kind.hooks.has(postStart) {
		c.begins("PostStart")
		err := c.value().(PostStarter[M]).PostStart(c) //nolint:forcetypeassert // the kind says so
		if err != nil || c.has(killedFlag) {
			c.after(car, err)
			return true
		}
	}
	c.running()
	return false
}

// running ends the start (row L2): from Starting to Running, unless the actor
// is draining already, and Started goes to supervisor and monitors.
func (c *cell) running() {
	c.advance(Running)
	c.set(begunFlag)
	ev := Event{Kind: Started, Actor: AnyRef{ref{c}}}
	if c.lives() == 0 { // monitors have seen no end, and see no new beginning
		c.announce(ev)
	}
	c.tellStarted(ev)
}

// serve handles one item of the control lanes, the most urgent one. True: the
// turn is over.
func (c *Context[M]) serve(car *sched.Carrier) (over bool) {
	if c.has(killedFlag) {
		c.after(car, nil)
		return true
	}
	if c.has(stopFlag) {
		c.exit(car, ending{graceful: true})
		return true
	}
	last := mailbox.Supervision
	suspended := c.has(suspendFlag)
	if suspended {
		last = mailbox.Stop
	}
	lane, n, ok := c.box.PopControlUpTo(last)
	if !ok {
		return suspended && c.hold()
	}
	c.handOver()
	switch lane {
	case mailbox.Stop:
		c.exit(car, ending{err: n.reason, graceful: true})
		return true
	default:
		switch {
		case n.linked && n.lives != c.lives():
			c.kind.sys.dead.events.Add(1) // of a child of a value that has failed
		case n.event.Kind != 0:
			if err := c.supervision(n); err != nil || c.has(killedFlag) {
				c.after(car, err)
				return true
			}
		case n.late != nil:
			c.lateOrLook(n.late)
		}
	}
	return false
}

func (c *Context[M]) lateOrLook(tag any) {
	if look, ok := tag.(look); ok {
		look(c.value())
	} else {
		c.addLate(tag)
	}
}

// supervision handles one event (rows L4, M6).
func (c *Context[M]) supervision(n notice) error {
	if c.kind.hooks.has(supervise) {
		if sched.Driven() {
			c.begins(n.event)
		}
		return c.value().(Supervisor[M]).HandleSupervision(c, n.event) //nolint:forcetypeassert // the kind says so
	}
	if n.linked && n.event.Kind != Started {
		c.stop(nil)
	}
	return nil
}

// A bounded mailbox that is full takes no continuation, and none may be lost:
// it comes as a control item instead and waits here until what was queued
// before it has been handled.

func (c *Context[M]) hasLate() bool {
	r := c.rare.Load()
	return r != nil && len(r.late) > 0
}

func (c *Context[M]) addLate(tag any) {
	r := c.extra()
	r.late = append(r.late, lateItem{tag: tag, at: r.popped + uint64(c.box.Len())})
}

// popWithLate is Pop while there are late items: the first of them comes when
// what was queued before it is gone. After the last, late is false.
func (c *Context[M]) popWithLate() (e envelope[M], ok, late bool) {
	r := c.rare.Load()
	first := r.late[0]
	if r.popped < first.at {
		if e, ok = c.box.Pop(nil, nil); ok { // bounded, hence without a pool
			r.popped++
			return e, true, true
		}
		if c.box.Len() > 0 && !c.has(doorFlag) {
			// A producer is about to publish what the others queue behind.
			// It will wake us, or has come before we sleep.
			return e, false, true
		}
	}
	r.late[0] = lateItem{}
	r.late = r.late[1:]
	if len(r.late) == 0 {
		r.late = nil // Unstash may have made it large
	}
	return enveloped[M](first.tag), true, len(r.late) > 0
}

// special handles a message with something riding along.
func (c *Context[M]) special(car *sched.Carrier, e envelope[M]) error {
	switch tag := e.tag.(type) {
	case *Ticket:
		return c.request(car, e.m, tag)
	case *timer:
		missed, ok := tag.open()
		if !ok {
			c.kind.sys.dead.count(errWithdrawn)
			return nil
		}
		if missed == 0 {
			return c.handle(e.m)
		}
		r := c.extra()
		r.missed = missed
		err := c.handle(e.m)
		r.missed = 0
		return err
	case continuation:
		c.begins("what was to come then")
		return tag()
	case maker[M]:
		if m, ok := tag(); ok {
			return c.handle(m)
		}
		c.kind.sys.dead.count(errWithdrawn)
		return nil
	}
	panic(fmt.Sprintf("actor: message with a %T", e.tag))
}

// handle calls Handle.
func (c *Context[M]) handle(m M) error {
	if sched.Driven() {
		c.begins(m)
	}
	return c.actor.Handle(c, m)
}

// request handles a message with a ticket.
func (c *Context[M]) request(car *sched.Carrier, m M, t *Ticket) error {
	if reason := t.Holder.Open(); reason != nil {
		c.kind.sys.deadLetter(&c.cell, m, reason)
		t.Holder.Discard(reason)
		return nil
	}
	d := car.Own().(*desk) //nolint:forcetypeassert // NewSystem makes them
	d.duty.Store(t)
	err := c.handle(m)
	switch {
	case d.duty.Swap(nil) != t:
		return nil // abandoned: who took the duty has failed the caller
	case c.has(killedFlag):
		// What it returned is ignored. And nothing may be entered into the
		// list of owed answers, which abandon may be emptying at this moment.
		t.Holder.Discard(ErrKilled)
	case err != nil:
		t.Holder.Discard(ErrFailed)
	case t.Holder.Handled():
		c.owe(t)
	}
	return err
}

// owe remembers an answer that the actor has not given yet. Now and then, when
// the list has doubled, those given meanwhile are dropped from it.
func (c *cell) owe(t *Ticket) {
	r := c.extra()
	if len(r.owed) >= max(16, r.swept) {
		kept := r.owed[:0]
		for _, o := range r.owed {
			if o.Holder.Handled() {
				kept = append(kept, o)
			}
		}
		clear(r.owed[len(kept):])
		r.owed = kept
		r.swept = 2 * len(kept)
	}
	r.owed = append(r.owed, t)
}

// after ends the actor, or its value (keep), because a callback returned an
// error, or because it was killed while the callback ran.
func (c *Context[M]) after(car *sched.Carrier, err error) {
	life := c.life.Load()
	switch {
	case life&claimedFlag != 0: // abandoned: nothing here is ours any more but its value
		c.actor = nil
	case life&killedFlag != 0:
		c.exit(car, ending{err: c.killCause()})
	default:
		if !c.keep(err) {
			c.exit(car, ending{err: err, failed: true})
		}
	}
}

// Crashed takes over when a callback has panicked or ended its goroutine.
func (t *turner[M]) Crashed(car *sched.Carrier, value any, stack []byte) bool {
	c := (*Context[M])(t)
	if d, ok := car.Own().(*desk); ok {
		if ticket := d.duty.Swap(nil); ticket != nil {
			ticket.Holder.Discard(ErrFailed)
		}
	}
	c.after(car, &PanicError{Value: value, Stack: stack})
	return false
}

// noteCrash keeps what the crash report will say of the message.
func (c *Context[M]) noteCrash(e envelope[M]) {
	r := c.extra()
	switch e.tag.(type) {
	case continuation: // no message
		return
	case maker[M]: // none yet
	default:
		r.last = fmt.Sprintf("%T", any(e.m))
	}
	if c.life.Load()&(keepFlag|claimedFlag) == keepFlag {
		r.failing = e
	}
}
