package pg_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// room names a group of actors that take lines of text. It need not be made, nor
// closed: it is there while somebody is in it.
func room(name string) pg.Group[string] { return pg.Group[string]{Scope: "chat", Name: name} }

// guest is in some rooms, and hears what is said there.
type guest struct {
	name  string
	rooms []string
	heard []string
}

func (g *guest) PreStart(ctx *actor.Context[string]) error {
	for _, name := range g.rooms {
		if err := room(name).Join(ctx, ctx.Self()); err != nil {
			return err
		}
	}
	return nil
}

func (g *guest) Handle(_ *actor.Context[string], line string) error {
	g.heard = append(g.heard, line)
	return nil
}

// PostStop has no room to leave: the end of an actor does that.
func (g *guest) PostStop(*actor.Context[string]) error {
	fmt.Printf("%s has heard: %s\n", g.name, strings.Join(g.heard, ", "))
	return nil
}

// A chat room is a group: who speaks in it need not know who is there.
func Example_chatRooms() {
	ctx := context.Background()
	ann, _ := actor.Spawn(ctx, &guest{name: "Ann", rooms: []string{"lobby", "garden"}})
	bob, _ := actor.Spawn(ctx, &guest{name: "Bob", rooms: []string{"lobby"}})
	say := func(where, line string) {
		n, _ := room(where).Cast(ctx, line)
		fmt.Printf("%q is said to %d in the %s\n", line, n, where)
	}
	say("lobby", "hello")
	say("garden", "nice roses")
	_ = ann.DrainAndWait(ctx)
	say("lobby", "is she gone?")
	say("garden", "anybody?")
	_ = bob.DrainAndWait(ctx)
	// Output:
	// "hello" is said to 2 in the lobby
	// "nice roses" is said to 1 in the garden
	// Ann has heard: hello, nice roses
	// "is she gone?" is said to 1 in the lobby
	// "anybody?" is said to 0 in the garden
	// Bob has heard: hello, is she gone?
}
