package actor

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// Timer is a pending send, stop or kill. The zero Timer is none.
type Timer struct{ t *timer }

// Cancel says whether it has prevented what the timer would have done: true,
// and no message of it will be handled any more, even one that is queued
// already; false when it was handled, or cancelled, before. For a periodic
// timer true means that it was still going. Any goroutine may call it.
func (t Timer) Cancel() bool {
	if t.t == nil {
		return false
	}
	return t.t.cancel()
}

// Err says why the timer was not armed: ErrPeriod, ErrStopped, ErrNoActor,
// ErrKilled for an abandoned actor. nil if it was.
func (t Timer) Err() error {
	if t.t == nil {
		return ErrNoActor
	}
	return t.t.err
}

// TimerOption is a setting of a periodic timer.
type TimerOption uint8

// Burst makes a periodic timer send every tick, also those that it has missed,
// one after another. Without it ticks coalesce: while one is queued the next
// ones are only counted (Context.Missed).
const Burst TimerOption = 1

// A timer's state. The message of a one-shot timer is withdrawn at Cancel as
// long as it has not been taken for handling.
const (
	armed uint32 = iota
	queued
	done
	cancelled
)

// timer is a timer of an actor: it ends with it.
type timer struct {
	sched.Timer
	sys    *System
	owner  *cell  // whose end ends it; nil for a target that is looked up when due
	action action // what is to be done
	err    error

	at     time.Duration // when it is due, on the scheduler's clock
	period time.Duration // 0: once
	burst  bool

	listed bool
	state  atomic.Uint32
	ticks  atomic.Uint64 // periodic: ticks that are due and not handled
	older  *timer        // the owner's list, guarded by its rare.mu
	newer  *timer
}

// action is what a timer does when it is due.
type action interface {
	// act does it, or queues a message. Whoever has it in his hand in the
	// end, to do, to handle or to discard it, asks open first.
	act(t *timer)
}

// castAction sends a message.
type castAction[M any] struct {
	timer
	to Ref[M]
	m  M
}

func (a *castAction[M]) act(t *timer) {
	err := guard(func() error {
		return a.to.send(houseCtx, envelope[M]{m: a.m, tag: t})
	})
	if err == nil {
		return
	}
	if _, ok := t.open(); !ok {
		return
	}
	if c := a.to.actor(); c != nil {
		t.sys.deadLetter(c, a.m, err)
	} else {
		t.sys.dead.count(err)
	}
}

// controlAction stops or kills.
type controlAction struct {
	timer
	do func(c *cell)
}

func (a *controlAction) act(t *timer) {
	if _, ok := t.open(); ok {
		a.do(t.owner)
	}
}

// CastAfter sends m after d, at once if d is not positive. The timer ends with
// the actor (rows T2, T5); for a Ref of ByName that is who has the name now,
// and if nobody has it, the name is looked up when the timer is due. It costs
// one allocation. Any goroutine may call it.
func (r Ref[M]) CastAfter(d time.Duration, m M) Timer { return r.castLater(d, 0, false, m) }

// CastEvery sends m each time d has passed, the first time after d, without
// drift, until it is cancelled or the actor drains or ends (row T1). A period
// that is not positive arms nothing: see Timer.Err. What a full mailbox refuses
// is a dead letter, and the next tick tries again. Otherwise as CastAfter.
func (r Ref[M]) CastEvery(d time.Duration, m M, opts ...TimerOption) Timer {
	if d <= 0 {
		err := fmt.Errorf("%w: %v", ErrPeriod, d)
		if sys := r.System(); sys != nil {
			sys.log.Warn("timer not armed", "actor", r.String(), "error", err)
		}
		return Timer{&timer{err: err}}
	}
	burst := false
	for _, o := range opts {
		burst = burst || o == Burst
	}
	return r.castLater(d, d, burst, m)
}

// After sends m to the actor itself after d; as Ref.CastAfter.
func (c *Context[M]) After(d time.Duration, m M) Timer { return c.Self().CastAfter(d, m) }

// Every sends m to the actor itself every d; as Ref.CastEvery.
func (c *Context[M]) Every(d time.Duration, m M, opts ...TimerOption) Timer {
	return c.Self().CastEvery(d, m, opts...)
}

func (r Ref[M]) castLater(d, period time.Duration, burst bool, m M) Timer {
	a := &castAction[M]{to: r, m: m}
	a.action, a.period, a.burst = a, period, burst
	switch c := r.actor(); {
	case c != nil:
		a.owner, a.sys = c, c.kind.sys
	case r.c != nil: // a name that nobody has now
		a.sys = r.c.task.Runner.(proxy).system() //nolint:forcetypeassert // not an actor, hence a proxy
	}
	a.arm(d)
	return Timer{&a.timer}
}

