package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// order is work for a kitchen.
type order struct {
	dish   string
	served rpc.Reply[string]
}

type kitchen struct{}

func (kitchen) Handle(_ *actor.Context[order], m order) error {
	if m.dish == "fugu" {
		return errors.New("poisoned")
	}
	m.served.Send(m.dish)
	return nil
}

// A worker with KeepMailbox is restarted in place: the message that it failed in
// is lost, what was queued behind it is not, and its Ref stays good.
func ExampleChild_keepMailbox() {
	ctx := context.Background()
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{
		Children: []supervisor.Child{{
			ID:          "kitchen",
			Start:       supervisor.Of(func() kitchen { return kitchen{} }),
			KeepMailbox: true,
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	ref, _ := supervisor.Find[order](ctx, sup, "kitchen")
	_ = ref.Cast(ctx, order{dish: "fugu"})
	fmt.Println(rpc.Call(ctx, ref, func(r rpc.Reply[string]) order { return order{"soup", r} }))
	fmt.Println(sup.StopAndWait(ctx))
	// Output:
	// soup <nil>
	// <nil>
}
