package bugs

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// Who keeps the Ref of a supervisor's child keeps that of one life of it: after
// a restart it leads to the dead. The fix asks by name, and once more as long as
// the name has nobody.
//
// Seen as: the call fails, when the crash comes first.
func staleRef(right bool) program {
	return func(sys *actortest.System) {
		sup, err := supervisor.Spawn(sys, supervisor.Spec{Children: []supervisor.Child{
			{ID: "database", Start: supervisor.Of(database, actor.Named("database"))},
		}})
		require.NoError(sys, err)
		child, err := supervisor.Find[query](sys, sup, "database")
		require.NoError(sys, err)
		ask := func() error {
			_, err := rpc.Call(sys, child, func(r rpc.Reply[int]) query { return query{row: r} })
			return err
		}
		vandal := handle(sys, func(ctx *actor.Context[none], _ none) error { return child.Cast(ctx, query{breaks: true}) })
		require.NoError(sys, vandal.Cast(sys, none{}))
		if right {
			child = actor.ByName[query](sys, "database")
			sys.Eventually(time.Second, func() bool { return ask() == nil }, "the database answers")
		}
		require.NoError(sys, ask())
	}
}
