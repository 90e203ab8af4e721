package bugs

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// cache loads its value when it is first asked for.
type cache struct {
	right   bool
	value   int
	waiting []rpc.Reply[int]
}

func (c *cache) Handle(ctx *actor.Context[rpc.Reply[int]], r rpc.Reply[int]) error {
	if c.value != 0 {
		r.Send(c.value)
		return nil
	}
	if len(c.waiting) == 0 {
		actor.Async(ctx, func(context.Context) (int, error) { return 7, nil }, c.loaded)
	} else if !c.right {
		c.waiting = nil // there is one who waits already
	}
	c.waiting = append(c.waiting, r)
	return nil
}

func (c *cache) loaded(v int, err error) error {
	c.value = v
	for _, r := range c.waiting {
		r.Send(v)
	}
	return err
}

// Who comes while the value is being loaded takes the place of who has come
// before, whose reply is forgotten.
//
// Seen as: a deadlock; one waits for an actor that has nothing to do.
func forgottenReply(right bool) program {
	return func(sys *actortest.System) {
		c := spawn(sys, &cache{right: right})
		for range 2 {
			thread(sys, func(ctx context.Context) {
				v, err := rpc.Call(ctx, c, func(r rpc.Reply[int]) rpc.Reply[int] { return r })
				require.NoError(sys, err)
				require.Equal(sys, 7, v)
			})
		}
		sys.Sleep(time.Second)
	}
}
