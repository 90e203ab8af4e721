package sched

import (
	"time"
	"weak"

	"github.com/ractor-go/ractor/internal/weave"
)

// Queue is a run queue.
type Queue = queue

type slot = weave.Pointer[Task]

// Asleep says whether the monitor sleeps.
func (s *Scheduler) Asleep() bool { return s.monitor.asleep.Load() }

// Wanted is how many workers the monitor wants.
func (s *Scheduler) Wanted() int { return int(s.want.Load()) }

// Searching is how many workers are awake without a task.
func (s *Scheduler) Searching() int64 { return s.searching.Load() }

// Carriers is how many carriers have not ended.
func (s *Scheduler) Carriers() int { n, _ := s.carriers.alive(); return n }

// Until is how long the clock would sleep for a tick.
func (s *Scheduler) Until(tick int64, now time.Duration) time.Duration {
	return s.clock.until(tick, now)
}

// NewQueue returns a run queue of its own.
func NewQueue(size int) *Queue {
	q := &Queue{}
	q.ring = make([]slot, size)
	return q
}

// At sets head and tail, as if so many tasks had passed.
func (q *Queue) At(n uint32) {
	q.head.Store(n)
	q.tail.Store(n)
	q.wiped = n
}

// Kept is how many tasks the ring's slots point to.
func (q *Queue) Kept() (n int) {
	for i := range q.ring {
		if q.ring[i].Load() != nil {
			n++
		}
	}
	return n
}

// Half takes the older half and returns it as a slice.
func (q *Queue) Half() (ts []*Task) {
	c, n := q.half()
	for t := c.pop(); t != nil; t = c.pop() {
		ts = append(ts, t)
	}
	if len(ts) != n {
		panic("the chain is not as long as it says")
	}
	return ts
}

// Methods of queue for tests outside.
func (q *Queue) Push(t *Task) bool { return q.push(t) }
func (q *Queue) Pop() *Task        { return q.pop() }
func (q *Queue) Forget()           { q.forget() }

// Shuffled says that workers queue tasks in varying order.
const Shuffled = shuffled

// GlobalQueue is a global queue of its own.
type GlobalQueue struct{ g global }

// Methods of global for tests outside.
func (g *GlobalQueue) Push(t *Task) { g.g.push(t) }
func (g *GlobalQueue) Spill(ts ...*Task) {
	var c chain
	for _, t := range ts {
		c.add(t)
	}
	g.g.pushChain(c, len(ts))
}

func (g *GlobalQueue) Pop(limit, share int) []*Task { return list(g.g.pop(limit, share)) }
func (g *GlobalQueue) Poll(limit int) []*Task       { return list(g.g.poll(limit)) }
func (g *GlobalQueue) Empty() bool                  { return g.g.empty() }

func list(c chain, n int) (ts []*Task) {
	for t := c.pop(); t != nil; t = c.pop() {
		ts = append(ts, t)
	}
	if len(ts) != n {
		panic("the chain is not as long as it says")
	}
	return ts
}

// WeakWorkers returns the workers that there are now.
func (s *Scheduler) WeakWorkers() (ws []weak.Pointer[Worker]) {
	for _, w := range *s.workers.Load() {
		ws = append(ws, weak.Make(w))
	}
	return ws
}
