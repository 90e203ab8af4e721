package bugs

import (
	"context"

	"github.com/ractor-go/ractor/actortest"
)

// mutex is a lock.
type mutex struct{ held bool }

func lock(ctx context.Context, m memory[mutex]) {
	await(ctx, m, func(m *mutex) bool { return !m.held }, func(m *mutex) none { m.held = true; return none{} })
}

func unlock(ctx context.Context, m memory[mutex]) {
	atomically(ctx, m, func(m *mutex) none { m.held = false; return none{} })
}

// goakt #382, mended in #383. To spawn a child took the lock of the parent, and,
// still holding it, that of the event stream, to tell of the child. The issue
// names these two; who has them the other way round is a subscriber here, which
// is told while the stream is locked and asks for the children.
//
// Seen as: a deadlock; two wait for the locks, which have nothing to do.
func spawnDeadlock(right bool) program {
	return func(sys *actortest.System) {
		parent, stream := share(sys, &mutex{}), share(sys, &mutex{})
		thread(sys, func(ctx context.Context) { // spawn
			lock(ctx, parent)
			if right {
				unlock(ctx, parent)
			}
			lock(ctx, stream)
			unlock(ctx, stream)
			if !right {
				unlock(ctx, parent)
			}
		})
		thread(sys, func(ctx context.Context) { // publish
			lock(ctx, stream)
			lock(ctx, parent)
			unlock(ctx, parent)
			unlock(ctx, stream)
		})
	}
}
