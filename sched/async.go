package sched

import (
	"sync"
	"sync/atomic"

	"github.com/panjf2000/ants/v2"
)

// offload runs functions off the workers, on a pool of its own that begins
// with the first one.
type offload struct {
	mu      sync.Mutex
	pool    *ants.Pool // guarded by mu; nil before the first function
	busy    int        // guarded by mu: goroutines in use
	queue   []func()   // guarded by mu: what waits for one
	closed  bool       // guarded by mu
	running atomic.Int64
	changed func()               // a function has ended
	start   func(f func()) error // runs f on another goroutine; nil: the pool does
}

// Async runs f on a goroutine of its own and returns at once; beyond
// Config.MaxAsync functions, f waits for another to end. f must not panic. It
// returns ErrClosed, and f never runs, after Close. Any goroutine may call it.
func (s *Scheduler) Async(f func()) error {
	o := &s.offload
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.open(); err != nil {
		return err
	}
	if o.busy >= s.cfg.MaxAsync {
		o.queue = append(o.queue, f)
		return nil
	}
	o.busy++
	return o.run(func() { o.work(f) })
}

// AsyncNow is Async without Config.MaxAsync, for work of the house that must
// not wait behind that of its users.
func (s *Scheduler) AsyncNow(f func()) error {
	o := &s.offload
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.open(); err != nil {
		return err
	}
	return o.run(func() {
		defer o.ended()
		f()
	})
}

// run runs f on another goroutine.
func (o *offload) run(f func()) error {
	if o.start != nil {
		return o.start(f)
	}
	return o.pool.Submit(f)
}

// open makes room for one more function; mu is held.
func (o *offload) open() error {
	if o.closed {
		return ErrClosed
	}
	if o.pool == nil && o.start == nil {
		pool, err := newPool()
		if err != nil {
			return err
		}
		o.pool = pool
	}
	o.running.Add(1) // before closed can be set: clear waits for it
	return nil
}

// ended takes a function off the books.
func (o *offload) ended() {
	if o.running.Add(-1) == 0 {
		o.changed()
	}
}

// work runs f and then whatever waits.
func (o *offload) work(f func()) {
	for f != nil {
		f = o.one(f)
	}
}

// one runs f and returns the next function, or nil when its goroutine is free.
// It returns the goroutine also when f ends it by runtime.Goexit.
func (o *offload) one(f func()) (next func()) {
	returned := false
	defer func() {
		o.ended()
		o.mu.Lock()
		defer o.mu.Unlock()
		if len(o.queue) == 0 {
			o.busy--
			return
		}
		next = o.queue[0]
		o.queue[0] = nil
		o.queue = o.queue[1:]
		if len(o.queue) == 0 {
			o.queue = nil // it may have been long
		}
		if !returned { // this goroutine is ending: another one goes on
			f := next
			if err := o.run(func() { o.work(f) }); err != nil {
				o.busy--
			}
		}
	}()
	f()
	returned = true
	return nil
}

// close refuses further functions.
func (o *offload) close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
}
