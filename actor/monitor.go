package actor

import (
	"sync/atomic"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// MonitorID is one monitor that MonitorMsg has set up.
type MonitorID uint64

// Down is the end of a monitored actor, as a message.
type Down struct {
	ID    MonitorID
	Actor AnyRef
	Err   error // as Event.Err
}

// watcher is one monitor. It is on the list of the watched actor, and in the
// watcher's own map, so that either's end, and Demonitor, find it at once,
// however many there are. The lock order is: the watched one's mu, then by's
// watchMu.
type watcher struct {
	by     *cell // nil for OnEnd
	target *cell // nil for the zero Ref
	id     MonitorID

	// deliver queues the message at the monitor, or does what Bind promises;
	// nil for Monitor, which reports supervision events.
	deliver func(ev Event)
	bound   bool        // by Bind
	revoked atomic.Bool // by Demonitor

	older, newer *watcher // target's list, guarded by its mu
	listed       bool
}

// watchKey finds a watcher at its monitor: a Monitor by its target, a
// MonitorMsg by its id, a Bind by its target too.
type watchKey struct {
	target *cell
	bound  bool
	id     MonitorID
}

func (w *watcher) key() watchKey {
	if w.id != 0 {
		return watchKey{id: w.id}
	}
	return watchKey{target: w.target, bound: w.bound}
}

// Monitor has HandleSupervision told of what happens to target: Started and its
// end, without its State (rows M1-M3). Monitoring it again changes nothing. If
// it has ended already, a Terminated with ErrNoProc comes at once. Without
// HandleSupervision nothing comes of it. Monitors are told before the
// supervisor; the events overtake target's own messages (row P9), which
// MonitorMsg's do not. It ends with the monitoring actor. Only in a callback.
func (c *Context[M]) Monitor(target AnyRef) {
	if t := target.actor(); t == nil || !t.watch(&watcher{by: &c.cell, target: t}) {
		c.tell(mailbox.Supervision, notice{event: Event{Kind: Terminated, Actor: target, Err: ErrNoProc}})
	}
}

// Unmonitor undoes Monitor (row M5); events that are queued already still come.
// Only in a callback.
func (c *Context[M]) Unmonitor(target AnyRef) {
	if t := target.actor(); t != nil {
		c.unwatch(watchKey{target: t})
	}
}

// MonitorMsg has target's end delivered as a message that made makes, once,
// after every message that target has sent to this actor. made runs on this
// actor's turn. If target has ended already, Down comes at once with ErrNoProc.
// Each call is a monitor of its own. It ends with this actor. Only in a
// callback.
func (c *Context[M]) MonitorMsg(target AnyRef, made func(Down) M) MonitorID {
	r := c.extra()
	r.monitors++
	w := &watcher{by: &c.cell, target: target.actor(), id: r.monitors}
	w.deliver = func(ev Event) {
		d := Down{ID: w.id, Actor: ev.Actor, Err: ev.Err}
		message := maker[M](func() (m M, ok bool) {
			c.forgetWatcher(w)
			if w.revoked.Load() {
				return m, false
			}
			return made(d), true
		})
		if c.core().postpone(message) != nil {
			c.kind.sys.dead.events.Add(1)
		}
	}
	if w.target == nil || !w.target.watch(w) {
		c.remember(w)
		w.deliver(Event{Kind: Terminated, Actor: target, Err: ErrNoProc})
	}
	return w.id
}

// Demonitor ends one monitor: from its return on no Down of it is handled, even
// if one is queued. Only in a callback.
func (c *Context[M]) Demonitor(id MonitorID) {
	if w := c.unwatch(watchKey{id: id}); w != nil {
		w.revoked.Store(true)
	}
}

// OnEnd has f called once with the Terminated or Failed event of r's actor, where
// monitors are told of it, on the goroutine that ends the actor: f must not
// block. If the actor has ended already, f is called at once, with ErrNoProc, as
// Monitor tells it. After cancel f is not called any more, but it may be running
// just then. It costs what a monitor costs. Any goroutine may call both.
func OnEnd(r AnyRef, f func(Event)) (cancel func()) {
	w := &watcher{target: r.actor()}
	w.deliver = func(ev Event) {
		if w.revoked.Swap(true) {
			return
		}
		if err := guard(func() error { f(ev); return nil }); err != nil && w.target != nil {
			w.target.kind.sys.log.Error("OnEnd function failed", "actor", ref{w.target}.String(), "error", err)
		}
	}
	if w.target == nil || !w.target.watch(w) {
		w.deliver(Event{Kind: Terminated, Actor: r, Err: ErrNoProc})
	}
	return func() {
		w.revoked.Store(true)
		w.unlist()
	}
}

// watch enters w; false: c has ended.
func (c *cell) watch(w *watcher) bool {
	c.reach(sched.OpLink, nil)
	r := c.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.status() == Stopped {
		return false
	}
	if w.by == nil || w.by.remember(w) {
		w.older = r.watchers
		if r.watchers != nil {
			r.watchers.newer = w
		}
		r.watchers = w
		w.listed = true
	}
	return true
}

// remember enters w into its monitor's map; false: it is there already, or the
// monitor is ending and watches nobody any more. It has been claimed before
// forget empties the map: either that finds w, or we see the claim here.
func (c *cell) remember(w *watcher) bool {
	r := c.extra()
	r.watchMu.Lock()
	defer r.watchMu.Unlock()
	if c.has(claimedFlag) {
		return false
	}
	if _, again := r.watching[w.key()]; again {
		return false
	}
	if r.watching == nil {
		r.watching = map[watchKey]*watcher{}
	}
	r.watching[w.key()] = w
	return true
}

// forgetWatcher takes w out of its monitor's map; false: it is not there any more.
func (c *cell) forgetWatcher(w *watcher) bool {
	r := c.extra()
	r.watchMu.Lock()
	defer r.watchMu.Unlock()
	if r.watching[w.key()] != w {
		return false
	}
	delete(r.watching, w.key())
	return true
}

// unwatch ends the monitor with a key and returns it, nil if there is none.
func (c *cell) unwatch(key watchKey) *watcher {
	c.reach(sched.OpLink, nil)
	r := c.extra()
	r.watchMu.Lock()
	w := r.watching[key]
	delete(r.watching, key)
	r.watchMu.Unlock()
	if w != nil {
		w.unlist()
	}
	return w
}

// unlist takes w off its target's list, if it is still there.
func (w *watcher) unlist() {
	if w.target == nil {
		return
	}
	r := w.target.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !w.listed {
		return
	}
	if w.newer != nil {
		w.newer.older = w.older
	} else {
		r.watchers = w.older
	}
	if w.older != nil {
		w.older.newer = w.newer
	}
	w.older, w.newer, w.listed = nil, nil, false
}

// tellWatchers tells everybody of c's end. It is called once before c is
// Stopped, and once after for those that came between: watch looks at the status
// under the lock, so who is not on the list the second time has seen Stopped.
func (c *cell) tellWatchers(ev Event) {
	r := c.rare.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	var watchers []*watcher
	for w := r.watchers; w != nil; w = r.watchers {
		r.watchers = w.older
		w.older, w.newer, w.listed = nil, nil, false
		watchers = append(watchers, w)
	}
	r.mu.Unlock()
	for _, w := range watchers {
		if w.deliver != nil { // it stays in the map until it is handled, for Demonitor
			w.deliver(ev)
			continue
		}
		w.by.forgetWatcher(w)
		if !w.by.tell(mailbox.Supervision, notice{event: ev}) {
			c.kind.sys.dead.events.Add(1)
		}
	}
}

// unmonitor ends the monitors that c's value has set up, in a way that no message
// of them is handled. What Bind has bound is not the value.
func (c *cell) unmonitor() {
	r := c.extra()
	r.watchMu.Lock()
	var ended []*watcher
	for key, w := range r.watching {
		if !w.bound {
			delete(r.watching, key)
			ended = append(ended, w)
		}
	}
	r.watchMu.Unlock()
	for _, w := range ended {
		w.revoked.Store(true)
		w.unlist()
	}
}

// forget ends all monitors of c.
func (c *cell) forget() {
	r := c.rare.Load()
	if r == nil {
		return
	}
	r.watchMu.Lock()
	watching := r.watching
	r.watching = nil
	r.watchMu.Unlock()
	for _, w := range watching {
		w.unlist()
	}
}
