package actor_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// phoenix does its jobs; it may be revived. Each has a number.
type phoenix struct {
	n     int
	b     *blob
	start func(in *actor.Context[job]) error
	begun func(in *actor.Context[job]) error
	told  func(in *actor.Context[job], ev actor.Event) error
	stop  func(in *actor.Context[job]) error
}

func (p *phoenix) PreStart(in *actor.Context[job]) error  { return call(p.start, in) }
func (p *phoenix) PostStart(in *actor.Context[job]) error { return call(p.begun, in) }
func (p *phoenix) PostStop(in *actor.Context[job]) error  { return call(p.stop, in) }

func (p *phoenix) Handle(in *actor.Context[job], j job) error { return j(in) }

func (p *phoenix) HandleSupervision(in *actor.Context[job], ev actor.Event) error {
	if p.told == nil {
		return nil
	}
	return p.told(in, ev)
}

func (p *phoenix) Inspect() any { return p.n }

// nest is a parent, and one child of it whose mailbox is kept.
type nest struct {
	t      testing.TB
	ctx    context.Context
	sys    *actor.System
	parent actor.Ref[job]
	events chan actor.Event
	child  actor.Ref[job]
}

func newNest(t testing.TB, cfg actor.Config, p *phoenix, opts ...actor.Option) *nest {
	t.Helper()
	n := &nest{t: t}
	n.ctx, n.sys = newSystem(t, cfg)
	n.parent, n.events = newPuppet(t, n.ctx)
	n.child = spawn[*phoenix, job](t, n.ctx, p, append(opts, actor.KeepMailbox(), actor.LinkedTo(n.parent.Any()))...)
	require.Equal(t, actor.Started, recv(t, n.events).Kind)
	return n
}

// fail has the child fail, and returns what the parent is told.
func (n *nest) fail() actor.Event {
	n.t.Helper()
	require.NoError(n.t, n.child.Cast(n.ctx, breaks))
	return recv(n.t, n.events)
}

func breaks(*actor.Context[job]) error { return errTest }

// revive revives the child, inside the parent.
func (n *nest) revive(p *phoenix) (err error) {
	n.t.Helper()
	do(n.t, n.parent, func(in *actor.Context[job]) { err = actor.Revive(in, n.child, p) })
	return err
}

// cast sends the child a job that sends i into c.
func (n *nest) cast(c chan int, i int) {
	n.t.Helper()
	require.NoError(n.t, n.child.Cast(n.ctx, func(*actor.Context[job]) error { c <- i; return nil }))
}

// ends says that the child ends as err, after it was kept and not revived.
func (n *nest) ends(err error) {
	n.t.Helper()
	require.ErrorIs(n.t, waitEnd(n.t, n.child), err)
}

