package registry

import (
	"iter"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v3"
)

// Table maps names to owners; the zero Table is ready. All methods may be
// called from any goroutine; changes to one name happen one after another, and
// changes to different names seldom meet. A Table must not be copied after its
// first use.
//
// Each name costs about 100 bytes; a Table that never had a name costs a word.
type Table[V comparable] struct {
	// names is made by the first Claim. From then on it never changes, so the
	// look at it that each call begins with is a load of a line that no one
	// writes to.
	names atomic.Pointer[xsync.MapOf[string, V]]
}

// Claim gives name to v and returns v and true. When the name is taken nothing
// changes, and Claim returns its owner and false, even if the owner is v: among
// any number of claims of a free name exactly one returns true. The empty name
// is a name like any other.
func (t *Table[V]) Claim(name string, v V) (owner V, ok bool) {
	names := t.names.Load()
	if names == nil {
		t.names.CompareAndSwap(nil, xsync.NewMapOf[string, V]())
		names = t.names.Load() // ours, or that of whoever came first
	}
	owner, taken := names.LoadOrStore(name, v)
	return owner, !taken
}

// Release frees name if v has it and says whether that was so. A name that
// somebody else has meanwhile is left alone, so that an owner that is late
// with its Release evicts nobody.
func (t *Table[V]) Release(name string, v V) bool {
	names := t.names.Load()
	if names == nil {
		return false
	}
	released := false
	names.Compute(name, func(owner V, taken bool) (V, bool) {
		released = taken && owner == v
		return owner, released || !taken // true: the name is to be free
	})
	return released
}

// Lookup returns the owner of name, and whether it has one. It takes no lock.
func (t *Table[V]) Lookup(name string) (V, bool) {
	if names := t.names.Load(); names != nil {
		return names.Load(name)
	}
	var none V
	return none, false
}

// All yields names with their owners, in no order. It is not a snapshot: a name
// that is there all the time is yielded exactly once, one that comes or goes
// meanwhile at most once. The loop may use the Table.
func (t *Table[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if names := t.names.Load(); names != nil {
			names.Range(yield)
		}
	}
}

// Len returns how many names are taken, nearly so while that changes.
func (t *Table[V]) Len() int {
	if names := t.names.Load(); names != nil {
		return names.Size()
	}
	return 0
}
