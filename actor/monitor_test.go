package actor_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestM1_MonitorsGetCopies(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	target := spawn(t, ctx, worker())
	const n = 20
	var all []chan actor.Event
	for range n {
		m, events := newPuppet(t, ctx)
		do(t, m, func(ctx *actor.Context[job]) {
			ctx.Monitor(target.Any())
			ctx.Monitor(target.Any()) // changes nothing
		})
		defer none(t, events)
		all = append(all, events)
	}
	require.Equal(t, n, actor.Watchers(target.Any()))
	target.StopWith(errTest)
	for _, events := range all {
		require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: target.Any(), Err: errTest}, recv(t, events))
	}
	_ = waitEnd(t, target)
	require.Zero(t, actor.Watchers(target.Any()))
}

// M2: no state in the copies; a Failed's error is the error itself.
func TestM2_CopiesHaveNoState(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	m, events := newPuppet(t, ctx)
	parent, _ := newPuppet(t, ctx)
	for _, f := range []job{
		func(*actor.Context[job]) error { return errTest },
		func(ctx *actor.Context[job]) error { ctx.Stop(); return nil },
		func(ctx *actor.Context[job]) error { ctx.Self().Kill(); return nil },
	} {
		target := spawn(t, ctx, worker(), actor.LinkedTo(parent.Any()))
		do(t, m, func(ctx *actor.Context[job]) { ctx.Monitor(target.Any()) })
		require.NoError(t, target.Cast(ctx, f))
		ev := recv(t, events)
		require.Nil(t, ev.State)
		if ev.Kind == actor.Failed {
			require.Equal(t, errTest, ev.Err)
		}
	}
}

func TestM3_MonitorsBeforeTheSupervisor(t *testing.T) {
	// The scheduler may run the two in any order; but who is both has both
	// in one lane.
	ctx, _ := newSystem(t, actor.Config{})
	m, events := newPuppet(t, ctx)
	target := spawn(t, ctx, worker(), actor.LinkedTo(m.Any()))
	require.Equal(t, actor.Started, recv(t, events).Kind)
	do(t, m, func(ctx *actor.Context[job]) { ctx.Monitor(target.Any()) })
	target.Stop()
	require.Nil(t, recv(t, events).State, "the monitor's copy")
	require.NotNil(t, recv(t, events).State, "the parent's")
}

func TestM4_MonitoringTheDead(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	m, events := newPuppet(t, ctx)
	dead := spawn(t, ctx, worker())
	require.NoError(t, killAndWait(dead))
	downs := make(chan actor.Down, 10)
	for _, target := range []actor.AnyRef{dead.Any(), {}, actor.ByName[int](ctx, "nobody").Any()} {
		var id actor.MonitorID
		do(t, m, func(ctx *actor.Context[job]) {
			ctx.Monitor(target)
			id = ctx.MonitorMsg(target, func(d actor.Down) job {
				return func(*actor.Context[job]) error { downs <- d; return nil }
			})
			require.Empty(t, downs, "not inside the call")
		})
		require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: target, Err: actor.ErrNoProc}, recv(t, events))
		require.Equal(t, actor.Down{ID: id, Actor: target, Err: actor.ErrNoProc}, recv(t, downs))
	}
	require.Zero(t, actor.Watching(m.Any()))
}

func TestM5_Unmonitor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	m, events := newPuppet(t, ctx)
	target := spawn(t, ctx, worker())
	do(t, m, func(ctx *actor.Context[job]) {
		ctx.Unmonitor(target.Any()) // was not
		ctx.Unmonitor(actor.AnyRef{})
		ctx.Monitor(target.Any())
		ctx.MonitorMsg(target.Any(), func(actor.Down) job { return func(*actor.Context[job]) error { return nil } })
		ctx.Unmonitor(target.Any())
	})
	require.Equal(t, 1, actor.Watchers(target.Any()), "MonitorMsg is another matter")
	require.Equal(t, 1, actor.Watching(m.Any()))
	require.NoError(t, killAndWait(target))
	do(t, m, func(*actor.Context[job]) {})
	none(t, events)
}

// M6: by default only a linked child's exit stops an actor.
func TestM6_DefaultIgnoresMonitoredPeers(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	m := spawn(t, ctx, worker())
	peer := spawn(t, ctx, worker())
	do(t, m, func(ctx *actor.Context[job]) { ctx.Monitor(peer.Any()) })
	require.NoError(t, peer.Cast(ctx, func(*actor.Context[job]) error { return errTest }))
	_ = waitEnd(t, peer)
	do(t, m, func(ctx *actor.Context[job]) { ctx.Monitor(peer.Any()) }) // noproc
	do(t, m, func(*actor.Context[job]) {})
	require.Equal(t, actor.Running, m.Status())
	spawn(t, ctx, worker(), actor.LinkedTo(m.Any())).Stop()
	require.NoError(t, waitEnd(t, m))
}

