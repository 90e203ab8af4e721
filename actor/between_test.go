package actor_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// byHand is a sched.Driver that runs nothing by itself: the test runs turn after
// turn. Where a turn makes another actor runnable the test can come in between,
// which is inside of steps that are otherwise some instructions apart.
type byHand struct {
	sys *actor.System

	mu       sync.Mutex
	runnable []*sched.Task           // guarded by mu
	between  func(woken *sched.Task) // guarded by mu: called once, by who wakes a task
}

func newByHand(t *testing.T) (context.Context, *byHand) {
	t.Helper()
	d := &byHand{}
	sys, err := actor.NewSystem(actor.Config{Sched: sched.Config{Driver: d}})
	require.NoError(t, err)
	d.sys = sys
	ctx := actor.WithSystem(context.Background(), sys)
	t.Cleanup(func() {
		for i := range sys.Actors() {
			i.Actor.Kill()
		}
		d.run()
		require.NoError(t, sys.Shutdown(ctx))
	})
	return ctx, d
}

func (d *byHand) Now() time.Duration  { return 0 }
func (d *byHand) Rand() uint64        { return 0 }
func (d *byHand) Start(f func())      { go f() }
func (d *byHand) Armed(time.Duration) {}

func (d *byHand) Submit(t *sched.Task) {
	d.mu.Lock()
	d.runnable = append(d.runnable, t)
	between := d.between
	d.between = nil
	d.mu.Unlock()
	if between != nil {
		between(t)
	}
}

// comeBetween has f called when a task is made runnable next, before its waker
// goes on.
func (d *byHand) comeBetween(f func(woken *sched.Task)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.between = f
}

// turn begins a turn of who has been runnable for longest and returns what is
// closed at its end; nil if nobody is.
func (d *byHand) turn() (ended <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.runnable) == 0 {
		return nil
	}
	t := d.runnable[0]
	d.runnable = d.runnable[1:]
	done := make(chan struct{})
	go func() {
		defer close(done)
		car := d.sys.Scheduler().NewCarrier()
		defer car.Leave()
		car.Run(t, func(again, _ bool) {
			if again {
				d.Submit(t)
			}
		})
	}()
	return done
}

// run makes turns until nobody is runnable.
func (d *byHand) run() {
	for ended := d.turn(); ended != nil; ended = d.turn() {
		<-ended
	}
}

// A kept actor tells its parent that it has failed, and parks then. What others
// do to it between these two is not overlooked (keep.go, await).
func TestBetweenFailureAndHold(t *testing.T) {
	type scene struct {
		ctx           context.Context
		d             *byHand
		parent, other actor.Ref[int]
		child         actor.Ref[job]
		kept          func(in *actor.Context[int]) error // the parent, when it is told of the failure
	}
	begin := func(t *testing.T) *scene {
		ctx, d := newByHand(t)
		s := &scene{ctx: ctx, d: d}
		supervisor := func() *boss[int] {
			return &boss[int]{supervise: func(in *actor.Context[int], ev actor.Event) error {
				if ev.Kept && s.kept != nil {
					return s.kept(in)
				}
				return nil
			}}
		}
		s.parent = spawn[*boss[int], int](t, ctx, supervisor())
		s.other = spawn[*boss[int], int](t, ctx, supervisor())
		s.child = spawn[*phoenix, job](t, ctx, &phoenix{}, actor.KeepMailbox(), actor.LinkedTo(s.parent.Any()))
		d.run()
		require.NoError(t, s.child.Cast(ctx, breaks))
		return s
	}

	for name, change := range map[string]func(s *scene) error{
		"unlink": func(s *scene) error {
			if !actor.Unlink(s.parent.Any(), s.child.Any()) {
				return errors.New("there was no link")
			}
			return nil
		},
		"link":     func(s *scene) error { return actor.Link(s.other.Any(), s.child.Any()) },
		"StopWith": func(s *scene) error { s.child.StopWith(errors.New("not needed any more")); return nil },
		"stop":     func(s *scene) error { s.child.Stop(); return nil },
		"kill":     func(s *scene) error { s.child.Kill(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := begin(t)
			came := false
			s.d.comeBetween(func(woken *sched.Task) {
				came = woken == actor.TaskOf(s.parent.Any())
				require.NoError(t, change(s))
			})
			s.d.run()
			require.True(t, came)
			require.Equal(t, actor.Stopped, s.child.Status(), "it waits for nobody")
			require.ErrorIs(t, s.child.Wait(s.ctx), errTest)
		})
	}

	// The parent is so fast that it revives the actor before that has parked.
	t.Run("revive", func(t *testing.T) {
		s := begin(t)
		revived := errors.New("nobody has come to revive it")
		s.kept = func(in *actor.Context[int]) error {
			revived = actor.Revive(in, s.child, &phoenix{})
			return nil
		}
		var parent <-chan struct{}
		s.d.comeBetween(func(*sched.Task) {
			// It gets as far as it can, which is to wait for the child.
			parent = s.d.turn()
			for range 1000 {
				runtime.Gosched()
			}
		})
		<-s.d.turn()
		<-parent
		require.NoError(t, revived)
		s.d.run()
		require.Equal(t, actor.Running, s.child.Status())
	})
}

// Row L7, seen from between its steps: when the supervisor is told, as the last
// one, the actor is not Stopped yet, and its name is free for the next one.
func TestL7_WhenTheSupervisorIsTold(t *testing.T) {
	ctx, d := newByHand(t)
	parent := spawn[*boss[int], int](t, ctx, &boss[int]{})
	child := spawn(t, ctx, idle(), actor.LinkedTo(parent.Any()), actor.Named("child"))
	grandchild := spawn(t, ctx, idle(), actor.LinkedTo(child.Any()))
	d.run()
	child.Stop()
	told := false
	var await func(woken *sched.Task)
	await = func(woken *sched.Task) {
		if woken != actor.TaskOf(parent.Any()) {
			d.comeBetween(await)
			return
		}
		told = true
		require.Equal(t, actor.Stopping, child.Status())
		require.GreaterOrEqual(t, grandchild.Status(), actor.Stopping)
		next, err := actor.Spawn(ctx, idle(), actor.Named("child"))
		require.NoError(t, err)
		require.NotEqual(t, next.ID(), child.ID())
	}
	d.comeBetween(await)
	d.run()
	require.True(t, told)
	require.Equal(t, actor.Stopped, child.Status())
}

// atSend is a hand that comes between a send's look at the receiver and its push.
type atSend func()

func (f atSend) Reach(op sched.Op) (refuse bool) {
	if op.Kind == sched.OpSend {
		f()
	}
	return false
}

func (atSend) Note(sched.Op) {}
func (atSend) Quiet(bool)    {}

// Row K3: a message that is sent while the actor drains is handled or refused, be
// it so late that the last one was handled meanwhile.
func TestK3_SendBetweenTheLastMessageAndTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	ending, sent := make(chan struct{}), make(chan struct{})
	r := spawn[*plain[int], int](t, ctx, &plain[int]{postStop: func(*actor.Context[int]) error {
		close(ending)
		<-sent
		return nil
	}})
	refused := make(chan error, 1)
	go func() {
		defer sched.Adopt(atSend(func() {
			r.Drain()
			<-ending
		}))()
		refused <- r.Cast(ctx, 1)
		close(sent)
	}()
	require.ErrorIs(t, recv(t, refused), actor.ErrStopped)
	require.NoError(t, waitEnd(t, r))
}
