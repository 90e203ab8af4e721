package supervisor_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

func TestRequests(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute}, Children: []supervisor.Child{
			w.child("a"), w.child("x", restart(supervisor.Temporary)),
		}})
		_, err := sup.StartChild(w.ctx, w.child("a"))
		require.ErrorIs(t, err, supervisor.ErrExists)
		require.ErrorIs(t, err, supervisor.ErrRunning)
		_, err = sup.StartChild(w.ctx, supervisor.Child{ID: "n"})
		require.ErrorIs(t, err, supervisor.ErrSpec)
		_, err = sup.StartChild(w.ctx, w.child("", restart(supervisor.Transient)))
		require.ErrorIs(t, err, supervisor.ErrSpec)
		_, err = sup.StartChild(w.ctx, w.child("bad", starts(func() error { return errBoom })))
		require.ErrorIs(t, err, errBoom)
		require.NotContains(t, w.infos(sup), "bad")

		_, err = sup.RestartChild(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrRunning)
		require.ErrorContains(t, err, `"a"`)
		require.ErrorIs(t, sup.DeleteChild(w.ctx, "a"), supervisor.ErrRunning)
		for _, id := range []string{"none", ""} {
			_, err = sup.RestartChild(w.ctx, id)
			require.ErrorIs(t, err, supervisor.ErrNotFound)
			require.ErrorIs(t, sup.DeleteChild(w.ctx, id), supervisor.ErrNotFound)
			require.ErrorIs(t, sup.TerminateChild(w.ctx, id), supervisor.ErrNotFound)
			_, err = sup.Child(w.ctx, id)
			require.ErrorIs(t, err, supervisor.ErrNotFound)
		}

		w.tell(w.find(sup, "a"), boom)
		w.read()
		_, err = sup.RestartChild(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrRestarting)
		require.ErrorIs(t, sup.DeleteChild(w.ctx, "a"), supervisor.ErrRestarting)
		_, err = sup.StartChild(w.ctx, w.child("a"))
		require.ErrorIs(t, err, supervisor.ErrExists)
		require.ErrorIs(t, err, supervisor.ErrRestarting)
		require.NoError(t, sup.TerminateChild(w.ctx, "a"), "it waits no more")
		w.pass(time.Hour)
		require.Empty(t, w.read())
		_, err = sup.Child(w.ctx, "a")
		require.ErrorIs(t, err, supervisor.ErrNotRunning)

		ref, err := sup.RestartChild(w.ctx, "a")
		require.NoError(t, err)
		require.True(t, ref.Is(w.find(sup, "a").Any()))
		require.NoError(t, sup.TerminateChild(w.ctx, "a"))
		require.NoError(t, sup.TerminateChild(w.ctx, "a"), "again")
		require.NoError(t, sup.DeleteChild(w.ctx, "a"))
		require.NoError(t, sup.TerminateChild(w.ctx, "x"))
		require.Empty(t, w.infos(sup), "a temporary child's spec is dropped")
	})
}

// While it stops a child requests wait, and are served in order then.
func TestRequestsQueueInOrderWhileItStops(t *testing.T) {
	bubble(t, func(w *world) {
		gate := make(chan struct{})
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{
			w.child("a", stops(func() { <-gate }), shutdown(time.Hour)),
		}})
		w.read()
		stopped := background(func() error { return sup.TerminateChild(w.ctx, "a") })
		synctest.Wait()
		var answers []<-chan error
		for i := range 5 {
			answers = append(answers, background(func() error {
				_, err := sup.StartChild(w.ctx, w.child(fmt.Sprint(i)))
				return err
			}))
			synctest.Wait()
		}
		gaveUp, cancel := context.WithCancel(w.ctx)
		answers = append(answers, background(func() error {
			_, err := sup.StartChild(gaveUp, w.child("never"))
			require.ErrorIs(t, err, context.Canceled)
			return nil
		}), background(func() error { return sup.DeleteChild(w.ctx, "a") }))
		synctest.Wait()
		cancel()
		require.Empty(t, w.read())
		close(gate)
		require.NoError(t, <-stopped)
		for _, a := range answers {
			require.NoError(t, <-a)
		}
		require.Equal(t, "-a +0 +1 +2 +3 +4", w.read())
	})
}

