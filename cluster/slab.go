package cluster

import "unsafe"

// slab is memory for the messages that are made next, all of one variant. An
// allocation for several costs hardly more than one for one.
type slab struct {
	v    *variant
	next unsafe.Pointer // where the next one is to be; nil: there is no room left
	left int            // how many have room
}

// slabSize is how many messages share an allocation. An actor that keeps one of them
// keeps the memory of all: therefore they are few, and only those without pointers,
// which keep nothing else, share.
const slabSize = 8

// take returns zeroed memory for the struct of a message. A nil slab has none.
func (s *slab) take(v *variant) unsafe.Pointer {
	if s == nil || v.fixed == nil || v.typ != v.content {
		return v.box.fresh(1)
	}
	if s.v != v || s.left == 0 {
		*s = slab{v, v.box.fresh(slabSize), slabSize}
	}
	at := s.next
	if s.left--; s.left > 0 {
		s.next = unsafe.Add(at, v.size)
	} else {
		s.next = nil // an address behind the memory would be another's
	}
	return at
}
