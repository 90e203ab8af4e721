package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// account adds up, and fails on what it cannot add. What it has added outlives
// it: here in memory, elsewhere in a file or a database.
type account struct {
	saved *atomic.Int64
	total int64
}

type deposit struct {
	amount int64
	total  rpc.Reply[int64]
}

func (a *account) PreStart(*actor.Context[deposit]) error {
	a.total = a.saved.Load()
	return nil
}

func (a *account) Handle(_ *actor.Context[deposit], m deposit) error {
	if m.amount < 0 {
		return fmt.Errorf("cannot add %d", m.amount)
	}
	a.total += m.amount
	a.saved.Store(a.total)
	m.total.Send(a.total)
	return nil
}

// A worker that fails is started anew by its supervisor, and recovers its state
// in PreStart.
func Example_supervisedWorker() {
	ctx := context.Background()
	saved := new(atomic.Int64)
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{
		Intensity: supervisor.Intensity{Max: 3, Per: time.Second},
		Children: []supervisor.Child{{
			ID:    "account",
			Start: supervisor.Of(func() *account { return &account{saved: saved} }),
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	first, _ := supervisor.Find[deposit](ctx, sup, "account")
	_ = first.Cast(ctx, deposit{amount: 2})
	_ = first.Cast(ctx, deposit{amount: -1})
	fmt.Println(errors.Unwrap(first.Wait(ctx)))

	second, err := supervisor.Find[deposit](ctx, sup, "account")
	for err != nil { // ErrRestarting, for a moment
		second, err = supervisor.Find[deposit](ctx, sup, "account")
	}
	total, err := rpc.Call(ctx, second, func(r rpc.Reply[int64]) deposit { return deposit{40, r} })
	fmt.Println(total, err)
	fmt.Println(sup.StopAndWait(ctx))
	// Output:
	// cannot add -1
	// 42 <nil>
	// <nil>
}

// station says when it opens and closes.
type station string

func (s station) PreStart(*actor.Context[string]) error       { fmt.Println("open", s); return nil }
func (s station) PostStop(*actor.Context[string]) error       { fmt.Println("close", s); return nil }
func (s station) Handle(*actor.Context[string], string) error { return nil }

// A tree is started from the first child to the last, and stopped from the last
// to the first, at every level.
func Example_gracefulTreeShutdown() {
	at := func(name string) supervisor.Child {
		return supervisor.Child{ID: name, Start: supervisor.Of(func() station { return station(name) })}
	}
	ctx := context.Background()
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{Children: []supervisor.Child{
		at("database"),
		{ID: "web", Start: supervisor.Nested(supervisor.Spec{
			Strategy: supervisor.RestForOne,
			Children: []supervisor.Child{at("sessions"), at("server")},
		})},
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(sup.StopAndWait(ctx))
	// Output:
	// open database
	// open sessions
	// open server
	// close server
	// close sessions
	// close database
	// <nil>
}

// A dynamic supervisor: children that come and go, made of an argument.
func ExampleSpawnDynamic() {
	ctx := context.Background()
	rooms, err := supervisor.SpawnDynamic(ctx, supervisor.DynamicSpec{Restart: supervisor.Transient},
		func(name string) station { return station(name) })
	if err != nil {
		log.Fatal(err)
	}
	lobby, _ := rooms.StartChild(ctx, "lobby")
	_, _ = rooms.StartChild(ctx, "attic")
	_ = rooms.TerminateChild(ctx, lobby)
	counts, _ := rooms.CountChildren(ctx)
	fmt.Println(counts.Active)
	_ = rooms.StopAndWait(ctx)
	// Output:
	// open lobby
	// open attic
	// close lobby
	// 1
	// close attic
}

// A child that cannot live makes its supervisor give up, and so the trouble goes
// up to somebody who can start more of the system anew.
func ExampleIntensity() {
	ctx := context.Background()
	sup, err := supervisor.Spawn(ctx, supervisor.Spec{
		Intensity: supervisor.Intensity{Max: -1}, // none
		Children:  []supervisor.Child{{ID: "account", Start: supervisor.Of(func() *account { return &account{saved: new(atomic.Int64)} })}},
	})
	if err != nil {
		log.Fatal(err)
	}
	a, _ := supervisor.Find[deposit](ctx, sup, "account")
	_ = a.Cast(ctx, deposit{amount: -1})
	fmt.Println(errors.Is(sup.Any().Wait(ctx), supervisor.ErrRestartIntensity))
	// Output: true
}
