package cluster_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// phrase is what a parrot understands.
type phrase interface{ isPhrase() }

type (
	// say is a cast.
	say struct{ Text string }
	// ask is a call.
	ask struct {
		Text  string
		Reply rpc.Reply[string]
	}
)

func (say) isPhrase() {}
func (ask) isPhrase() {}

// phrases is how they cross to other nodes, and must be the same on all of them.
func phrases() cluster.Codec {
	return cluster.Enum[phrase](cluster.VariantOf[say]("Say"), cluster.VariantOf[ask]("Ask"))
}

// parrot says what it has heard last.
type parrot struct{ last string }

func (p *parrot) Handle(_ *actor.Context[phrase], m phrase) error {
	switch m := m.(type) {
	case say:
		p.last = m.Text
	case ask:
		m.Reply.Send(p.last + m.Text)
	}
	return nil
}

// listen asks a parrot, wherever it is.
func listen(ctx context.Context, r actor.Ref[phrase]) (string, error) {
	return rpc.Call(ctx, r, func(r rpc.Reply[string]) phrase { return ask{"!", r} })
}

// join makes a System and its node. A program has one of them; these examples have
// two, for what is otherwise two processes.
func join(cfg cluster.Config) (context.Context, *cluster.Node) {
	sys, err := actor.NewSystem(actor.Config{})
	if err != nil {
		panic(err)
	}
	ctx := actor.WithSystem(context.Background(), sys)
	cfg.Cookie = "a long random secret"
	cfg.Codecs = []cluster.Codec{phrases()}
	node, err := cluster.Start(ctx, sys, cfg)
	if err != nil {
		panic(err)
	}
	return ctx, node
}

// leave ends Systems, and with them their nodes.
func leave(nodes ...*cluster.Node) {
	for _, n := range nodes {
		if err := n.System().Shutdown(context.Background()); err != nil {
			panic(err)
		}
	}
}

// One node has an actor with a name, the other finds it and uses it as its own.
func ExampleStart() {
	here, a := join(cluster.Config{Name: "a"})
	there, b := join(cluster.Config{Name: "b"})
	defer leave(a, b)

	_, _ = actor.Spawn(here, &parrot{}, actor.Remotable(), actor.Named("polly"))
	if _, err := b.Dial(there, a.Addr()); err != nil {
		fmt.Println(err)
		return
	}
	for node, polly := range cluster.Lookup[phrase](b, "polly") {
		_ = polly.Cast(there, say{"hello"}) // comes before what is sent after it
		text, err := listen(there, polly)
		fmt.Println(node, text, err)
	}
	// Output: a@localhost hello! <nil>
}

// Nobody owns a name in a cluster: all holders are found.
func ExampleLookup() {
	here, a := join(cluster.Config{Name: "a"})
	there, b := join(cluster.Config{Name: "b"})
	defer leave(a, b)

	_, _ = actor.Spawn(here, &parrot{last: "tea"}, actor.Remotable(), actor.Named("polly"))
	_, _ = actor.Spawn(there, &parrot{last: "coffee"}, actor.Remotable(), actor.Named("polly"))
	shy, _ := actor.Spawn(there, &parrot{last: "water"}, actor.Remotable()) // cannot be found yet
	_ = b.Export("jack", shy.Any())

	_, _ = a.Dial(here, b.Addr())
	for _, name := range []string{"polly", "jack", "flint"} {
		for node, r := range cluster.Lookup[phrase](a, name) {
			text, err := listen(here, r)
			fmt.Println(name, "on", node, text, err)
		}
	}
	// Output:
	// polly on a@localhost tea! <nil>
	// polly on b@localhost coffee! <nil>
	// jack on b@localhost water! <nil>
}

