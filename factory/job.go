package factory

import "math/bits"

// place is where a job is counted.
type place uint8

const (
	outside place = iota
	queued
	inFlight
	done
	discarded
)

// job is a job and what the factory knows of it. It is in one of four states:
// in a queue (in is set), waiting for its retry (delayed), in flight (some
// slot's job), or free.
type job[J any] struct {
	payload  J
	key      string
	lane     uint8
	held     bool // counted among what the holder of key has
	delayed  bool
	where    place
	attempts int
	born     int64 // when it was sent; counts only with a TTL
	due      int64 // of the retry, while delayed
	alarm    alarm[J]

	in         *lanes[J]
	prev, next *job[J]
}

// lanes is a queue with priorities: a list for each lane, and a bit for each
// list that is not empty. All operations are O(1).
type lanes[J any] struct {
	list []ends[J] // as many as were needed
	used uint64
	n    int
}

type ends[J any] struct{ first, last *job[J] }

// push puts j at the end of its lane.
func (q *lanes[J]) push(j *job[J]) {
	l := q.lane(j)
	if j.prev = l.last; l.last != nil {
		l.last.next = j
	} else {
		l.first = j
	}
	l.last = j
}

// pushFront puts j at the head of its lane.
func (q *lanes[J]) pushFront(j *job[J]) {
	l := q.lane(j)
	if j.next = l.first; l.first != nil {
		l.first.prev = j
	} else {
		l.last = j
	}
	l.first = j
}

// lane counts j in and returns its lane.
func (q *lanes[J]) lane(j *job[J]) *ends[J] {
	for int(j.lane) >= len(q.list) {
		q.list = append(q.list, ends[J]{})
	}
	j.in = q
	q.n++
	q.used |= 1 << j.lane
	return &q.list[j.lane]
}

// peek returns the job whose turn it is, nil if there is none.
func (q *lanes[J]) peek() *job[J] {
	if q.used == 0 {
		return nil
	}
	return q.list[bits.TrailingZeros64(q.used)].first
}

// worst returns the oldest job of the last lane.
func (q *lanes[J]) worst() *job[J] {
	if q.used == 0 {
		return nil
	}
	return q.list[63-bits.LeadingZeros64(q.used)].first
}

// remove takes j, which is in q, out.
func (q *lanes[J]) remove(j *job[J]) {
	l := &q.list[j.lane]
	if j.prev != nil {
		j.prev.next = j.next
	} else {
		l.first = j.next
	}
	if j.next != nil {
		j.next.prev = j.prev
	} else {
		l.last = j.prev
	}
	j.prev, j.next, j.in = nil, nil, nil
	q.n--
	if l.first == nil {
		q.used &^= 1 << j.lane
	}
}
