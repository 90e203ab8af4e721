package main

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/ractor-go/ractor/actor"
)

// soakMessage is a message of a part: dead letters are booked by it.
type soakMessage interface {
	part() string
	// lost is called once when the message has become a dead letter, on the
	// auditor's turn: who waits for the message need not wait any more.
	lost()
}

// soakAudit is told of each dead letter and books it to the part whose message
// it was. It is an actor; its books may be read by any goroutine.
type soakAudit struct {
	ref  actor.Ref[actor.DeadLetter]
	told *actor.Subscription

	mu     sync.Mutex
	books  map[string]map[string]uint64 // by part and reason
	others uint64                       // of the library's own actors, such as a factory's
}

// soakFlush asks the auditor to say when it has got this far.
type soakFlush chan struct{}

func startSoakAudit(ctx context.Context, sys *actor.System) (*soakAudit, error) {
	a := &soakAudit{books: map[string]map[string]uint64{}}
	ref, err := actor.Spawn(ctx, a)
	if err != nil {
		return nil, err
	}
	a.ref, a.told = ref, sys.DeadLetters(ref)
	return a, nil
}

func (a *soakAudit) Handle(_ *actor.Context[actor.DeadLetter], l actor.DeadLetter) error {
	switch m := l.Message.(type) {
	case soakFlush:
		close(m)
	case soakMessage:
		a.book(m.part(), soakReason(l.Reason))
		m.lost()
	default:
		a.mu.Lock()
		a.others++
		a.mu.Unlock()
	}
	return nil
}

func (a *soakAudit) book(part, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.books[part] == nil {
		a.books[part] = map[string]uint64{}
	}
	a.books[part][reason]++
}

// soakReason is the name under which System.Stats counts a reason.
func soakReason(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{actor.ErrStopped, "stopped"},
		{actor.ErrKilled, "killed"},
		{actor.ErrFailed, "failed"},
		{actor.ErrAbandoned, "abandoned"},
		{actor.ErrMailboxFull, "mailbox full"},
		{actor.ErrExpired, "expired"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return "other"
}

// of returns the discarded messages of a part, by reason.
func (a *soakAudit) of(part string) map[string]uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.books[part])
}

// all is how many dead letters the auditor was told of.
func (a *soakAudit) all() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.others
	for _, book := range a.books {
		for _, count := range book {
			n += count
		}
	}
	return n
}

// flush returns when all dead letters are booked that there were before.
func (a *soakAudit) flush(ctx context.Context) error {
	here := make(soakFlush)
	if err := a.ref.Cast(ctx, actor.DeadLetter{Message: here}); err != nil {
		return err
	}
	return await(ctx, here)
}

func (a *soakAudit) stop(ctx context.Context) error {
	a.told.Cancel()
	return a.ref.DrainAndWait(ctx)
}
