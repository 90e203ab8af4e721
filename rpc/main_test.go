package rpc_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/leaks"
	"github.com/ractor-go/ractor/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Ants()...) }

// start makes a System of the test's own, and a context that leads to it. The
// context's deadline is far beyond what any test takes: a call that only it
// ends is a hang.
func start(t *testing.T, cfg actor.Config) (context.Context, *actor.System) {
	t.Helper()
	sys, err := actor.NewSystem(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(actor.WithSystem(context.Background(), sys), time.Minute)
	t.Cleanup(func() {
		defer cancel()
		require.NoError(t, sys.Shutdown(ctx))
	})
	return ctx, sys
}

// do is a message that says itself what is to be done: a test's actor in the
// place where the test needs it.
type do func(ctx *actor.Context[do]) error

func handleDo(ctx *actor.Context[do], f do) error { return f(ctx) }

func doer(ctx context.Context, t *testing.T, opts ...actor.Option) actor.Ref[do] {
	t.Helper()
	ref, err := actor.Spawn(ctx, actor.Func(handleDo), opts...)
	require.NoError(t, err)
	return ref
}

// with makes an ask whose message is handled by f.
func with[R any](f func(ctx *actor.Context[do], r rpc.Reply[R]) error) func(rpc.Reply[R]) do {
	return func(r rpc.Reply[R]) do {
		return func(ctx *actor.Context[do]) error { return f(ctx, r) }
	}
}

// reply is answered with v.
func reply[R any](v R) func(rpc.Reply[R]) do {
	return with(func(_ *actor.Context[do], r rpc.Reply[R]) error {
		r.Send(v)
		return nil
	})
}

// forget is never answered.
func forget(rpc.Reply[int]) do { return func(*actor.Context[do]) error { return nil } }

// result is how a call has ended.
type result struct {
	v   int
	err error
}

// call makes a Call from a goroutine of its own.
func call(ctx context.Context, to actor.Ref[do], ask func(rpc.Reply[int]) do) <-chan result {
	ended := make(chan result, 1)
	go func() {
		v, err := rpc.Call(ctx, to, ask)
		ended <- result{v, err}
	}()
	return ended
}

// info is what the System says of ref.
func info(sys *actor.System, ref actor.AnyRef) actor.Info {
	for i := range sys.Actors() {
		if i.Actor == ref {
			return i
		}
	}
	return actor.Info{}
}

// queued waits until n messages wait in ref's mailbox.
func queued(t *testing.T, sys *actor.System, ref actor.Ref[do], n int) {
	t.Helper()
	eventually(t, func() bool { return info(sys, ref.Any()).Queue == n })
}

// eventually gives other goroutines time until ok.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for begin := time.Now(); !ok(); runtime.Gosched() {
		if time.Since(begin) > time.Minute {
			require.FailNow(t, "it does not come")
		}
	}
}

// occupy has ref's actor wait in a handler until the returned function is
// called; it waits until that is so.
func occupy(ctx context.Context, t *testing.T, ref actor.Ref[do]) (leave func(err error)) {
	t.Helper()
	there, gate := make(chan struct{}), make(chan error)
	require.NoError(t, ref.Cast(ctx, func(*actor.Context[do]) error {
		close(there)
		return <-gate
	}))
	<-there
	return func(err error) { gate <- err }
}
