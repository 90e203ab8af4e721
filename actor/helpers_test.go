package actor_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// patience is how long a test waits for what must come; it only decides how
// long a broken test takes.
const patience = 60 * time.Second

// newSystem returns a System of the test's own, and a context that chooses it.
// It is shut down when the test ends.
func newSystem(t testing.TB, cfg actor.Config) (context.Context, *actor.System) {
	t.Helper()
	sys, err := actor.NewSystem(cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, sys.Shutdown(ctx), "shutdown")
	})
	return actor.WithSystem(context.Background(), sys), sys
}

// spawn is actor.Spawn of what must start.
func spawn[A actor.Actor[M], M any](t testing.TB, ctx context.Context, a A, opts ...actor.Option) actor.Ref[M] {
	t.Helper()
	r, err := actor.Spawn[A, M](ctx, a, opts...)
	require.NoError(t, err)
	return r
}

// recv takes from c what must come.
func recv[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// waitEnd waits for the end of an actor and returns what Wait says of it.
func waitEnd(t testing.TB, r interface {
	Wait(ctx context.Context) error
}) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := r.Wait(ctx)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "did not end")
	return err
}

// plain is an actor with all hooks but HandleSupervision; a nil function does
// nothing.
type plain[M any] struct {
	preStart, postStart, postStop func(ctx *actor.Context[M]) error
	handle                        func(ctx *actor.Context[M], m M) error
}

func (p *plain[M]) PreStart(ctx *actor.Context[M]) error  { return call(p.preStart, ctx) }
func (p *plain[M]) PostStart(ctx *actor.Context[M]) error { return call(p.postStart, ctx) }
func (p *plain[M]) PostStop(ctx *actor.Context[M]) error  { return call(p.postStop, ctx) }

func (p *plain[M]) Handle(ctx *actor.Context[M], m M) error {
	if p.handle == nil {
		return nil
	}
	return p.handle(ctx, m)
}

func call[M any](f func(ctx *actor.Context[M]) error, ctx *actor.Context[M]) error {
	if f == nil {
		return nil
	}
	return f(ctx)
}

// boss is plain with HandleSupervision.
type boss[M any] struct {
	plain[M]
	supervise func(ctx *actor.Context[M], ev actor.Event) error
}

func (b *boss[M]) HandleSupervision(ctx *actor.Context[M], ev actor.Event) error {
	if b.supervise == nil {
		return nil
	}
	return b.supervise(ctx, ev)
}

// fn is an actor of a function of ints.
func fn(f func(ctx *actor.Context[int], m int) error) actor.Actor[int] { return actor.Func(f) }

// idle is an actor that does nothing.
func idle() actor.Actor[int] { return fn(func(*actor.Context[int], int) error { return nil }) }

// events returns a parent's HandleSupervision that puts all events into a
// channel with room for many.
func events() (chan actor.Event, func(*actor.Context[int], actor.Event) error) {
	c := make(chan actor.Event, 1<<12)
	return c, func(_ *actor.Context[int], ev actor.Event) error { c <- ev; return nil }
}

// journal is a list that many goroutines write to.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) all() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]string(nil), j.lines...)
}

// eventually yields until ok; for what becomes true without an event.
func eventually(t testing.TB, ok func() bool, what string) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
		yield()
	}
}

func yield() { <-time.After(time.Millisecond) }

// unfenced waits until the goroutines of abandoned actors have ended.
func unfenced(t testing.TB) {
	t.Helper()
	eventually(t, func() bool { return sched.Fences() == 0 }, "the goroutines of abandoned actors end")
}
