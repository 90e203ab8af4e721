package sched_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// alone has one worker, which nobody finds stuck: what a guest submits while it has that
// worker, nobody else runs.
func alone() sched.Config { return sched.Config{Workers: 1, StallAfter: time.Hour} }

// enter waits until the guest has a worker.
func enter(t *testing.T, g *sched.Guest) {
	t.Helper()
	if !gid.Fast {
		t.Skip("gid.Fast is false on " + runtime.GOARCH + ": Guest.Enter always says no there")
	}
	until(t, g.Enter)
}

// visit is a guest's goroutine: it enters, brings one, and leaves.
type visit struct {
	relieved chan struct{} // closed by relieve
	left     chan bool     // what Leave has returned; closed when the goroutine ends
}

func visits(t *testing.T, s *sched.Scheduler, one *job) visit {
	t.Helper()
	v := visit{make(chan struct{}), make(chan bool, 1)}
	go func() {
		defer close(v.left)
		g := s.NewGuest(func() { close(v.relieved) })
		enter(t, g)
		s.Submit(&one.Task)
		v.left <- g.Leave()
	}()
	return v
}

// runs is that the scheduler still does what it is told.
func runs(t *testing.T, s *sched.Scheduler) {
	t.Helper()
	for range 3 {
		ran := make(chan struct{})
		s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
		await(t, ran)
	}
}

func TestGuestRunsWhatItBrings(t *testing.T) {
	s := start(t, alone())
	g := s.NewGuest(func() { panic("relieved for nothing") })
	me := gid.Number()
	for range 10 {
		enter(t, g)
		require.Same(t, s, sched.Here().Scheduler())
		require.Nil(t, sched.Here().Task())
		var ran []uint64
		second := once(func(c *sched.Carrier) { ran = append(ran, c.Goroutine()) })
		first := once(func(c *sched.Carrier) {
			ran = append(ran, c.Goroutine())
			c.Submit(&second.Task)
		})
		s.Submit(&first.Task)
		require.Empty(t, ran)
		require.False(t, g.Leave())
		require.Equal(t, []uint64{me, me}, ran)
		require.Nil(t, sched.Inside())
		runs(t, s)
	}
}

// There is no worker for a guest while all are in turns.
func TestGuestIsSentAway(t *testing.T) {
	s := start(t, alone())
	g := s.NewGuest(func() { panic("relieved for nothing") })
	in, gate := make(chan struct{}), make(chan struct{})
	s.Submit(&once(func(*sched.Carrier) { close(in); <-gate }).Task)
	await(t, in)
	require.False(t, g.Enter())
	require.Nil(t, sched.Inside())
	close(gate)
	runs(t, s)
}

// A guest is not kept: what is left after some turns a worker runs.
func TestGuestIsNotKept(t *testing.T) {
	for name, again := range map[string]bool{"by a task": true, "by two tasks": false} {
		t.Run(name, func(t *testing.T) {
			s := start(t, alone())
			turns, by := 0, map[uint64]bool{}
			over := make(chan struct{})
			pair := [2]*job{}
			for i := range pair {
				pair[i] = newJob(func(c *sched.Carrier) bool {
					by[c.Goroutine()] = true
					if turns++; turns == 1000 {
						close(over)
						return false
					}
					if !again {
						c.Submit(&pair[1-i].Task)
					}
					return again
				})
			}
			v := visits(t, s, pair[0])
			require.False(t, await(t, v.left))
			await(t, over)
			require.Len(t, by, 2)
			runs(t, s)
		})
	}
}

// In a turn that waits the guest is relieved, and its worker goes on with the rest.
func TestGuestBlocks(t *testing.T) {
	s := start(t, alone())
	gate := make(chan struct{})
	opens := once(func(*sched.Carrier) { close(gate) })
	inside := make(chan bool, 1)
	v := visits(t, s, once(func(c *sched.Carrier) {
		c.Submit(&opens.Task)
		if err := sched.Block(func() { <-gate }); err != nil {
			panic(err)
		}
		inside <- sched.Inside() == c
	}))
	await(t, v.relieved)
	require.True(t, await(t, inside), "it is still in its turn")
	require.True(t, await(t, v.left))
	runs(t, s)
}

