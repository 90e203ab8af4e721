package actor_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// gate holds an actor in a callback, so that what is sent meanwhile is queued.
type gate struct{ entered, open chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}), make(chan struct{})} }

func (g *gate) wait() {
	close(g.entered)
	<-g.open
}

// line notes who has handled what.
func line(who string, m int) string { return fmt.Sprintf("%s %d", who, m) }

func TestBecomeKeepsFIFO(t *testing.T) {
	for name, opts := range map[string][]actor.Option{"unbounded": nil, "bounded": {actor.Bounded(1<<10, actor.Refuse)}} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			g, log := newGate(), new(journal)
			var want []string
			r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
				if m == 0 {
					g.wait()
					return nil
				}
				log.add(line("base", m))
				if m == 100 {
					in.Become(func(in *actor.Context[int], m int) error {
						log.add(line("other", m))
						if m == 200 {
							in.Become(nil)
						}
						return nil
					})
				}
				return nil
			}), opts...)
			require.NoError(t, r.Cast(ctx, 0))
			recv(t, g.entered)
			for m := 1; m <= 300; m++ { // all are queued before the first changes the handler
				require.NoError(t, r.Cast(ctx, m))
				who := "base"
				if m > 100 && m <= 200 {
					who = "other"
				}
				want = append(want, line(who, m))
			}
			close(g.open)
			require.NoError(t, r.DrainAndWait(ctx))
			require.Equal(t, want, log.all())
		})
	}
}

// The handlers of a machine: 0 is Handle. A message moves it or not.
func TestBecomeAgainstAModel(t *testing.T) {
	move := func(state, m int) (next int) {
		switch m % 3 {
		case 0:
			return m % 4 // from within a handler of Become too, and to the one it is in
		default:
			return state
		}
	}
	for seed := range uint64(20) {
		ctx, _ := newSystem(t, actor.Config{})
		log := new(journal)
		var handler func(state int) func(in *actor.Context[int], m int) error
		handler = func(state int) func(in *actor.Context[int], m int) error {
			return func(in *actor.Context[int], m int) error {
				log.add(line(fmt.Sprint(state), m))
				if m%3 != 0 {
					return nil
				}
				if next := move(state, m); next == 0 {
					in.Become(nil)
				} else {
					in.Become(handler(next))
				}
				return nil
			}
		}
		r := spawn(t, ctx, fn(handler(0)))
		rnd := rand.New(rand.NewPCG(seed, 1))
		state := 0
		var want []string
		for range 500 {
			m := rnd.IntN(1000)
			want = append(want, line(fmt.Sprint(state), m))
			state = move(state, m)
			require.NoError(t, r.Cast(ctx, m))
		}
		require.NoError(t, r.DrainAndWait(ctx))
		require.Equal(t, want, log.all(), "seed %d", seed)
	}
}

// turncoat becomes another in each of its callbacks that can.
type turncoat struct {
	log    *journal
	where  string
	events chan actor.Event
}

func (a *turncoat) become(in *actor.Context[job], where string) {
	if where == a.where {
		in.Become(func(in *actor.Context[job], j job) error {
			a.log.add("became")
			return j(in)
		})
	}
}

func (a *turncoat) PreStart(in *actor.Context[job]) error  { a.become(in, "PreStart"); return nil }
func (a *turncoat) PostStart(in *actor.Context[job]) error { a.become(in, "PostStart"); return nil }
func (a *turncoat) PostStop(*actor.Context[job]) error     { a.log.add("PostStop"); return nil }

func (a *turncoat) HandleSupervision(in *actor.Context[job], ev actor.Event) error {
	a.become(in, "HandleSupervision")
	a.log.add(ev.Kind.String())
	a.events <- ev
	return nil
}

func (a *turncoat) Handle(in *actor.Context[job], j job) error {
	a.become(in, "Handle")
	a.log.add("handle")
	return j(in)
}

func TestBecomeInAnyCallbackKeepsTheHooks(t *testing.T) {
	for _, instant := range []bool{false, true} {
		for _, where := range []string{"PreStart", "PostStart", "Handle", "HandleSupervision"} {
			t.Run(fmt.Sprint(where, instant), func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{})
				parent, events := newPuppet(t, ctx)
				a := &turncoat{log: new(journal), where: where, events: make(chan actor.Event, 10)}
				do := func(r actor.Ref[job], f func(*actor.Context[job])) {
					require.NoError(t, r.Cast(ctx, func(in *actor.Context[job]) error { f(in); return nil }))
				}
				start := actor.Spawn[*turncoat, job]
				if instant {
					start = actor.SpawnInstant[*turncoat, job]
				}
				r, err := start(ctx, a, actor.LinkedTo(parent.Any()))
				require.NoError(t, err)
				require.Equal(t, actor.Started, recv(t, events).Kind)

				do(r, func(in *actor.Context[job]) {
					_, err := actor.SpawnLinked(in, worker())
					require.NoError(t, err)
				})
				recv(t, a.events)
				do(r, func(*actor.Context[job]) {})
				require.NoError(t, r.DrainAndWait(ctx))

				first := "became"
				if where == "Handle" || where == "HandleSupervision" {
					first = "handle"
				}
				require.Equal(t, []string{first, "started", "became", "PostStop"}, a.log.all())
				ev := recv(t, events)
				require.Equal(t, actor.Terminated, ev.Kind)
				require.Same(t, a, ev.State, "the value, not what stands in front of it")
			})
		}
	}
}

