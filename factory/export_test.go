package factory

// Parts that are tested against models of their own.
type (
	Lanes  = lanes[int]
	Job    = job[int]
	Agenda = agenda[int]
	Alarm  = alarm[int]
	Bucket = bucket
)

func NewBucket(r Rate, now int64) Bucket { return newBucket(r, now) }

func (b *bucket) Take(now int64) bool {
	if !b.open(now) {
		return false
	}
	b.take()
	return true
}

func NewJob(payload int, lane uint8) *Job {
	j := new(Job).reset()
	j.payload, j.lane = payload, lane
	return j
}

func (j *job[J]) Payload() J       { return j.payload }
func (j *job[J]) Queued() bool     { return j.in != nil }
func (q *lanes[J]) Push(j *job[J]) { q.push(j) }

func (q *lanes[J]) PushFront(j *job[J]) { q.pushFront(j) }
func (q *lanes[J]) Peek() *job[J]       { return q.peek() }
func (q *lanes[J]) Worst() *job[J]      { return q.worst() }
func (q *lanes[J]) Remove(j *job[J])    { q.remove(j) }
func (q *lanes[J]) Len() int            { return q.n }

func (g *agenda[J]) Set(a *alarm[J], at int64) { g.set(a, at) }
func (g *agenda[J]) Clear(a *alarm[J])         { g.clear(a) }
func (g *agenda[J]) Next() *alarm[J]           { return g.next() }
func (a *alarm[J]) At() int64                  { return a.at }

func (r Retry) Delay(n int) (ns int64) { return int64(r.delay(n)) }

// Place is where the alarm stands in the agenda's heap, from 1; 0 is nowhere.
func (a *alarm[J]) Place() int { return a.pos }
