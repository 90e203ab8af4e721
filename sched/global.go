package sched

import (
	"sync"
	"sync/atomic"
)

// global is the queue that everybody may fill: goroutines outside the
// workers, carriers that have no worker any more, and full run queues.
//
// It has two stages. Producers push onto a Treiber stack: one
// compare-and-swap, whoever they are. Workers take from a list under a mutex,
// and when it is empty turn the whole stack over into it, which makes the
// oldest come first. So producers never meet the mutex, and workers meet it
// once a batch. (A mutex for both was slower with many producers; a stack that
// each worker empties for itself cannot be stolen from.)
type global struct {
	stack atomic.Pointer[Task]
	_     [56]byte // producers write the word above, workers read the one below
	size  atomic.Int64
	mu    sync.Mutex
	list  chain // guarded by mu, oldest first; size is its length
}

// push appends one task; any goroutine may call it.
func (g *global) push(t *Task) {
	for {
		head := g.stack.Load()
		t.next = head
		if g.stack.CompareAndSwap(head, t) {
			return
		}
	}
}

// pushChain appends n tasks, in order.
func (g *global) pushChain(c chain, n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	if g.list.last == nil {
		g.list = c
	} else {
		g.list.last.next = c.first
		g.list.last = c.last
	}
	g.size.Add(int64(n))
	g.mu.Unlock()
}

// pop takes up to limit tasks, and no more than a share-th part of what is
// there, so that the other workers find some too.
func (g *global) pop(limit, share int) (chain, int) {
	var out chain
	if g.empty() {
		return out, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.list.first == nil {
		g.turnOver()
	}
	n := int(g.size.Load())
	n = min(n/share+1, limit, n)
	for range n {
		out.add(g.list.pop())
	}
	g.size.Add(int64(-n))
	return out, n
}

// turnOver moves the stack into the empty list; mu is held.
func (g *global) turnOver() {
	newest := g.stack.Swap(nil)
	var oldest *Task
	n := int64(0)
	for t := newest; t != nil; n++ {
		next := t.next
		t.next = oldest
		oldest, t = t, next
	}
	g.list = chain{first: oldest, last: newest}
	g.size.Add(n)
}

// empty is exact for everything that was pushed before the call: size covers
// the list, and turnOver raises it before the mutex is free; between its swap
// and that only the worker in turnOver itself can miss what is there, and it
// is about to take it.
func (g *global) empty() bool { return g.stack.Load() == nil && g.size.Load() == 0 }

// len is how many tasks wait in the list; those on the stack are not counted.
func (g *global) len() int { return int(g.size.Load()) }