func (r ref) later(d time.Duration, do func(*cell)) Timer {
	a := &controlAction{do: do}
	a.action = a
	if c := r.actor(); c != nil {
		a.owner, a.sys = c, c.kind.sys
	}
	a.arm(d)
	return Timer{&a.timer}
}

// arm starts a timer that is otherwise complete.
func (t *timer) arm(d time.Duration) {
	switch {
	case t.sys == nil:
		t.err = ErrNoActor
		return
	case fencedHere() || t.owner != nil && t.owner.has(abandonedFlag):
		t.err = ErrKilled
		return
	}
	now := t.sys.sched.Now()
	if t.at = now + d; d > 0 && t.at < now {
		t.at = 1<<63 - 1 // for ever
	}
	if t.owner != nil && !t.list() {
		t.err = ErrStopped
		return
	}
	t.sys.sched.Arm(&t.Timer, t.at, t)
	if t.state.Load() == cancelled { // the owner ended while we armed
		t.sys.sched.Disarm(&t.Timer)
	}
}

// Expire runs on the clock's goroutine.
func (t *timer) Expire() {
	switch {
	case t.period > 0:
		t.tick()
	case t.state.CompareAndSwap(armed, queued):
		t.action.act(t)
	}
}

// tick is Expire of a periodic timer.
func (t *timer) tick() {
	if t.owner != nil && t.owner.status() >= Draining { // it takes no messages any more
		if t.state.CompareAndSwap(armed, done) {
			t.unlist()
		}
	}
	if t.state.Load() != armed {
		return
	}
	due := uint64(1)
	t.at += t.period
	if now := t.sys.sched.Now(); !t.burst && t.at <= now {
		skipped := (now-t.at)/t.period + 1 // ticks that the clock itself came too late for
		due += uint64(skipped)             //nolint:gosec // positive
		t.at += skipped * t.period
	}
	// Coalesced: of the ticks that are due only the first queues a message.
	// All are entered in one step: once the message is queued its handler may
	// take them at any moment, and a tick that came in without being the
	// first would keep every later one from queueing a message.
	if t.burst || t.ticks.Add(due) == due {
		t.action.act(t)
	}
	t.sys.sched.Arm(&t.Timer, t.at, t)
	if t.state.Load() != armed { // its end has come before Arm, and disarmed nothing
		t.sys.sched.Disarm(&t.Timer)
	}
}

// open is called on the owner's turn before the timer's message is handled, or
// when it is discarded: false, it was cancelled. missed is how many ticks are
// in it beyond the first.
func (t *timer) open() (missed int, ok bool) {
	if t.period == 0 {
		ok = t.state.CompareAndSwap(queued, done)
		t.unlist()
		return 0, ok
	}
	if n := t.ticks.Swap(0); n > 1 {
		missed = int(n - 1) //nolint:gosec // years
	}
	return missed, t.state.Load() != cancelled
}

func (t *timer) cancel() bool {
	for {
		s := t.state.Load()
		if s != armed && s != queued || t.err != nil {
			return false
		}
		if t.state.CompareAndSwap(s, cancelled) {
			t.sys.sched.Disarm(&t.Timer)
			t.unlist()
			return true
		}
	}
}

// list enters t into its owner's list; false: the owner is ending.
func (t *timer) list() bool {
	r := t.owner.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.owner.status() >= Stopping {
		return false
	}
	t.older = r.timers
	if r.timers != nil {
		r.timers.newer = t
	}
	r.timers = t
	t.listed = true
	return true
}

func (t *timer) unlist() {
	if t.owner == nil {
		return
	}
	r := t.owner.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if t.listed {
		r.unlistTimer(t)
	}
}

// unlistTimer takes t off the list; mu is held.
func (r *rare) unlistTimer(t *timer) {
	if t.newer != nil {
		t.newer.older = t.older
	} else {
		r.timers = t.older
	}
	if t.older != nil {
		t.older.newer = t.newer
	}
	t.older, t.newer, t.listed = nil, nil, false
}

// endTimers ends all timers of an actor that ends. Its status refuses new ones.
func (c *cell) endTimers(r *rare) {
	for {
		r.mu.Lock()
		t := r.timers
		if t != nil {
			r.unlistTimer(t)
		}
		r.mu.Unlock()
		if t == nil {
			return
		}
		t.state.Store(cancelled)
		t.sys.sched.Disarm(&t.Timer)
	}
}
