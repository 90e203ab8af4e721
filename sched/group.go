package sched

import "time"

// Group is timers that end together, such as an actor's. Embed it by value; the
// zero Group has none. It must not be copied after its first use.
//
// Its list is guarded by the clock's mutex, which arming and disarming take
// anyway: a list under a lock of its own would double their cost.
type Group struct {
	first *Timer // newest first; exactly those that are armed
	ended bool
}

// ArmIn is Arm as a member of g, until the timer expires or is disarmed. False:
// g has ended, and the timer is not armed.
func (s *Scheduler) ArmIn(g *Group, t *Timer, at time.Duration, e Expirer) bool {
	return s.clock.arm(g, t, at, e)
}

// End disarms all timers of g, and lets none be armed in it any more. One that
// is expiring at this moment still does. It takes time in proportion to the
// timers that are armed.
func (s *Scheduler) End(g *Group) {
	k := &s.clock
	k.mu.Lock()
	defer k.mu.Unlock()
	g.ended = true
	k.removeAll(g)
}

// Clear is End, but others may be armed in g later, also the ones that it has
// disarmed.
func (s *Scheduler) Clear(g *Group) {
	k := &s.clock
	k.mu.Lock()
	defer k.mu.Unlock()
	k.removeAll(g)
}

// removeAll disarms all timers of g; mu is held.
func (k *clock) removeAll(g *Group) {
	for g.first != nil {
		k.remove(g.first)
	}
}

// join puts t at the head of its group; the clock's mutex is held.
func (t *Timer) join(g *Group) {
	t.group = g
	t.older = g.first
	if g.first != nil {
		g.first.newer = t
	}
	g.first = t
}

// quit takes t out of its group, if it is in one; the clock's mutex is held.
func (t *Timer) quit() {
	if t.group == nil {
		return
	}
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		t.group.first = t.older
	}
	if t.older != nil {
		t.older.newer = t.newer
	}
	t.group, t.older, t.newer = nil, nil, nil
}
