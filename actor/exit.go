package actor

import (
	"log/slog"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// ending is why an actor ends.
type ending struct {
	err       error
	graceful  bool // Stop or Drain: PostStop runs
	failed    bool // a callback has failed: the event is Failed
	abandoned bool // a callback has not returned: what it holds is not ours
	reported  bool // the failure is in the log already
}

func (e ending) event(c *cell) Event {
	ev := Event{Kind: Terminated, Actor: AnyRef{ref{c}}, Err: e.err}
	if e.failed {
		ev.Kind = Failed
	}
	return ev
}

// normal says that the end is not the actor's fault: what Wait calls nil.
func (e ending) normal() bool { return !e.failed && (e.err == nil || e.err == ErrDrained) } //nolint:errorlint // set by us, unwrapped

// exit ends the actor, in the order of row L7. Each step runs once, whatever
// ends it. After a kill, steps 1 and 4 have begun in the killer's goroutine:
// the crossing has been won there, and the children are dying. A failure that is
// kept is no end: see keep.go.
//
//  1. status Stopping: sends are refused, groups are left, the name is not
//     found any more
//  2. PostStop, if graceful
//  3. the mailbox is closed; what is in it becomes dead letters, and whoever
//     waits for an answer is told (after a failure this comes first)
//  4. children are killed and detached; timers end; the name is free
//  5. monitors are told, and who watches the remotable actors
//  6. unlinked from the supervisor, which is told: in this order, so that of
//     the end and Unlink one wins
//  7. out of the books (ids, Stats), then status Stopped: whoever waits goes on
//
// The worker that runs it claims the actor after step 2, the last moment at
// which somebody else could have abandoned it.
func (c *Context[M]) exit(car *sched.Carrier, e ending) {
	if e.graceful {
		c.stopping()
		if c.kind.hooks.has(postStop) && !c.has(killedFlag) && c.set(stoppedFlag) {
			c.handOver()
			c.begins("PostStop")
			if err := c.value().(PostStopper[M]).PostStop(c); err != nil { //nolint:forcetypeassert // the kind says so
				e = ending{err: err, failed: true}
			}
		}
		if c.has(killedFlag) {
			e = ending{err: c.killCause()}
		}
	}
	c.finish(e, c.final())
}

// finish is exit after PostStop.
func (c *Context[M]) finish(e ending, state any) {
	if !c.claim() {
		c.actor = nil // abandoned; the value alone is still ours
		return
	}
	if e.failed {
		if !e.reported {
			c.report(e)
		}
		c.discard(e)
		c.stopping()
	} else {
		c.stopping()
		c.discard(e)
	}
	c.actor = nil
	c.conclude(e, state)
}

// final returns the actor's value for its parent; nil when a kill has hit
// PostStart or PostStop.
func (c *Context[M]) final() any {
	life := c.life.Load()
	if life&killedFlag != 0 && (life&begunFlag == 0 || life&stoppedFlag != 0) {
		return nil
	}
	if w, ok := c.value().(wrapper); ok {
		return w.final()
	}
	return c.value()
}

// discard empties the mailbox for good (row L7, step 3).
func (c *Context[M]) discard(e ending) {
	reason := e.discarding()
	c.box.Close()
	st := c.stock()
	for {
		left, ok := c.box.Pop(&st.pool, nil)
		if !ok {
			break
		}
		c.drop(left, reason)
	}
	for {
		lane, n, ok := c.box.PopControl()
		if !ok {
			break
		}
		switch {
		case lane != mailbox.Supervision: // a look's asker has heard of the end
		case n.event.Kind != 0:
			c.kind.sys.dead.events.Add(1)
		case n.late != nil:
			c.drop(envelope[M]{tag: n.late}, reason)
		}
	}
	if r := c.rare.Load(); r != nil {
		for _, l := range r.late {
			c.drop(enveloped[M](l.tag), reason)
		}
		for _, tag := range r.stash {
			c.drop(enveloped[M](tag), reason)
		}
		for _, t := range r.owed {
			t.Holder.Discard(reason)
		}
		r.late, r.stash, r.owed, r.failing, r.failure = nil, nil, nil, nil, nil
	}
	c.taken.Store(0)
}

// discarding is the reason that an ending gives its dead letters.
func (e ending) discarding() error {
	switch {
	case e.abandoned:
		return ErrAbandoned
	case e.failed:
		return ErrFailed
	case e.graceful:
		return ErrStopped
	}
	return ErrKilled
}

// drop makes a dead letter of a message that nobody will handle.
func (c *Context[M]) drop(e envelope[M], reason error) {
	switch tag := e.tag.(type) {
	case *Ticket:
		c.kind.sys.deadLetter(&c.cell, e.m, reason)
		tag.Holder.Discard(reason)
	case continuation, maker[M]:
		c.kind.sys.dead.count(reason)
	case *timer:
		if _, ok := tag.open(); ok {
			c.kind.sys.deadLetter(&c.cell, e.m, reason)
		} else {
			c.kind.sys.dead.count(errWithdrawn)
		}
	default:
		c.kind.sys.deadLetter(&c.cell, e.m, reason)
	}
}

// conclude is row L7 from step 4 on.
func (c *cell) conclude(e ending, state any) {
	sys := c.kind.sys
	r := c.rare.Load()
	if r != nil {
		for _, child := range c.disown() {
			child.kill(ErrKilled)
		}
		c.endTimers(r)
		sys.sched.Disarm(&r.grace)
		if r.name != "" {
			c.touchName()
			sys.names.Release(r.name, c)
		}
		r.reason = nil
		if !e.normal() {
			r.reason = e.err
		}
	} else if !e.normal() {
		c.extra().reason = e.err
	}

	ev := e.event(c)
	c.tellWatchers(ev)
	if c.has(remotableFlag) {
		sys.remotables.leave(c, ev)
	}
	c.tellParent(ev, state)
	c.forget()

	// The books come first: who sees Stopped, or comes back from Wait, finds the
	// actor in them no more. What is left to do after this needs no place in
	// them. A Shutdown that counts nobody waits for our goroutine too, if it is
	// the System's; only one that gives up may return while we are here.
	sys.left(c)
	c.advance(Stopped)
	if r := c.rare.Load(); r != nil {
		c.tellWatchers(ev)
		c.endTimers(r)
		r.release()
	}
	cause := ErrStopped
	if c.has(killedFlag) { // and we are faster than the killer
		cause = c.killCause()
	}
	c.cancelled(cause)
}

// tellParent unlinks, and tells the parent of the end. An actor that has not
// started has nobody to tell.
func (c *cell) tellParent(ev Event, state any) {
	if ev.Kind == Terminated {
		ev.State = state
	}
	p, lives := c.orphan()
	if p != nil && c.has(startedFlag) && !p.tell(mailbox.Supervision, notice{event: ev, linked: true, lives: lives}) {
		c.kind.sys.dead.events.Add(1)
	}
}

// release lets go whoever waits for the end.
func (r *rare) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done != nil {
		close(r.done)
	}
}

// report writes the one crash report of a failure.
func (c *cell) report(e ending) {
	log := c.kind.sys.log
	var stack []byte
	if p, ok := e.err.(*PanicError); ok { //nolint:errorlint // Crashed makes it
		stack = p.Stack
	}
	attrs := []any{
		slog.String("actor", ref{c}.String()),
		slog.String("behaviour", c.kind.name),
		slog.Any("reason", e.err),
		slog.Int("queue", c.queueLen()),
	}
	if r := c.rare.Load(); r != nil && r.last != "" {
		attrs = append(attrs, slog.String("message", r.last))
	}
	var ancestors []string
	for p := c.parent.Load(); p != nil; p = p.parent.Load() {
		ancestors = append(ancestors, ref{p}.String())
	}
	if ancestors != nil {
		attrs = append(attrs, slog.Any("ancestors", ancestors))
	}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	log.Error("actor failed", attrs...)
}
