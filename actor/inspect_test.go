package actor_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// info returns what System.Actors says of r.
func info(t testing.TB, r actor.AnyRef) (i actor.Info) {
	t.Helper()
	for i := range r.System().Actors() {
		if i.Actor == r {
			return i
		}
	}
	require.Fail(t, "not listed")
	return i
}

func TestActorsLists(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	a := spawn(t, ctx, worker(), actor.Named("a"))
	b := spawn(t, ctx, &counter{})
	c := spawn(t, ctx, worker())
	require.NoError(t, killAndWait(c))
	listed := map[string]actor.Info{}
	for i := range sys.Actors() {
		listed[i.Actor.String()] = i
	}
	require.Len(t, listed, 2, "the dead are not")
	eventually(t, func() bool { return info(t, a.Any()).Doing == actor.Idle }, "idle")
	i := info(t, b.Any())
	require.Equal(t, "*actor_test.counter", i.Behaviour)
	require.Equal(t, actor.Running, i.Status)
	require.Zero(t, i.Queue)
	require.Zero(t, i.Since)
	for range sys.Actors() { // the loop may be left
		break
	}

	stats := sys.Stats()
	require.EqualValues(t, 2, stats.Live)
	require.EqualValues(t, 3, stats.Spawned)
	text, err := json.Marshal(stats)
	require.NoError(t, err)
	require.Contains(t, string(text), `"live":2`)
	for d, text := range map[actor.Doing]string{actor.Idle: "idle", actor.InTurn: "in turn", actor.Waiting: "waiting", actor.Stalled: "stalled", 77: "Doing(77)"} {
		require.Equal(t, text, d.String())
	}
}

// A stuck actor shows as stuck, since when, and how many messages wait for it,
// those that it had taken in its last batch too.
func TestActorsShowsTheStalled(t *testing.T) {
	for _, opts := range [][]actor.Option{nil, {actor.Bounded(1000, actor.Refuse)}} {
		ctx, _ := newSystem(t, actor.Config{})
		r := spawn(t, ctx, worker(), opts...)
		nop := func(*actor.Context[job]) error { return nil }
		first := blocked(t, r)
		in, out := make(chan struct{}), make(chan struct{})
		require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { close(in); <-out; return nil }))
		for range 5 {
			require.NoError(t, r.Cast(ctx, nop))
		}
		require.Equal(t, 6, info(t, r.Any()).Queue)
		first()
		recv(t, in) // it has taken all seven, and is stuck in the first
		require.Equal(t, 5, info(t, r.Any()).Queue)
		for n := range 20 {
			require.NoError(t, r.Cast(ctx, nop))
			require.Equal(t, 6+n, info(t, r.Any()).Queue)
		}
		eventually(t, func() bool { return info(t, r.Any()).Doing == actor.Stalled }, "stalled")
		eventually(t, func() bool { return info(t, r.Any()).Since > 2*time.Millisecond }, "for two ms")
		i := info(t, r.Any())
		require.NotZero(t, i.Goroutine)
		require.Equal(t, actor.Running, i.Status)
		r.Drain()
		require.Equal(t, actor.Draining, info(t, r.Any()).Status)
		close(out)
		require.NoError(t, waitEnd(t, r))
	}
}

func TestActorsShowsTheWaiting(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	other := spawn(t, ctx, worker())
	r := spawn(t, ctx, worker())
	require.NoError(t, r.Cast(ctx, func(ctx *actor.Context[job]) error { return other.Wait(context.Background()) }))
	eventually(t, func() bool { return info(t, r.Any()).Doing == actor.Waiting }, "waiting")
	before := info(t, r.Any()).Since
	eventually(t, func() bool { return info(t, r.Any()).Since > before }, "longer and longer")
	other.Stop()
	eventually(t, func() bool { return info(t, r.Any()).Doing == actor.Idle }, "idle again")
}

// Listing while actors come and go.
func TestActorsUnderFire(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range smaller(20_000) {
			opts := []actor.Option{actor.Named("fleeting")}
			if i%2 == 0 {
				opts = nil
			}
			if r, err := actor.Spawn(ctx, worker(), opts...); err == nil {
				_ = r.Cast(ctx, func(*actor.Context[job]) error { return nil })
				r.Stop()
			}
		}
	}()
	for {
		for i := range sys.Actors() {
			_ = i.Actor.String()
			_ = i.Actor.Parent()
		}
		_ = sys.Stats()
		select {
		case <-done:
			return
		default:
		}
	}
}
