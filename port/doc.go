// Package port is typed publish and subscribe: one [Port] in an actor, or
// anywhere, and any number of actors that hear what is sent on it.
//
//	type Meter struct{ Readings port.Port[float64] }
//
//	sub := meter.Readings.Subscribe(display, nil)   // display is a Ref[float64]
//	meter.Readings.Send(ctx, 21.5)                  // all subscribers get it
//	sub.Cancel()
//
// A subscriber that takes other messages comes in through [actor.Adapt]:
//
//	port.Subscribe(actor.Adapt(ref, func(v float64) message { return reading{v} }), nil)
//
// # What holds
//
//   - The sends of a port are one sequence, however many goroutines send, and
//     every subscriber gets its part of it in that order (row O7). What one
//     goroutine sends on the port and then casts to a subscriber arrives in that
//     order too, for when Send returns everybody has been sent to.
//   - Nothing is lost on the way (row O3): a value that a filter lets through is
//     in the subscriber's mailbox, or its mailbox's own rule has refused it, and
//     then it is counted ([Stats]).
//   - Subscribe and Cancel take effect at one place in the sequence: the first
//     send that begins after Subscribe has returned arrives, none arrives that
//     begins after Cancel has returned. There is no history (row O5).
//   - Two subscriptions of one actor deliver twice (row O4).
//   - A subscriber that has ended costs one failed send and is gone.
//
// # What does not
//
// Send never waits for a subscriber. One whose bounded mailbox waits for room
// is treated as it is inside handlers: what finds no room is refused.
// A dropping mailbox accepts and drops: those are dead letters of the System
// and not counted here.
//
// Filters, and the conversions of Adapt, run on the sender's goroutine and must
// be quick. What they do with their own port is safe: a send goes after the one
// under way, before that one's Send returns. But a filter that sends on a second
// port whose filters send back on the first can deadlock with a sender that
// comes from the other side, as two locks do.
//
// # Differences from ractor
//
// Always ractor's second version (no loss, row O3; the first one, O2, has no
// counterpart), with Cancel (O4), and without a task: a
// port has no goroutine and needs no System. The price is that Send costs its
// caller time in proportion to the subscribers. A filter is a predicate;
// conversion is Adapt's (row O1), which also is what lets a subscriber hand
// itself to a publisher that does not know its type (row O6).
package port
