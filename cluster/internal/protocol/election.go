package protocol

import (
	"slices"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Sections 5.6 and 5.7 of the wire reference: of several connections between two
// nodes both ends keep the same one, without asking each other.

// candidate is a connection as the election sees it.
type candidate struct {
	id           ConnID
	dialed       bool   // by us
	connectionID uint64 // 0: not told
}

// elect returns those to keep; only connections that we have dialled may be
// more than one, and then the other end chooses.
func elect(us, peer string, all []candidate) []candidate {
	if len(all) < 2 {
		return all
	}
	keep := slices.Clone(all)
	isDialed := func(x candidate) bool { return x.dialed }
	if n := len(slices.DeleteFunc(slices.Clone(keep), isDialed)); n > 0 && n < len(keep) {
		byUs := us > peer // the greater name's connections stay
		keep = slices.DeleteFunc(keep, func(x candidate) bool { return x.dialed != byUs })
	}
	smallest := uint64(0)
	for _, x := range keep {
		if x.connectionID != 0 && (smallest == 0 || x.connectionID < smallest) {
			smallest = x.connectionID
		}
	}
	if smallest != 0 {
		keep = slices.DeleteFunc(keep, func(x candidate) bool { return x.connectionID != smallest })
	}
	if len(keep) > 1 && !slices.ContainsFunc(keep, isDialed) {
		keep = keep[:1] // the oldest
	}
	return keep
}

// candidates are the authenticated connections to c's peer, and c, oldest first.
func (m *Machine) candidates(c *conn) []candidate {
	var all []candidate
	for _, x := range m.order {
		if x == c || x.session != nil && x.peer.Name == c.peer.Name {
			all = append(all, candidate{x.Conn, x.Dialed, x.connectionID})
		}
	}
	return all
}

func (m *Machine) wins(c *conn) bool {
	return slices.ContainsFunc(elect(m.cfg.Name, c.peer.Name, m.candidates(c)),
		func(x candidate) bool { return x.id == c.Conn })
}

// check is the status for a connection that has told its name. What it says is
// not proved, so nothing is closed for it yet.
func (m *Machine) check(c *conn) wire.ServerStatus_Status {
	for _, x := range m.order {
		if x != c && x.peer.Name == c.peer.Name && x.connectionID == c.connectionID {
			return wire.ServerStatus_OK // a repeated id, or none: chosen when authenticated
		}
	}
	held := m.session(c.peer.Name)
	switch {
	case held == nil:
		return wire.ServerStatus_OK
	case displaces(held, c):
		return wire.ServerStatus_NOT_OK
	case displaces(c, held) || m.wins(c):
		return wire.ServerStatus_OK_SIMULTANEOUS
	}
	return wire.ServerStatus_NOT_OK
}

// displaces says that b makes room for a without an election: a's node is a later
// life of b's, or has proved its name where b has not. Only Go nodes do either.
func displaces(a, b *conn) bool {
	return a.peer.Go && (!b.peer.Go || a.peer.Incarnation > b.peer.Incarnation)
}

// authenticated makes the connection a session, in the place of the one that
// there may be, or closes it.
func (m *Machine) authenticated(c *conn) {
	if held := m.session(c.peer.Name); held != nil {
		switch {
		case displaces(c, held):
			m.close(held, closeDisplaced)
		case displaces(held, c):
			m.close(c, closeStale)
			return
		case m.wins(c):
			m.close(held, closeLost)
		default:
			m.close(c, closeLost)
			return
		}
	}
	c.session = m.newSession()
	m.sessions = among(m.sessions, c)
	m.emit(Authenticated{c.Conn, c.peer})
	m.sync(c)
}