// Design section 6, L3: the message that failed is a dead letter, the rest stays
// in order; calls behind it are answered by the next one; the Ref, the name and
// the monitors stay as they are.
func TestKeepMailbox_L3(t *testing.T) {
	for name, fail := range map[string]job{
		"error":  breaks,
		"panic":  func(*actor.Context[job]) error { panic(errTest) },
		"Goexit": func(*actor.Context[job]) error { runtime.Goexit(); return nil },
	} {
		for box, opts := range mailboxes {
			t.Run(name+" "+box, func(t *testing.T) {
				var log locked
				stopped := false
				first := &phoenix{n: 1, stop: func(*actor.Context[job]) error { stopped = true; return nil }}
				n := newNest(t, actor.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, first, append(opts, actor.Named("bird"))...)
				letters, _ := deadLetters(t, n.ctx, n.sys)
				monitor, seen := newPuppet(t, n.ctx)
				do(t, monitor, func(in *actor.Context[job]) { in.Monitor(n.child.Any()) })
				waited := make(chan error, 1)
				go func() { waited <- n.child.Wait(n.ctx) }()

				release := blocked(t, n.child)
				got := make(chan int, 10)
				n.cast(got, 1)
				require.NoError(t, n.child.Cast(n.ctx, fail))
				n.cast(got, 2)
				asked := request(t, n.child, job(func(*actor.Context[job]) error { got <- 3; return nil }))
				n.cast(got, 4)
				release()

				ev := recv(t, n.events)
				require.Equal(t, actor.Failed, ev.Kind)
				require.True(t, ev.Kept)
				require.Equal(t, n.child.Any(), ev.Actor)
				if name == "Goexit" {
					require.ErrorIs(t, ev.Err, sched.ErrGoexit)
				} else {
					require.ErrorIs(t, ev.Err, errTest)
				}
				require.Equal(t, 1, recv(t, got))
				l := recv(t, letters)
				require.ErrorIs(t, l.Reason, actor.ErrFailed)
				require.IsType(t, job(nil), l.Message)
				n.cast(got, 5) // while it waits
				none(t, got)
				eventually(t, func() bool { return doing(n.sys, n.child.Any()) == actor.Kept }, "it is held")
				_, err := actor.Inspect(n.ctx, n.child.Any())
				require.ErrorIs(t, err, actor.ErrFailed)
				found, err := actor.Whereis[job](n.ctx, "bird")
				require.NoError(t, err)
				require.Equal(t, n.child, found)
				require.Equal(t, actor.Running, n.child.Status())

				again := make(chan struct{})
				second := &phoenix{
					n: 2, start: func(in *actor.Context[job]) error {
						require.Equal(t, n.child, in.Self())
						require.NoError(t, in.Err(), "the Context goes on")
						return nil
					},
					begun: func(*actor.Context[job]) error { none(t, got); close(again); return nil },
				}
				require.NoError(t, n.revive(second))
				recv(t, again)
				for i := 2; i <= 5; i++ {
					require.Equal(t, i, recv(t, got))
				}
				recv(t, asked.handled)
				require.Equal(t, actor.Event{Kind: actor.Started, Actor: n.child.Any()}, recv(t, n.events))
				v, err := actor.Inspect(n.ctx, n.child.Any())
				require.NoError(t, err)
				require.Equal(t, 2, v)
				none(t, seen)
				none(t, waited)
				require.False(t, stopped, "PostStop is for Stop and Drain")
				require.Equal(t, 1, strings.Count(log.text(), "actor failed"), "one crash report")
				require.Contains(t, log.text(), "message=actor_test.job")

				n.child.Stop()
				require.NoError(t, recv(t, waited))
				require.Equal(t, actor.Terminated, recv(t, seen).Kind)
				require.Equal(t, map[string]uint64{"failed": 1}, n.sys.Stats().DeadLetters)
			})
		}
	}
}

// The caller of a request that fails is told, and so is one who is owed an answer.
func TestKeepMailbox_Requests(t *testing.T) {
	for name, fail := range map[string]job{"error": breaks, "panic": func(*actor.Context[job]) error { panic(errTest) }} {
		t.Run(name, func(t *testing.T) {
			n := newNest(t, actor.Config{}, &phoenix{})
			owing := newTicket()
			owing.owed = true
			require.NoError(t, actor.Request(n.ctx, n.child, func(*actor.Context[job]) error { return nil }, &actor.Ticket{Holder: owing}))
			failing := request(t, n.child, fail)
			require.True(t, recv(t, n.events).Kept)
			require.ErrorIs(t, recv(t, failing.discard), actor.ErrFailed)
			require.ErrorIs(t, recv(t, owing.discard), actor.ErrFailed)
			require.NoError(t, n.revive(&phoenix{}))
			n.child.Stop()
			require.NoError(t, waitEnd(t, n.child))
			none(t, owing.discard)
		})
	}
}

