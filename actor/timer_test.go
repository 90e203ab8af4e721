package actor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// virtual runs f in a bubble with a System of its own, whose time is virtual.
func virtual(t *testing.T, f func(t *testing.T, ctx context.Context, sys *actor.System)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, sys := newSystem(t, actor.Config{})
		f(t, ctx, sys)
	})
}

// after lets virtual time pass, and everything happen that happens then.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// clockwork notes when which message is handled, and how many ticks it has
// missed. A message of hold blocks the actor until it is sent something.
type clockwork struct {
	begin time.Time
	hold  chan struct{}
	seen  []tock
}

type tock struct {
	at     time.Duration
	m      int
	missed int
}

const hold = -1

func (c *clockwork) Handle(ctx *actor.Context[int], m int) error {
	if m == hold {
		<-c.hold
		return nil
	}
	c.seen = append(c.seen, tock{time.Since(c.begin), m, ctx.Missed()})
	return nil
}

func newClockwork(t *testing.T, ctx context.Context, opts ...actor.Option) (*clockwork, actor.Ref[int]) {
	t.Helper()
	c := &clockwork{begin: time.Now(), hold: make(chan struct{})}
	return c, spawn(t, ctx, c, opts...)
}

const ms = time.Millisecond

func TestT1_Interval(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		c, r := newClockwork(t, ctx)
		timer := r.CastEvery(10*ms, 7)
		require.NoError(t, timer.Err())
		after(45 * ms)
		require.Equal(t, []tock{{10 * ms, 7, 0}, {20 * ms, 7, 0}, {30 * ms, 7, 0}, {40 * ms, 7, 0}}, c.seen,
			"the first after a period, and no drift")
		require.True(t, timer.Cancel())
		require.False(t, timer.Cancel())
		after(time.Hour)
		require.Len(t, c.seen, 4)
		require.Zero(t, sys.Stats().Sched.Timers)
		require.Zero(t, actor.Timers(r.Any()))
	})
}

// A period that is no whole number of the clock's ticks does not drift either,
// and no tick is early.
func TestT1_NoDrift(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		c, r := newClockwork(t, ctx)
		const period = 1700 * time.Microsecond
		r.CastEvery(period, 1)
		after(1000 * period)
		require.Len(t, c.seen, 1000)
		for i, s := range c.seen {
			due := time.Duration(i+1) * period
			require.GreaterOrEqual(t, s.at, due)
			require.Less(t, s.at, due+ms)
		}
	})
}

func TestT1_PeriodMustBePositive(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		_, r := newClockwork(t, ctx)
		for _, d := range []time.Duration{0, -1, -time.Hour} {
			timer := r.CastEvery(d, 1)
			require.ErrorIs(t, timer.Err(), actor.ErrPeriod)
			require.ErrorContains(t, timer.Err(), d.String())
			require.False(t, timer.Cancel())
		}
		require.Zero(t, sys.Stats().Sched.Timers)
		require.Zero(t, actor.Timers(r.Any()))
	})
}

// Ticks coalesce: one is queued at most, and it says how many it stands for.
func TestT1_TicksCoalesce(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		c, r := newClockwork(t, ctx)
		require.NoError(t, r.Cast(ctx, hold))
		r.CastEvery(10*ms, 1)
		other := r.CastEvery(25*ms, 2)
		after(54 * ms)
		for info := range sys.Actors() {
			require.Equal(t, 2, info.Queue)
		}
		c.hold <- struct{}{}
		synctest.Wait()
		require.Equal(t, []tock{{54 * ms, 1, 4}, {54 * ms, 2, 1}}, c.seen)
		require.True(t, other.Cancel())
		after(11 * ms)
		require.Equal(t, tock{60 * ms, 1, 0}, c.seen[2], "on time again")
	})
}

func TestT1_Burst(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		c, r := newClockwork(t, ctx)
		require.NoError(t, r.Cast(ctx, hold))
		timer := r.CastEvery(10*ms, 1, actor.Burst)
		after(54 * ms)
		c.hold <- struct{}{}
		synctest.Wait()
		require.Equal(t, []tock{{54 * ms, 1, 0}, {54 * ms, 1, 0}, {54 * ms, 1, 0}, {54 * ms, 1, 0}, {54 * ms, 1, 0}}, c.seen)
		require.NoError(t, r.Cast(ctx, hold))
		after(30 * ms)
		require.True(t, timer.Cancel())
		c.hold <- struct{}{}
		after(time.Second)
		require.Len(t, c.seen, 5, "what was queued is withdrawn")
	})
}

