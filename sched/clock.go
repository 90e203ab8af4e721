package sched

import (
	"math"
	"sync"
	"time"

	"github.com/ractor-go/ractor/timerwheel"
)

// Timer is one timer on the scheduler's wheel: embed it by value. The zero
// Timer is not armed.
type Timer struct {
	node    timerwheel.Node[*Timer]
	expirer Expirer

	group        *Group // nil: none; see group.go
	older, newer *Timer
}

// Expirer is told that its timer is due.
type Expirer interface {
	// Expire runs on the clock's goroutine, after the deadline, never
	// before it. It must not block and must not panic. A timer that was
	// disarmed when it was already due may still expire; who cannot have
	// that keeps a state of its own.
	Expire()
}

// clock drives the timer wheel. Its goroutine sleeps until the next timer is
// due; with none armed it sleeps for good.
type clock struct {
	s    *Scheduler
	tick time.Duration

	mu    sync.Mutex
	wheel timerwheel.Wheel[*Timer] // guarded by mu
	wakes int64                    // guarded by mu: the tick the goroutine will wake at

	due  []Expirer // for its own goroutine: popped and not expired yet
	room [64]Expirer

	kicked chan struct{} // one slot: wakes has become earlier
	stop   chan struct{}
	done   chan struct{}
}

const never = math.MaxInt64

// Now returns the time since the scheduler was made, on the monotonic clock.
func (s *Scheduler) Now() time.Duration { return s.now() }

// Arm has e expire when the clock (Now) reaches at; an armed timer is moved.
// It takes constant time and allocates nothing. Any goroutine may call it.
func (s *Scheduler) Arm(t *Timer, at time.Duration, e Expirer) { s.clock.arm(nil, t, at, e) }

// arm puts t on the wheel and into g, if there is one.
func (k *clock) arm(g *Group, t *Timer, at time.Duration, e Expirer) bool {
	due := int64(at / k.tick)
	if at%k.tick > 0 {
		due++
	}
	k.mu.Lock()
	t.quit()
	if g != nil {
		if g.ended {
			k.mu.Unlock()
			return false
		}
		t.join(g)
	}
	if k.wheel.Len() == 0 {
		// Nothing is due on the way: bring the wheel up to date, so that
		// the timer gets a low level and few cascades.
		k.wheel.Pop(int64(k.s.now() / k.tick))
	}
	t.node.Value, t.expirer = t, e
	k.wheel.Insert(&t.node, due)
	earlier := due < k.wakes
	if earlier {
		k.wakes = due
	}
	k.mu.Unlock()
	switch {
	case k.s.driven():
		k.s.driver.Armed(at)
	case earlier:
		k.kick()
	}
	return true
}

// Disarm takes t off the wheel and says whether it was still there. Any
// goroutine may call it; it takes constant time.
func (s *Scheduler) Disarm(t *Timer) bool {
	k := &s.clock
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.remove(t)
}

// remove takes t off the wheel and out of its group; mu is held. A timer that
// is kept keeps nothing alive.
func (k *clock) remove(t *Timer) bool {
	t.quit()
	t.expirer = nil
	return k.wheel.Remove(&t.node)
}

func (k *clock) kick() {
	select {
	case k.kicked <- struct{}{}:
	default:
	}
}

func (k *clock) len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.wheel.Len()
}

// run is the clock's goroutine. If an Expirer ends it by runtime.Goexit, another
// one goes on where it was.
func (k *clock) run() {
	stopped := false
	defer func() {
		if stopped {
			close(k.done)
		} else {
			go k.run()
		}
	}()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait, armed := k.expire()
		var due <-chan time.Time
		if armed {
			timer.Reset(wait)
			due = timer.C
		}
		select {
		case <-due:
		case <-k.kicked:
		case <-k.stop:
			stopped = true
			return
		}
	}
}

// expire runs what is due and returns how long it is until the next timer. The
// mutex is held for a batch at a time, and never while Expire runs.
func (k *clock) expire() (wait time.Duration, armed bool) {
	for {
		for len(k.due) > 0 {
			e := k.due[0]
			k.due[0] = nil
			k.due = k.due[1:]
			e.Expire()
		}
		select {
		case <-k.stop: // also when timers are armed again for now, for ever
			return 0, false
		default:
		}
		k.mu.Lock()
		now := k.s.now()
		k.due = k.room[:0]
		for len(k.due) < len(k.room) {
			e := k.pop(now)
			if e == nil {
				break
			}
			k.due = append(k.due, e)
		}
		if len(k.due) == 0 {
			next, ok := k.wheel.Next()
			k.wakes = never
			if ok {
				k.wakes = next
				wait = k.until(next, now)
			}
			k.mu.Unlock()
			return wait, ok
		}
		k.wakes = 0 // we look again before we sleep: nobody needs to kick
		k.mu.Unlock()
	}
}

// pop takes the next timer that is due at now off the wheel; mu is held.
func (k *clock) pop(now time.Duration) Expirer {
	node := k.wheel.Pop(int64(now / k.tick))
	if node == nil {
		return nil
	}
	t := node.Value
	t.quit()
	e := t.expirer
	t.expirer = nil
	return e
}

// until is the time from now to the beginning of a tick.
func (k *clock) until(tick int64, now time.Duration) time.Duration {
	if tick > int64(math.MaxInt64/k.tick) {
		return math.MaxInt64 - now
	}
	return max(time.Duration(tick)*k.tick-now, 0)
}