// It fails in each callback that counts; a failed PostStop does not.
func TestKeepMailbox_Callbacks(t *testing.T) {
	once := func(f *bool) func(*actor.Context[job]) error {
		return func(*actor.Context[job]) error {
			if *f = !*f; *f {
				return errTest
			}
			return nil
		}
	}
	t.Run("PostStart", func(t *testing.T) {
		var failed bool
		ctx, _ := newSystem(t, actor.Config{})
		parent, told := newPuppet(t, ctx)
		p := &phoenix{begun: once(&failed)}
		r := spawn[*phoenix, job](t, ctx, p, actor.KeepMailbox(), actor.LinkedTo(parent.Any()))
		require.Equal(t, actor.Event{Kind: actor.Failed, Actor: r.Any(), Err: errTest, Kept: true}, recv(t, told))
		require.Equal(t, actor.Starting, r.Status())
		do(t, parent, func(in *actor.Context[job]) { require.NoError(t, actor.Revive(in, r, p)) })
		require.Equal(t, actor.Started, recv(t, told).Kind)
		require.Equal(t, actor.Running, r.Status())
	})
	t.Run("HandleSupervision", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{told: func(*actor.Context[job], actor.Event) error { return errTest }})
		spawn(t, n.ctx, worker(), actor.LinkedTo(n.child.Any()))
		require.True(t, recv(t, n.events).Kept)
	})
	t.Run("PostStop", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{stop: breaks})
		n.child.Stop()
		require.Equal(t, actor.Event{Kind: actor.Failed, Actor: n.child.Any(), Err: errTest}, recv(t, n.events))
		n.ends(errTest)
	})
	t.Run("after a Stop", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		require.NoError(t, n.child.Cast(n.ctx, func(in *actor.Context[job]) error { in.Stop(); return errTest }))
		require.False(t, recv(t, n.events).Kept)
		n.ends(errTest)
	})
	t.Run("after a StopWith", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		require.NoError(t, n.child.Cast(n.ctx, func(in *actor.Context[job]) error {
			in.Self().StopWith(errors.New("other"))
			return errTest
		}))
		require.False(t, recv(t, n.events).Kept)
		n.ends(errTest)
	})
	t.Run("after a Kill", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		require.NoError(t, n.child.Cast(n.ctx, func(in *actor.Context[job]) error { in.Self().Kill(); return errTest }))
		require.Equal(t, actor.Terminated, recv(t, n.events).Kind)
		n.ends(actor.ErrKilled)
	})
	t.Run("PostStart of the next one", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		require.True(t, n.fail().Kept)
		require.NoError(t, n.revive(&phoenix{begun: breaks}))
		require.True(t, recv(t, n.events).Kept)
		got := make(chan int, 1)
		n.cast(got, 1)
		require.NoError(t, n.revive(&phoenix{}))
		require.Equal(t, 1, recv(t, got))
	})
}

