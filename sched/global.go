package sched

import (
	"slices"

	"github.com/ractor-go/ractor/internal/invariant"
	"github.com/ractor-go/ractor/internal/weave"
)

// global is the queue that everybody may fill: goroutines outside the
// workers and carriers that have no worker any more push single tasks, full
// run queues spill batches.
//
// Single tasks go through two stages. Producers push onto a Treiber stack: one
// compare-and-swap, whoever they are. Workers take from a list under a mutex,
// and when it is empty turn the whole stack over into it, which makes the
// oldest come first. So producers never meet the mutex, and workers meet it
// once a batch. (A mutex for both was slower with many producers; a stack that
// each worker empties for itself cannot be stolen from.)
//
// Spilled batches are taken up newest first by workers that have run dry: what
// was spilled last is still in a cache, and a tree that grows by tens at each
// node is walked by depth, in the memory of a few thousand actors, and not by
// breadth, with all of a million alive at once. So that nothing starves, every
// worker polls now and then, and that takes the oldest.
type global struct {
	stack weave.Pointer[Task]
	_     [56]byte // producers write the word above, workers read the one below
	size  weave.Int64
	mu    weave.Mutex
	list  batch   // guarded by mu: single tasks, oldest first
	spill []batch // guarded by mu: from full run queues, newest last
}

// batch is a chain whose length is known.
type batch struct {
	chain

	n int
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

// pushChain adds n tasks that a run queue has spilled.
func (g *global) pushChain(c chain, n int) {
	if n == 0 {
		return
	}
	g.mu.Lock()
	g.spill = append(g.spill, batch{c, n})
	g.size.Add(int64(n))
	g.mu.Unlock()
}

// pop is for a worker that has run dry: the newest batch, or single tasks, up
// to limit and no more than a share-th part, so that others find some too.
func (g *global) pop(limit, share int) (chain, int) {
	if g.empty() {
		return chain{}, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if last := len(g.spill) - 1; last >= 0 {
		b := g.spill[last]
		g.spill[last] = batch{}
		g.spill = g.spill[:last]
		g.size.Add(int64(-b.n))
		return b.chain, b.n
	}
	out := g.single(limit, share)
	return out.chain, out.n
}

// poll is for a worker that has tasks of its own: a few of the oldest.
func (g *global) poll(limit int) (chain, int) {
	if g.empty() {
		return chain{}, 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// Some of each: neither a stream of single tasks nor one of batches may
	// keep the other waiting for ever.
	out := g.single(limit/2, 1)
	if len(g.spill) > 0 {
		g.take(&g.spill[0], limit-out.n, &out)
		if g.spill[0].n == 0 {
			g.spill = slices.Delete(g.spill, 0, 1)
		}
	}
	return out.chain, out.n
}

// single takes single tasks, oldest first; mu is held.
func (g *global) single(limit, share int) batch {
	var out batch
	if g.list.first == nil {
		if only := g.turnOver(); only != nil {
			out.add(only)
			out.n = 1
			return out
		}
	}
	g.take(&g.list, min(limit, g.list.n/share+1), &out)
	return out
}

// take moves up to limit tasks from b to out; mu is held.
func (g *global) take(b *batch, limit int, out *batch) {
	n := min(limit, b.n)
	for range n {
		out.add(b.pop())
	}
	out.n += n
	b.n -= n
	if invariant.On {
		invariant.Holdsf((b.n == 0) == (b.first == nil), "a batch of %d tasks whose first is %p", b.n, b.first)
	}
	g.size.Add(int64(-n))
}

// turnOver moves the stack into the empty list; mu is held. A single task, as a
// lone caller's, is returned instead: it needs no books.
func (g *global) turnOver() (only *Task) {
	newest := g.stack.Swap(nil)
	if newest == nil || newest.next == nil {
		return newest
	}
	var oldest *Task
	n := 0
	for t := newest; t != nil; n++ {
		next := t.next
		t.next = oldest
		oldest, t = t, next
	}
	g.list = batch{chain{first: oldest, last: newest}, n}
	g.size.Add(int64(n))
	return nil
}

// empty is exact for everything that was pushed before the call: size covers
// the list and the batches, and turnOver raises it before the mutex is free;
// between its swap and that only the worker in turnOver itself can miss what is
// there, and it is about to take it.
func (g *global) empty() bool { return g.stack.Load() == nil && g.size.Load() == 0 }

// len is how many tasks wait, those on the stack not counted.
func (g *global) len() int { return int(g.size.Load()) }
