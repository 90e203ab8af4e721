package pg

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// Event is a change of one group, or, as the first that a monitor gets of a
// group, those members that are present. The Refs are those that joined. The
// slices are shared by all who get the Event: read them only.
type Event struct {
	Scope, Group string // never empty
	Joined, Left []actor.AnyRef
}

// Monitor sends to those members that the group has, if any, as one Event, and
// then every change, until Unmonitor or the end of to's actor. The group need
// not be there yet. Monitoring again with the same Ref changes nothing. The
// errors: ErrName, actor.ErrWrongType, actor.ErrNoActor for the zero Ref,
// actor.ErrStopped when to's actor is ending, actor.ErrSystemShutDown when ctx
// leads to the default System and that has no actor, actor.ErrNilContext and
// actor.ErrKilled. It costs time in proportion to the members. Any goroutine
// may call it.
func (g Group[M]) Monitor(ctx context.Context, to actor.Ref[Event]) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	t, err := toMonitor(ctx, to)
	if err != nil {
		return err
	}
	m, err := t.monitor(to)
	if err != nil {
		return fmt.Errorf("group %v: monitor %v: %w", g, to, err)
	}
	defer m.unpin()
	in, err := t.enter(g.key(), reflect.TypeFor[M]())
	if err != nil {
		return err
	}
	var news news
	err = in.addMonitor(m, &news)
	in.unlock()
	news.deliver()
	return err
}

// Unmonitor undoes Monitor with the same Ref; what was sent already still comes,
// and what it gets from MonitorScope goes on. Without a Monitor it does nothing.
// Any goroutine may call it.
func (g Group[M]) Unmonitor(ctx context.Context, to actor.Ref[Event]) {
	if g.check(ctx) != nil || fenced() {
		return
	}
	t := tablesOf(actor.SystemOf(ctx))
	if in := t.find(g.key()); in != nil {
		if m, ok := t.monitors.Load(to); ok {
			in.drop(m)
		}
	}
}

// MonitorScope is Monitor for all groups of a scope, or with AllScopes for all
// groups, those that are there and those that will be: the members of each group
// that has any come as one Event, then every change. A Ref that monitors in
// several ways gets each change once. An empty scope is ErrName: a scope that
// was forgotten would be another one. It costs time in proportion to the groups,
// and the members, that it covers. Otherwise as Monitor.
func MonitorScope(ctx context.Context, scope string, to actor.Ref[Event]) error {
	if ctx == nil {
		return actor.ErrNilContext
	}
	if scope == "" {
		return fmt.Errorf("%w: an empty scope; the one of a Group without Scope is %q", ErrName, DefaultScope)
	}
	t, err := toMonitor(ctx, to)
	if err != nil {
		return err
	}
	m, err := t.monitor(to)
	if err != nil {
		return fmt.Errorf("scope %q: monitor %v: %w", scope, to, err)
	}
	defer m.unpin()
	if scope == AllScopes {
		if added, err := t.audience.add(m); err != nil || !added {
			return err
		}
		t.catchUp(scope)
		return nil
	}
	s := t.hold(scope) // for m, which releases it
	added, err := s.audience.add(m)
	if !added {
		s.release()
		return err
	}
	t.catchUp(scope)
	return nil
}

// UnmonitorScope undoes MonitorScope with the same scope and Ref, as Unmonitor.
func UnmonitorScope(ctx context.Context, scope string, to actor.Ref[Event]) {
	if ctx == nil || fenced() {
		return
	}
	t := tablesOf(actor.SystemOf(ctx))
	if t == nil {
		return
	}
	a := &t.audience
	if scope != AllScopes {
		s, ok := t.scopes.Load(scope)
		if !ok {
			return
		}
		a = &s.audience
	}
	if m, ok := t.monitors.Load(to); ok {
		a.drop(m)
	}
}

