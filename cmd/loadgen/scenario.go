package main

import (
	"context"
	"fmt"
	"time"
)

// scenario is one kind of load.
type scenario struct {
	name     string
	work     string // what is done, for list
	op       string // what is counted: "a message"
	full     size   // what run NAME uses; a zero field is of no use here
	modest   size   // what no arguments use
	fixed    bool   // whether the number of actors is the scenario's own
	crosses  bool   // whether it is between processes, and may be encrypted
	rounds   int64  // messages for each actor, unless the user gives the number of all
	check    func(size) error
	variants []variant
}

// variant is one way to do a scenario's work.
type variant struct {
	name     string // empty where there is only one
	explain  string
	pace     pace
	fresh    bool // whether each trial wants a process of its own
	ours     side
	theirs   side           // the baseline; nil where there is none
	capacity int            // of the baseline's channels
	adjust   func(*size)    // takes out what this variant does not use
	fewer    int64          // divides the default number of messages; 0 is 1
	actors   func(size) int // how many there are; size.Actors where nil
}

// side does the work of one trial, ours or the baseline's.
type side func(ctx context.Context, t *trial) error

// pace says what decides how long a trial takes, and so what its time tells.
type pace uint8

const (
	closed  pace = iota // the work: time an op, ops a second
	open                // the rate that was asked for: ops a second
	waiting             // the clock: neither
)

// size is how much of everything a trial uses.
type size struct {
	Actors    int           `json:"actors,omitempty"`
	Messages  int64         `json:"messages,omitempty"`
	Producers int           `json:"producers,omitempty"`
	Rate      int64         `json:"rate,omitempty"`
	Duration  time.Duration `json:"duration,omitempty"`
	Bound     int           `json:"bound,omitempty"`
	Overflow  string        `json:"overflow,omitempty"`
	TLS       bool          `json:"tls,omitempty"`
}

// overrides are the sizes that the user gave; nil is not given.
type overrides struct {
	actors, producers, bound *int
	messages, rate           *int64
	duration                 *time.Duration
	overflow                 *string
}

// over returns s with what the user gave, where s has a use for it. The names
// of the flags that it has no use for come with it.
func (o overrides) over(s size, fixedActors bool) (size, []string) {
	var unused []string
	set(&s.Actors, o.actors, fixedActors, "--actors", &unused)
	set(&s.Messages, o.messages, false, "--messages", &unused)
	set(&s.Producers, o.producers, false, "--producers", &unused)
	set(&s.Rate, o.rate, false, "--rate", &unused)
	set(&s.Duration, o.duration, false, "--duration", &unused)
	set(&s.Bound, o.bound, false, "--bound", &unused)
	set(&s.Overflow, o.overflow, false, "--overflow", &unused)
	return s, unused
}

func set[T comparable](field, given *T, fixed bool, flag string, unused *[]string) {
	var zero T
	switch {
	case given == nil:
	case fixed || *field == zero:
		*unused = append(*unused, flag)
	default:
		*field = *given
	}
}

// arrivals is the number of messages of an open loop: the rate times the
// duration, unless the user gave the number.
func (o overrides) arrivals(s size) size {
	if s.Rate == 0 {
		return s
	}
	if o.messages == nil {
		s.Messages = max(1, int64(float64(s.Rate)*s.Duration.Seconds()))
	} else {
		s.Duration = time.Duration(float64(s.Messages) / float64(s.Rate) * float64(time.Second))
	}
	return s
}

// title is how a variant is called in lines and tables: ring/1000.
func title(s *scenario, v *variant) string {
	if v.name == "" {
		return s.name
	}
	return s.name + "/" + v.name
}

// catalogue has all scenarios, in the order in which they run.
func catalogue() []scenario {
	return []scenario{
		pingpong(), fanin(), pairs(), spawn(), skynet(), call(), ring(),
		timers(), broadcast(), supervise(), trees(), groups(), factories(), philosophers(), bank(),
		blocking(), mixed(), idle(), overload(), remote(),
	}
}

// find returns the scenario called name.
func find(all []scenario, name string) (*scenario, error) {
	names := make([]string, 0, len(all)+2)
	for i := range all {
		if all[i].name == name {
			return &all[i], nil
		}
		names = append(names, all[i].name)
	}
	names = append(names, "all", "list")
	return nil, fmt.Errorf("no scenario %q%s; loadgen list explains them all", name, didYouMean(name, names))
}

// variantsNamed returns the variants called name, or all for the empty name.
func (s *scenario) variantsNamed(name string) ([]*variant, error) {
	var chosen []*variant
	var names []string
	for i := range s.variants {
		v := &s.variants[i]
		if name == "" || v.name == name {
			chosen = append(chosen, v)
		}
		if v.name != "" {
			names = append(names, v.name)
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen, nil
	case len(names) == 0:
		return nil, fmt.Errorf("scenario %s has no variants, so no %q", s.name, name)
	default:
		return nil, fmt.Errorf("scenario %s has no variant %q%s", s.name, name, didYouMean(name, names))
	}
}
