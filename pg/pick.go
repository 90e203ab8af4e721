package pg

import (
	"context"
	"fmt"
	"slices"

	"github.com/ractor-go/ractor/actor"
)

// Pick returns a member at random, each with the same chance. It may be
// draining, or have ended by the time it is used. The errors: ErrNoMember,
// ErrName, actor.ErrWrongType, actor.ErrNilContext. It takes constant time. Any
// goroutine may call it.
func (g Group[M]) Pick(ctx context.Context) (actor.Ref[M], error) {
	return pick(ctx, g, (*group).chance)
}

// PickKey returns a member for key: always the same one while membership stays,
// and different keys are spread evenly. When one of n joins, the keys that move
// are those that it takes over, one in n. When one leaves, about two in n move:
// its own keys, and those of the member that takes its place. (A member that
// leaves and joins again does not get its old keys back.) The method is jump
// consistent hashing (Lamping and Veach, 2014) over the members' places; it
// takes O(log n) steps of some ns and no memory. The errors are those of Pick.
// Any goroutine may call it.
func (g Group[M]) PickKey(ctx context.Context, key string) (actor.Ref[M], error) {
	return pick(ctx, g, func(_ *group, n int) int { return jump(hash(key), n) })
}

// chance chooses a place below n.
func (g *group) chance(n int) int {
	return int(g.scope.tables.sys.Scheduler().Rand() % uint64(n)) // the bias is below 2^-32
}

func pick[M any](ctx context.Context, g Group[M], choose func(g *group, n int) int) (actor.Ref[M], error) {
	found, err := g.find(ctx)
	if err != nil {
		return actor.Ref[M]{}, err
	}
	if found != nil {
		if r, ok := actor.As[M](found.pick(choose)); ok {
			return r, nil
		}
		// Nobody is there; or it is one of another node that takes no M, which is
		// rare enough to look for those that do.
		if some := slices.Collect(takers[M](found.all())); len(some) > 0 {
			return some[choose(found, len(some))], nil
		}
	}
	return actor.Ref[M]{}, fmt.Errorf("%w in group %v", ErrNoMember, g)
}

// pick returns the member at the place that choose chooses, the zero AnyRef if
// there is none. After as many picks as there are members it makes the view that
// lets further ones go without the lock: O(1) a pick, all in all.
func (g *group) pick(choose func(g *group, n int) int) actor.AnyRef {
	view := g.view.Load()
	if view == nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.picks++; g.picks > g.members.len() {
			g.snapshot()
		}
		view = &g.members.values
	}
	if len(*view) == 0 {
		return actor.AnyRef{}
	}
	return (*view)[choose(g, len(*view))]
}

// hash is FNV-1a, and a last mix because jump wants all bits to be good. It is
// the same in every process: a simulation runs the same way twice.
func hash(key string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}

// jump gives h a place below n. As places are added one by one, h moves to each
// new one with the probability that keeps the shares equal, 1/places. It need
// not look at all: given where it is, a random number says where it moves next.
func jump(h uint64, n int) int {
	at, next := int64(0), int64(0)
	for next < int64(n) {
		at = next
		h = h*2862933555777941757 + 1     // a step of a linear congruential generator
		r := float64(h>>33+1) / (1 << 31) // above 0, up to 1
		next = int64(float64(at+1) / r)
	}
	return int(at)
}
