package pg

import "slices"

// set is a set of keys, each with a value, in slices: so one of n can be picked,
// and a copy of all is a copy of memory. All but copying takes constant time.
// The order is that of adding until something is removed, whose place the last
// one takes. The zero set is empty.
type set[K comparable, V any] struct {
	keys   []K
	values []V
	places map[K]int // nil until there are more than few: then looking is quicker than searching
}

const few = 8

func (s *set[K, V]) len() int { return len(s.keys) }

// find returns the place of k, -1 if it is not there.
func (s *set[K, V]) find(k K) int {
	if s.places == nil {
		return slices.Index(s.keys, k)
	}
	if i, ok := s.places[k]; ok {
		return i
	}
	return -1
}

func (s *set[K, V]) has(k K) bool { return s.find(k) >= 0 }

// add adds k, which is not there.
func (s *set[K, V]) add(k K, v V) {
	s.keys = append(s.keys, k)
	s.values = append(s.values, v)
	switch {
	case s.places != nil:
		s.places[k] = len(s.keys) - 1
	case len(s.keys) > few:
		s.index()
	}
}

func (s *set[K, V]) index() {
	s.places = make(map[K]int, 2*len(s.keys))
	for i, k := range s.keys {
		s.places[k] = i
	}
}

// remove removes k; false: it is not there.
func (s *set[K, V]) remove(k K) (v V, ok bool) {
	i := s.find(k)
	if i < 0 {
		return v, false
	}
	v = s.values[i]
	last := len(s.keys) - 1
	if i != last {
		s.keys[i], s.values[i] = s.keys[last], s.values[last]
		if s.places != nil {
			s.places[s.keys[i]] = i
		}
	}
	var noKey K
	var noValue V
	s.keys[last], s.values[last] = noKey, noValue
	s.keys, s.values = s.keys[:last], s.values[:last]
	if s.places != nil {
		delete(s.places, k)
	}
	s.shrink()
	return v, true
}

// shrink gives memory back when three quarters are empty. A map that was large
// stays large, so it is made anew. That costs as much as a quarter of the
// removals that led here.
func (s *set[K, V]) shrink() {
	if cap(s.keys) <= 4*few || 4*len(s.keys) > cap(s.keys) {
		return
	}
	s.keys = append(make([]K, 0, 2*len(s.keys)), s.keys...)
	s.values = append(make([]V, 0, 2*len(s.values)), s.values...)
	s.places = nil
	if len(s.keys) > few {
		s.index()
	}
}
