package actortest

import (
	"fmt"

	"github.com/ractor-go/ractor/sched"
)

// What a step does to whom is its footprint. Two steps of different strands
// depend on each other if both touch a thing and one of them changes it; in any
// order of the others that keeps the order of dependent steps, everybody sees the
// same. So runs that differ in the order of independent steps only are one case,
// not two: they have the same happens-before relation, and here the same hash.
//
// The hash is made step by step of what happened before: that of the strand's own
// last step, that of the step that made it able to go on, and those of the last
// steps that have touched what this one touches. The run's hash is the sum over
// its steps, in which their order has no part. Nothing in it may depend on the
// order of independent steps: strands and things are named after who made them,
// not by number.
//
// What actors do to each other past the library, through memory that they share,
// leaves no footprint.

// thing is what steps can touch: an actor with its mailbox, a name, a group, the
// place of an answer.
type thing struct {
	id     uint64 // the same in all runs with the same past
	change uint64 // the hash of the last step that has changed it
	looks  uint64 // the sum of the hashes of those that have looked at it since
}

// touch is one thing in a footprint.
type touch struct {
	thing  *thing
	change bool
}

// footprint is the step under way.
type footprint struct {
	hash    uint64 // of what came before
	touches []touch
}

// conflicts says whether two footprints depend on each other.
func conflicts(a, b []touch) bool {
	for _, x := range a {
		for _, y := range b {
			if x.thing.id == y.thing.id && (x.change || y.change) {
				return true
			}
		}
	}
	return false
}

const fnvPrime = 1099511628211

// mix is FNV over words, with a last shift so that sums of it are good too.
func mix(words ...uint64) uint64 {
	h := uint64(14695981039346656037)
	for _, w := range words {
		h = (h ^ w) * fnvPrime
		h ^= h >> 29
	}
	return h
}

func mixString(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return mix(h)
}

// begin opens the footprint of s's next step; mu is held.
func (d *sim) begin(s *strand) {
	d.foot.hash = mix(s.id, s.past, s.cause)
	d.foot.touches = d.foot.touches[:0]
	s.cause = 0
	switch {
	case s.state == standing:
		d.touched(s.op)
	case s.kind == anActor:
		d.touchThing(&s.thing, true)
	}
}

// touched adds what op concerns to the present footprint; mu is held.
func (d *sim) touched(op sched.Op) {
	change := changes(op.Kind)
	if op.Task != nil {
		d.touchThing(&d.actor(op.Task).thing, change)
	}
	if op.On != nil {
		d.touchThing(d.thingOf(op.On), change || op.Kind == sched.OpTouch)
	}
}

func (d *sim) touchThing(t *thing, change bool) {
	for i := range d.foot.touches {
		if x := &d.foot.touches[i]; x.thing == t {
			x.change = x.change || change
			return
		}
	}
	d.foot.touches = append(d.foot.touches, touch{t, change})
}

// thingOf returns the thing that is not an actor. One that has no name is named
// after the first step that touches it: as others can only know it from there,
// that is the same step in all runs with the same past.
func (d *sim) thingOf(on any) *thing {
	t := d.things[on]
	if t == nil {
		t = &thing{id: mix(d.foot.hash, uint64(len(d.foot.touches)))}
		if s, ok := on.(fmt.Stringer); ok {
			t.id = mixString(s.String())
		}
		d.things[on] = t
	}
	return t
}

// close ends the footprint: what s has done so far is in its past now. mu is held.
func (d *sim) close(s *strand) {
	h := d.foot.hash
	for _, x := range d.foot.touches {
		h = mix(h, x.thing.id, x.thing.change)
		if x.change {
			h = mix(h, x.thing.looks)
		}
	}
	for _, x := range d.foot.touches {
		if x.change {
			x.thing.change, x.thing.looks = h, 0
		} else {
			x.thing.looks += h
		}
	}
	s.past = h
	if !d.closing { // how the System is shut down is not what runs differ in
		d.trace.class += h
	}
	if d.all != nil {
		d.all.took(d.foot.touches)
	}
	if d.record != nil {
		d.record.ends(d.foot.touches)
	}
}

// chance is the source of numbers that all share.
type chance struct{}

func (chance) String() string { return "chance" }
