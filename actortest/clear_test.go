package actortest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// A run that has failed ends whoever is left, wherever he stands.
func TestSearch_ClearsAwayWhatHasFailed(t *testing.T) {
	never := func(sys *actortest.System) actor.Ref[ask] {
		ref, err := actor.Spawn(sys, actor.Func(func(*actor.Context[ask], ask) error { return nil }))
		require.NoError(sys, err)
		return ref
	}
	failing := func(sys *actortest.System, then func(ctx *actor.Context[int])) {
		ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			sys.Errorf("wrong")
			then(ctx)
			return nil
		}))
		require.NoError(sys, err)
		require.NoError(sys, ref.Cast(sys, 1))
	}
	nothing := func(*actor.Context[int]) {}
	for name, f := range map[string]func(sys *actortest.System){
		"the test settles": func(sys *actortest.System) {
			failing(sys, nothing)
			sys.Settle()
		},
		"the test spawns": func(sys *actortest.System) {
			failing(sys, nothing)
			for range 10 {
				never(sys)
			}
		},
		"the test sleeps": func(sys *actortest.System) {
			failing(sys, nothing)
			sys.Sleep(time.Hour)
		},
		"the test calls": func(sys *actortest.System) {
			failing(sys, nothing)
			_, _ = rpc.Call(sys, never(sys), func(r ask) ask { return r })
		},
		"a handler calls": func(sys *actortest.System) {
			to := never(sys)
			failing(sys, func(ctx *actor.Context[int]) { _, _ = rpc.Call(ctx, to, func(r ask) ask { return r }) })
			sys.Settle()
		},
		"a function works": func(sys *actortest.System) {
			failing(sys, func(ctx *actor.Context[int]) {
				actor.Async(ctx, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				}, func(int, error) error { return nil })
			})
		},
		"only the end finds the deadlock": func(sys *actortest.System) {
			to := never(sys)
			ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
				_, err := rpc.Call(ctx, to, func(r ask) ask { return r })
				return err
			}))
			require.NoError(sys, err)
			require.NoError(sys, ref.Cast(sys, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			for first := range uint64(20) {
				found, _ := actortest.Search(t, 3, f, actortest.From(1+3*first))
				require.NotNil(t, found)
				require.NotContains(t, found.Message, "goroutines are left")
			}
			require.NoError(t, goleak.Find(before))
		})
	}
}
