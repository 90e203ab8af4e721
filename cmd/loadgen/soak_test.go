package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// series is what a soak would measure: a level of 2 MiB, a line that rises by
// so many MiB in all, noise of half a MiB, and now and then a sample that is
// far off.
func series(r *rand.Rand, n int, rise float64) []heapSample {
	samples := make([]heapSample, n)
	for i := range samples {
		mib := 2 + rise*float64(i)/float64(n-1) + 0.5*r.NormFloat64()
		if r.IntN(20) == 0 {
			mib += 20 * r.Float64()
		}
		samples[i] = heapSample{time.Duration(i+1) * time.Second, mib * (1 << 20)}
	}
	return samples
}

func TestHeapRuleDoesNotCryOnNoise(t *testing.T) {
	cried := 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		if judgeHeap(series(r, 10+r.IntN(150), 0)).Grows {
			cried++
		}
	}
	require.Zero(t, cried, "of 400")

	// What pools do: a rise that ends.
	settling := series(rand.New(rand.NewPCG(1, 1)), 120, 0)
	for i := range settling {
		settling[i].Bytes += (1 - math.Exp(-float64(i)/10)) * (8 << 20)
	}
	require.False(t, judgeHeap(settling).Grows, judgeHeap(settling).String())

	// A sawtooth whose teeth are short beside the whole, and a fall.
	saw := series(rand.New(rand.NewPCG(2, 1)), 120, 0)
	for i := range saw {
		saw[i].Bytes += float64(i%6) * (1 << 20)
	}
	require.False(t, judgeHeap(saw).Grows, judgeHeap(saw).String())
	require.False(t, judgeHeap(series(rand.New(rand.NewPCG(3, 1)), 120, -5)).Grows)

	// What is large may rise by a little of itself.
	large := series(rand.New(rand.NewPCG(4, 1)), 120, 2)
	for i := range large {
		large[i].Bytes += 1 << 30
	}
	require.False(t, judgeHeap(large).Grows, judgeHeap(large).String())
}

func TestHeapRuleCatchesLeaks(t *testing.T) {
	for seed := range uint64(200) {
		v := judgeHeap(series(rand.New(rand.NewPCG(seed, 2)), 120, 3))
		require.True(t, v.Grows, "seed %d: %v", seed, v)
		require.Contains(t, v.String(), "GROWS")
	}
	// Without noise a few samples suffice, and the rise is told rightly.
	clean := make([]heapSample, 12)
	for i := range clean {
		clean[i] = heapSample{time.Duration(i) * time.Second, float64(i) * (1 << 20)}
	}
	v := judgeHeap(clean)
	require.True(t, v.Grows, v.String())
	require.Equal(t, 9, v.Samples)
	require.InDelta(t, 8<<20, v.Rise, 1)
	require.InDelta(t, 7<<20, v.Median, 1)
	// A leak in steps, as of a map that doubles.
	steps := series(rand.New(rand.NewPCG(1, 2)), 120, 0)
	for i := range steps {
		steps[i].Bytes += math.Exp2(float64(i/24)) * (1 << 20)
	}
	require.True(t, judgeHeap(steps).Grows, judgeHeap(steps).String())
}

func TestHeapRuleWantsSamples(t *testing.T) {
	for n := range heapLeast {
		v := judgeHeap(make([]heapSample, n))
		require.False(t, v.Grows)
		require.Contains(t, v.String(), "not judged")
	}
	same := make([]heapSample, 20)
	for i := range same {
		same[i].At = time.Duration(i)
	}
	require.False(t, judgeHeap(same).Grows)
}

// soakReportOf reads a report as another program would.
func soakReportOf(t *testing.T, text string) (r soakReport) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &r), text)
	return r
}

// All parts at once, for a second: everything balances, and nothing is left.
func TestSoakBalances(t *testing.T) {
	code, out, words := loadgen(t, "soak", "--duration", "1s", "--every", "300ms", "--seed", "11", "--json", "-")
	require.Equal(t, exitOK, code, words)
	r := soakReportOf(t, out)
	require.EqualValues(t, 11, r.Seed)
	require.Empty(t, r.Failures)
	require.Len(t, r.Parts, len(soakParts()))
	for _, p := range r.Parts {
		require.Empty(t, p.Failures)
		if p.Part == jobsPart {
			require.Positive(t, p.Figures["ended"])
			continue
		}
		require.Positive(t, p.Figures["sent"], p.Part)
		require.Zero(t, p.Figures["lost"], p.Part)
		require.Zero(t, p.Figures["duplicated"], p.Part)
	}
	require.Positive(t, r.Spawned)
	require.NotEmpty(t, r.Samples)
	require.LessOrEqual(t, r.GoroutinesAfter, r.GoroutinesBefore)
	require.Contains(t, words, "with seed 11")
	require.Contains(t, words, "abandoned")
	require.Contains(t, words, "all accounts balance")
	require.NotContains(t, words, "\r", "no bar where there is no terminal")
}

