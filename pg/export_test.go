package pg

import (
	"reflect"
	"slices"

	"github.com/ractor-go/ractor/actor"
)

// Left counts what the tables of a System hold.
type Left struct{ Scopes, Groups, Peers, Memberships, Monitors, Listeners int }

func LeftIn(sys *actor.System) Left {
	t := tablesOf(sys)
	l := Left{Peers: t.peers.Size(), Monitors: t.monitors.Size(), Scopes: t.scopes.Size(), Listeners: len(t.audience.list)}
	t.peers.Range(func(_ actor.ID, p *peer) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		l.Memberships += p.groups.len()
		return true
	})
	t.scopes.Range(func(_ string, s *scope) bool {
		l.Groups += s.groups.Size()
		l.Listeners += len(s.audience.list)
		return true
	})
	return l
}

// JoinIn and MonitorIn are Join and Monitor that stop at the narrowest place, when
// the actor has been found alive and the group is about to be locked.
func JoinIn[M any](sys *actor.System, g Group[M], r actor.Ref[M], between func()) {
	t := tablesOf(sys)
	m := member{id: r.ID(), ref: r.Any(), peer: t.peer(r.Any())}
	between()
	in, err := t.enter(g.key(), reflect.TypeFor[M]())
	if err != nil {
		panic(err)
	}
	var news news
	in.join([]member{m}, &news)
	in.unlock()
	news.deliver()
}

func MonitorIn[M any](sys *actor.System, g Group[M], to actor.Ref[Event], between func()) (one, all error) {
	t := tablesOf(sys)
	m, err := t.monitor(to)
	if err != nil {
		panic(err)
	}
	defer m.unpin()
	between()
	in, err := t.enter(g.key(), reflect.TypeFor[M]())
	if err != nil {
		panic(err)
	}
	var news news
	one = in.addMonitor(m, &news)
	in.unlock()
	news.deliver()
	_, all = t.audience.add(m)
	return one, all
}

type Set = set[int, int]

func (s *set[K, V]) Keys() []K       { return s.keys }
func (s *set[K, V]) Values() []V     { return s.values }
func (s *set[K, V]) Cap() int        { return cap(s.keys) }
func (s *set[K, V]) Add(k K, v V)    { s.add(k, v) }
func (s *set[K, V]) Remove(k K) bool { _, ok := s.remove(k); return ok }
func (s *set[K, V]) Has(k K) bool    { return s.has(k) }
func Jump(key string, n int) int     { return jump(hash(key), n) }

// LockOthers locks all groups but some.
func LockOthers[M any](sys *actor.System, but ...Group[M]) (unlock func()) {
	var locked []*group
	tablesOf(sys).scopes.Range(func(_ string, s *scope) bool {
		s.groups.Range(func(_ string, g *group) bool {
			if !slices.ContainsFunc(but, func(b Group[M]) bool { return b.key() == g.key }) {
				g.mu.Lock()
				locked = append(locked, g)
			}
			return true
		})
		return true
	})
	return func() {
		for _, g := range locked {
			g.mu.Unlock()
		}
	}
}
