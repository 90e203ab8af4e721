package supervisor_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// keep is for a child with KeepMailbox.
func keep(c *supervisor.Child, _ *probe) { c.KeepMailbox = true }

// word has a probe write a word.
func (w *world) word(s string) do {
	return func(*actor.Context[do]) error { w.note(s); return nil }
}

// Design section 6, L3: a restart in place. The Ref stays, the message that
// failed is a dead letter, the rest is handled by the next one, calls too; a
// monitor sees nothing; and the back-off is waited for.
func TestKeepMailbox_L3(t *testing.T) {
	for name, fail := range map[string]do{"error": boom, "panic": panics} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{
					Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute},
					Children: []supervisor.Child{w.child("a", keep), w.child("b")},
				})
				r := w.find(sup, "a")
				monitored := make(chan actor.Event, 10)
				watcher, err := actor.Spawn(w.ctx, &watcher{r.Any(), monitored})
				require.NoError(t, err)
				synctest.Wait()
				require.Equal(t, "+a +b", w.read())

				w.tell(r, func(*actor.Context[do]) error { <-time.After(time.Second); return nil })
				w.tell(r, w.word("one"))
				w.tell(r, fail)
				w.tell(r, w.word("two"))
				asked := background(func() error {
					_, err := rpc.Call(w.ctx, r, func(reply rpc.Reply[int]) do {
						return func(*actor.Context[do]) error { w.note("call"); reply.Send(1); return nil }
					})
					return err
				})
				synctest.Wait()
				<-time.After(time.Second)
				require.Equal(t, "one", w.read())
				info := w.infos(sup)["a"]
				require.True(t, info.Restarting)
				require.True(t, info.Actor.IsZero())
				_, err = supervisor.Find[do](w.ctx, sup, "a")
				require.ErrorIs(t, err, supervisor.ErrRestarting)
				w.tell(r, w.word("three"))

				<-time.After(time.Minute - 1)
				require.Empty(t, w.read(), "it waits for the back-off")
				<-time.After(time.Millisecond)
				require.Equal(t, "+a two call three", w.read())
				require.NoError(t, <-asked)
				require.Equal(t, r, w.find(sup, "a"), "the same Ref")
				require.Equal(t, 1, w.infos(sup)["a"].Restarts)
				require.Equal(t, map[string]uint64{"failed": 1}, w.sys.Stats().DeadLetters)

				r.Kill() // that is no failure: a new actor
				require.Empty(t, w.read())
				<-time.After(2*time.Minute + time.Millisecond)
				require.Equal(t, "+a", w.read())
				differ(t, r, w.find(sup, "a"))
				require.Equal(t, []actor.EventKind{actor.Terminated}, kinds(monitored))
				watcher.Stop()
				require.NoError(t, sup.StopAndWait(w.ctx))
			})
		})
	}
}

// differ says that two Refs are not equal. (NotEqual would look into the actors,
// which may be running.)
func differ(t testing.TB, a, b actor.Ref[do]) {
	t.Helper()
	if a == b {
		t.Error("the same Ref")
	}
}

// watcher monitors an actor, and hands on what it is told.
type watcher struct {
	whom actor.AnyRef
	told chan actor.Event
}

func (x *watcher) PreStart(ctx *actor.Context[int]) error { ctx.Monitor(x.whom); return nil }
func (*watcher) Handle(*actor.Context[int], int) error    { return nil }
func (x *watcher) HandleSupervision(_ *actor.Context[int], ev actor.Event) error {
	if ev.Kind != actor.Started {
		x.told <- ev
	}
	return nil
}

func words(s string) []string { return strings.Fields(s) }

// without is s without a word.
func without(s, word string) string {
	return strings.Join(slices.DeleteFunc(words(s), func(w string) bool { return w == word }), " ")
}

func kinds(told chan actor.Event) (all []actor.EventKind) {
	for len(told) > 0 {
		all = append(all, (<-told).Kind)
	}
	return all
}