// A monitor's end takes it off all lists, whatever way it ends.
func TestMonitorsEndWithTheMonitor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	target := spawn(t, ctx, worker())
	quiet := func(actor.Down) job { return func(*actor.Context[job]) error { return nil } }
	for i := range 100 {
		m, _ := newPuppet(t, ctx)
		other := spawn(t, ctx, worker())
		do(t, m, func(ctx *actor.Context[job]) {
			for range 10 {
				ctx.Monitor(target.Any())
				ctx.MonitorMsg(target.Any(), quiet)
				ctx.MonitorMsg(other.Any(), quiet)
			}
		})
		require.Equal(t, 11, actor.Watchers(target.Any()))
		require.Equal(t, 10, actor.Watchers(other.Any()))
		switch i % 3 {
		case 0:
			m.Stop()
		case 1:
			m.Kill()
		case 2:
			_ = m.Cast(ctx, func(*actor.Context[job]) error { return errTest })
		}
		_ = waitEnd(t, m)
		require.Zero(t, actor.Watchers(target.Any()))
		require.Zero(t, actor.Watchers(other.Any()))
		require.Zero(t, actor.Watching(m.Any()))
	}
}

// Very many monitors of one actor: their ends cost no more each for that.
func TestManyMonitorsOfOne(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	target := spawn(t, ctx, worker())
	n := smaller(100_000)
	monitors := make([]actor.Ref[job], n)
	var wg sync.WaitGroup
	wg.Add(n)
	for i := range monitors {
		monitors[i] = spawn(t, ctx, worker())
		require.NoError(t, monitors[i].Cast(ctx, func(ctx *actor.Context[job]) error {
			defer wg.Done()
			ctx.Monitor(target.Any())
			return nil
		}))
	}
	wg.Wait()
	require.Equal(t, n, actor.Watchers(target.Any()))
	for _, m := range monitors {
		m.Kill()
	}
	for _, m := range monitors {
		_ = waitEnd(t, m)
	}
	require.Zero(t, actor.Watchers(target.Any()))
}

// The target's end against many Monitors and MonitorMsgs: exactly one event and
// one Down for each, always.
func TestMonitorAgainstTheEnd(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	const each = 20
	n := smaller(20_000)
	type side struct {
		actor.Ref[job]
		events chan actor.Event
		downs  chan actor.Down
	}
	var sides [2]side
	for i := range sides {
		r, events := newPuppet(t, ctx)
		sides[i] = side{r, events, make(chan actor.Down, each)}
	}
	for i := range n {
		target := spawn(t, ctx, worker())
		var wg sync.WaitGroup
		for _, s := range sides {
			wg.Add(1)
			require.NoError(t, s.Cast(ctx, func(ctx *actor.Context[job]) error {
				defer wg.Done()
				for range each {
					ctx.MonitorMsg(target.Any(), func(d actor.Down) job {
						return func(*actor.Context[job]) error { s.downs <- d; return nil }
					})
				}
				ctx.Monitor(target.Any())
				return nil
			}))
		}
		if i%2 == 0 {
			target.Kill()
		} else {
			target.Stop()
		}
		wg.Wait()
		for _, s := range sides {
			for range each {
				require.Equal(t, target.Any(), recv(t, s.downs).Actor)
			}
			require.Equal(t, target.Any(), recv(t, s.events).Actor)
		}
	}
	for _, s := range sides {
		do(t, s.Ref, func(*actor.Context[job]) {})
		none(t, s.events)
		none(t, s.downs)
		require.Zero(t, actor.Watching(s.Any()))
	}
}

func TestDemonitor(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for _, opts := range [][]actor.Option{nil, {actor.Bounded(1, actor.Refuse)}} {
		m, _ := newPuppet(t, ctx, opts...)
		for _, queued := range []bool{false, true} {
			target := spawn(t, ctx, worker())
			downs := make(chan actor.Down, 10)
			made := func(d actor.Down) job {
				return func(*actor.Context[job]) error { downs <- d; return nil }
			}
			do(t, m, func(ctx *actor.Context[job]) {
				one, two := ctx.MonitorMsg(target.Any(), made), ctx.MonitorMsg(target.Any(), made)
				require.NotEqual(t, one, two)
				if queued { // the Down is in the mailbox when it is revoked
					require.NoError(t, killAndWait(target))
				}
				ctx.Demonitor(one)
				ctx.Demonitor(one)
				ctx.Demonitor(12345) // never given
				go target.Kill()
			})
			recv(t, downs) // that of two
			do(t, m, func(*actor.Context[job]) {})
			none(t, downs)
			require.Zero(t, actor.Watching(m.Any()))
		}
	}
}

// A Down comes after every message that the dead actor sent, exactly once, and
// so does each result: with an unbounded mailbox, and with a bounded one that
// is always full.
func TestP9_DownComesAfterTheResult(t *testing.T) {
	for _, bound := range []int{0, 1, 7} {
		t.Run(fmt.Sprint("bound ", bound), func(t *testing.T) {
			ctx, _ := newSystem(t, actor.Config{})
			n := smaller(100_000)
			busy := 200
			if bound > 0 {
				n, busy = n/4, 10 // who finds no room tries again and again
			}
			c := &collector{n: n, busy: busy, results: make([]int, n), downs: make([]int, n), done: make(chan struct{})}
			var opts []actor.Option
			if bound > 0 {
				opts = append(opts, actor.Bounded(bound, actor.Refuse))
			}
			r := spawn(t, ctx, c, opts...)
			recv(t, c.done)
			require.NoError(t, errors.Join(c.wrong...))
			require.Zero(t, actor.Watching(r.Any()))
			for i := range n {
				require.Equal(t, 1, c.results[i])
				require.Equal(t, 1, c.downs[i])
			}
		})
	}
}

