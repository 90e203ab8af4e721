package actor

import (
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// startTable maps goroutines to the actors whose PreStart they run, innermost
// first: a PreStart may spawn.
type startTable struct {
	n  atomic.Int64 // entries; 0 spares everybody the look-up
	mu sync.Mutex
	m  map[uintptr]*starting // guarded by mu
}

type starting struct {
	c     *cell
	outer *starting
}

// push notes that the calling goroutine runs c's PreStart; the function
// returned ends that.
func (t *startTable) push(c *cell) (pop func()) {
	id := gid.ID()
	c.extra().starting.Store(number())
	t.mu.Lock()
	if t.m == nil {
		t.m = map[uintptr]*starting{}
	}
	s := &starting{c: c, outer: t.m[id]}
	t.m[id] = s
	t.mu.Unlock()
	t.n.Add(1)
	return func() {
		t.n.Add(-1)
		t.mu.Lock()
		if s.outer == nil {
			delete(t.m, id)
		} else {
			t.m[id] = s.outer
		}
		t.mu.Unlock()
		c.extra().starting.Store(0)
	}
}

// of returns the actors of sys whose PreStart is running.
func (t *startTable) of(sys *System) (cs []*cell) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.m {
		for ; s != nil; s = s.outer {
			if s.c.kind.sys == sys {
				cs = append(cs, s.c)
			}
		}
	}
	return cs
}

func (t *startTable) get(id uintptr) *cell {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.m[id]; s != nil {
		return s.c
	}
	return nil
}

// has says whether c is among the actors whose PreStart the goroutine runs.
func (t *startTable) has(id uintptr, c *cell) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := t.m[id]; s != nil; s = s.outer {
		if s.c == c {
			return true
		}
	}
	return false
}

// number is the calling goroutine's in stack dumps. Asking the runtime for it
// takes microseconds; carriers have done so once.
func number() uint64 {
	if car := sched.Inside(); car != nil {
		return car.Goroutine()
	}
	return gid.Number()
}