// A clock that comes too late for some ticks, here because a conversion runs on
// it: they are counted, and the timer goes on.
func TestT1_LateClock(t *testing.T) {
	for _, opts := range [][]actor.TimerOption{nil, {actor.Burst}} {
		virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
			c, r := newClockwork(t, ctx)
			slow := 1
			adapted := actor.Adapt(r, func(m int) int {
				if slow > 0 {
					slow--
					<-time.After(35 * ms)
				}
				return m
			})
			timer := adapted.CastEvery(10*ms, 1, opts...)
			after(205 * ms)
			require.True(t, timer.Cancel())
			ticks := 0
			for _, s := range c.seen {
				ticks += 1 + s.missed
			}
			require.Equal(t, 20, ticks)
			require.Equal(t, 200*ms, c.seen[len(c.seen)-1].at)
		})
	}
}

// The same when the late tick's message is refused: the ticks that it stood for
// are gone, and the next ones come.
func TestT1_LateClockAndFullMailbox(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		c, r := newClockwork(t, ctx, actor.Bounded(1, actor.Refuse))
		require.NoError(t, r.Cast(ctx, hold))
		synctest.Wait()
		require.NoError(t, r.Cast(ctx, 0))
		slow := 3
		actor.Adapt(r, func(m int) int {
			if slow > 0 {
				slow--
				<-time.After(35 * ms)
			}
			return m
		}).CastEvery(10*ms, 1)
		after(150 * ms)
		c.hold <- struct{}{}
		after(55 * ms)
		require.Equal(t, tock{200 * ms, 1, 0}, c.seen[len(c.seen)-1])
	})
}

// An interval ends when its actor drains, or ends.
func TestT1_EndsWithTheActor(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		for _, end := range []func(actor.AnyRef){actor.AnyRef.Stop, actor.AnyRef.Kill, actor.AnyRef.Drain} {
			_, r := newClockwork(t, ctx)
			timers := []actor.Timer{r.CastEvery(10*ms, 1), r.CastAfter(time.Hour, 1), r.KillAfter(time.Hour)}
			after(15 * ms)
			require.Equal(t, 3, actor.Timers(r.Any()))
			end(r.Any())
			synctest.Wait()
			for _, x := range timers {
				require.NoError(t, x.Err())
				require.False(t, x.Cancel(), "it has ended with the actor")
			}
			require.Zero(t, actor.Timers(r.Any()))
			require.Zero(t, sys.Stats().Sched.Timers)
			require.ErrorIs(t, r.CastEvery(10*ms, 1).Err(), actor.ErrStopped)
			require.ErrorIs(t, r.CastAfter(10*ms, 1).Err(), actor.ErrStopped)
			require.ErrorIs(t, r.StopAfter(10*ms).Err(), actor.ErrStopped)
			require.False(t, r.CastAfter(10*ms, 1).Cancel())
		}
		c, r := newClockwork(t, ctx)
		require.NoError(t, r.Cast(ctx, hold))
		timer := r.CastEvery(10*ms, 1)
		after(15 * ms)
		r.Drain() // with a tick queued: that one is handled
		after(100 * ms)
		require.False(t, timer.Cancel())
		c.hold <- struct{}{}
		synctest.Wait()
		require.NoError(t, r.Wait(ctx))
		require.Equal(t, []tock{{115 * ms, 1, 0}}, c.seen)
		require.Empty(t, sys.Stats().DeadLetters)
	})
}

func TestT2_CastAfter(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		c, r := newClockwork(t, ctx)
		for i, d := range []time.Duration{30 * ms, 10 * ms, 20 * ms, 0, -time.Hour, 1<<63 - 1} {
			require.NoError(t, r.CastAfter(d, i).Err())
		}
		after(time.Second)
		require.Equal(t, []tock{{0, 3, 0}, {0, 4, 0}, {10 * ms, 1, 0}, {20 * ms, 2, 0}, {30 * ms, 0, 0}}, c.seen)
		require.Equal(t, 1, sys.Stats().Sched.Timers, "in 292 years")
		require.Equal(t, 1, actor.Timers(r.Any()))
	})
}

