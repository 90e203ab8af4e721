package actortest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/port"
	"github.com/ractor-go/ractor/rpc"
)

// outcomes collects what runs have come to.
type outcomes struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (o *outcomes) add(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen == nil {
		o.seen = map[string]bool{}
	}
	o.seen[what] = true
}

// inEveryOrder is what a program can come to: Exhaustive and Explore say the
// same.
func inEveryOrder(t *testing.T, f func(sys *actortest.System) string) map[string]bool {
	t.Helper()
	var all, some outcomes
	require.True(t, actortest.Exhaustive(t, func(sys *actortest.System) { all.add(f(sys)) }).Complete)
	actortest.Explore(t, 300, func(sys *actortest.System) { some.add(f(sys)) })
	require.Equal(t, some.seen, all.seen)
	return all.seen
}

// Whoever subscribes may come before, between and after two sends.
func TestPoints_Port(t *testing.T) {
	seen := inEveryOrder(t, func(sys *actortest.System) string {
		var p port.Port[string]
		heard := ""
		ear, err := actor.Spawn(sys, actor.Func(func(_ *actor.Context[string], s string) error {
			heard += s
			return nil
		}))
		require.NoError(sys, err)
		for _, do := range []func(ctx context.Context){
			func(context.Context) { p.Subscribe(ear, nil) },
			func(ctx context.Context) {
				p.Send(ctx, "a")
				p.Send(ctx, "b")
			},
		} {
			ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
				do(ctx)
				return nil
			}))
			require.NoError(sys, err)
			require.NoError(sys, ref.Cast(sys, 1))
		}
		sys.Settle()
		return heard
	})
	require.Equal(t, map[string]bool{"": true, "b": true, "ab": true}, seen)
}

// An answer that comes as late as the deadline may still be the result, or not.
func TestPoints_DeadlineAndAnswer(t *testing.T) {
	seen := inEveryOrder(t, func(sys *actortest.System) string {
		var owed rpc.Reply[int]
		callee, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[ask], r ask) error {
			if r != (ask{}) {
				owed = r
				return nil
			}
			owed.Send(1)
			return nil
		}))
		require.NoError(sys, err)
		result := ""
		caller, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			c, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			result = "answered"
			if _, err := rpc.Call(c, callee, func(r ask) ask { return r }); err != nil {
				result = err.Error()
			}
			return nil
		}))
		require.NoError(sys, err)
		require.NoError(sys, caller.Cast(sys, 1))
		callee.CastAfter(time.Second, ask{})
		sys.Sleep(2 * time.Second)
		sys.Settle()
		return result
	})
	require.Equal(t, map[string]bool{"answered": true, "context deadline exceeded": true}, seen)
}

// Whether anybody still waits can change between two looks.
func TestPoints_Abandoned(t *testing.T) {
	seen := inEveryOrder(t, func(sys *actortest.System) string {
		looks := ""
		callee, err := actor.Spawn(sys, actor.Func(func(_ *actor.Context[ask], r ask) error {
			for range 2 {
				if r.Abandoned() {
					looks += "gone "
				} else {
					looks += "waits "
				}
			}
			return nil
		}))
		require.NoError(sys, err)
		caller, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			_, _ = rpc.Call(ctx, callee, func(r ask) ask { return r })
			return nil
		}))
		require.NoError(sys, err)
		require.NoError(sys, caller.Cast(sys, 1))
		killer, err := actor.Spawn(sys, actor.Func(func(*actor.Context[int], int) error {
			caller.Kill()
			return nil
		}))
		require.NoError(sys, err)
		require.NoError(sys, killer.Cast(sys, 1))
		sys.Settle()
		return looks
	})
	require.Contains(t, seen, "waits gone ")
	require.Contains(t, seen, strings.Repeat("waits ", 2))
}

// shown is an actor that shows how often it has been told something.
type shown struct{ told int }

func (s *shown) Handle(*actor.Context[int], int) error { s.told++; return nil }
func (s *shown) Inspect() any                          { return s.told }

// A look overtakes the message before it, unless that has been handled meanwhile.
func TestPoints_Inspect(t *testing.T) {
	seen := inEveryOrder(t, func(sys *actortest.System) (saw string) {
		ref, err := actor.Spawn(sys, &shown{})
		require.NoError(sys, err)
		asker, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			if err := ref.Cast(ctx, 1); err != nil {
				return err
			}
			n, err := actor.Inspect(context.Background(), ref.Any()) // which is no point itself, as ctx would be
			saw = fmt.Sprint(n)
			return err
		}))
		require.NoError(sys, err)
		require.NoError(sys, asker.Cast(sys, 1))
		sys.Settle()
		return saw
	})
	require.Equal(t, map[string]bool{"0": true, "1": true}, seen)
}
