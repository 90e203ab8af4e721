package bugs

import (
	"context"

	"github.com/ractor-go/ractor/actortest"
)

// notify is a tokio Notify: it wakes all who wait, and keeps one permit for who
// comes later.
type notify struct {
	stopped bool
	permits int
	woken   map[int]bool // who has begun to wait, and whether it may go on
}

func (n *notify) stop() none {
	n.stopped, n.permits = true, 1
	for who := range n.woken {
		n.woken[who] = true
	}
	return none{}
}

func (n *notify) join(who int) none {
	n.woken[who] = false
	return none{}
}

func (n *notify) mayGo(who int) bool { return n.woken[who] || n.permits > 0 }

func (n *notify) leave(who int) none {
	if !n.woken[who] {
		n.permits--
	}
	return none{}
}

// ractor PR #466, finding 20. The end of an actor was a notification that keeps
// one permit: of those who begin to wait when it has ended already, the first one
// takes it and all others hang. The end is a state, not an event.
//
// Seen as: a deadlock.
func onePermit(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &notify{woken: map[int]bool{}})
		thread(sys, func(ctx context.Context) { atomically(ctx, m, (*notify).stop) })
		for who := range 2 {
			thread(sys, func(ctx context.Context) {
				atomically(ctx, m, func(n *notify) none { return n.join(who) })
				await(ctx, m,
					func(n *notify) bool { return n.mayGo(who) || right && n.stopped },
					func(n *notify) none { return n.leave(who) })
			})
		}
	}
}
