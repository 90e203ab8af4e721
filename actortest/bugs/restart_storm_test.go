package bugs

import (
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// query is answered by the database, or breaks it.
type query struct {
	breaks bool
	row    rpc.Reply[int]
}

var errBroken = errors.New("broken")

func database() actor.Actor[query] {
	return actor.Func(func(_ *actor.Context[query], q query) error {
		if q.breaks {
			return errBroken
		}
		q.row.Send(1)
		return nil
	})
}

// A child asks its sibling, which is just being restarted, and fails with it,
// too: one failure becomes as many as there are who ask, more than the supervisor
// allows, and the whole tree is gone. An error of somebody else is for whoever has
// asked.
//
// Seen as: the supervisor has ended.
func restartStorm(right bool) program {
	return func(sys *actortest.System) {
		web := func() actor.Actor[rpc.Reply[int]] {
			return actor.Func(func(ctx *actor.Context[rpc.Reply[int]], r rpc.Reply[int]) error {
				v, err := rpc.Call(ctx, actor.ByName[query](ctx, "database"), func(r rpc.Reply[int]) query { return query{row: r} })
				if err != nil && right {
					r.Fail(err)
					return nil
				}
				r.Send(v)
				return err
			})
		}
		sup, err := supervisor.Spawn(sys, supervisor.Spec{
			Intensity: supervisor.Intensity{Max: 1, Per: time.Minute},
			Children: []supervisor.Child{
				{ID: "database", Start: supervisor.Of(database, actor.Named("database"))},
				{ID: "web", Start: supervisor.Of(web, actor.Named("web"))},
			},
		})
		require.NoError(sys, err)
		_ = actor.ByName[query](sys, "database").Cast(sys, query{breaks: true})
		for range 3 { // visitors
			_, _ = rpc.Call(sys, actor.ByName[rpc.Reply[int]](sys, "web"), func(r rpc.Reply[int]) rpc.Reply[int] { return r })
		}
		sys.Settle()
		require.Equal(sys, actor.Running, sup.Any().Status(), "the supervisor")
	}
}
