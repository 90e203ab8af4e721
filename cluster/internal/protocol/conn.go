package protocol

import "time"

// conn is one connection, from Opened to its end.
type conn struct {
	Opened
	peer Peer // what it says to be; proved when session is set

	heard time.Time // when bytes came last
	deaf  bool      // we do not read

	state    state     // of the handshake
	deadline time.Time // of the handshake
	warned   bool      // that something came too early

	connectionID uint64 // in the name message
	challenge    uint32 // ours
	v2           v2
	session      *session // once authenticated
}

// Why connections end, where the reason needs no more words.
const (
	closeByPeer    = "closed by the peer"
	closeLeaving   = "this node shuts down"
	closeTimeout   = "handshake took too long"
	closeCrowded   = "too many connections that are not authenticated"
	closeConnected = "connected already"
	closeSelf      = "self-connection"
	closeLost      = "another connection to this peer stays"
	closeDisplaced = "the peer has started anew"
	closeStale     = "the peer has started anew since"
	closeRefused   = "refused by the peer"
	closeDigest    = "wrong digest: the cookies differ"
	closeMAC       = "wrong proof: the cookies differ, or somebody is in between"
)

// opened takes a new connection, or not. The side that dials speaks first.
func (m *Machine) opened(ev Opened) {
	if _, ok := m.conns[ev.Conn]; ok {
		return
	}
	if reason := m.unwelcome(ev); reason != "" {
		m.emit(Close{ev.Conn, reason})
		return
	}
	c := &conn{Opened: ev, heard: m.now, deadline: m.now.Add(m.cfg.HandshakeTimeout)}
	c.peer.Dialed = ev.Dialed
	m.conns[c.Conn] = c
	m.order = among(m.order, c)
	if ev.Dialed {
		m.initiate(c)
	}
}

func (m *Machine) unwelcome(ev Opened) string {
	if m.left {
		return closeLeaving
	}
	if ev.Dialed {
		if ev.Expect != "" && m.session(ev.Expect) != nil {
			return closeConnected
		}
		return ""
	}
	waiting := 0
	for _, c := range m.order {
		if !c.Dialed && c.session == nil {
			waiting++
		}
	}
	if waiting >= m.cfg.MaxUnauthenticated {
		return closeCrowded
	}
	return ""
}
