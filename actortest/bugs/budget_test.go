package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// crasher is an actor that fails at each message.
type crasher struct {
	queued, restarts int
	shut, drained    bool
}

// hollywood #49. An actor with three restarts left was shut down at the fourth
// failure, and the inbox went on: the next message made it fail, and restart, a
// fifth time, a sixth, as often as there were messages. Who runs the inbox has to
// see that it was shut.
//
// Seen as: more restarts than allowed.
func budget(right bool) program {
	const allowed = 1
	return func(sys *actortest.System) {
		m := share(sys, &crasher{})
		thread(sys, func(ctx context.Context) {
			for range 3 {
				atomically(ctx, m, func(c *crasher) none {
					if !c.shut {
						c.queued++
					}
					return none{}
				})
			}
			atomically(ctx, m, func(c *crasher) none { c.drained = true; return none{} })
		})
		thread(sys, func(ctx context.Context) {
			for await(ctx, m, func(c *crasher) bool { return c.queued > 0 || c.drained }, func(c *crasher) bool {
				if c.queued == 0 || c.shut && right {
					return false
				}
				c.queued--
				return true
			}) {
				atomically(ctx, m, func(c *crasher) none { // it has failed
					if c.restarts == allowed && !c.shut {
						c.shut = true
					} else {
						c.restarts++
					}
					return none{}
				})
			}
		})
		sys.Settle()
		require.LessOrEqual(sys, atomically(sys, m, func(c *crasher) int { return c.restarts }), allowed, "restarts")
	}
}
