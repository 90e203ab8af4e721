package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// process is an actor that can end.
type process struct {
	over    bool
	stopped int // how often it was told
}

// hollywood #196. An actor that panicked and had no restart left was told
// Stopped, and told so again by the cleanup; the second time it closed its
// channel once more and the program ended. Here the two ways to the end are
// threads that look whether it has come, and a fix that looks and says so in
// one.
//
// Seen as: Stopped was told twice.
func stoppedTwice(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &process{})
		end := func(p *process) none {
			p.over = true
			p.stopped++
			return none{}
		}
		for range 2 { // the panic, the cleanup
			thread(sys, func(ctx context.Context) {
				if right {
					atomically(ctx, m, func(p *process) none {
						if p.over {
							return none{}
						}
						return end(p)
					})
				} else if !atomically(ctx, m, func(p *process) bool { return p.over }) {
					atomically(ctx, m, end)
				}
			})
		}
		sys.Settle()
		require.Equal(sys, 1, atomically(sys, m, func(p *process) int { return p.stopped }), "times told")
	}
}
