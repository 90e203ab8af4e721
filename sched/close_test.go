package sched_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
	"github.com/ractor-go/ractor/sched"
)

// What was submitted before Close runs, whoever is about to park meanwhile.
func TestCloseRunsWhatIsQueued(t *testing.T) {
	const rounds, submitters, each = 300, 3, 5
	for range rounds {
		s, err := sched.New(sched.Config{Workers: 2})
		require.NoError(t, err)
		var ran atomic.Int64
		var wg sync.WaitGroup
		for range submitters {
			wg.Go(func() {
				for range each {
					s.Submit(&once(func(*sched.Carrier) { ran.Add(1) }).Task)
				}
			})
		}
		wg.Wait()
		await(t, s.Close())
		require.EqualValues(t, submitters*each, ran.Load())
	}
}

// Close waits for turns that run, stuck ones and those in Block.
func TestCloseWaitsForTurns(t *testing.T) {
	for name, wait := range map[string]func(gate chan struct{}){
		"stuck": func(gate chan struct{}) { <-gate },
		"Block": func(gate chan struct{}) { _ = sched.Block(func() { <-gate }) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sched.New(sched.Config{Workers: 1})
			require.NoError(t, err)
			gate, in := make(chan struct{}), make(chan struct{})
			var ran atomic.Bool
			s.Submit(&once(func(*sched.Carrier) { close(in); wait(gate); ran.Store(true) }).Task)
			await(t, in)
			end := s.Close()
			require.Equal(t, end, s.Close(), "again is fine")
			select {
			case <-end:
				t.Fatal("Close did not wait")
			default:
			}
			close(gate)
			await(t, end)
			require.True(t, ran.Load())
		})
	}
}

// A turn may close its own scheduler, if it does not wait.
func TestCloseFromATurn(t *testing.T) {
	s, err := sched.New(sched.Config{Workers: 1})
	require.NoError(t, err)
	got := make(chan (<-chan struct{}), 1)
	s.Submit(&once(func(c *sched.Carrier) { got <- c.Scheduler().Close() }).Task)
	await(t, await(t, got))
	s.Submit(&once(func(*sched.Carrier) { panic("never") }).Task)
	a := &alarm{s: s, rang: func(*alarm, time.Duration) { panic("never") }}
	a.arm(0)
}

// With timers armed and functions queued, and no time that passes: in a bubble
// time stands still once its main function has returned, and all must end.
func TestCloseInABubble(t *testing.T) {
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			s, err := sched.New(sched.Config{Workers: 2, MaxAsync: 1})
			require.NoError(t, err)
			for range 100 {
				a := &alarm{s: s, rang: func(*alarm, time.Duration) {}}
				a.arm(time.Hour)
				s.Submit(&once(func(*sched.Carrier) { _ = sched.Block(func() {}) }).Task)
				require.NoError(t, s.Async(func() {}))
			}
			s.Close()
		})
	}
}

// Asleep, awake or just made: every scheduler ends whole.
func TestNewAndCloseLeakNothing(t *testing.T) {
	for i := range 50 {
		s, err := sched.New(sched.Config{Workers: 1 + i%4})
		require.NoError(t, err)
		if i%3 == 0 {
			all, done := closed(50)
			for range 50 {
				s.Submit(&once(func(*sched.Carrier) { _ = sched.Block(done) }).Task)
			}
			await(t, all)
		}
		if i%10 == 0 {
			until(t, s.Asleep)
		}
		await(t, s.Close())
	}
	require.NoError(t, goleak.Find(leaks.Ants()...))
}
