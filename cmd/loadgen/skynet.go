package main

import (
	"context"
	"sync"

	"github.com/ractor-go/ractor/actor"
)

func skynet() scenario {
	nodes := func(s size) int { return int(treeSize(int64(s.Actors))) }
	return scenario{
		name:   "skynet",
		work:   "A tree in which every node starts ten more, down to the leaves (--actors of them: a million make 1,111,111 nodes). The leaves' numbers are summed on the way up, and all exit.",
		op:     "an actor",
		full:   size{Actors: 1_000_000},
		modest: size{Actors: 1_000_000},
		variants: []variant{{
			capacity: 16,
			ours:     skynetOurs,
			theirs:   func(_ context.Context, t *trial) error { return skynetTheirs(t, 16) },
			actors:   nodes,
		}},
	}
}

// branches is how many children an inner node has, if it has leaves enough.
const branches = 10

// treeSize is how many nodes a tree of so many leaves has.
func treeSize(leaves int64) int64 {
	nodes := int64(1)
	if leaves == 1 {
		return nodes
	}
	n := min(branches, int(leaves))
	low, high := leaves/int64(n), leaves%int64(n)
	if high > 0 {
		nodes += high * treeSize(low+1)
	}
	return nodes + (int64(n)-high)*treeSize(low)
}

// tally is what a subtree reports: the sum of its leaves' numbers, its nodes.
type tally struct{ sum, nodes int64 }

func (t *tally) add(m tally) {
	t.sum += m.sum
	t.nodes += m.nodes
}

// node has the leaves numbered from first on.
type node struct {
	parent        actor.Ref[tally]
	first, leaves int64
	waiting       int
	total         tally
}

func (n *node) PostStart(ctx *actor.Context[tally]) error {
	if n.leaves == 1 {
		ctx.Stop()
		return n.parent.Cast(ctx, tally{sum: n.first, nodes: 1})
	}
	n.total.nodes = 1
	n.waiting = min(branches, int(n.leaves))
	first := n.first
	for i := range n.waiting {
		leaves := share(n.leaves, n.waiting, i)
		if _, err := actor.Spawn(ctx, &node{parent: ctx.Self(), first: first, leaves: leaves}); err != nil {
			return err
		}
		first += leaves
	}
	return nil
}

func (n *node) Handle(ctx *actor.Context[tally], m tally) error {
	n.total.add(m)
	if n.waiting--; n.waiting > 0 {
		return nil
	}
	ctx.Stop()
	return n.parent.Cast(ctx, n.total)
}

// crown is above the root: it gets the total.
type crown struct {
	total tally
	done  chan struct{}
}

func (c *crown) Handle(_ *actor.Context[tally], m tally) error {
	c.total = m
	close(c.done)
	return nil
}

func skynetOurs(ctx context.Context, t *trial) error {
	leaves := int64(t.size.Actors)
	top := &crown{done: make(chan struct{})}
	err := t.inSystem(ctx, func(ctx context.Context, sys *actor.System) error {
		above, err := actor.Spawn(ctx, top)
		if err != nil {
			return err
		}
		return t.measure(treeSize(leaves), func() error {
			if _, err := actor.Spawn(ctx, &node{parent: above, leaves: leaves}); err != nil {
				return err
			}
			if err := await(ctx, top.done); err != nil {
				return err
			}
			above.Stop()
			return sys.Shutdown(ctx) // no actor is left
		})
	})
	if errIsRunning(err) {
		return err
	}
	t.skynetChecks(top.total)
	return err
}

func (t *trial) skynetChecks(total tally) {
	leaves := int64(t.size.Actors)
	// Every node but the root's own report is a message to its parent.
	t.balance(ledger{sent: treeSize(leaves), handled: total.nodes})
	t.want("sum", total.sum, triangle(leaves-1))
}

func skynetTheirs(t *trial, capacity int) error {
	leaves := int64(t.size.Actors)
	var all sync.WaitGroup
	var grow func(own chan tally, parent chan<- tally, first, leaves int64)
	grow = func(own chan tally, parent chan<- tally, first, leaves int64) {
		defer all.Done()
		if leaves == 1 {
			parent <- tally{sum: first, nodes: 1}
			return
		}
		total := tally{nodes: 1}
		n := min(branches, int(leaves))
		for i := range n {
			part := share(leaves, n, i)
			all.Add(1)
			go grow(make(chan tally, capacity), own, first, part)
			first += part
		}
		for range n {
			total.add(<-own)
		}
		parent <- total
	}
	top := make(chan tally, 1)
	err := t.measure(treeSize(leaves), func() error {
		all.Add(1)
		go grow(make(chan tally, capacity), top, 0, leaves)
		all.Wait()
		return nil
	})
	if err != nil {
		return err
	}
	t.skynetChecks(<-top)
	return nil
}