func TestT3_StopAfter_T4_KillAfter(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		parent, events := newPuppet(t, ctx)
		_, stop := newClockwork(t, ctx, actor.LinkedTo(parent.Any()))
		_, kill := newClockwork(t, ctx, actor.LinkedTo(parent.Any()))
		_, stay := newClockwork(t, ctx, actor.LinkedTo(parent.Any()))
		for range 3 {
			recv(t, events)
		}
		stop.StopAfter(10 * ms)
		kill.KillAfter(20 * ms)
		one, two := stay.StopAfter(10*ms), stay.KillAfter(10*ms)
		require.True(t, one.Cancel())
		require.True(t, two.Cancel())
		after(9 * ms)
		require.Equal(t, actor.Running, stop.Status())
		after(ms)
		ev := recv(t, events)
		require.Equal(t, stop.Any(), ev.Actor)
		require.NoError(t, ev.Err)
		require.NoError(t, stop.Wait(ctx))
		after(10 * ms)
		require.Equal(t, actor.ErrKilled, recv(t, events).Err)
		require.ErrorIs(t, kill.Wait(ctx), actor.ErrKilled)
		after(time.Hour)
		require.Equal(t, actor.Running, stay.Status())
	})
}

// Cancel in the owner's handler: no message is handled afterwards, though it is
// queued already; true if that made the difference.
func TestT5_CancelWithdrawsWhatIsQueued(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		c, r := newClockwork(t, ctx)
		require.NoError(t, r.Cast(ctx, hold))
		once, every, burst := r.CastAfter(10*ms, 1), r.CastEvery(10*ms, 2), r.CastEvery(10*ms, 3, actor.Burst)
		after(35 * ms)
		require.True(t, once.Cancel())
		require.True(t, every.Cancel())
		require.True(t, burst.Cancel())
		again := r.CastAfter(5*ms, 4) // re-armed
		after(10 * ms)
		c.hold <- struct{}{}
		synctest.Wait()
		require.Equal(t, []tock{{45 * ms, 4, 0}}, c.seen)
		require.False(t, once.Cancel())
		require.False(t, every.Cancel())
		require.False(t, again.Cancel(), "it was handled")
		require.Zero(t, actor.Timers(r.Any()))
		require.Equal(t, map[string]uint64{"cancelled timer": 5}, sys.Stats().DeadLetters)
	})
}

// Dropping the handle does not cancel: T2 drops them. Here: a timer that is
// cancelled in its own message is too late, an interval is not.
func TestT5_CancelInItsOwnMessage(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		var once, every actor.Timer
		var got []bool
		r := spawn(t, ctx, fn(func(ctx *actor.Context[int], m int) error {
			switch m {
			case 0:
				once, every = ctx.After(ms, 1), ctx.Every(ms, 2)
			case 1:
				got = append(got, once.Cancel())
			case 2:
				got = append(got, every.Cancel())
			}
			return nil
		}))
		require.NoError(t, r.Cast(ctx, 0))
		after(time.Second)
		require.Equal(t, []bool{false, true}, got)
	})
}

// Cancel at the very moment: true, and nothing happens; false, and it does.
func TestT5_CancelAgainstExpiry(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		r := rand.New(rand.NewPCG(1, 1))
		prevented := 0
		for range smaller(4000) {
			var handled atomic.Int64
			a := spawn(t, ctx, fn(func(*actor.Context[int], int) error { handled.Add(1); return nil }))
			b, c := spawn(t, ctx, idle()), spawn(t, ctx, idle())
			d := spawn(t, ctx, idle())
			timers := []actor.Timer{a.CastAfter(ms, 1), b.StopAfter(ms), c.KillAfter(ms), d.CastEvery(ms, 1)}
			yes := make([]bool, len(timers))
			var wg sync.WaitGroup
			for i, x := range timers {
				spin := r.IntN(2000)
				wg.Go(func() {
					<-time.After(ms)
					for range spin {
						yes[i] = yes[i] != (i > 4)
					}
					yes[i] = x.Cancel()
				})
			}
			wg.Wait()
			synctest.Wait()
			require.Equal(t, yes[0], handled.Load() == 0)
			require.Equal(t, yes[1], b.Status() == actor.Running)
			require.Equal(t, yes[2], c.Status() == actor.Running)
			require.True(t, yes[3], "an interval goes on")
			require.Zero(t, sys.Stats().Sched.Timers, "and is not armed again")
			for i, x := range []actor.Ref[int]{a, b, c, d} {
				if yes[i] {
					prevented++
				}
				require.Zero(t, actor.Timers(x.Any()))
				x.Kill()
			}
			synctest.Wait()
		}
		require.Zero(t, sys.Stats().Sched.Timers)
		t.Log(prevented, "prevented")
	})
}

