package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/stretchr/testify/require"
)

// quiet is a trial without notes.
func quiet(s size) *trial { return newTrial(s, jobOf(nil, nil).config, func(string, ...any) {}) }

func TestBalance(t *testing.T) {
	for _, c := range []struct {
		ledger           ledger
		discarded        map[string]uint64
		lost, duplicated float64
	}{
		{ledger: ledger{}},
		{ledger: ledger{sent: 10, handled: 10}},
		{ledger: ledger{sent: 10, handled: 4, failed: 3, refused: 2}, discarded: map[string]uint64{"stopped": 1}},
		{ledger: ledger{sent: 10, handled: 7}, lost: 3},
		{ledger: ledger{sent: 10, handled: 8}, discarded: map[string]uint64{"a": 1, "b c": 3}, duplicated: 2},
	} {
		trial := quiet(size{})
		trial.discarded = c.discarded
		trial.balance(c.ledger)
		require.InDelta(t, c.lost, trial.found.Checks["lost"], 0)
		require.InDelta(t, c.duplicated, trial.found.Checks["duplicated"], 0)
		require.Equal(t, c.lost+c.duplicated > 0, len(trial.found.Failures) > 0)
		for reason, n := range c.discarded {
			if reason == "b c" {
				reason = "b_c"
			}
			require.InDelta(t, float64(n), trial.found.Checks["discarded_"+reason], 0)
		}
	}
}

func TestMeasure(t *testing.T) {
	trial := quiet(size{})
	var keep [][]byte
	require.NoError(t, trial.measure(100, func() error {
		for range 100 {
			keep = append(keep, make([]byte, 64))
		}
		return nil
	}))
	require.Len(t, keep, 100)
	require.Equal(t, int64(100), trial.found.Ops)
	require.Positive(t, trial.found.Wall)
	require.GreaterOrEqual(t, trial.found.Mallocs, uint64(100))

	trial = quiet(size{})
	require.ErrorContains(t, trial.measure(100, func() error { return errors.New("broken") }), "broken")
	require.Zero(t, trial.found.Ops, "what failed is not reported")
}

func TestShare(t *testing.T) {
	for _, all := range []int64{0, 1, 7, 100, 1001} {
		for _, n := range []int{1, 2, 3, 10} {
			var sum int64
			for i := range n {
				part := share(all, n, i)
				require.InDelta(t, float64(all)/float64(n), float64(part), 1)
				sum += part
			}
			require.Equal(t, all, sum)
		}
	}
}

func TestTreeSize(t *testing.T) {
	require.Equal(t, int64(1_111_111), treeSize(1_000_000))
	require.Equal(t, int64(1), treeSize(1))
	require.Equal(t, int64(3), treeSize(2))
	require.Equal(t, int64(11), treeSize(10))
	require.Equal(t, int64(13), treeSize(11)) // one inner node more has two leaves
}

func TestSamples(t *testing.T) {
	s := newSamples(4)
	require.Zero(t, s.taken())
	s[1], s[2] = 0, 5000
	require.Equal(t, int64(2), s.taken())
	p := percentilesOf(s.histogram())
	require.Equal(t, int64(1), p.P50, "nothing is faster than the clock tells")
	require.InEpsilon(t, 5000, p.Max, 0.001)

	h := newHistogram()
	record(h, slowest*2)
	require.InEpsilon(t, float64(slowest), float64(h.Max()), 0.001)
}

func TestLagVerdict(t *testing.T) {
	require.Empty(t, lagVerdict(10, 100))
	require.Contains(t, lagVerdict(11, 100), "lag of 11ns is over a tenth of the measured p99 of 100ns")
}

func TestPoisson(t *testing.T) {
	const n, rate = 100_000, 50_000
	gap := poisson(rate)
	var sum, below int64
	for i := range int64(n) {
		g := gap(i)
		require.GreaterOrEqual(t, g, int64(0))
		sum += g
		if g < int64(time.Second)/rate {
			below++
		}
	}
	require.InEpsilon(t, float64(time.Second)/rate, float64(sum)/n, 0.02, "the mean gap")
	require.InDelta(t, 0.632, float64(below)/n, 0.01, "1-1/e of the gaps are below the mean")
}

func TestClockUntil(t *testing.T) {
	c := startClock()
	for _, d := range []time.Duration{0, 50 * time.Microsecond, time.Millisecond, 6 * time.Millisecond} {
		at := c.now() + int64(d)
		c.until(at)
		require.GreaterOrEqual(t, c.now(), at)
	}
}

func TestMemory(t *testing.T) {
	before := memoryNow()
	keep := make([]byte, 32<<20)
	clear(keep)
	for i := range keep {
		keep[i] = byte(i)
	}
	after := memoryNow()
	require.InEpsilon(t, 32<<20, after.heap-before.heap, 0.1)
	require.Equal(t, byte(7), keep[7])
	require.Positive(t, fullCollection())
	if after.known {
		require.Greater(t, after.resident, float64(1<<20))
	}
}

// leaky claims to have sent one message more than it has: as if one got lost
// on the way.
func leaky(missing int64) scenario {
	return scenario{
		name: "leaky", work: "loses", op: "a message", full: size{Actors: 1, Messages: 100}, modest: size{Actors: 1, Messages: 100},
		variants: []variant{{ours: func(ctx context.Context, t *trial) error {
			receiver := &sink{last: make([]int64, 1)}
			err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
				ref, err := actor.Spawn(ctx, receiver)
				if err != nil {
					return err
				}
				return t.measure(t.size.Messages, func() error {
					if _, err := produce(ctx, ref, 0, t.size.Messages-missing); err != nil {
						return err
					}
					ref.Drain()
					_ = ref.Wait(ctx)
					return nil
				})
			})
			t.balance(ledger{sent: t.size.Messages, handled: receiver.handled})
			return err
		}}},
	}
}

func TestLostAndDuplicatedWorkFails(t *testing.T) {
	code, _, words := loadgenOf(t, []scenario{leaky(0)}, "--json", "-")
	require.Equal(t, exitOK, code, words)

	code, out, words := loadgenOf(t, []scenario{leaky(2)}, "--json", "-")
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, `"lost": 2`)
	require.Contains(t, out, `"duplicated": 0`)
	require.Contains(t, words, "FAILED leaky: run 1: lost is 2: want 0")

	code, out, _ = loadgenOf(t, []scenario{leaky(-3)}, "--json", "-")
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, `"duplicated": 3`)
}

// What goes wrong in a scenario is told, and the others are run.
func TestErrorsOfTheWork(t *testing.T) {
	broken := scenario{name: "broken", variants: []variant{{
		ours:   func(context.Context, *trial) error { return nil },
		theirs: func(context.Context, *trial) error { return fmt.Errorf("no channel left") },
	}}}
	code, out, words := loadgenOf(t, []scenario{broken, leaky(0)}, "run", "all", "--baseline")
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "FAILED broken: run 1, baseline: no channel left")
	require.Contains(t, words, "leaky: ")
}

// An interrupt ends the work and says that the table is not whole.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	stuck := scenario{name: "stuck", variants: []variant{{ours: func(ctx context.Context, _ *trial) error {
		cancel()
		return await(ctx, nil)
	}}}}
	var a runArguments
	var out, words noteWriter
	err := a.run(ctx, []scenario{stuck, leaky(0)}, &out, &words)
	require.ErrorIs(t, err, errFailed)
	require.Contains(t, string(words), "interrupted")
	require.Contains(t, string(out), "context canceled")
	require.NotContains(t, string(out), "leaky")
}

type noteWriter []byte

func (w *noteWriter) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
