package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// soakStuck has handlers that block: without telling, with actor.Blocking, in
// actor.Async, and some that ignore their Kill until they are abandoned. Of
// those the goroutines stay for a few rounds; then they are let go, and it is
// looked whether the fence has held.
type soakStuck struct {
	h         *soakHouse
	r         *rand.Rand
	tally     soakTally
	sink      actor.Ref[stuckOrder] // to which the abandoned try to send
	away      []*stuckCase          // abandoned, not let go yet
	planted   int64
	abandoned int64
	inside    atomic.Int64 // stubborn handlers that have not returned
	slept     atomic.Int64
	naps      int64
}

const (
	stuckPart    = "stuck"
	stuckAtATime = 6 // abandoned goroutines that are kept
)

// stuckCase is one handler that ignores its Kill.
type stuckCase struct {
	began, release, ended chan struct{}
}

// stuckOrder has its handler block for d in one way, or in a case.
type stuckOrder struct {
	way  int
	d    time.Duration
	hang *stuckCase
	over *countdown
}

func (stuckOrder) part() string { return stuckPart }
func (o stuckOrder) lost() {
	if o.over != nil {
		o.over.one()
	}
}

type stuckActor struct{ s *soakStuck }

func (a *stuckActor) Handle(ctx *actor.Context[stuckOrder], o stuckOrder) error {
	s := a.s
	s.tally.entered.Add(1)
	if o.hang != nil {
		s.hang(ctx, o.hang)
		return nil
	}
	slept := func() {
		s.slept.Add(1)
		o.over.one()
	}
	nap := func() (struct{}, error) {
		time.Sleep(o.d)
		return struct{}{}, nil
	}
	switch o.way {
	case 0: // the monitor has to find it
		_, _ = nap()
		slept()
	case 1:
		_, err := actor.Blocking(ctx, nap)
		slept()
		return err
	case 2:
		actor.Async(ctx,
			func(context.Context) (struct{}, error) { return nap() },
			func(_ struct{}, err error) error { slept(); return err })
	case 3: // computes
		for end := time.Now().Add(o.d); time.Now().Before(end); {
		}
		slept()
	}
	return nil
}

// hang does not look at ctx. It goes on when the actor has been abandoned, and
// tries what an abandoned one can do no more.
func (s *soakStuck) hang(ctx *actor.Context[stuckOrder], c *stuckCase) {
	s.inside.Add(1)
	close(c.began)
	<-c.release
	if err := soakCast(ctx, s.h, stuckPart, &s.tally, s.sink, stuckOrder{}); !errors.Is(err, actor.ErrKilled) {
		s.h.wrongf(stuckPart, "a cast of the abandoned: %v", err)
	}
	if _, err := actor.Spawn(ctx, &stuckActor{s}); !errors.Is(err, actor.ErrKilled) {
		s.h.wrongf(stuckPart, "a spawn of the abandoned: %v", err)
	}
	if err := s.sink.CastAfter(0, stuckOrder{}).Err(); !errors.Is(err, actor.ErrKilled) {
		s.h.wrongf(stuckPart, "a timer of the abandoned: %v", err)
	}
	s.inside.Add(-1)
	close(c.ended)
}

func (s *soakStuck) name() string { return stuckPart }

func (s *soakStuck) start(ctx context.Context, h *soakHouse) (err error) {
	s.h, s.r = h, h.random(stuckPart)
	s.sink, err = actor.Spawn(ctx, &stuckActor{s})
	return err
}

func (s *soakStuck) round(ctx context.Context) error {
	if err := s.nap(ctx); err != nil {
		return err
	}
	if s.r.IntN(3) == 0 { // a kill is graced for so long that more would fill all the time
		if err := s.abandon(ctx); err != nil {
			return err
		}
	}
	for len(s.away) > s.r.IntN(stuckAtATime) {
		if err := s.letGo(ctx); err != nil {
			return err
		}
	}
	return s.h.audit.flush(ctx)
}

// nap has some actors block for a while in every way.
func (s *soakStuck) nap(ctx context.Context) error {
	n := between(s.r, 4, 24)
	s.naps += int64(n)
	over := newCountdown(n)
	refs := make([]actor.Ref[stuckOrder], n)
	for i := range refs {
		var err error
		if refs[i], err = actor.Spawn(ctx, &stuckActor{s}); err != nil {
			return err
		}
		o := stuckOrder{way: i % 4, d: time.Duration(s.r.IntN(4000)) * time.Microsecond, over: over}
		if err := soakCast(ctx, s.h, stuckPart, &s.tally, refs[i], o); err != nil {
			return err
		}
	}
	if err := await(ctx, over.done); err != nil {
		return err
	}
	for _, ref := range refs {
		if err := ref.StopAndWait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// abandon has an actor ignore its Kill until it is written off.
func (s *soakStuck) abandon(ctx context.Context) error {
	c := &stuckCase{began: make(chan struct{}), release: make(chan struct{}), ended: make(chan struct{})}
	ref, err := actor.Spawn(ctx, &stuckActor{s})
	if err != nil {
		return err
	}
	s.planted++
	s.away = append(s.away, c)
	for range between(s.r, 1, 3) { // one to hang in, the others are in the mailbox with it
		if err := soakCast(ctx, s.h, stuckPart, &s.tally, ref, stuckOrder{hang: c, over: newCountdown(1)}); err != nil {
			return err
		}
	}
	if err := await(ctx, c.began); err != nil {
		return fmt.Errorf("%v has not begun: %w", ref, err)
	}
	ref.Kill()
	if err := soakEnded(ctx, ref.Any()); err != nil {
		return err
	}
	if err := ref.Wait(ctx); errors.Is(err, actor.ErrAbandoned) {
		s.abandoned++
	} else {
		s.h.wrongf(stuckPart, "a handler that ignored its Kill: %v", err)
	}
	return nil
}

// letGo ends the case that has been away for longest.
func (s *soakStuck) letGo(ctx context.Context) error {
	c := s.away[0]
	s.away = s.away[1:]
	close(c.release)
	return await(ctx, c.ended)
}

func (s *soakStuck) stop(ctx context.Context) error {
	for len(s.away) > 0 {
		if err := s.letGo(ctx); err != nil {
			return err
		}
	}
	return s.sink.StopAndWait(ctx)
}

func (s *soakStuck) account(t *trial) {
	t.balance(s.tally.ledger())
	t.want("naps", s.slept.Load(), s.naps)
	t.want("abandoned", s.abandoned, s.planted)
	t.want("not_returned", s.inside.Load(), int64(len(s.away)))
}
