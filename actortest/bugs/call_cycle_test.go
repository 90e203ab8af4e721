package bugs

import (
	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// question is for one of two actors, the first of which needs the other for
// "sum", which needs the first for "offset".
type question struct {
	what  string
	reply rpc.Reply[int]
}

func asked(what string) func(rpc.Reply[int]) question {
	return func(r rpc.Reply[int]) question { return question{what, r} }
}

// protoactor-go #795, goakt #1290. A calls B in its handler, and B, to answer,
// calls A, which is still in its handler. goakt made such requests reentrant, on
// one node first. Here A asks without waiting.
//
// Seen as: a deadlock, in every run: a cycle.
func callCycle(right bool) program {
	return func(sys *actortest.System) {
		var a, b actor.Ref[question]
		b = handle(sys, func(ctx *actor.Context[question], q question) error {
			n, err := rpc.Call(ctx, a, asked("offset"))
			q.reply.Send(n + 1)
			return err
		})
		a = handle(sys, func(ctx *actor.Context[question], q question) error {
			if q.what == "offset" {
				q.reply.Send(41)
				return nil
			}
			answer := func(n int, err error) error {
				q.reply.Send(n)
				return err
			}
			if right {
				rpc.Then(ctx, b, asked("part"), answer)
				return nil
			}
			return answer(rpc.Call(ctx, b, asked("part")))
		})
		n, err := rpc.Call(sys, a, asked("sum"))
		require.NoError(sys, err)
		require.Equal(sys, 42, n)
	}
}
