package actortest

import (
	"fmt"
	"slices"
	"testing"
)

// Exhaustive runs f in every order of events that can make a difference, and
// fails t with the first run that fails, as Explore does. It is for small
// programs: a handful of actors and messages. What it has enumerated is complete
// from the beginning of f until f has returned and everything has settled; the
// order in which the System is then shut down is always the same.
//
// It goes depth first, again and again from the start, and leaves out what
// differs only in the order of independent steps, by sleep sets (Godefroid, 1996;
// the Erlang tool Concuerror does so too): of the runs with the same
// happens-before relation one is made to its end, the others are given up as soon
// as it is clear that they are the same. See Summary for the numbers.
//
// Actors that share memory depend on each other in a way that it cannot see: then
// it may leave out too much.
func Exhaustive(t *testing.T, f func(sys *System), opts ...Option) Summary {
	t.Helper()
	set := newSettings(opts)
	if err := set.faults.enumerable(); err != nil {
		t.Fatal(err)
	}
	sum, r := enumerate(t, set, f, true)
	if r != nil {
		report(t, set, *r, f)
	}
	t.Logf("%v", sum)
	return sum
}

// enumerate makes all runs, or those up to the first that fails.
func enumerate(t *testing.T, set *settings, f func(*System), sleep bool) (Summary, *run) {
	var sum Summary
	classes := map[uint64]struct{}{}
	for w := (&depthFirst{sleep: sleep}); ; {
		again := func() *sim {
			w.at, w.redundant = 0, false
			d := newSim(set, w, 1)
			d.all = w
			return d
		}
		r := again().run(t, false, f)
		if r.failure != nil {
			r = again().run(t, true, f) // once more, for people
			r.again = again
			return sum, &r
		}
		sum.Steps += r.trace.steps
		if w.redundant {
			sum.Redundant++
		} else {
			sum.Runs++
			if _, known := classes[r.trace.class]; !known {
				classes[r.trace.class] = struct{}{}
				sum.Distinct++
				sum.LastNew = sum.Runs
			}
		}
		if !w.next() {
			sum.Complete = true
			return sum, nil
		}
		if sum.Runs+sum.Redundant >= set.most {
			return sum, nil
		}
	}
}

// depthFirst is the strategy of Exhaustive: it follows the path that next has
// left, and beyond its end goes the first way there is.
type depthFirst struct {
	nodes     []*node
	at        int  // the node that the run has come to
	sleep     bool // leave out what is redundant
	redundant bool // this run was given up
}

// node is a state in which a choice is made, of one or more.
type node struct {
	options []int         // numbers of strands
	chosen  int           // one of these
	foot    []touch       // the footprint of the chosen one's step
	done    map[int]asked // those that were chosen before
	asleep  map[int]asked // those whose step would only lead to runs that were made already
}

// asked is a step that was taken from here: its footprint is the same wherever it
// is taken, as long as nothing that it depends on has come before.
type asked struct{ foot []touch }

func (w *depthFirst) appears(*strand) {}

// choose goes where the path leads.
func (w *depthFirst) choose(_ *sim, options []*strand) int {
	if w.at == len(w.nodes) {
		n := w.node(options)
		if !n.first() {
			w.redundant = true
			return -1
		}
		w.nodes = append(w.nodes, n)
	}
	n := w.nodes[w.at]
	for i, s := range options {
		if s.number == n.chosen {
			return i
		}
	}
	panic(fmt.Sprintf("strand %d cannot go on at step %d, as it could before", n.chosen, w.at+1))
}

// node makes the node that follows the last one.
func (w *depthFirst) node(options []*strand) *node {
	n := &node{done: map[int]asked{}, asleep: map[int]asked{}}
	for _, s := range options {
		n.options = append(n.options, s.number)
	}
	if len(w.nodes) == 0 || !w.sleep {
		return n
	}
	before := w.nodes[len(w.nodes)-1]
	for _, set := range []map[int]asked{before.asleep, before.done} {
		for number, a := range set {
			if number != before.chosen && !conflicts(a.foot, before.foot) {
				n.asleep[number] = a
			}
		}
	}
	return n
}

// first chooses an option that was not chosen before and does not sleep; false:
// there is none.
func (n *node) first() bool {
	for _, number := range n.options {
		_, done := n.done[number]
		if _, asleep := n.asleep[number]; !done && !asleep {
			n.chosen = number
			return true
		}
	}
	return false
}

// took is told the footprint of the step that was chosen last.
func (w *depthFirst) took(foot []touch) {
	n := w.nodes[w.at]
	n.foot = slices.Clone(foot)
	for i := range n.foot { // the things themselves are those of the run
		n.foot[i].thing = &thing{id: n.foot[i].thing.id}
	}
	w.at++
}

// next leaves the path to the next run; false: there is none.
func (w *depthFirst) next() bool {
	for len(w.nodes) > 0 {
		n := w.nodes[len(w.nodes)-1]
		n.done[n.chosen] = asked{n.foot}
		if n.first() {
			return true
		}
		w.nodes = w.nodes[:len(w.nodes)-1]
	}
	return false
}
