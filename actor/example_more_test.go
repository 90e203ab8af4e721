package actor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// door is a machine of two states: each is a handler.
type door struct{}

func (d door) Handle(ctx *actor.Context[string], m string) error { // closed
	switch m {
	case "open":
		fmt.Println("it opens")
		ctx.Become(d.open)
	case "walk":
		fmt.Println("bump")
	}
	return nil
}

func (door) open(ctx *actor.Context[string], m string) error {
	switch m {
	case "close":
		fmt.Println("it closes")
		ctx.Become(nil) // Handle again
	case "walk":
		fmt.Println("welcome")
	}
	return nil
}

func ExampleContext_Become() {
	ctx := context.Background()
	ref, _ := actor.Spawn[door, string](ctx, door{})
	for _, m := range []string{"walk", "open", "walk", "close", "walk"} {
		_ = ref.Cast(ctx, m)
	}
	_ = ref.DrainAndWait(ctx)
	// Output:
	// bump
	// it opens
	// welcome
	// it closes
	// bump
}

// visit ends when it has been spoken to, and then heard nothing for some time.
type visit struct{}

type silence struct{}

func (visit) Handle(ctx *actor.Context[any], m any) error {
	switch m := m.(type) {
	case silence:
		fmt.Println("nobody there?")
		ctx.Stop()
	default:
		fmt.Println("heard", m)
		ctx.Idle(5*time.Millisecond, silence{})
	}
	return nil
}

func ExampleContext_Idle() {
	ctx := context.Background()
	ref, _ := actor.Spawn[visit, any](ctx, visit{})
	_ = ref.Cast(ctx, "hello")
	fmt.Println(ref.Wait(ctx))
	// Output:
	// heard hello
	// nobody there?
	// <nil>
}

// printer cannot print before it is ready: what comes earlier it keeps.
type printer struct{ ready bool }

func (p *printer) Handle(ctx *actor.Context[string], m string) error {
	switch {
	case m == "ready":
		p.ready = true
		fmt.Println("kept:", ctx.Unstash())
	case !p.ready:
		ctx.Stash(m)
	default:
		fmt.Println(m)
	}
	return nil
}

func ExampleContext_Stash() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &printer{})
	for _, m := range []string{"one", "two", "ready", "three"} {
		_ = ref.Cast(ctx, m)
	}
	_ = ref.DrainAndWait(ctx)
	// Output:
	// kept: 2
	// one
	// two
	// three
}

func ExampleBind() {
	ctx := context.Background()
	reader, _ := actor.Spawn(ctx, &tally{})
	writer, _ := actor.Spawn(ctx, &tally{})
	_ = actor.Bind(reader.Any(), writer.Any()) // one is of no use without the other

	reader.StopWith(fmt.Errorf("disk is gone"))
	err := writer.Wait(ctx)
	fmt.Println(err.(*actor.ExitError).Err)
	// Output:
	// sum 0
	// actor: killed
}

// shelf shows how much is on it, to whoever asks.
type shelf struct{ books []string }

func (s *shelf) Handle(_ *actor.Context[string], book string) error {
	s.books = append(s.books, book)
	return nil
}

// Inspect gives leave to look into the actor. It returns a copy.
func (s *shelf) Inspect() any { return len(s.books) }

func ExampleInspect() {
	ctx := context.Background()
	ref, _ := actor.Spawn(ctx, &shelf{books: []string{"Dune", "Emma"}})
	v, err := actor.Inspect(ctx, ref.Any())
	fmt.Println(v, err)
	_ = ref.StopAndWait(ctx)
	// Output: 2 <nil>
}
