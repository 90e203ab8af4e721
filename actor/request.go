package actor

import "context"

// Ticket travels beside a message and is told what became of it: package rpc
// puts a reply port there, so that whoever discards a request can fail its
// caller. Exactly one of these ends happens to a message that was accepted:
//
//   - Open returns an error: the message is not handled. Then Discard.
//   - Open returns nil and the handler fails, or the actor is abandoned in it:
//     Discard.
//   - Open returns nil and the handler returns nil: Handled.
//   - The message is discarded unopened: Discard.
type Ticket struct{ Holder TicketHolder }

// TicketHolder is told what becomes of a message with a Ticket.
type TicketHolder interface {
	// Open is called on the actor's turn just before the message is
	// handled. An error means that it must not be: ErrExpired makes it a
	// dead letter.
	Open() error

	// Handled is called after the handler has returned nil. True: an answer
	// is still owed; the actor keeps the ticket, asks again now and then,
	// and calls Discard when it ends. False: the ticket is done with.
	Handled() (owed bool)

	// Discard is called, from any goroutine, when the message, or the
	// answer that is owed for it, will never come. It must not block.
	Discard(reason error)
}

// Request sends m with a ticket; otherwise it is Cast. When it returns an error
// the ticket was not accepted, and its holder will not be called.
func Request[M any](ctx context.Context, to Ref[M], m M, t *Ticket) error {
	return to.send(ctx, envelope[M]{m: m, tag: t})
}

// Post has f run inside the actor that in belongs to, as a message of its own,
// after all that was sent before: what continues a request or an Async function
// uses it. An error of f ends the actor. It ignores the mailbox's bound, since
// an answer must not be lost. If the actor fails and is kept before (KeepMailbox),
// f does not run: it is not for the next value. It returns ErrStopped when the actor takes no
// messages any more. Any goroutine may call it.
func Post(in Inside, f func() error) error {
	c := in.inside()
	return c.core().postpone(continuation(c.mortal(f)))
}

// envelope is what a mailbox holds: a message, and what rides along.
type envelope[M any] struct {
	m   M
	tag any // nil, a *Ticket, a *timer, a maker[M] or a continuation
}

// continuation is a function that runs in place of Handle.
type continuation func() error

// maker is a message that is made on the receiver's turn: the conversion is
// the receiver's own code and may panic in nobody else's callback.
type maker[M any] func() (m M, ok bool)

// lateItem is an envelope that found its bounded mailbox full and is not
// subject to the bound. It comes after what was queued when it came.
type lateItem struct {
	tag any
	at  uint64 // rare.popped at which it is its turn
}
