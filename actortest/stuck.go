package actortest

import (
	"fmt"
	"strings"
	"time"
)

// Deadlocks are found, not timed out. Time passes when nobody can go on; if then
// nothing is armed, neither in the System nor in the bubble, who waits will wait
// for ever (sim.pass). With timers armed it is less clear: they may be periodic
// ones to which nobody listens. So while somebody waits without a deadline, and
// nobody in a way of his own, rounds are counted: a round is the time in which
// each timer that is armed fires at least once. If a round has changed nothing,
// the next one will not either.

// round is the present one.
type round struct {
	effects uint64        // sim.effects when it began
	ends    time.Duration // when every timer has fired
	open    bool
}

// stalled says that a round has changed nothing, and then fails the run. Nobody
// can go on now, and a timer is armed.
func (d *sim) stalled() bool {
	d.mu.Lock()
	waits := d.allWaitForEver() && !d.faults.delays(d)
	r := &d.round
	switch {
	case !waits:
		r.open = false
	case !r.open || r.effects != d.effects:
		*r = round{effects: d.effects, ends: d.horizon, open: true}
	case d.Now() > r.ends:
		d.mu.Unlock()
		d.deadlock("only periodic timers are left, and a round of them has changed nothing")
		return true
	}
	d.mu.Unlock()
	return false
}

// allWaitForEver says whether somebody is away, and all who are have said for
// whom they wait, with no deadline; mu is held.
func (d *sim) allWaitForEver() bool {
	found := false
	for _, s := range d.strands {
		if s.state != away {
			continue
		}
		if len(s.waits) == 0 {
			return false
		}
		for _, w := range s.waits {
			if w.Ends {
				return false
			}
		}
		found = true
	}
	return found
}

// deadlock fails the run, naming who waits for whom.
func (d *sim) deadlock(why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "deadlock: %s", why)
	for _, s := range d.strands {
		if s.state != away {
			continue
		}
		if len(s.waits) == 0 {
			fmt.Fprintf(&b, "\n  %v is blocked outside of the library", s)
			continue
		}
		fmt.Fprintf(&b, "\n  %v waits for %s", s, d.chain(s))
	}
	d.failLockedf("%s", b.String())
}

// chain is whom s waits for, and whom that one waits for, and so on.
func (d *sim) chain(s *strand) string {
	var b strings.Builder
	for seen := map[*strand]bool{}; ; {
		seen[s] = true
		w := s.waits[0]
		if w.Task == nil {
			fmt.Fprintf(&b, "%v", w.Note)
			return b.String()
		}
		next := d.actor(w.Task)
		fmt.Fprintf(&b, "the %v of %v", w.Note, next)
		switch {
		case seen[next]:
			b.WriteString(": a cycle")
			return b.String()
		case next.state != away:
			b.WriteString(", which has nothing to do")
			return b.String()
		case len(next.waits) == 0:
			b.WriteString(", which is blocked outside of the library")
			return b.String()
		}
		b.WriteString(", which waits for ")
		s = next
	}
}
