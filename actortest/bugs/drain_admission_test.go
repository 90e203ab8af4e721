package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// queue is a mailbox that ends with a marker.
type queue struct {
	draining          bool
	items             []string
	accepted, handled int
}

const marker = "end"

func (q *queue) push(item string) none {
	q.items = append(q.items, item)
	if item != marker {
		q.accepted++
	}
	return none{}
}

func (q *queue) pop() string {
	item := q.items[0]
	q.items = q.items[1:]
	if item != marker {
		q.handled++
	}
	return item
}

// ractor PR #466, finding 19. A send looks whether the actor drains and then
// pushes; drain sets the status and then pushes a marker, at which the actor
// ends. A send that has looked before and pushes after the marker returns Ok, and
// is dropped. The look and the push have to be one.
//
// Seen as: one more message was accepted than handled.
func drainAdmission(right bool) program {
	return func(sys *actortest.System) {
		box := share(sys, &queue{})
		thread(sys, func(ctx context.Context) {
			if right {
				atomically(ctx, box, func(q *queue) none {
					if !q.draining {
						q.push("job")
					}
					return none{}
				})
			} else if atomically(ctx, box, func(q *queue) bool { return !q.draining }) {
				atomically(ctx, box, func(q *queue) none { return q.push("job") })
			}
		})
		thread(sys, func(ctx context.Context) {
			atomically(ctx, box, func(q *queue) none { q.draining = true; return q.push(marker) })
			for atomically(ctx, box, (*queue).pop) != marker {
			}
		})
		sys.Settle()
		q := atomically(sys, box, func(q *queue) queue { return *q })
		require.Equal(sys, q.accepted, q.handled, "accepted and handled")
	}
}
