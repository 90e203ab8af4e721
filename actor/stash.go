package actor

import "github.com/ractor-go/ractor/sched"

// kept is a message that Stash keeps.
type kept[M any] struct{ m M }

// enveloped makes an envelope again of what waits outside of the mailbox.
func enveloped[M any](tag any) envelope[M] {
	if k, ok := tag.(kept[M]); ok {
		return envelope[M]{m: k.m}
	}
	return envelope[M]{tag: tag}
}

// Stash keeps m for later: a message that cannot be handled now. A Reply in it
// stays good, and stays owed by this actor. What is still kept when the actor
// ends, be it by Drain, becomes dead letters. There is no bound. It costs one
// allocation. Only in a callback.
func (c *Context[M]) Stash(m M) {
	if c.has(killedFlag) { // abandon may be emptying the list at this moment
		c.kind.sys.deadLetter(&c.cell, m, ErrKilled)
		return
	}
	r := c.extra()
	r.stash = append(r.stash, kept[M]{m})
	c.handOver() // to abandon, if this callback does not return
}

// Unstash puts all kept messages in front of the mailbox, in the order in which
// they were kept, and says how many there are. They are handled before anything
// that is queued, from the next message on; one that is kept again goes to the
// end of those kept. PreStart may keep a message and put it first, before
// anybody's. It takes time in proportion to what is in front of the mailbox then.
// Only in a callback.
func (c *Context[M]) Unstash() int {
	r := c.rare.Load()
	if r == nil || len(r.stash) == 0 || c.has(killedFlag) {
		return 0
	}
	n := len(r.stash)
	c.unstash(r)
	c.handOver()
	if car := sched.Inside(); car != nil { // not Here, which may miss it: a turn that went on would overtake them
		car.Yield() // the next turn looks at them first
	}
	return n
}

func (c *Context[M]) unstash(r *rare) {
	late := make([]lateItem, 0, len(r.stash)+len(r.late))
	for _, tag := range r.stash {
		late = append(late, lateItem{tag: tag})
	}
	r.late = append(late, r.late...)
	r.stash = nil
}
