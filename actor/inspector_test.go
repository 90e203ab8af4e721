package actor_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// account shows its balance.
type account struct {
	balance int
	inspect func() // nil: nothing more than that
	start   func(in *actor.Context[job]) error
}

func (a *account) PreStart(in *actor.Context[job]) error      { return call(a.start, in) }
func (a *account) Handle(in *actor.Context[job], j job) error { return j(in) }

func (a *account) Inspect() any {
	if a.inspect != nil {
		a.inspect()
	}
	return a.balance
}

func newAccount(t testing.TB, ctx context.Context, opts ...actor.Option) (*account, actor.Ref[job]) {
	t.Helper()
	a := new(account)
	return a, spawn[*account, job](t, ctx, a, opts...)
}

func (a *account) pay(n int) job {
	return func(*actor.Context[job]) error { a.balance += n; return nil }
}

func TestInspect(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, r := newAccount(t, ctx)
	require.NoError(t, r.Cast(ctx, a.pay(5)))
	do(t, r, func(*actor.Context[job]) {})
	v, err := actor.Inspect(ctx, r.Any())
	require.NoError(t, err)
	require.Equal(t, 5, v)

	do(t, r, func(in *actor.Context[job]) { // the hooks stay the value's
		in.Become(func(in *actor.Context[job], j job) error { a.balance *= 2; return j(in) })
		in.Idle(time.Hour, nil)
	})
	do(t, r, func(*actor.Context[job]) {})
	v, err = actor.Inspect(ctx, r.Any())
	require.NoError(t, err)
	require.Equal(t, 10, v)
	require.Zero(t, actor.Hooks(r.Any()), "nothing is left of a question")
}

func TestInspectComesBetweenCallbacksAndBeforeMessages(t *testing.T) {
	for name, opts := range mailboxes {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
				a, r := newAccount(t, ctx, opts...)
				release := blocked(t, r)
				for range 100 {
					require.NoError(t, r.Cast(ctx, a.pay(1)))
				}
				got := make(chan any, 1)
				go func() {
					v, err := actor.Inspect(ctx, r.Any())
					if err != nil {
						v = err
					}
					got <- v
				}()
				synctest.Wait() // it waits for the callback
				none(t, got)
				release()
				require.Equal(t, 0, recv(t, got))
				require.NoError(t, r.DrainAndWait(ctx))
				require.Equal(t, 100, a.balance)
			})
		})
	}
}

// vault is a Behaviour that shows its state.
type vault struct{}

func (vault) PreStart(_ *actor.Context[int], n int) (int, error) { return n, nil }
func (vault) Handle(_ *actor.Context[int], m int, s *int) error  { *s += m; return nil }
func (vault) Inspect(s *int) any                                 { return *s }

type closedVault struct{}

func (closedVault) PreStart(_ *actor.Context[int], n int) (int, error) { return n, nil }
func (closedVault) Handle(*actor.Context[int], int, *int) error        { return nil }

type badVault struct{ closedVault }

func (badVault) Inspect() any { return nil } // the Behaviour's has the state as an argument

type badAccount struct{ closed }

func (badAccount) Inspect() string { return "" }

type closed struct{}

func (closed) Handle(*actor.Context[int], int) error { return nil }

func TestInspectABehaviour(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, actor.With(vault{}, 3))
	v, err := actor.Inspect(ctx, r.Any())
	require.NoError(t, err)
	require.Equal(t, 3, v)

	r = spawn(t, ctx, actor.With(closedVault{}, 3))
	_, err = actor.Inspect(ctx, r.Any())
	require.ErrorIs(t, err, actor.ErrNotInspectable)
	require.ErrorContains(t, err, "closedVault")
	require.ErrorContains(t, err, r.String())
}

func TestInspectNeedsLeave(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	_, err := actor.Inspect(ctx, spawn[closed, int](t, ctx, closed{}).Any())
	require.ErrorIs(t, err, actor.ErrNotInspectable)
	require.ErrorContains(t, err, "actor_test.closed")

	_, err = actor.Spawn[badAccount, int](ctx, badAccount{})
	require.ErrorIs(t, err, actor.ErrHook)
	require.ErrorContains(t, err, "badAccount.Inspect")
	_, err = actor.Spawn(ctx, actor.With(badVault{}, 1))
	require.ErrorIs(t, err, actor.ErrHook)
	require.ErrorContains(t, err, "badVault.Inspect")
}

