package mailbox

import "fmt"

// Lane is the rank of an input; a lower number is served first, always.
type Lane uint8

// The lanes, in the order in which they are served.
const (
	Signal      Lane = iota + 1 // what reaches even an actor that is about to stop, such as a kill
	Stop                        // requests to stop
	Supervision                 // what happened to other actors
	Message                     // everything else; the only lane that can be bounded
)

// String returns the lane's name.
func (l Lane) String() string {
	switch l {
	case Signal:
		return "signal"
	case Stop:
		return "stop"
	case Supervision:
		return "supervision"
	case Message:
		return "message"
	}
	return fmt.Sprintf("Lane(%d)", uint8(l))
}

// event is an item of one of the three control lanes.
type event[E any] struct {
	lane Lane
	item E
}

// PushControl adds e to a control lane: Signal, Stop or Supervision; another lane is a programmer's error and
// panics. Any goroutine may call it. It returns Queued, Wake (the caller must now schedule the consumer) or
// Closed (e was not accepted). Control lanes have no bound. It costs one allocation and one CAS, and a second
// CAS when the consumer is asleep.
func (b *Mailbox[M, E]) PushControl(l Lane, e E) Outcome {
	if l < Signal || l > Supervision {
		panic(fmt.Sprintf("mailbox: PushControl to lane %v, which is no control lane", l))
	}
	n := &node[event[E]]{value: event[E]{l, e}}
	if push(&b.control, &n.link, &n.link, 1) == &closed {
		return Closed
	}
	// The event is in its lane: from here on the order of the two steps is that of the first list in the
	// package comment.
	if b.Wake() {
		return Wake
	}
	return Queued
}

// HasNews reports whether a control item has arrived since the last PopControl. Any goroutine may call it: it is
// for a consumer that has told others, by a word of its own, that it is the consumer no more, and looks once
// again. It costs a load.
func (b *Mailbox[M, E]) HasNews() bool { return isChain(b.control.Load()) }

// HasControl reports whether a control item is waiting. Only the consumer may call it. It is one plain load
// and two comparisons, made to be inlined and called before every message.
func (b *Mailbox[M, E]) HasControl() bool {
	return b.pending != nil || b.HasNews()
}

// PopControl removes the first control item: a Signal before a Stop before a Supervision, in order of arrival
// within a lane. Only the consumer may call it. It costs a swap when something has arrived since the last call,
// otherwise a load.
func (b *Mailbox[M, E]) PopControl() (l Lane, e E, ok bool) { return b.PopControlUpTo(Supervision) }

// PopControlUpTo is PopControl of the lanes up to last; the items of the others stay where they are, in order.
func (b *Mailbox[M, E]) PopControlUpTo(last Lane) (l Lane, e E, ok bool) {
	// What has arrived since must be sorted in before each pop: a Signal overtakes all that is pending.
	if isChain(b.control.Load()) {
		b.sort(b.control.Swap(nil)) // only the consumer closes: a chain now is a chain still
	}
	if b.pending == nil || laneOf[E](b.pending.next) > last {
		return l, e, false
	}
	first := b.pending.next
	if first == b.pending {
		b.pending = nil
	} else {
		b.pending.next = first.next
	}
	ev := as[event[E]](first).value
	return ev.lane, ev.item, true
}

// sort moves a taken chain of control items, newest first, into pending.
func (b *Mailbox[M, E]) sort(chain *link) {
	// Pushing each item in front of its lane's list turns newest first into oldest first.
	var lanes [Supervision + 1]struct{ first, last *link }
	for chain != nil {
		l := chain
		chain = l.next
		q := &lanes[laneOf[E](l)]
		l.next = q.first
		q.first = l
		if q.last == nil {
			q.last = l
		}
	}
	for lane := Signal; lane <= Supervision; lane++ {
		if q := lanes[lane]; q.first != nil {
			b.insert(lane, q.first, q.last)
		}
	}
}

// insert puts a list of one lane's items behind all that is pending in this and the lanes before it. Mostly
// that is the end, which pending points at: a supervisor may have a hundred thousand events pending.
func (b *Mailbox[M, E]) insert(lane Lane, first, last *link) {
	if b.pending == nil {
		last.next = first
		b.pending = last
		return
	}
	at := b.pending // the new items go behind at; the circle's first is behind its last
	if laneOf[E](at) <= lane {
		b.pending = last
	} else {
		for laneOf[E](at.next) <= lane {
			at = at.next
		}
	}
	last.next = at.next
	at.next = first
}

func laneOf[E any](l *link) Lane { return as[event[E]](l).value.lane }
