package rpc_test

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// What a counter understands. A message that has to be answered carries a Reply.
type (
	message  interface{ isMessage() }
	increase struct{ by int }
	value    struct{ reply rpc.Reply[int] }
)

func (increase) isMessage() {}
func (value) isMessage()    {}

// tally is an actor; only its own callbacks touch n, so that needs no lock.
type tally struct{ n int }

func (t *tally) Handle(_ *actor.Context[message], m message) error {
	switch m := m.(type) {
	case increase:
		t.n += m.by
	case value:
		m.reply.Send(t.n)
	}
	return nil
}

// Counter is what others see of it: methods, and no message.
type Counter struct{ ref actor.Ref[message] }

// Increase returns at once.
func (c Counter) Increase(ctx context.Context, by int) error {
	return c.ref.Cast(ctx, increase{by})
}

// Value waits for the answer, which counts all that this caller has sent before.
func (c Counter) Value(ctx context.Context) (int, error) {
	return rpc.Call(ctx, c.ref, func(r rpc.Reply[int]) message { return value{r} })
}

// State that many may change and ask for is a value with one method, behind a
// few that send to it.
func Example_counter() {
	ctx := context.Background()
	ref, err := actor.Spawn(ctx, &tally{n: 39})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := Counter{ref}
	_ = c.Increase(ctx, 1)
	_ = c.Increase(ctx, 2)
	fmt.Println(c.Value(ctx))
	_ = ref.StopAndWait(ctx)
	// Output: 42 <nil>
}
