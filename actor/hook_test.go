package actor_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// A killer runs the hooks in its own goroutine; the worker, whose callback has
// returned meanwhile, does not overtake them.
func TestHooksComeBeforeTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	inHandler, leave := make(chan struct{}), make(chan struct{})
	r := spawn(t, ctx, fn(func(*actor.Context[int], int) error {
		close(inHandler)
		<-leave
		return nil
	}))
	inHook, goOn := make(chan struct{}), make(chan struct{})
	_, ok := actor.OnStopping(r.Any(), func() { close(inHook); <-goOn })
	require.True(t, ok)
	require.NoError(t, r.Cast(ctx, 1))
	recv(t, inHandler)
	go r.Kill()
	recv(t, inHook)
	close(leave)
	for range 10_000 { // time enough for the worker to get ahead, if it could
		require.Equal(t, actor.Stopping, r.Status(), "while a hook was running")
		runtime.Gosched()
	}
	close(goOn)
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
}

// A hook may end its own actor.
func TestHookThatKills(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle())
	_, ok := actor.OnStopping(r.Any(), r.Kill)
	require.True(t, ok)
	r.Stop()
	require.ErrorIs(t, waitEnd(t, r), actor.ErrKilled)
}

// A Ref without a conversion refuses what is sent to it.
func TestAdaptNil(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := actor.Adapt[string](spawn(t, ctx, idle()), nil)
	require.ErrorIs(t, r.Cast(ctx, "x"), actor.ErrNilConversion)
}

// A period shorter than a tick of the clock does not keep the clock to itself.
func TestShortPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		n := 0
		r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { n++; return nil }))
		every := r.CastEvery(1, 1, actor.Burst)
		require.NoError(t, every.Err())
		<-time.After(10*time.Millisecond + 1)
		synctest.Wait()
		require.True(t, every.Cancel())
		require.NoError(t, r.DrainAndWait(ctx))
		require.Equal(t, 10, n)
	})
}