// A group's restart: who has failed is restarted in place, the others are
// stopped and started anew, also with KeepMailbox.
func TestKeepMailbox_Groups(t *testing.T) {
	for strategy, want := range map[supervisor.Strategy]string{
		supervisor.OneForOne:  "+b queued",
		supervisor.RestForOne: "-c +b queued +c",
		supervisor.OneForAll:  "-c -a +a +b queued +c",
	} {
		t.Run(strategy.String(), func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{
					Strategy: strategy, Intensity: plenty,
					Children: []supervisor.Child{w.child("a", keep), w.child("b", keep), w.child("c", keep)},
				})
				a, b, c := w.find(sup, "a"), w.find(sup, "b"), w.find(sup, "c")
				w.read()
				w.tell(b, func(*actor.Context[do]) error { <-time.After(time.Second); return errBoom })
				w.tell(b, w.word("queued"))
				<-time.After(2 * time.Second)
				// The revived one's queue goes on while c is started.
				got := w.read()
				if strategy != supervisor.OneForOne {
					require.ElementsMatch(t, words(want), words(got))
					require.Less(t, slices.Index(words(got), "+b"), slices.Index(words(got), "queued"))
					got = without(got, "queued")
					want = without(want, "queued")
				}
				require.Equal(t, want, got)
				require.Equal(t, b, w.find(sup, "b"))
				require.Equal(t, strategy != supervisor.OneForAll, a == w.find(sup, "a"))
				require.Equal(t, strategy == supervisor.OneForOne, c == w.find(sup, "c"))
				require.NoError(t, sup.StopAndWait(w.ctx))
			})
		})
	}
}

// A PreStart that fails on revival counts as a restart again; the child goes on
// waiting with its queue, until the limit: then it ends as it has failed.
func TestKeepMailbox_FailedRevivals(t *testing.T) {
	for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll, supervisor.RestForOne} {
		for _, enough := range []bool{false, true} {
			t.Run(fmt.Sprint(strategy, enough), func(t *testing.T) {
				bubble(t, func(w *world) {
					starts := 0
					sup := w.spawn(supervisor.Spec{
						Strategy: strategy, Intensity: supervisor.Intensity{Max: 3, Per: time.Hour},
						Backoff: supervisor.Backoff{Min: time.Second, Max: time.Second},
						Children: []supervisor.Child{w.child("a", keep, func(_ *supervisor.Child, p *probe) {
							p.preStart = func() error {
								if starts++; starts == 1 || !enough && starts == 4 {
									return nil
								}
								return errBoom
							}
						})},
					})
					r := w.find(sup, "a")
					w.read()
					w.tell(r, boom)
					w.tell(r, w.word("queued"))
					<-time.After(10 * time.Second)
					if !enough {
						require.Equal(t, "!a !a +a queued", w.read())
						require.Equal(t, r, w.find(sup, "a"))
						require.NoError(t, sup.StopAndWait(w.ctx))
						return
					}
					require.Equal(t, "!a !a !a", w.read())
					require.ErrorIs(t, sup.Any().Wait(w.ctx), supervisor.ErrRestartIntensity)
					require.ErrorIs(t, r.Wait(w.ctx), errBoom)
					require.Equal(t, map[string]uint64{"failed": 2}, w.sys.Stats().DeadLetters)
				})
			})
		}
	}
}

