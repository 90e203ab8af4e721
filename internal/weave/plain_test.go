//go:build !interleave

package weave_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/weave"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// In production the types are those of sync and sync/atomic: this compiles only if they are identical.
var (
	_ *atomic.Bool         = (*weave.Bool)(nil)
	_ *atomic.Int64        = (*weave.Int64)(nil)
	_ *atomic.Uint32       = (*weave.Uint32)(nil)
	_ *atomic.Uint64       = (*weave.Uint64)(nil)
	_ *atomic.Pointer[int] = (*weave.Pointer[int])(nil)
	_ *sync.Mutex          = (*weave.Mutex)(nil)
)

func TestSlot(t *testing.T) {
	s := weave.NewSlot[int]()
	s.Put(1)
	s.Offer(2)
	require.Equal(t, 1, s.Take())
	s.Offer(3)
	require.Equal(t, 3, <-s.C())
}

func TestGate(t *testing.T) {
	g := weave.NewGate()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.False(t, g.Wait(ctx.Done()))
	g.Open()
	require.True(t, g.Wait(nil))
	require.Panics(t, g.Open)
	weave.Gosched()
	require.False(t, weave.On)
}
