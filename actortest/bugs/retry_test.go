package bugs

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// payment is to be made once.
type payment struct {
	key  string
	done rpc.Reply[none]
}

// bank takes its time for each payment.
type bank struct {
	right bool
	paid  map[string]int
}

func (b *bank) Handle(ctx *actor.Context[payment], p payment) error {
	if !b.right || b.paid[p.key] == 0 {
		b.paid[p.key]++
	}
	_, err := actor.Blocking(ctx, func() (none, error) {
		time.Sleep(600 * time.Millisecond)
		return none{}, nil
	})
	p.done.Send(none{})
	return err
}

// A call whose deadline has passed may have been carried out nevertheless: who
// makes it again has paid twice, unless the payment has a key by which the bank
// knows it.
//
// Seen as: it is paid twice, when somebody else's payment comes first.
func retry(right bool) program {
	return func(sys *actortest.System) {
		b := &bank{right: right, paid: map[string]int{}}
		ref := spawn(sys, b)
		pay := func(ctx context.Context, key string) error {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			_, err := rpc.Call(ctx, ref, func(r rpc.Reply[none]) payment { return payment{key, r} })
			return err
		}
		thread(sys, func(ctx context.Context) { _ = ref.Cast(ctx, payment{key: "other"}) })
		for tries := 1; pay(sys, "mine") != nil; tries++ {
			require.Less(sys, tries, 3)
		}
		require.Equal(sys, 1, b.paid["mine"])
	}
}
