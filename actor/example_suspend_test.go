package actor_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// An operator has an actor stand still, looks at it, and lets it go on.
func ExampleSuspend() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &shelf{})
	_ = ref.Cast(ctx, "Dune")
	_ = actor.Suspend(ctx, ref.Any()) // what it has begun it has ended now

	_ = ref.Cast(ctx, "Emma")
	before, _ := actor.Inspect(ctx, ref.Any())
	_ = ref.Cast(ctx, "Ulysses")
	after, _ := actor.Inspect(ctx, ref.Any())
	fmt.Println("as much as before:", before == after)

	_ = actor.Resume(ref.Any())
	fmt.Println(ref.DrainAndWait(ctx))
	// Output:
	// as much as before: true
	// <nil>
}
