package actor

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// The supervision tree (rows V1-V4). A child knows its parent; a parent has a
// list of its children, under its own lock. Who makes c.parent something else
// than nil owns c's place among the siblings, and changes the list under the
// lock of the parent that c.parent names. So two parents never meet, but for a
// move (Link), which holds both locks and has one lock of the System to itself.

// adopt makes c, which has no parent, a child of parent. ErrStopping: parent
// takes no more children; ErrStopped: c is ending; errLinked: c has a parent.
func (c *cell) adopt(parent *cell) error {
	r := parent.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || parent.status() >= Draining {
		return ErrStopping
	}
	if !c.parent.CompareAndSwap(nil, parent) {
		return errLinked
	}
	// An exit crosses to Stopping first and looks for the parent then
	// (orphan). We do it the other way round: it sees us, or we see it.
	if c.status() >= Stopping {
		c.parent.Store(nil)
		return ErrStopped
	}
	r.link(c)
	return nil
}

// errLinked never leaves this file and Spawn.
var errLinked = errors.New("actor: has a parent")

// move takes c from the list of old to that of parent, in one step: c is never
// without one of them.
func (c *cell) move(old, parent *cell) error {
	from, to := old.extra(), parent.extra()
	from.mu.Lock()
	defer from.mu.Unlock()
	to.mu.Lock()
	defer to.mu.Unlock()
	switch {
	case c.parent.Load() != old:
		return ErrStopped // old has just given it up, or it has left: it is ending
	case to.closed || parent.status() >= Draining:
		return ErrStopping
	}
	from.unlink(c)
	c.parent.Store(parent)
	to.link(c)
	c.forsaken()
	return nil
}

// leave takes c off parent's list; false: it was not on it.
func (c *cell) leave(parent *cell) bool {
	r := parent.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.parent.Load() != parent {
		return false
	}
	r.unlink(c)
	c.parent.Store(nil)
	return true
}

// orphan takes c, which is ending, off the list of the parent that it has, and
// returns that one. So of the end of a child and Unlink one wins: the parent is
// told, or it is not a parent any more.
func (c *cell) orphan() (parent *cell, lives uint32) {
	for {
		parent, lives = c.master()
		if parent == nil || c.leave(parent) {
			return parent, lives
		}
	}
}

// master returns the parent, and which of its lives c is a child of: what is
// told to the parent is not for another one. bereave takes the children off
// before it counts on, so if c is a child still, the number is not too high.
func (c *cell) master() (parent *cell, lives uint32) {
	for {
		parent = c.parent.Load()
		if parent == nil {
			return nil, 0
		}
		lives = parent.lives()
		if c.parent.Load() == parent {
			return parent, lives
		}
	}
}

// link enters c into the list; mu is held.
func (r *rare) link(c *cell) {
	c.older = r.children
	if r.children != nil {
		r.children.newer = c
	}
	r.children = c
	r.count++
}

// unlink takes c off the list; mu is held.
func (r *rare) unlink(c *cell) {
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		r.children = c.older
	}
	if c.older != nil {
		c.older.newer = c.newer
	}
	c.older, c.newer = nil, nil
	r.count--
}

// disown takes all children off for good, youngest first: no more are taken.
func (c *cell) disown() []*cell {
	r := c.rare.Load()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.unlinkAll()
}

// bereave takes all children off a value that has failed, youngest first; the
// next one may have its own. What they have told is not for that.
func (c *cell) bereave() []*cell {
	r := c.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	children := r.unlinkAll()
	r.lives.Add(1)
	return children
}

// unlinkAll takes all children off, youngest first; mu is held.
func (r *rare) unlinkAll() []*cell {
	children := make([]*cell, 0, r.count)
	for child := r.children; child != nil; child = r.children {
		children = append(children, child)
		r.unlink(child)
		child.parent.Store(nil)
	}
	return children
}

// children returns the children, youngest first.
func (c *cell) children() []*cell {
	r := c.rare.Load()
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	children := make([]*cell, 0, r.count)
	for child := r.children; child != nil; child = child.older {
		children = append(children, child)
	}
	return children
}

