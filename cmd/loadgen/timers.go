package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
)

func timers() scenario {
	of := func(name, explain string, p pace, until phase) variant {
		return variant{
			name: name, explain: explain, pace: p,
			ours:   func(ctx context.Context, t *trial) error { return timersOurs(ctx, t, until) },
			theirs: func(ctx context.Context, t *trial) error { return timersTheirs(ctx, t, until) },
		}
	}
	return scenario{
		name:   "timers",
		work:   "A million timers with deadlines spread over one second, which begins a second after the last insert; half of them are cancelled. The baseline is time.AfterFunc and Stop.",
		op:     "a timer",
		full:   size{Actors: 1000, Messages: 1_000_000},
		modest: size{Actors: 1000, Messages: 1_000_000},
		variants: []variant{
			of("insert", "time to start them all", closed, inserted),
			of("cancel", "time to cancel half of them", closed, cancelled),
			of("fire", "lateness of the other half, and the processor time it takes", waiting, fired),
		},
	}
}

// phase is what a variant of timers measures; each needs those before it.
type phase uint8

const (
	inserted phase = iota
	cancelled
	fired
)

const (
	timersAhead = int64(time.Second) // from the last insert to the first deadline
	timersOver  = int64(time.Second) // from the first deadline to the last
)

// alarm is the message of one timer.
type alarm struct{ number int64 }

// bell gets alarms.
type bell struct{ s *schedule }

func (b *bell) Handle(_ *actor.Context[alarm], m alarm) error {
	b.s.ring(m.number)
	return nil
}

// schedule says when each timer is due, and hears when it fires. The order of
// deadlines has nothing to do with that of the numbers.
type schedule struct {
	clock clock
	first int64   // the earliest deadline
	late  samples // by number
	again atomic.Int64
	early atomic.Int64
	over  *countdown
}

func (s *schedule) deadline(number int64) int64 {
	return s.first + int64(scatter(uint64(number))%uint64(timersOver))
}

// ring is called when a timer fires.
func (s *schedule) ring(number int64) {
	late := s.clock.now() - s.deadline(number)
	if late < 0 {
		s.early.Add(1)
	}
	if s.late[number] != unset {
		s.again.Add(1)
		return
	}
	s.late[number] = late
	s.over.one()
}

// runTimers goes through the phases. start starts timer number to fire in d;
// stop says whether it had been pending.
func runTimers[T any](ctx context.Context, t *trial, until phase, s *schedule, start func(number int64, d time.Duration) T, stop func(T) bool) error {
	n := t.size.Messages
	pending := make([]T, n)
	s.late = newSamples(int(n))
	s.over = newCountdown(int(n)) // each fires or is stopped: on a slow machine some fire before they can be

	// How long will it take to insert them all? So long before the last
	// second begin the deadlines.
	s.clock = startClock()
	sample := min(n, 10_000)
	for i := range sample {
		pending[i] = start(i, time.Hour)
	}
	perTimer := s.clock.now()/sample + 1
	for i := range sample {
		if !stop(pending[i]) {
			t.failf("timer %d, an hour away, was not pending", i)
		}
	}

	insert := func() error {
		s.clock = startClock()
		s.first = n*perTimer + timersAhead
		now := s.clock.now()
		for i := range n {
			// The clock is dear beside an insert, so it is read only now and
			// then where inserts are measured, at each where lateness is. A
			// reading that is old makes the timer late in our account, never early.
			if until == fired || i%64 == 0 {
				now = s.clock.now()
			}
			pending[i] = start(i, time.Duration(s.deadline(i)-now))
		}
		return nil
	}
	var stopped int64
	cancel := func(from, step int64) {
		for i := from; i < n; i += step {
			if stop(pending[i]) {
				stopped++
				s.over.one()
			}
		}
	}
	odd := func() error { cancel(1, 2); return nil } // n/2 of them
	wait := func() error { return await(ctx, s.over.done) }

	var err error
	switch until {
	case inserted:
		err = t.measure(n, insert)
		cancel(0, 1)
	case cancelled:
		_ = insert()
		err = t.measure(n/2, odd)
		cancel(0, 2)
	case fired:
		_ = insert()
		_ = odd()
		err = t.measure(n-n/2, wait)
	}
	t.count("armed", n)
	t.count("cancelled", stopped)
	return err
}

// close makes the account, when nothing can fire any more.
func (s *schedule) close(t *trial, until phase) {
	n := t.size.Messages
	took := s.late.taken()
	stopped := int64(t.found.Checks["cancelled"])
	t.count("fired", took)
	t.want("lost", max(n-took-stopped, 0), 0)
	t.want("duplicated", max(took+stopped-n, 0)+s.again.Load(), 0)
	t.want("early", s.early.Load(), 0)
	if until == fired {
		t.latencies(s.late.histogram())
	}
}

func timersOurs(ctx context.Context, t *trial, until phase) error {
	s := &schedule{}
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		refs := make([]actor.Ref[alarm], t.size.Actors)
		for i := range refs {
			var err error
			if refs[i], err = actor.Spawn(ctx, &bell{s}); err != nil {
				return err
			}
		}
		return runTimers(ctx, t, until, s,
			func(number int64, d time.Duration) actor.Timer {
				return refs[number%int64(len(refs))].CastAfter(d, alarm{number})
			},
			actor.Timer.Cancel)
	})
	if errIsRunning(err) {
		return err
	}
	s.close(t, until)
	return err
}

func timersTheirs(ctx context.Context, t *trial, until phase) error {
	s := &schedule{}
	err := runTimers(ctx, t, until, s,
		func(number int64, d time.Duration) *time.Timer {
			return time.AfterFunc(d, func() { s.ring(number) })
		},
		(*time.Timer).Stop)
	if err != nil {
		return err
	}
	s.close(t, until)
	return nil
}
