package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

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
		Children: []supervisor.Child{{ID: "pump", Start: supervisor.Of(func() actor.Actor[int] {
			return actor.Func(func(*actor.Context[int], int) error { return errors.New("leaks") })
		})}},
	})
	if err != nil {
		log.Fatal(err)
	}
	pump, _ := supervisor.Find[int](ctx, sup, "pump")
	_ = pump.Cast(ctx, 1)
	fmt.Println(errors.Is(sup.Any().Wait(ctx), supervisor.ErrRestartIntensity))
	// Output: true
}
