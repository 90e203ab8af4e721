package supervisor_test

import (
	"context"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// deposit is what an account understands: an amount, and where the sum goes.
type deposit struct {
	amount int64
	sum    rpc.Reply[int64]
}

// account adds up, and fails on what it cannot add. What it has added outlives
// it: here in memory, elsewhere in a file or a database.
type account struct {
	sum    int64
	saved  *atomic.Int64
	opened chan<- int64
}

// PreStart is where an incarnation finds what the one before has saved.
func (a *account) PreStart(*actor.Context[deposit]) error {
	a.sum = a.saved.Load()
	a.opened <- a.sum
	return nil
}

func (a *account) Handle(_ *actor.Context[deposit], m deposit) error {
	if m.amount < 0 {
		return fmt.Errorf("cannot add %d", m.amount)
	}
	a.sum += m.amount
	a.saved.Store(a.sum)
	m.sum.Send(a.sum)
	return nil
}

// A worker that fails is started anew by its supervisor, and recovers its state.
// Who sends to it by name need not know.
func Example_supervisedWorker() {
	ctx := context.Background()
	saved, opened := new(atomic.Int64), make(chan int64, 1)
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{
		Intensity: supervisor.Intensity{Max: 3, Per: time.Second},
		Children: []supervisor.Child{{
			ID: "account",
			// a new value each time: what the dead one held may be what killed it
			Start: supervisor.Of(func() *account { return &account{saved: saved, opened: opened} },
				actor.Named("account")),
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("opened with", <-opened)

	ref := actor.ByName[deposit](ctx, "account")
	_ = ref.Cast(ctx, deposit{amount: 2})
	_ = ref.Cast(ctx, deposit{amount: -1})
	fmt.Println("opened with", <-opened)

	fmt.Println(rpc.Call(ctx, ref, func(r rpc.Reply[int64]) deposit { return deposit{40, r} }))
	fmt.Println(sup.StopAndWait(ctx))
	// Output:
	// opened with 0
	// opened with 2
	// 42 <nil>
	// <nil>
}
