package mailbox

// What the tests need to see of the inside: a ring that starts anywhere, and pushes and pops cut in half.

func (b *Mailbox[M, E]) BoundAt(n int, start uint64) { b.ring = newRing[M](n, start) }

// Claim and Publish are the two halves of a bounded Push.
func (b *Mailbox[M, E]) Claim() (uint64, Outcome) { return b.ring.claim() }

func (b *Mailbox[M, E]) Publish(at uint64, m M) Outcome {
	b.ring.publish(at, m)
	return b.published()
}

// Lift and Release are the two halves of a bounded Pop.
func (b *Mailbox[M, E]) Lift() (uint64, bool) { return b.ring.lift() }
func (b *Mailbox[M, E]) Release(at uint64) M  { return b.ring.release(at) }

// Head and ReadyFrom are the two loads of the consumer's last look at the ring.
func (b *Mailbox[M, E]) Head() uint64            { return b.ring.head.Load() }
func (b *Mailbox[M, E]) ReadyFrom(h uint64) bool { return b.ring.readyFrom(h) }

func (b *Mailbox[M, E]) Waiting() int            { return int(b.ring.room.waiting.Load()) }
func (b *Mailbox[M, E]) Size() int               { return len(b.ring.slots) }
func (b *Mailbox[M, E]) IsAsleep() bool          { return b.word.Load() == nil }
func (b *Mailbox[M, E]) IsClosed() bool          { return b.word.Load() == &closed }
func (b *Mailbox[M, E]) IsHead(l *link) bool     { return b.word.Load() == l }
func (b *Mailbox[M, E]) Swap(head, l *link) bool { return b.word.CompareAndSwap(head, l) }

// Prepare is an unbounded Push up to its CAS, which Swap is.
func (b *Mailbox[M, E]) Prepare(p *Pool[M], c *Cache[M], m M) (head, l *link) {
	n := p.get(c)
	n.value = m
	head = b.word.Load()
	n.over(head, &n.link, 1)
	return head, &n.link
}

// Nodes counts what a Cache holds, and checks its own count.
func (c *Cache[M]) Nodes() (n int) {
	for l := c.hot; l != nil; l = l.next {
		n++
	}
	if n != c.n {
		return -1
	}
	for l := c.spare; l != nil; l = l.next {
		n++
	}
	return n
}

// Batches counts the batches of a Pool that are still there, and their nodes.
func (p *Pool[M]) Batches() (batches, nodes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.batches {
		l := w.Value()
		if l != nil {
			batches++
		}
		for ; l != nil; l = l.next {
			nodes++
		}
	}
	return batches, nodes
}

const (
	BatchSize   = batchSize
	PoolBatches = poolBatches
)
