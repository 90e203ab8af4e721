package actortest_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// pair starts two actors, each of which does its part once. look is a choice
// point that changes nothing.
func pair(sys *actortest.System, one, other func(look func())) {
	for _, part := range []func(look func()){one, other} {
		ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			part(func() { _ = ctx.Self().Status() })
			return nil
		}))
		require.NoError(sys, err)
		require.NoError(sys, ref.Cast(sys, 1))
	}
	sys.Settle()
}

// Programs whose bug needs so many things in one order, and nothing else.
var deep = map[int]func(sys *actortest.System) (hit bool){
	// The other one begins first.
	1: func(sys *actortest.System) (hit bool) {
		begun := false
		pair(sys,
			func(look func()) { look(); begun = true },
			func(func()) { hit = !begun })
		return hit
	},
	// The other one begins while the one is at its third look.
	2: func(sys *actortest.System) (hit bool) {
		at := 0
		pair(sys,
			func(look func()) {
				for range 6 {
					at++
					look()
				}
				at++
			},
			func(func()) { hit = at == 3 })
		return hit
	},
	// And the one goes on when the other one has looked twice.
	3: func(sys *actortest.System) (hit bool) {
		at, other := 0, 0
		pair(sys,
			func(look func()) {
				for range 6 {
					at++
					look()
					hit = hit || at == 3 && other == 2
				}
				at++
			},
			func(look func()) {
				for at == 3 && other < 4 {
					other++
					look()
				}
				other = 0
			})
		return hit
	},
}

// A bug of depth d in a program of n strands and k steps is found by one run of
// PCT with a probability of at least 1/(n·k^(d-1)).
func TestPCT_KeepsItsBound(t *testing.T) {
	const n, runs = 4, 6_000 // the clock, the test and the pair
	for d := 1; d <= len(deep); d++ {
		once := actortest.Explore(t, 100, func(sys *actortest.System) { deep[d](sys) })
		k := once.Steps / once.Runs
		rate := func(s actortest.Strategy) float64 {
			var made, hits atomic.Int64 // more than runs: some are made twice
			actortest.Explore(t, runs, func(sys *actortest.System) {
				made.Add(1)
				if deep[d](sys) {
					hits.Add(1)
				}
			}, actortest.With(s), actortest.Depth(d, k))
			return float64(hits.Load()) / float64(made.Load())
		}
		bound := 1.0 / n
		for range d - 1 {
			bound /= float64(k)
		}
		pct, uniform := rate(actortest.PCT), rate(actortest.Uniform)
		t.Logf("depth %d, %d steps: bound %.5f, PCT %.5f, uniform %.5f", d, k, bound, pct, uniform)
		require.GreaterOrEqual(t, pct, bound)
	}
}
