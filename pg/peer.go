package pg

import (
	"sync"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

// peer is the groups that one actor is in, so that its end leaves exactly these.
//
// There are no ghosts: that an actor is in a group's members and its peer has
// ended is not possible for longer than end takes. Both are written by who holds
// the group's lock, the peer first. Either enter finds the peer ended and
// nothing is written; or the group is in groups before end takes these, and end
// then comes for the group's lock and finds the member, which was added under
// that same hold. And a peer that never gets its hook, because the actor had
// crossed to Stopping, never takes a group: OnStopping and the crossing are
// ordered by the actor, so the hook is refused or will run.
type peer struct {
	t  *tables
	id actor.ID

	mu     sync.Mutex
	hooked bool                  // guarded by mu
	ended  bool                  // guarded by mu
	groups set[*group, struct{}] // guarded by mu
}

// peer returns the record of an actor of this System, nil if that is ending. r
// must be the actor's own Ref: a name could lead to another one meanwhile.
func (t *tables) peer(r actor.AnyRef) *peer {
	id := r.ID()
	p, ok := t.peers.Load(id)
	if !ok {
		p, _ = t.peers.LoadOrStore(id, &peer{t: t, id: id})
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.hooked && !p.ended {
		_, p.hooked = actor.OnStopping(r, p.end)
		if p.ended = !p.hooked; p.ended {
			t.peers.Delete(id)
		}
	}
	if p.ended {
		return nil
	}
	return p
}

// enter notes g, whose lock is held; false: the actor is ending.
func (p *peer) enter(g *group) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return false
	}
	p.groups.add(g, struct{}{})
	return true
}

// leave forgets g, whose lock is held.
func (p *peer) leave(g *group) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.groups.remove(g)
}

// end runs at the crossing to Stopping, in whatever goroutine makes it.
func (p *peer) end() {
	p.mu.Lock()
	p.ended = true
	groups := p.groups.keys
	p.groups = set[*group, struct{}]{}
	p.mu.Unlock()
	p.t.peers.Delete(p.id)
	gone := []member{{id: p.id}}
	var news news
	defer news.deliver() // when all are left: a delivery may end this goroutine
	for _, g := range groups {
		if sched.Driven() {
			sched.Touch(nil, g.key)
		}
		g.mu.Lock()
		g.leave(gone, &news) // if it has not left meanwhile
		g.unlock()
	}
}
