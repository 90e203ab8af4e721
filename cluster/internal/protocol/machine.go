package protocol

import (
	"cmp"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"time"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Machine is all that one node knows of its connections. It is not safe for use
// by several goroutines.
//
// Each connection is a conn in conns; one that is authenticated, and has won, is
// in sessions too, and then conn.session is set.
type Machine struct {
	cfg Config

	conns    map[ConnID]*conn
	order    []*conn // conns by id
	sessions []*conn // the authenticated ones, by id
	left     bool    // after Leave

	ids     connectionIDs
	goNodes goNodes
	dialled dialled
	local   local

	now time.Time // of the running Step
	out []Effect  // of the running Step
}

// New returns the Machine of a node that has no connection and no actor yet.
func New(cfg Config) *Machine {
	return &Machine{
		cfg:   cfg.withDefaults(),
		conns: map[ConnID]*conn{},
		local: newLocal(),
	}
}

// Step takes an event and returns what is to be done because of it. Time must not
// go back from one Step to the next. The effects are the caller's.
func (m *Machine) Step(now time.Time, ev Event) []Effect {
	m.now, m.out = now, nil
	switch ev := ev.(type) {
	case Opened:
		m.opened(ev)
	case Received:
		m.received(ev)
	case Heard:
		m.with(ev.Conn, func(c *conn) { c.heard = now })
	case Deaf:
		m.with(ev.Conn, func(c *conn) {
			m.missed(c)
			c.deaf = ev.Deaf
		})
	case Closed:
		m.with(ev.Conn, func(c *conn) { m.closed(c, ev.Err) })
	case Tick:
		m.tick()
	case Spawned:
		m.spawned(ev)
	case Ended:
		m.ended(ev)
	case Joined:
		m.joined(ev)
	case Left:
		m.leftGroup(ev)
	case Named:
		m.named(ev)
	case Unnamed:
		m.unnamed(ev)
	case Export:
		m.with(ev.Conn, func(c *conn) { m.exported(c, ev.Pid) })
	case Leave:
		m.leave()
	}
	out := m.out
	m.out = nil
	return out
}

// Wake returns when the Machine wants a Tick; ok is false if it waits for nothing.
// It may change with every Step.
func (m *Machine) Wake() (at time.Time, ok bool) {
	for _, c := range m.order {
		if t := m.due(c); !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// Sessions yields the authenticated connections, oldest first.
func (m *Machine) Sessions() iter.Seq2[ConnID, Peer] {
	return func(yield func(ConnID, Peer) bool) {
		for _, c := range m.sessions {
			if !yield(c.Conn, c.peer) {
				return
			}
		}
	}
}

// with calls f with the connection, if it is still there.
func (m *Machine) with(id ConnID, f func(*conn)) {
	if c, ok := m.conns[id]; ok {
		f(c)
	}
}

// session returns the authenticated connection to a node of that name, or nil.
func (m *Machine) session(name string) *conn {
	for _, c := range m.sessions {
		if c.peer.Name == name {
			return c
		}
	}
	return nil
}

func (m *Machine) received(ev Received) {
	c, ok := m.conns[ev.Conn]
	if !ok {
		return
	}
	c.heard = m.now
	if c.session == nil {
		m.handshake(c, ev.Msg)
	} else {
		m.inSession(c, ev.Msg)
	}
}

func (m *Machine) tick() {
	if at, ok := m.Wake(); ok && m.now.Sub(at) > m.cfg.IdleTimeout/2 {
		// It is us who slept. What the peers have said meanwhile is still to be read.
		for _, c := range m.sessions {
			m.missed(c)
		}
	}
	for _, c := range slices.Clone(m.order) {
		if m.conns[c.Conn] == c && !m.now.Before(m.due(c)) {
			if c.session == nil {
				m.close(c, closeTimeout)
			} else {
				m.sessionTick(c)
			}
		}
	}
}

// due is when a connection wants a Tick.
func (m *Machine) due(c *conn) time.Time {
	if c.session == nil {
		return c.deadline
	}
	return m.sessionDue(c)
}

func (m *Machine) leave() {
	m.left = true
	for _, c := range slices.Clone(m.order) {
		m.close(c, closeLeaving)
	}
}

// close ends a connection. In a session that tells of the end too.
func (m *Machine) close(c *conn, reason string) {
	m.emit(Close{c.Conn, reason})
	m.forget(c, reason)
}

// closed: a connection has ended.
func (m *Machine) closed(c *conn, err error) {
	reason := closeByPeer
	if err != nil {
		reason = err.Error()
	}
	m.forget(c, reason)
}

func (m *Machine) forget(c *conn, reason string) {
	delete(m.conns, c.Conn)
	m.order = without(m.order, c)
	if c.session != nil {
		m.sessions = without(m.sessions, c)
		m.emit(Disconnected{c.Conn, c.peer, reason})
	}
}

func (m *Machine) emit(e Effect) { m.out = append(m.out, e) }

func (m *Machine) logf(c *conn, level slog.Level, format string, args ...any) {
	m.emit(Log{c.Conn, level, fmt.Sprintf(format, args...)})
}

// auth sends a message of the handshake.
func (m *Machine) auth(c *conn, msg *wire.AuthenticationMessage) {
	m.emit(Send{Conn: c.Conn, Msg: &wire.NetworkMessage{Message: &wire.NetworkMessage_Auth{Auth: msg}}})
}

// control sends a message of the control plane.
func (m *Machine) control(c *conn, msg *wire.ControlMessage, late bool) {
	m.emit(Send{c.Conn, &wire.NetworkMessage{Message: &wire.NetworkMessage_Control{Control: msg}}, late})
}

// goes sends a message that only Go nodes know.
func (m *Machine) goes(c *conn, msg *wire.Go, late bool) {
	m.emit(Send{c.Conn, &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: msg}}, late})
}

// among puts a connection in its place among others, by id.
func among(conns []*conn, c *conn) []*conn {
	i, _ := place(conns, c)
	return slices.Insert(conns, i, c)
}

// without takes it out; it is among them.
func without(conns []*conn, c *conn) []*conn {
	i, _ := place(conns, c)
	return slices.Delete(conns, i, i+1)
}

func place(conns []*conn, c *conn) (i int, there bool) {
	return slices.BinarySearchFunc(conns, c.Conn, func(x *conn, id ConnID) int { return cmp.Compare(x.Conn, id) })
}
