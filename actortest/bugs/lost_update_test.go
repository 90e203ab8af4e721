package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// order is what an account understands.
type order struct {
	set, add int
	balance  rpc.Reply[int]
}

type account struct{ balance int }

func (a *account) Handle(_ *actor.Context[order], o order) error {
	if o.set != 0 {
		a.balance = o.set
	}
	a.balance += o.add
	o.balance.Send(a.balance)
	return nil
}

// Each message is handled alone, but two of them are not: who asks for the
// balance, adds to it and sets it loses what another one has set meanwhile. The
// fix is a message that says what to do, not what to be.
//
// Seen as: the sum at the end is wrong.
func lostUpdate(right bool) program {
	return func(sys *actortest.System) {
		acc := spawn(sys, &account{})
		balance := func(ctx context.Context) int {
			v, err := rpc.Call(ctx, acc, func(r rpc.Reply[int]) order { return order{balance: r} })
			require.NoError(sys, err)
			return v
		}
		for range 2 {
			thread(sys, func(ctx context.Context) {
				if right {
					_ = acc.Cast(ctx, order{add: 10})
				} else {
					_ = acc.Cast(ctx, order{set: balance(ctx) + 10})
				}
			})
		}
		sys.Settle()
		require.Equal(sys, 20, balance(sys))
	}
}
