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

	in *lanes[J] // the queue that it waits in
	at node[job[J]]
}

// reset makes j a job with nothing in it.
func (j *job[J]) reset() *job[J] {
	*j = job[J]{}
	j.alarm.job, j.at.of = j, j
	return j
}

// lanes is a queue with priorities: a list for each lane, and a bit for each
// list that is not empty. All operations are O(1).
type lanes[J any] struct {
	lists []list[job[J]] // as many as were needed
	used  uint64
	n     int
}

// push puts j at the end of its lane.
func (q *lanes[J]) push(j *job[J]) { q.enter(j).push(&j.at) }

// pushFront puts j at the head of its lane.
func (q *lanes[J]) pushFront(j *job[J]) { q.enter(j).pushFront(&j.at) }

// enter counts j in and returns its lane.
func (q *lanes[J]) enter(j *job[J]) *list[job[J]] {
	for int(j.lane) >= len(q.lists) {
		q.lists = append(q.lists, list[job[J]]{})
	}
	j.in = q
	q.n++
	q.used |= 1 << j.lane
	return &q.lists[j.lane]
}

// peek returns the job whose turn it is, nil if there is none.
func (q *lanes[J]) peek() *job[J] {
	if q.used == 0 {
		return nil
	}
	return q.lists[bits.TrailingZeros64(q.used)].front()
}

// worst returns the oldest job of the last lane.
func (q *lanes[J]) worst() *job[J] {
	if q.used == 0 {
		return nil
	}
	return q.lists[63-bits.LeadingZeros64(q.used)].front()
}

// remove takes j, which is in q, out.
func (q *lanes[J]) remove(j *job[J]) {
	l := &q.lists[j.lane]
	l.remove(&j.at)
	j.in = nil
	q.n--
	if l.n == 0 {
		q.used &^= 1 << j.lane
	}
}
