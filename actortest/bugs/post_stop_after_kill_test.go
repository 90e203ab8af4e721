package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// signals are those of an actor: what its loop looks for.
type signals struct{ stop, kill, cleaned bool }

// ractor #226, mended in #230. The loop of an actor ended at a signal, and
// whatever ended the loop was followed by post_stop: a killed actor cleaned up
// too, long after others had been told that it was gone.
//
// Seen as: the hook has run although the kill was there first.
func postStopAfterKill(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &signals{})
		thread(sys, func(ctx context.Context) {
			atomically(ctx, m, func(s *signals) none { s.stop = true; return none{} })
		})
		thread(sys, func(ctx context.Context) {
			atomically(ctx, m, func(s *signals) none { s.kill = true; return none{} })
		})
		thread(sys, func(ctx context.Context) {
			killed := await(ctx, m, func(s *signals) bool { return s.stop || s.kill }, func(s *signals) bool { return s.kill })
			if killed && right {
				return
			}
			cleaned := atomically(ctx, m, func(s *signals) signals { s.cleaned = true; return *s })
			require.True(sys, cleaned.cleaned)
			require.False(sys, killed, "post_stop after kill")
		})
	}
}
