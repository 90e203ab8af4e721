package actor_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// mailboxes are the kinds of mailbox that what is kept is put in front of.
var mailboxes = map[string][]actor.Option{"unbounded": nil, "bounded": {actor.Bounded(1<<12, actor.Refuse)}}

// A shop keeps its customers while it is closed.
func TestUnstashComesBeforeWhatIsQueued(t *testing.T) {
	const closed, open = 0, -1
	for name, opts := range mailboxes {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			g, log := newGate(), new(journal)
			isOpen := false
			n := make(chan int, 2)
			r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
				switch {
				case m == closed:
					g.wait()
				case m == open:
					isOpen = true
					n <- in.Unstash()
					n <- in.Unstash()
				case isOpen:
					log.add(fmt.Sprint(m))
				default:
					in.Stash(m)
				}
				return nil
			}), opts...)
			require.NoError(t, r.Cast(ctx, closed))
			recv(t, g.entered)
			var want []string
			for m := 1; m <= 1000; m++ {
				if m == 500 {
					require.NoError(t, r.Cast(ctx, open))
				}
				require.NoError(t, r.Cast(ctx, m))
				want = append(want, fmt.Sprint(m))
			}
			close(g.open)
			require.Equal(t, 499, recv(t, n))
			require.Equal(t, 0, recv(t, n), "nothing is kept any more")
			require.NoError(t, r.DrainAndWait(ctx))
			require.Equal(t, want, log.all())
		})
	}
}

// What a message does the first time that it is handled, and the second, and so
// on, is drawn from a seed: the actor must do as the dumb model does.
func TestStashAgainstAModel(t *testing.T) {
	const messages = 300
	type act uint8
	const (
		handle act = iota
		stash
		unstash         // and is handled
		stashAndUnstash // comes back at once
		unstashAndStash // goes behind the others
		wait            // in a call of this library, then unstash
		acts
	)
	for seed := range uint64(24) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		script := make([][4]act, messages) // the fifth time is always handle
		for i := range script {
			for j := range script[i] {
				script[i][j] = act(rnd.IntN(int(acts)))
			}
		}

		queue, kept, times := make([]int, messages), []int(nil), make([]int, messages)
		for i := range queue {
			queue[i] = i
		}
		next := func(times []int, m int) act {
			times[m]++
			if times[m] > len(script[m]) {
				return handle
			}
			return script[m][times[m]-1]
		}
		var want []string
		for len(queue) > 0 {
			m := queue[0]
			queue = queue[1:]
			front := func() { queue = slices.Concat(kept, queue); kept = nil }
			switch a := next(times, m); a {
			case stash:
				kept = append(kept, m)
			case stashAndUnstash:
				kept = append(kept, m)
				front()
			case unstashAndStash:
				front()
				kept = append(kept, m)
			default:
				want = append(want, fmt.Sprint(m))
				if a == unstash || a == wait {
					front()
				}
			}
		}

		for name, opts := range mailboxes {
			ctx, sys := newSystem(t, actor.Config{})
			log, seen := new(journal), make([]int, messages)
			start := newGate()
			r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
				if m < 0 {
					start.wait()
					return nil
				}
				switch a := next(seen, m); a {
				case stash:
					in.Stash(m)
				case stashAndUnstash:
					in.Stash(m)
					in.Unstash()
				case unstashAndStash:
					in.Unstash()
					in.Stash(m)
				default:
					log.add(fmt.Sprint(m))
					if a == wait {
						_, err := actor.Blocking(in, func() (int, error) { runtime.Gosched(); return 0, nil })
						require.NoError(t, err)
					}
					if a == unstash || a == wait {
						in.Unstash()
					}
				}
				return nil
			}), opts...)
			require.NoError(t, r.Cast(ctx, -1))
			recv(t, start.entered)
			for m := range messages {
				require.NoError(t, r.Cast(ctx, m))
			}
			close(start.open)
			require.NoError(t, r.DrainAndWait(ctx))
			require.Equal(t, want, log.all(), "seed %d, %s", seed, name)
			dead := uint64(len(kept)) // what is kept at the end
			require.Equal(t, dead, sys.Stats().DeadLetters["stopped"], "seed %d, %s", seed, name)
		}
	}
}

