package actor_test

import (
	"context"
	"testing"

	"github.com/ractor-go/ractor/actor"
)

type ball struct{ left, _ int }

type player struct {
	peer actor.Ref[ball]
	done chan struct{}
}

func (p *player) Handle(ctx *actor.Context[ball], m ball) error {
	if m.left == 0 {
		close(p.done)
		return nil
	}
	return p.peer.Cast(ctx, ball{left: m.left - 1})
}

func BenchmarkPingPong(b *testing.B) {
	ctx := context.Background()
	sys, _ := actor.NewSystem(actor.Config{})
	ctx = actor.WithSystem(ctx, sys)
	x := &player{done: make(chan struct{})}
	y := &player{done: x.done}
	rx, _ := actor.Spawn(ctx, x)
	y.peer = rx
	ry, _ := actor.Spawn(ctx, y)
	x.peer = ry
	b.ReportAllocs()
	b.ResetTimer()
	_ = rx.Cast(ctx, ball{left: b.N})
	<-x.done
	b.StopTimer()
	_ = sys.Shutdown(ctx)
}

// Casts from outside to one actor, all handled.
func BenchmarkCast(b *testing.B) {
	sys, _ := actor.NewSystem(actor.Config{})
	ctx := actor.WithSystem(context.Background(), sys)
	done := make(chan struct{})
	n := b.N
	r, _ := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[int], m int) error {
		if m == n {
			close(done)
		}
		return nil
	}))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range n {
		_ = r.Cast(ctx, i+1)
	}
	<-done
	b.StopTimer()
	_ = sys.Shutdown(ctx)
}

type nop struct{ _ int }

func (*nop) Handle(*actor.Context[ball], ball) error { return nil }

func BenchmarkSpawn(b *testing.B) {
	sys, _ := actor.NewSystem(actor.Config{})
	ctx := actor.WithSystem(context.Background(), sys)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = actor.Spawn(ctx, &nop{})
	}
	b.StopTimer()
	_ = sys.Shutdown(ctx)
}
