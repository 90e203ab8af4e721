package protocol

import (
	"cmp"
	"maps"
	"slices"
)

// local is what this node has to tell others.
type local struct {
	actors map[uint64]*localActor
	groups map[groupKey]map[uint64]bool
}

// localActor is an actor that others may be told of.
type localActor struct {
	name, typ string
	groups    map[groupKey]bool
	names     map[string]string // that Go nodes may look up; with the type
}

// groupKey names a group, as on the wire.
type groupKey struct{ scope, group string }

func newLocal() local {
	return local{actors: map[uint64]*localActor{}, groups: map[groupKey]map[uint64]bool{}}
}

// pids returns all actors, sorted.
func (l *local) pids() []uint64 { return slices.Sorted(maps.Keys(l.actors)) }

// sortedKeys returns the keys of a map of groups, sorted.
func sortedKeys[V any](groups map[groupKey]V) []groupKey {
	return slices.SortedFunc(maps.Keys(groups), func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.group, b.group))
	})
}

// join returns those who are new in the group. Actors that are not told of do not
// join.
func (l *local) join(key groupKey, pids []uint64) (changed []uint64) {
	for _, pid := range pids {
		a, ok := l.actors[pid]
		if !ok || a.groups[key] {
			continue
		}
		if a.groups == nil {
			a.groups = map[groupKey]bool{}
		}
		a.groups[key] = true
		if l.groups[key] == nil {
			l.groups[key] = map[uint64]bool{}
		}
		l.groups[key][pid] = true
		changed = append(changed, pid)
	}
	return changed
}

// leave returns those who were in the group.
func (l *local) leave(key groupKey, pids []uint64) (changed []uint64) {
	for _, pid := range pids {
		a, ok := l.actors[pid]
		if !ok || !a.groups[key] {
			continue
		}
		delete(a.groups, key)
		delete(l.groups[key], pid)
		if len(l.groups[key]) == 0 {
			delete(l.groups, key)
		}
		changed = append(changed, pid)
	}
	return changed
}

// remove forgets an actor, which leaves its groups.
func (l *local) remove(pid uint64) {
	for key := range l.actors[pid].groups {
		l.leave(key, []uint64{pid})
	}
	delete(l.actors, pid)
}
