package protocol

import (
	"maps"
	"slices"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Names between Go nodes: each node tells of its own. Nothing is unique in the
// cluster; a name here and the same name there are two actors.

// tellNames is the sync's.
func (m *Machine) tellNames(c *conn) {
	if !c.peer.Go {
		return
	}
	for _, pid := range m.local.pids() {
		names := m.local.actors[pid].names
		for _, name := range slices.Sorted(maps.Keys(names)) {
			m.tellNamed(c, name, pid, names[name])
		}
	}
}

func (m *Machine) tellNamed(c *conn, name string, pid uint64, typ string) {
	m.grant(c, pid)
	m.goes(c, &wire.Go{Msg: &wire.Go_Named{Named: &wire.Named{Name: name, Pid: pid, Type: typ}}}, true)
}

func (m *Machine) named(ev Named) {
	a, ok := m.local.actors[ev.Pid]
	if !ok {
		return
	}
	if _, ok := a.names[ev.Name]; ok {
		return
	}
	if a.names == nil {
		a.names = map[string]string{}
	}
	a.names[ev.Name] = ev.Type
	for _, c := range m.sessions {
		if c.peer.Go {
			m.tellNamed(c, ev.Name, ev.Pid, ev.Type)
		}
	}
}

func (m *Machine) unnamed(ev Unnamed) {
	a, ok := m.local.actors[ev.Pid]
	if !ok {
		return
	}
	if _, ok := a.names[ev.Name]; !ok {
		return
	}
	delete(a.names, ev.Name)
	for _, c := range m.sessions {
		if c.peer.Go {
			m.goes(c, &wire.Go{Msg: &wire.Go_Unnamed{Unnamed: &wire.Unnamed{Name: ev.Name, Pid: ev.Pid}}}, true)
		}
	}
}

func (m *Machine) peerNamed(c *conn, msg *wire.Named) {
	m.up(c, msg.GetPid(), msg.GetName(), msg.GetType())
	m.emit(PeerNamed{c.Conn, msg.GetName(), msg.GetPid(), msg.GetType()})
}

func (m *Machine) peerUnnamed(c *conn, msg *wire.Unnamed) {
	if _, ok := c.session.up[msg.GetPid()]; ok {
		m.emit(PeerUnnamed{c.Conn, msg.GetName(), msg.GetPid()})
	}
}
