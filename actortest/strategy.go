package actortest

import (
	"fmt"
	"math/rand/v2"
)

// strategy chooses who goes on. Its methods are called by the loop, or with
// sim.mu held.
type strategy interface {
	// appears is told of each strand when it is new.
	appears(s *strand)

	// choose returns the place in options, of which there is one at least, in
	// the order of their appearance. It is called before each step.
	choose(d *sim, options []*strand) int
}

// oldest takes the strand that appeared first.
type oldest struct{}

func (oldest) appears(*strand)            {}
func (oldest) choose(*sim, []*strand) int { return 0 }

// uniform gives each the same chance.
type uniform struct{ random *rand.Rand }

func (u *uniform) appears(*strand) {}

func (u *uniform) choose(_ *sim, options []*strand) int { return u.random.IntN(len(options)) }

// priorities is PCT (Burckhardt, Kothari, Musuvathi and Nagarakatti, ASPLOS
// 2010): each strand has a priority by chance, the highest goes on, and at
// depth-1 steps by chance the one that would go on falls below all others. A bug
// that needs depth steps in one order is found with a probability of at least
// 1/(n·k^(depth-1)), with n strands and k steps, in each run.
//
// A strand of high priority that goes round for ever would keep the others from
// ever ending it. So after horizon steps the choice is uniform: fair, with
// probability 1.
type priorities struct {
	random  *rand.Rand
	falls   map[int]int // step → the rank that who runs then falls to
	horizon int
}

func newPriorities(random *rand.Rand, depth, steps int) *priorities {
	p := &priorities{random: random, falls: map[int]int{}, horizon: 2 * steps}
	for i := range depth - 1 {
		p.falls[random.IntN(max(steps, 1))] = i
	}
	return p
}

func (p *priorities) appears(s *strand) { s.rank = len(p.falls) + p.random.IntN(1<<30) }

func (p *priorities) choose(d *sim, options []*strand) int {
	if d.trace.steps > p.horizon {
		return p.random.IntN(len(options))
	}
	best := highest(options)
	if rank, falls := p.falls[d.trace.steps]; falls {
		options[best].rank = rank
		best = highest(options)
	}
	return best
}

func highest(options []*strand) int {
	best := 0
	for i, s := range options {
		if s.rank > options[best].rank {
			best = i
		}
	}
	return best
}

// swarm draws, once a run, how it is going to choose (Groce and others, ISSTA
// 2012): how much who has just run is preferred, or passed over, and which kinds
// of strands are in a hurry. So runs differ in more than their dice.
type swarm struct {
	random *rand.Rand
	stay   float64            // the chance that the last one goes on
	weight [aFunction + 1]int // of each kind
	slow   int                // strands with this rank wait, mostly
	last   *strand
}

func newSwarm(random *rand.Rand) *swarm {
	w := &swarm{random: random, slow: random.IntN(8)}
	if random.IntN(2) == 0 {
		w.stay = random.Float64()
	}
	for i := range w.weight {
		w.weight[i] = 1 << random.IntN(6)
	}
	return w
}

func (w *swarm) appears(s *strand) { s.rank = w.random.IntN(8) }

func (w *swarm) choose(_ *sim, options []*strand) int {
	if w.stay > 0 && w.random.Float64() < w.stay {
		for i, s := range options {
			if s == w.last {
				return i
			}
		}
	}
	sum := 0
	for _, s := range options {
		sum += w.of(s)
	}
	at := w.random.IntN(sum)
	for i, s := range options {
		if at -= w.of(s); at < 0 {
			w.last = s
			return i
		}
	}
	return len(options) - 1
}

func (w *swarm) of(s *strand) int {
	if s.rank == w.slow {
		return 1
	}
	return 4 * w.weight[s.kind]
}

// Strategy is a way of choosing who goes on.
type Strategy uint8

// The strategies. Explore takes them in turn.
const (
	// Uniform: each that can go on has the same chance.
	Uniform Strategy = iota
	// PCT: by priorities that change at a few steps; it finds bugs that need
	// few things in a certain order, with a probability that has a bound.
	PCT
	// Swarm: each run draws preferences of its own first, and faults if
	// Faults allows them.
	Swarm
)

var strategyNames = [...]string{"uniform", "pct", "swarm"}

// String returns the strategy's name, as the seed of a run shows it.
func (s Strategy) String() string {
	if int(s) < len(strategyNames) {
		return strategyNames[s]
	}
	return fmt.Sprintf("Strategy(%d)", uint8(s))
}

// of makes the strategy for one run. steps is about how long a run is.
func (s Strategy) of(seed uint64, depth, steps int) strategy {
	random := rand.New(rand.NewPCG(seed, uint64(s)))
	switch s {
	case PCT:
		return newPriorities(random, depth, steps)
	case Swarm:
		return newSwarm(random)
	default:
		return &uniform{random}
	}
}