// In the pause of a group what needs nothing done is answered, the rest waits;
// what comes behind it too.
func TestRequestsQueueWhileAGroupBacksOff(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{
			Strategy: supervisor.OneForAll, Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Minute},
			Children: []supervisor.Child{w.child("a"), w.child("b")},
		})
		w.tell(w.find(sup, "a"), boom)
		require.Equal(t, "+a +b -b", w.read())
		require.True(t, w.infos(sup)["b"].Restarting)
		_, err := sup.RestartChild(w.ctx, "b")
		require.ErrorIs(t, err, supervisor.ErrRestarting)
		begin := time.Now()
		started := background(func() error {
			_, err := sup.StartChild(w.ctx, w.child("c"))
			return err
		})
		synctest.Wait()
		counted := background(func() error {
			c, err := sup.CountChildren(w.ctx)
			require.Equal(t, 3, c.Active)
			return err
		})
		require.NoError(t, <-started)
		require.NoError(t, <-counted)
		took(t, time.Minute, begin)
		require.Equal(t, "+a +b +c", w.read())
	})
}

// Shutdown is always served: in a back-off, while a child is being stopped, in
// the middle of a round.
func TestShutdownIsAlwaysServed(t *testing.T) {
	for name, strategy := range map[string]supervisor.Strategy{"back-off": supervisor.OneForOne, "group back-off": supervisor.RestForOne} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{
					Strategy: strategy, Intensity: plenty, Backoff: supervisor.Backoff{Min: time.Hour}, Children: []supervisor.Child{w.child("a"), w.child("b")},
				})
				w.tell(w.find(sup, "b"), boom)
				w.read()
				begin := time.Now()
				late := background(func() error { _, err := sup.StartChild(w.ctx, w.child("a2")); return err })
				synctest.Wait()
				require.NoError(t, sup.StopAndWait(w.ctx))
				took(t, 0, begin)
				if err := <-late; strategy == supervisor.RestForOne {
					require.ErrorIs(t, err, actor.ErrStopping)
				}
			})
		})
	}
	t.Run("stopping", func(t *testing.T) {
		bubble(t, func(w *world) {
			gate := make(chan struct{})
			sup := w.spawn(supervisor.Spec{Strategy: supervisor.OneForAll, Intensity: plenty, Children: []supervisor.Child{
				w.child("a"), w.child("b", shutdown(time.Second)), w.child("c"),
			}})
			w.tell(w.find(sup, "b"), stuckOn(gate))
			w.read()
			w.tell(w.find(sup, "a"), boom)
			require.Equal(t, "-c", w.read())
			begin := time.Now()
			asked := background(func() error { return sup.TerminateChild(w.ctx, "b") })
			synctest.Wait()
			stopped := background(func() error { return sup.StopAndWait(w.ctx) })
			require.ErrorIs(t, <-asked, actor.ErrStopping)
			took(t, 0, begin)
			require.NoError(t, <-stopped)
			took(t, time.Second+grace, begin)
			close(gate)
			require.Empty(t, w.read(), "nobody is started any more")
		})
	})
}

