package actor

import (
	"sync/atomic"

	"github.com/ractor-go/ractor/mailbox"
)

// MonitorID is one monitor that MonitorMsg has set up.
type MonitorID uint64

// Down is the end of a monitored actor, as a message.
type Down struct {
	ID    MonitorID
	Actor AnyRef
	Err   error // as Event.Err
}

// watcher is an entry of a monitored actor's list.
type watcher struct {
	by   *cell
	id   MonitorID
	down *down // nil for Monitor, which reports supervision events
}

// down is one MonitorMsg.
type down struct {
	deliver func(d Down) // queues the message at the monitor
	revoked atomic.Bool  // by Demonitor
}

// Monitor has HandleSupervision told of what happens to target: Started and its
// end, without its State (rows M1-M3). Monitoring it again changes nothing. If
// it has ended already, a Terminated with ErrNoProc comes at once. Without
// HandleSupervision nothing comes of it. Monitors are told before the
// supervisor; the events overtake target's own messages (row P9), which
// MonitorMsg's do not. It ends with the monitoring actor. Only in a callback.
func (c *Context[M]) Monitor(target AnyRef) {
	t := target.actor()
	if t != nil && t.watch(watcher{by: &c.cell}) {
		return
	}
	c.tell(mailbox.Supervision, notice{event: Event{Kind: Terminated, Actor: target, Err: ErrNoProc}})
}

// Unmonitor undoes Monitor (row M5); events that are queued already still come.
// Only in a callback.
func (c *Context[M]) Unmonitor(target AnyRef) {
	if t := target.actor(); t != nil {
		t.unwatch(&c.cell, 0)
	}
}

// MonitorMsg has target's end delivered as a message that down makes, once,
// after every message that target has sent to this actor. down runs on this
// actor's turn. If target has ended already, Down comes at once with ErrNoProc.
// Each call is a monitor of its own. It ends with this actor. Only in a
// callback.
func (c *Context[M]) MonitorMsg(target AnyRef, made func(Down) M) MonitorID {
	r := c.extra()
	r.mu.Lock()
	r.monitors++
	id := MonitorID(r.monitors)
	r.mu.Unlock()
	d := &down{}
	d.deliver = func(end Down) {
		make := maker[M](func() (m M, ok bool) {
			if d.revoked.Load() {
				return m, false
			}
			return made(end), true
		})
		if c.core().postpone(make) != nil {
			c.kind.sys.dead.events.Add(1)
		}
	}
	t := target.actor()
	if t == nil || !t.watch(watcher{by: &c.cell, id: id, down: d}) {
		d.deliver(Down{ID: id, Actor: target, Err: ErrNoProc})
	}
	c.downs(r)[id] = watched{target: t, down: d}
	return id
}

// Demonitor ends one monitor: from its return on no Down of it is handled, even
// if one is queued. Only in a callback.
func (c *Context[M]) Demonitor(id MonitorID) {
	r := c.extra()
	w, ok := c.downs(r)[id]
	if !ok {
		return
	}
	delete(r.down, id)
	w.down.revoked.Store(true)
	if w.target != nil {
		w.target.unwatch(&c.cell, id)
	}
}

// watched is the monitor's side of a MonitorMsg.
type watched struct {
	target *cell
	down   *down
}

func (c *cell) downs(r *rare) map[MonitorID]watched {
	if r.down == nil {
		r.down = map[MonitorID]watched{}
	}
	return r.down
}

// watch enters w; false: c has ended, or told its watchers already.
func (c *cell) watch(w watcher) bool {
	r := c.extra()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone || c.status() == Stopped {
		return false
	}
	if w.down == nil {
		for _, o := range r.watchers {
			if o.by == w.by && o.down == nil {
				return true
			}
		}
	}
	r.watchers = append(r.watchers, w)
	w.by.watches(c, 1)
	return true
}

// unwatch takes the entry of by with id off c's list.
func (c *cell) unwatch(by *cell, id MonitorID) {
	r := c.rare.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, w := range r.watchers {
		if w.by == by && w.id == id {
			r.watchers = append(r.watchers[:i], r.watchers[i+1:]...)
			by.watches(c, -1)
			return
		}
	}
}

// watches counts how often c is on target's list, so that it can take itself
// off when it ends. The lock order is: the watched one, then the watcher's own
// watchMu.
func (c *cell) watches(target *cell, n int) {
	r := c.extra()
	r.watchMu.Lock()
	defer r.watchMu.Unlock()
	if r.watching == nil {
		r.watching = map[*cell]int{}
	}
	if r.watching[target] += n; r.watching[target] <= 0 {
		delete(r.watching, target)
	}
}

// tellWatchers tells everybody of c's end, and takes no watchers any more. It
// is called once before c is Stopped and once after: when c had no rare part
// at the first call, a watcher may have made one meanwhile; at the second, who
// was not seen has seen Stopped.
func (c *cell) tellWatchers(ev Event) {
	r := c.rare.Load()
	if r == nil {
		return
	}
	r.mu.Lock()
	r.gone = true
	watchers := r.watchers
	r.watchers = nil
	r.mu.Unlock()
	for _, w := range watchers {
		w.by.watches(c, -1)
		if w.down != nil {
			w.down.deliver(Down{ID: w.id, Actor: ev.Actor, Err: ev.Err})
		} else if !w.by.tell(mailbox.Supervision, notice{event: ev}) {
			c.kind.sys.dead.events.Add(1)
		}
	}
}

// forget takes c off the lists of those that it watches.
func (c *cell) forget() {
	r := c.rare.Load()
	if r == nil {
		return
	}
	r.watchMu.Lock()
	watching := r.watching
	r.watching = nil
	r.watchMu.Unlock()
	for target := range watching {
		target.unwatchAll(c)
	}
}

func (c *cell) unwatchAll(by *cell) {
	r := c.rare.Load()
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.watchers[:0]
	for _, w := range r.watchers {
		if w.by != by {
			kept = append(kept, w)
		}
	}
	clear(r.watchers[len(kept):])
	r.watchers = kept
}
