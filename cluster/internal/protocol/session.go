package protocol

import (
	"log/slog"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Section 6 of the wire reference: what goes on in a session, besides data.

// session is what an authenticated connection has more than another.
type session struct {
	began    time.Time
	nextPing time.Time
	pinged   time.Duration // timestamp of the last ping

	ready bool // the peer has told all; we have since sync

	up      map[uint64]bool // the peer's actors; true: its end is held back
	ends    ends
	granted map[uint64]bool // Go: our actors that it may send to
}

func (m *Machine) newSession() *session {
	return &session{
		began:    m.now,
		nextPing: m.now.Add(m.untilPing()),
		up:       map[uint64]bool{},
		granted:  map[uint64]bool{},
	}
}

// untilPing draws the time to the next ping.
func (m *Machine) untilPing() time.Duration {
	spread := uint64(m.cfg.PingMax-m.cfg.PingMin) + 1
	return m.cfg.PingMin + time.Duration(m.cfg.Rand()%spread)
}

// sync tells the peer all that it must know at first, in the order of section
// 6.1. It is one piece: whatever the peer says comes before all of it or after.
func (m *Machine) sync(c *conn) {
	if m.cfg.Transitive {
		m.enumerate(c)
	}
	m.advertise(c)
	m.tellGroups(c)
	m.tellNames(c)
	m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_Ready{Ready: &wire.Ready{}}}, true)
}

// inSession takes a message of an authenticated peer. What is of the handshake, or
// for actors, or empty, is ignored.
func (m *Machine) inSession(c *conn, msg *wire.NetworkMessage) {
	switch msg := msg.GetMessage().(type) {
	case *wire.NetworkMessage_Control:
		m.controlMessage(c, msg.Control)
	case *wire.NetworkMessage_Go:
		if c.peer.Go {
			m.goMessage(c, msg.Go)
		}
	}
}

func (m *Machine) controlMessage(c *conn, msg *wire.ControlMessage) {
	switch msg := msg.GetMsg().(type) {
	case *wire.ControlMessage_Spawn:
		for _, a := range msg.Spawn.GetActors() {
			m.up(c, a.GetPid(), a.GetName(), "")
		}
	case *wire.ControlMessage_Terminate:
		m.terminate(c, msg.Terminate.GetIds())
	case *wire.ControlMessage_Ping:
		m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_Pong{
			Pong: &wire.Pong{Timestamp: msg.Ping.GetTimestamp()},
		}}, true)
	case *wire.ControlMessage_Pong:
		if ts := msg.Pong.GetTimestamp(); ts.IsValid() {
			m.answered(c, time.Duration(ts.GetSeconds())*time.Second+time.Duration(ts.GetNanos()))
		}
	case *wire.ControlMessage_PgJoin:
		m.peerJoined(c, msg.PgJoin)
	case *wire.ControlMessage_PgLeave:
		m.peerLeft(c, msg.PgLeave)
	case *wire.ControlMessage_EnumerateNodeSessions:
		m.answerEnumerate(c, msg.EnumerateNodeSessions)
	case *wire.ControlMessage_NodeSessions:
		m.discover(c, msg.NodeSessions.GetSessions())
	case *wire.ControlMessage_Ready:
		m.peerReady(c)
	}
}

// goMessage takes what only Go nodes say. Answers to data, commands and spawn
// requests do not come here.
func (m *Machine) goMessage(c *conn, msg *wire.Go) {
	switch msg := msg.GetMsg().(type) {
	case *wire.Go_Down:
		m.down(c, msg.Down.GetPid(), msg.Down.GetReason())
	case *wire.Go_Export:
		m.up(c, msg.Export.GetPid(), msg.Export.GetName(), msg.Export.GetType())
	case *wire.Go_Named:
		m.peerNamed(c, msg.Named)
	case *wire.Go_Unnamed:
		m.peerUnnamed(c, msg.Unnamed)
	}
}

func (m *Machine) peerReady(c *conn) {
	if c.session.ready {
		m.logf(c, slog.LevelWarn, "%s is ready a second time", c.peer.Name)
		return
	}
	c.session.ready = true
	m.emit(Ready{c.Conn, c.peer})
}

// ping asks for a pong. The timestamps of a session are unique, so that a pong
// says which ping it answers.
func (m *Machine) ping(c *conn) {
	s := c.session
	s.pinged = max(m.now.Sub(s.began), s.pinged+1)
	m.control(c, &wire.ControlMessage{Msg: &wire.ControlMessage_Ping{Ping: &wire.Ping{
		Timestamp: &timestamppb.Timestamp{Seconds: int64(s.pinged / time.Second), Nanos: int32(s.pinged % time.Second)},
	}}}, true)
}

// sessionTick does what time asks for.
func (m *Machine) sessionTick(c *conn) {
	if at, ok := m.silentAt(c); ok && !m.now.Before(at) {
		m.close(c, "silent for "+m.cfg.IdleTimeout.String())
		return
	}
	if !c.deaf {
		m.releaseEnds(c)
	}
	if !m.now.Before(c.session.nextPing) {
		m.ping(c)
		c.session.nextPing = m.now.Add(m.untilPing())
	}
}

func (m *Machine) sessionDue(c *conn) time.Time {
	due := c.session.nextPing
	if at, ok := m.silentAt(c); ok && at.Before(due) {
		due = at
	}
	if at, ok := c.session.ends.due(); ok && !c.deaf && at.Before(due) {
		due = at
	}
	return due
}

// missed begins anew to wait for the peer: what it has said is still to be read.
func (m *Machine) missed(c *conn) {
	c.heard = m.now
	if c.session != nil {
		c.session.ends.postpone(m.now, m.cfg.IdleTimeout)
	}
}

// silentAt is when the peer counts as gone if no byte comes until then. What we
// do not read is no silence of the peer's.
func (m *Machine) silentAt(c *conn) (time.Time, bool) {
	return c.heard.Add(m.cfg.IdleTimeout), !c.deaf
}
