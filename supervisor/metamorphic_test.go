package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/supervisor"
)

// The whole supervisor against the dumb model, one thing after another: the
// children write the same journal.
func TestSupervisorAgainstDumbModel(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 20
	}
	for seed := range seeds {
		bubble(t, func(w *world) {
			r := rand.New(rand.NewPCG(seed, 0))
			spec := randomSpec(r)
			roll := dice(seed)
			begun := false
			var heard atomic.Int64 // words that were queued behind a failure
			for i, c := range spec.Children {
				p := w.child(c.ID, starts(func() error {
					if !begun {
						return nil
					}
					return map[string]error{"!": errBoom, "~": supervisor.ErrIgnore}[roll(c.ID)]
				}))
				spec.Children[i].Start = p.Start
			}
			checked, err := spec.Check()
			require.NoError(t, err)
			d := &dumb{spec: checked, plan: dice(seed)}
			for _, c := range spec.Children {
				d.list = append(d.list, &dumbKid{c, true})
			}
			sup := w.spawn(spec)
			w.read()
			begun = true
			history := fmt.Sprintf("seed %d, %v, %+v", seed, spec.Strategy, spec.Intensity)
			for range 25 {
				if d.ended || len(d.list) == 0 {
					break
				}
				if r.IntN(3) == 0 {
					step := time.Duration(1+r.IntN(8)) * time.Second
					w.pass(step)
					d.now += step
				}
				k := d.list[r.IntN(len(d.list))]
				d.log = nil
				switch op := r.IntN(8); {
				case op < 3 && k.up:
					history += " " + k.ID + "!"
					fail := []do{boom, panics}[r.IntN(2)]
					before := heard.Load()
					w.tell(w.find(sup, k.ID), func(ctx *actor.Context[do]) error {
						if err := ctx.Self().Cast(ctx, func(*actor.Context[do]) error { heard.Add(1); return nil }); err != nil {
							return err
						}
						return fail(ctx)
					})
					d.die(k.ID, false)
					synctest.Wait()
					switch got := heard.Load() - before; {
					case !k.KeepMailbox || !k.up:
						require.Zero(t, got, "%s: the queue of who is not restarted in place", history)
					case !strings.Contains(strings.Join(d.log, ""), "!"): // or a round has ended it once more, perhaps before it could hear
						require.EqualValues(t, 1, got, "%s: the queue was kept", history)
					}
				case op < 5 && k.up:
					history += " " + k.ID + "."
					w.find(sup, k.ID).Stop()
					d.log = []string{"-" + k.ID}
					d.die(k.ID, true)
				case op == 5:
					history += " T" + k.ID
					require.NoError(t, sup.TerminateChild(w.ctx, k.ID), history)
					if k.up {
						d.stop(k)
					}
					d.dropTemporary(d.find(k.ID))
				case op == 6 && !k.up:
					history += " R" + k.ID
					begun = false
					_, err := sup.RestartChild(w.ctx, k.ID)
					require.NoError(t, err, history)
					begun = true
					k.up = true
					d.log = append(d.log, "+"+k.ID)
				case op == 7 && !k.up:
					history += " D" + k.ID
					require.NoError(t, sup.DeleteChild(w.ctx, k.ID), history)
					i := d.find(k.ID)
					d.list = append(d.list[:i], d.list[i+1:]...)
				default:
					continue
				}
				want := strings.NewReplacer("~", "!").Replace(strings.Join(d.log, " "))
				got := w.read()
				if d.ended { // all that ran is stopped, in reverse
					want = strings.TrimSuffix(strings.TrimSuffix(want, "fail"), "quit")
					want = strings.TrimSpace(want)
					for i := range d.list {
						if k := d.list[len(d.list)-1-i]; k.up {
							want = strings.TrimSpace(want + " -" + k.ID)
						}
					}
					require.Equal(t, want, got, history)
					require.Equal(t, actor.Stopped, sup.Any().Status(), history)
					break
				}
				require.Equal(t, want, got, history)
				states := ""
				infos := w.infos(sup)
				for _, k := range d.list {
					states += k.ID + map[bool]string{true: "_", false: "+"}[infos[k.ID].Actor.IsZero()]
				}
				require.Equal(t, d.states(), states, history)
				require.Len(t, infos, len(d.list), history)
			}
		})
	}
}

// taken counts restarts that failed because a name was still taken: two
// lifetimes that overlap.
type taken struct{ n atomic.Int64 }

func (*taken) Enabled(context.Context, slog.Level) bool { return true }
func (h *taken) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h *taken) WithGroup(string) slog.Handler          { return h }
func (h *taken) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && errors.Is(err, actor.ErrNameTaken) {
			h.n.Add(1)
		}
		return true
	})
	return nil
}

// fuse is a child of the metamorphic test: it may fail to start, be slow or
// stuck in its handler or in PostStop.
type fuse struct {
	mood *atomic.Int32 // of ten starts so many fail
	gate chan struct{}
	r    *rand.Rand
	hang bool
}

func (f *fuse) PreStart(*actor.Context[do]) error {
	if int32(f.r.IntN(10)) < f.mood.Load() {
		return errBoom
	}
	return nil
}

func (f *fuse) Handle(ctx *actor.Context[do], m do) error { return m(ctx) }

func (f *fuse) PostStop(*actor.Context[do]) error {
	if f.hang {
		<-f.gate
	}
	return nil
}