// Whoever waits for its parent ends as it has failed, whatever ends it, and takes
// its queue with it.
func TestKeptEnds(t *testing.T) {
	for name, end := range map[string]func(n *nest){
		"stop":     func(n *nest) { n.child.Stop() },
		"StopWith": func(n *nest) { n.child.StopWith(errors.New("other")) },
		"kill":     func(n *nest) { n.child.Kill() },
		"StopTree": func(n *nest) { require.NoError(n.t, n.child.StopTree(n.ctx)) },
		"StopTree above": func(n *nest) {
			require.NoError(n.t, n.parent.StopTree(n.ctx))
		},
		"Shutdown":       func(n *nest) { require.NoError(n.t, n.sys.Shutdown(n.ctx)) },
		"parent stops":   func(n *nest) { n.parent.Stop() },
		"parent drains":  func(n *nest) { n.parent.Drain() },
		"parent killed":  func(n *nest) { n.parent.Kill() },
		"parent breaks":  func(n *nest) { require.NoError(n.t, n.parent.Cast(n.ctx, breaks)) },
		"unlinked":       func(n *nest) { require.True(n.t, actor.Unlink(n.parent.Any(), n.child.Any())) },
		"another parent": func(n *nest) { require.NoError(n.t, actor.Link(spawn(n.t, n.ctx, worker()).Any(), n.child.Any())) },
		"StopAfter":      func(n *nest) { require.NoError(n.t, n.child.StopAfter(0).Err()) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, suspended := range []bool{false, true} {
				var log locked
				n := newNest(t, actor.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, &phoenix{}, actor.Named("bird"))
				monitor, seen := newPuppet(t, n.ctx)
				do(t, monitor, func(in *actor.Context[job]) { in.Monitor(n.child.Any()) })
				require.True(t, n.fail().Kept)
				if suspended {
					require.NoError(t, actor.Suspend(n.ctx, n.child.Any()))
				}
				waiting := request(t, n.child, breaks)
				end(n)
				n.ends(errTest)
				require.ErrorIs(t, recv(t, waiting.discard), actor.ErrFailed)
				if name != "Shutdown" {
					require.Equal(t, actor.Event{Kind: actor.Failed, Actor: n.child.Any(), Err: errTest}, recv(t, seen))
				}
				require.Equal(t, 1, strings.Count(log.text(), "actor failed")-strings.Count(log.text(), "behaviour=*actor_test.puppet"))
				require.ErrorIs(t, actor.Suspend(n.ctx, n.child.Any()), actor.ErrStopped)
			}
		})
	}

	t.Run("the parent is told twice", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		require.True(t, n.fail().Kept)
		n.child.Kill()
		require.Equal(t, actor.Event{Kind: actor.Failed, Actor: n.child.Any(), Err: errTest}, recv(t, n.events))
		require.ErrorIs(t, n.revive(&phoenix{}), actor.ErrNotKept)
		require.ErrorIs(t, n.revive(&phoenix{}), actor.ErrStopped)
	})

	t.Run("the parent has failed too, and is kept", func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		r := spawn[*phoenix, job](t, n.ctx, &phoenix{}, actor.KeepMailbox(), actor.LinkedTo(n.child.Any()))
		require.NoError(t, r.Cast(n.ctx, breaks))
		eventually(t, func() bool { return doing(n.sys, r.Any()) == actor.Kept }, "it is held")
		require.True(t, n.fail().Kept)
		require.ErrorIs(t, waitEnd(t, r), errTest)
	})
}

// Drain waits for the revival, then handles everything.
func TestKeptDrains(t *testing.T) {
	n := newNest(t, actor.Config{}, &phoenix{})
	require.True(t, n.fail().Kept)
	got := make(chan int, 2)
	n.cast(got, 1)
	n.child.Drain()
	require.ErrorIs(t, n.child.Cast(n.ctx, breaks), actor.ErrStopped)
	require.NoError(t, n.revive(&phoenix{}))
	require.NoError(t, waitEnd(t, n.child))
	require.Equal(t, 1, recv(t, got))
	require.Equal(t, actor.Started, recv(t, n.events).Kind)
	require.ErrorIs(t, recv(t, n.events).Err, actor.ErrDrained)
}

// Nobody is kept for whom nobody could come.
func TestKeepMailbox_NeedsAParent(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	_, err := actor.Spawn(ctx, worker(), actor.KeepMailbox())
	require.ErrorIs(t, err, actor.ErrOption)
	_, err = actor.Spawn(ctx, worker(), actor.KeepMailbox(), actor.LinkedTo(spawn(t, ctx, worker()).Any()))
	require.ErrorIs(t, err, actor.ErrOption)
	require.ErrorContains(t, err, "HandleSupervision")

	n := newNest(t, actor.Config{}, &phoenix{})
	require.True(t, actor.Unlink(n.parent.Any(), n.child.Any()))
	require.NoError(t, n.child.Cast(n.ctx, breaks))
	n.ends(errTest)

	n = newNest(t, actor.Config{}, &phoenix{})
	deaf := spawn(t, n.ctx, worker())
	require.NoError(t, actor.Link(deaf.Any(), n.child.Any()))
	require.NoError(t, n.child.Cast(n.ctx, breaks))
	n.ends(errTest)
	require.NoError(t, waitEnd(t, deaf), "its end stops the parent, as ever")
}

