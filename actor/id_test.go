package actor_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// I1, I2: the states in order; the life of an actor only goes forward.
func TestI1_Status(t *testing.T) {
	require.True(t, slices.IsSorted([]actor.Status{
		actor.Unstarted, actor.Starting, actor.Running, actor.Draining, actor.Stopping, actor.Stopped,
	}))
	ctx, _ := newSystem(t, actor.Config{})
	var seen []actor.Status
	see := func(ctx *actor.Context[int]) error { seen = append(seen, ctx.Self().Status()); return nil }
	r := spawn(t, ctx, &plain[int]{
		preStart: see, postStart: see, postStop: see,
		handle: func(ctx *actor.Context[int], _ int) error { return see(ctx) },
	})
	require.NoError(t, r.Cast(ctx, 1))
	r.Drain()
	require.NoError(t, waitEnd(t, r))
	require.Len(t, seen, 4)
	require.Equal(t, actor.Starting, seen[0])
	require.True(t, slices.IsSorted(seen), "%v", seen) // Drain comes when it comes
	require.Equal(t, actor.Stopping, seen[3])
	require.Equal(t, actor.Stopped, r.Status())
	require.Equal(t, actor.Unstarted, actor.Ref[int]{}.Status())
}

// I2: from many goroutines; what is undone at the crossing to Stopping is
// undone once, and everybody who waits goes on.
func TestI2_MonotonicFromManyGoroutines(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for i := range 200 {
		r := spawn(t, ctx, idle())
		var mu sync.Mutex
		hooks := 0
		_, ok := actor.OnStopping(r.Any(), func() { mu.Lock(); defer mu.Unlock(); hooks++ })
		require.True(t, ok)
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				last := actor.Unstarted
				for range 20 {
					if s := r.Status(); s < last {
						t.Errorf("from %v back to %v", last, s)
					} else {
						last = s
					}
				}
				switch (g + i) % 4 {
				case 0:
					r.Kill()
				case 1:
					r.Stop()
				case 2:
					r.Drain()
				}
				_ = r.Wait(context.Background())
				if s := r.Status(); s != actor.Stopped {
					t.Errorf("Wait has returned, and it is %v", s)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, hooks)
		_, ok = actor.OnStopping(r.Any(), func() {})
		require.False(t, ok)
	}
}

// I3, I4: who takes messages.
func TestI4_WhoTakesMessages(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	at := make(chan struct{})
	goOn := make(chan struct{})
	stay := func(*actor.Context[job]) error { at <- struct{}{}; <-goOn; return nil }
	r, err := actor.SpawnInstant(ctx, &plain[job]{
		preStart: stay, postStart: stay, postStop: stay,
		handle: func(ctx *actor.Context[job], j job) error { return j(ctx) },
	})
	require.NoError(t, err)
	nop := func(*actor.Context[job]) error { return nil }
	for range 2 { // PreStart, PostStart
		recv(t, at)
		require.Equal(t, actor.Starting, r.Status())
		require.NoError(t, r.Cast(ctx, nop))
		goOn <- struct{}{}
	}
	do(t, r, func(ctx *actor.Context[job]) { require.Equal(t, actor.Running, ctx.Self().Status()) })
	release := blocked(t, r)
	require.NoError(t, r.Cast(ctx, nop))
	r.Drain()
	require.Equal(t, actor.Draining, r.Status())
	require.ErrorIs(t, r.Cast(ctx, nop), actor.ErrStopped)
	release()
	recv(t, at)
	require.Equal(t, actor.Stopping, r.Status())
	require.ErrorIs(t, r.Cast(ctx, nop), actor.ErrStopped)
	goOn <- struct{}{}
	require.NoError(t, waitEnd(t, r))
	require.ErrorIs(t, r.Cast(ctx, nop), actor.ErrStopped)
}

// I5: an id is never given twice, and finds its actor while that lives.
func TestI5_IDsAreNeverReused(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	n := smaller(1_000_000)
	ids := make(map[actor.ID]struct{}, n)
	var stale []actor.ID
	for i := range n {
		r := spawn(t, ctx, idle())
		id := r.ID()
		if _, again := ids[id]; again || id == 0 {
			t.Fatalf("id %x for the second time", id)
		}
		ids[id] = struct{}{}
		if i%1000 == 0 {
			require.Equal(t, r.Any(), sys.Lookup(id))
			stale = append(stale, id)
		}
		r.Kill()
		if i%64 == 0 { // so that slots are free again
			_ = waitEnd(t, r)
		}
	}
	eventually(t, func() bool { return sys.Stats().Live == 0 }, "all have ended")
	for _, id := range stale {
		require.True(t, sys.Lookup(id).IsZero())
	}
	require.True(t, sys.Lookup(0).IsZero())
	require.True(t, sys.Lookup(^actor.ID(0)).IsZero())
}

// I5: look-ups of ids that come and go find their own actor, or nobody.
func TestI5_LookupUnderFire(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range smaller(20_000) {
				r, err := actor.Spawn(ctx, idle())
				if err != nil {
					t.Error(err)
					return
				}
				id := r.ID()
				if sys.Lookup(id) != r.Any() {
					t.Errorf("%x does not find its actor", id)
				}
				r.Kill()
				if found := sys.Lookup(id); !found.IsZero() && found != r.Any() {
					t.Errorf("%x finds another actor", id)
				}
			}
		})
	}
	wg.Wait()
}
