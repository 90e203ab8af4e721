package sched_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// Everything that is counted, counted by hand.
func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 2})
		synctest.Wait()
		const n = 500
		all, done := closed(n)
		for range n {
			left := 3
			s.Submit(&newJob(func(c *sched.Carrier) bool {
				c.Handled(2)
				if left--; left == 0 {
					done()
				}
				return left > 0
			}).Task)
		}
		<-all
		pass(50 * time.Millisecond)
		sum := func(st sched.Stats) (w sched.WorkerStats) {
			for _, x := range append(st.Workers, st.Departed) {
				w.Turns += x.Turns
				w.Messages += x.Messages
				w.Parks += x.Parks
				w.Stalls += x.Stalls
				w.Queue += x.Queue
			}
			return w
		}
		st := s.Stats()
		total := sum(st)
		require.EqualValues(t, 3*n, total.Turns)
		require.EqualValues(t, 6*n, total.Messages)
		require.GreaterOrEqual(t, total.Parks, uint64(2))
		require.Zero(t, total.Stalls+uint64(total.Queue)+uint64(st.Global))

		// Two stuck workers, work behind them, and no spare left.
		gate := make(chan struct{})
		s.Submit(&once(func(c *sched.Carrier) {
			for range 5 {
				c.Submit(&once(func(*sched.Carrier) { <-gate }).Task)
			}
			<-gate
		}).Task)
		a := &alarm{s: s, rang: func(*alarm, time.Duration) {}}
		a.arm(time.Hour)
		waiting := make(chan struct{})
		s.Submit(&once(func(*sched.Carrier) { _ = sched.Block(func() { <-waiting }) }).Task)
		_ = s.Async(func() { <-gate })
		pass(time.Second)
		st = s.Stats()
		require.EqualValues(t, 6, sum(st).Stalls)
		require.Equal(t, 1, st.Timers)
		require.EqualValues(t, 1, st.Waiters)
		require.EqualValues(t, 1, st.Async)
		require.GreaterOrEqual(t, st.Spares, uint64(6))
		require.Len(t, s.Activities(), 7)
		close(gate)
		close(waiting)
	})
}
