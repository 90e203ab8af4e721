package factory

import "iter"

// Router chooses a worker for each job. The factory asks it when a job comes,
// and again, for the first job of the shared queue, whenever something has
// changed. It runs inside the factory and may have state.
//
// A number that is not of the pool discards the job as Misrouted, and so does a
// panic. A router that leaves jobs in the queue though workers are idle keeps
// them there: nobody asks it again before something happens, and Drain discards
// what it still does not place when nothing else is left.
type Router interface {
	// Route returns the worker that is to do a job with key, now or, if it is
	// busy, after what waits at it already; or ToQueue.
	Route(key string, pool Pool) int
}

// ToQueue is a Router's answer that leaves the job in the shared queue.
const ToQueue = -1

// Pool is what a Router sees of the workers, numbered from 0. It is valid until
// Route returns.
type Pool interface {
	// Len is the size of the pool, at least 1.
	Len() int
	// FirstIdle is the worker that has been idle for longest, ToQueue if none
	// is. It costs a load.
	FirstIdle() int
	// Idle yields the idle workers, those first that have been so for longest.
	Idle() iter.Seq[int]
	// Holder is the worker that has a job with key, under way or waiting. It
	// may be one that is about to leave the pool.
	Holder(key string) (worker int, ok bool)
	// Waiting is how many jobs wait at a worker; 0 if there is none such.
	Waiting(worker int) int
}

// keyed are routers that need keys.
type keyed interface{ keyed() }

// atWorkers are routers whose jobs wait at workers, not in the shared queue.
type atWorkers interface{ atWorkers() }

// Queuer gives each job to the worker that has been idle for longest; while none
// is, jobs wait in the shared queue (row FA7).
func Queuer() Router { return queuer{} }

type queuer struct{}

func (queuer) Route(_ string, pool Pool) int { return pool.FirstIdle() }
func (queuer) String() string                { return "Queuer" }

// StickyQueuer is Queuer, but a job whose key a worker has now goes to that
// worker: no key is worked on twice at a time (row FA8). It needs Config.Key.
func StickyQueuer() Router { return stickyQueuer{} }

type stickyQueuer struct{}

func (stickyQueuer) Route(key string, pool Pool) int {
	if w, ok := pool.Holder(key); ok {
		return w
	}
	return pool.FirstIdle()
}
func (stickyQueuer) String() string { return "StickyQueuer" }
func (stickyQueuer) keyed()         {}

// KeyPersistent gives a key always to the same worker, by its hash, as long as
// the pool keeps its size; a key that a worker has now stays with it also when
// the size changes (row FA6). Jobs of a key are done in order, but for retries.
// It needs Config.Key.
func KeyPersistent() Router { return byHash{"KeyPersistent", hash, true} }

// Custom gives a key to the worker that choose returns, given the size of the
// pool (row FA10); ToQueue is as for every Router. It needs Config.Key. Write a Router for more.
func Custom(choose func(key string, workers int) int) Router {
	return byHash{"Custom", choose, false}
}

type byHash struct {
	name       string
	choose     func(key string, workers int) int
	persistent bool
}

func (r byHash) Route(key string, pool Pool) int {
	if r.persistent {
		if w, ok := pool.Holder(key); ok {
			return w
		}
	}
	return r.choose(key, pool.Len())
}
func (r byHash) String() string { return r.name }
func (byHash) keyed()           {}
func (byHash) atWorkers()       {}

// hash is FNV-1a: the same in each process.
func hash(key string, n int) int {
	h := uint64(14695981039346656037)
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return int(h % uint64(n))
}

// RoundRobin gives the jobs to one worker after the other, beginning with worker
// 1, busy or not (row FA9). Each call returns a router with a count of its own.
func RoundRobin() Router { return new(roundRobin) }

type roundRobin struct{ last int }

func (r *roundRobin) Route(_ string, pool Pool) int {
	r.last = (r.last + 1) % pool.Len()
	return r.last
}
func (*roundRobin) String() string { return "RoundRobin" }
func (*roundRobin) atWorkers()     {}
