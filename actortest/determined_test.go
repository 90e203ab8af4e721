package actortest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/port"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

var errOdd = errors.New("odd")

func plain[M any](sys *System, f func(ctx *actor.Context[M], m M) error, opts ...actor.Option) actor.Ref[M] {
	ref, err := actor.Spawn(sys, actor.Func(f), opts...)
	require.NoError(sys, err)
	return ref
}

// ask is a call that is answered with a number.
type ask = rpc.Reply[int]

// busy are programs that use much of what there is.
var busy = map[string]func(sys *System){
	"supervisor": func(sys *System) {
		child := func() actor.Actor[int] {
			return actor.Func(func(_ *actor.Context[int], n int) error {
				if n%2 == 1 {
					return errOdd
				}
				return nil
			})
		}
		for _, st := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne} {
			spec := supervisor.Spec{
				Strategy: st, Intensity: supervisor.Intensity{Max: 5, Per: time.Minute},
				Backoff: supervisor.Backoff{Min: time.Millisecond, Max: time.Second, Jitter: 0.5},
			}
			for i := range 3 {
				name := fmt.Sprintf("c%d-%d", st, i)
				spec.Children = append(spec.Children, supervisor.Child{ID: name, Start: supervisor.Of(child, actor.Named(name))})
			}
			sup, err := supervisor.Spawn(sys, spec)
			require.NoError(sys, err)
			for i := range 3 {
				_ = actor.ByName[int](sys, fmt.Sprintf("c%d-%d", st, i)).Cast(sys, i)
			}
			_, _ = sup.CountChildren(sys)
			_ = sup.TerminateChild(sys, fmt.Sprintf("c%d-1", st))
			_, _ = sup.RestartChild(sys, fmt.Sprintf("c%d-1", st))
			if st == supervisor.OneForAll {
				_ = sup.StopAndWait(sys)
			}
		}
		sys.Sleep(3 * time.Second)
	},
	"dynamic": func(sys *System) {
		d, err := supervisor.SpawnDynamic(sys, supervisor.DynamicSpec{Intensity: supervisor.Intensity{Max: 10, Per: time.Second}},
			func(n int) actor.Actor[int] {
				return actor.Func(func(_ *actor.Context[int], m int) error {
					if m == n {
						panic("equal")
					}
					return nil
				})
			})
		require.NoError(sys, err)
		for i := range 4 {
			ref, err := d.StartChild(sys, i)
			require.NoError(sys, err)
			_ = ref.Cast(sys, i%2)
		}
		ctx, cancel := context.WithTimeout(sys, time.Second)
		defer cancel()
		_ = d.Any().StopTree(ctx)
	},
	"pg": func(sys *System) {
		g := pg.Group[int]{Scope: "s", Name: "g"}
		h := pg.Group[int]{Scope: "s", Name: "h"}
		watch := plain(sys, func(*actor.Context[pg.Event], pg.Event) error { return nil })
		require.NoError(sys, pg.MonitorScope(sys, pg.AllScopes, watch))
		require.NoError(sys, g.Monitor(sys, watch))
		var refs []actor.Ref[int]
		for range 4 {
			ref := plain(sys, func(ctx *actor.Context[int], n int) error {
				switch n {
				case 0:
					return g.Leave(ctx, ctx.Self())
				case 1:
					return h.Join(ctx, ctx.Self())
				case 2:
					return errOdd
				}
				_, err := h.Pick(ctx)
				if err == nil {
					h.Cast(ctx, 0)
				}
				return nil
			})
			refs = append(refs, ref)
		}
		require.NoError(sys, g.Join(sys, refs...))
		require.NoError(sys, h.Join(sys, refs[:2]...))
		for i := range 6 {
			_ = refs[i%4].Cast(sys, i%4)
			g.Cast(sys, 3)
		}
		refs[0].Kill()
		watch.Stop()
		for range pg.Groups(sys, "s") {
		}
	},
	"port": func(sys *System) {
		var p port.Port[int]
		var subs []*port.Subscription
		for i := range 3 {
			ref := plain(sys, func(ctx *actor.Context[int], n int) error {
				if n == 5 {
					ctx.Stop()
				}
				if n == 3 && i == 1 {
					p.Send(ctx, 7)
				}
				return nil
			}, actor.Bounded(2, actor.Overflow(i)))
			subs = append(subs, p.Subscribe(ref, func(n int) bool { return n%2 == 1 }))
		}
		for range 2 {
			sender := plain(sys, func(ctx *actor.Context[int], n int) error {
				for i := range n {
					p.Send(ctx, i)
				}
				return nil
			})
			require.NoError(sys, sender.Cast(sys, 6))
		}
		subs[0].Cancel()
		p.Send(sys, 9)
	},
	"factory": func(sys *System) {
		f, err := factory.Spawn(sys, factory.Config[int]{
			Workers: 3, Router: factory.StickyQueuer(), Key: func(j int) string { return fmt.Sprint(j % 3) },
			Limit: 8, TTL: time.Second, StuckAfter: time.Minute,
			NewWorker: factory.Func(func(ctx context.Context, j int) error {
				if j == 3 {
					panic("three")
				}
				if j%2 == 1 {
					return errOdd
				}
				_, _ = actor.Blocking(ctx, func() (int, error) { time.Sleep(time.Millisecond); return 0, nil })
				return nil
			}),
		})
		require.NoError(sys, err)
		for i := range 10 {
			_ = f.Submit(sys, i)
		}
		require.NoError(sys, f.Resize(sys, 1))
		require.NoError(sys, f.Resize(sys, 4))
		sys.Sleep(10 * time.Millisecond)
		require.NoError(sys, f.Drain(sys))
	},
	"timers": func(sys *System) {
		var tm actor.Timer
		a := plain(sys, func(ctx *actor.Context[int], n int) error {
			switch n {
			case 1:
				tm = ctx.Every(time.Millisecond, 2)
				ctx.Idle(3*time.Millisecond, 3)
			case 3:
				ctx.Idle(0, 0)
				tm.Cancel()
			case 4:
				tm.Cancel()
				ctx.Become(func(*actor.Context[int], int) error { return nil })
			}
			return nil
		})
		b := plain(sys, func(ctx *actor.Context[int], n int) error { return a.Cast(ctx, n) })
		_ = a.Cast(sys, 1)
		for i := range 5 {
			a.CastAfter(time.Duration(i)*time.Millisecond, 5)
			b.CastAfter(time.Duration(i)*time.Millisecond, 6)
		}
		b.CastEvery(time.Millisecond, 5, actor.Burst)
		a.CastAfter(4*time.Millisecond, 4)
		b.KillAfter(5 * time.Millisecond)
		a.StopAfter(5 * time.Millisecond)
		sys.Sleep(20 * time.Millisecond)
	},
	"deadlines": func(sys *System) {
		slow := plain(sys, func(ctx *actor.Context[ask], r ask) error {
			actor.Async(ctx, func(context.Context) (int, error) { time.Sleep(time.Second); return 1, nil },
				func(n int, err error) error { r.Send(n); return err })
			return nil
		})
		for range 4 {
			caller := plain(sys, func(ctx *actor.Context[int], _ int) error {
				c, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				_, err := rpc.Call(c, slow, func(r ask) ask { return r })
				return err
			})
			_ = caller.Cast(sys, 1)
			_ = caller.Cast(sys, 1)
		}
		c, cancel := context.WithTimeout(sys, time.Second)
		defer cancel()
		_ = slow.DrainAndWait(c)
	},
	"starts": func(sys *System) {
		c, cancel := context.WithTimeout(sys, time.Second)
		defer cancel()
		for range 3 {
			begins := plain(sys, func(ctx *actor.Context[int], _ int) error {
				_, err := actor.Spawn(c, &starter{})
				_ = err
				return nil
			})
			_ = begins.Cast(sys, 1)
		}
		_, _ = actor.Spawn(c, &starter{})
		sys.Sleep(time.Minute)
	},
	"kills": func(sys *System) {
		for i := range 3 {
			stuck := plain(sys, func(ctx *actor.Context[int], _ int) error {
				_, err := actor.Blocking(ctx, func() (int, error) { time.Sleep(time.Duration(4+i) * time.Second); return 1, nil })
				_ = ctx.Self().Cast(ctx, 2)
				return err
			})
			_ = stuck.Cast(sys, 1)
			killer := plain(sys, func(*actor.Context[int], int) error { stuck.Kill(); return nil })
			_ = killer.Cast(sys, 1)
			m := plain(sys, func(ctx *actor.Context[actor.Down], d actor.Down) error {
				if d.Actor.IsZero() {
					ctx.MonitorMsg(stuck.Any(), func(d actor.Down) actor.Down { return d })
				}
				return nil
			})
			_ = m.Cast(sys, actor.Down{})
		}
		sys.Sleep(20 * time.Second)
	},
	"multi": func(sys *System) {
		var to []actor.Ref[ask]
		for i := range 4 {
			to = append(to, plain(sys, func(ctx *actor.Context[ask], r ask) error {
				switch i {
				case 0:
					return errOdd
				case 1:
					ctx.After(time.Second, ask{})
					ctx.Stash(r)
				case 2:
					ctx.Stop()
				}
				r.Send(i)
				return nil
			}, actor.Bounded(1, actor.WaitForRoom)))
		}
		asker := plain(sys, func(ctx *actor.Context[int], _ int) error {
			rpc.Multi(ctx, to, func(r ask) ask { return r })
			return nil
		})
		_ = asker.Cast(sys, 1)
		rpc.Multi(sys, to, func(r ask) ask { return r })
		for range 3 {
			_ = to[3].Cast(sys, ask{})
		}
	},
	"dead letters": func(sys *System) {
		for i := range 3 {
			plain(sys, func(ctx *actor.Context[actor.DeadLetter], d actor.DeadLetter) error { return nil }, actor.Named(fmt.Sprint(i)))
		}
		for i := range 3 {
			sys.System().DeadLetters(actor.ByName[actor.DeadLetter](sys, fmt.Sprint(i)))
		}
		for range 3 {
			ref := plain(sys, func(ctx *actor.Context[int], _ int) error {
				ctx.Stop()
				return nil
			})
			for i := range 3 {
				_ = ref.Cast(sys, i)
			}
		}
	},
	"shutdown": func(sys *System) {
		for range 5 {
			parent := plain(sys, func(ctx *actor.Context[int], _ int) error {
				for range 3 {
					_, _ = actor.SpawnLinked(ctx, &starter{quick: true})
				}
				actor.Async(ctx, func(ctx context.Context) (int, error) { time.Sleep(time.Second); return 0, nil },
					func(int, error) error { return nil })
				return nil
			})
			_ = parent.Cast(sys, 1)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = sys.System().Shutdown(ctx)
	},
}

type starter struct{ quick bool }

func (l *starter) PreStart(ctx *actor.Context[int]) error {
	if !l.quick {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}
func (*starter) Handle(*actor.Context[int], int) error  { return nil }
func (*starter) PostStop(ctx *actor.Context[int]) error { return nil }

// Whatever of the library a program uses, the same seed makes the same run: what
// is not chosen is determined. Each run is made twice here.
func TestRun_LibraryIsDetermined(t *testing.T) {
	for name, f := range busy {
		t.Run(name, func(t *testing.T) {
			for number := range uint64(40) {
				for _, s := range []Strategy{Uniform, PCT, Swarm} {
					r := checked(t, newSettings(nil), seed{s, number}, f)
					require.Nil(t, r.failure)
				}
			}
		})
	}
}
