package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// ring is a broadcast channel that has room for two values.
type ring struct {
	sent   int // values 1 to sent; the last two can still be had
	closed bool
}

// received is what a subscriber gets.
type received struct {
	value   int
	lagged  bool // it was too slow: the oldest that is left is value
	closing bool
}

func (r *ring) from(next int) received {
	oldest := max(1, r.sent-1)
	switch {
	case next < oldest:
		return received{value: oldest, lagged: true}
	case next <= r.sent:
		return received{value: next}
	}
	return received{closing: true}
}

// ractor PR #466, finding 22. The task that feeds a subscriber of an output port
// takes values from a broadcast channel until there is an error. That it lags
// behind is one, too: a subscriber that was once too slow never hears anything
// again, though it would only have missed some.
//
// Seen as: the subscriber has not heard the last value.
func lagging(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &ring{})
		heard := 0
		thread(sys, func(ctx context.Context) {
			for next := 1; ; next++ {
				got := await(ctx, m, func(r *ring) bool { return next <= r.sent || r.closed }, func(r *ring) received { return r.from(next) })
				switch {
				case got.closing, got.lagged && !right:
					return
				case got.lagged:
					next = got.value - 1
				default:
					heard = got.value
				}
			}
		})
		thread(sys, func(ctx context.Context) {
			for range 4 {
				atomically(ctx, m, func(r *ring) none { r.sent++; return none{} })
			}
			atomically(ctx, m, func(r *ring) none { r.closed = true; return none{} })
		})
		sys.Settle()
		require.Equal(sys, 4, heard, "the last value")
	}
}
