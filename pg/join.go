package pg

import (
	"context"
	"fmt"
	"reflect"

	"github.com/ractor-go/ractor/actor"
)

// Join adds members to the group, each in its own System. Who is in it already
// stays; who is Stopping or Stopped is passed over. It is one change: monitors
// get one Event with those who are new, if any. The errors: ErrName,
// actor.ErrWrongType, actor.ErrNoActor for a zero Ref, actor.ErrNotFound for a
// name that nobody has, actor.ErrNotSupported for an actor of another node, which
// joins there, actor.ErrNilContext and actor.ErrKilled. With an error nobody has
// joined, unless members are of different Systems. It costs some hundred ns a
// member, the first time some more. Any goroutine may call it.
func (g Group[M]) Join(ctx context.Context, members ...actor.Ref[M]) error {
	return each(ctx, g, members, func(t *tables, members []member) error { return t.join(g.key(), reflect.TypeFor[M](), members) })
}

// Leave ends membership, each in the member's own System. Who is no member is
// passed over. It is one change: monitors get one Event with those who have
// left, if any. The errors are those of Join. Any goroutine may call it.
func (g Group[M]) Leave(ctx context.Context, members ...actor.Ref[M]) error {
	return each(ctx, g, members, func(t *tables, members []member) error { return t.leave(g.key(), reflect.TypeFor[M](), members) })
}

// member is an actor that is to join or to leave.
type member struct {
	id   actor.ID
	ref  actor.AnyRef // as it was given
	peer *peer        // join: nil if the actor is ending
}

// each calls do for the members of each System.
func each[M any](ctx context.Context, g Group[M], refs []actor.Ref[M], do func(*tables, []member) error) error {
	if err := g.check(ctx); err != nil {
		return err
	}
	if fenced() {
		return actor.ErrKilled
	}
	g.reach()
	systems := make([]*actor.System, 0, 1)
	of := make([][]member, 0, 1)
	for n, r := range refs {
		sys := r.System()
		id := r.ID()
		switch {
		case r.IsZero():
			return fmt.Errorf("group %v, member %d of %d: %w", g, n+1, len(refs), actor.ErrNoActor)
		case sys == nil || id == 0:
			return fmt.Errorf("group %v, member %d of %d: %w: its name", g, n+1, len(refs), actor.ErrNotFound)
		}
		i := 0
		for i < len(systems) && systems[i] != sys {
			i++
		}
		if i == len(systems) {
			systems = append(systems, sys)
			of = append(of, make([]member, 0, len(refs)-n))
		}
		of[i] = append(of[i], member{id: id, ref: r.Any()})
	}
	for i, sys := range systems {
		if err := do(tablesOf(sys), of[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tables) join(k key, message reflect.Type, members []member) error {
	alive := 0
	for i := range members {
		m := &members[i]
		if own := t.sys.Lookup(m.id); !own.IsZero() {
			if message != nil && actor.ShimOf(own) != nil {
				return notHere(k, own)
			}
			m.peer = t.peer(own)
		}
		if m.peer != nil {
			alive++
		}
	}
	if alive == 0 {
		if g := t.find(k); g != nil { // nobody joins, but a mistake is one still
			return g.checkType(message)
		}
		return nil
	}
	g, err := t.enter(k, message)
	if err != nil {
		return err
	}
	var news news
	g.join(members, &news)
	g.unlock()
	news.deliver()
	return nil
}

// join adds members; mu is held.
func (g *group) join(members []member, news *news) {
	before := g.members.len()
	if before == 0 {
		// There is nothing that anybody has not heard. See audience.
		g.heard = [2]uint64{g.scope.audience.latest.Load(), g.scope.tables.audience.latest.Load()}
	}
	for _, m := range members {
		if m.peer != nil && !g.members.has(m.id) && m.peer.enter(g) {
			g.members.add(m.id, m.ref)
		}
	}
	if g.members.len() == before {
		return
	}
	g.changed(before)
	if !g.quiet() {
		// The new ones are the last: join removes nobody.
		joined := append([]actor.AnyRef(nil), g.members.values[before:]...)
		g.tell(Event{Scope: g.key.scope, Group: g.key.name, Joined: joined}, news)
	}
}

func (t *tables) leave(k key, message reflect.Type, members []member) error {
	g := t.find(k)
	if g == nil {
		return nil
	}
	if err := g.checkType(message); err != nil {
		return err
	}
	if message != nil {
		for _, m := range members {
			if own := t.sys.Lookup(m.id); actor.ShimOf(own) != nil {
				return notHere(k, own)
			}
		}
	}
	var news news
	g.mu.Lock()
	g.leave(members, &news)
	g.unlock()
	news.deliver()
	return nil
}

// notHere is the error of an actor of another node: that node says where it is a
// member, and all nodes say the same.
func notHere(k key, r actor.AnyRef) error {
	return fmt.Errorf("group %v: %w: %v joins and leaves on its own node", k, actor.ErrNotSupported, r)
}

// leave removes members; mu is held.
func (g *group) leave(members []member, news *news) {
	before := g.members.len()
	var left []actor.AnyRef
	loud := !g.quiet()
	for _, m := range members {
		ref, ok := g.members.remove(m.id)
		if !ok {
			continue
		}
		if loud {
			left = append(left, ref)
		}
		if p, ok := g.scope.tables.peers.Load(m.id); ok {
			p.leave(g)
		}
	}
	if g.members.len() == before {
		return
	}
	g.changed(before)
	if loud {
		g.tell(Event{Scope: g.key.scope, Group: g.key.name, Left: left}, news)
	}
}