// Outside of its turns a guest may wait, too: it keeps its worker.
func TestGuestWaitsOutsideOfTurns(t *testing.T) {
	s := start(t, alone())
	g := s.NewGuest(func() { panic("relieved for nothing") })
	enter(t, g)
	require.NoError(t, sched.Block(runtime.Gosched))
	ran := false
	s.Submit(&once(func(*sched.Carrier) { ran = true }).Task)
	require.False(t, g.Leave())
	require.True(t, ran)
	runs(t, s)
}

// A turn that is stuck without a word is found by the monitor.
func TestGuestIsStuck(t *testing.T) {
	s := start(t, sched.Config{Workers: 1})
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	t.Cleanup(open)
	v := visits(t, s, once(func(*sched.Carrier) { <-gate }))
	// Or its stay outside of turns was found too long, under load: then a spare has taken
	// the task, and the guest leaves.
	wasRelieved := false
	until(t, func() bool {
		select {
		case <-v.relieved:
			wasRelieved = true
		default:
		}
		return wasRelieved || len(v.left) > 0
	})
	runs(t, s)
	open()
	require.Equal(t, wasRelieved, await(t, v.left))
}

// A panic is the turn's, not the guest's.
func TestGuestPanics(t *testing.T) {
	s := start(t, alone())
	g := s.NewGuest(func() { panic("relieved for nothing") })
	enter(t, g)
	var crashes []any
	bad := newJob(func(*sched.Carrier) bool { panic(len(crashes)) })
	bad.crashed = func(_ *sched.Carrier, value any, _ []byte) bool {
		crashes = append(crashes, value)
		return len(crashes) < 3
	}
	s.Submit(&bad.Task)
	require.False(t, g.Leave())
	require.Equal(t, []any{0, 1, 2}, crashes)
	runs(t, s)
}

// A turn may end the guest's goroutine. Another one has its place then.
func TestGuestEnds(t *testing.T) {
	s := start(t, alone())
	ends := newJob(func(*sched.Carrier) bool { runtime.Goexit(); return false })
	var crash any
	ends.crashed = func(_ *sched.Carrier, value any, _ []byte) bool { crash = value; return false }
	v := visits(t, s, ends)
	await(t, v.relieved)
	_, returned := <-v.left
	require.False(t, returned)
	require.Equal(t, sched.ErrGoexit, crash)
	runs(t, s)
}

// A guest that is written off in a turn is relieved, and Close does not wait for it.
func TestGuestIsFenced(t *testing.T) {
	for _, blocks := range []bool{false, true} {
		s := start(t, alone())
		before := sched.Fences()
		in, gate := make(chan *sched.Carrier), make(chan struct{})
		j := once(func(c *sched.Carrier) {
			if !blocks {
				in <- c
				<-gate
			} else if err := sched.Block(func() { in <- c; <-gate }); err != nil {
				panic(err)
			}
		})
		v := visits(t, s, j)
		require.True(t, await(t, in).Fence(&j.Task))
		require.Equal(t, before+1, sched.Fences())
		if blocks { // the worker has not gone with it
			runs(t, s)
			await(t, s.Close())
		}
		close(gate)
		await(t, v.relieved)
		require.True(t, await(t, v.left))
		require.Equal(t, before, sched.Fences())
		if !blocks {
			runs(t, s)
		}
	}
}

// Close waits for a guest that has entered, and what it has brought is run.
func TestGuestAndClose(t *testing.T) {
	s, err := sched.New(alone())
	require.NoError(t, err)
	g := s.NewGuest(func() { panic("relieved for nothing") })
	enter(t, g)
	ran := false
	s.Submit(&once(func(*sched.Carrier) { ran = true }).Task)
	closed := s.Close()
	select {
	case <-closed:
		require.Fail(t, "it is not there any more")
	default:
	}
	require.False(t, g.Leave())
	require.True(t, ran)
	await(t, closed)
	require.False(t, g.Enter())
}

// What a guest's stay costs.
func BenchmarkGuest(b *testing.B) {
	if !gid.Fast {
		b.Skip("gid.Fast is false on " + runtime.GOARCH + ": Guest.Enter always says no there")
	}
	s := start(b, sched.Config{})
	g := s.NewGuest(func() {})
	j := once(func(*sched.Carrier) {})
	b.ReportAllocs()
	for b.Loop() {
		for !g.Enter() {
			runtime.Gosched() // its carrier is about to sleep
		}
		s.Submit(&j.Task)
		g.Leave()
	}
}