type result struct {
	worker int
	down   bool
	err    error
}

// collector spawns workers that cast one result and stop.
type collector struct {
	n, busy        int
	spawned, ended int
	results, downs []int
	wrong          []error
	done           chan struct{}
}

func (c *collector) PostStart(ctx *actor.Context[result]) error { return c.more(ctx) }

// more keeps some workers busy.
func (c *collector) more(ctx *actor.Context[result]) error {
	for c.spawned < c.n && c.spawned-c.ended < c.busy {
		i := c.spawned
		w, err := actor.Spawn(ctx, &toiler{number: i, to: ctx.Self()})
		if err != nil {
			return err
		}
		c.spawned++
		ctx.MonitorMsg(w.Any(), func(d actor.Down) result { return result{worker: i, down: true, err: d.Err} })
		_ = w.Cast(ctx, struct{}{})
	}
	return nil
}

func (c *collector) Handle(ctx *actor.Context[result], m result) error {
	if !m.down {
		c.results[m.worker]++
		return nil
	}
	c.downs[m.worker]++
	switch {
	case c.results[m.worker] != 1:
		c.wrong = append(c.wrong, fmt.Errorf("worker %d: Down after %d results", m.worker, c.results[m.worker]))
	case m.err != nil:
		c.wrong = append(c.wrong, fmt.Errorf("worker %d: %w", m.worker, m.err))
	}
	if c.ended++; c.ended == c.n {
		close(c.done)
	}
	return c.more(ctx)
}

type toiler struct {
	number int
	to     actor.Ref[result]
}

func (w *toiler) Handle(ctx *actor.Context[struct{}], _ struct{}) error {
	switch err := w.to.Cast(ctx, result{worker: w.number}); {
	case errors.Is(err, actor.ErrMailboxFull):
		return ctx.Self().Cast(ctx, struct{}{}) // again, later
	case err != nil:
		return err
	}
	ctx.Stop()
	return nil
}

// Downs come through although the bounded mailbox is never empty.
func TestDownIsNotStarved(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	const bound, n = 4, 5
	m := spawn(t, ctx, worker(), actor.Bounded(bound, actor.Refuse))
	targets := make([]actor.Ref[job], n)
	downs := make(chan actor.Down, n)
	for i := range targets {
		targets[i] = spawn(t, ctx, worker())
		do(t, m, func(ctx *actor.Context[job]) {
			ctx.MonitorMsg(targets[i].Any(), func(d actor.Down) job {
				return func(*actor.Context[job]) error { downs <- d; return nil }
			})
		})
	}
	release := blocked(t, m)
	var stop atomic.Bool
	var again job
	again = func(ctx *actor.Context[job]) error {
		if stop.Load() {
			return nil
		}
		return ctx.Self().Cast(ctx, again) // there is room: its own
	}
	for range bound {
		require.NoError(t, m.Cast(ctx, again))
	}
	for _, target := range targets {
		require.NoError(t, killAndWait(target))
	}
	release()
	for _, target := range targets {
		require.Equal(t, target.Any(), recv(t, downs).Actor, "in order")
	}
	require.Equal(t, actor.Running, m.Status())
	stop.Store(true)
}

// Random monitors among many actors that die: each monitor whose watcher
// outlives its target gets exactly one Down, and all lists are empty then.
func TestMonitorModel(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 3))
		const n = 30
		watchers, targets := make([]actor.Ref[job], n), make([]actor.Ref[job], n)
		for i := range n {
			watchers[i], targets[i] = spawn(t, ctx, worker()), spawn(t, ctx, worker())
		}
		var mu sync.Mutex
		got, want := map[string]int{}, map[string]int{}
		for i := range 300 {
			w, x := r.IntN(n), r.IntN(n)
			key := fmt.Sprint(i, "/", w, "/", x)
			revoke := r.IntN(4) == 0
			if !revoke {
				want[key] = 1
			}
			do(t, watchers[w], func(ctx *actor.Context[job]) {
				id := ctx.MonitorMsg(targets[x].Any(), func(actor.Down) job {
					return func(*actor.Context[job]) error {
						mu.Lock()
						defer mu.Unlock()
						got[key]++
						return nil
					}
				})
				if revoke {
					ctx.Demonitor(id)
				}
			})
			if r.IntN(20) == 0 {
				targets[r.IntN(n)].Kill()
			}
		}
		for _, x := range targets {
			x.Stop()
		}
		for _, x := range targets {
			_ = waitEnd(t, x)
			require.Zero(t, actor.Watchers(x.Any()))
		}
		for _, w := range watchers {
			do(t, w, func(*actor.Context[job]) {})
			require.Zero(t, actor.Watching(w.Any()))
		}
		require.Equal(t, want, got)
	}
}
