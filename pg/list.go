package pg

import (
	"context"
	"iter"
	"slices"

	"github.com/ractor-go/ractor/actor"
)

// Scopes yields the scopes that have a group with a member, sorted. They are
// listed when the iteration begins; no lock is held while it yields. It costs
// time in proportion to the scopes. Any goroutine may call it.
func Scopes(ctx context.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		var names []string
		if t := listed(ctx); t != nil {
			t.scopes.Range(func(name string, s *scope) bool {
				if s.live.Load() > 0 {
					names = append(names, name)
				}
				return true
			})
		}
		slices.Sort(names)
		yieldAll(names, yield)
	}
}

// Groups yields the names of the groups of a scope that have a member, sorted;
// with AllScopes those of all scopes, each name once. An empty scope is
// DefaultScope, as in a Group. They are listed when the iteration begins; no
// lock is held while it yields. It costs time in proportion to the groups. Any
// goroutine may call it.
func Groups(ctx context.Context, in string) iter.Seq[string] {
	if in == "" {
		in = DefaultScope
	}
	return func(yield func(string) bool) {
		var names []string
		if t := listed(ctx); t != nil {
			t.scopes.Range(func(name string, s *scope) bool {
				if in == AllScopes || in == name {
					names = s.list(names)
				}
				return true
			})
		}
		slices.Sort(names)
		yieldAll(slices.Compact(names), yield)
	}
}

// listed returns the tables that ctx leads to, nil if there are none.
func listed(ctx context.Context) *tables {
	if ctx == nil {
		return nil
	}
	return tablesOf(actor.SystemOf(ctx))
}

// list appends the names of the groups that have members.
func (s *scope) list(names []string) []string {
	s.groups.Range(func(name string, g *group) bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.members.len() > 0 {
			names = append(names, name)
		}
		return true
	})
	return names
}

func yieldAll(names []string, yield func(string) bool) {
	for _, name := range names {
		if !yield(name) {
			return
		}
	}
}
