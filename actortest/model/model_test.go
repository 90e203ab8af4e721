package model_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/actortest/model"
	"github.com/ractor-go/ractor/sched"
)

var (
	flagFirst = flag.Uint64("model.first", 1, "the seed of the first program")
	flagSims  = flag.Int("model.sims", 80, "how many programs to play under the simulator, of each kind")
	flagSeeds = flag.Int("model.seeds", 6, "in how many orders each")
	flagTries = flag.Int("model.tries", 500, "how many smaller programs to try when one fails")
	flagFor   = flag.Duration("model.for", 0, "play programs for so long, in each test and of each kind, however many that are")
	flagReal  = flag.Int("model.real", 150, "how many programs to play on workers, of each kind")
)

// sizes are those of the programs, in turn; small ones are easier to read.
var sizes = []model.Size{
	{Roles: 2, Actions: 12},
	{Roles: 3, Actions: 30},
	{Roles: 4, Actions: 60, Without: model.Ends | model.Failures},
	{Roles: 6, Actions: 120},
	{Roles: 3, Actions: 40, Without: model.Calls | model.Bounds},
	{Roles: 5, Actions: 60, Without: model.Timers | model.Stashes},
}

func program(seed uint64, exact bool) *model.Program {
	return model.Generate(seed, sizes[seed%uint64(len(sizes))], exact)
}

// programs yields n programs, or those that can be played in -model.for.
func programs(n int, exact bool) iter.Seq[*model.Program] {
	return func(yield func(*model.Program) bool) {
		begin := time.Now()
		for i := 0; *flagFor == 0 && i < n || *flagFor > 0 && time.Since(begin) < *flagFor; i++ {
			if !yield(program(*flagFirst+uint64(i), exact)) {
				return
			}
		}
	}
}

// judge says what is wrong with a history.
func judge(h *model.History) error {
	err := model.Check(h)
	if h.Program.Exact {
		err = errors.Join(err, model.Compare(model.Reference(h.Program), h))
	}
	return err
}

func kinds(t *testing.T, f func(t *testing.T, exact bool)) {
	t.Run("exact", func(t *testing.T) { f(t, true) })
	t.Run("racy", func(t *testing.T) { f(t, false) })
}

// complain fails t with the smallest program that fails.
func complain(t *testing.T, p *model.Program, how string, first error, play func(p *model.Program) error) {
	t.Helper()
	small, last := model.Shrink(p, *flagTries, func(q *model.Program) bool { return play(q) != nil }), first
	if err := play(small); err != nil {
		last = err
	}
	t.Fatalf("program %d (%d actions) %s:\n%v\n\nsmaller (%d actions):\n%v\nin which\n%v", p.Seed, p.Size(), how, first, small.Size(), small, last)
}

// What the reference does is legal, and it does the same each time.
func TestReferenceObeysTheRules(t *testing.T) {
	kinds(t, func(t *testing.T, exact bool) {
		for p := range programs(4**flagSims, exact) {
			if err := judge(model.Reference(p)); err != nil {
				complain(t, p, "on the reference", err, func(p *model.Program) error { return judge(model.Reference(p)) })
			}
		}
	})
}

// simulate plays p in some orders.
func simulate(t *testing.T, p *model.Program, seeds int, tally *actortest.Summary) (failed error) {
	found, sum := actortest.Search(t, seeds, func(sys *actortest.System) {
		h := model.Play(model.Host{
			Ctx:    sys,
			System: sys.System(),
			Settle: sys.Settle,
			Sleep:  func(d time.Duration) { sys.Sleep(d); sys.Settle() },
			Alone:  true,
		}, p)
		if err := judge(h); err != nil {
			sys.Errorf("%v\n%v", err, h)
		}
	}, actortest.From(p.Seed), actortest.Steps(1_000_000))
	if tally != nil {
		tally.Runs += sum.Runs
		tally.Steps += sum.Steps
		tally.Distinct += sum.Distinct
	}
	if found != nil {
		return fmt.Errorf("%s: %s", found.Seed, found.Message)
	}
	return nil
}

func TestSimulated(t *testing.T) {
	kinds(t, func(t *testing.T, exact bool) {
		var sum actortest.Summary
		played := 0
		for p := range programs(*flagSims, exact) {
			played++
			if err := simulate(t, p, *flagSeeds, &sum); err != nil {
				complain(t, p, "under the simulator", err, func(p *model.Program) error { return simulate(t, p, 10**flagSeeds, nil) })
			}
		}
		t.Logf("%d programs, %d runs, %d of them different, %d steps", played, sum.Runs, sum.Distinct, sum.Steps)
	})
}

// onWorkers plays p on a System with workers, in a bubble: so it can be seen when
// all have come to rest, and time costs nothing.
func onWorkers(t *testing.T, p *model.Program) (failed error) {
	synctest.Test(t, func(t *testing.T) {
		sys, err := actor.NewSystem(actor.Config{Sched: sched.Config{Workers: 4, TimerTick: 100 * time.Microsecond}})
		require.NoError(t, err)
		h := model.Play(model.Host{
			Ctx:    actor.WithSystem(context.Background(), sys),
			System: sys,
			Settle: synctest.Wait,
			Sleep:  func(d time.Duration) { time.Sleep(d); synctest.Wait() },
		}, p)
		if err := judge(h); err != nil {
			failed = fmt.Errorf("%w\n%v", err, h)
		}
		require.NoError(t, sys.Shutdown(t.Context()))
	})
	return failed
}

func TestOnWorkers(t *testing.T) {
	kinds(t, func(t *testing.T, exact bool) {
		played := 0
		for p := range programs(*flagReal, exact) {
			played++
			if err := onWorkers(t, p); err != nil {
				complain(t, p, "on workers", err, func(p *model.Program) error {
					for range 20 {
						if err := onWorkers(t, p); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}
		t.Logf("%d programs", played)
	})
}
