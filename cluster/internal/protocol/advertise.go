package protocol

import (
	"log/slog"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Which of our actors a peer knows of, and may send to. To ractor all are
// advertised, as it expects. A Go node is told nothing of an actor, and may not
// send to it, until the actor is granted to it: by joining a group, by a name, or
// by Export. Pids can be guessed, so this is the permission.

// advertise is step 3 of the sync.
func (m *Machine) advertise(c *conn) {
	if c.peer.Go {
		return
	}
	actors := make([]*wire.Actor, 0, len(m.local.actors))
	for _, pid := range m.local.pids() {
		m.emit(Allow{c.Conn, pid})
		actors = append(actors, m.wireActor(pid))
	}
	for chunk := range chunks(actors) {
		m.control(c, spawnMessage(chunk), false)
	}
}

// grant lets the peer send to an actor of ours; it returns false if there is no
// such actor. Does the peer hear of it? That is for the caller to tell.
func (m *Machine) grant(c *conn, pid uint64) bool {
	if _, ok := m.local.actors[pid]; !ok {
		return false
	}
	if c.peer.Go && !c.session.granted[pid] {
		c.session.granted[pid] = true
		m.emit(Allow{c.Conn, pid})
	}
	return true
}

func (m *Machine) spawned(ev Spawned) {
	if _, ok := m.local.actors[ev.Pid]; ok {
		return
	}
	m.local.actors[ev.Pid] = &localActor{name: ev.Name, typ: ev.Type}
	for _, c := range m.sessions {
		if !c.peer.Go {
			m.emit(Allow{c.Conn, ev.Pid})
			m.control(c, spawnMessage([]*wire.Actor{m.wireActor(ev.Pid)}), false)
		}
	}
}

// ended tells those who know the actor, ractor first that it has left its groups
// and later the rest. Go nodes take it out of its groups, and its names from it.
func (m *Machine) ended(ev Ended) {
	if _, ok := m.local.actors[ev.Pid]; !ok {
		return
	}
	keys := sortedKeys(m.local.actors[ev.Pid].groups)
	for _, c := range m.sessions {
		switch {
		case !c.peer.Go:
			for _, key := range keys {
				m.tellLeft(c, key, []uint64{ev.Pid})
			}
			m.hold(c, ev.Pid)
		case c.session.granted[ev.Pid]:
			delete(c.session.granted, ev.Pid)
			m.goes(c, &wire.Go{Msg: &wire.Go_Down{Down: &wire.Down{Pid: ev.Pid, Reason: ev.Reason}}}, true)
		default:
			continue
		}
		m.emit(Revoke{c.Conn, ev.Pid})
	}
	m.local.remove(ev.Pid)
}

// exported grants an actor whose Ref is about to leave in a message.
func (m *Machine) exported(c *conn, pid uint64) {
	switch {
	case c.session == nil || c.session.granted[pid]:
	case !m.grant(c, pid):
		m.logf(c, slog.LevelDebug, "pid %d is not there to be exported", pid)
	case c.peer.Go:
		a := m.local.actors[pid]
		m.goes(c, &wire.Go{Msg: &wire.Go_Export{Export: &wire.Export{Pid: pid, Name: a.name, Type: a.typ}}}, false)
	}
}

func (m *Machine) wireActor(pid uint64) *wire.Actor {
	w := &wire.Actor{Pid: pid}
	if name := m.local.actors[pid].name; name != "" {
		w.Name = &name
	}
	return w
}

func (m *Machine) wireActors(pids []uint64) []*wire.Actor {
	actors := make([]*wire.Actor, len(pids))
	for i, pid := range pids {
		actors[i] = m.wireActor(pid)
	}
	return actors
}

func spawnMessage(actors []*wire.Actor) *wire.ControlMessage {
	return &wire.ControlMessage{Msg: &wire.ControlMessage_Spawn{Spawn: &wire.Spawn{Actors: actors}}}
}
