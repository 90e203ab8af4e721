package sched_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// alarm notes when it expires.
type alarm struct {
	sched.Timer

	s    *sched.Scheduler
	at   time.Duration
	rang func(a *alarm, now time.Duration)
}

func (a *alarm) Expire() { a.rang(a, a.s.Now()) }

func (a *alarm) arm(at time.Duration) {
	a.at = at
	a.s.Arm(&a.Timer, at, a)
}

// A hundred thousand timers over hours: each once, at the first tick that is not
// before its time, those of one tick in the order in which they were armed.
func TestTimersInVirtualTime(t *testing.T) {
	for name, tick := range map[string]time.Duration{"1ms": time.Millisecond, "1ns": 1, "odd": 7 * time.Microsecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 100_000
				if name != "1ms" {
					n = 1000
				}
				s := start(t, sched.Config{Workers: 1, TimerTick: tick})
				all, done := closed(n)
				var order []*alarm
				alarms := make([]alarm, n)
				rnd := rand.New(rand.NewPCG(1, 2))
				rang := func(a *alarm, now time.Duration) {
					due := (a.at + tick - 1).Truncate(tick)
					if now != due {
						t.Errorf("armed for %v, rang at %v, due at %v", a.at, now, due)
					}
					order = append(order, a)
					done()
				}
				for i := range alarms {
					a := &alarms[i]
					a.s, a.rang = s, rang
					a.arm(time.Duration(rnd.Int64N(int64(2*time.Second))) << rnd.IntN(12))
				}
				require.Equal(t, n, s.Stats().Timers)
				<-all
				number := make(map[*alarm]int, n)
				for i := range alarms {
					number[&alarms[i]] = i
				}
				require.True(t, slices.IsSortedFunc(order, func(a, b *alarm) int {
					return cmp.Or(cmp.Compare((a.at+tick-1)/tick, (b.at+tick-1)/tick), cmp.Compare(number[a], number[b]))
				}))
				require.Zero(t, s.Stats().Timers)
			})
		})
	}
}

func TestDisarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		var rang []time.Duration
		a := &alarm{s: s, rang: func(_ *alarm, now time.Duration) { rang = append(rang, now) }}
		require.False(t, s.Disarm(&a.Timer), "it was never armed")
		a.arm(time.Hour)
		require.True(t, s.Disarm(&a.Timer))
		require.False(t, s.Disarm(&a.Timer))
		pass(2 * time.Hour)
		require.Empty(t, rang)

		a.arm(3 * time.Hour)
		a.arm(4 * time.Hour) // later
		a.arm(150 * time.Minute)
		require.Equal(t, 1, s.Stats().Timers, "an armed timer is moved")
		pass(3 * time.Hour)
		require.Equal(t, []time.Duration{150 * time.Minute}, rang)
		require.False(t, s.Disarm(&a.Timer), "it has expired")
	})
}

// Deadlines that are past, negative or at the end of time.
func TestOddDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tick := range []time.Duration{1, time.Millisecond, time.Hour} {
			s := start(t, sched.Config{Workers: 1, TimerTick: tick})
			pass(3 * time.Hour)
			rang := make(chan time.Duration, 3)
			note := func(_ *alarm, now time.Duration) { rang <- now }
			never := &alarm{s: s, rang: note}
			never.arm(math.MaxInt64)
			for _, at := range []time.Duration{math.MinInt64, -1, 0, time.Second, s.Now()} {
				a := &alarm{s: s, rang: note}
				a.arm(at)
				require.Equal(t, 3*time.Hour, await(t, rang), "at once")
			}
			pass(10 * time.Hour)
			require.Empty(t, rang)
			require.True(t, s.Disarm(&never.Timer))
			require.Equal(t, math.MaxInt64-time.Hour, s.Until(math.MaxInt64, time.Hour), "no overflow")
			require.Zero(t, s.Until(0, time.Hour))
			await(t, s.Close())
		}
	})
}

// Expire may arm its own timer and others, also for times that are past; and
// even a timer that arms itself for now for ever does not hold up Close.
func TestArmFromExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		all, done := closed(1000)
		n := 0
		a := &alarm{s: s, rang: func(a *alarm, now time.Duration) {
			require.GreaterOrEqual(t, now, a.at)
			if n++; n < 1000 {
				a.arm(now + time.Duration(n%3)*time.Second)
			}
			done()
		}}
		a.arm(0)
		<-all
	})
	s, err := sched.New(sched.Config{Workers: 1})
	require.NoError(t, err)
	begun := make(chan struct{})
	var once sync.Once
	a := &alarm{s: s, rang: func(a *alarm, _ time.Duration) {
		once.Do(func() { close(begun) })
		a.arm(0)
	}}
	a.arm(0)
	await(t, begun)
	await(t, s.Close())
}

// An earlier deadline wakes the clock that sleeps until a later one; a Next that
// is too early (the timer was disarmed) costs nothing but a wake.
func TestEarlierDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		var rang []time.Duration
		note := func(_ *alarm, now time.Duration) { rang = append(rang, now) }
		var want []time.Duration
		for h := 20; h > 0; h-- {
			a := &alarm{s: s, rang: note}
			a.arm(time.Duration(h) * time.Hour)
			synctest.Wait() // the clock sleeps until then
			if h%2 == 0 {
				require.True(t, s.Disarm(&a.Timer))
			}
		}
		for h := 1; h < 20; h += 2 {
			want = append(want, time.Duration(h)*time.Hour)
		}
		pass(21 * time.Hour)
		require.Equal(t, want, rang)
	})
}

// Many goroutines arm and disarm in real time: none rings early, none is lost.
func TestTimersFromManyGoroutines(t *testing.T) {
	s := start(t, sched.Config{Workers: 2})
	const goroutines, each = 4, 2000
	all, done := closed(goroutines * each)
	var early atomic.Int64
	for g := range goroutines {
		go func() {
			rnd := rand.New(rand.NewPCG(3, uint64(g)))
			for range each {
				a := &alarm{s: s}
				a.rang = func(a *alarm, now time.Duration) {
					if now < a.at {
						early.Add(1)
					}
					done()
				}
				a.arm(s.Now() + time.Duration(rnd.IntN(3_000_000)))
				if rnd.IntN(2) == 0 && s.Disarm(&a.Timer) {
					done()
				}
			}
		}()
	}
	await(t, all)
	require.Zero(t, early.Load())
}

// An Expirer that ends its goroutine ends no clock: those that were due with it
// and those that come later expire all the same.
func TestGoexitInExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, sched.Config{Workers: 1})
		rang := make(chan int, 10)
		for i := range 5 {
			a := &alarm{s: s, rang: func(*alarm, time.Duration) {
				rang <- i
				if i == 1 {
					runtime.Goexit()
				}
			}}
			a.arm(time.Duration(1+i/3) * time.Millisecond)
		}
		for i := range 5 {
			require.Equal(t, i, <-rang)
		}
	})
}
