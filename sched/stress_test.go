package sched_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/meet"
	"github.com/ractor-go/ractor/sched"
)

// Boxes send to each other at random, from inside and from outside, while some
// callbacks wait in Block, get stuck, panic or end their goroutine. Every round
// a known number of messages is handled: one lost wakeup and it never ends. That
// at most one worker runs a box, and each message is handled once, the boxes
// check themselves.
func TestStress(t *testing.T) {
	configs := []struct {
		name string
		cfg  sched.Config
	}{
		{"default", sched.Config{}},
		{"tiny queues", sched.Config{Workers: 4, QueueSize: 2, NextLimit: 2, YieldEvery: 3}},
		{"one worker", sched.Config{Workers: 1, QueueSize: 1, SpinRounds: 1}},
		{"many spares", sched.Config{Workers: 2, QueueSize: 4, Tick: 200 * time.Microsecond, StallAfter: 200 * time.Microsecond, StallMemory: time.Millisecond, MaxSpares: 20}},
	}
	for _, c := range configs {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), *stress/time.Duration(len(configs)))
			defer cancel()
			for ctx.Err() == nil {
				stressRound(t, c.cfg)
			}
		})
	}
}

func stressRound(t *testing.T, cfg sched.Config) {
	t.Helper()
	s, err := sched.New(cfg)
	require.NoError(t, err)
	const boxes, outside, tokens, hops = 50, 4, 20, 30
	all, done := closed(1)
	var left atomic.Int64
	left.Store(outside * tokens * hops)
	bs := make([]*box, boxes)
	pick := func() *box { return bs[rand.IntN(boxes)] }
	handled := func(submit func(*sched.Task)) {
		n := left.Add(-1)
		if n == 0 {
			done()
		}
		if n >= outside*tokens { // as many messages stay under way as there are tokens
			pick().send(submit)
		}
	}
	handle := func(c *sched.Carrier, _ *box) {
		switch rand.IntN(400) {
		case 0, 1, 2, 3:
			if err := sched.Block(runtime.Gosched); err != nil {
				panic(err)
			}
		case 4: // stuck for as long as somebody else takes to run
			ran := make(chan struct{})
			s.Submit(&once(func(*sched.Carrier) { close(ran) }).Task)
			<-ran
		case 5:
			panic("told to")
		case 6:
			runtime.Goexit()
		case 7: // from a goroutine of its own
			sent := make(chan struct{})
			go func() { handled(s.Submit); close(sent) }()
			_ = sched.Block(func() { <-sent })
			return
		}
		if rand.IntN(2) == 0 {
			handled(c.Submit)
		} else {
			handled(s.Submit)
		}
	}
	for i := range bs {
		bs[i] = newBox(handle)
		bs[i].crash = func(any) { handled(s.Submit) }
	}
	for range outside / 2 {
		go func() {
			for range tokens {
				pick().send(s.Submit)
			}
		}()
		go guest(s, tokens, func() { pick().send(s.Submit) })
	}
	await(t, all)
	await(t, s.Close())
	sum := 0
	for _, b := range bs {
		require.Zero(t, b.sent.Load())
		sum += b.handled
	}
	require.Equal(t, outside*tokens*hops, sum)
}

// guest does something so many times, as a guest where it can.
func guest(s *sched.Scheduler, times int, do func()) {
	g := s.NewGuest(func() { go guest(s, times, do) })
	for times > 0 {
		times--
		entered := g.Enter()
		do()
		if entered && g.Leave() {
			return
		}
	}
}

// One message at a time, from outside and after every worker has gone to sleep
// or is just about to: each must wake somebody.
func TestStressWake(t *testing.T) {
	for _, workers := range []int{1, 2, 4} {
		s := start(t, sched.Config{Workers: workers})
		ctx, cancel := context.WithTimeout(t.Context(), *stress/3)
		ran := make(chan struct{}, 8)
		j := make([]*job, cap(ran))
		for i := range j {
			j[i] = once(func(*sched.Carrier) { ran <- struct{}{} })
		}
		for ctx.Err() == nil {
			n := 1 + rand.IntN(len(j))
			for _, one := range j[:n] {
				if rand.IntN(2) == 0 {
					s.Submit(&one.Task)
				} else {
					go s.Submit(&one.Task)
				}
				for range rand.IntN(3) {
					runtime.Gosched()
				}
			}
			for range n {
				await(t, ran)
			}
		}
		cancel()
	}
}

// A task that comes just when the only worker parks is run all the same. Nobody
// looks after stuck workers here.
func TestSubmitMeetsPark(t *testing.T) {
	s := start(t, sched.Config{Workers: 1, StallAfter: time.Hour})
	var ran atomic.Int64
	task := once(func(*sched.Carrier) { ran.Add(1) })
	for round := range int64(30_000 / meet.Share) {
		late := time.Now().Add(patience)
		for range round * 37 % 4096 { // it parks some hundred ns after its last task
			ran.Load()
		}
		s.Submit(&task.Task)
		for spins := 0; ran.Load() <= round; spins++ {
			if spins%1024 == 1023 {
				runtime.Gosched()
				require.False(t, time.Now().After(late), "the task does not run")
			}
		}
	}
}

// Two tasks that come while the workers are about to park, and that need each
// other: each ends when the other has begun. Nobody looks after stuck workers
// here, so one that is not woken, or is woken for one of them only, is missed.
func TestSubmitsMeetPark(t *testing.T) {
	s := start(t, sched.Config{Workers: 2, StallAfter: time.Hour})
	var late, begun, ended atomic.Int64
	isLate := func() bool { return time.Now().UnixNano() > late.Load() }
	needs := func() *job {
		return once(func(*sched.Carrier) {
			begun.Add(1)
			for spins := 1; begun.Load()%2 != 0; spins++ {
				if runtime.Gosched(); spins%1024 == 0 && isLate() {
					t.Error("the other task does not run")
					begun.Add(1)
				}
			}
			ended.Add(1)
		})
	}
	one, other := needs(), needs()
	rounds := int64(0)
	wait := func(loads int64) { // a worker parks some hundred ns after its last task
		for range loads {
			ended.Load()
		}
	}
	meet.Often(20_000/meet.Share,
		func() {
			late.Store(time.Now().Add(patience).UnixNano())
			wait(rounds * 37 % 4096)
		},
		func() { s.Submit(&one.Task) },
		func() { wait(rounds * 61 % 2048); s.Submit(&other.Task) },
		func() {
			rounds++
			for ended.Load() < 2*rounds {
				runtime.Gosched()
				require.False(t, t.Failed() || isLate(), "a task does not run")
			}
		})
}