// Groups reach over all nodes: who is remotable and joins one is a member everywhere.
func Example_group() {
	here, a := join(cluster.Config{Name: "a"})
	there, b := join(cluster.Config{Name: "b"})
	defer leave(a, b)
	cage := pg.Group[phrase]{Name: "cage"}

	one, _ := actor.Spawn(here, &parrot{last: "1"}, actor.Remotable())
	two, _ := actor.Spawn(there, &parrot{last: "2"}, actor.Remotable())
	_ = cage.Join(here, one)
	_ = cage.Join(there, two)

	_, _ = a.Dial(here, b.Addr())
	sent, err := cage.Cast(here, say{"both"})
	fmt.Println(sent, err)
	var members []actor.Ref[phrase]
	for r := range cage.Members(here) {
		members = append(members, r)
	}
	for _, answer := range rpc.Multi(here, members, func(r rpc.Reply[string]) phrase { return ask{"!", r} }) {
		fmt.Println(answer.Value, answer.Err)
	}
	// Output:
	// 2 <nil>
	// both! <nil>
	// both! <nil>
}

// A node makes actors for others, of the kinds that it has said, and lets them end
// those that it has said.
func ExampleSpawn() {
	here, a := join(cluster.Config{Name: "a"})
	_, b := join(cluster.Config{Name: "b", Kinds: map[string]cluster.Kind{
		"parrot": func(ctx context.Context, arg []byte) (actor.AnyRef, error) {
			r, err := actor.Spawn(ctx, &parrot{last: string(arg)}, actor.Remotable())
			if err != nil {
				return actor.AnyRef{}, err
			}
			return r.Any(), cluster.AllowControl(r.Any())
		},
	}})
	defer leave(a, b)

	_, _ = a.Dial(here, b.Addr())
	jack, err := cluster.Spawn[phrase](here, a, "b@localhost", "parrot", []byte("rum"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(listen(here, jack))
	fmt.Println(jack.StopAndWait(here))
	fmt.Println(jack.Cast(here, say{"more"}))

	_, err = cluster.Spawn[phrase](here, a, "b@localhost", "dragon", nil)
	fmt.Println(err)
	// Output:
	// rum! <nil>
	// <nil>
	// actor: stopped
	// cluster: no such kind of actor on b@localhost
}

// The end of a session is the end of all that was reached over it.
func Example_nodeDown() {
	here, a := join(cluster.Config{Name: "a"})
	there, b := join(cluster.Config{Name: "b"})
	defer leave(a, b)

	_, _ = actor.Spawn(there, &parrot{}, actor.Remotable(), actor.Named("polly"))
	_, _ = a.Dial(here, b.Addr())
	for _, polly := range cluster.Lookup[phrase](a, "polly") {
		_ = b.Stop(there) // or a power cut; a call under way would end with the same error
		fmt.Println(errors.Is(polly.Wait(here), cluster.ErrNodeDown))
		_, err := listen(here, polly)
		fmt.Println(err)
	}
	// Output:
	// true
	// actor: stopped: cluster: node is down: b@localhost
}

// What happens to sessions is sent to Config.Events. An event is sent where it
// happened: the other node has its own.
func ExampleEvent() {
	here, a := join(cluster.Config{Name: "a"})
	defer leave(a)

	seen := make(chan struct{})
	sys, _ := actor.NewSystem(actor.Config{})
	there := actor.WithSystem(context.Background(), sys)
	events, _ := actor.Spawn(there, actor.Func(func(_ *actor.Context[cluster.Event], e cluster.Event) error {
		fmt.Println(e.Kind)
		if e.Kind == cluster.Ready || e.Kind == cluster.Disconnected {
			seen <- struct{}{}
		}
		return nil
	}))
	b, err := cluster.Start(there, sys, cluster.Config{Name: "b", Cookie: "a long random secret", Events: events})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer leave(b)

	_, _ = b.Dial(there, a.Addr())
	<-seen
	_ = a.Stop(here)
	<-seen
	// Output:
	// opened
	// authenticated
	// ready
	// disconnected
}
