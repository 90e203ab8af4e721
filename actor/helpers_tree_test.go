package actor_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// job is a message that says itself what to do.
type job func(ctx *actor.Context[job]) error

// puppet does its jobs, and puts all supervision events into a channel.
type puppet struct{ events chan actor.Event }

func (p *puppet) Handle(ctx *actor.Context[job], j job) error { return j(ctx) }

func (p *puppet) HandleSupervision(_ *actor.Context[job], ev actor.Event) error {
	p.events <- ev
	return nil
}

func newPuppet(t testing.TB, ctx context.Context, opts ...actor.Option) (actor.Ref[job], chan actor.Event) {
	t.Helper()
	p := &puppet{events: make(chan actor.Event, 1<<16)}
	return spawn(t, ctx, p, opts...), p.events
}

// worker does its jobs and has no HandleSupervision.
func worker() actor.Actor[job] {
	return actor.Func(func(ctx *actor.Context[job], j job) error { return j(ctx) })
}

// do has r run f in a callback, and returns when it has.
func do(t testing.TB, r actor.Ref[job], f func(ctx *actor.Context[job])) {
	t.Helper()
	done := make(chan struct{})
	require.NoError(t, r.Cast(context.Background(), func(ctx *actor.Context[job]) error {
		defer close(done)
		f(ctx)
		return nil
	}))
	recv(t, done)
}

// blocked has r wait in a callback until release is called.
func blocked(t testing.TB, r actor.Ref[job]) (release func()) {
	t.Helper()
	in, out := make(chan struct{}), make(chan struct{})
	require.NoError(t, r.Cast(context.Background(), func(*actor.Context[job]) error {
		close(in)
		<-out
		return nil
	}))
	recv(t, in)
	return func() { close(out) }
}

// none says that nothing is in c.
func none[T any](t testing.TB, c <-chan T) {
	t.Helper()
	select {
	case v := <-c:
		require.Failf(t, "too much", "%v", v)
	default:
	}
}

// differ says that two Refs are not equal. (NotEqual would look into the
// actors, which may be running.)
func differ(t testing.TB, a, b actor.AnyRef) {
	t.Helper()
	if a == b {
		require.Fail(t, "the same Ref")
	}
}

// smaller is n, or much less under the race detector.
func smaller(n int) int {
	if race {
		return n / 20
	}
	return n
}
