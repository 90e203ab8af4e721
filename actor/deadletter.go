package actor

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/sched"
)

// DeadLetter is a message that nobody will handle.
type DeadLetter struct {
	To      AnyRef
	Message any
	// Reason: ErrStopped, ErrKilled, ErrFailed or ErrAbandoned when the
	// actor ended with the message in its mailbox, ErrMailboxFull when a
	// bounded mailbox dropped it, ErrExpired for a request whose deadline
	// had passed, or why a timer's send was refused.
	Reason error
}

// deadLetters counts what was discarded, and tells subscribers.
type deadLetters struct {
	counts [reasons]atomic.Uint64
	events atomic.Uint64 // supervision events that nobody handled (row V13)

	subscribed atomic.Int64
	mu         sync.Mutex
	to         []*Subscription // guarded by mu; in the order in which they began
}

// The reasons that are counted.
const (
	reasonStopped = iota
	reasonKilled
	reasonFailed
	reasonAbandoned
	reasonFull
	reasonExpired
	reasonWithdrawn
	reasonOther
	reasons
)

var reasonNames = [reasons]string{
	"stopped", "killed", "failed", "abandoned", "mailbox full", "expired", "cancelled timer", "other",
}

var reasonErrors = [reasons]error{
	ErrStopped, ErrKilled, ErrFailed, ErrAbandoned, ErrMailboxFull, ErrExpired, errWithdrawn,
}

// count counts one discarded message.
func (d *deadLetters) count(reason error) {
	for i, err := range reasonErrors[:reasonOther] {
		if errors.Is(reason, err) {
			d.counts[i].Add(1)
			return
		}
	}
	d.counts[reasonOther].Add(1)
}

// deadLetter counts a message that c will not handle, and tells subscribers.
func (sys *System) deadLetter(c *cell, m any, reason error) {
	d := &sys.dead
	d.count(reason)
	if d.subscribed.Load() == 0 {
		return
	}
	letter := DeadLetter{To: AnyRef{ref{c}}, Message: m, Reason: reason}
	for _, r := range d.subscribers(c) {
		_ = guard(func() error { return r.Cast(houseCtx, letter) })
	}
}

// subscribers returns who is to be told of c's dead letter. Nobody if c is a
// subscriber: what is lost on the way to one would come back to it, or go to
// and fro between two, for ever.
func (d *deadLetters) subscribers(c *cell) []Ref[DeadLetter] {
	sched.Quiet(true) // a Ref of ByName looks its name up
	defer sched.Quiet(false)
	d.mu.Lock()
	defer d.mu.Unlock()
	to := make([]Ref[DeadLetter], 0, len(d.to))
	for _, s := range slices.Clone(d.to) {
		switch x := s.to.actor(); {
		case x == nil: // a name that nobody has now
		case x == c:
			return nil
		case x.status() >= Stopping:
			d.remove(s)
		default:
			to = append(to, s.to)
		}
	}
	return to
}

// Subscription ends with Cancel.
type Subscription struct {
	d  *deadLetters
	to Ref[DeadLetter]
}

// Cancel ends the subscription; what is queued already still comes. Any
// goroutine may call it.
func (s *Subscription) Cancel() {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	s.d.remove(s)
}

// remove ends s; mu is held.
func (d *deadLetters) remove(s *Subscription) {
	if i := slices.Index(d.to, s); i >= 0 {
		d.to = slices.Delete(d.to, i, i+1)
		d.subscribed.Add(-1)
	}
}

// DeadLetters sends every dead letter of the System to to, until Cancel or the
// end of to's actor. Those of a subscriber itself are only counted, whatever it
// was that it lost; and it is not waited for: what its bounded mailbox refuses
// is lost. Without a subscriber a dead letter costs a counter. Any goroutine
// may call it.
func (sys *System) DeadLetters(to Ref[DeadLetter]) *Subscription {
	d := &sys.dead
	s := &Subscription{d, to}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.to = append(d.to, s)
	d.subscribed.Add(1)
	return s
}
