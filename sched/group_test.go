package sched_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// Clear disarms what is armed and takes new ones, End takes none any more.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		var g sched.Group
		rang := 0
		alarms := make([]alarm, 3)
		arm := func(a *alarm) bool {
			*a = alarm{s: s, rang: func(*alarm, time.Duration) { rang++ }}
			return s.ArmIn(&g, &a.Timer, s.Now()+time.Second, a)
		}
		for i := range alarms {
			require.True(t, arm(&alarms[i]))
		}
		s.Clear(&g)
		require.Zero(t, s.Stats().Timers)
		require.True(t, arm(&alarms[0]))
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		require.Equal(t, 1, rang)
		require.True(t, arm(&alarms[1]))
		s.End(&g)
		require.Zero(t, s.Stats().Timers)
		require.False(t, arm(&alarms[2]))
		time.Sleep(time.Minute) // of the bubble
		synctest.Wait()
		require.Equal(t, 1, rang)
	})
}