// chameleon is a Behaviour whose state counts what each handler has got.
type chameleon struct{ log *journal }

type colours struct{ base, other int }

func (chameleon) PreStart(*actor.Context[int], int) (colours, error) { return colours{}, nil }

func (c chameleon) Handle(in *actor.Context[int], m int, s *colours) error {
	s.base++
	if m == 3 {
		in.Become(func(*actor.Context[int], int) error { s.other++; return nil })
	}
	return nil
}

func (c chameleon) PostStop(_ *actor.Context[int], s *colours) error {
	c.log.add(fmt.Sprint(*s))
	return nil
}

func TestBecomeWithABehaviour(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	log := new(journal)
	r := spawn(t, ctx, actor.With(chameleon{log}, 0), actor.LinkedTo(parent.Any()))
	for m := range 10 {
		require.NoError(t, r.Cast(ctx, m))
	}
	require.NoError(t, r.DrainAndWait(ctx))
	require.Equal(t, []string{"{4 6}"}, log.all())
	require.Equal(t, actor.Started, recv(t, events).Kind)
	require.Equal(t, &colours{4, 6}, recv(t, events).State)
}

func TestBecomeTakesRequestsTimersAndDowns(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	got := make(chan int, 10)
	other := spawn(t, ctx, idle())
	r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error {
		in.Become(func(_ *actor.Context[int], m int) error { got <- m; return nil })
		in.After(0, 2)
		in.MonitorMsg(other.Any(), func(actor.Down) int { return 3 })
		return nil
	}))
	require.NoError(t, r.Cast(ctx, 1))
	require.Equal(t, 2, recv(t, got))
	other.Stop()
	require.Equal(t, 3, recv(t, got))
	k := request(t, r, 4)
	require.Equal(t, 4, recv(t, got))
	recv(t, k.handled)
}

func TestAFailureOfBecomesHandlerEndsTheActor(t *testing.T) {
	for name, fail := range map[string]func(*actor.Context[int], int) error{
		"error": func(*actor.Context[int], int) error { return errTest },
		"panic": func(*actor.Context[int], int) error { panic(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			r := spawn(t, ctx, fn(func(in *actor.Context[int], _ int) error { in.Become(fail); return nil }))
			require.NoError(t, r.Cast(ctx, 1))
			require.NoError(t, r.Cast(ctx, 2))
			require.ErrorIs(t, waitEnd(t, r), errTest)
		})
	}
}

// Invariant 8.
func TestBecomesHandlerIsCollected(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for name, end := range map[string]func(r actor.Ref[job]){
		"by going back": func(r actor.Ref[job]) {
			do(t, r, func(in *actor.Context[job]) { in.Become(nil) })
			do(t, r, func(*actor.Context[job]) {}) // the turn has let go of it
		},
		"at the end": func(r actor.Ref[job]) { require.NoError(t, r.StopAndWait(ctx)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := spawn(t, ctx, worker())
			become := func() weak.Pointer[blob] {
				b := new(blob)
				do(t, r, func(in *actor.Context[job]) {
					in.Become(func(in *actor.Context[job], j job) error { runtime.KeepAlive(b); return j(in) })
				})
				return weak.Make(b)
			}
			p := become()
			runtime.GC()
			require.NotNil(t, p.Value())
			end(r)
			collected(t, p, "the handler")
			require.NotZero(t, r.ID())
		})
	}
}

// What Become costs a message: a thousand of them an op.
func BenchmarkBecome(b *testing.B) {
	for name, become := range map[string]bool{"baseline": false, "become": true} {
		b.Run(name, func(b *testing.B) {
			ctx, _ := newSystem(b, actor.Config{})
			done := make(chan struct{})
			again := func(in *actor.Context[int], m int) error {
				if m == 0 {
					done <- struct{}{}
					return nil
				}
				return in.Self().Cast(in, m-1)
			}
			r := spawn(b, ctx, fn(func(in *actor.Context[int], m int) error {
				if become {
					in.Become(again)
				}
				return again(in, m)
			}))
			b.ReportAllocs()
			for b.Loop() {
				_ = r.Cast(ctx, 1000)
				<-done
			}
		})
	}
}
