package actortest

import (
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// settings are what the options say.
type settings struct {
	config     actor.Config
	strategies []Strategy
	first      uint64 // the number of the first seed
	steps      int
	depth      int // of PCT
	expected   int // steps of a run, about
	codes      bool
	saves      bool // failures, as orders of events
	most       int  // runs of Exhaustive
	faults     *Faults
}

// Option is a setting of Run, Explore and Exhaustive.
type Option func(*settings)

func newSettings(opts []Option) *settings {
	s := &settings{
		strategies: []Strategy{Uniform, PCT, Swarm},
		first:      1,
		steps:      100_000,
		depth:      3,
		expected:   50,
		saves:      true,
		most:       1_000_000,
	}
	for _, o := range opts {
		if o != nil {
			o(s)
		}
	}
	// Faults by chance are no order of events.
	s.saves = s.saves && !s.faults.byChance()
	return s
}

// withCodes is s for a run that is to be compared with another.
func (s *settings) withCodes() *settings {
	c := *s
	c.codes = true
	return &c
}

// withFaults is s for a run that has the rates of f's.
func (s *settings) withFaults(f *faults) *settings {
	if f == nil {
		return s
	}
	c, set := *s, *f.set
	set.Panic, set.Kill, set.Full = f.rates[Panic], f.rates[Kill], f.rates[Full]
	set.NoSpare, set.Late, set.Jump = f.rates[NoSpare], f.rates[Late], f.rates[Jump]
	c.faults = &set
	return &c
}

// Config sets the configuration of the simulated System: KillGrace, Logger, and
// of Sched what does not belong to workers. Its Driver and TimerTick are the
// simulation's.
// Defaults to the zero Config.
func Config(c actor.Config) Option { return func(s *settings) { s.config = c } }

// With chooses the strategies; Explore takes them in turn.
// Defaults to all of them.
func With(strategies ...Strategy) Option {
	return func(s *settings) {
		for _, st := range strategies {
			if int(st) >= len(strategyNames) {
				panic(fmt.Sprintf("actortest: With: no such strategy: %v", st))
			}
		}
		if len(strategies) > 0 {
			s.strategies = strategies
		}
	}
}

// Steps bounds a run: one that has not ended by then fails.
// Defaults to 100,000.
func Steps(most int) Option {
	return func(s *settings) {
		if most < 1 {
			panic(fmt.Sprintf("actortest: Steps(%d): want a positive number", most))
		}
		s.steps = most
	}
}

// Depth is how many things must happen in a certain order for the bug that PCT
// is to find, and about how many steps a run has. The chance of one run is at
// least 1/(n·steps^(depth-1)), with n strands.
// Defaults to 3 in 50.
func Depth(depth, steps int) Option {
	return func(s *settings) {
		if depth < 1 || steps < 1 {
			panic(fmt.Sprintf("actortest: Depth(%d, %d): want positive numbers", depth, steps))
		}
		s.depth, s.expected = depth, steps
	}
}

// Most bounds how many runs Exhaustive makes; what it has then is not complete.
// Defaults to 1,000,000.
func Most(runs int) Option {
	return func(s *settings) {
		if runs < 1 {
			panic(fmt.Sprintf("actortest: Most(%d): want a positive number", runs))
		}
		s.most = runs
	}
}

// From is the number of the first seed.
// Defaults to 1.
func From(number uint64) Option { return func(s *settings) { s.first = number } }
