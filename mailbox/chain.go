package mailbox

// Chain is messages that go into a mailbox in one step, see PushChain. One goroutine makes it, of nodes of one Pool;
// it must not be copied after its first Add.
type Chain[M any] struct {
	pool        *Pool[M]
	cache       *Cache[M]
	borrowed    bool  // the cache
	top, bottom *link // the newest message and the oldest
	n           uint32
}

// NewChain returns an empty Chain for the mailboxes of p. c is the caller's own Cache, or nil: then one is borrowed
// until the Chain is pushed.
func NewChain[M any](p *Pool[M], c *Cache[M]) Chain[M] {
	if c == nil {
		return Chain[M]{pool: p, cache: p.borrow(), borrowed: true}
	}
	return Chain[M]{pool: p, cache: c}
}

// Add adds m behind what is in the Chain already.
func (ch *Chain[M]) Add(m M) {
	n := ch.cache.get(ch.pool)
	n.value = m
	if ch.n == 0 {
		ch.bottom = &n.link
	}
	n.next = ch.top // below it is what came before, as in the stack
	ch.top = &n.link
	ch.n++
}

// PushChain adds all messages of a Chain to the Message lane, in order and with no other message between them, and
// empties the Chain, which must not be used again. Any goroutine may call it. It returns Queued, Wake (the caller
// must now schedule the consumer) or Closed: then none was accepted. It costs what one Push costs, whatever is in
// the Chain; an empty one costs nothing. A bounded mailbox takes no chains: that is a programmer's error and panics.
func (b *Mailbox[M, E]) PushChain(ch *Chain[M]) Outcome {
	if b.ring != nil {
		panic("mailbox: PushChain to a bounded mailbox")
	}
	o := Queued
	if ch.n > 0 {
		// The consumer turns the chain round with all the rest, and finds it like so many pushes, one right
		// after the other: what is argued for a push holds for this one.
		switch push(&b.word, ch.top, ch.bottom, ch.n) {
		case nil:
			o = Wake
		case &closed:
			o = Closed
			ch.discard()
		}
	}
	if ch.borrowed {
		ch.pool.caches.Put(ch.cache)
	}
	*ch = Chain[M]{}
	return o
}

// discard gives the nodes back.
func (ch *Chain[M]) discard() {
	for l, left := ch.top, ch.n; left > 0; left-- {
		n := as[M](l)
		l = l.next
		ch.cache.put(ch.pool, n)
	}
}