// Continuations that found a bounded mailbox full wait for what was queued
// before them; what is unstashed comes before both.
func TestUnstashWhileLateContinuationsWait(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	log := new(journal)
	var in *actor.Context[job]
	r := spawn(t, ctx, actor.Func(func(c *actor.Context[job], j job) error { in = c; return j(c) }), actor.Bounded(2, actor.Refuse))
	do(t, r, func(*actor.Context[job]) {})
	note := func(what string) job {
		return func(*actor.Context[job]) error { log.add(what); return nil }
	}
	post := func(what string) {
		require.NoError(t, actor.Post(in, func() error { log.add(what); return nil }))
	}
	g := newGate()
	do(t, r, func(c *actor.Context[job]) { c.Stash(note("kept 1")); c.Stash(note("kept 2")) })
	require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { g.wait(); return nil }))
	recv(t, g.entered)
	require.NoError(t, r.Cast(ctx, func(c *actor.Context[job]) error {
		log.add("unstash")
		c.Unstash()
		return nil
	}))
	require.NoError(t, r.Cast(ctx, note("queued")))
	post("late 1")
	post("late 2")
	require.ErrorIs(t, r.Cast(ctx, note("")), actor.ErrMailboxFull)
	close(g.open)
	require.NoError(t, r.DrainAndWait(ctx))
	require.Equal(t, []string{"unstash", "kept 1", "kept 2", "queued", "late 1", "late 2"}, log.all())
}

// diary notes ints, and keeps some in callbacks that are no Handle.
type diary struct {
	plain[int]
	log *journal
}

func (d *diary) Handle(_ *actor.Context[int], m int) error {
	d.log.add(fmt.Sprint(m))
	return nil
}

func (d *diary) HandleSupervision(in *actor.Context[int], _ actor.Event) error {
	in.Stash(2)
	in.Unstash()
	return nil
}

func TestUnstashInOtherCallbacks(t *testing.T) {
	first := func(in *actor.Context[int]) error {
		in.Stash(1)
		in.Stash(2)
		require.Equal(t, 2, in.Unstash())
		return nil
	}
	second := func(in *actor.Context[int]) error {
		_ = in.Self().Cast(in, 3)
		return first(in)
	}
	for name, spawnIt := range map[string]func(context.Context, *diary, ...actor.Option) (actor.Ref[int], error){
		"Spawn": actor.Spawn[*diary, int], "SpawnInstant": actor.SpawnInstant[*diary, int],
	} {
		for where, hooks := range map[string]plain[int]{
			"PreStart":             {preStart: first},
			"PreStart with a cast": {preStart: second},
			"PostStart":            {postStart: second},
		} {
			t.Run(name+" "+where, func(t *testing.T) {
				ctx, _ := newSystem(t, actor.Config{})
				log := new(journal)
				r, err := spawnIt(ctx, &diary{hooks, log})
				require.NoError(t, err)
				eventually(t, func() bool { return len(log.all()) >= 2 }, "they are handled without another message")
				require.NoError(t, r.DrainAndWait(ctx))
				want := []string{"1", "2", "3"}
				if where == "PreStart" {
					want = want[:2]
				}
				require.Equal(t, want, log.all())
			})
		}
	}
	// Without PostStart a Spawn has no first turn of its own.
	t.Run("PreStart without PostStart", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		got := make(chan int, 1)
		spawn[*opener, int](t, ctx, &opener{got})
		require.Equal(t, 1, recv(t, got))
	})
	t.Run("HandleSupervision", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		var inside actor.Inside
		d := &diary{plain[int]{preStart: func(in *actor.Context[int]) error { inside = in; return nil }}, new(journal)}
		g := newGate()
		r := spawn[*diary, int](t, ctx, d)
		blocker := spawn(t, ctx, idle())
		require.NoError(t, actor.Bind(r.Any(), blocker.Any()))
		require.NoError(t, actor.Post(inside, func() error { g.wait(); return nil }))
		recv(t, g.entered)
		require.NoError(t, r.Cast(ctx, 3))
		require.NoError(t, blocker.StopAndWait(ctx)) // its event comes before 3
		close(g.open)
		require.NoError(t, r.DrainAndWait(ctx))
		require.Equal(t, []string{"2", "3"}, d.log.all())
	})
}

