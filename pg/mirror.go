package pg

import (
	"fmt"
	"reflect"

	"github.com/ractor-go/ractor/actor"
)

// What package cluster needs, so that each node knows the groups of all: each
// publishes the members that live there (Sync), and enters those of the others
// (JoinAny, LeaveAny). What is entered so is not published again.

// Watcher is told of the members that are actors of this System. Its methods run
// on the goroutine that brings the change about, or on one that is just telling of
// another, one call at a time and with no lock held. They must not block.
type Watcher interface {
	// Joined and Left are told of one change of one group, in the order in which
	// they happened to the group. members is shared: read it only.
	Joined(scope, group string, members []actor.AnyRef)
	Left(scope, group string, members []actor.AnyRef)
}

// Sync has w told of all groups in all scopes: of each first those members that
// are present, as one Joined, and then every change, exactly once, as a monitor of
// AllScopes is. Left out are actors of other nodes, and those that have joined
// through a Ref of actor.Adapt or actor.ByName, since who knows only their id
// cannot take that way: these are members on this node alone. sys must not be
// nil. After cancel no call begins; one may be running just then. Any goroutine
// may call both, if it holds no lock that w takes.
func Sync(sys *actor.System, w Watcher) (cancel func()) {
	t := tablesOf(sys)
	m := &monitor{t: t, watcher: w, cancel: func() {}} // it has no actor whose end would end it
	_, _ = t.audience.add(m)                           // nor is it there already
	t.catchUp(AllScopes)
	return m.end
}

// inform tells m's watcher, unless it has been cancelled.
func (m *monitor) inform(ev Event) {
	m.mu.Lock()
	gone := m.gone
	m.mu.Unlock()
	if gone {
		return
	}
	if len(ev.Joined) > 0 {
		m.watcher.Joined(ev.Scope, ev.Group, ev.Joined)
	}
	if len(ev.Left) > 0 {
		m.watcher.Left(ev.Scope, ev.Group, ev.Left)
	}
}

// local is ev with those members only that a Watcher is told of.
func (ev Event) local() Event {
	ev.Joined, ev.Left = local(ev.Joined), local(ev.Left)
	return ev
}

func local(all []actor.AnyRef) []actor.AnyRef {
	for i, r := range all {
		if isLocal(r) {
			continue
		}
		some := append([]actor.AnyRef(nil), all[:i]...) // all is shared
		for _, r := range all[i+1:] {
			if isLocal(r) {
				some = append(some, r)
			}
		}
		return some
	}
	return all
}

func isLocal(r actor.AnyRef) bool { return actor.ShimOf(r) == nil && !actor.IsProxy(r) }

// JoinAny is Join for the shims of actors of other nodes, whose message type need
// not be known: a Group[M] takes those that are known to take something else for
// not there, but for Events, which are not typed. The scope must be given. The
// errors: ErrName, actor.ErrOption for a member that is no shim of sys,
// actor.ErrKilled. With an error nobody has joined. sys must not be nil. Any
// goroutine may call it, if it holds no lock that a Watcher, or the conversion of
// a monitor's adapted Ref, takes.
func JoinAny(sys *actor.System, scope, group string, members ...actor.AnyRef) error {
	return eachShim(sys, key{scope, group}, members, (*tables).join)
}

// LeaveAny is Leave for what JoinAny has joined, and otherwise as JoinAny. Shims
// that end have left by themselves.
func LeaveAny(sys *actor.System, scope, group string, members ...actor.AnyRef) error {
	return eachShim(sys, key{scope, group}, members, (*tables).leave)
}

// eachShim calls do for shims.
func eachShim(sys *actor.System, k key, refs []actor.AnyRef, do func(*tables, key, reflect.Type, []member) error) error {
	if k.scope == "" {
		return fmt.Errorf("%w: group %q in an empty scope", ErrName, k.name)
	}
	if err := k.check(); err != nil {
		return err
	}
	if fenced() {
		return actor.ErrKilled
	}
	k.reach()
	members := make([]member, len(refs))
	for i, r := range refs {
		if actor.ShimOf(r) == nil || r.System() != sys {
			return fmt.Errorf("group %v, member %d of %d: %w: %v is no actor of another node, known in this System", k, i+1, len(refs), actor.ErrOption, r)
		}
		members[i] = member{id: r.ID(), ref: r}
	}
	return do(tablesOf(sys), k, nil, members)
}
