package supervisor

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

// undertaker is the actor that stops the children of a supervisor whose
// OnParentKill is Graceful. It is linked to nobody, so that no kill from above
// reaches it; its own children it stops in PostStop.
type undertaker struct{ stop func() }

// Handle has nothing to handle.
func (*undertaker) Handle(*actor.Context[struct{}], struct{}) error { return nil }

// HandleSupervision keeps a child's end from being the undertaker's.
func (*undertaker) HandleSupervision(*actor.Context[struct{}], actor.Event) error { return nil }

// PostStop stops the children.
func (u *undertaker) PostStop(*actor.Context[struct{}]) error {
	u.stop()
	return nil
}

// will is who takes over a supervisor's children when it is stopping. It does so
// in any case: a supervisor that stops gracefully may still be killed before all
// its children have ended.
type will struct {
	armed atomic.Bool // the first starts have succeeded
	heir  atomic.Pointer[actor.Ref[struct{}]]
}

// make has the children taken over at the supervisor's crossing to Stopping. In
// a kill that is before the kill goes on to the children, and in the killer's
// goroutine: so plan must be safe there. It is given the children in the order
// in which they were linked, and returns what stops them.
func (w *will) make(ctx *actor.Context[request], plan func(children []actor.AnyRef) func()) {
	actor.OnStopping(ctx.Self().Any(), func() {
		if !w.armed.Load() {
			return // a start that is given up: the children die with it
		}
		children := slices.Collect(ctx.Children())
		if len(children) == 0 {
			return
		}
		slices.Reverse(children)
		heir, err := actor.Spawn(ctx, &undertaker{plan(children)})
		if err != nil {
			return // the System is being shut down, by force: the children are killed
		}
		self := ctx.Self().Any()
		for _, c := range children {
			if actor.Link(heir.Any(), c) != nil {
				actor.Unlink(self, c) // it is ending; let it
			}
		}
		w.heir.Store(&heir)
		heir.Stop()
	})
}

// execute waits until the children have ended, or the supervisor is killed.
func (w *will) execute() {
	if heir := w.heir.Load(); heir != nil {
		_ = heir.Wait(context.Background())
	}
}