func TestReviveRefuses(t *testing.T) {
	n := newNest(t, actor.Config{}, &phoenix{})
	require.ErrorIs(t, n.revive(&phoenix{}), actor.ErrNotKept, "it lives")
	require.True(t, n.fail().Kept)
	do(t, n.parent, func(in *actor.Context[job]) {
		require.ErrorIs(t, actor.Revive(nil, n.child, &phoenix{}), actor.ErrNilContext)
		require.ErrorIs(t, actor.Revive(in, actor.Ref[job]{}, &phoenix{}), actor.ErrNoActor)
		require.ErrorIs(t, actor.Revive(in, n.child, (*phoenix)(nil)), actor.ErrNilActor)
		require.ErrorIs(t, actor.Revive(in, n.child, &puppet{}), actor.ErrWrongType)
		require.ErrorIs(t, actor.Revive(in, actor.Adapt(n.child, func(int) job { return nil }), fn(nil)), actor.ErrNilActor)
		require.ErrorIs(t, actor.Revive(in, actor.Adapt(n.child, func(int) job { return nil }), idle()), actor.ErrWrongType)
	})
	other, _ := newPuppet(t, n.ctx)
	do(t, other, func(in *actor.Context[job]) {
		require.ErrorIs(t, actor.Revive(in, n.child, &phoenix{}), actor.ErrNotKept, "another's child")
	})
	require.NoError(t, n.revive(&phoenix{}))
	require.ErrorIs(t, n.revive(&phoenix{}), actor.ErrNotKept, "once")
}

// A PreStart that fails leaves all as it was; Goexit too.
func TestRevivalFails(t *testing.T) {
	for name, end := range map[string]job{
		"error":  breaks,
		"panic":  func(*actor.Context[job]) error { panic(errTest) },
		"Goexit": func(*actor.Context[job]) error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNest(t, actor.Config{}, &phoenix{})
			require.True(t, n.fail().Kept)
			got := make(chan int, 4)
			n.cast(got, 1)
			var child actor.Ref[job]
			bad := &phoenix{start: func(in *actor.Context[job]) error {
				child = spawn(t, in, worker(), actor.LinkedTo(in.Self().Any()))
				in.Stash(breaks)
				in.Unstash()
				in.Stash(breaks)
				in.After(time.Hour, breaks)
				in.Become(func(*actor.Context[job], job) error { return errTest })
				return end(in)
			}}
			done := make(chan error, 1)
			go func() {
				err := errors.New("goroutine ended")
				defer func() { done <- err }()
				in := make(chan *actor.Context[job], 1)
				_ = n.parent.Cast(n.ctx, func(c *actor.Context[job]) error { in <- c; return nil })
				err = actor.Revive(<-in, n.child, bad)
			}()
			require.Error(t, recv(t, done))
			require.ErrorIs(t, waitEnd(t, child), actor.ErrKilled, "what PreStart has linked")
			require.Zero(t, actor.Timers(n.child.Any()))
			require.NoError(t, n.revive(&phoenix{}), "it waits as before")
			require.Equal(t, 1, recv(t, got))
			n.child.Stop()
			require.NoError(t, waitEnd(t, n.child))
			require.Equal(t, map[string]uint64{"failed": 3}, n.sys.Stats().DeadLetters)
		})
	}
}

