package pg

import (
	"slices"
	"sync"
	"sync/atomic"
)

// audience is who monitors all groups of a scope, or of all scopes.
//
// Registrations are numbered. A group notes up to which number its audience has
// heard it: these have been sent its members and are sent every change, those
// with a higher number nothing yet. Who registers first enters the audience and
// then goes through all groups, telling each one's members to whom it has not
// heard and raising the group's number (catchUp). Both that and a change hold
// the group's lock, so the change is in the snapshot or comes after it.
//
// No group is missed: it was in its scope's map when the round began, or it was
// put there afterwards. Then its first member comes after we entered, and the
// first member raises the number to the latest one: of an empty group there is
// nothing to hear. A group that the round still finds, but which got its first
// member before we entered, has the lower number, and is caught up with.
//
// Rejected: a list of monitors at each group, which costs each new group a copy
// of it and each registration memory in every group.
type audience struct {
	count  atomic.Int64  // len(list): who finds 0 need not lock; stored before latest
	latest atomic.Uint64 // the highest number given; stored under mu, after list
	scope  *scope        // that is held for each registration; nil for all scopes

	mu      sync.RWMutex
	list    []listener          // guarded by mu: by number, rising
	numbers map[*monitor]uint64 // guarded by mu
}

// listener is one registration.
type listener struct {
	m      *monitor
	number uint64
}

func byNumber(l listener, number uint64) int {
	switch {
	case l.number < number:
		return -1
	case l.number > number:
		return 1
	}
	return 0
}

// add registers m; not added without an error: it was registered already.
func (a *audience) add(m *monitor) (added bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.numbers[m]; again {
		return false, nil
	}
	if err := m.attach(a); err != nil {
		return false, err
	}
	if a.numbers == nil {
		a.numbers = map[*monitor]uint64{}
	}
	number := a.latest.Load() + 1
	a.numbers[m] = number
	a.list = append(a.list, listener{m, number})
	a.count.Add(1)
	a.latest.Store(number)
	return true, nil
}

// drop ends m's registration here.
func (a *audience) drop(m *monitor) {
	a.mu.Lock()
	number, ok := a.numbers[m]
	if ok {
		i, _ := slices.BinarySearchFunc(a.list, number, byNumber)
		a.list = slices.Delete(a.list, i, i+1)
		delete(a.numbers, m)
		a.count.Add(-1)
		m.detach(a)
	}
	a.mu.Unlock()
	if ok && a.scope != nil {
		a.scope.release()
	}
}

// hears says whether m is registered with a number up to heard; mu is held.
func (a *audience) hears(m *monitor, heard uint64) bool {
	number, ok := a.numbers[m]
	return ok && number <= heard
}

// The audiences of a group, as in group.heard.
const (
	ofScope = iota
	ofAll
)

// audiences returns both, locked for reading.
func (g *group) audiences() (both [2]*audience, unlock func()) {
	both = [2]*audience{&g.scope.audience, &g.scope.tables.audience}
	both[ofScope].mu.RLock()
	both[ofAll].mu.RLock()
	return both, func() {
		both[ofAll].mu.RUnlock()
		both[ofScope].mu.RUnlock()
	}
}

// quiet says that nobody monitors g; mu is held. Who is entering an audience at
// this moment may be overlooked: it has not heard g and is told nothing yet.
func (g *group) quiet() bool {
	return g.own.len() == 0 && g.scope.audience.count.Load() == 0 && g.scope.tables.audience.count.Load() == 0
}

// isHeardBy says that m hears of g through an audience; mu is held.
func (g *group) isHeardBy(m *monitor) bool {
	both, unlock := g.audiences()
	defer unlock()
	return both[ofScope].hears(m, g.heard[ofScope]) || both[ofAll].hears(m, g.heard[ofAll])
}

// tell queues ev, a change, at all who hear of g, once at each; mu is held.
func (g *group) tell(ev Event, news *news) {
	for _, m := range g.own.keys {
		news.put(m, ev)
	}
	both, unlock := g.audiences()
	defer unlock()
	for level, a := range both {
		for _, l := range a.list {
			if l.number > g.heard[level] {
				break
			}
			if g.own.has(l.m) || level == ofAll && both[ofScope].hears(l.m, g.heard[ofScope]) {
				continue
			}
			news.put(l.m, ev)
		}
	}
}

// catchUp queues g's members at those of its audiences who have heard nothing
// of it yet; mu is held.
func (g *group) catchUp(news *news) {
	both, unlock := g.audiences()
	defer unlock()
	for level, a := range both {
		from, _ := slices.BinarySearchFunc(a.list, g.heard[level]+1, byNumber)
		other := 1 - level
		for _, l := range a.list[from:] {
			if g.members.len() > 0 && !g.own.has(l.m) && !both[other].hears(l.m, g.heard[other]) {
				news.put(l.m, g.present())
			}
		}
		g.heard[level] = a.latest.Load()
	}
}

// catchUp goes through the groups of a scope, or of all scopes, sorted so that
// what a monitor gets first does not depend on chance.
func (t *tables) catchUp(in string) {
	var groups []*group
	t.scopes.Range(func(name string, s *scope) bool {
		if in == AllScopes || in == name {
			s.groups.Range(func(_ string, g *group) bool {
				groups = append(groups, g)
				return true
			})
		}
		return true
	})
	slices.SortFunc(groups, func(a, b *group) int { return compareKeys(a.key, b.key) })
	var news news
	defer news.deliver()
	for _, g := range groups {
		g.mu.Lock()
		g.catchUp(&news)
		g.mu.Unlock()
	}
}
