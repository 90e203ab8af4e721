package sched_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// stuckJob submits a job that waits for gate and returns its carrier.
func stuckJob(t *testing.T, s *sched.Scheduler, turn func(c *sched.Carrier) bool) (*job, *sched.Carrier) {
	t.Helper()
	in := make(chan *sched.Carrier, 1)
	j := newJob(func(c *sched.Carrier) bool { in <- c; return turn(c) })
	s.Submit(&j.Task)
	return j, await(t, in)
}

// Close does not wait for a fenced carrier. When that comes back after all it
// ends, whether its turn returns, panics or ends the goroutine.
func TestFencedCarrier(t *testing.T) {
	for name, end := range map[string]func() bool{
		"returns":         func() bool { return false },
		"wants to go on":  func() bool { return true },
		"panics":          func() bool { panic("late") },
		"goexit":          func() bool { explode(nil); return false },
		"waits and comes": func() bool { _ = sched.Block(func() {}); return false },
	} {
		for _, closeFirst := range []bool{true, false} {
			t.Run(name+map[bool]string{true: " after Close", false: " before Close"}[closeFirst], func(t *testing.T) {
				s, err := sched.New(sched.Config{Workers: 1})
				require.NoError(t, err)
				gate, inTurn := make(chan struct{}), make(chan bool, 1)
				first := true
				j, c := stuckJob(t, s, func(c *sched.Carrier) bool {
					if !first { // it wanted to go on
						return false
					}
					first = false
					<-gate
					inTurn <- c.Fenced()
					return end()
				})
				j.crashed = func(*sched.Carrier, any, []byte) bool { return false }
				before := sched.Fences()
				other := once(func(*sched.Carrier) {})
				require.False(t, c.Fence(&other.Task), "it is not in that turn")
				require.False(t, c.Fenced())
				require.True(t, c.Fence(&j.Task))
				require.False(t, c.Fence(&j.Task), "it is fenced already")
				require.True(t, c.Fenced())
				require.Equal(t, before+1, sched.Fences())
				require.EqualValues(t, 1, s.Stats().Fenced)
				if closeFirst {
					await(t, s.Close())
					close(gate)
				} else {
					after := make(chan bool, 100)
					for range 100 {
						s.Submit(&once(func(other *sched.Carrier) { after <- other == c || other.Fenced() }).Task)
					}
					close(gate)
					for range 100 {
						require.False(t, await(t, after), "no other task runs behind the fence")
					}
				}
				require.True(t, await(t, inTurn))
				until(t, func() bool { return sched.Fences() == before })
				await(t, s.Close())
			})
		}
	}
}
