package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// receiver is an actor's context: it has the message that is being handled.
type receiver struct{ message string }

// hollywood #159, mended in #160. The inbox was opened before the startup messages
// had been handled, on another goroutine: a user's message came while the actor
// was in the midst of Started, and took the place of it in the context.
//
// Seen as: the message is another one at the end of Started than at its
// beginning.
func startedRace(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &receiver{})
		handles := func(ctx context.Context, message string) {
			atomically(ctx, m, func(r *receiver) none { r.message = message; return none{} })
			// It loads something.
			now := atomically(ctx, m, func(r *receiver) string { return r.message })
			require.Equal(sys, message, now)
		}
		inbox := func(ctx context.Context) { handles(ctx, "user's") }
		thread(sys, func(ctx context.Context) {
			handles(ctx, "Started")
			if right {
				inbox(ctx)
			}
		})
		if !right {
			thread(sys, inbox)
		}
	}
}