// Timers armed while their owner ends: none is left, and none fires later.
func TestT5_ArmAgainstTheEnd(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	for range smaller(4000) {
		r := spawn(t, ctx, idle())
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := range 5 {
					x := r.CastAfter(time.Hour, 1)
					y := r.CastEvery(time.Hour, 1)
					if i == 2 {
						x.Cancel()
						y.Cancel()
					}
					if y.Err() != nil && y.Cancel() {
						t.Error("cancelled what was not armed")
					}
				}
			})
		}
		wg.Go(r.Kill)
		wg.Wait()
		_ = waitEnd(t, r)
		require.Zero(t, actor.Timers(r.Any()))
	}
	require.Zero(t, sys.Stats().Sched.Timers)
}

// T6: a timer's message comes after those that were queued before it.
func TestT6_TimerMessagesAreOrdinary(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		c, r := newClockwork(t, ctx)
		require.NoError(t, r.Cast(ctx, hold))
		require.NoError(t, r.Cast(ctx, 1))
		r.CastAfter(ms, 2)
		after(2 * ms)
		require.NoError(t, r.Cast(ctx, 3))
		c.hold <- struct{}{}
		synctest.Wait()
		require.Equal(t, []tock{{2 * ms, 1, 0}, {2 * ms, 2, 0}, {2 * ms, 3, 0}}, c.seen)
	})
}

// T7: timers on every kind of Ref.
func TestT7_TimersOnAllRefs(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		by := actor.ByName[int](ctx, "clock")
		early := by.CastAfter(10*ms, 1) // nobody has the name yet: it is looked up when due
		lost := by.CastAfter(2*ms, 9)
		require.NoError(t, early.Err())
		after(5 * ms)
		require.False(t, lost.Cancel())
		require.Equal(t, map[string]uint64{"other": 1}, sys.Stats().DeadLetters)
		c, r := newClockwork(t, ctx, actor.Named("clock"))
		adapted := actor.Adapt(by, func(s string) int { return len(s) })
		adapted.CastAfter(20*ms, "xx")
		by.CastAfter(30*ms, 3)
		adapted.CastEvery(40*ms, "xxxx")
		require.Equal(t, 4, actor.Timers(r.Any()), "three of them belong to who has the name")
		after(101 * ms)
		require.Equal(t, []tock{{5 * ms, 1, 0}, {20 * ms, 2, 0}, {30 * ms, 3, 0}, {40 * ms, 4, 0}, {80 * ms, 4, 0}}, c.seen)
		actor.AnyRef.StopAfter(adapted.Any(), ms)
		after(2 * ms)
		require.Equal(t, actor.Stopped, r.Status())
		require.Zero(t, sys.Stats().Sched.Timers, "and end with it")
	})
}

// A conversion that panics does so on the clock's goroutine: its message is a
// dead letter, and the clock goes on.
func TestTimerWhoseConversionPanics(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
		c, r := newClockwork(t, ctx)
		letters, _ := deadLetters(t, ctx, sys)
		bad := actor.Adapt(r, func(m int) int {
			if m == 1 {
				panic(errTest)
			}
			return m
		})
		bad.CastAfter(ms, 1)
		every := bad.CastEvery(10*ms, 1)
		bad.CastAfter(20*ms, 2)
		after(35 * ms)
		require.Equal(t, []tock{{20 * ms, 2, 0}}, c.seen)
		require.True(t, every.Cancel())
		for range 4 {
			l := recv(t, letters)
			require.Equal(t, r.Any(), l.To)
			require.Equal(t, 1, l.Message)
			require.ErrorIs(t, l.Reason, errTest)
		}
		require.Equal(t, map[string]uint64{"other": 4}, sys.Stats().DeadLetters)
		require.Zero(t, actor.Timers(r.Any()))
	})
}

