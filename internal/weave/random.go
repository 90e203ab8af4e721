//go:build interleave

package weave

import "math/rand/v2"

// priorities chooses by PCT (S. Burckhardt and others, ASPLOS 2010): each thread has a random priority, the
// highest one that can moves, and at depth-1 random steps the one that has just moved falls below all others. One
// execution finds what needs depth ordered steps with a probability of at least 1/(threads*steps^(depth-1)).
type priorities struct {
	random   *rand.Rand
	changes  []int // the steps at which a priority falls
	priority []int // of each thread; what has fallen is negative
}

// newPriorities draws the priorities for an execution of about so many steps.
func newPriorities(seed uint64, depth, steps int) *priorities {
	p := &priorities{random: rand.New(rand.NewPCG(seed, 0))}
	for range depth - 1 {
		p.changes = append(p.changes, p.random.IntN(max(steps, 1)))
	}
	return p
}

func (p *priorities) pick(r *Run, mask uint32, prev *thread) int {
	for len(p.priority) < len(r.threads) {
		p.priority = append(p.priority, 1+p.random.IntN(1<<30))
	}
	for i, at := range p.changes {
		if at == r.steps && prev != nil {
			p.priority[prev.number] = -1 - i
		}
	}
	best := -1
	for i := range r.threads {
		if mask&(1<<i) != 0 && (best < 0 || p.priority[i] > p.priority[best]) {
			best = i
		}
	}
	return best
}

func (p *priorities) announced(*Run, *thread)  {}
func (p *priorities) moved(*Run, *thread, int) {}