// A Kill, a Stop and an Unlink while PreStart of the next one runs.
func TestEndsDuringRevival(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(n *nest)
		says error // of Revive
		wait error
	}{
		"kill":     {func(n *nest) { n.child.Kill() }, actor.ErrKilled, errTest},
		"stop":     {func(n *nest) { n.child.Stop() }, nil, nil},
		"unlinked": {func(n *nest) { actor.Unlink(n.parent.Any(), n.child.Any()); n.child.Drain() }, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNest(t, actor.Config{}, &phoenix{})
			require.True(t, n.fail().Kept)
			in, out := make(chan struct{}), make(chan struct{})
			got := make(chan error, 1)
			require.NoError(t, n.parent.Cast(n.ctx, func(c *actor.Context[job]) error {
				got <- actor.Revive(c, n.child, &phoenix{start: func(*actor.Context[job]) error {
					close(in)
					<-out
					return nil
				}})
				return nil
			}))
			recv(t, in)
			c.end(n)
			close(out)
			require.ErrorIs(t, recv(t, got), c.says)
			n.ends(c.wait)
		})
	}

	t.Run("abandoned", func(t *testing.T) {
		n := newNest(t, actor.Config{KillGrace: 10 * time.Millisecond}, &phoenix{})
		require.True(t, n.fail().Kept)
		in, out := make(chan struct{}), make(chan struct{})
		got := make(chan error, 1)
		require.NoError(t, n.parent.Cast(n.ctx, func(c *actor.Context[job]) error {
			got <- actor.Revive(c, n.child, &phoenix{start: func(*actor.Context[job]) error {
				close(in)
				<-out
				return nil
			}})
			return nil
		}))
		recv(t, in)
		n.child.Kill()
		n.ends(actor.ErrAbandoned)
		close(out)
		require.ErrorIs(t, recv(t, got), actor.ErrKilled)
		do(t, n.parent, func(*actor.Context[job]) {})
	})
}

// What the value has set up ends with it, what belongs to the Ref does not.
func TestKeepMailbox_WhatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNest(t, actor.Config{}, &phoenix{})
		watched := spawn(t, n.ctx, worker())
		wrong := make(chan string, 100)
		bad := func(what string) job {
			return func(*actor.Context[job]) error { wrong <- what; return nil }
		}
		var heir, grandchild actor.Ref[job]
		block := make(chan struct{})
		do(t, n.child, func(in *actor.Context[job]) {
			in.After(time.Second, bad("After"))
			in.Every(time.Second, bad("Every"))
			in.Monitor(watched.Any())
			in.MonitorMsg(watched.Any(), func(actor.Down) job { return bad("Down") })
			in.Idle(time.Second, bad("Idle"))
			grandchild = spawn(t, in, worker(), actor.LinkedTo(in.Self().Any()))
			actor.Async(in, func(context.Context) (int, error) { <-block; return 0, nil },
				func(int, error) error { wrong <- "Async"; return nil })
		})
		synctest.Wait()
		kept := make(chan int, 10)
		n.child.CastAfter(2*time.Second, func(*actor.Context[job]) error { kept <- 4; return nil })
		release := blocked(t, n.child)
		require.NoError(t, n.child.Cast(n.ctx, func(in *actor.Context[job]) error {
			for i := range 2 {
				in.Stash(func(*actor.Context[job]) error { kept <- i + 1; return nil })
			}
			in.Become(func(*actor.Context[job], job) error { wrong <- "Become"; return nil })
			_ = actor.Post(in, func() error { wrong <- "Post"; return nil })
			return errTest
		}))
		n.cast(kept, 3)
		release()
		synctest.Wait()
		require.True(t, recv(t, n.events).Kept)
		require.ErrorIs(t, waitEnd(t, grandchild), actor.ErrKilled)
		close(block)
		watched.Stop()
		<-time.After(time.Minute)
		heard := make(chan actor.Event, 100)
		require.NoError(t, n.revive(&phoenix{
			start: func(in *actor.Context[job]) error {
				heir = spawn(t, in, worker(), actor.LinkedTo(in.Self().Any()))
				in.After(time.Second, func(*actor.Context[job]) error { kept <- 5; return nil })
				return nil
			},
			told: func(_ *actor.Context[job], ev actor.Event) error { heard <- ev; return nil },
		}))
		<-time.After(time.Minute)
		synctest.Wait()
		close(kept)
		var order []int
		for i := range kept {
			order = append(order, i)
		}
		require.Equal(t, []int{1, 2, 3, 4, 5}, order, "stashed, queued, others' timer, own timer")
		none(t, wrong)
		require.Equal(t, actor.Event{Kind: actor.Started, Actor: heir.Any()}, recv(t, heard))
		none(t, heard)
		require.Equal(t, actor.Running, heir.Status(), "children may be linked again")
		require.Zero(t, actor.Watching(n.child.Any()))
	})
}