// opener puts a message of its own before all others.
type opener struct{ got chan int }

func (o *opener) PreStart(in *actor.Context[int]) error {
	in.Stash(1)
	in.Unstash()
	return nil
}

func (o *opener) Handle(_ *actor.Context[int], m int) error { o.got <- m; return nil }

// endings are the ends of an actor of jobs and the reasons of its dead letters.
var endings = map[string]struct {
	end    func(r actor.Ref[job])
	reason error
}{
	"stopped": {actor.Ref[job].Stop, actor.ErrStopped},
	"drained": {actor.Ref[job].Drain, actor.ErrStopped},
	"killed":  {actor.Ref[job].Kill, actor.ErrKilled},
	"failed": {func(r actor.Ref[job]) {
		_ = r.Cast(context.Background(), func(*actor.Context[job]) error { return errTest })
	}, actor.ErrFailed},
	"panicked": {func(r actor.Ref[job]) {
		_ = r.Cast(context.Background(), func(*actor.Context[job]) error { panic(errTest) })
	}, actor.ErrFailed},
}

func TestWhatIsKeptAtTheEndBecomesDeadLetters(t *testing.T) {
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t, actor.Config{})
			letters, _ := deadLetters(t, ctx, sys)
			r := spawn(t, ctx, worker())
			do(t, r, func(in *actor.Context[job]) {
				for range 5 {
					in.Stash(func(*actor.Context[job]) error { return nil })
				}
			})
			c.end(r)
			_ = waitEnd(t, r)
			for range 5 {
				l := recv(t, letters)
				require.Equal(t, r.Any(), l.To)
				require.IsType(t, job(nil), l.Message)
				require.ErrorIs(t, l.Reason, c.reason)
			}
			var total uint64
			for _, n := range sys.Stats().DeadLetters {
				total += n
			}
			require.EqualValues(t, 5, total, "%v", sys.Stats().DeadLetters)
		})
	}
}

// What Unstash has put in front, and is not handled yet, is discarded too.
func TestWhatIsUnstashedAtTheEndBecomesDeadLetters(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	letters, _ := deadLetters(t, ctx, sys)
	sent := make(chan struct{})
	r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
		<-sent
		in.Stash(m)
		if m == 3 {
			in.Unstash()
			in.Stop()
		}
		return nil
	}))
	for m := 1; m <= 4; m++ {
		require.NoError(t, r.Cast(ctx, m))
	}
	close(sent)
	require.NoError(t, waitEnd(t, r))
	var got []int
	for range 4 {
		got = append(got, recv(t, letters).Message.(int))
	}
	require.ElementsMatch(t, []int{1, 2, 3, 4}, got)
}