func TestInspectOfNobody(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	_, r := newAccount(t, ctx)
	_, err := actor.Inspect(ctx, actor.AnyRef{})
	require.ErrorIs(t, err, actor.ErrNoActor)
	_, err = actor.Inspect(nil, r.Any()) //nolint:staticcheck // this is the case
	require.ErrorIs(t, err, actor.ErrNilContext)
	gone, cancel := context.WithCancelCause(ctx)
	cancel(errTest)
	_, err = actor.Inspect(gone, r.Any())
	require.ErrorIs(t, err, errTest)
	require.NoError(t, r.StopAndWait(ctx))
	_, err = actor.Inspect(ctx, r.Any())
	require.ErrorIs(t, err, actor.ErrStopped)
}

func TestAPanicOfInspectIsItsCallers(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a := &account{inspect: func() { panic(errTest) }}
	r := spawn[*account, job](t, ctx, a)
	_, err := actor.Inspect(ctx, r.Any())
	require.ErrorIs(t, err, errTest)
	var p *actor.PanicError
	require.ErrorAs(t, err, &p)
	require.Contains(t, string(p.Stack), "inspector_test.go")
	do(t, r, func(*actor.Context[job]) { a.inspect = nil })
	_, err = actor.Inspect(ctx, r.Any())
	require.NoError(t, err)

	// Goexit leaves nobody who could go on: it is the actor's end.
	do(t, r, func(*actor.Context[job]) { a.inspect = runtime.Goexit })
	_, err = actor.Inspect(ctx, r.Any())
	require.ErrorIs(t, err, actor.ErrStopped)
	require.ErrorIs(t, waitEnd(t, r), sched.ErrGoexit)
}

func TestInspectWhenTheActorEndsFirst(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
				_, r := newAccount(t, ctx)
				release := blocked(t, r)
				// Stop and Kill come before the question, a failing message
				// or the end of a drain after it.
				c.end(r)
				got := make(chan error, 1)
				go func() { _, err := actor.Inspect(ctx, r.Any()); got <- err }()
				synctest.Wait()
				if name == "killed" {
					require.ErrorIs(t, recv(t, got), actor.ErrStopped, "at once")
				}
				release()
				switch name {
				case "killed":
				case "stopped":
					require.ErrorIs(t, recv(t, got), actor.ErrStopped)
				default:
					require.NoError(t, recv(t, got), "it is looked at between the callbacks")
				}
				_ = waitEnd(t, r)
			})
		})
	}
	t.Run("the callback fails", func(t *testing.T) {
		virtual(t, func(t *testing.T, ctx context.Context, sys *actor.System) {
			_, r := newAccount(t, ctx)
			g := newGate()
			require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { g.wait(); return errTest }))
			recv(t, g.entered)
			got := make(chan error, 1)
			go func() { _, err := actor.Inspect(ctx, r.Any()); got <- err }()
			synctest.Wait()
			close(g.open)
			require.ErrorIs(t, recv(t, got), actor.ErrStopped)
			require.ErrorIs(t, waitEnd(t, r), errTest)
			require.Empty(t, sys.Stats().DeadLetters, "a question is no message")
			require.Zero(t, sys.Stats().DeadEvents)
		})
	})
}

// A hook that does not return is as any callback.
func TestInspectIsStuck(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	open := make(chan struct{})
	r := spawn[*account, job](t, ctx, &account{inspect: func() { <-open }})
	got := make(chan error, 2)
	for range 2 { // the second is queued behind the first, which is being answered
		go func() { _, err := actor.Inspect(ctx, r.Any()); got <- err }()
	}
	stalled(t, sys, r)
	require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { return nil }))
	r.Kill()
	require.ErrorIs(t, recv(t, got), actor.ErrStopped)
	require.ErrorIs(t, recv(t, got), actor.ErrStopped)
	require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
	close(open)
	unfenced(t)
}

func TestInspectOfOneself(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	var starting error
	a := &account{start: func(in *actor.Context[job]) error {
		_, starting = actor.Inspect(in, in.Self().Any())
		return nil
	}}
	r := spawn[*account, job](t, ctx, a)
	require.ErrorIs(t, starting, actor.ErrSelf)
	do(t, r, func(in *actor.Context[job]) {
		_, err := actor.Inspect(context.Background(), in.Self().Any())
		require.ErrorIs(t, err, actor.ErrSelf)
	})
}