// What is bound stays bound: it is not the value.
func TestKeepMailbox_Bind(t *testing.T) {
	n := newNest(t, actor.Config{}, &phoenix{})
	friend := spawn(t, n.ctx, worker())
	require.NoError(t, actor.Bind(n.child.Any(), friend.Any()))
	require.True(t, n.fail().Kept)
	require.NoError(t, n.revive(&phoenix{}))
	do(t, friend, func(*actor.Context[job]) {})
	n.child.Kill()
	require.ErrorIs(t, waitEnd(t, friend), actor.ErrKilled)
}

// A full mailbox of an actor that waits does what its rule says.
func TestKeptIsFull(t *testing.T) {
	n := newNest(t, actor.Config{}, &phoenix{}, actor.Bounded(2, actor.WaitForRoom))
	require.True(t, n.fail().Kept)
	got := make(chan int, 3)
	n.cast(got, 1)
	n.cast(got, 2)
	soon, cancel := context.WithTimeoutCause(n.ctx, 10*time.Millisecond, errTest)
	defer cancel()
	require.ErrorIs(t, n.child.Cast(soon, breaks), errTest)
	third := make(chan error, 1)
	go func() {
		third <- n.child.Cast(n.ctx, func(*actor.Context[job]) error { got <- 3; return nil })
	}()
	require.NoError(t, n.revive(&phoenix{}))
	require.NoError(t, recv(t, third))
	for i := range 3 {
		require.Equal(t, i+1, recv(t, got))
	}
	require.Equal(t, actor.Started, n.fail().Kind, "of the revival")
	require.True(t, recv(t, n.events).Kept)
	n.cast(got, 4)
	n.cast(got, 5)
	go func() {
		third <- n.child.Cast(n.ctx, func(*actor.Context[job]) error { return nil })
	}()
	n.child.Kill()
	require.ErrorIs(t, recv(t, third), actor.ErrStopped, "who waits for room is told")
	n.ends(errTest)
}

// Suspend and revival do not know of each other.
func TestKeptAndSuspended(t *testing.T) {
	n := newNest(t, actor.Config{}, &phoenix{})
	got := make(chan int, 2)
	require.True(t, n.fail().Kept)
	require.NoError(t, actor.Suspend(n.ctx, n.child.Any()))
	n.cast(got, 1)
	require.NoError(t, n.revive(&phoenix{}))
	require.Equal(t, actor.Started, recv(t, n.events).Kind)
	eventually(t, func() bool { return doing(n.sys, n.child.Any()) == actor.Suspended }, "it is suspended")
	none(t, got)
	require.NoError(t, actor.Resume(n.child.Any()))
	require.Equal(t, 1, recv(t, got))

	require.True(t, n.fail().Kept)
	require.NoError(t, actor.Suspend(n.ctx, n.child.Any()))
	n.cast(got, 2)
	require.NoError(t, actor.Resume(n.child.Any()))
	// Not at once: a worker has it on its books until it has looked for another.
	eventually(t, func() bool { return doing(n.sys, n.child.Any()) == actor.Kept }, "it waits for its parent still")
	require.NoError(t, n.revive(&phoenix{}))
	require.Equal(t, 2, recv(t, got))
}

