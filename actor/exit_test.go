package actor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// noted is a ticket that notes its discarding.
type noted struct {
	*ticket
	note func(reason error)
}

func (n *noted) Discard(reason error) { n.note(reason) }

// The order of the exit, whatever ends the actor. The monitor is the parent
// itself, so that the order of the two events is that of one lane.
func TestL7_ExitOrder(t *testing.T) {
	type scene struct {
		r     actor.Ref[int]
		enter func() // makes the actor leave its handler
	}
	for name, c := range map[string]struct {
		end   func(s *scene)
		order []string
	}{
		"stop": {
			func(s *scene) { s.r.Stop(); s.enter() },
			[]string{"running", "stopping", "poststop", "discarded stopped", "child killed", "name free", "terminated monitor", "terminated parent"},
		},
		"drain": {
			func(s *scene) { s.r.Drain(); s.enter() },
			[]string{"running", "stopping", "poststop", "child killed", "name free", "terminated monitor", "terminated parent"},
		},
		"kill": { // steps 1 and 4 early
			func(s *scene) { s.r.Kill(); s.enter() },
			[]string{"running", "stopping", "child killed", "discarded killed", "name free", "terminated monitor", "terminated parent"},
		},
		"fail": { // step 3 before 1
			func(s *scene) { _ = s.r.Cast(context.Background(), -1); s.enter() },
			[]string{"running", "discarded failed", "stopping", "child killed", "name free", "failed monitor", "failed parent"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			var log journal
			entered, leave := make(chan struct{}), make(chan struct{})
			childEnds := make(chan struct{})
			monitored, done := make(chan struct{}), make(chan struct{})
			var r actor.Ref[int]
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{
				plain: plain[int]{handle: func(in *actor.Context[int], _ int) error { in.Monitor(r.Any()); close(monitored); return nil }},
				supervise: func(in *actor.Context[int], ev actor.Event) error {
					if ev.Kind == actor.Started {
						return nil
					}
					if line := ev.Kind.String() + " monitor"; index(log.all(), line) < 0 {
						spawn(t, in, idle(), actor.Named("n"))
						log.add("name free")
						log.add(line)
						return nil
					}
					log.add(ev.Kind.String() + " parent")
					close(done)
					return nil
				},
			})
			a := &plain[int]{
				handle: func(in *actor.Context[int], m int) error {
					switch m {
					case 0:
						_, err := actor.SpawnLinked[*plain[int], int](in, &plain[int]{
							preStart: func(child *actor.Context[int]) error {
								context.AfterFunc(child, func() { log.add("child killed"); close(childEnds) })
								return nil
							},
						})
						require.NoError(t, err)
						close(entered)
						<-leave
					case -1:
						return errTest
					}
					return nil
				},
				postStop: func(*actor.Context[int]) error { log.add("poststop"); return nil },
			}
			r = spawn[*plain[int], int](t, ctx, a, actor.LinkedTo(parent.Any()), actor.Named("n"))
			require.NoError(t, parent.Cast(ctx, 0))
			recv(t, monitored)
			require.NoError(t, r.Cast(ctx, 0))
			recv(t, entered)
			_, ok := actor.OnStopping(r.Any(), func() {
				log.add("stopping")
				require.Equal(t, actor.Stopping, r.Status())
				require.ErrorIs(t, r.Cast(ctx, 9), actor.ErrStopped)
			})
			require.True(t, ok)
			log.add("running")
			s := &scene{r: r, enter: func() { close(leave) }}
			if name == "fail" {
				_ = r.Cast(ctx, -1)
			}
			if name != "drain" {
				k := &noted{newTicket(), func(reason error) { log.add("discarded " + short(reason)) }}
				require.NoError(t, actor.Request(ctx, r, 1, &actor.Ticket{Holder: k}))
			}
			if name == "kill" {
				r.Kill()
				recv(t, childEnds) // it dies in the killer's goroutine, before the handler has returned
			}
			c.end(s)
			recv(t, done)
			recv(t, childEnds)
			_ = waitEnd(t, r)
			require.True(t, r.Parent().IsZero())
			if got := log.all(); name == "kill" {
				require.Equal(t, c.order, got)
			} else { // when the child's context notices is its own affair, but it is after its parent's step 3
				require.Equal(t, without(c.order, "child killed"), without(got, "child killed"))
				require.Greater(t, index(got, "child killed"), index(got, c.order[1]))
			}
		})
	}
}

func short(reason error) string {
	switch reason {
	case actor.ErrStopped:
		return "stopped"
	case actor.ErrKilled:
		return "killed"
	case actor.ErrFailed:
		return "failed"
	case actor.ErrAbandoned:
		return "abandoned"
	}
	return fmt.Sprint(reason)
}

func index(lines []string, line string) int {
	for i, l := range lines {
		if l == line {
			return i
		}
	}
	return -1
}

func without(lines []string, line string) (kept []string) {
	for _, l := range lines {
		if l != line {
			kept = append(kept, l)
		}
	}
	return kept
}

