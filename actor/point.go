package actor

import (
	"context"

	"github.com/ractor-go/ractor/sched"
)

// In a simulation (package actortest) the places at which actors can be seen to
// act are where it may let somebody else go first. They are few and named here;
// in production each is a load and a branch, which are inlined, and what is
// behind the branch is not.

// reach says that the calling goroutine is about to do kind to c. refuse: what
// that needs is to be taken as exhausted.
func (c *cell) reach(kind sched.OpKind, note any) (refuse bool) {
	return sched.Driven() && c.reached(kind, note)
}

//go:noinline
func (c *cell) reached(kind sched.OpKind, note any) (refuse bool) {
	return sched.Reach(sched.Op{Kind: kind, Task: &c.task, Note: note})
}

// reachSend is reach for a message. full: the mailbox, which has a bound, is to be
// taken as full. Ask sched.Driven first: m is made an interface.
//
//go:noinline
func (c *cell) reachSend(m any, bound bool) (full bool) {
	return sched.Reach(sched.Op{Kind: sched.OpSend, Task: &c.task, Note: m, Bound: bound}) && bound
}

// begins notes that a callback of c's begins: what it handles, or the name of the
// hook. A simulation may have it panic here, as if the callback did. Where what is
// a message, ask sched.Driven first.
func (c *cell) begins(what any) {
	if sched.Driven() {
		c.begun(what)
	}
}

//go:noinline
func (c *cell) begun(what any) {
	sched.Note(sched.Op{Kind: sched.OpHandle, Task: &c.task, Note: what})
}

// doneQuietly is ctx.Done as no look at the actor that ctx may be.
func doneQuietly(ctx context.Context) <-chan struct{} {
	sched.Quiet(true)
	defer sched.Quiet(false)
	return ctx.Done()
}

// touchName notes that the present step changes what c's name leads to.
func (c *cell) touchName() {
	if sched.Driven() {
		if r := c.rare.Load(); r != nil && r.name != "" {
			sched.Touch(nil, nameOp(r.name))
		}
	}
}

// waitsFor notes that the calling goroutine is going to wait for c.
func (c *cell) waitsFor(ctx context.Context, what string) {
	if sched.Driven() {
		_, ends := ctx.Deadline()
		sched.Note(sched.Op{Kind: sched.OpWait, Task: &c.task, Note: what, Ends: ends})
	}
}

// WaitsFor notes, for a simulation, that the calling goroutine is going to wait
// for what of r's actor, at the longest until ctx ends.
func WaitsFor(ctx context.Context, r AnyRef, what string) {
	if c := r.actor(); c != nil {
		c.waitsFor(ctx, what)
	}
}

// OfTask returns the actor that t is the task of; the zero AnyRef if it is none.
// It is for whoever looks at a Scheduler.
func OfTask(t *sched.Task) AnyRef {
	if t == nil {
		return AnyRef{}
	}
	if r, ok := t.Runner.(interface{ cellOf() *cell }); ok {
		return AnyRef{ref{r.cellOf()}}
	}
	return AnyRef{}
}

// TaskOf returns the task of r's actor, nil if there is none.
func TaskOf(r AnyRef) *sched.Task {
	if c := r.actor(); c != nil {
		return &c.task
	}
	return nil
}

// Behaviour returns the type of the actor's value, for people; empty if there is
// no actor.
func (r ref) Behaviour() string {
	if c := r.actor(); c != nil {
		return c.kind.name
	}
	return ""
}