func TestSoakBadUsage(t *testing.T) {
	for args, want := range map[string]string{
		"soak --duration 0s":          `--duration is 0s: want a positive duration`,
		"soak --duration 1000h":       `--duration is 1000h0m0s: want at most 168h0m0s`,
		"soak --duration -1s":         `--duration is -1s: want a positive duration`,
		"soak --duration long":        `--duration: expected duration`,
		"soak --every -1s":            `--every is -1s: want a positive duration`,
		"soak --seed -1":              `--seed`,
		"soak --workers 0":            `--workers is 0: want a positive number`,
		"soak --config /no/such/file": `/no/such/file`,
		"soak --json /no/such/dir/x":  `--json: open /no/such/dir/x`,
		"soak --sed 1":                `unknown flag --sed`,
		"soak everything":             `unexpected argument everything`,
	} {
		code, out, words := loadgen(t, strings.Fields(args)...)
		require.Equal(t, exitUsage, code, args)
		require.Contains(t, words, want, args)
		require.Empty(t, out, args)
	}
}

func TestSoakPlan(t *testing.T) {
	of := func(d time.Duration) soakPlan {
		p, err := (&soakArguments{Duration: d}).plan()
		require.NoError(t, err)
		return p
	}
	require.Equal(t, time.Minute, of(30*time.Minute).every)
	require.Equal(t, 15*time.Second, of(30*time.Minute).sample)
	require.LessOrEqual(t, of(longest).duration/of(longest).sample, time.Duration(soakSamples))
	require.Equal(t, 6*time.Second, of(time.Minute).every)
	require.Equal(t, 500*time.Millisecond, of(time.Minute).sample)
	require.Equal(t, time.Second, of(2*time.Second).every)
	require.Equal(t, 250*time.Millisecond, of(2*time.Second).sample)
}

// The same seed makes the same choices, and each part its own.
func TestSoakSeed(t *testing.T) {
	draw := func(seed uint64, part string) uint64 { return (&soakHouse{seed: seed}).random(part).Uint64() }
	first := draw(1, "a")
	require.Equal(t, first, draw(1, "a"))
	require.NotEqual(t, draw(1, "a"), draw(2, "a"))
	require.NotEqual(t, draw(1, "a"), draw(1, "b"))
}

// planted is a part with a fault.
type planted struct {
	h       *soakHouse
	tally   soakTally
	ref     actor.Ref[plantedOrder]
	forgets bool
	limit   time.Duration  // of a round; 0 is long
	samples int            // after which it is over
	rounds  int64          // if there have been so many too
	over    chan time.Time // it is

	onSample func()
	onStart  func() error
	onRound  func(ctx context.Context, p *planted) error
	onStop   func() error
}

type plantedOrder struct{}

func (plantedOrder) part() string { return "planted" }
func (plantedOrder) lost()        {}

func (p *planted) name() string { return "planted" }

func (p *planted) start(ctx context.Context, h *soakHouse) (err error) {
	p.h = h
	p.ref, err = actor.Spawn(ctx, actor.Func(func(*actor.Context[plantedOrder], plantedOrder) error {
		p.tally.entered.Add(1)
		return nil
	}))
	if err == nil && p.onStart != nil {
		err = p.onStart()
	}
	return err
}

