package actor

import (
	"context"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// A held actor runs nothing, though its mailbox says that it is awake: so
// senders are told Queued and wake nobody, and the path of a message knows
// nothing of holds. No worker has it. There are two reasons to hold one: it was
// suspended (suspendFlag), or it has failed and waits for its parent (keptFlag).
//
// heldFlag says who has the actor. Its turn parks it (park); who takes the flag
// off by compare-and-swap (unpark, resume) has it from then on, alone, and
// schedules it. So there is one worker at most, as with sleep: a sleeping actor
// belongs to who changes the mailbox's word, a held one to who changes the life
// word, and none is both, for the word of a held one is never nil.
//
// No wakeup is lost. What a held actor must look at is in two places:
//
//	whoever wants something of it          its turn
//	1. raises a flag, or takes one back,   1. parks: sets heldFlag
//	   or pushes a control item            2. looks for news in the control lanes
//	2. takes heldFlag off, if it is there, 3. if there are some, takes heldFlag off,
//	   and schedules                          and goes on if it was the one to do so
//
// Flags are in the same word as heldFlag: park fails if one says that the actor
// is not to be held, and who raises it later finds heldFlag. Control items are in
// another: of the two first steps one is before the other. If it is the push,
// the turn finds the item in its step 2; if it is the park, the other finds
// heldFlag in his. Both may happen, and then one of them takes it off.
//
// Kill, Stop and a question (Inspect, Suspend) take both steps. Messages, events
// of other actors and Drain take the first only: they wait for the end of the
// hold, which looks at everything.

// Suspend has an actor handle nothing, neither messages nor supervision events,
// until Resume: for operators who want it to stand still. It returns when the
// callback that runs now has returned. What is sent to it meanwhile is queued,
// bounded mailboxes do what their rule says, and timers go on. Stop, Kill,
// StopTree and Inspect are served as ever; Drain waits for Resume. The Status
// does not change; System.Actors tells. To suspend what is suspended already
// changes nothing: one Resume ends it, however many have suspended, as in
// Erlang. A start is not held up: an actor that is starting, or is being
// revived, is suspended after PostStart.
//
// The errors: ErrNoActor, ErrStopped when the actor has ended or ends first,
// ErrSelf for the actor itself, ErrNotSupported for one of another node,
// ErrNilContext, context.Cause(ctx) when ctx ends first (the actor is suspended
// then as soon as its callback returns; Resume takes that back), and inside a
// handler ErrKilled and sched.ErrTooManyWaiters. Any goroutine may call it.
func Suspend(ctx context.Context, r AnyRef) error {
	if err := check(ctx); err != nil {
		return err
	}
	c := r.actor()
	switch {
	case c == nil:
		return ErrNoActor
	case c.shim() != nil:
		return c.shim().unsupported("suspend")
	case runsHere(c):
		return ErrSelf
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	c.reach(sched.OpEnd, "suspend")
	q := newQuestion()
	// The question is answered between two callbacks, and no other follows.
	_, err := q.pose(ctx, c, c.suspend, func(any) { q.settle(nil, nil) })
	return err
}

// suspend raises the flag and asks. A draining actor that has closed its mailbox
// takes no question any more, yet looks at its flags until it ends: so who is
// refused takes the flag back, or the actor would be held, and nobody, having been
// told that it has ended, would resume it.
func (c *cell) suspend(l look) (accepted bool) {
	raised := c.set(suspendFlag)
	if c.ask(l) {
		return true
	}
	if raised && c.resume() {
		c.schedule()
	}
	return false
}

// Resume ends a suspension: the actor goes on with what has been queued. To
// resume what is not suspended does nothing. The errors: ErrNoActor, ErrStopped
// when the actor has ended, and ErrNotSupported for one of another node. It does
// not wait. Any goroutine may call it.
func Resume(r AnyRef) error {
	c := r.actor()
	switch {
	case c == nil:
		return ErrNoActor
	case c.shim() != nil:
		return c.shim().unsupported("resume")
	case c.status() >= Stopping:
		return ErrStopped
	}
	c.reach(sched.OpEnd, "resume")
	if c.resume() {
		c.schedule()
	}
	return nil
}

// hold parks a suspended actor that has nothing urgent to do. True: the turn is
// over.
func (c *Context[M]) hold() (over bool) {
	c.taken.Store(uint32(min(c.box.Backlog(), 1<<31)))
	if !c.park() {
		return false
	}
	// Not ours any more: only what anybody may touch.
	return !c.box.HasNews() || !c.unpark()
}

// ask puts a look into the actor's lanes. One who waits for its parent has no
// value, and will not take a turn: it is told at once that there is none.
func (c *cell) ask(l look) (accepted bool) {
	if !c.tell(mailbox.Signal, notice{late: l}) {
		return false
	}
	if c.unparkIf(heldFlag|keptFlag, heldFlag) {
		c.schedule()
	} else if c.has(heldFlag | keptFlag) {
		l(nil)
	}
	return true
}