// Link makes child a child of parent, moving it from the parent it has (row
// V2); the present parent again is a success that changes nothing. No Started
// event is sent. The errors: ErrNoActor, ErrStopped when the child is ending,
// ErrStopping when the parent is, ErrCycle when the child is an ancestor of the
// parent, or the parent itself, ErrOption when they are of two Systems, and
// ErrNotSupported when one is of another node. Any goroutine may call it. The
// Links of a System come one after another.
func Link(parent, child AnyRef) error {
	p, c := parent.actor(), child.actor()
	if p == nil || c == nil {
		return ErrNoActor
	}
	for _, s := range [...]*Shim{p.shim(), c.shim()} {
		if s != nil {
			return s.unsupported("link")
		}
	}
	if p.kind.sys != c.kind.sys {
		return fmt.Errorf("%w: link: %v and %v belong to two Systems", ErrOption, parent, child)
	}
	c.reach(sched.OpLink, nil)
	links := &c.kind.sys.links
	links.Lock()
	defer links.Unlock()
	if err := c.linkTo(p); err != nil {
		return fmt.Errorf("%w: %v (%v) under %v (%v)", err, child, c.status(), parent, p.status())
	}
	return nil
}

// linkTo is Link with the System's lock held.
func (c *cell) linkTo(p *cell) error {
	for {
		if c.status() >= Draining {
			return ErrStopped
		}
		if c.isAbove(p) {
			return ErrCycle
		}
		old := c.parent.Load()
		switch old {
		case nil:
		case p:
			return nil
		default:
			return c.move(old, p)
		}
		if err := c.adopt(p); err != errLinked { //nolint:errorlint // returned as it is
			return err
		}
		// Its start has just linked it: look again.
	}
}

// isAbove says whether c is p or an ancestor of p; the System's links lock is
// held. But a start links its actor without that lock, and could put what is
// now the top of p's ancestors below c. So the top is marked, and looked at
// again; the start links first and looks for the mark then (linkStarted). One
// sees the other. Two starts at once can make a ring this way, until the lock
// is theirs to undo it: who has gone more steps than there are actors lets them.
func (c *cell) isAbove(p *cell) bool {
	links := &c.kind.sys.links
	for at, steps := p, int64(0); at != nil; steps++ {
		if at == c {
			return true
		}
		above := at.parent.Load()
		if above == nil {
			at.set(climbedFlag)
			above = at.parent.Load()
		}
		at = above
		if steps > c.kind.sys.live.Load() {
			links.Unlock()
			runtime.Gosched()
			links.Lock()
			at, steps = p, 0
		}
	}
	return false
}

// linkStarted links an actor whose start is over. Unless somebody has meddled
// with it before, it takes parent's lock and no other.
func (c *cell) linkStarted(parent *cell) error {
	err := c.adopt(parent)
	if err == nil && !c.has(climbedFlag) {
		return nil
	}
	links := &c.kind.sys.links
	links.Lock()
	defer links.Unlock()
	switch {
	case err == errLinked: //nolint:errorlint // as it is
		return c.linkTo(parent) // PreStart has linked it elsewhere: Spawn's word is the last
	case err == nil && c.isAbove(parent):
		c.leave(parent)
		return ErrCycle
	}
	return err
}

// Unlink ends the link between parent and child, if there is one (row V3), and
// says whether there was: then neither's end matters to the other. Any
// goroutine may call it.
func Unlink(parent, child AnyRef) bool {
	p, c := parent.actor(), child.actor()
	if p == nil || c == nil {
		return false
	}
	c.reach(sched.OpLink, nil)
	if c.parent.Load() != p || !c.leave(p) {
		return false
	}
	c.forsaken()
	return true
}

// announce tells watchers of an event that is not the end.
func (c *cell) announce(ev Event) {
	if r := c.rare.Load(); r != nil {
		var watchers []*cell
		r.mu.Lock()
		for w := r.watchers; w != nil; w = w.older {
			if w.deliver == nil {
				watchers = append(watchers, w.by)
			}
		}
		r.mu.Unlock()
		for _, by := range watchers {
			by.tell(mailbox.Supervision, notice{event: ev})
		}
	}
}

// tellStarted tells the parent.
func (c *cell) tellStarted(ev Event) {
	if p, lives := c.master(); p != nil {
		p.tell(mailbox.Supervision, notice{event: ev, linked: true, lives: lives})
	}
}
