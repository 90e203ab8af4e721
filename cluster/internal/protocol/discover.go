package protocol

import (
	"time"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Transitive mode: a node asks each new peer for its peers, once, and dials those
// that it does not know. A node in either mode answers.

// enumerate asks for the peer's peers.
func (m *Machine) enumerate(c *conn) {
	m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_EnumerateNodeSessions{
		EnumerateNodeSessions: node(m.cfg.Name, m.cfg.Addr),
	}}, true)
}

// node names a node to others. It has no Hello: that counts only from the node
// itself.
func node(name, addr string) *wire.NameMessage {
	return &wire.NameMessage{Name: name, Flags: &wire.NodeFlags{Version: 1}, ConnectionString: addr}
}

// answerEnumerate lists our peers, without who asks.
func (m *Machine) answerEnumerate(c *conn, who *wire.NameMessage) {
	answer := &wire.NodeSessions{}
	for _, x := range m.sessions {
		if x.peer.Name != who.GetName() && x.peer.Addr != who.GetConnectionString() {
			answer.Sessions = append(answer.Sessions, node(x.peer.Name, x.peer.Addr))
		}
	}
	m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_NodeSessions{NodeSessions: answer}}, true)
}

// discover dials the peer's peers, over TLS if we reached the peer over TLS.
func (m *Machine) discover(c *conn, nodes []*wire.NameMessage) {
	if !m.cfg.Transitive {
		return
	}
	for _, n := range nodes {
		name, addr := n.GetName(), n.GetConnectionString()
		if name == "" || addr == "" || m.known(name, addr) {
			continue
		}
		if m.dialled.lately(addr, m.now, m.cfg.HandshakeTimeout) {
			continue
		}
		m.emit(Dial{addr, name, c.Secure})
	}
}

// known: the node is this one, or we have a session with it.
func (m *Machine) known(name, addr string) bool {
	if name == m.cfg.Name || addr == m.cfg.Addr {
		return true
	}
	for _, x := range m.sessions {
		if x.peer.Name == name || x.peer.Addr == addr {
			return true
		}
	}
	return false
}

// dialled are the addresses that were dialled lately, so that several peers who
// name a node do not have it dialled several times at once.
type dialled struct{ at map[string]time.Time }

// maxDialled bounds the addresses that are dialled within one HandshakeTimeout.
const maxDialled = 1024

// lately returns false if the address may be dialled now, and then takes down that
// it is.
func (d *dialled) lately(addr string, now time.Time, within time.Duration) bool {
	for a, at := range d.at {
		if now.Sub(at) >= within {
			delete(d.at, a)
		}
	}
	if _, ok := d.at[addr]; ok || len(d.at) >= maxDialled {
		return true
	}
	if d.at == nil {
		d.at = map[string]time.Time{}
	}
	d.at[addr] = now
	return false
}