func TestTerminateKillsWhoDoesNotStop(t *testing.T) {
	for name, c := range map[string]struct {
		shutdown time.Duration
		want     time.Duration
	}{
		"deadline": {2 * time.Second, 2*time.Second + grace},
		"default":  {0, 5*time.Second + grace},
		"brutal":   {supervisor.BrutalKill, grace},
	} {
		for where, stuck := range map[string]func(w *world, sup supervisor.Supervisor, gate chan struct{}){
			"handler": func(w *world, sup supervisor.Supervisor, gate chan struct{}) { w.tell(w.find(sup, "a"), stuckOn(gate)) },
			// A child that is in PostStop already takes no timers any more.
			"PostStop": func(w *world, sup supervisor.Supervisor, _ chan struct{}) { w.find(sup, "a").Stop() },
			"nothing":  func(*world, supervisor.Supervisor, chan struct{}) {},
		} {
			t.Run(name+"/"+where, func(t *testing.T) {
				bubble(t, func(w *world) {
					gate := make(chan struct{})
					sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{
						w.child("a", shutdown(c.shutdown), stops(func() { <-gate })), w.child("b"),
					}})
					stuck(w, sup, gate)
					w.read()
					begin := time.Now()
					require.NoError(t, sup.TerminateChild(w.ctx, "a"))
					if where == "nothing" && c.shutdown == supervisor.BrutalKill {
						took(t, 0, begin)
					} else {
						took(t, c.want, begin)
					}
					require.Zero(t, w.infos(sup)["a"].Restarts)
					close(gate)
				})
			})
		}
	}
}

// A child that unlinks itself, or is linked elsewhere, cannot hang it.
func TestChildrenThatLeave(t *testing.T) {
	for name, leave := range map[string]func(w *world, sup supervisor.Supervisor, r actor.AnyRef){
		"unlinked": func(w *world, sup supervisor.Supervisor, r actor.AnyRef) {
			require.True(w.t, actor.Unlink(sup.Any(), r))
		},
		"linked elsewhere": func(w *world, _ supervisor.Supervisor, r actor.AnyRef) {
			other := w.spawn(supervisor.Spec{})
			require.NoError(w.t, actor.Link(other.Any(), r))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				sup := w.spawn(supervisor.Spec{Strategy: supervisor.OneForAll, Intensity: plenty, Children: []supervisor.Child{
					w.child("a"), w.child("b"),
				}})
				leave(w, sup, w.find(sup, "a").Any())
				require.NoError(t, sup.TerminateChild(w.ctx, "a"))
				_, err := sup.RestartChild(w.ctx, "a")
				require.NoError(t, err)

				leave(w, sup, w.find(sup, "a").Any())
				w.read()
				w.tell(w.find(sup, "b"), boom)
				require.Equal(t, "-a +a +b", w.read())

				a := w.find(sup, "a")
				leave(w, sup, a.Any())
				require.NoError(t, a.KillAndWait(w.ctx))
				w.read()
				w.find(sup, "b")
				restarted := w.find(sup, "a") // asking for it makes the supervisor look
				require.False(t, restarted.Is(a.Any()))
				require.Equal(t, "-b +a +b", w.read())

				leave(w, sup, restarted.Any())
				require.NoError(t, sup.StopAndWait(w.ctx))
				require.Equal(t, "-b -a", w.read())
			})
		})
	}
}

// Supervising oneself from a child, in PreStart, is an error and no hang.
func TestPreStartCannotWaitForItsSupervisor(t *testing.T) {
	bubble(t, func(w *world) {
		var sup supervisor.Supervisor
		got := make(chan error, 1)
		first := true
		sup = w.spawn(supervisor.Spec{Intensity: plenty, Children: []supervisor.Child{w.child("a", starts(func() error {
			if !first {
				_, err := sup.CountChildren(w.ctx)
				got <- err
			}
			first = false
			return nil
		}))}})
		w.tell(w.find(sup, "a"), boom)
		require.ErrorIs(t, <-got, rpc.ErrSelfCall)
	})
}

func TestAfterTheEnd(t *testing.T) {
	bubble(t, func(w *world) {
		sup := w.spawn(supervisor.Spec{Children: []supervisor.Child{w.child("a")}})
		require.NoError(t, sup.StopAndWait(w.ctx))
		require.NoError(t, sup.StopAndWait(w.ctx))
		_, err := sup.StartChild(w.ctx, w.child("b"))
		require.ErrorIs(t, err, actor.ErrStopped)
		_, err = sup.WhichChildren(w.ctx)
		require.ErrorIs(t, err, actor.ErrStopped)
	})
}