// The reasons table of section 4.
func TestL7_ReasonsTable(t *testing.T) {
	why := fmt.Errorf("why")
	for name, c := range map[string]struct {
		end    func(r actor.Ref[int])
		kind   actor.EventKind
		err    error
		state  bool
		normal bool
	}{
		"Stop":       {func(r actor.Ref[int]) { r.Stop() }, actor.Terminated, nil, true, true},
		"StopWith":   {func(r actor.Ref[int]) { r.StopWith(why) }, actor.Terminated, why, true, false},
		"Drain":      {func(r actor.Ref[int]) { r.Drain() }, actor.Terminated, actor.ErrDrained, true, true},
		"Kill":       {func(r actor.Ref[int]) { r.Kill() }, actor.Terminated, actor.ErrKilled, true, false},
		"StopAfter":  {func(r actor.Ref[int]) { r.StopAfter(time.Millisecond) }, actor.Terminated, nil, true, true},
		"KillAfter":  {func(r actor.Ref[int]) { r.KillAfter(time.Millisecond) }, actor.Terminated, actor.ErrKilled, true, false},
		"Handle err": {func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 1) }, actor.Failed, errTest, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			told, supervise := events()
			parent := spawn[*boss[int], int](t, ctx, &boss[int]{supervise: supervise})
			a := &plain[int]{handle: func(*actor.Context[int], int) error { return errTest }}
			r := spawn[*plain[int], int](t, ctx, a, actor.LinkedTo(parent.Any()))
			require.Equal(t, actor.Started, recv(t, told).Kind)
			c.end(r)
			ev := actor.Event{Kind: c.kind, Actor: r.Any(), Err: c.err}
			if c.state {
				ev.State = a
			}
			require.Equal(t, ev, recv(t, told))
			if err := waitEnd(t, r); c.normal {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.err)
			}
		})
	}
}

// Invariants 2, 4 and 5: a random program, and the accounts balance. Every
// message that a sender was told is accepted is handled, or failed in the
// handler, or a dead letter with a reason.
func TestAccountsBalance(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { balance(t, seed) })
	}
}

func balance(t *testing.T, seed uint64) {
	ctx, sys := newSystem(t, actor.Config{Sched: sched.Config{Workers: 3, Budget: 8}})
	var accepted, refused, full, handled, failed, exits atomic.Uint64
	var living sync.WaitGroup
	random := rand.New(rand.NewPCG(seed, 1))
	actors := make([]atomic.Pointer[actor.Ref[int]], 12)
	var hooks atomic.Uint64
	place := func(i int) {
		var opts []actor.Option
		switch random.IntN(6) {
		case 0:
			opts = append(opts, actor.Bounded(1+random.IntN(5), actor.Refuse))
		case 1:
			opts = append(opts, actor.Bounded(1+random.IntN(5), actor.DropNewest))
		case 2:
			opts = append(opts, actor.Bounded(1+random.IntN(5), actor.DropOldest))
		case 3:
			opts = append(opts, actor.Bounded(1+random.IntN(5), actor.WaitForRoom))
		}
		r := spawn[*plain[int], int](t, ctx, &plain[int]{
			handle: func(_ *actor.Context[int], m int) error {
				switch m {
				case 1:
					failed.Add(1)
					return errTest
				case 2:
					failed.Add(1)
					panic(errTest)
				case 3:
					failed.Add(1)
					runtime.Goexit()
				}
				handled.Add(1)
				return nil
			},
		}, opts...)
		_, ok := actor.OnStopping(r.Any(), func() { hooks.Add(1) })
		require.True(t, ok)
		actors[i].Store(&r)
		living.Go(func() {
			_ = r.Wait(context.Background())
			exits.Add(1)
		})
	}
	for i := range actors {
		place(i)
	}
	var senders sync.WaitGroup
	for s := range 6 {
		senders.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(s)+2))
			for range 4000 {
				m := 0
				if random.IntN(500) == 0 {
					m = 1 + random.IntN(3)
				}
				switch err := actors[random.IntN(len(actors))].Load().Cast(ctx, m); err {
				case nil:
					accepted.Add(1)
				case actor.ErrMailboxFull:
					full.Add(1)
				default:
					require.ErrorIs(t, err, actor.ErrStopped)
					refused.Add(1)
				}
			}
		})
	}
	for range 150 { // a killer that puts a new one in the place of each
		i := random.IntN(len(actors))
		r := actors[i].Load()
		switch random.IntN(4) {
		case 0:
			r.Stop()
		case 1:
			r.Kill()
		case 2:
			r.Drain()
		case 3:
			r.StopWith(errTest)
		}
		if r.Status() >= actor.Stopping {
			place(i)
		}
		runtime.Gosched()
	}
	senders.Wait()
	for i := range actors {
		actors[i].Load().Drain()
	}
	living.Wait()
	var discarded uint64
	for _, n := range sys.Stats().DeadLetters {
		discarded += n
	}
	t.Logf("accepted %d = handled %d + failed %d + discarded %v; full %d, refused %d",
		accepted.Load(), handled.Load(), failed.Load(), sys.Stats().DeadLetters, full.Load(), refused.Load())
	require.Equal(t, accepted.Load(), handled.Load()+failed.Load()+discarded)
	require.Equal(t, sys.Stats().Spawned, exits.Load(), "each ends once")
	require.Equal(t, exits.Load(), hooks.Load(), "each crosses to Stopping once")
}
