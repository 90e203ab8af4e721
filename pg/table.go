package pg

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/ractor-go/ractor/actor"
)

// tables are the groups of one System.
//
// A lock may be taken by who holds one further left, never the other way round:
//
//	group.mu → scope's audience.mu → tables' audience.mu → peer.mu, monitor.mu → scope.mu, actor's own, maps' buckets
//
// None is held while a message is sent: what a send runs, the conversion of an
// adapted Ref or a subscriber of dead letters, is the user's code.
type tables struct {
	sys      *actor.System
	scopes   *xsync.MapOf[string, *scope]
	peers    *xsync.MapOf[actor.ID, *peer]
	monitors *xsync.MapOf[actor.Ref[Event], *monitor]
	audience audience        // who monitors all scopes
	noWait   context.Context // has ended: a send with it does not wait for room
}

// tablesOf returns the tables of sys, nil if that is.
func tablesOf(sys *actor.System) *tables {
	if sys == nil {
		return nil
	}
	return actor.Shared(sys, func() *tables {
		noWait, end := context.WithCancel(context.Background())
		end()
		return &tables{
			sys:      sys,
			scopes:   xsync.NewMapOf[string, *scope](),
			peers:    xsync.NewMapOf[actor.ID, *peer](),
			monitors: xsync.NewMapOf[actor.Ref[Event], *monitor](),
			noWait:   noWait,
		}
	})
}

// find returns a group, nil if there is none. It may be dead when it is used;
// then it is as empty as it was when it died.
func (t *tables) find(k key) *group {
	if t == nil {
		return nil
	}
	s, ok := t.scopes.Load(k.scope)
	if !ok {
		return nil
	}
	g, _ := s.groups.Load(k.name)
	return g
}

// enter returns a group with its lock held, making it if need be, for messages of
// a type, nil if that is not known. The caller must call unlock.
func (t *tables) enter(k key, message reflect.Type) (*group, error) {
	for {
		g := t.find(k)
		if g == nil {
			s := t.hold(k.scope)
			made, loaded := s.groups.LoadOrStore(k.name, &group{key: k, scope: s})
			if loaded {
				s.release()
			}
			g = made
		}
		if err := g.checkType(message); err != nil {
			return nil, err
		}
		g.mu.Lock()
		if !g.dead {
			return g, nil
		}
		g.mu.Unlock() // it was taken out of the map before: the next look finds another, or none
	}
}

// scope is the groups of one scope. It is in the tables as long as it has a
// group or a monitor.
type scope struct {
	tables   *tables
	name     string
	groups   *xsync.MapOf[string, *group]
	audience audience     // who monitors this scope
	live     atomic.Int64 // groups that have members

	mu   sync.Mutex
	held int  // guarded by mu: by groups and monitors
	dead bool // guarded by mu: nobody held it any more
}

// hold returns a scope, making it if need be, which stays until release.
func (t *tables) hold(name string) *scope {
	for {
		s, ok := t.scopes.Load(name)
		if !ok {
			made := &scope{tables: t, name: name, groups: xsync.NewMapOf[string, *group]()}
			made.audience.scope = made
			s, _ = t.scopes.LoadOrStore(name, made)
		}
		s.mu.Lock()
		if !s.dead {
			s.held++
			s.mu.Unlock()
			return s
		}
		s.mu.Unlock()
	}
}

func (s *scope) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held--; s.held == 0 {
		s.dead = true
		s.tables.scopes.Delete(s.name)
	}
}

// group is one group. It is in its scope as long as it has a member or a monitor
// of its own, and fixes the message type as long, once that is known: who has
// joined from another node does not tell it, the first use of a Group[M] does.
type group struct {
	key     key
	message atomic.Pointer[reflect.Type] // nil: not known yet
	scope   *scope

	mu      sync.Mutex
	members set[actor.ID, actor.AnyRef]    // guarded by mu
	own     set[*monitor, struct{}]        // guarded by mu: who monitors just this group
	heard   [2]uint64                      // guarded by mu: see audience; of the scope, of all scopes
	dead    bool                           // guarded by mu: taken out of the scope
	picks   int                            // guarded by mu: since view was dropped
	view    atomic.Pointer[[]actor.AnyRef] // all members, never written to; nil if there was a change since; stored under mu
}

// checkType fixes the type if it is not known yet; a nil message fits all.
func (g *group) checkType(message reflect.Type) error {
	if message == nil {
		return nil
	}
	known := g.message.Load()
	if known == nil {
		first := message // or each message would be allocated
		if g.message.CompareAndSwap(nil, &first) {
			return nil
		}
		known = g.message.Load()
	}
	if *known != message {
		return fmt.Errorf("%w: group %v is of %v, not of %v", actor.ErrWrongType, g.key, *known, message)
	}
	return nil
}

// unlock releases mu; a group that nobody needs dies first.
func (g *group) unlock() {
	if !g.dead && g.members.len() == 0 && g.own.len() == 0 {
		g.dead = true
		g.scope.groups.Delete(g.key.name)
		g.scope.release()
	}
	g.mu.Unlock()
}

// changed must follow a change of members; before is how many there were.
func (g *group) changed(before int) {
	if g.view.Load() != nil {
		g.view.Store(nil)
	}
	g.picks = 0
	switch after := g.members.len(); {
	case before == 0 && after > 0:
		g.scope.live.Add(1)
	case before > 0 && after == 0:
		g.scope.live.Add(-1)
	}
}

// snapshot returns all members; mu is held. Nobody writes to what it returns.
func (g *group) snapshot() []actor.AnyRef {
	if v := g.view.Load(); v != nil {
		return *v
	}
	all := append([]actor.AnyRef(nil), g.members.values...)
	g.view.Store(&all)
	return all
}

// all is snapshot for who does not hold mu.
func (g *group) all() []actor.AnyRef {
	if v := g.view.Load(); v != nil {
		return *v
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.snapshot()
}
