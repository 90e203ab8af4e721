package mailbox

import (
	"sync"
	"weak"

	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// Pool is the common store of free nodes for all mailboxes of M in one system. The zero Pool is empty and
// ready; any goroutine may use it; it must not be copied.
//
// It holds at most 1,024 batches of 128 nodes, by weak pointers: a garbage collection empties it. So a burst
// leaves nothing behind and nobody has to trim, while between two collections a backlog of 131,072 messages
// comes and goes without an allocation. A batch costs a lock and a weak pointer, in all about a nanosecond a
// node.
type Pool[M any] struct {
	mu      weave.Mutex
	batches [poolBatches]weak.Pointer[link] // a ring: the newest is before next, the oldest is overwritten when full
	next    uint32
	n       uint32

	// caches serve callers that have none of their own. It belongs to the Pool, not to the package, so that
	// nothing is shared between systems.
	caches sync.Pool
}

// Cache is a store of free nodes that belongs to one goroutine at a time, such as a worker: at most two
// batches of 128 nodes. The zero Cache is empty and ready. It may be used with one Pool only, and must not be
// copied. It fills its cache lines alone, so that caches side by side do not slow each other down.
type Cache[M any] struct {
	hot   *link  // nodes that come and go
	n     int    // how many they are, at most batchSize
	spare *link  // a whole batch, or nil: going to and fro over a boundary does not touch the Pool each time
	dry   uint32 // gets left before the Pool, found empty, is asked again
	_     [96]byte
}

// get returns a node with a zero value.
func (c *Cache[M]) get(p *Pool[M]) *node[M] {
	l := c.hot
	if l == nil {
		return c.refill(p)
	}
	c.hot = l.next
	c.n--
	return as[M](l)
}

func (c *Cache[M]) refill(p *Pool[M]) *node[M] {
	switch {
	case c.spare != nil:
		c.hot, c.spare = c.spare, nil
	case c.dry > 0:
		c.dry--
		return new(node[M])
	default:
		if c.hot = p.take(); c.hot == nil {
			c.dry = batchSize
			return new(node[M])
		}
	}
	c.n = batchSize
	return c.get(p)
}

// put takes n back. Its value is cleared here, so that no free node keeps a message alive.
func (c *Cache[M]) put(p *Pool[M], n *node[M]) {
	if invariant.On {
		invariant.Holdsf(&n.link != c.hot && c.n <= batchSize, "a node is freed twice, or a cache holds %d nodes", c.n)
	}
	var zero M
	n.value = zero
	if c.n == batchSize {
		if c.spare != nil {
			p.give(c.spare)
		}
		c.hot, c.n, c.spare, c.dry = nil, 0, c.hot, 0
	}
	n.next = c.hot
	c.hot = &n.link
	c.n++
}

// get returns a node from c, or from a Cache borrowed for this one step when c is nil.
func (p *Pool[M]) get(c *Cache[M]) *node[M] {
	if c != nil {
		return c.get(p)
	}
	c = p.borrow()
	n := c.get(p)
	p.caches.Put(c)
	return n
}

// put is the reverse of get.
func (p *Pool[M]) put(c *Cache[M], n *node[M]) {
	if c != nil {
		c.put(p, n)
		return
	}
	c = p.borrow()
	c.put(p, n)
	p.caches.Put(c)
}

func (p *Pool[M]) borrow() *Cache[M] {
	if c, ok := p.caches.Get().(*Cache[M]); ok {
		return c
	}
	return new(Cache[M])
}

// give stores a whole batch.
func (p *Pool[M]) give(batch *link) {
	if invariant.On {
		invariant.Holdsf(length(batch) == batchSize, "a batch of %d nodes", length(batch))
	}
	w := weak.Make(batch)
	p.mu.Lock()
	p.batches[p.next%poolBatches] = w
	p.next++
	p.n = min(p.n+1, poolBatches)
	p.mu.Unlock()
}

// length counts the nodes of a batch.
func length(batch *link) (n int) {
	for ; batch != nil; batch = batch.next {
		n++
	}
	return n
}

// take returns a whole batch, or nil when there is none that the collector has left.
func (p *Pool[M]) take() *link {
	for {
		p.mu.Lock()
		if p.n == 0 {
			p.mu.Unlock()
			return nil
		}
		p.next--
		p.n--
		slot := &p.batches[p.next%poolBatches]
		w := *slot
		*slot = weak.Pointer[link]{}
		p.mu.Unlock()
		if batch := w.Value(); batch != nil {
			if invariant.On {
				invariant.Holdsf(length(batch) == batchSize, "a batch of %d nodes in the pool", length(batch))
			}
			return batch
		}
	}
}
