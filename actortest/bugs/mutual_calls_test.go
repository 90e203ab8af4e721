package bugs

import (
	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// visit asks a branch for its stock, or to compare it with that of the other
// branch.
type visit struct {
	stock   rpc.Reply[int]
	compare bool
}

// branch is a shop.
type branch struct {
	sys   *actortest.System
	right bool
	other actor.Ref[visit]
}

func (b *branch) Handle(ctx *actor.Context[visit], v visit) error {
	if !v.compare {
		v.stock.Send(5)
		return nil
	}
	ask := func(r rpc.Reply[int]) visit { return visit{stock: r} }
	equal := func(n int, err error) error {
		require.NoError(b.sys, err)
		require.Equal(b.sys, 5, n)
		return nil
	}
	if b.right {
		rpc.Then(ctx, b.other, ask, equal)
		return nil
	}
	return equal(rpc.Call(ctx, b.other, ask))
}

// Two actors that call each other in their handlers wait for each other for
// ever, when they do it at the same time. Who calls without waiting (rpc.Then)
// can be asked meanwhile.
//
// Seen as: a deadlock, a cycle of the two.
func mutualCalls(right bool) program {
	return func(sys *actortest.System) {
		a, b := &branch{sys: sys, right: right}, &branch{sys: sys, right: right}
		refA := spawn(sys, a)
		b.other = refA
		refB := spawn(sys, b)
		a.other = refB // before a has a message
		require.NoError(sys, refA.Cast(sys, visit{compare: true}))
		require.NoError(sys, refB.Cast(sys, visit{compare: true}))
	}
}
