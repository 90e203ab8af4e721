package port

import (
	"errors"

	"github.com/ractor-go/ractor/actor"
)

// ErrCancelled is what Subscription.Err says after Cancel.
var ErrCancelled = errors.New("port: subscription is cancelled")

// Subscription is one actor's part in what is sent on a port. Its methods may be
// called by any goroutine, filters included; each waits for the send that is
// under way. It keeps the port in memory, and the port the subscription until
// that has ended.
type Subscription struct {
	port  interface{ do(f func()) }
	ended func(err error) // takes it out; the port is held
	err   error
	stats Stats
}

// subscriber is a Subscription with its type.
type subscriber[T any] struct {
	Subscription

	to   actor.Ref[T]
	keep func(T) bool
	at   int // its place in the port's list
}

// Stats are counters of a port, or of one subscription. What a filter panicked
// over is in none of them.
type Stats struct {
	Subscribers int    // of a port: who would get the next value; of a subscription: 1, or 0 when it has ended
	Sent        uint64 // accepted by a mailbox
	Refused     uint64 // refused by one: full, or its actor has ended
	Filtered    uint64 // not let through by the subscription's filter
}

// Cancel ends the subscription: no value arrives whose Send begins after Cancel
// has returned, nor one that is under way. Inside the port's own filters a value
// under way may still come to this subscriber, if it was its turn before.
// Cancelling again does nothing.
func (s *Subscription) Cancel() { s.port.do(func() { s.ended(ErrCancelled) }) }

// Err says why the subscription has ended: ErrCancelled, actor.ErrStopped, or
// actor.ErrNoActor for the zero Ref. It is nil as long as values are sent.
func (s *Subscription) Err() (err error) {
	s.port.do(func() { err = s.err })
	return err
}

// Stats returns the subscription's counters.
func (s *Subscription) Stats() (st Stats) {
	s.port.do(func() {
		st = s.stats
		if s.err == nil {
			st.Subscribers = 1
		}
	})
	return st
}
