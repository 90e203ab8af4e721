package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// soakTimers arms timers by the hundred: most fire, some are cancelled, some
// belong to actors that are killed first. Each ends in one way, and none fires
// early, twice, after it was cancelled, or after the end of its actor.
type soakTimers struct {
	h     *soakHouse
	r     *rand.Rand
	fired atomic.Int64
	ticks atomic.Int64

	mu    sync.Mutex
	armed int64
	ends  [shotEnds]int64 // guarded by mu, and so are the ends of all timers
}

const (
	timersPart  = "timers"
	shotsARound = 600
	shotActors  = 20
	shotMortals = 4 // of the actors, those that are killed
)

// soakShot is one timer's message; end says how it ended.
type soakShot struct {
	t     *soakTimers
	armed time.Time
	after time.Duration
	end   int // guarded by t.mu
	over  *countdown
}

// How timers end.
const (
	shotArmed = iota
	shotFired
	shotCancelled
	shotLost // a dead letter
	shotGone // with its actor
	shotEnds
)

// ends says that the timer has ended; it must not have before. But one that was
// just expiring when its actor ended may be a dead letter a little later.
func (s *soakShot) ends(how int) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	was := s.end
	switch {
	case was == shotArmed:
		s.over.one()
	case was == shotGone && how == shotLost:
		t.ends[was]--
	default:
		t.h.wrongf(timersPart, "a timer has ended as %d and as %d", was, how)
		return
	}
	t.ends[how]++
	s.end = how
}

// gone says that the timer has ended with its actor, if it had not before.
func (s *soakShot) gone() {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.end == shotArmed {
		s.end = shotGone
		t.ends[shotGone]++
		s.over.one()
	}
}

// shotOrder is what a timer sends; without a shot it is a periodic tick.
type shotOrder struct{ *soakShot }

func (shotOrder) part() string { return timersPart }
func (o shotOrder) lost() {
	if o.soakShot != nil {
		o.ends(shotLost)
	}
}

type shotActor struct{ t *soakTimers }

func (a *shotActor) Handle(_ *actor.Context[shotOrder], o shotOrder) error {
	if o.soakShot == nil {
		a.t.ticks.Add(1)
		return nil
	}
	a.t.fired.Add(1)
	if early := o.after - time.Since(o.armed); early > 0 {
		a.t.h.wrongf(timersPart, "a timer of %v is %v early", o.after, early)
	}
	o.ends(shotFired)
	return nil
}

func (t *soakTimers) name() string { return timersPart }

func (t *soakTimers) start(_ context.Context, h *soakHouse) error {
	t.h, t.r = h, h.random(timersPart)
	return nil
}

func (t *soakTimers) round(ctx context.Context) error {
	refs := make([]actor.Ref[shotOrder], shotActors)
	var ticking []actor.Timer
	for i := range refs {
		var err error
		if refs[i], err = actor.Spawn(ctx, &shotActor{t}); err != nil {
			return err
		}
		ticking = append(ticking, refs[i].CastEvery(time.Duration(between(t.r, 1, 20))*time.Millisecond, shotOrder{}))
	}
	over := newCountdown(shotsARound)
	shots := make([]*soakShot, shotsARound)
	timers := make([]actor.Timer, shotsARound)
	for i := range shots {
		s := &soakShot{t: t, armed: time.Now(), after: time.Duration(t.r.IntN(100_000)) * time.Microsecond, over: over}
		shots[i] = s
		timers[i] = refs[i%shotActors].CastAfter(s.after, shotOrder{s})
		if err := timers[i].Err(); err != nil {
			t.h.wrongf(timersPart, "a timer was not armed: %v", err)
		}
		t.mu.Lock()
		t.armed++
		t.mu.Unlock()
	}
	for range shotsARound / 4 {
		i := t.r.IntN(shotsARound)
		if timers[i].Cancel() {
			shots[i].ends(shotCancelled)
		}
		soakPause(ctx, time.Duration(t.r.IntN(200))*time.Microsecond)
	}
	for _, mortal := range refs[:shotMortals] {
		mortal.Kill()
		if err := soakEnded(ctx, mortal.Any()); err != nil {
			return err
		}
	}
	if err := t.h.audit.flush(ctx); err != nil {
		return err
	}
	for i, s := range shots { // whatever the dead had armed, and was not queued, is gone
		if i%shotActors < shotMortals {
			s.gone()
		}
	}
	if err := await(ctx, over.done); err != nil {
		return err
	}
	for i, ref := range refs[shotMortals:] {
		if tick := ticking[shotMortals+i]; i%2 == 0 && !tick.Cancel() {
			t.h.wrongf(timersPart, "a periodic timer has ended by itself: %v", tick.Err())
		}
		if err := ref.StopAndWait(ctx); err != nil { // the other half of the ticks end with it
			return err
		}
	}
	return t.h.audit.flush(ctx)
}

func (t *soakTimers) stop(context.Context) error { return nil }

func (t *soakTimers) account(tr *trial) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr.count("ticks", t.ticks.Load())
	tr.count("cancelled", t.ends[shotCancelled])
	tr.count("gone_with_their_actor", t.ends[shotGone])
	tr.discarded = map[string]uint64{"timers": uint64(t.ends[shotLost])} // not the ticks, of which nobody keeps count
	tr.balance(ledger{
		sent:    t.armed - t.ends[shotCancelled] - t.ends[shotGone],
		handled: t.fired.Load(),
	})
	tr.want("fired", t.ends[shotFired], t.fired.Load())
}
