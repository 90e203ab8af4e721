package protocol

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"log/slog"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// The handshake, sections 5.1 to 5.5 of the wire reference. What a state does not
// wait for closes the connection, as does the deadline.

// state is what a connection waits for.
type state uint8

const (
	waitName      state = iota // accepted: from here
	waitReply                  //   legacy: the initiator's digest; then authenticated
	waitStatus                 // dialled: from here
	waitChallenge              //
	waitAck                    //   legacy: the acceptor's digest; then authenticated
	waitOffer                  // both, v2: the nonce
	waitProof                  // both, v2: the mac; then authenticated
)

// maxName bounds the name of a peer, in bytes, since names are kept and logged.
const maxName = 256

// handshake takes a message before authentication. Control and data that come too
// early are dropped; what is empty is ignored.
func (m *Machine) handshake(c *conn, msg *wire.NetworkMessage) {
	switch msg := msg.GetMessage().(type) {
	case *wire.NetworkMessage_Auth:
		m.authMessage(c, msg.Auth)
	case *wire.NetworkMessage_Go:
		m.v2Message(c, msg.Go)
	case nil:
	default:
		if !c.warned {
			c.warned = true
			m.logf(c, slog.LevelWarn, "dropped what came before authentication")
		}
	}
}

func (m *Machine) authMessage(c *conn, msg *wire.AuthenticationMessage) {
	switch msg := msg.GetMsg().(type) {
	case *wire.AuthenticationMessage_Name:
		if c.state == waitName {
			m.onName(c, msg.Name)
			return
		}
	case *wire.AuthenticationMessage_ClientChallenge:
		if c.state == waitReply {
			m.onReply(c, msg.ClientChallenge)
			return
		}
	case *wire.AuthenticationMessage_ServerStatus:
		if c.state == waitStatus {
			m.onStatus(c, msg.ServerStatus)
			return
		}
	case *wire.AuthenticationMessage_ServerChallenge:
		if c.state == waitChallenge {
			m.onChallenge(c, msg.ServerChallenge)
			return
		}
	case *wire.AuthenticationMessage_ServerAck:
		if c.state == waitAck {
			m.onAck(c, msg.ServerAck)
			return
		}
	}
	m.unexpected(c)
}

func (m *Machine) unexpected(c *conn) {
	m.close(c, "unexpected message in the handshake")
}

// The side that dials.

// initiate opens the handshake.
func (m *Machine) initiate(c *conn) {
	c.state = waitStatus
	c.connectionID = m.ids.next(m.now.Add(m.cfg.ClockOffset))
	c.v2.ours = hello(m.cfg)
	m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_Name{Name: &wire.NameMessage{
		Name:             m.cfg.Name,
		Flags:            &wire.NodeFlags{Version: 1, Go: c.v2.ours},
		ConnectionString: m.cfg.Addr,
		ConnectionId:     c.connectionID,
	}}})
}

func (m *Machine) onStatus(c *conn, msg *wire.ServerStatus) {
	switch msg.GetStatus() {
	case wire.ServerStatus_NOT_OK, wire.ServerStatus_NOT_ALLOWED:
		m.close(c, closeRefused)
		return
	case wire.ServerStatus_ALIVE:
		m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientStatus{
			ClientStatus: &wire.ClientStatus{Status: true},
		}})
	}
	c.state = waitChallenge
}

func (m *Machine) onChallenge(c *conn, msg *wire.Challenge) {
	if reason := m.introduce(c, msg.GetName(), msg.GetConnectionString(), msg.GetFlags()); reason != "" {
		m.close(c, reason)
		return
	}
	if c.peer.Go {
		m.offer(c)
		c.state = waitOffer
		return
	}
	c.challenge = uint32(m.cfg.Rand())
	c.state = waitAck
	m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ClientChallenge{
		ClientChallenge: &wire.ChallengeReply{Challenge: c.challenge, Digest: digest(m.cfg.Cookie, msg.GetChallenge())},
	}})
}

func (m *Machine) onAck(c *conn, msg *wire.ChallengeAck) {
	if !m.knowsCookie(c, msg.GetDigest()) {
		m.close(c, closeDigest)
		return
	}
	m.authenticated(c)
}

// The side that accepts.

func (m *Machine) onName(c *conn, msg *wire.NameMessage) {
	c.connectionID = msg.GetConnectionId()
	if reason := m.introduce(c, msg.GetName(), msg.GetConnectionString(), msg.GetFlags()); reason != "" {
		m.status(c, wire.ServerStatus_NOT_ALLOWED)
		m.close(c, reason)
		return
	}
	st := m.check(c)
	m.status(c, st)
	if st == wire.ServerStatus_NOT_OK {
		m.close(c, closeLost)
		return
	}
	c.challenge = uint32(m.cfg.Rand())
	c.v2.ours = hello(m.cfg)
	m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerChallenge{
		ServerChallenge: &wire.Challenge{
			Name:             m.cfg.Name,
			Flags:            &wire.NodeFlags{Version: 1, Go: c.v2.ours},
			Challenge:        c.challenge,
			ConnectionString: m.cfg.Addr,
		},
	}})
	if c.peer.Go {
		m.offer(c)
		c.state = waitOffer
	} else {
		c.state = waitReply
	}
}

func (m *Machine) status(c *conn, st wire.ServerStatus_Status) {
	m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerStatus{
		ServerStatus: &wire.ServerStatus{Status: st},
	}})
}

func (m *Machine) onReply(c *conn, msg *wire.ChallengeReply) {
	if !m.knowsCookie(c, msg.GetDigest()) {
		m.close(c, closeDigest)
		return
	}
	m.auth(c, &wire.AuthenticationMessage{Msg: &wire.AuthenticationMessage_ServerAck{
		ServerAck: &wire.ChallengeAck{Digest: digest(m.cfg.Cookie, msg.GetChallenge())},
	}})
	m.authenticated(c)
}

// Both.

// introduce takes down who the peer says it is, and returns why we will not talk
// to it, if so.
//
// ractor also takes a peer with its own address for itself. That turns away
// nodes in containers which are all localhost:4697 to themselves; a Go node is
// known by its name.
func (m *Machine) introduce(c *conn, name, addr string, flags *wire.NodeFlags) (refused string) {
	c.peer.Name, c.peer.Addr = name, addr
	c.v2.theirs = flags.GetGo()
	if h, ok := readHello(c.v2.theirs); ok {
		c.peer.Go, c.peer.Incarnation, c.peer.Features = true, h.GetIncarnation(), common(m.cfg.Features, h.GetFeatures())
	}
	switch {
	case name == "":
		return "a peer without a name"
	case len(name) > maxName:
		return "a peer whose name is too long"
	case name == m.cfg.Name, addr == m.cfg.Addr && !c.peer.Go:
		return closeSelf
	case c.Expect != "" && name != c.Expect:
		return "it is " + name + ", not " + c.Expect
	case c.CertName != "" && name != c.CertName:
		return "it is " + name + ", and its certificate is for " + c.CertName
	case !c.peer.Go:
		return m.refuseLegacy(c)
	}
	return ""
}

// knowsCookie compares the peer's digest with what it must be.
func (m *Machine) knowsCookie(c *conn, got []byte) bool {
	return subtle.ConstantTimeCompare(got, digest(m.cfg.Cookie, c.challenge)) == 1
}

// digest is section 5.2.
func digest(cookie string, challenge uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, challenge)
	sum := sha256.Sum256(append(b, cookie...))
	return sum[:]
}
