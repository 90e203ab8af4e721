package pg_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// PickKey sends everything that is about one key to one member.
func ExampleGroup_PickKey() {
	sys, _ := actor.NewSystem(actor.Config{})
	defer func() { _ = sys.Shutdown(context.Background()) }()
	ctx := actor.WithSystem(context.Background(), sys)

	shards := pg.Group[string]{Name: "cache shards"}
	for range 8 {
		shard, _ := actor.Spawn(ctx, actor.Func(func(*actor.Context[string], string) error { return nil }))
		_ = shards.Join(ctx, shard)
	}
	first, _ := shards.PickKey(ctx, "user 17")
	again, _ := shards.PickKey(ctx, "user 17")
	fmt.Println(first == again)
	// Output: true
}

// watcher counts who is in each room of a scope, by its own messages.
type watcher struct{ present map[string]int }

type (
	watched interface{ isWatched() }
	changed struct{ pg.Event }
	count   struct {
		room string
		to   chan<- int
	}
)

func (changed) isWatched() {}
func (count) isWatched()   {}

func (w *watcher) PreStart(ctx *actor.Context[watched]) error {
	w.present = map[string]int{}
	to := actor.Adapt(ctx.Self(), func(ev pg.Event) watched { return changed{ev} })
	return pg.MonitorScope(ctx, "chat", to)
}

func (w *watcher) Handle(_ *actor.Context[watched], m watched) error {
	switch m := m.(type) {
	case changed: // the first says who was there already
		w.present[m.Group] += len(m.Joined) - len(m.Left)
	case count:
		m.to <- w.present[m.room]
	}
	return nil
}

// A monitor of a scope knows all its groups without asking.
func ExampleMonitorScope() {
	sys, _ := actor.NewSystem(actor.Config{})
	defer func() { _ = sys.Shutdown(context.Background()) }()
	ctx := actor.WithSystem(context.Background(), sys)

	lobby := pg.Group[string]{Scope: "chat", Name: "lobby"}
	enter := func() {
		guest, _ := actor.Spawn(ctx, actor.Func(func(*actor.Context[string], string) error { return nil }))
		_ = lobby.Join(ctx, guest)
	}
	enter()
	w, _ := actor.Spawn(ctx, &watcher{})
	enter()
	n := make(chan int, 1)
	_ = w.Cast(ctx, count{"lobby", n})
	fmt.Println("in the lobby:", <-n)
	// Output: in the lobby: 2
}
