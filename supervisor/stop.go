package supervisor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// charge is a child as far as stopping it goes.
type charge struct {
	ref      actor.AnyRef
	shutdown time.Duration
}

// deadline is how long a child may take.
func deadline(shutdown time.Duration, supervisor bool) time.Duration {
	switch {
	case shutdown != 0:
		return shutdown
	case supervisor:
		return Infinity
	}
	return defaultShutdown
}

// dismiss has a child stop, and does not wait: its end will be told, in whatever
// way it comes, even if the child has unlinked itself.
func dismiss(ctx *actor.Context[request], c charge) {
	ctx.Monitor(c.ref)
	switch c.shutdown {
	case BrutalKill:
		c.ref.Kill()
		return
	case Infinity:
	default:
		// The timer is the child's, so that its end ends it. A child that is
		// stopping already takes no timers: then it is ours.
		if c.ref.KillAfter(c.shutdown).Err() != nil && c.ref.Status() != actor.Stopped {
			ctx.After(c.shutdown, request{wake: c.ref.Kill})
		}
	}
	c.ref.Stop()
}

// stopInOrder stops children one after another, the last first, each with its
// deadline, then Kill; and waits, inside a callback with its worker handed on.
// When the actor that waits is killed it does not wait any more.
func stopInOrder(charges []charge) {
	for _, c := range slices.Backward(charges) {
		if c.shutdown != BrutalKill {
			c.ref.Stop()
			ctx, cancel := patience(c.shutdown)
			gone := ended(c.ref.Wait(ctx))
			cancel()
			if gone {
				continue
			}
		}
		c.ref.Kill()
		_ = c.ref.Wait(context.Background()) // KillGrace bounds it
	}
}

// stopTogether stops children all at once, under one deadline, then Kill.
func stopTogether(refs []actor.AnyRef, shutdown time.Duration) {
	if shutdown != BrutalKill {
		for _, r := range refs {
			r.Stop()
		}
		ctx, cancel := patience(shutdown)
		defer cancel()
		for len(refs) > 0 && ended(refs[0].Wait(ctx)) {
			refs = refs[1:]
		}
	}
	for _, r := range refs {
		r.Kill() // nothing to those that have ended
	}
	for _, r := range refs {
		_ = r.Wait(context.Background()) // KillGrace bounds it, for all at once
	}
}

// patience is a context with a deadline, if there is to be one. It belongs to no
// actor: who waits inside one is let go by its Kill anyway.
func patience(d time.Duration) (context.Context, context.CancelFunc) {
	if d == Infinity {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), d)
}

// ended says whether Wait has returned because the actor has ended.
func ended(err error) bool {
	var exit *actor.ExitError
	return err == nil || errors.As(err, &exit)
}
