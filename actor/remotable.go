package actor

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Remotable lets actors of other nodes send to the actor, by package cluster.
// Spawn fails when a node of the System has no way to read messages of the
// actor's type. Without a node it does nothing.
func Remotable() Option {
	return Option{func(o *options) error {
		o.remote = true
		return nil
	}}
}

// RemotableWatcher is told of the actors that other nodes may send to. Its
// methods are called one after another, with a lock held: they must not block,
// and neither spawn nor watch.
type RemotableWatcher interface {
	// Remotable is told of an actor before its PreStart, on the goroutine of
	// Spawn; name is "" if it has none. An error fails the Spawn. Of an actor
	// that was there before the watcher it means that this one does not care.
	Remotable(r AnyRef, message reflect.Type, name string) error

	// Gone is told of the end, once, of each actor for which Remotable has
	// returned nil: where monitors are told, after all that the actor has sent.
	Gone(r AnyRef, ev Event)
}

// remotables are the remotable actors of a System, and who watches them.
type remotables struct {
	mu       sync.Mutex
	actors   map[*cell][]*remotableWatch // guarded by mu: with those who have taken it
	watchers []*remotableWatch           // guarded by mu
}

// remotableWatch is one WatchRemotables.
type remotableWatch struct{ RemotableWatcher }

// WatchRemotables has w told of all remotable actors: those that are there, in
// the order of spawning, before it returns, and every new one. After cancel has
// returned, w is told nothing more; neither may be called by w itself. Any
// goroutine may call both.
func (sys *System) WatchRemotables(w RemotableWatcher) (cancel func()) {
	t := &sys.remotables
	x := &remotableWatch{w}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers = append(t.watchers, x)
	present := make([]*cell, 0, len(t.actors))
	for c := range t.actors {
		present = append(present, c)
	}
	slices.SortFunc(present, func(a, b *cell) int { return cmp.Compare(a.seq, b.seq) })
	for _, c := range present {
		_ = t.offer(c, x) // it is there: nothing fails
	}
	return func() { t.cancel(x) }
}

func (t *remotables) cancel(x *remotableWatch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	is := func(o *remotableWatch) bool { return o == x }
	t.watchers = slices.DeleteFunc(t.watchers, is)
	for c, takers := range t.actors {
		t.actors[c] = slices.DeleteFunc(takers, is)
	}
}

// offer tells x of c; mu is held.
func (t *remotables) offer(c *cell, x *remotableWatch) error {
	r := ref{c}
	err := guard(func() error { return x.Remotable(AnyRef{r}, c.kind.message, r.Name()) })
	if err == nil {
		t.actors[c] = append(t.actors[c], x)
	}
	return err
}

// enter enters an actor that is about to start. After an error the start must be
// undone: leave comes then too.
func (t *remotables) enter(c *cell) error {
	c.set(remotableFlag)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.actors == nil {
		t.actors = map[*cell][]*remotableWatch{}
	}
	t.actors[c] = nil
	for _, x := range t.watchers {
		if err := t.offer(c, x); err != nil {
			return fmt.Errorf("Remotable: %v: %w", ref{c}, err)
		}
	}
	return nil
}

// leave is the end of an actor.
func (t *remotables) leave(c *cell, ev Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	takers := t.actors[c]
	delete(t.actors, c)
	for _, x := range takers {
		if err := guard(func() error { x.Gone(ev.Actor, ev); return nil }); err != nil {
			c.kind.sys.log.Error("RemotableWatcher.Gone failed", "actor", ref{c}.String(), "error", err)
		}
	}
}