// While a child waits in its back-off: what is asked of it, and what ends it.
func TestKeepMailbox_WhileItWaits(t *testing.T) {
	type nest struct {
		*world
		sup supervisor.Supervisor
		r   actor.Ref[do]
	}
	for name, c := range map[string]struct {
		then func(n *nest)
		want string
	}{
		"TerminateChild": {func(n *nest) {
			require.NoError(n.t, n.sup.TerminateChild(n.ctx, "a"))
			_ = n.r.Wait(n.ctx) // the supervisor hears of the end a moment before the Status says so
			require.Equal(n.t, actor.Stopped, n.r.Status(), "it has ended")
			<-time.After(time.Hour)
			require.False(n.t, n.infos(n.sup)["a"].Restarting)
			_, err := n.sup.RestartChild(n.ctx, "a")
			require.NoError(n.t, err)
		}, "+a"},
		"killed by somebody": {func(n *nest) {
			n.r.Kill()
			require.ErrorIs(n.t, n.r.Wait(n.ctx), errBoom)
			<-time.After(time.Hour)
			differ(n.t, n.r, n.find(n.sup, "a"))
			require.Equal(n.t, 1, n.infos(n.sup)["a"].Restarts)
		}, "+a"},
		"stopped by somebody just before": {func(n *nest) {
			n.r.StopAfter(time.Minute)
			<-time.After(time.Hour)
			n.find(n.sup, "a")
		}, ""},
		"unlinked": {func(n *nest) {
			require.True(n.t, actor.Unlink(n.sup.Any(), n.r.Any()))
			require.ErrorIs(n.t, n.r.Wait(n.ctx), errBoom)
			<-time.After(time.Hour)
			differ(n.t, n.r, n.find(n.sup, "a"))
		}, "+a"},
		"the supervisor stops":  {func(n *nest) { require.NoError(n.t, n.sup.StopAndWait(n.ctx)) }, ""},
		"the supervisor's Kill": {func(n *nest) { n.sup.Any().Kill() }, ""},
		"StopTree":              {func(n *nest) { require.NoError(n.t, n.sup.Any().StopTree(n.ctx)) }, ""},
		"Shutdown":              {func(n *nest) { require.NoError(n.t, n.sys.Shutdown(n.ctx)) }, ""},
	} {
		for _, kill := range []supervisor.OnParentKill{supervisor.KillChildren, supervisor.Graceful} {
			for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll} {
				if strategy == supervisor.OneForAll && name == "TerminateChild" {
					continue // waits for the end of the round
				}
				t.Run(fmt.Sprint(name, kill, strategy), func(t *testing.T) {
					bubble(t, func(w *world) {
						n := &nest{world: w}
						n.sup = w.spawn(supervisor.Spec{
							Strategy: strategy, Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute}, OnParentKill: kill,
							Children: []supervisor.Child{{ID: "a", KeepMailbox: true, Start: supervisor.Of(func() *probe {
								return &probe{w: w, id: "a"}
							}, actor.Named("a"))}},
						})
						n.r = w.find(n.sup, "a")
						w.tell(n.r, boom)
						w.tell(n.r, w.word("lost"))
						synctest.Wait()
						w.read()
						c.then(n)
						if c.want != "" {
							require.Equal(t, c.want, w.read())
						}
						if name == "stopped by somebody just before" {
							require.Contains(t, []string{"+a", "+a -a +a", "+a lost -a +a"}, w.read(), "before, while and after it is revived")
						}
						w.rest()
						if n.sup.Any().Status() == actor.Stopped {
							require.ErrorIs(t, n.r.Wait(w.ctx), errBoom, "it does not wait for nobody")
						} else {
							require.NoError(t, n.sup.StopAndWait(w.ctx))
						}
					})
				})
			}
		}
	}
}

// TerminateChild of a child in a callback that then fails: its end follows.
func TestKeepMailbox_TerminateWhileItFails(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{w.child("a", keep)}})
		r := w.find(sup, "a")
		w.tell(r, func(*actor.Context[do]) error { <-time.After(time.Second); return errBoom })
		synctest.Wait() // it is in the callback
		require.NoError(t, sup.TerminateChild(w.ctx, "a"))
		_ = r.Wait(w.ctx) // the supervisor hears of the end a moment before the Status says so
		require.Equal(t, actor.Stopped, r.Status())
		require.Equal(t, "+a", w.read())
		require.Zero(t, w.infos(sup)["a"].Restarts)
	})
}

// A Transient child is restarted in place too; PreStart may say ErrIgnore then,
// and the actor ends.
func TestKeepMailbox_TransientAndIgnore(t *testing.T) {
	bubble(t, func(w *world) {
		starts := 0
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
			w.child("a", keep, restart(supervisor.Transient), func(_ *supervisor.Child, p *probe) {
				p.preStart = func() error {
					if starts++; starts == 3 {
						return supervisor.ErrIgnore
					}
					return nil
				}
			}),
		}})
		r := w.find(sup, "a")
		w.tell(r, boom)
		w.tell(r, w.word("queued"))
		require.Equal(t, "+a +a queued", w.read())
		w.tell(r, boom)
		require.Equal(t, "!a", w.read())
		require.ErrorIs(t, r.Wait(w.ctx), errBoom)
		_, err := sup.Child(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrNotRunning)
		again, err := sup.RestartChild(w.ctx, "a")
		require.NoError(t, err)
		again.Stop()
		w.rest()
		_, err = sup.Child(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrNotRunning, "a normal end")
	})
}

