package port_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/internal/leaks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Ants()...) }

// start makes a System of the test's own. Its context ends far beyond what a
// test takes.
func start(tb testing.TB) context.Context {
	tb.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(tb, err)
	ctx, cancel := context.WithTimeout(actor.WithSystem(context.Background(), sys), time.Minute)
	tb.Cleanup(func() {
		defer cancel()
		require.NoError(tb, sys.Shutdown(ctx))
	})
	return ctx
}

// listener keeps what it hears.
type listener struct {
	mu    sync.Mutex
	heard []int
}

func (l *listener) Handle(_ *actor.Context[int], v int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heard = append(l.heard, v)
	return nil
}

// listen spawns one.
func listen(ctx context.Context, tb testing.TB, opts ...actor.Option) (*listener, actor.Ref[int]) {
	tb.Helper()
	l := new(listener)
	r, err := actor.Spawn(ctx, l, opts...)
	require.NoError(tb, err)
	return l, r
}

// all lets r handle what it has, ends it, and returns what it has heard.
func (l *listener) all(ctx context.Context, tb testing.TB, r actor.Ref[int]) []int {
	tb.Helper()
	require.NoError(tb, r.DrainAndWait(ctx))
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}
