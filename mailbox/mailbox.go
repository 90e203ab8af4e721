package mailbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/internal/weave"
)

// Mailbox is the input of one consumer, typically an actor: messages of type M and control items of type E
// in four strict lanes. Any number of goroutines push, one at a time consumes. The zero Mailbox is unbounded,
// empty and asleep. It is five words, made to be embedded, and must not be copied after its first use.
//
// "Only the consumer" in a method's comment means: only whoever is awake on behalf of this mailbox, that is,
// who was told Wake and has not yet been told true by Sleep. It need not be the same goroutine each time.
type Mailbox[M, E any] struct {
	// word is both the stack of messages and the state of the consumer:
	//
	//	nil      asleep, no message
	//	&awake   awake (scheduled or running), no message but what the consumer has taken
	//	&closed  closed, for ever
	//	a node   the newest message; awake
	//
	// The arcs, each with its one function: nil → chain and &awake → chain (push), nil → &awake (Wake, and
	// Sleep when it changes its mind), chain → &awake (take), &awake → nil (Sleep), any → &closed (Close).
	word weave.Pointer[link]

	batch   *link               // consumer only: messages taken and put in order, oldest first
	control weave.Pointer[link] // stack of control items, or &closed
	pending *link               // consumer only: control items in strict order, a circle, points at the last one
	ring    *ring[M]            // the Message lane when it is bounded, otherwise nil; never changes after Bound
}

// Outcome is the result of a push: what the caller must do next.
type Outcome uint8

// The outcomes.
const (
	// Queued: accepted; the consumer is awake and will see it.
	Queued Outcome = iota
	// Wake: accepted; the consumer was asleep, and the caller must now schedule it, exactly once.
	Wake
	// Full: not accepted, the lane is at its bound.
	Full
	// Closed: not accepted, for ever.
	Closed
	// Late: accepted, but the mailbox was closed during the push, and the consumer may have gone already. The
	// caller must now call PopOldest until it returns false and discard each message that it gets: its own
	// may be among them, or may have been popped by somebody else. Only bounded mailboxes are ever late.
	Late
)

