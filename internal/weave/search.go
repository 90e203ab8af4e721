//go:build interleave

package weave

import "math/bits"

// search goes through the schedules depth first, one execution after the other: each follows the choices of
// the one before up to the last that has an alternative, takes that, and goes on without preemptions.
//
// # Reduction
//
// Most operations of different threads commute, and swapping them shows nothing new. So an alternative is tried
// only where it may matter: when thread u is about to do what depends on step i of another thread (the same
// object, and one of the two writes), u is to be tried in place of i; and, because a preemption there may be
// more than the bound allows where switching earlier is free, also wherever threads were switched before i. This
// is bounded partial-order reduction: K. E. Coons, M. Musuvathi, K. S. McKinley, OOPSLA 2013, who go back to the
// last switch only. What a thread that has yielded waits for is an object too, which every step writes. The tests
// hold it all against the search without it (full): evidence, no proof.
type search struct {
	bound int
	full  bool // no reduction
	nodes []node
	at    int
	last  [maxThreads]int32 // each thread's last step, plus 1
}

// node is one choice of an execution.
type node struct {
	enabled   uint32 // who could move
	wanted    uint32 // who is to be tried
	tried     uint32
	signature uint32
	prev      int8 // who moved before; -1: nobody, or one that cannot go on or need not, and the choice is free
	chosen    int8
	preempted int16 // preemptions before this choice
	block     int32 // the step at which chosen was switched to, or the last one at which the choice was free
}

// cost is the number of preemptions up to and with this choice.
func (n *node) cost() int { return int(n.preempted) + n.costs(n.chosen) }

// costs says whether choosing th is a preemption.
func (n *node) costs(th int8) int {
	if n.prev >= 0 && n.prev != th {
		return 1
	}
	return 0
}

func (s *search) pick(r *Run, mask uint32, prev *thread) int {
	i := s.at
	s.at++
	if i == len(s.nodes) {
		s.nodes = append(s.nodes, s.fresh(r, i, mask, prev))
	}
	n := &s.nodes[i]
	if n.enabled != mask || n.signature != r.signature() {
		r.failf("uncontrolled nondeterminism at step %d: the same choices have led elsewhere before", i)
		return -1
	}
	n.block = int32(i)
	if i > 0 && n.prev >= 0 && s.nodes[i-1].chosen == n.chosen {
		n.block = s.nodes[i-1].block
	}
	return int(n.chosen)
}

func (s *search) fresh(r *Run, i int, mask uint32, prev *thread) node {
	n := node{enabled: mask, signature: r.signature(), prev: -1}
	n.chosen = int8(bits.TrailingZeros32(mask))
	if prev != nil && mask&(1<<prev.number) != 0 {
		n.chosen = int8(prev.number)
		if prev.op != opYield {
			n.prev = n.chosen
		}
	}
	if i > 0 {
		n.preempted = int16(s.nodes[i-1].cost())
	}
	n.wanted = 1 << n.chosen
	if s.full {
		n.wanted = mask
	}
	return n
}

// announced wants th in place of the last step of each other thread that it depends on.
func (s *search) announced(r *Run, th *thread) {
	if s.full {
		return
	}
	if th.yielded { // it waits for a step of anybody: had it come here earlier, the last one would have done
		for v, last := range s.last {
			if v != th.number && last > 0 {
				s.want(last-1, th.number)
			}
		}
	}
	if th.object < 0 {
		return
	}
	a := &r.objects[th.object]
	for v := range r.threads {
		if v == th.number {
			continue
		}
		last := a.written[v]
		if th.op.writes() {
			last = max(last, a.read[v])
		}
		if last > 0 {
			s.want(last-1, th.number)
		}
	}
}

// moved wants in place of this step all who are about to do something that depends on it.
func (s *search) moved(r *Run, th *thread, step int) {
	s.last[th.number] = int32(step) + 1
	if s.full || th.object < 0 {
		return
	}
	for _, u := range r.threads {
		if u != th && !u.ended && u.object == th.object && (u.op.writes() || th.op.writes()) {
			s.want(int32(step), u.number)
		}
	}
	a := &r.objects[th.object]
	if th.op.writes() {
		a.written[th.number] = int32(step) + 1
	} else {
		a.read[th.number] = int32(step) + 1
	}
}

func (s *search) want(step int32, th int) {
	s.add(step, th)
	for { // and wherever threads were switched before
		step = s.nodes[step].block
		s.add(step, th)
		if step == 0 {
			return
		}
		step--
	}
}

func (s *search) add(step int32, th int) {
	n := &s.nodes[step]
	if n.enabled&(1<<th) != 0 {
		n.wanted |= 1 << th
	} else {
		n.wanted |= n.enabled
	}
}

// next prepares the next execution; false: there is none left.
func (s *search) next() bool {
	s.last = [maxThreads]int32{}
	for s.at = 0; len(s.nodes) > 0; s.nodes = s.nodes[:len(s.nodes)-1] {
		n := &s.nodes[len(s.nodes)-1]
		n.tried |= 1 << n.chosen
		for left := n.wanted &^ n.tried; left != 0; left &= left - 1 {
			th := int8(bits.TrailingZeros32(left))
			if int(n.preempted)+n.costs(th) <= s.bound {
				n.chosen = th
				return true
			}
		}
	}
	return false
}
