package bugs

import (
	"context"

	"github.com/ractor-go/ractor/actortest"
)

// exchange is a request and the channel for its answer.
type exchange struct {
	asked, parked, answered bool
}

// ergo #232: calls time out although the answer was sent; #259 has what may be
// behind it. The channel for the answer had no buffer, and the answer was sent
// into it without waiting: if it is there before the one who has asked is parked
// at the channel, it is dropped.
//
// Seen as: a deadlock, for our call has no deadline.
func replyDropped(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &exchange{})
		thread(sys, func(ctx context.Context) {
			atomically(ctx, m, func(x *exchange) none { x.asked = true; return none{} })
			atomically(ctx, m, func(x *exchange) none { x.parked = true; return none{} })
			await(ctx, m, func(x *exchange) bool { return x.answered }, func(*exchange) none { return none{} })
		})
		thread(sys, func(ctx context.Context) {
			await(ctx, m, func(x *exchange) bool { return x.asked }, func(*exchange) none { return none{} })
			atomically(ctx, m, func(x *exchange) none {
				x.answered = x.parked || right
				return none{}
			})
		})
	}
}
