package main

import (
	"context"
	"math"
	"time"

	"github.com/ractor-go/ractor/actor"
)

func mixed() scenario {
	return scenario{
		name:   "mixed",
		work:   "An open loop of --rate messages a second with Poisson arrivals, to 10,000 actors. Of 20 messages 16 are handled at once, 3 go on to another actor, 1 has its handler compute for 20 µs. The latency is from when each should have been sent to when its last handler begins. A run is invalid if the generator's own p99 lag is over a tenth of the measured p99; it is then done again, four times at most.",
		op:     "a message",
		full:   size{Actors: 10_000, Rate: 50_000, Duration: 5 * time.Second},
		modest: size{Actors: 10_000, Rate: 50_000, Duration: 1500 * time.Millisecond},
		variants: []variant{{
			pace: open,
			ours: mixedOurs,
		}},
	}
}

const (
	mixedTries = 5
	computeFor = 20 * time.Microsecond
)

// parts of the mix, out of 20.
func (m arrival) goesOn() bool   { return scatter(uint64(m.number))%20 < 3 }
func (m arrival) computes() bool { return scatter(uint64(m.number))%20 == 3 }

// mixer is an actor of the mix.
type mixer struct {
	load *arrivals
	refs []actor.Ref[leg]
}

// leg is a message on its way; last is set when it goes no further.
type leg struct {
	arrival

	last bool
}

func (x *mixer) Handle(ctx *actor.Context[leg], m leg) error {
	if !m.last && m.goesOn() {
		to := scatter(uint64(m.number)+1) % uint64(len(x.refs))
		return x.refs[to].Cast(ctx, leg{m.arrival, true})
	}
	x.load.begin(m.arrival)
	if m.computes() {
		for end := x.load.clock.now() + int64(computeFor); x.load.clock.now() < end; {
		}
	}
	x.load.over.one()
	return nil
}

// poisson is the gap before the next of so many arrivals a second; it is the
// same sequence each time.
func poisson(rate int64) func(number int64) int64 {
	return func(number int64) int64 {
		uniform := (float64(scatter(^uint64(number))>>11) + 0.5) / (1 << 53)
		return int64(-math.Log(uniform) / float64(rate) * float64(time.Second))
	}
}

func mixedOurs(ctx context.Context, t *trial) error {
	for try := 1; ; try++ {
		t.found = findings{Checks: map[string]float64{}}
		lagging, err := mixedOnce(ctx, t)
		t.count("tries", int64(try))
		switch {
		case err != nil || lagging == "":
			return err
		case try == mixedTries:
			t.failf("invalid: %s", lagging)
			return nil
		}
		t.note("run is invalid, and done again: %s", lagging)
	}
}

// mixedOnce does it once. lagging says why the run is invalid, if it is.
func mixedOnce(ctx context.Context, t *trial) (lagging string, err error) {
	load := newArrivals(t.size.Messages, poisson(t.size.Rate))
	lag := newHistogram()
	refs := make([]actor.Ref[leg], t.size.Actors)
	err = t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		for i := range refs {
			var err error
			if refs[i], err = actor.Spawn(ctx, &mixer{load: load, refs: refs}); err != nil {
				return err
			}
		}
		return t.measure(t.size.Messages, func() error {
			return load.drive(ctx,
				func(m arrival) error {
					return refs[scatter(uint64(m.number)+2)%uint64(len(refs))].Cast(ctx, leg{m, false})
				},
				func(late int64) { record(lag, late) })
		})
	})
	if errIsRunning(err) {
		return "", err
	}
	load.close(t)
	t.latencies(load.latency.histogram())
	own := lag.ValueAtQuantile(99)
	t.count("generator_lag_p50_ns", lag.ValueAtQuantile(50))
	t.count("generator_lag_p99_ns", own)
	t.note("generator lag p50 %v, p99 %v", time.Duration(lag.ValueAtQuantile(50)), time.Duration(own))
	return lagVerdict(own, t.found.Latency.P99), err
}
