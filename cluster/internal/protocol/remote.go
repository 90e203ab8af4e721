package protocol

import "github.com/ractor-go/ractor/cluster/internal/wire"

// The peer's actors. The machine keeps no more of them than which are up: their
// places in groups and their names end with them.

// up takes down that the peer has an actor.
func (m *Machine) up(c *conn, pid uint64, name, typ string) {
	if _, ok := c.session.up[pid]; ok {
		return
	}
	c.session.up[pid] = false
	m.emit(Up{c.Conn, pid, name, typ})
}

// down takes down that it has ended.
func (m *Machine) down(c *conn, pid uint64, reason *wire.Reason) {
	if _, ok := c.session.up[pid]; !ok {
		return
	}
	delete(c.session.up, pid)
	m.emit(Down{c.Conn, pid, reason})
}