func (p *planted) round(ctx context.Context) error {
	if err := soakCast(ctx, p.h, "planted", &p.tally, p.ref, plantedOrder{}); err != nil {
		return err
	}
	for p.tally.entered.Load() < p.tally.sent.Load() && !p.forgets {
		soakPause(ctx, 100*time.Microsecond)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if p.onRound != nil {
		return p.onRound(ctx, p)
	}
	return nil
}

func (p *planted) stop(ctx context.Context) error {
	if p.onStop != nil {
		return p.onStop()
	}
	return p.ref.DrainAndWait(ctx)
}

// account is called for each sample.
func (p *planted) account(t *trial) {
	t.balance(p.tally.ledger())
	if p.onSample != nil {
		p.onSample()
	}
	if p.samples--; p.samples <= 0 && p.tally.sent.Load() >= p.rounds {
		select {
		case p.over <- time.Time{}:
		default:
		}
	}
}

// plantedSoak runs a soak of one part until something is wrong, or it has had
// its samples.
func plantedSoak(t *testing.T, ctx context.Context, p *planted) (soakReport, string) {
	t.Helper()
	plan, err := (&soakArguments{Duration: time.Minute}).plan()
	require.NoError(t, err)
	plan.parts, plan.sample, plan.limit = []soakPart{p}, 5*time.Millisecond, p.limit
	if p.limit == 0 {
		plan.limit = time.Minute
	}
	p.over = make(chan time.Time, 1)
	var words strings.Builder
	r := soak(ctx, plan, p.over, newProgress(&words, 1))
	var table strings.Builder
	require.NoError(t, r.write(&table))
	for _, what := range r.Failures {
		require.Contains(t, table.String(), "FAILED "+what)
	}
	return r, table.String()
}

func TestSoakOfASoundPart(t *testing.T) {
	r, table := plantedSoak(t, context.Background(), &planted{samples: 12, rounds: 3})
	require.Empty(t, r.Failures)
	require.Positive(t, r.Parts[0].Figures["handled"])
	require.Contains(t, table, "all accounts balance")
}

func TestSoakFindsPlantedFaults(t *testing.T) {
	errPlanted := errors.New("a planted error")
	after := func(n int64, f func(ctx context.Context, p *planted) error) func(context.Context, *planted) error {
		return func(ctx context.Context, p *planted) error {
			if p.tally.sent.Load() != n {
				return nil
			}
			return f(ctx, p)
		}
	}
	for name, c := range map[string]struct {
		part *planted
		want []string
	}{
		"a message is lost": {
			part: &planted{rounds: 3, onRound: after(3, func(_ context.Context, p *planted) error {
				p.tally.entered.Add(-1)
				p.forgets = true // or the next round would wait for it
				return nil
			})},
			want: []string{"planted: after ", "lost is 1: want 0"},
		},
		"a message is handled twice": {
			part: &planted{rounds: 3, onRound: after(3, func(_ context.Context, p *planted) error {
				p.tally.entered.Add(1)
				return nil
			})},
			want: []string{"duplicated is 1: want 0"},
		},
		"a round fails": {
			part: &planted{rounds: 3, onRound: after(3, func(context.Context, *planted) error { return errPlanted })},
			want: []string{"planted: round 3: a planted error"},
		},
		"a round hangs": {
			part: &planted{rounds: 3, limit: 200 * time.Millisecond, onRound: after(3, func(ctx context.Context, p *planted) error {
				stuck, err := actor.Spawn(ctx, actor.Func(func(*actor.Context[plantedOrder], plantedOrder) error {
					<-ctx.Done()
					return nil
				}), actor.Named("culprit"))
				if err != nil {
					return err
				}
				if err := stuck.Cast(ctx, plantedOrder{}); err != nil {
					return err
				}
				<-ctx.Done()
				return context.Cause(ctx)
			})},
			want: []string{"planted: round 3: it hangs, for 200ms"},
		},
		"something is wrong": {
			part: &planted{rounds: 3, onRound: after(3, func(_ context.Context, p *planted) error {
				for range soakWrongsKept + 7 {
					p.h.wrongf("planted", "wrong by %d", 5)
				}
				return nil
			})},
			want: []string{"planted: wrong by 5", "and 7 more"},
		},
		"the start fails": {
			part: &planted{rounds: 3, onStart: func() error { return errPlanted }},
			want: []string{"planted, start: a planted error"},
		},
		"the stop fails": {
			part: &planted{rounds: 3, onStop: func() error { return errPlanted }},
			want: []string{"planted: planted, stop: a planted error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, table := plantedSoak(t, context.Background(), c.part)
			for _, want := range c.want {
				require.Contains(t, strings.Join(r.Failures, "\n"), want)
			}
			require.NotContains(t, table, "all accounts balance")
			require.Contains(t, table, "again: loadgen soak --duration 1m0s --seed ")
		})
	}
}

func TestSoakFindsAPlantedGoroutine(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	once := false
	r, _ := plantedSoak(t, context.Background(), &planted{rounds: 3, onRound: func(context.Context, *planted) error {
		if !once {
			once = true
			go func() { <-release }()
		}
		return nil
	}})
	require.Len(t, r.Failures, 1)
	require.Contains(t, r.Failures[0], "1 goroutines are left")
	require.Contains(t, r.Failures[0], "TestSoakFindsAPlantedGoroutine", "with their stacks")
}

func TestSoakFindsAPlantedLeak(t *testing.T) {
	var kept [][]byte
	r, _ := plantedSoak(t, context.Background(), &planted{samples: 20, onSample: func() {
		kept = append(kept, make([]byte, 1<<20))
	}})
	require.Len(t, r.Failures, 1, "%v, and %d are kept", r.Heap, len(kept))
	require.Contains(t, r.Failures[0], "the live heap GROWS")
	require.True(t, r.Heap.Grows)
}

// An interrupted soak still stops in order, and says that it is not all.
func TestSoakInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := plantedSoak(t, ctx, &planted{rounds: math.MaxInt64, onRound: func(context.Context, *planted) error {
		cancel()
		return nil
	}})
	require.Len(t, r.Failures, 1)
	require.Contains(t, r.Failures[0], "interrupted after")
	require.Positive(t, r.Parts[0].Figures["handled"])
}