// Invariant 8: the runtime does not keep a failed value, nor the message.
func TestFailedValueIsCollected(t *testing.T) {
	for name, fail := range map[string]func(m *blob) error{
		"error": func(m *blob) error { _ = m.String(); return errTest },
		"panic": func(m *blob) error { panic(m.String()) },
	} {
		t.Run(name, func(t *testing.T) {
			value, message := new(blob), new(blob)
			pv, pm := weak.Make(value), weak.Make(message)
			n := newNest(t, actor.Config{}, &phoenix{b: value})
			require.NoError(t, n.child.Cast(n.ctx, func(in *actor.Context[job]) error {
				in.Become(func(in *actor.Context[job], j job) error { _ = value.String(); return j(in) })
				in.After(time.Hour, func(*actor.Context[job]) error { _ = value.String(); return nil })
				return nil
			}))
			require.NoError(t, n.child.Cast(n.ctx, func(*actor.Context[job]) error { return fail(message) }))
			require.True(t, recv(t, n.events).Kept)
			collected(t, pv, "the value")
			collected(t, pm, "the message")
			require.NoError(t, n.revive(&phoenix{}))
		})
	}
}

// A new value whenever the old one has failed, at once, from many senders, with
// operators about: every message is handled once or failed in, in order, and the
// accounts balance. In half of the rounds somebody ends it in the middle.
func TestKeepMailboxStress(t *testing.T) {
	const senders, each = 4, 200
	for round := range smaller(300) + 10 {
		ctx, sys := newSystem(t, actor.Config{})
		var inside, handled, failed, accepted atomic.Int64
		var last [senders]int
		value := func() actor.Actor[[2]int] {
			return actor.Func(func(_ *actor.Context[[2]int], m [2]int) error {
				if inside.Add(1) != 1 {
					t.Error("two callbacks at once")
				}
				defer inside.Add(-1)
				if last[m[0]] >= m[1] {
					t.Error("out of order", m, last)
				}
				last[m[0]] = m[1]
				switch m[1] % 10 {
				case 0:
					failed.Add(1)
					return errTest
				case 5:
					failed.Add(1)
					panic(errTest)
				}
				handled.Add(1)
				return nil
			})
		}
		var r actor.Ref[[2]int]
		revivals := 0
		parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: func(in *actor.Context[int], ev actor.Event) error {
			if ev.Kept {
				revivals++
				err := actor.Revive(in, r, value())
				ending := round%2 == 1 && (errors.Is(err, actor.ErrNotKept) || errors.Is(err, actor.ErrKilled))
				if err != nil && !ending {
					t.Error(err)
				}
			}
			return nil
		}})
		r = spawn(t, ctx, value(), actor.KeepMailbox(), actor.LinkedTo(parent.Any()))
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				for n := range each {
					if r.Cast(ctx, [2]int{s, n + 1}) == nil {
						accepted.Add(1)
					}
				}
			})
		}
		all.Go(func() {
			for range 30 {
				if actor.Suspend(ctx, r.Any()) != nil {
					return
				}
				_ = actor.Resume(r.Any())
			}
		})
		if round%2 == 0 {
			all.Wait()
			require.NoError(t, r.DrainAndWait(ctx))
			require.Equal(t, int64(senders*each), handled.Load()+failed.Load())
		} else {
			end := []func(){r.Kill, r.Stop, parent.Kill, func() { actor.Unlink(parent.Any(), r.Any()); r.Drain() }}[round/2%4]
			all.Go(func() {
				for range round % 50 {
					runtime.Gosched()
				}
				end()
			})
			_ = waitEnd(t, r)
			all.Wait()
		}
		dead := uint64(0)
		for _, n := range sys.Stats().DeadLetters {
			dead += n
		}
		// What a kept value has failed in is a dead letter, what the last one
		// has failed in is not.
		lost := accepted.Load() - handled.Load() - int64(dead)
		require.True(t, lost == 0 || lost == 1 && round%2 == 1, "accounts: %d", lost)
		parent.Stop()
		_ = waitEnd(t, parent)
		if round%2 == 0 {
			require.Equal(t, senders*each/5, revivals)
		}
		require.NoError(t, sys.Shutdown(ctx))
	}
}
