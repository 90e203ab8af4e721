package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// inbox is a queue with somebody at it, or nobody.
type inbox struct {
	queued, handled int
	running         bool
}

// push says that the caller has to run the inbox.
func (i *inbox) push() bool {
	i.queued++
	return i.begin()
}

func (i *inbox) take() (taken int) {
	taken, i.queued = i.queued, 0
	i.handled += taken
	return taken
}

func (i *inbox) begin() bool {
	was := i.running
	i.running = true
	return !was
}

func (i *inbox) idle() none {
	i.running = false
	return none{}
}

// hollywood #164, and proposed once more in #176. A sender pushes, and runs the
// inbox if nobody does. Who runs it finds it empty and goes idle: what was pushed
// in between has a sender who has seen somebody at it, and nobody who is. Who
// goes idle has to say so first and to look again then.
//
// Seen as: a message is still queued when all is quiet.
func lostWakeup(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &inbox{})
		run := func(ctx context.Context) {
			for {
				for atomically(ctx, m, (*inbox).take) > 0 {
				}
				atomically(ctx, m, (*inbox).idle)
				if !right || atomically(ctx, m, func(i *inbox) int { return i.queued }) == 0 || !atomically(ctx, m, (*inbox).begin) {
					return
				}
			}
		}
		for range 2 {
			thread(sys, func(ctx context.Context) {
				if atomically(ctx, m, (*inbox).push) {
					run(ctx)
				}
			})
		}
		sys.Settle()
		require.Equal(sys, 2, atomically(sys, m, func(i *inbox) int { return i.handled }), "messages handled")
	}
}