// What cannot be restarted in place is an error of the spec, or of the start.
func TestKeepMailbox_BadSpecs(t *testing.T) {
	bubble(t, func(w *world) {
		_, err := supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{w.child("a", keep, restart(supervisor.Temporary))}})
		require.ErrorIs(t, err, supervisor.ErrSpec)
		require.ErrorContains(t, err, `KeepMailbox and Temporary: it is never restarted: child "a"`)
		_, err = supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{KeepMailbox: true, Restart: supervisor.Temporary}, func(int) *probe { return nil })
		require.ErrorIs(t, err, supervisor.ErrSpec)
		var own actor.AnyRef
		for name, start := range map[string]supervisor.StartFunc{
			"Nested":        supervisor.Nested(supervisor.Spec{}),
			"NestedDynamic": supervisor.NestedDynamic(supervisor.DynamicSpec{}, func(int) *probe { return nil }),
			"by hand": func(parent actor.Inside) (actor.AnyRef, error) {
				r, err := actor.SpawnLinked(parent, &probe{w: w, id: "x"})
				own = r.Any()
				return own, err
			},
		} {
			_, err = supervisor.Spawn(w.ctx, supervisor.Spec{Children: []supervisor.Child{{ID: "a", Start: start, KeepMailbox: true}}})
			require.ErrorIs(t, err, supervisor.ErrSpec, name)
			var failed *supervisor.StartError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, "a", failed.ID)
		}
		w.rest()
		require.Equal(t, actor.Stopped, own.Status())

		// One that hands parent on is as good as what it hands it to.
		of := supervisor.Of(func() *probe { return &probe{w: w, id: "a"} })
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{{
			ID: "a", KeepMailbox: true,
			Start: func(parent actor.Inside) (actor.AnyRef, error) { return of(parent) },
		}}})
		r := w.find(sup, "a")
		w.tell(r, boom)
		w.rest()
		require.Equal(t, r, w.find(sup, "a"))
	})
}

// ledger is a Behaviour whose state is made of arguments.
type ledger struct{ w *world }

func (l ledger) PreStart(_ *actor.Context[do], first int) (int, error) {
	l.w.note(fmt.Sprint("+", first))
	return first, nil
}

func (l ledger) Handle(ctx *actor.Context[do], m do, s *int) error {
	*s++
	l.w.note(fmt.Sprint(*s))
	return m(ctx)
}

// With gives each incarnation the same arguments.
func TestKeepMailbox_With(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{
			{ID: "a", KeepMailbox: true, Start: supervisor.With(ledger{w}, 10)},
		}})
		r := w.find(sup, "a")
		w.tell(r, func(*actor.Context[do]) error { <-time.After(time.Second); return nil })
		w.tell(r, panics)
		w.tell(r, w.word("queued"))
		<-time.After(2 * time.Second)
		require.Equal(t, "+10 11 12 +10 11 queued", w.read())
	})
}

