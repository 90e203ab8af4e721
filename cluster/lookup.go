package cluster

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Lookup yields all actors that have that name and take messages of type M, with the
// names of their nodes: this node's own first, then those of the Go nodes that it
// has a session with. Names are those of actor.Named, of remotable actors, and of
// Node.Export. Nothing makes a name unique in a cluster: whoever needs one actor
// has to choose. It asks nobody, so an actor that was named a moment ago may be
// missing, and one that has just ended may be there. Any goroutine may call it; it
// takes a lock for each session.
func Lookup[M any](n *Node, name string) iter.Seq2[string, actor.Ref[M]] {
	return func(yield func(string, actor.Ref[M]) bool) {
		for _, h := range n.named(name) {
			if r, ok := actor.As[M](h.ref); ok && !yield(h.node, r) {
				return
			}
		}
	}
}

// found is an actor that has a name.
type found struct {
	node string
	ref  actor.AnyRef
}

func (n *Node) named(name string) []found {
	var all []found
	for _, l := range n.holders(name) {
		all = append(all, found{n.name, l.ref})
	}
	n.mu.Lock()
	sessions := n.sorted()
	n.mu.Unlock()
	for _, s := range sessions {
		if s.trust.Load() {
			all = append(all, s.holders(name)...)
		}
	}
	return all
}

// holders returns the peer's actors of that name, by pid.
func (s *session) holders(name string) []found {
	s.mu.Lock()
	defer s.mu.Unlock()
	var fars []*far
	for pid := range s.names[name] {
		if f := s.shims[pid]; f != nil {
			fars = append(fars, f)
		}
	}
	slices.SortFunc(fars, func(a, b *far) int { return cmp.Compare(a.pid, b.pid) })
	all := make([]found, len(fars))
	for i, f := range fars {
		all[i] = found{s.peer.Name, f.shim.Ref()}
	}
	return all
}

// Spawn has another Go node make an actor of a kind that is in Config.Kinds there,
// out of arg, and waits for it. ctx bounds the wait; what comes into being
// afterwards stays. The errors: ErrNoSession, actor.ErrNotSupported for a Rust node,
// ErrNoKind, a *RemoteError with what the Kind has returned, ErrNoCodec when there
// is none for M here, ErrNodeDown, ErrOutboundFull, context.Cause(ctx), and inside
// a handler, where it hands the worker on, those of actor.Park.
func Spawn[M any](ctx context.Context, n *Node, node, kind string, arg []byte) (actor.Ref[M], error) {
	var none actor.Ref[M]
	if ctx == nil {
		return none, actor.ErrNilContext
	}
	r, err := n.spawnAt(ctx, node, kind, arg)
	if err != nil {
		return none, err
	}
	ref, ok := actor.As[M](r)
	if !ok {
		_, err := actor.ShimOf(r).Far().Sender(reflect.TypeFor[M]())
		return none, err
	}
	return ref, nil
}

func (n *Node) spawnAt(ctx context.Context, node, kind string, arg []byte) (actor.AnyRef, error) {
	s := n.peer(node)
	switch {
	case s == nil:
		return actor.AnyRef{}, fmt.Errorf("%w: %q", ErrNoSession, node)
	case !s.peer.Go:
		return actor.AnyRef{}, fmt.Errorf("%w: spawn on %s, which is no Go node", actor.ErrNotSupported, node)
	}
	g, err := s.ask(ctx, 0, func(tag uint64) *wire.Go {
		r := &wire.SpawnRequest{Tag: tag, Kind: kind, Arg: arg}
		if deadline, ok := ctx.Deadline(); ok {
			ms := remaining(time.Until(deadline))
			r.TimeoutMs = &ms
		}
		return &wire.Go{Msg: &wire.Go_SpawnRequest{SpawnRequest: r}}
	})
	if err != nil {
		return actor.AnyRef{}, err
	}
	r := g.GetSpawnReply()
	if err := s.said(r.GetCode(), r.GetText()); err != nil {
		return actor.AnyRef{}, err
	}
	return s.resolve(s.peer.Name, s.peer.Incarnation, r.GetPid(), nil)
}
