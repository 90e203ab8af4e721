package actor

import "github.com/ractor-go/ractor/mailbox"

// The supervision tree (rows V1-V4). A child knows its parent; a parent has a
// list of its children, under its own lock. A link is changed by whoever holds
// the parent's lock, so two parents never meet, but for Link of an actor that
// lives already, which looks for cycles under one lock of the System.

// adopt makes c a child of parent; false: parent takes no more.
func (c *cell) adopt(parent *cell) bool {
	r := parent.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || parent.status() >= Draining {
		return false
	}
	c.older = r.children
	if r.children != nil {
		r.children.newer = c
	}
	r.children = c
	r.count++
	c.parent.Store(parent)
	return true
}

// leave takes c off its parent's list; false: it was not on it.
func (c *cell) leave(parent *cell) bool {
	r := parent.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.parent.Load() != parent {
		return false
	}
	r.unlink(c)
	return true
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
	c.parent.Store(nil)
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
	children := make([]*cell, 0, r.count)
	for child := r.children; child != nil; child = r.children {
		children = append(children, child)
		r.unlink(child)
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
// ErrStopping when the parent is, and ErrCycle when the child is an ancestor
// of the parent, or the parent itself.
func Link(parent, child AnyRef) error {
	p, c := parent.actor(), child.actor()
	switch {
	case p == nil || c == nil:
		return ErrNoActor
	case c.status() >= Draining:
		return ErrStopped
	}
	sys := c.kind.sys
	sys.links.Lock()
	defer sys.links.Unlock()
	for a := p; a != nil; a = a.parent.Load() {
		if a == c {
			return ErrCycle
		}
	}
	old := c.parent.Load()
	if old == p {
		return nil
	}
	if p.status() >= Draining {
		return ErrStopping
	}
	if old != nil && !c.leave(old) {
		return ErrStopped // its parent has just given it up, which is its end
	}
	if !c.adopt(p) {
		if old == nil || !c.adopt(old) {
			c.parent.Store(nil)
		}
		return ErrStopping
	}
	// The child's end, after Stopped, looks for a parent once more; we look at
	// its status after the link. One of us sees the other.
	if c.status() == Stopped && c.leave(p) {
		return ErrStopped
	}
	return nil
}

// Unlink ends the link between parent and child, if there is one (row V3):
// afterwards neither's end matters to the other. It says whether there was.
func Unlink(parent, child AnyRef) bool {
	p, c := parent.actor(), child.actor()
	if p == nil || c == nil {
		return false
	}
	sys := c.kind.sys
	sys.links.Lock()
	defer sys.links.Unlock()
	return c.parent.Load() == p && c.leave(p)
}

// announce tells watchers and parent of an event that is not the end.
func (c *cell) announce(ev Event) {
	if r := c.rare.Load(); r != nil {
		r.mu.Lock()
		watchers := append([]watcher(nil), r.watchers...)
		r.mu.Unlock()
		for _, w := range watchers {
			if w.down == nil {
				w.by.tell(mailbox.Supervision, notice{event: ev})
			}
		}
	}
	if p := c.parent.Load(); p != nil {
		p.tell(mailbox.Supervision, notice{event: ev, linked: true})
	}
}
