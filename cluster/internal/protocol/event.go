package protocol

import "github.com/ractor-go/ractor/cluster/internal/wire"

// ConnID names a connection. The shell counts them up, and uses each once: among
// equals the smallest is the oldest.
type ConnID uint64

// Event is what a Machine is told.
type Event interface{ event() }

type (
	// Opened: there is a new connection, TLS and all.
	Opened struct {
		Conn     ConnID
		Dialed   bool   // by us
		Remote   string // the address of the other end, for people
		Secure   bool   // TLS
		Loopback bool   // both ends are on this machine
		Exporter []byte // keying material exported from TLS; both sides have the same
		CertName string // the name the peer must have by its certificate; empty: any
		Expect   string // the name that we wanted to reach; empty: any
	}

	// Received: a frame came. Data for actors does not come here.
	Received struct {
		Conn ConnID
		Msg  *wire.NetworkMessage
	}

	// Heard: bytes came, whatever they are. A few times within IdleTimeout is often
	// enough.
	Heard struct{ Conn ConnID }

	// Deaf: we have stopped reading, so silence says nothing about the peer; or,
	// with Deaf false, we read again.
	Deaf struct {
		Conn ConnID
		Deaf bool
	}

	// Closed: the connection is gone. After a Close of the machine it need not be
	// told.
	Closed struct {
		Conn ConnID
		Err  error // nil: the peer has closed it
	}

	// Tick: the time of Wake has come. Too early or too late is no harm.
	Tick struct{}

	// Spawned: an actor that other nodes may be told of is there. It comes before
	// any other event of the actor; whatever names a pid that was not Spawned, or
	// has Ended, is ignored.
	Spawned struct {
		Pid  uint64
		Name string // empty: none
		Type string // of its messages
	}

	// Ended: the actor is gone, and all that it has sent is queued.
	Ended struct {
		Pid    uint64
		Reason *wire.Reason
	}

	// Joined: local actors joined a group. The scope is as in package pg.
	Joined struct {
		Scope, Group string
		Pids         []uint64
	}

	// Left: local actors left a group.
	Left struct {
		Scope, Group string
		Pids         []uint64
	}

	// Named: an actor has a name that Go nodes may look up.
	Named struct {
		Name string
		Pid  uint64
		Type string // of its messages
	}

	// Unnamed: it has that name no more.
	Unnamed struct {
		Name string
		Pid  uint64
	}

	// Export: this session may send to the actor from now on. Its Ref is about to
	// leave in a message.
	Export struct {
		Conn ConnID
		Pid  uint64
	}

	// Leave: the node shuts down. All connections are closed, and no new ones
	// taken.
	Leave struct{}
)

func (Opened) event()   {}
func (Received) event() {}
func (Heard) event()    {}
func (Deaf) event()     {}
func (Closed) event()   {}
func (Tick) event()     {}
func (Spawned) event()  {}
func (Ended) event()    {}
func (Joined) event()   {}
func (Left) event()     {}
func (Named) event()    {}
func (Unnamed) event()  {}
func (Export) event()   {}
func (Leave) event()    {}
