package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// cogs are the children of a dynamic supervisor in a metamorphic test.
type cogs struct {
	gate chan struct{}
	fail atomic.Bool // every third start fails
	n    atomic.Int64

	mu   sync.Mutex
	args map[actor.ID]string // guarded by mu: of all incarnations that have started
}

type cog struct {
	all *cogs
	arg string
}

func (c *cog) PreStart(ctx *actor.Context[do]) error {
	if c.all.fail.Load() && c.all.n.Add(1)%3 == 0 {
		return errBoom
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.all.args[ctx.Self().ID()] = c.arg
	return nil
}

func (c *cog) Handle(ctx *actor.Context[do], m do) error { return m(ctx) }

// fate is what an operation does to a child, and whether it is still one then.
type fate struct {
	name  string
	do    func(ctx context.Context, d supervisor.Dynamic[string, do], r actor.Ref[do]) error
	stays func(supervisor.Restart) bool
}

func onlyPermanent(r supervisor.Restart) bool { return r == supervisor.Permanent }
func notTemporary(r supervisor.Restart) bool  { return r != supervisor.Temporary }

func (c *cogs) fates() []fate {
	tell := func(f do) func(context.Context, supervisor.Dynamic[string, do], actor.Ref[do]) error {
		return func(ctx context.Context, _ supervisor.Dynamic[string, do], r actor.Ref[do]) error {
			return r.Cast(ctx, f)
		}
	}
	return []fate{
		{"stop", func(_ context.Context, _ supervisor.Dynamic[string, do], r actor.Ref[do]) error { r.Stop(); return nil }, onlyPermanent},
		{"drain", func(_ context.Context, _ supervisor.Dynamic[string, do], r actor.Ref[do]) error {
			r.Drain()
			return nil
		}, onlyPermanent},
		{"kill", func(_ context.Context, _ supervisor.Dynamic[string, do], r actor.Ref[do]) error { r.Kill(); return nil }, notTemporary},
		{"stuck and killed", func(ctx context.Context, _ supervisor.Dynamic[string, do], r actor.Ref[do]) error {
			err := r.Cast(ctx, stuckOn(c.gate))
			time.AfterFunc(time.Second, r.Kill)
			return err
		}, notTemporary},
		{"fail", tell(boom), notTemporary},
		{"panic", tell(panics), notTemporary},
		{"terminate", func(ctx context.Context, d supervisor.Dynamic[string, do], r actor.Ref[do]) error {
			return d.TerminateChild(ctx, r)
		}, func(supervisor.Restart) bool { return false }},
		{"stuck and terminated", func(ctx context.Context, d supervisor.Dynamic[string, do], r actor.Ref[do]) error {
			if err := r.Cast(ctx, stuckOn(c.gate)); err != nil {
				return err
			}
			return d.TerminateChild(ctx, r)
		}, func(supervisor.Restart) bool { return false }},
	}
}

// Children come, and end in all ways, many at once, while starts fail: whenever
// it has come to rest there is exactly one live actor for each child that should
// be there, and nobody else; or the supervisor has given up, and nobody is left.
func TestDynamicMetamorphic(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	rested, ended := 0, 0
	for seed := range seeds {
		bubble(t, func(w *world) {
			rnd := rand.New(rand.NewPCG(seed, 5))
			c := &cogs{gate: make(chan struct{}), args: map[actor.ID]string{}}
			defer close(c.gate)
			fates := c.fates()
			spec := supervisor.DynamicSpec{
				Restart:      supervisor.Restart(rnd.IntN(3)),
				Shutdown:     []time.Duration{0, time.Second, supervisor.BrutalKill}[rnd.IntN(3)],
				Intensity:    plenty,
				OnParentKill: supervisor.OnParentKill(rnd.IntN(2)),
			}
			spec.KeepMailbox = spec.Restart != supervisor.Temporary && rnd.IntN(2) == 0
			if rnd.IntN(4) == 0 {
				spec.Intensity = supervisor.Intensity{Max: 1 + rnd.IntN(6), Per: time.Minute}
			}
			if rnd.IntN(2) == 0 {
				spec.Backoff = supervisor.Backoff{Min: time.Second, Max: 10 * time.Second, Jitter: rnd.Float64()}
			}
			d, err := supervisor.SpawnDynamic(w.ctx, spec, func(arg string) *cog { return &cog{c, arg} })
			require.NoError(w.t, err)

			there := map[string]actor.Ref[do]{} // by argument, and how it was when it was last at rest
			history := fmt.Sprintf("seed %d, %v, %+v", seed, spec.Restart, spec.Intensity)
			var mu sync.Mutex
			for round := 0; round < 12 && d.Any().Status() != actor.Stopped; round++ {
				c.fail.Store(rnd.IntN(2) == 0)
				var all sync.WaitGroup
				for i := range rnd.IntN(6) {
					arg := fmt.Sprintf("%d.%d", round, i)
					all.Go(func() {
						r, err := d.StartChild(w.ctx, arg)
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							there[arg] = r
						} else if !allowed(err) && !errors.Is(err, errBoom) {
							w.t.Errorf("%s: start: %v", history, err)
						}
					})
				}
				mu.Lock()
				for _, arg := range keys(there) {
					if rnd.IntN(2) == 0 {
						continue
					}
					r, f := there[arg], fates[rnd.IntN(len(fates))]
					history += fmt.Sprintf(", %s of %s", f.name, arg)
					if !f.stays(spec.Restart) {
						delete(there, arg)
					}
					all.Go(func() {
						if err := f.do(w.ctx, d, r); !allowed(err) {
							w.t.Errorf("%s: %v", history, err)
						}
					})
				}
				mu.Unlock()
				all.Wait()
				w.pass(time.Minute)
				c.fail.Store(false)
				w.pass(time.Minute) // all deadlines and back-offs are over
				synctest.Wait()
				if d.Any().Status() == actor.Stopped {
					break
				}
				rested++
				infos, err := d.WhichChildren(w.ctx)
				require.NoError(w.t, err)
				found := map[string]actor.Ref[do]{}
				for i := range infos {
					require.False(w.t, i.Restarting, history)
					require.Equal(w.t, actor.Running, i.Actor.Status(), history)
					require.True(w.t, i.Actor.Parent().Is(d.Any()), history)
					arg := c.args[i.Actor.ID()]
					require.True(w.t, found[arg].IsZero(), "%s: %s is there twice", history, arg)
					found[arg], _ = actor.As[do](i.Actor)
				}
				require.Equal(w.t, keys(there), keys(found), history)
				n := len(there)
				require.Equal(w.t, supervisor.Counts{Specs: n, Active: n, Workers: n}, w.counts(d), history)
				require.EqualValues(w.t, n+1, w.sys.Stats().Live, "%s: nobody else lives", history)
				there = found
			}
			if d.Any().Status() == actor.Stopped {
				ended++
				require.ErrorIs(w.t, d.Any().Wait(w.ctx), supervisor.ErrRestartIntensity, history)
			} else if rnd.IntN(2) == 0 {
				require.NoError(w.t, d.StopAndWait(w.ctx))
			} else {
				require.NoError(w.t, d.Any().KillAndWait(w.ctx))
			}
			w.pass(time.Minute)
			w.rest()
			require.Zero(w.t, w.sys.Stats().Live, history)
		})
	}
	t.Logf("%d times at rest, %d gave up", rested, ended)
	require.NotZero(t, rested)
	require.True(t, ended > 0 || testing.Short())
}

func keys(m map[string]actor.Ref[do]) []string {
	all := make([]string, 0, len(m))
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}
