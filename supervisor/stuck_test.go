package supervisor_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// touch is a message that says itself what is to be done to a hoard.
type touch func(ctx *actor.Context[touch], h *hoard) error

// hoard is a child with a state.
type hoard struct {
	w     *world
	id    string
	coins int
}

func (h *hoard) PreStart(*actor.Context[touch]) error {
	h.w.note("+" + h.id)
	return nil
}

func (h *hoard) Handle(ctx *actor.Context[touch], f touch) error { return f(ctx, h) }

func (h *hoard) PostStop(*actor.Context[touch]) error {
	h.w.note("-" + h.id)
	return nil
}

// hoards makes the spec of a, b and c, of which b has d to stop.
func (w *world) hoards(d time.Duration) supervisor.Spec {
	s := supervisor.Spec{Strategy: supervisor.OneForAll}
	for _, id := range []string{"a", "b", "c"} {
		c := supervisor.Child{ID: id, Start: supervisor.Of(func() *hoard { return &hoard{w: w, id: id} }, actor.Named(id))}
		if id == "b" {
			c.Shutdown = d
		}
		s.Children = append(s.Children, c)
	}
	return s
}

// coins asks a hoard.
func coins(ctx context.Context, t testing.TB, r actor.Ref[touch]) int {
	t.Helper()
	n, err := rpc.Call(ctx, r, func(reply rpc.Reply[int]) touch {
		return func(_ *actor.Context[touch], h *hoard) error {
			reply.Send(h.coins)
			return nil
		}
	})
	require.NoError(t, err)
	return n
}

// One of three is stuck on a nil channel when a sibling panics. All three are
// there again within the stuck one's deadline and KillGrace; and when the old one
// is released, later, it does no harm: all that it tries through its ctx is
// ErrKilled, what was in its mailbox is not handled, and its state is its own.
func TestTheStuckOneDoesNoHarm(t *testing.T) {
	for deadline, bound := range map[time.Duration]time.Duration{
		0:                     5*time.Second + grace, // the default
		time.Second:           time.Second + grace,
		supervisor.BrutalKill: grace,
	} {
		for _, panicking := range []string{"a", "c"} {
			t.Run(fmt.Sprintf("deadline %v, %s panics", deadline, panicking), func(t *testing.T) {
				bubble(t, func(w *world) {
					var never chan struct{}
					release := make(chan struct{}) // or the bubble could not end
					harm := make(chan map[string]error, 1)
					next, err := actor.Spawn(w.ctx, actor.Func(func(*actor.Context[int], int) error { return nil }))
					require.NoError(w.t, err)
					group := pg.Group[touch]{Name: "hoards"}
					sup := w.spawn(w.hoards(deadline))
					ref := func(id string) actor.Ref[touch] {
						r, err := supervisor.Find[touch](w.ctx, sup, id)
						require.NoError(w.t, err)
						return r
					}
					evil := func(*actor.Context[touch], *hoard) error {
						w.note("harm")
						return errBoom
					}
					old := map[string]actor.Ref[touch]{"a": ref("a"), "b": ref("b"), "c": ref("c")}
					for _, r := range old {
						require.NoError(w.t, r.Cast(w.ctx, func(_ *actor.Context[touch], h *hoard) error { h.coins = 7; return nil }))
					}
					require.NoError(w.t, old["b"].Cast(w.ctx, func(ctx *actor.Context[touch], h *hoard) error {
						ctx.Every(time.Second, evil) // armed in time, and never heard
						select {
						case <-never:
						case <-release:
						}
						h.coins = 1000
						a := actor.ByName[touch](w.ctx, "a")
						_, spawned := actor.Spawn(ctx, &hoard{w: w, id: "stray"})
						_, linked := actor.SpawnLinked(ctx, &hoard{w: w, id: "stray"})
						_, called := rpc.Call(ctx, a, func(rpc.Reply[int]) touch { return evil })
						_, given := group.Cast(ctx, evil)
						harm <- map[string]error{
							"ctx":   context.Cause(ctx),
							"Cast":  a.Cast(ctx, evil),
							"Spawn": spawned, "SpawnLinked": linked,
							"Call": called, "to the group": given,
							"Forward": rpc.Forward(ctx, a, func(rpc.Reply[int]) touch { return evil }, next),
							"Join":    group.Join(ctx, ctx.Self()),
							"After":   ctx.After(0, evil).Err(), "Every": ctx.Every(time.Second, evil).Err(),
						}
						return errBoom
					}))
					require.NoError(w.t, old["b"].Cast(w.ctx, evil)) // queued behind it
					w.settle()
					require.Equal(w.t, "+a +b +c", w.read())

					begin := time.Now()
					require.NoError(w.t, old[panicking].Cast(w.ctx, func(*actor.Context[touch], *hoard) error { panic("boom") }))
					w.settle()
					for _, id := range []string{"a", "b", "c"} { // asked in the middle of the restart
						require.NotEqual(w.t, old[id].ID(), ref(id).ID())
					}
					took(w.t, bound, begin)
					stopped := map[string]string{"a": "-c", "c": "-a"}[panicking]
					require.Equal(w.t, stopped+" +a +b +c", w.read())
					require.ErrorIs(w.t, old["b"].Wait(w.ctx), actor.ErrAbandoned)
					require.NoError(w.t, group.Join(w.ctx, ref("a")))

					close(release)
					for what, err := range <-harm {
						require.ErrorIs(w.t, err, actor.ErrKilled, what)
					}
					w.pass(time.Minute)
					synctest.Wait()
					require.Empty(w.t, w.read())
					for id, i := range w.infos(sup) {
						require.Equal(w.t, 1, i.Restarts, id)
						require.Zero(w.t, coins(w.ctx, w.t, ref(id)), id)
					}
				})
			})
		}
	}
}