// toMonitor returns the tables that ctx leads to.
func toMonitor(ctx context.Context, to actor.Ref[Event]) (*tables, error) {
	switch sys := actor.SystemOf(ctx); {
	case fenced():
		return nil, actor.ErrKilled
	case to.IsZero():
		return nil, actor.ErrNoActor
	case sys == nil:
		return nil, fmt.Errorf("%w: the default one has no actor", actor.ErrSystemShutDown)
	default:
		return tablesOf(sys), nil
	}
}

// place is where a monitor is registered: a *group or an *audience.
type place interface{ drop(m *monitor) }

// monitor is one Ref[Event] and what is on the way to it. It is in the tables
// until it is registered nowhere and everything is sent, so that the events of
// an old registration cannot overtake the snapshot of a new one; or until its
// actor ends.
type monitor struct {
	t       *tables
	to      actor.Ref[Event]
	watcher Watcher // of Sync, in the place of to

	mu     sync.Mutex
	cancel func()               // guarded by mu: takes the hook back; nil before there is one
	gone   bool                 // guarded by mu: out of the tables
	pins   int                  // guarded by mu: calls that are about to register it
	places set[place, struct{}] // guarded by mu
	queue  []Event              // guarded by mu
	busy   bool                 // guarded by mu: somebody has the duty to send the queue
	again  sched.Timer          // when the mailbox was full
	pause  time.Duration        // of the one who is busy: how long again waits
}

// monitor returns to's monitor, pinned: the caller must unpin it.
func (t *tables) monitor(to actor.Ref[Event]) (*monitor, error) {
	for {
		m, ok := t.monitors.Load(to)
		if !ok {
			m, _ = t.monitors.LoadOrStore(to, &monitor{t: t, to: to})
		}
		if found, err := m.pin(); found || err != nil {
			return m, err
		}
	}
}

// pin hooks m to its actor's end. Neither true nor an error: m has gone, and so
// has its entry in the tables.
func (m *monitor) pin() (ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return false, nil
	}
	if m.cancel == nil {
		cancel, ok := actor.OnStopping(m.to.Any(), m.end)
		if !ok {
			m.gone = true
			m.t.monitors.Delete(m.to)
			return false, actor.ErrStopped
		}
		m.cancel = cancel
	}
	m.pins++
	return true, nil
}

func (m *monitor) unpin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pins--
	m.retire()
}

// retire takes m out of the tables if nothing needs it; mu is held.
func (m *monitor) retire() {
	if m.gone || m.busy || m.pins > 0 || m.places.len() > 0 {
		return
	}
	m.gone = true
	m.t.monitors.Delete(m.to)
	m.cancel()
}

// attach notes that m is registered at p, whose lock is held; ErrStopped: its
// actor is ending. As with peers: either end has been here before, or end will
// find p, and wait for its lock.
func (m *monitor) attach(p place) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return actor.ErrStopped
	}
	m.places.add(p, struct{}{})
	return nil
}

// detach forgets p, whose lock is held and which has just forgotten m.
func (m *monitor) detach(p place) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.places.remove(p)
	m.retire()
}

// end runs at the crossing to Stopping of m's actor.
func (m *monitor) end() {
	m.mu.Lock()
	m.gone = true
	places := m.places.keys
	m.places = set[place, struct{}]{}
	m.queue = nil
	m.mu.Unlock()
	m.t.monitors.Delete(m.to)
	m.t.sys.Scheduler().Disarm(&m.again)
	for _, p := range places {
		p.drop(m)
	}
}

// addMonitor registers m for this group alone; mu is held.
func (g *group) addMonitor(m *monitor, news *news) error {
	if g.own.has(m) {
		return nil
	}
	if err := m.attach(g); err != nil {
		return err
	}
	if g.members.len() > 0 && !g.isHeardBy(m) {
		news.put(m, g.present())
	}
	g.own.add(m, struct{}{})
	return nil
}

// drop ends m's registration here.
func (g *group) drop(m *monitor) {
	g.mu.Lock()
	defer g.unlock()
	if _, ok := g.own.remove(m); ok {
		m.detach(g)
	}
}

// present is a snapshot as an Event; mu is held.
func (g *group) present() Event {
	return Event{Scope: g.key.scope, Group: g.key.name, Joined: g.snapshot()}
}