// The Reply in a kept message stays owed, and the message is handled without
// its ticket later.
func TestAReplyInAKeptMessageStaysOwed(t *testing.T) {
	owed := func(t *testing.T, ctx context.Context, r actor.Ref[job], handled chan struct{}) *ticket {
		k := newTicket()
		k.owed = true
		require.NoError(t, actor.Request(ctx, r, func(in *actor.Context[job]) error {
			in.Stash(func(*actor.Context[job]) error { handled <- struct{}{}; return nil })
			return nil
		}, &actor.Ticket{Holder: k}))
		recv(t, k.handled)
		none(t, k.discard)
		return k
	}
	for name, c := range endings {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			r := spawn(t, ctx, worker())
			handled := make(chan struct{}, 1)
			k := owed(t, ctx, r, handled)
			c.end(r)
			require.ErrorIs(t, recv(t, k.discard), c.reason)
			_ = waitEnd(t, r)
			none(t, handled)
			none(t, k.discard)
		})
	}
	t.Run("handled later", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r := spawn(t, ctx, worker())
		handled := make(chan struct{}, 1)
		k := owed(t, ctx, r, handled)
		do(t, r, func(in *actor.Context[job]) { require.Equal(t, 1, in.Unstash()) })
		recv(t, handled)
		none(t, k.discard) // its holder alone knows whether an answer was given
		require.NoError(t, r.StopAndWait(ctx))
		require.ErrorIs(t, recv(t, k.discard), actor.ErrStopped)
	})
	t.Run("fails when it is handled", func(t *testing.T) {
		ctx, _ := newSystem(t, actor.Config{})
		r := spawn(t, ctx, worker())
		k := newTicket()
		k.owed = true
		require.NoError(t, actor.Request(ctx, r, func(in *actor.Context[job]) error {
			in.Stash(func(*actor.Context[job]) error { return errTest })
			in.Unstash()
			return nil
		}, &actor.Ticket{Holder: k}))
		require.ErrorIs(t, recv(t, k.discard), actor.ErrFailed)
		require.ErrorIs(t, waitEnd(t, r), errTest)
	})
}

// stalled waits until r is stuck in a callback. It takes nothing from the callback
// that would order what it has written before what comes next: so the race
// detector sees whether the house does.
func stalled(t testing.TB, sys *actor.System, r actor.Ref[job]) {
	t.Helper()
	eventually(t, func() bool {
		for i := range sys.Actors() {
			if i.Actor == r.Any() {
				return i.Doing == actor.Stalled
			}
		}
		return false
	}, "it stalls")
}

// An actor that is abandoned gives up what it keeps; what its callback keeps
// when it comes back is a dead letter at once.
func TestStashOfAnAbandonedActor(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{KillGrace: 10 * time.Millisecond})
	r := spawn(t, ctx, worker())
	open, back := make(chan struct{}), make(chan int, 1)
	noJob := func(*actor.Context[job]) error { return nil }
	require.NoError(t, r.Cast(ctx, func(in *actor.Context[job]) error {
		in.Stash(noJob)
		in.Stash(noJob)
		in.Unstash()
		in.Stash(noJob)
		<-open
		in.Stash(noJob)
		back <- in.Unstash()
		return nil
	}))
	stalled(t, sys, r)
	r.Kill()
	require.ErrorIs(t, waitEnd(t, r), actor.ErrAbandoned)
	require.Equal(t, map[string]uint64{"abandoned": 3}, sys.Stats().DeadLetters)
	close(open)
	require.Zero(t, recv(t, back))
	unfenced(t)
	require.Equal(t, map[string]uint64{"abandoned": 3, "killed": 1}, sys.Stats().DeadLetters)
}

// Invariant 8.
func TestKeptMessagesAreCollected(t *testing.T) {
	for name, end := range map[string]bool{"handled": false, "discarded": true} {
		t.Run(name, func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			handled := make(chan struct{}, 10)
			times := 0
			r := spawn(t, ctx, actor.Func(func(in *actor.Context[*blob], m *blob) error {
				switch {
				case m == nil:
					in.Unstash()
				case times == 0:
					times++
					in.Stash(m)
				default:
					handled <- struct{}{}
				}
				return nil
			}))
			send := func() weak.Pointer[blob] {
				m := new(blob)
				require.NoError(t, r.Cast(ctx, m))
				return weak.Make(m)
			}
			p := send()
			if end {
				require.NoError(t, r.DrainAndWait(ctx))
			} else {
				require.NoError(t, r.Cast(ctx, nil))
				recv(t, handled)
			}
			collected(t, p, "the message")
			require.NotZero(t, r.ID())
		})
	}
}
