package bugs

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// batcher answers those who have put something into the batch when it is
// written.
type batcher struct {
	right bool
	batch []rpc.Reply[bool]
}

var writeNow rpc.Reply[bool]

func (b *batcher) Handle(ctx *actor.Context[rpc.Reply[bool]], r rpc.Reply[bool]) error {
	if r == writeNow {
		b.write()
		return nil
	}
	if len(b.batch) == 0 {
		ctx.After(time.Second, writeNow)
	}
	b.batch = append(b.batch, r)
	return nil
}

func (b *batcher) write() {
	for _, r := range b.batch {
		r.Send(true)
	}
	b.batch = nil
}

// PostStop is where what was promised has to be kept.
func (b *batcher) PostStop(*actor.Context[rpc.Reply[bool]]) error {
	if b.right {
		b.write()
	}
	return nil
}

// An actor that answers later may have to stop sooner. Those who wait then get
// ErrNoReply, and what they have given it is lost, unless PostStop sees to it.
//
// Seen as: the call fails although the batcher was only stopped.
func replyAfterStop(right bool) program {
	return func(sys *actortest.System) {
		b := spawn(sys, &batcher{right: right})
		stop := handle(sys, func(*actor.Context[none], none) error {
			b.Stop()
			return nil
		})
		stop.CastAfter(time.Second, none{})
		_, err := rpc.Call(sys, b, func(r rpc.Reply[bool]) rpc.Reply[bool] { return r })
		require.NoError(sys, err)
	}
}
