package cluster

import "slices"

// calls are the calls of a node that wait for the answers of one peer, by tag. A
// call's place is its tag modulo the size of the table, which is a power of two; tags
// only go up, past those whose places are taken. So none is ever given twice, and
// what comes with the tag of a call that is over, or of none, finds another one's
// tag there, or none.
type calls struct {
	places []call
	waits  int // that are taken
}

// call is a call of this node that waits for its answer.
type call struct {
	tag    uint64 // 0: the place is free
	pid    uint64
	answer pending
}

const fewCalls = 64 // for so many there is always room

// enter takes in a call, with the first tag after last whose place is free.
func (c *calls) enter(last, pid uint64, answer *pending) (tag uint64) {
	if 2*c.waits >= len(c.places) {
		c.grow()
	}
	tag = last + 1
	for c.at(tag).tag != 0 {
		tag++
	}
	*c.at(tag) = call{tag, pid, *answer}
	c.waits++
	return tag
}

// at returns the place for a tag; there must be places.
func (c *calls) at(tag uint64) *call { return &c.places[tag&uint64(len(c.places)-1)] }

// leave takes a call out; false: there is none.
func (c *calls) leave(tag uint64) (one call, ok bool) {
	if tag == 0 || c.waits == 0 || c.at(tag).tag != tag {
		return call{}, false
	}
	at := c.at(tag)
	one, *at = *at, call{}
	c.waits--
	return one, true
}

// leaveAll takes out all that which picks.
func (c *calls) leaveAll(which func(*call) bool) (picked []call) {
	for i, left := 0, c.waits; left > 0; i++ {
		at := &c.places[i]
		if at.tag == 0 {
			continue
		}
		left--
		if which(at) {
			picked = append(picked, *at)
			*at = call{}
			c.waits--
		}
	}
	return picked
}

// grow doubles the table. Two tags that have places of their own have them in a
// larger one, too.
func (c *calls) grow() {
	larger := calls{make([]call, max(2*fewCalls, 2*len(c.places))), c.waits}
	for i := range c.places {
		if tag := c.places[i].tag; tag != 0 {
			*larger.at(tag) = c.places[i]
		}
	}
	*c = larger
}

// shrink halves a table of which little is used, unless two calls would have the
// same place.
func (c *calls) shrink() {
	half := len(c.places) / 2
	if half < 2*fewCalls || half < 4*c.waits {
		return
	}
	low, high := c.places[:half], c.places[half:]
	for i := range low {
		if low[i].tag != 0 && high[i].tag != 0 {
			return
		}
	}
	c.places = slices.Clone(low)
	for i := range high {
		if high[i].tag != 0 {
			c.places[i] = high[i]
		}
	}
}
