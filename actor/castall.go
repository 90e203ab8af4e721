package actor

import (
	"context"
	"runtime"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// CastAll sends ms in order, as a Cast of each would, until one is refused. It
// returns how many were accepted: all of them and nil, or n and the error of the
// Cast of ms[n]; the caller may go on with ms[n+1:]. The send of several
// messages costs hardly more than one Cast: a hundred are sent and handled in some 40 %
// of the time (BenchmarkCast, BenchmarkCastAll). That is so for an actor of this
// process with an unbounded mailbox; all others get them one by one. ms is
// the caller's again when CastAll returns. It allocates nothing. Any goroutine may
// call it.
func (r Ref[M]) CastAll(ctx context.Context, ms []M) (n int, err error) {
	if r.c != nil && ctx != nil && !sched.Driven() { // a simulation sees each
		if t, ok := r.c.task.Runner.(*turner[M]); ok && !t.box.Bounded() {
			return (*Context[M])(t).acceptAll(ctx, ms)
		}
	}
	for i, m := range ms {
		if err := r.send(ctx, envelope[M]{m: m}); err != nil {
			return i, err
		}
	}
	return len(ms), nil
}

// castBatch is how many messages CastAll pushes at once: so many that the push
// costs nothing, and so few that they are still in a cache when they are popped.
const castBatch = 128

// acceptAll is accept of all ms, for an unbounded mailbox. It looks at all that
// accept looks at once a push, for the messages of one come at one and the same
// time; so it refuses all of them or none.
func (c *Context[M]) acceptAll(ctx context.Context, ms []M) (n int, err error) {
	st := c.stock()
	car := sched.Here()
	if car != nil && car.Scheduler() != c.kind.sys.sched {
		car = nil
	}
	for n < len(ms) {
		var cache *mailbox.Cache[envelope[M]]
		switch {
		case c.status() >= Draining:
			return n, ErrStopped
		case car == nil && fenced(ctx), car != nil && car.Fenced():
			return n, ErrKilled
		case car != nil:
			cache = st.local.Of(car)
		}
		batch := ms[n:min(n+castBatch, len(ms))]
		chain := mailbox.NewChain(&st.pool, cache)
		for _, m := range batch {
			chain.Add(envelope[M]{m: m})
		}
		switch c.box.PushChain(&chain) {
		case mailbox.Queued:
			if c.box.Len() <= c.kind.sys.turn.backlog {
				break
			}
			if car != nil {
				car.Yield()
			} else {
				runtime.Gosched()
			}
		case mailbox.Wake:
			c.schedule()
		default:
			return n, ErrStopped
		}
		n += len(batch)
	}
	return n, nil
}