// String returns the outcome's name.
func (o Outcome) String() string {
	switch o {
	case Queued:
		return "queued"
	case Wake:
		return "wake"
	case Full:
		return "full"
	case Closed:
		return "closed"
	case Late:
		return "late"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// MaxBound is the largest bound of a mailbox.
const MaxBound = 1 << 30

// ErrBound is returned, wrapped with the value, for a bound that is not between 1 and MaxBound.
var ErrBound = errors.New("mailbox: bound out of range")

// Bound limits the Message lane to n messages, 1 to MaxBound, otherwise it returns an ErrBound and changes
// nothing. It must be called before the first use and before other goroutines know the mailbox. The room is
// taken at once: n slots rounded up to a power of two, each 8 bytes and one M.
func (b *Mailbox[M, E]) Bound(n int) error {
	if n < 1 || n > MaxBound {
		return fmt.Errorf("%w: %d is not between 1 and %d", ErrBound, n, MaxBound)
	}
	b.ring = newRing[M](n, 0)
	return nil
}

// Push adds m to the Message lane. Any goroutine may call it. c is the caller's own Cache, or nil, which costs
// about ten nanoseconds more; a bounded mailbox needs neither p nor c. It returns Queued, Wake (the caller must
// now schedule the consumer), Closed, and from a bounded mailbox also Full and Late. It never blocks. It costs
// one CAS, bounded one CAS and one store.
func (b *Mailbox[M, E]) Push(p *Pool[M], c *Cache[M], m M) Outcome {
	if b.ring != nil {
		return b.pushBounded(m)
	}
	n := p.get(c)
	n.value = m
	switch push(&b.word, &n.link, &n.link, 1) {
	case nil:
		return Wake
	case &closed:
		p.put(c, n)
		return Closed
	}
	return Queued
}

func (b *Mailbox[M, E]) pushBounded(m M) Outcome {
	at, o := b.ring.claim()
	if o != Queued {
		return o
	}
	b.ring.publish(at, m)
	return b.published()
}

// published is the producer's second step for a message in the ring: look at the word, after the message can
// be seen. If the word is not closed now, the message was there before Close closed it, and so before the
// consumer's last look: it is the consumer's. If it is closed, that look may have been before the message was
// there, and somebody has to pop it: the caller, who is Late.
func (b *Mailbox[M, E]) published() Outcome {
	if b.Wake() {
		return Wake
	}
	if b.word.Load() == &closed {
		return Late
	}
	return Queued
}

// Wake makes the consumer awake without giving it anything. True: it was asleep, and the caller must now
// schedule it, exactly once. False: it is awake, or the mailbox is closed. Any goroutine may call it. It costs
// a load, and a CAS when the consumer is asleep.
func (b *Mailbox[M, E]) Wake() bool {
	// If the CAS fails, somebody else woke the consumer after the caller's push: it will see what was pushed.
	return b.word.Load() == nil && b.word.CompareAndSwap(nil, &awake)
}

// Pop removes the oldest message; false: there is none now. Only the consumer may call it, also after Close,
// until it returns false. The message's node goes to c, the consumer's own Cache, or nil; nothing here keeps
// the message alive after Pop returned it. It costs one swap for all that has arrived since the last one;
// bounded, a CAS and a store each.
func (b *Mailbox[M, E]) Pop(p *Pool[M], c *Cache[M]) (m M, ok bool) {
	if b.ring != nil {
		return b.ring.pop()
	}
	l := b.batch
	if l == nil {
		if l = b.take(); l == nil {
			return m, false
		}
	}
	b.batch = l.next
	n := as[M](l)
	m = n.value
	p.put(c, n)
	return m, true
}

// take empties the stack and returns what was in it, oldest first.
func (b *Mailbox[M, E]) take() *link {
	if !isChain(b.word.Load()) {
		return nil
	}
	// Producers only make a chain longer, and only the consumer takes and closes: a chain now is a chain still.
	return reverse(b.word.Swap(&awake))
}

// PopOldest removes the oldest message of a bounded mailbox; false: there is none that can be had now. Any
// goroutine may call it: a producer that is told Full to make room by discarding it, one that is Late to
// discard what is left. False right after Full means that another goroutine is in the middle of writing or of
// reading the oldest message; yield and push again, or give up. An unbounded mailbox returns false.
func (b *Mailbox[M, E]) PopOldest() (m M, ok bool) {
	if b.ring == nil {
		return m, false
	}
	return b.ring.pop()
}

// WaitRoom waits until a bounded mailbox that was Full may have room again, and returns nil; the caller pushes
// again, and may be told Full again, because others do so too. When ctx ends first it returns
// context.Cause(ctx). It returns nil at once when there is room, when the mailbox is closed, or not bounded.
// Any goroutine may call it but the consumer, which would wait for itself.
//
// The waiters are woken together when the lane is half empty, or when as many messages have been popped as
// the bound counts, or at Close: not at each pop, which would pay a wakeup for every message.
func (b *Mailbox[M, E]) WaitRoom(ctx context.Context) error {
	if b.ring == nil {
		return nil
	}
	return b.ring.wait(ctx)
}

// Sleep makes the consumer sleep if all lanes are empty. True: it sleeps, and the caller, who is not the
// consumer any more, must not touch it: another goroutine may be the consumer already. False: something has
// come, and the caller goes on. Only the consumer may call it. After Close it returns true when everything is
// popped: nobody will ever be told Wake. It costs one CAS.
func (b *Mailbox[M, E]) Sleep() bool {
	if b.batch != nil || b.HasControl() {
		return false
	}
	if !b.word.CompareAndSwap(&awake, nil) {
		// Messages have come, or the mailbox is closed.
		return b.word.Load() == &closed && !b.ring.ready()
	}
	// The consumer is asleep from here on, for everyone to see: only what is atomic may be touched, and ring,
	// which never changes. Messages of the unbounded lane go through the word itself and cannot be missed; the
	// other lanes are looked at once more: the second list in the package comment.
	if b.control.Load() == nil && !b.ring.ready() {
		return true
	}
	// Something came. Whoever turns nil into &awake owns the duty: if that is a producer, it has been told
	// Wake, and a new consumer runs.
	return !b.word.CompareAndSwap(nil, &awake)
}

// Close closes all lanes: every push that has not been accepted yet returns Closed. Only the consumer may call
// it; a second call does nothing. What was accepted comes out of PopControl and Pop as before, each exactly
// once, until they return false; a producer that was in the middle of a bounded push is told Late and discards
// its own. Waiters for room are woken.
func (b *Mailbox[M, E]) Close() {
	if b.word.Load() == &closed {
		return
	}
	if c := b.control.Swap(&closed); isChain(c) {
		b.sort(c)
	}
	if b.ring != nil {
		b.ring.close()
	}
	w := b.word.Swap(&closed)
	if !isChain(w) {
		return
	}
	// What came last goes behind what was taken before, which counts it in.
	last := reverse(w)
	if b.batch == nil {
		b.batch = last
		return
	}
	for l := b.batch; ; l = l.next {
		l.left += last.left
		if l.next == nil {
			l.next = last
			return
		}
	}
}

// Bounded says whether Bound was called; any goroutine may ask.
func (b *Mailbox[M, E]) Bounded() bool { return b.ring != nil }

// Backlog returns how many messages are left of those that the consumer has taken; after Close, of all. It is
// exact and costs one load. Only the consumer may call it. It is 0 for a bounded mailbox, which takes one at a
// time.
func (b *Mailbox[M, E]) Backlog() int {
	if b.batch == nil {
		return 0
	}
	return int(b.batch.left)
}

// Len returns about how many messages are queued and not yet taken by the consumer. Any goroutine may call it;
// it costs two loads. Under concurrent use the number is a report, not a fact; with nobody else at work it is
// exact.
func (b *Mailbox[M, E]) Len() int {
	if b.ring != nil {
		return b.ring.len()
	}
	if head := b.word.Load(); isChain(head) {
		return int(head.depth.Load())
	}
	return 0
}