// Random operations by many at once, random deaths at any moment: when it has
// come to rest, all is as it must be.
func TestMetamorphic(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	rested, ended := 0, 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			names := new(taken)
			sys, err := actor.NewSystem(actor.Config{KillGrace: grace, Logger: slog.New(names)})
			require.NoError(t, err)
			w := &world{t: t, ctx: actor.WithSystem(t.Context(), sys), sys: sys}
			defer func() {
				synctest.Wait()
				if err := sys.Shutdown(context.Background()); err != nil {
					t.Error(err)
				}
			}()
			gate := make(chan struct{})
			defer close(gate)
			mood := new(atomic.Int32)

			child := func(id string) supervisor.Child {
				var mu sync.Mutex
				cr := rand.New(rand.NewPCG(seed, r.Uint64()))
				restart := supervisor.Restart(r.IntN(3))
				return supervisor.Child{
					ID: id, Restart: restart, KeepMailbox: restart != supervisor.Temporary && r.IntN(2) == 0, Shutdown: []time.Duration{0, time.Second, supervisor.BrutalKill}[r.IntN(3)],
					Start: supervisor.Of(func() *fuse {
						mu.Lock()
						defer mu.Unlock()
						return &fuse{mood: mood, gate: gate, r: rand.New(rand.NewPCG(cr.Uint64(), 0)), hang: cr.IntN(20) == 0}
					}, actor.Named(id)),
				}
			}
			spec := supervisor.Spec{Strategy: supervisor.Strategy(r.IntN(3)), Intensity: supervisor.Intensity{Max: 1 + r.IntN(40), Per: time.Minute}}
			if r.IntN(2) == 0 {
				spec.Backoff = supervisor.Backoff{Min: time.Second, Max: 10 * time.Second, Jitter: r.Float64()}
			}
			for i := range 5 {
				spec.Children = append(spec.Children, child(string(rune('a'+i))))
			}
			sup := w.spawn(spec)

			for round := 0; round < 12 && sup.Any().Status() != actor.Stopped; round++ {
				mood.Store(int32(r.IntN(4)))
				var all sync.WaitGroup
				for range 1 + r.IntN(8) {
					id := string(rune('a' + r.IntN(7)))
					op := r.IntN(11)
					c := child(id)
					all.Go(func() {
						ctx, cancel := context.WithTimeout(w.ctx, time.Hour)
						defer cancel()
						var err error
						switch op {
						case 0:
							_, err = sup.StartChild(ctx, c)
						case 1:
							err = sup.TerminateChild(ctx, id)
						case 2:
							_, err = sup.RestartChild(ctx, id)
						case 3:
							err = sup.DeleteChild(ctx, id)
						case 4:
							_, err = sup.CountChildren(ctx)
						default:
							ref := actor.ByName[do](w.ctx, id)
							switch op {
							case 5:
								ref.Stop()
							case 6:
								ref.Kill()
							case 7:
								ref.StopWith(errBoom)
							case 8:
								_ = ref.Cast(ctx, stuckOn(gate))
							default:
								_ = ref.Cast(ctx, panics)
							}
						}
						if !allowed(err) {
							t.Errorf("seed %d: %v", seed, err)
						}
					})
				}
				all.Wait()
				w.pass(2 * time.Minute) // all deadlines and back-offs are over
				mood.Store(0)
				w.pass(2 * time.Minute)
				synctest.Wait()
				if sup.Any().Status() == actor.Stopped {
					break
				}
				rested++
				infos := w.infos(sup)
				active := 0
				for id, i := range infos {
					require.False(t, i.Restarting, "seed %d: %s waits", seed, id)
					ref, err := actor.Whereis[do](w.ctx, id)
					if i.Actor.IsZero() {
						require.ErrorIs(t, err, actor.ErrNotFound, "seed %d: %s", seed, id)
						continue
					}
					active++
					if i.Actor.Status() == actor.Stopping {
						continue // it hangs in PostStop, where nobody but itself has sent it
					}
					require.NoError(t, err, "seed %d: %s", seed, id)
					require.True(t, ref.Is(i.Actor), "seed %d: %s", seed, id)
					require.Equal(t, actor.Running, i.Actor.Status(), "seed %d: %s", seed, id)
					require.True(t, i.Actor.Parent().Is(sup.Any()), "seed %d: %s", seed, id)
				}
				counts, err := sup.CountChildren(w.ctx)
				require.NoError(t, err)
				require.Equal(t, supervisor.Counts{Specs: len(infos), Active: active, Workers: len(infos)}, counts, "seed %d", seed)
				require.Equal(t, int64(active+1), sys.Stats().Live, "seed %d: nobody else lives", seed)
			}
			if sup.Any().Status() == actor.Stopped {
				ended++
				require.ErrorIs(t, sup.Any().Wait(w.ctx), supervisor.ErrRestartIntensity, "seed %d", seed)
			} else {
				require.NoError(t, sup.StopAndWait(w.ctx))
			}
			synctest.Wait()
			require.Zero(t, sys.Stats().Live, "seed %d", seed)
			require.Zero(t, names.n.Load(), "seed %d: two lifetimes under one name", seed)
		})
	}
	t.Logf("%d times at rest, %d gave up", rested, ended)
	require.NotZero(t, rested)
}

// allowed says whether a request may fail this way while others interfere.
func allowed(err error) bool {
	var start *supervisor.StartError
	for _, ok := range []error{
		nil, supervisor.ErrExists, supervisor.ErrNotFound, supervisor.ErrRunning, supervisor.ErrRestarting,
		actor.ErrStopped, actor.ErrStopping, rpc.ErrNoReply,
	} {
		if errors.Is(err, ok) {
			return true
		}
	}
	// Whoever knows its name may kill a child in its PreStart.
	return errors.As(err, &start) && (errors.Is(err, errBoom) || errors.Is(err, actor.ErrKilled))
}
