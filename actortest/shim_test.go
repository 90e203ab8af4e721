package actortest_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/pg"
)

var errNodeDown = errors.New("test: node is down")

// elsewhere is another node with one actor, which counts what it gets.
type elsewhere struct{ got int }

func (*elsewhere) String() string                     { return "far@node<1>" }
func (*elsewhere) Stop(error)                         {}
func (*elsewhere) Kill()                              {}
func (*elsewhere) Drain()                             {}
func (e *elsewhere) Sender(reflect.Type) (any, error) { return e, nil }

func (*elsewhere) End(context.Context, actor.EndOp, error) error { return actor.ErrNotSupported }

func (e *elsewhere) Send(context.Context, *actor.Shim, int, *actor.Ticket) error {
	e.got++
	return nil
}

// runs spawns an actor that runs f once, and gives it to the scheduler.
func runs(sys *actortest.System, f func(ctx *actor.Context[int]) error) {
	ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error { return f(ctx) }))
	require.NoError(sys, err)
	require.NoError(sys, ref.Cast(sys, 1))
}

// The end of a shim may come before, between and after two sends to it, and its
// group says the same.
func TestPoints_Shim(t *testing.T) {
	seen := inEveryOrder(t, func(sys *actortest.System) string {
		node, room := &elsewhere{}, pg.Group[int]{Name: "room"}
		s := actor.NewShim(sys.System(), node)
		require.NoError(sys, pg.JoinAny(sys.System(), pg.DefaultScope, room.Name, s.Ref()))
		r, _ := actor.As[int](s.Ref())
		refused := 0
		runs(sys, func(ctx *actor.Context[int]) error {
			for range 2 {
				if err := r.Cast(ctx, 1); err != nil {
					require.ErrorIs(sys, err, errNodeDown)
					refused++
				}
			}
			return nil
		})
		cast := 0
		runs(sys, func(ctx *actor.Context[int]) (err error) {
			cast, err = room.Cast(ctx, 1)
			return err
		})
		runs(sys, func(*actor.Context[int]) error { s.End(errNodeDown); return nil })
		sys.Settle()
		require.ErrorIs(sys, r.Wait(sys), errNodeDown)
		require.Equal(sys, 2-refused+cast, node.got)
		return fmt.Sprint(refused, cast)
	})
	require.Equal(t, map[string]bool{"0 0": true, "1 0": true, "2 0": true, "0 1": true, "1 1": true, "2 1": true}, seen)
}

// A monitor is told of a shim's end exactly once, a timer to it ends with it, and
// who waits goes on, in every order.
func TestShim_Watched(t *testing.T) {
	actortest.Explore(t, 300, func(sys *actortest.System) {
		node := &elsewhere{}
		s := actor.NewShim(sys.System(), node)
		r, _ := actor.As[int](s.Ref())
		downs := 0
		runs(sys, func(ctx *actor.Context[int]) error {
			ctx.MonitorMsg(r.Any(), func(d actor.Down) int {
				if !errors.Is(d.Err, errNodeDown) && !errors.Is(d.Err, actor.ErrNoProc) {
					sys.Errorf("down: %v", d.Err)
				}
				downs++
				return 0
			})
			ctx.Become(func(*actor.Context[int], int) error { return nil }) // to what the Down is made
			return nil
		})
		tick := r.CastEvery(time.Second, 1)
		require.NoError(sys, tick.Err())
		sys.Sleep(2500 * time.Millisecond)
		runs(sys, func(*actor.Context[int]) error { s.End(errNodeDown); return nil })
		require.ErrorIs(sys, r.Wait(sys), errNodeDown)
		sys.Settle()
		require.Equal(sys, 1, downs)
		require.Equal(sys, 2, node.got)
		sys.Sleep(time.Minute)
		require.Equal(sys, 2, node.got)
	})
}
