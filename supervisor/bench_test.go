package supervisor_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

func benchWorld(b *testing.B) (context.Context, *actor.System) {
	b.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, sys.Shutdown(context.Background())) })
	return actor.WithSystem(context.Background(), sys), sys
}

// reborn is a child that says when it is up.
type reborn struct{ up chan actor.Ref[int] }

func (r *reborn) PreStart(ctx *actor.Context[int]) error { r.up <- ctx.Self(); return nil }

func (r *reborn) Handle(*actor.Context[int], int) error { return errBoom }

// BenchmarkRestart: a child fails, and is up again. The baseline does the same
// by hand: an actor fails, who waits for it spawns another.
func BenchmarkRestart(b *testing.B) {
	b.Run("supervisor", func(b *testing.B) {
		ctx, _ := benchWorld(b)
		up := make(chan actor.Ref[int], 1)
		_, err := supervisor.Spawn(ctx, supervisor.Spec{
			Intensity: supervisor.Intensity{Max: 1 << 40, Per: 1},
			Children:  []supervisor.Child{{ID: "a", Start: supervisor.Of(func() *reborn { return &reborn{up} })}},
		})
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			_ = (<-up).Cast(ctx, 1)
		}
	})
	b.Run("dynamic", func(b *testing.B) {
		ctx, _ := benchWorld(b)
		up := make(chan actor.Ref[int], 1)
		d, err := supervisor.SpawnDynamic(ctx, supervisor.DynamicSpec{Intensity: supervisor.Intensity{Max: 1 << 40, Per: 1}},
			func(up chan actor.Ref[int]) *reborn { return &reborn{up} })
		require.NoError(b, err)
		_, err = d.StartChild(ctx, up)
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			_ = (<-up).Cast(ctx, 1)
		}
	})
	b.Run("baseline", func(b *testing.B) {
		ctx, _ := benchWorld(b)
		up := make(chan actor.Ref[int], 1)
		b.ReportAllocs()
		for b.Loop() {
			r, err := actor.Spawn(ctx, &reborn{up})
			require.NoError(b, err)
			_ = (<-up).Cast(ctx, 1)
			_ = r.Wait(ctx)
		}
	})
}

// BenchmarkMany: 100,000 children are started, and stopped. The baseline spawns
// as many actors under a plain parent and stops the tree.
func BenchmarkMany(b *testing.B) {
	const n = 100_000
	report := func(b *testing.B, start, stop func()) {
		b.ReportAllocs()
		for b.Loop() {
			start()
			stop()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/child")
	}
	b.Run("dynamic", func(b *testing.B) {
		ctx, _ := benchWorld(b)
		var d supervisor.Dynamic[int, int]
		report(b, func() {
			var err error
			d, err = supervisor.SpawnDynamic(ctx, supervisor.DynamicSpec{}, func(int) *member { return new(member) })
			require.NoError(b, err)
			for i := range n {
				if _, err := d.StartChild(ctx, i); err != nil {
					b.Fatal(err)
				}
			}
		}, func() { require.NoError(b, d.StopAndWait(ctx)) })
	})
	b.Run("baseline", func(b *testing.B) {
		ctx, _ := benchWorld(b)
		var parent actor.Ref[int]
		report(b, func() {
			var err error
			parent, err = actor.Spawn(ctx, new(member))
			require.NoError(b, err)
			for range n {
				if _, err := actor.Spawn(ctx, new(member), actor.LinkedTo(parent.Any())); err != nil {
					b.Fatal(err)
				}
			}
		}, func() { require.NoError(b, parent.StopTree(ctx)) })
	})
}

// BenchmarkRequest: what a question to a supervisor costs.
func BenchmarkRequest(b *testing.B) {
	ctx, _ := benchWorld(b)
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{Children: []supervisor.Child{
		{ID: "a", Start: supervisor.Of(func() *member { return new(member) })},
	}})
	require.NoError(b, err)
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := supervisor.Find[int](ctx, sup, "a"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
