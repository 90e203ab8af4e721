package actortest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

type entry struct {
	back rpc.Reply[int]
}

func recorder(sys *System) actor.Ref[entry] {
	n := 0
	ref, err := actor.Spawn(sys, actor.Func(func(_ *actor.Context[entry], m entry) error {
		n++
		m.back.Send(n)
		return nil
	}))
	require.NoError(sys, err)
	return ref
}

// small are programs that can be enumerated without leaving anything out.
var small = map[string]func(sys *System){
	"three messages": func(sys *System) {
		ref := recorder(sys)
		for range 2 {
			require.NoError(sys, ref.Cast(sys, entry{}))
		}
		_, err := rpc.Call(sys, ref, func(r rpc.Reply[int]) entry { return entry{back: r} })
		require.NoError(sys, err)
	},
	"two senders": func(sys *System) {
		ref := recorder(sys)
		for range 2 {
			sender, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
				return ref.Cast(ctx, entry{})
			}))
			require.NoError(sys, err)
			require.NoError(sys, sender.Cast(sys, 1))
		}
	},
	"strangers": func(sys *System) {
		for range 2 {
			require.NoError(sys, recorder(sys).Cast(sys, entry{}))
		}
	},
	"a kill": func(sys *System) {
		ref := recorder(sys)
		require.NoError(sys, ref.Cast(sys, entry{}))
		ref.Kill()
		_ = ref.Wait(sys)
	},
	"names": func(sys *System) {
		claim := actor.Func(func(ctx *actor.Context[int], _ int) error {
			_, _ = actor.Spawn(ctx, actor.Func(func(*actor.Context[int], int) error { return nil }), actor.Named("x"))
			return nil
		})
		for range 2 {
			ref, err := actor.Spawn(sys, claim)
			require.NoError(sys, err)
			require.NoError(sys, ref.Cast(sys, 1))
		}
	},
}

// Leaving out loses no case: the classes are those of all interleavings, and each
// is run to its end once.
func TestExhaustive_AgainstAllInterleavings(t *testing.T) {
	for name, f := range small {
		t.Run(name, func(t *testing.T) {
			set := newSettings(nil)
			every, failed := enumerate(t, set, f, false)
			if failed != nil {
				t.Fatalf("%+v", failed.failure)
			}
			require.True(t, every.Complete)
			few, failed := enumerate(t, set, f, true)
			if failed != nil {
				t.Fatalf("%+v", failed.failure)
			}
			require.True(t, few.Complete)
			require.Equal(t, every.Distinct, few.Distinct)
			require.Equal(t, few.Distinct, few.Runs)
			t.Logf("%d interleavings, %d distinct; %d runs and %d given up", every.Runs, every.Distinct, few.Runs, few.Redundant)
		})
	}
}