// Who gives up is not answered, and the hook does not run for nobody.
func TestInspectGivesUp(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		a, r := newAccount(t, ctx)
		asked := 0
		a.inspect = func() { asked++ }
		release := blocked(t, r)
		limited, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := actor.Inspect(limited, r.Any())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		release()
		v, err := actor.Inspect(ctx, r.Any())
		require.NoError(t, err)
		require.Equal(t, 0, v)
		require.Equal(t, 1, asked)
		_ = waitEnd(t, stopped(r))
	})
}

func stopped(r actor.Ref[job]) actor.Ref[job] { r.Stop(); return r }

// With one worker the asking handler must hand it on.
func TestInspectInsideAHandler(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{Workers: 1}})
	a, r := newAccount(t, ctx)
	require.NoError(t, r.Cast(ctx, a.pay(7)))
	asker := spawn(t, ctx, worker())
	for _, how := range []string{"the actor's context", "any context"} {
		do(t, asker, func(in *actor.Context[job]) {
			var c context.Context = in
			if how == "any context" {
				c = context.Background()
			}
			v, err := actor.Inspect(c, r.Any())
			require.NoError(t, err)
			require.Equal(t, 7, v)
		})
	}

	// The asker is killed while it waits.
	release := blocked(t, r)
	asking, got := make(chan struct{}), make(chan error, 1)
	require.NoError(t, asker.Cast(ctx, func(*actor.Context[job]) error {
		close(asking)
		_, err := actor.Inspect(context.Background(), r.Any())
		got <- err
		return nil
	}))
	recv(t, asking)
	asker.Kill()
	require.ErrorIs(t, recv(t, got), actor.ErrKilled)
	_ = waitEnd(t, asker)
	release()
}

func TestInspectRefusesTooManyWaiters(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{Sched: sched.Config{MaxWaiters: 1}})
	a, r := newAccount(t, ctx)
	release := blocked(t, r)
	first, second := spawn(t, ctx, worker()), spawn(t, ctx, worker())
	waiting, stay := make(chan struct{}), make(chan struct{})
	require.NoError(t, first.Cast(ctx, func(in *actor.Context[job]) error {
		_, err := actor.Blocking(in, func() (int, error) { close(waiting); <-stay; return 0, nil })
		return err
	}))
	recv(t, waiting)
	do(t, second, func(in *actor.Context[job]) {
		_, err := actor.Inspect(in, r.Any())
		require.ErrorIs(t, err, sched.ErrTooManyWaiters)
	})
	close(stay)
	release()
	do(t, r, func(*actor.Context[job]) { require.Zero(t, a.balance) })
}

// An actor that is still starting answers when it has started.
func TestInspectOfOneThatStarts(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		for _, fail := range []error{nil, errTest} {
			g := newGate()
			r, err := actor.SpawnInstant[*account, job](ctx, &account{balance: 3, start: func(*actor.Context[job]) error {
				g.wait()
				return fail
			}})
			require.NoError(t, err)
			recv(t, g.entered)
			got := make(chan error, 1)
			go func() { _, err := actor.Inspect(ctx, r.Any()); got <- err }()
			synctest.Wait()
			none(t, got)
			close(g.open)
			if fail == nil {
				require.NoError(t, recv(t, got))
			} else {
				require.ErrorIs(t, recv(t, got), actor.ErrStopped)
			}
		}
	})
}

// Many look while the actor works and then ends: each gets an answer that was
// true at some moment after the one before, or ErrStopped.
func TestInspectFromMany(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	a, r := newAccount(t, ctx)
	const lookers, payments = 8, 2000
	var all sync.WaitGroup
	begun := make(chan struct{}, lookers)
	for range lookers {
		all.Go(func() {
			last := -1
			for {
				v, err := actor.Inspect(ctx, r.Any())
				if errors.Is(err, actor.ErrStopped) {
					return
				}
				if last < 0 {
					begun <- struct{}{}
				}
				n := v.(int)
				if err != nil || n < last {
					t.Errorf("%v after %d, %v", v, last, err)
					return
				}
				last = n
			}
		})
	}
	for range lookers {
		recv(t, begun)
	}
	for range payments {
		require.NoError(t, r.Cast(ctx, a.pay(1)))
	}
	require.NoError(t, r.DrainAndWait(ctx))
	all.Wait()
	require.Equal(t, payments, a.balance)
}
