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
	if c := t.t.owner; c != nil {
		c.reach(sched.OpArm, "cancel")
	}
	return t.t.cancel()
}

// Err says why the timer was not armed: ErrPeriod, ErrStopped, ErrNoActor,
// ErrKilled for an abandoned actor. nil if it was.
func (t Timer) Err() error {
	if t.t == nil {
		return ErrNoActor
	}
	return t.t.err()
}

// TimerOption is a setting of a periodic timer.
type TimerOption uint8

// Burst makes a periodic timer send every tick, also those that it has missed,
// one after another. Without it ticks coalesce: while one is queued the next
// ones are only counted (Context.Missed).
const Burst TimerOption = 1

// A timer's state. The message of a one-shot timer is withdrawn at Cancel as
// long as it has not been taken for handling. The last ones say why it was
// never armed.
const (
	armed uint32 = iota
	queued
	done
	cancelled
	badPeriod
	noActor
	ownerStopped
	ownerKilled
)

// timer is a timer of an actor: it ends with it. There may be millions, so it
// has no field that it can do without.
type timer struct {
	sched.Timer
	sys   *System
	owner *cell     // whose end ends it; nil for a target that is looked up when due
	every *periodic // nil: once
	state atomic.Uint32
	of    uint32 // if it ends with the owner's value: that one's number, from 1
}

// periodic is what only periodic timers have.
type periodic struct {
	period time.Duration
	burst  bool
	at     time.Duration // when the next tick is due, on the scheduler's clock
	ticks  atomic.Uint64 // ticks that are due and not handled
}

// action is a timer with what it does when it is due.
type action interface {
	sched.Expirer
	// act does it, or queues a message. Whoever has it in his hand in the
	// end, to do, to handle or to discard it, asks open first.
	act()
}

// castAction sends a message.
type castAction[M any] struct {
	timer
	to Ref[M]
	m  M
}

// Expire runs on the clock's goroutine.
func (a *castAction[M]) Expire() { a.expire(a) }

func (a *castAction[M]) act() {
	err := guard(func() error {
		return a.to.send(houseCtx, envelope[M]{m: a.m, tag: &a.timer})
	})
	if err == nil {
		return
	}
	if _, ok := a.open(); !ok {
		return
	}
	if c := a.to.actor(); c != nil {
		a.sys.deadLetter(c, a.m, err)
	} else {
		a.sys.dead.count(err)
	}
}

// controlAction stops or kills.
type controlAction struct {
	timer
	do func(c *cell)
}

// Expire runs on the clock's goroutine.
func (a *controlAction) Expire() { a.expire(a) }

func (a *controlAction) act() {
	if _, ok := a.open(); ok {
		a.do(a.owner)
	}
}

// CastAfter sends m after d, at once if d is not positive. The timer ends with
// the actor (rows T2, T5); for a Ref of ByName that is who has the name now,
// and if nobody has it, the name is looked up when the timer is due. It costs
// one allocation. Any goroutine may call it.
func (r Ref[M]) CastAfter(d time.Duration, m M) Timer { return r.castLater(d, m, terms{}) }

// CastEvery sends m each time d has passed, the first time after d, without
// drift, until it is cancelled or the actor drains or ends (row T1). A period
// shorter than sched.Config.TimerTick counts as that; one that is not positive
// arms nothing: see Timer.Err. What a full mailbox refuses
// is a dead letter, and the next tick tries again. Otherwise as CastAfter.
func (r Ref[M]) CastEvery(d time.Duration, m M, opts ...TimerOption) Timer {
	return r.castEvery(d, m, terms{}, opts)
}

// terms are how a timer sends.
type terms struct {
	period time.Duration // 0: once
	burst  bool
	own    bool // Context.After and Every: it ends with the actor's value
}

func (r Ref[M]) castEvery(d time.Duration, m M, how terms, opts []TimerOption) Timer {
	if d <= 0 {
		err := fmt.Errorf("%w: %v", ErrPeriod, d)
		if sys := r.System(); sys != nil {
			sys.log.Warn("timer not armed", "actor", r.String(), "error", err)
		}
		bad := &timer{every: &periodic{period: d}}
		bad.state.Store(badPeriod)
		return Timer{bad}
	}
	for _, o := range opts {
		how.burst = how.burst || o == Burst
	}
	how.period = d
	return r.castLater(d, m, how)
}

// After sends m to the actor itself after d; as Ref.CastAfter, but it ends when
// the actor fails, even if that is kept (KeepMailbox).
func (c *Context[M]) After(d time.Duration, m M) Timer {
	return c.Self().castLater(d, m, terms{own: true})
}

// Every sends m to the actor itself every d; as Ref.CastEvery, but it ends when
// the actor fails, even if that is kept (KeepMailbox).
func (c *Context[M]) Every(d time.Duration, m M, opts ...TimerOption) Timer {
	return c.Self().castEvery(d, m, terms{own: true}, opts)
}

