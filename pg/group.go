package pg

import (
	"context"
	"fmt"
	"reflect"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// DefaultScope is the scope of a Group whose Scope is empty, as events and
// listings call it.
const DefaultScope = "default"

// AllScopes stands for all scopes, in MonitorScope, UnmonitorScope and Groups.
// No scope has this name.
const AllScopes = "*"

// Group names a group of actors that take messages of type M. It is a plain,
// comparable value; any goroutine may use it. A group exists while it has a
// member.
type Group[M any] struct {
	// Scope keeps names apart: the same Name in two scopes is two groups.
	// Empty means DefaultScope.
	Scope string
	// Name must not be empty.
	Name string
}

// String returns scope and name.
func (g Group[M]) String() string { return g.key().String() }

func (g Group[M]) key() key {
	if g.Scope == "" {
		return key{DefaultScope, g.Name}
	}
	return key{g.Scope, g.Name}
}

// key is a group's full name.
type key struct{ scope, name string }

func (k key) String() string { return k.scope + "/" + k.name }

func compareKeys(a, b key) int {
	switch {
	case a == b:
		return 0
	case a.scope < b.scope, a.scope == b.scope && a.name < b.name:
		return -1
	}
	return 1
}

// check says what is wrong with a use of g.
func (g Group[M]) check(ctx context.Context) error {
	if ctx == nil {
		return actor.ErrNilContext
	}
	return g.key().check()
}

func (k key) check() error {
	switch {
	case k.name == "":
		return fmt.Errorf("%w: the group in scope %q has an empty name", ErrName, k.scope)
	case k.scope == AllScopes:
		return fmt.Errorf("%w: group %q in scope %q, which means all scopes", ErrName, k.name, k.scope)
	}
	return nil
}

// reach says to a simulation that the calling goroutine is about to look at the
// group, or to change it.
func (g Group[M]) reach() { g.key().reach() }

func (k key) reach() {
	if sched.Driven() {
		sched.Reach(sched.Op{Kind: sched.OpGroup, On: k, Note: k.String()})
	}
}

// find returns the group that g names, nil if there is none.
func (g Group[M]) find(ctx context.Context) (*group, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	g.reach()
	found := tablesOf(actor.SystemOf(ctx)).find(g.key())
	if found == nil {
		return nil, nil
	}
	if err := found.checkType(reflect.TypeFor[M]()); err != nil {
		return nil, err
	}
	return found, nil
}

// fenced says that the calling goroutine is a callback of an abandoned actor:
// whatever it does must have no effect any more.
func fenced() bool {
	if sched.Fences() == 0 {
		return false
	}
	car := sched.Inside()
	return car != nil && car.Fenced()
}
