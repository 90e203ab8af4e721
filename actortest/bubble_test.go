package actortest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// Run and Explore work in a bubble of the caller's: the System's time is the
// bubble's, runs are made one after another, and nothing is left behind, or the
// bubble would not end.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		run := func(sys *actortest.System) {
			p := actortest.NewProbe[int](sys)
			require.NoError(sys, p.Ref().CastAfter(time.Minute, 1).Err())
			require.NoError(sys, p.Ref().Cast(sys, 0))
			p.ExpectOrder(time.Hour, 0, 1)
			require.Equal(sys, time.Minute, sys.Now())
		}
		actortest.Run(t, run) // twice, to compare
		require.Equal(t, 2*time.Minute, time.Since(begin))
		sum := actortest.Explore(t, 20, run)
		require.Equal(t, 20, sum.Runs)
		require.Equal(t, 23*time.Minute, time.Since(begin), "one of 20 is made twice")
		require.True(t, actortest.Exhaustive(t, run).Complete)
	})
}

// What fails outside of a bubble fails inside, in the same run and at the same
// step.
func TestBubble_TheSame(t *testing.T) {
	outside, _ := actortest.Search(t, 100, overtaken)
	require.NotNil(t, outside)
	synctest.Test(t, func(t *testing.T) {
		inside, _ := actortest.Search(t, 100, overtaken)
		require.NotNil(t, inside)
		require.Equal(t, outside.Seed, inside.Seed)
		require.Equal(t, outside.Step, inside.Step)
	})
}

// A goroutine of the bubble that is not the System's own may wait meanwhile, and
// use the System's time.
func TestBubble_WithOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ticks, stop := 0, make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					ticks++
				case <-stop:
					return
				}
			}
		}()
		actortest.Run(t, func(sys *actortest.System) { sys.Sleep(5*time.Second + 1) })
		close(stop)
		<-ended
		require.Equal(t, 10, ticks)
	})
}
