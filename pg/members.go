package pg

import (
	"context"
	"iter"

	"github.com/ractor-go/ractor/actor"
)

// Members yields the members as they are when the iteration begins, in no
// particular order; nothing for a group that is not there, and nothing where
// Cast and Pick would return an error. Those of other nodes are among them, but
// for those known not to take M. No lock is held while it yields. The
// first iteration after a change copies the members' Refs, later ones share the
// copy. Any goroutine may call it.
func (g Group[M]) Members(ctx context.Context) iter.Seq[actor.Ref[M]] {
	return func(yield func(actor.Ref[M]) bool) {
		found, err := g.find(ctx)
		if found == nil || err != nil {
			return
		}
		takers[M](found.all())(yield)
	}
}

// takers yields those of a group's members that take M: all but some of other
// nodes.
func takers[M any](members []actor.AnyRef) iter.Seq[actor.Ref[M]] {
	return func(yield func(actor.Ref[M]) bool) {
		for _, m := range members {
			if r, ok := actor.As[M](m); ok && !yield(r) {
				return
			}
		}
	}
}

// LocalMembers is Members without those that live on other nodes.
func (g Group[M]) LocalMembers(ctx context.Context) iter.Seq[actor.Ref[M]] {
	return func(yield func(actor.Ref[M]) bool) {
		for r := range g.Members(ctx) {
			if actor.ShimOf(r.Any()) == nil && !yield(r) {
				return
			}
		}
	}
}