func TestKeepMailbox_Dynamic(t *testing.T) {
	bubble(t, func(w *world) {
		fail := map[string]bool{}
		d, err := supervisor.SpawnDynamic(w.ctx, supervisor.DynamicSpec{
			KeepMailbox: true, Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute, Max: time.Minute},
		}, func(id string) *probe {
			return &probe{w: w, id: id, preStart: func() error {
				if fail[id] {
					fail[id] = false
					return errBoom
				}
				return nil
			}}
		})
		require.NoError(t, err)
		start := func(id string) actor.Ref[do] {
			r, err := d.StartChild(w.ctx, id)
			require.NoError(t, err)
			return r
		}
		count := func() supervisor.Counts {
			n, err := d.CountChildren(w.ctx)
			require.NoError(t, err)
			return n
		}
		a, b, c, e := start("a"), start("b"), start("c"), start("e")
		w.read()
		for _, r := range []actor.Ref[do]{a, b, c, e} {
			w.tell(r, boom)
			w.tell(r, w.word("queued"))
		}
		fail["a"] = true
		w.rest()
		require.Equal(t, supervisor.Counts{Specs: 4, Workers: 4}, count())
		require.NoError(t, d.TerminateChild(w.ctx, b))
		_ = b.Wait(w.ctx)
		require.Equal(t, actor.Stopped, b.Status())
		require.Equal(t, supervisor.Counts{Specs: 3, Workers: 3}, count())
		c.Kill() // somebody: a new one is started when it is time
		require.ErrorIs(t, c.Wait(w.ctx), errBoom)
		require.Empty(t, w.read())
		<-time.After(time.Minute + time.Second)
		require.ElementsMatch(t, words("!a +c +e queued"), words(w.read()))
		require.Equal(t, supervisor.Counts{Specs: 3, Active: 2, Workers: 3}, count())
		<-time.After(time.Minute + time.Second)
		require.Equal(t, "+a queued", w.read())
		require.Equal(t, supervisor.Counts{Specs: 3, Active: 3, Workers: 3}, count())
		require.Equal(t, actor.Running, a.Status())

		w.tell(a, boom) // one waits when all is stopped
		w.rest()
		require.NoError(t, d.StopAndWait(w.ctx))
		require.ErrorIs(t, a.Wait(w.ctx), errBoom)
		require.ElementsMatch(t, words("-c -e"), words(w.read()))
	})
}

// Many senders, children that fail all the time: nothing is lost but what has
// failed.
func TestKeepMailboxStress(t *testing.T) {
	const senders, each, kids = 4, 500, 3
	for _, strategy := range []supervisor.Strategy{supervisor.OneForOne, supervisor.OneForAll} {
		w := newWorld(t)
		var mu sync.Mutex
		handled, failed := 0, 0
		var specs []supervisor.Child
		for i := range kids {
			c := w.child(fmt.Sprint(i), keep)
			if strategy == supervisor.OneForAll && i > 0 {
				break // others' mailboxes are not kept
			}
			specs = append(specs, c)
		}
		sup := w.spawn(supervisor.Spec{Strategy: strategy, Intensity: supervisor.Intensity{Max: 1 << 30, Per: time.Hour}, Children: specs})
		refs := map[int]actor.Ref[do]{}
		for i := range specs {
			refs[i] = w.find(sup, fmt.Sprint(i))
		}
		var all sync.WaitGroup
		for range senders {
			all.Go(func() {
				for range each {
					bad := rand.IntN(10) == 0
					_ = refs[rand.IntN(len(refs))].Cast(w.ctx, func(*actor.Context[do]) error {
						mu.Lock()
						defer mu.Unlock()
						if bad {
							failed++
							return errBoom
						}
						handled++
						return nil
					})
				}
			})
		}
		all.Wait()
		for _, r := range refs {
			_, err := rpc.Call(w.ctx, r, func(reply rpc.Reply[int]) do {
				return func(*actor.Context[do]) error { reply.Send(0); return nil }
			})
			require.NoError(t, err)
		}
		require.Equal(t, senders*each, handled+failed)
		require.Equal(t, map[string]uint64{"failed": uint64(failed)}, w.sys.Stats().DeadLetters)
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.NoError(t, w.sys.Shutdown(w.ctx))
	}
}

// A child that is killed while it waits with its mailbox does not run, whatever is
// done with it then: Info names no actor.
func TestKeepMailbox_KilledWhileItWaits(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{
			Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute},
			Children: []supervisor.Child{{ID: "a", KeepMailbox: true, Start: supervisor.Of(func() *probe { return &probe{w: w, id: "a"} })}},
		})
		r := w.find(sup, "a")
		w.tell(r, boom)
		synctest.Wait()
		r.Kill()
		require.ErrorIs(t, r.Wait(w.ctx), errBoom)
		synctest.Wait()
		require.True(t, w.infos(sup)["a"].Restarting)
		require.Zero(t, w.infos(sup)["a"].Actor)
		require.NoError(t, sup.TerminateChild(w.ctx, "a"))
		require.False(t, w.infos(sup)["a"].Restarting)
		require.Zero(t, w.infos(sup)["a"].Actor)
	})
}
