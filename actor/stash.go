package actor

import "github.com/ractor-go/ractor/sched"

// Stash keeps m for later: a message that cannot be handled now. A Reply in it
// stays good, and stays owed by this actor. What is still kept when the actor
// ends becomes dead letters. Only in a callback.
func (c *Context[M]) Stash(m M) {
	r := c.extra()
	r.stash = append(r.stash, maker[M](func() (M, bool) { return m, true }))
}

// Unstash puts all kept messages in front of the mailbox, in the order in which
// they were kept, and says how many there are. They are handled before anything
// that is queued, from the next message on; one that is kept again goes to the
// end of those kept. Only in a callback.
func (c *Context[M]) Unstash() int {
	r := c.extra()
	n := len(r.stash)
	if n == 0 {
		return 0
	}
	late := make([]lateItem, 0, n+len(r.late))
	for _, tag := range r.stash {
		late = append(late, lateItem{tag: tag})
	}
	r.late = append(late, r.late...)
	r.stash = nil
	if car := sched.Here(); car != nil {
		car.Yield() // the next turn looks at them first
	}
	return n
}
