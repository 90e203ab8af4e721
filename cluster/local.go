package cluster

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
)

// local is a remotable actor of this node.
type local struct {
	ref      actor.AnyRef
	pid      uint64
	codec    Codec
	names    []string    // guarded by Node.mu: under which other nodes find it
	exported atomic.Bool // some peer was told of it
}

// publisher tells the machine of the System's remotable actors and of groups
// (actor.RemotableWatcher, pg.Watcher).
type publisher struct{ *Node }

// Remotable takes an actor that is about to start.
func (n publisher) Remotable(r actor.AnyRef, message reflect.Type, name string) error {
	c := n.codecs[message]
	if c == nil {
		return fmt.Errorf("%w for messages of type %v: none of Config.Codecs of node %s", ErrNoCodec, message, n.name)
	}
	l := &local{ref: r, pid: uint64(r.ID()), codec: c}
	n.locals.Store(l.pid, l)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stepLocked(protocol.Spawned{Pid: l.pid, Name: name, Type: message.String()})
	if name != "" {
		n.publish(name, l)
	}
	return nil
}

// Gone takes an actor's end.
func (n publisher) Gone(r actor.AnyRef, ev actor.Event) {
	pid := uint64(r.ID())
	n.mu.Lock()
	defer n.mu.Unlock()
	if l, ok := n.locals.LoadAndDelete(pid); ok {
		for _, name := range l.names {
			delete(n.names[name], l)
			if len(n.names[name]) == 0 {
				delete(n.names, name)
			}
		}
	}
	n.stepLocked(protocol.Ended{Pid: pid, Reason: reasonOf(ev)})
}

// Joined takes new members of a group.
func (n publisher) Joined(scope, group string, members []actor.AnyRef) {
	n.step(protocol.Joined{Scope: scope, Group: group, Pids: pids(members)})
}

// Left is the opposite of Joined.
func (n publisher) Left(scope, group string, members []actor.AnyRef) {
	n.step(protocol.Left{Scope: scope, Group: group, Pids: pids(members)})
}

func pids(refs []actor.AnyRef) []uint64 {
	ids := make([]uint64, len(refs))
	for i, r := range refs {
		ids[i] = uint64(r.ID())
	}
	return ids
}

// publish lets other nodes find a local actor by name; mu is held.
func (n *Node) publish(name string, l *local) {
	if slices.Contains(l.names, name) {
		return
	}
	l.names = append(l.names, name)
	if n.names[name] == nil {
		n.names[name] = map[*local]struct{}{}
	}
	n.names[name][l] = struct{}{}
	n.stepLocked(protocol.Named{Name: name, Pid: l.pid, Type: l.codec.Message().String()})
}

// Export lets all other Go nodes find the actor by that name, and send to it, as
// they may to those spawned with both actor.Remotable and actor.Named. A name need
// not be unique, and an actor may have several. It ends with the actor, or with
// Unexport. The errors: ErrNotExported for an actor that is not remotable, or has
// ended, or is another node's, and actor.ErrOption for an empty name. Any goroutine
// may call it.
func (n *Node) Export(name string, r actor.AnyRef) error {
	if name == "" {
		return fmt.Errorf("%w: Export: a name must not be empty", actor.ErrOption)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l, err := n.remotable(r)
	if err == nil {
		n.publish(name, l)
	}
	return err
}

// Unexport takes a name back; nodes that know the actor may go on sending to it.
// What was not exported changes nothing. The errors are those of Export.
func (n *Node) Unexport(name string, r actor.AnyRef) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	l, err := n.remotable(r)
	if err != nil || !slices.Contains(l.names, name) {
		return err
	}
	l.names = slices.DeleteFunc(l.names, func(s string) bool { return s == name })
	delete(n.names[name], l)
	n.stepLocked(protocol.Unnamed{Name: name, Pid: l.pid})
	return nil
}

func (n *Node) remotable(r actor.AnyRef) (*local, error) {
	if r.System() == n.sys && actor.ShimOf(r) == nil {
		if l, ok := n.locals.Load(uint64(r.ID())); ok {
			return l, nil
		}
	}
	return nil, fmt.Errorf("%w: %v", ErrNotExported, r)
}

// holders returns the local actors of a name, by pid.
func (n *Node) holders(name string) []*local {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]*local, 0, len(n.names[name]))
	for l := range n.names[name] {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *local) int { return cmp.Compare(a.pid, b.pid) })
	return all
}

// AllowControl lets other Go nodes that can send to the actor also end it, with
// Stop, Kill, Drain and their kin on its Ref. It counts from now until the actor
// ends, in all nodes of its System, and cannot be taken back; PreStart is a good
// place. The error is actor.ErrNoActor, for the zero Ref and for an actor of another
// node. Any goroutine may call it.
func AllowControl(r actor.AnyRef) error {
	sys := r.System()
	if sys == nil || actor.ShimOf(r) != nil {
		return fmt.Errorf("AllowControl: %w", actor.ErrNoActor)
	}
	c := actor.Shared(sys, func() *controlled { return new(controlled) })
	if _, known := c.ids.LoadOrStore(r.ID(), true); !known {
		actor.OnEnd(r, func(actor.Event) { c.ids.Delete(r.ID()) })
	}
	return nil
}

// controlled are the actors of a System that other nodes may end.
type controlled struct{ ids sync.Map }

func controllable(r actor.AnyRef) bool {
	c := actor.Shared(r.System(), func() *controlled { return new(controlled) })
	_, ok := c.ids.Load(r.ID())
	return ok
}
