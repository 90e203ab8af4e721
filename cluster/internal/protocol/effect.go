package protocol

import (
	"log/slog"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// Effect is what a Machine wants done. Effects are carried out in order; what
// concerns different connections may go on side by side.
type Effect interface{ effect() }

// Peer is another node, as it has proved to be; of a legacy peer only the
// knowledge of the cookie is proved.
type Peer struct {
	Name        string   // node@host
	Addr        string   // where it says that it can be dialled
	Incarnation uint64   // 0 of a legacy peer
	Go          bool     // authenticated by v2
	Features    []string // that both have, sorted
	Dialed      bool     // by us
}

type (
	// Send is a frame for the peer. A Late one must not overtake any data that was
	// queued before it; the others may, and should.
	Send struct {
		Conn ConnID
		Msg  *wire.NetworkMessage
		Late bool
	}

	// Close ends the connection after what was sent before. The machine has
	// forgotten it already.
	Close struct {
		Conn   ConnID
		Reason string
	}

	// Dial asks for a connection to a peer's peer, over TLS if Secure. Whether that
	// works need not be told; there is no second try.
	Dial struct {
		Addr   string
		Name   string // who is said to be there: Opened's Expect
		Secure bool
	}

	// Authenticated makes the connection the session with this peer. From now on
	// it may be used for data, and the next frame may be as long as any, so this
	// must be carried out before that is read.
	Authenticated struct {
		Conn ConnID
		Peer Peer
	}

	// Ready says that both sides have told what they had to tell at first.
	Ready struct {
		Conn ConnID
		Peer Peer
	}

	// Disconnected says that the session is over, and with it all that was Up in it.
	Disconnected struct {
		Conn   ConnID
		Peer   Peer
		Reason string
	}

	// Allow lets data of this session go to the local actor.
	Allow struct {
		Conn ConnID
		Pid  uint64
	}

	// Revoke ends that; the actor has ended, though a ractor node may not yet know.
	Revoke struct {
		Conn ConnID
		Pid  uint64
	}

	// Up says that the peer has an actor. It comes once for a pid, before all else
	// about it, until Down.
	Up struct {
		Conn ConnID
		Pid  uint64
		Name string // empty: none, or not told
		Type string // of its messages; empty: not told
	}

	// Down says that it is gone, and with it its names and its places in groups.
	// What it sent before has arrived.
	Down struct {
		Conn   ConnID
		Pid    uint64
		Reason *wire.Reason // nil: not told, as by ractor
	}

	// PeerJoined says that actors of the peer, all Up, are in a group. They may have
	// been in it already.
	PeerJoined struct {
		Conn         ConnID
		Scope, Group string
		Pids         []uint64
	}

	// PeerLeft says that they are not. They may not have been in it.
	PeerLeft struct {
		Conn         ConnID
		Scope, Group string
		Pids         []uint64
	}

	// PeerNamed says that an actor of the peer, which is Up, has a name to look up.
	PeerNamed struct {
		Conn ConnID
		Name string
		Pid  uint64
		Type string // of its messages; empty: not told
	}

	// PeerUnnamed says that it has that name no more.
	PeerUnnamed struct {
		Conn ConnID
		Name string
		Pid  uint64
	}

	// Log is for the log.
	Log struct {
		Conn  ConnID // 0: none
		Level slog.Level
		Text  string
	}
)

func (Send) effect()          {}
func (Close) effect()         {}
func (Dial) effect()          {}
func (Authenticated) effect() {}
func (Ready) effect()         {}
func (Disconnected) effect()  {}
func (Allow) effect()         {}
func (Revoke) effect()        {}
func (Up) effect()            {}
func (Down) effect()          {}
func (PeerJoined) effect()    {}
func (PeerLeft) effect()      {}
func (PeerNamed) effect()     {}
func (PeerUnnamed) effect()   {}
func (Log) effect()           {}
