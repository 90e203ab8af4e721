package actortest

import "testing"

// shrunk finds a few constraints under which the run that has failed fails, and
// that run; nil if it cannot be had so.
//
// The steps of the failed run that depend on each other, each with the next, are
// all that can matter: with their order kept the run is the same. Of these
// constraints as many as possible are then left out, by halves and quarters and
// so on (delta debugging; Zeller and Hildebrandt, 2002), as long as a run that
// keeps the rest fails. What fails may be something else then; it is a failure
// all the same.
func shrunk(t *testing.T, set *settings, failed run, f func(*System)) ([]constraint, *run) {
	again := failed.again()
	set = set.withFaults(again.faults)
	again.record = &recording{events: newEvents()}
	if r := again.run(t, false, f); r.failure == nil {
		return nil, nil
	}
	try := func(cs []constraint, keep bool) *run {
		d := newSim(set, newConstrained(cs), failed.seed.number)
		if r := d.run(t, keep, f); r.failure != nil {
			return &r
		}
		return nil
	}
	cs := again.record.constraints()
	if try(cs, false) == nil {
		return nil, nil
	}
	cs = least(cs, func(cs []constraint) bool { return try(cs, false) != nil })
	return cs, try(cs, true)
}

// least leaves out what it can, in parts that become smaller.
func least(all []constraint, fails func([]constraint) bool) []constraint {
	if fails(nil) {
		return nil
	}
	tries := 0
	for parts := 2; len(all) > 1; {
		size := (len(all) + parts - 1) / parts
		reduced := false
		for from := 0; from < len(all) && tries < mostTries; from += size {
			rest := append(append([]constraint{}, all[:from]...), all[min(from+size, len(all)):]...)
			if tries++; fails(rest) {
				all, reduced = rest, true
				parts = max(parts-1, 2)
				break
			}
		}
		switch {
		case reduced:
		case size == 1 || tries >= mostTries:
			return all
		default:
			parts = min(2*parts, len(all))
		}
	}
	return all
}

// mostTries bounds the runs that shrinking makes.
const mostTries = 2000

// recording is the steps of a run, with what they depend on.
type recording struct {
	events *events
	steps  []recorded
}

type recorded struct {
	event  event
	strand *strand
	foot   []touch
}

// begins takes down that s is about to go on; sim.mu is held.
func (r *recording) begins(d *sim, s *strand) {
	r.steps = append(r.steps, recorded{event: r.events.take(d, s), strand: s})
}

// ends adds the footprint of the last step.
func (r *recording) ends(foot []touch) {
	if n := len(r.steps); n > 0 {
		r.steps[n-1].foot = append([]touch(nil), foot...)
	}
}

// constraints are the pairs of steps of two strands of which the second depends
// on the first, but for those that follow from others through the same thing.
func (r *recording) constraints() (cs []constraint) {
	seen := map[constraint]bool{}
	for j, b := range r.steps {
		if b.strand.kind == theFault {
			continue // it comes when it comes
		}
		for _, x := range b.foot {
			for i := j - 1; i >= 0; i-- {
				a := r.steps[i]
				if !conflicts(a.foot, []touch{x}) {
					continue
				}
				if c := (constraint{a.event, b.event}); a.strand != b.strand && a.strand.kind != theFault && !seen[c] {
					seen[c] = true
					cs = append(cs, c)
				}
				if changed(a.foot, x.thing) {
					break // those before it are before us through it
				}
			}
		}
	}
	return cs
}

func changed(foot []touch, t *thing) bool {
	for _, x := range foot {
		if x.thing == t && x.change {
			return true
		}
	}
	return false
}