// A full mailbox refuses a timer's message, whatever its rule: a dead letter,
// and no waiting on the clock's goroutine.
func TestTimerIntoAFullMailbox(t *testing.T) {
	for _, rule := range []actor.Overflow{actor.Refuse, actor.DropNewest, actor.DropOldest, actor.WaitForRoom} {
		t.Run(rule.String(), func(t *testing.T) {
			virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
				c, r := newClockwork(t, ctx, actor.Bounded(1, rule))
				letters, _ := deadLetters(t, ctx, sys)
				other, o := newClockwork(t, ctx)
				require.NoError(t, r.Cast(ctx, hold))
				synctest.Wait()
				require.NoError(t, r.Cast(ctx, 1))
				once, every := r.CastAfter(10*ms, 2), r.CastEvery(20*ms, 3)
				o.CastAfter(15*ms, 4)
				after(15 * ms)
				require.Len(t, other.seen, 1, "the clock goes on")
				lost := recv(t, letters)
				require.ErrorIs(t, lost.Reason, actor.ErrMailboxFull)
				if rule == actor.DropOldest {
					require.Equal(t, 1, lost.Message)
					require.True(t, once.Cancel(), "it took the other's place")
				} else {
					require.Equal(t, 2, lost.Message)
					require.False(t, once.Cancel())
				}
				after(46 * ms) // three ticks
				c.hold <- struct{}{}
				after(20 * ms)
				last := c.seen[len(c.seen)-1]
				require.Equal(t, tock{80 * ms, 3, 0}, last, "the interval goes on: %v", c.seen)
				require.True(t, every.Cancel())
				require.Zero(t, actor.Timers(r.Any()))
			})
		})
	}
}

// Random timers on random actors, cancelled at random, while some actors end:
// each message is handled exactly once, was prevented, or is dead, and nothing
// is left armed.
func TestTimerModel(t *testing.T) {
	for seed := range uint64(20) {
		virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
			r := rand.New(rand.NewPCG(seed, 5))
			const actors, n = 10, 400
			handled := make([]int, n)
			at := make([]time.Duration, n)
			begin := time.Now()
			var refs []actor.Ref[int]
			for range actors {
				refs = append(refs, spawn(t, ctx, fn(func(_ *actor.Context[int], m int) error {
					handled[m]++
					at[m] = time.Since(begin)
					return nil
				})))
			}
			timers := make([]actor.Timer, n)
			due, owner := make([]time.Duration, n), make([]int, n)
			cancelled, ended := make([]bool, n), map[int]time.Duration{}
			for i := range n {
				owner[i] = r.IntN(actors)
				d := time.Duration(r.IntN(1000)) * 100 * time.Microsecond
				due[i] = time.Since(begin) + d
				timers[i] = refs[owner[i]].CastAfter(d, i)
				if _, gone := ended[owner[i]]; gone {
					require.ErrorIs(t, timers[i].Err(), actor.ErrStopped)
				} else {
					require.NoError(t, timers[i].Err())
				}
				if x := r.IntN(i + 1); r.IntN(3) == 0 {
					yes := timers[x].Cancel()
					if yes {
						require.Zero(t, handled[x])
						cancelled[x] = true
					}
				}
				if x := r.IntN(actors); r.IntN(n/3) == 0 {
					refs[x].Kill()
					synctest.Wait()
					if _, gone := ended[x]; !gone {
						ended[x] = time.Since(begin)
					}
				}
				after(time.Duration(r.IntN(10)) * 100 * time.Microsecond)
			}
			after(time.Second)
			for i := range n {
				end, gone := ended[owner[i]]
				switch {
				case cancelled[i] || timers[i].Err() != nil:
					require.Zero(t, handled[i])
				case gone && end < due[i]:
					require.Zero(t, handled[i])
				case gone && end <= due[i]+ms: // within a tick: either
					require.LessOrEqual(t, handled[i], 1)
				default:
					require.Equal(t, 1, handled[i], fmt.Sprint(i))
					require.GreaterOrEqual(t, at[i], due[i], "early")
					require.LessOrEqual(t, at[i], due[i]+ms)
				}
			}
			require.Zero(t, sys.Stats().Sched.Timers)
			for _, x := range refs {
				require.Zero(t, actor.Timers(x.Any()))
			}
		})
	}
}
