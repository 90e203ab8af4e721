package actortest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// rally is two actors that send a message to and fro, n times.
func rally(n int) func(*System) {
	return func(sys *System) {
		var a, b actor.Ref[int]
		player := func(to *actor.Ref[int]) actor.Actor[int] {
			return actor.Func(func(ctx *actor.Context[int], left int) error {
				if left == 0 {
					return nil
				}
				return to.Cast(ctx, left-1)
			})
		}
		var err error
		a, err = actor.Spawn(sys, player(&b))
		require.NoError(sys, err)
		b, err = actor.Spawn(sys, player(&a))
		require.NoError(sys, err)
		require.NoError(sys, a.Cast(sys, n))
		sys.Settle()
	}
}

// tiny is a program of some 13 steps.
func tiny(sys *System) {
	ref := recorder(sys)
	for range 3 {
		require.NoError(sys, ref.Cast(sys, entry{}))
	}
}

// How many steps a second one run makes, and what a run costs of which the steps
// are few. It judges nothing: see it with -v.
func TestSpeed(t *testing.T) {
	for _, s := range []Strategy{Uniform, PCT, Swarm} {
		set := newSettings(nil)
		begin := time.Now()
		r := simulate(t, set, seed{s, 1}, false, rally(10_000))
		took := time.Since(begin)
		require.Nil(t, r.failure)
		t.Logf("%v: %.0f steps/s", s, float64(r.trace.steps)/took.Seconds())
	}
	const runs = 200
	begin, steps := time.Now(), 0
	for i := range runs {
		r := simulate(t, newSettings(nil), seed{Uniform, uint64(i)}, false, tiny)
		require.Nil(t, r.failure)
		steps += r.trace.steps
	}
	t.Logf("a run of %d steps: %v", steps/runs, time.Since(begin)/runs)
}

func BenchmarkSteps(b *testing.B) {
	t := &testing.T{}
	steps := 0
	for b.Loop() {
		steps += stepsOf(t, rally(1000))
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}

func BenchmarkRun(b *testing.B) {
	t := &testing.T{}
	b.ReportAllocs()
	for b.Loop() {
		stepsOf(t, tiny)
	}
}

func stepsOf(t *testing.T, f func(*System)) int {
	return simulate(t, newSettings(nil), seed{Uniform, 1}, false, f).trace.steps
}