func (r Ref[M]) castLater(d time.Duration, m M, how terms) Timer {
	a := &castAction[M]{to: r, m: m}
	switch c := r.actor(); {
	case c != nil:
		a.owner, a.sys = c, c.kind.sys
	case r.c != nil: // a name that nobody has now
		a.sys = r.c.task.Runner.(proxy).system() //nolint:forcetypeassert // not an actor, hence a proxy
	}
	if how.period > 0 && a.sys != nil {
		// A tick that costs more than the period would keep the clock to itself.
		a.every = &periodic{period: max(how.period, a.sys.sched.Config().TimerTick), burst: how.burst}
	}
	if how.own && a.owner.has(keepFlag) {
		a.of = a.owner.lives() + 1
	}
	a.arm(d, a)
	return Timer{&a.timer}
}

func (r ref) later(d time.Duration, do func(*cell)) Timer {
	a := &controlAction{do: do}
	if c := r.actor(); c != nil {
		a.owner, a.sys = c, c.kind.sys
	}
	a.arm(d, a)
	return Timer{&a.timer}
}

// arm starts a timer that is otherwise complete.
func (t *timer) arm(d time.Duration, a action) {
	switch {
	case t.sys == nil:
		t.state.Store(noActor)
		return
	case fencedHere() || t.owner != nil && t.owner.has(abandonedFlag):
		t.state.Store(ownerKilled)
		return
	case t.owner != nil && t.owner.status() >= Stopping:
		t.state.Store(ownerStopped)
		return
	}
	now := t.sys.sched.Now()
	at := now + d
	if d > 0 && at < now {
		at = 1<<63 - 1 // for ever
	}
	if t.every != nil {
		t.every.at = at
	}
	// The end of the owner ends its timers, and looks once more after Stopped
	// in case it had no rare part before. We arm first and look then: one of
	// us sees the other.
	if !t.start(at, a) || t.owner != nil && t.owner.status() == Stopped {
		t.sys.sched.Disarm(&t.Timer)
		t.state.CompareAndSwap(armed, ownerStopped)
	}
}

// start puts the timer on the wheel; false: the owner has ended its timers.
func (t *timer) start(at time.Duration, a action) bool {
	if t.owner == nil {
		t.sys.sched.Arm(&t.Timer, at, a)
		return true
	}
	r := t.owner.extra()
	if t.of == 0 {
		return t.sys.sched.ArmIn(&r.timers, &t.Timer, at, a)
	}
	// The end of a value counts first and ends its timers then; we arm first
	// and look at the count then.
	if !t.sys.sched.ArmIn(&r.own, &t.Timer, at, a) {
		return false
	}
	if r.lives.Load() >= t.of {
		t.sys.sched.Disarm(&t.Timer)
		return false
	}
	return true
}

// endTimers ends all timers of c.
func (c *cell) endTimers(r *rare) {
	c.kind.sys.sched.End(&r.timers)
	if c.has(keepFlag) {
		c.kind.sys.sched.End(&r.own)
	}
}

// expire does what is due.
func (t *timer) expire(a action) {
	switch {
	case t.every != nil:
		t.tick(t.every, a)
	case t.state.CompareAndSwap(armed, queued):
		a.act()
	}
}

// tick is expire of a periodic timer.
func (t *timer) tick(p *periodic, a action) {
	if t.owner != nil && t.owner.status() >= Draining { // it takes no messages any more
		t.state.CompareAndSwap(armed, done)
	}
	if t.state.Load() != armed {
		return
	}
	due := uint64(1)
	p.at += p.period
	if now := t.sys.sched.Now(); !p.burst && p.at <= now {
		late := now - p.at + p.period // the clock itself has come too late
		due += uint64(late / p.period)
		p.at += late - late%p.period
	}
	// Coalesced: of the ticks that are due only the first queues a message.
	// All are entered in one step: once the message is queued its handler may
	// take them at any moment, and a tick that came in without being the
	// first would keep every later one from queueing a message.
	if p.burst || p.ticks.Add(due) == due {
		a.act()
	}
	t.start(p.at, a)
	if t.state.Load() != armed { // it was cancelled before this, and nothing disarmed
		t.sys.sched.Disarm(&t.Timer)
	}
}

// open is called on the owner's turn before the timer's message is handled, or
// when it is discarded: false, it was cancelled. missed is how many ticks are
// in it beyond the first.
func (t *timer) open() (missed int, ok bool) {
	if t.every == nil {
		return 0, t.state.CompareAndSwap(queued, done)
	}
	if n := t.every.ticks.Swap(0); n > 1 {
		missed = int(n - 1)
	}
	return missed, t.state.Load() != cancelled
}

func (t *timer) cancel() bool {
	for {
		s := t.state.Load()
		if s != armed && s != queued || t.owner != nil && t.owner.status() == Stopped {
			return false
		}
		if t.state.CompareAndSwap(s, cancelled) {
			if s == armed {
				t.sys.sched.Disarm(&t.Timer)
			}
			return true
		}
	}
}

// err says why the timer was not armed.
func (t *timer) err() error {
	switch t.state.Load() {
	case badPeriod:
		return fmt.Errorf("%w: %v", ErrPeriod, t.every.period)
	case noActor:
		return ErrNoActor
	case ownerStopped:
		return ErrStopped
	case ownerKilled:
		return ErrKilled
	}
	return nil
}
