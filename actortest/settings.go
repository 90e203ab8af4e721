package actortest

import "github.com/ractor-go/ractor/actor"

// settings are what the options say.
type settings struct {
	config   actor.Config
	steps    int
	depth    int // of PCT
	expected int // steps of a run, about
	codes    bool
}

// Option is a setting of Run, Explore and Exhaustive.
type Option func(*settings)

func newSettings(opts []Option) *settings {
	s := &settings{steps: 100_000, depth: 3, expected: 100}
	for _, o := range opts {
		o(s)
	}
	return s
}
