package actor_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

type blob struct{ _ [1 << 10]byte }

// collected collects until p is gone.
func collected(t *testing.T, p weak.Pointer[blob], what string) {
	t.Helper()
	eventually(t, func() bool { runtime.GC(); return p.Value() == nil }, what+" is collected")
}

// Invariant 8.
func TestHandledMessageIsCollected(t *testing.T) {
	for name, opts := range map[string][]actor.Option{"unbounded": nil, "bounded": {actor.Bounded(8, actor.Refuse)}} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			handled := make(chan struct{}, 1)
			r := spawn(t, ctx, actor.Func(func(*actor.Context[*blob], *blob) error { handled <- struct{}{}; return nil }), opts...)
			send := func() weak.Pointer[blob] {
				m := new(blob)
				require.NoError(t, r.Cast(ctx, m))
				return weak.Make(m)
			}
			p := send()
			recv(t, handled)
			collected(t, p, "the message")
			require.Equal(t, actor.Running, r.Status())
		})
	}
}

type holder struct {
	b                *blob
	entered, release chan struct{}
}

func (h *holder) Handle(ctx *actor.Context[int], m int) error {
	switch m {
	case 1:
		return errTest
	case 2:
		panic("test")
	case 3:
		close(h.entered)
		<-h.release
	case 4:
		ctx.Every(time.Hour, 1)
		ctx.MonitorMsg(ctx.Self().Any(), func(actor.Down) int { return len(h.b.String()) })
		context.AfterFunc(ctx, func() { _ = h.b })
	}
	return nil
}

func (b *blob) String() string { return "blob" }

func TestDeadActorsStateIsCollected(t *testing.T) {
	send := func(m int) func(actor.Ref[int]) {
		return func(r actor.Ref[int]) { _ = r.Cast(context.Background(), m) }
	}
	for name, end := range map[string]func(actor.Ref[int]){
		"stop": actor.Ref[int].Stop, "drain": actor.Ref[int].Drain, "kill": actor.Ref[int].Kill,
		"error": send(1), "panic": send(2), "abandoned": send(3),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
			entered, release := make(chan struct{}), make(chan struct{})
			p, r := func() (weak.Pointer[blob], actor.Ref[int]) {
				h := &holder{new(blob), entered, release}
				return weak.Make(h.b), spawn[*holder, int](t, ctx, h, actor.Named("kept"))
			}()
			require.NoError(t, r.Cast(ctx, 4))
			end(r)
			if name == "abandoned" {
				recv(t, entered)
				r.Kill()
				require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
				close(release)
				unfenced(t)
			}
			_ = waitEnd(t, r)
			collected(t, p, "the state")
			require.Equal(t, actor.Stopped, r.Status())
			require.Equal(t, "kept", r.Name())
		})
	}
}

func TestStateOfAFailedStartIsCollected(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var r actor.Ref[int]
	start := func() weak.Pointer[blob] {
		b := new(blob)
		_, err := actor.Spawn[*plain[int], int](ctx, &plain[int]{preStart: func(in *actor.Context[int]) error {
			r = in.Self()
			_ = b.String()
			return errTest
		}})
		require.ErrorIs(t, err, errTest)
		return weak.Make(b)
	}
	collected(t, start(), "the state")
	require.Equal(t, actor.Stopped, r.Status())
}

type small struct{ n int }

func (s *small) Handle(*actor.Context[int], int) error { s.n++; return nil }

func TestAnIdleActorIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(actor.Context[int]{})+unsafe.Sizeof(small{}), uintptr(176))
	require.Equal(t, unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(actor.Ref[int]{}))
	require.Equal(t, unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(actor.AnyRef{}))
}

func TestAllocations(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	ctx, sys := newSystem(t, actor.Config{})
	sink := spawn[*small, int](t, ctx, &small{})
	allocs := make(chan float64, 1)
	caster := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		for range 1000 {
			_ = sink.Cast(in, 1)
		}
		allocs <- testing.AllocsPerRun(100, func() { _ = in.Err(); _ = in.Self() })
		return nil
	}))
	require.NoError(t, caster.Cast(ctx, 1))
	require.Zero(t, recv(t, allocs))

	// A ring of two: each message is handled, and the nodes come back.
	const rounds = 100_000
	done := make(chan struct{})
	x := &player{done: done}
	y := &player{done: done}
	rx := spawn[*player, ball](t, ctx, x)
	y.peer = rx
	x.peer = spawn[*player, ball](t, ctx, y)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, rx.Cast(ctx, ball{left: rounds}))
	recv(t, done)
	runtime.ReadMemStats(&after)
	require.Less(t, float64(after.Mallocs-before.Mallocs)/rounds, 0.01, "Cast inside")

	const spawns = 10_000
	runtime.ReadMemStats(&before)
	for range spawns {
		_, _ = actor.Spawn[*small, int](ctx, &small{})
	}
	runtime.ReadMemStats(&after)
	t.Logf("%.3f allocations and %.0f bytes a Spawn", float64(after.Mallocs-before.Mallocs)/spawns, float64(after.TotalAlloc-before.TotalAlloc)/spawns)
	require.Less(t, float64(after.Mallocs-before.Mallocs)/spawns, 2.01, "the actor and its state")
	require.Less(t, float64(after.TotalAlloc-before.TotalAlloc)/spawns, 200.0)
	require.Equal(t, int64(spawns+4), sys.Stats().Live)
}
