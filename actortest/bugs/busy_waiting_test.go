package bugs

import (
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// news tells a waiting actor to look again, or that what it waits for is there.
type news struct{ ready bool }

// An actor that waits by sending itself the message to look again never comes to
// an end as long as nothing happens: it burns a processor, and in a simulation
// time does not pass. A timer waits.
//
// Seen as: no end after the number of steps that Steps allows.
func busyWaiting(right bool) program {
	return func(sys *actortest.System) {
		ready := false
		ref := handle(sys, func(ctx *actor.Context[news], n news) error {
			ready = ready || n.ready
			switch {
			case ready:
				ctx.Stop()
			case right:
				ctx.After(time.Millisecond, news{})
			default:
				return ctx.Self().Cast(ctx, news{})
			}
			return nil
		})
		ref.CastAfter(time.Second/100, news{ready: true})
		_ = ref.Cast(sys, news{})
		_ = ref.Wait(sys)
	}
}
