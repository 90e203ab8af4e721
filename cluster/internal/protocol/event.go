package protocol

import "github.com/ractor-go/ractor/cluster/internal/wire"

// ConnID names a connection. The shell counts them up, and uses each once: among
// equals the smallest is the oldest.
type ConnID uint64

// Event is what a Machine is told.
type Event interface{ event() }

type (
	// Opened says that there is a new connection, TLS and all.
	Opened struct {
		Conn     ConnID
		Dialed   bool   // by us
		Remote   string // the address of the other end, for people
		Secure   bool   // TLS
		Loopback bool   // both ends are on this machine
		// Exporter is keying material exported from TLS, empty without. Both sides
		// must have the same, so authentication v2 does not work through a proxy
		// that ends TLS.
		Exporter []byte
		CertName string // the name the peer must have by its certificate; empty: any
		Expect   string // the name that we wanted to reach; empty: any
	}

	// Received brings a frame. Data for actors does not come here.
	Received struct {
		Conn ConnID
		Msg  *wire.NetworkMessage
	}

	// Heard says that bytes came, whatever they are. A few times within IdleTimeout
	// is often enough.
	Heard struct{ Conn ConnID }

	// Deaf says that we have stopped reading, so that silence says nothing about
	// the peer; or, with Deaf false, that we read again.
	Deaf struct {
		Conn ConnID
		Deaf bool
	}

	// Closed says that the connection is gone. After a Close of the machine it need
	// not be told.
	Closed struct {
		Conn ConnID
		Err  error // nil: the peer has closed it
	}

	// Tick says that the time of Wake has come. Too early is no harm. Too late by more than
	// half of IdleTimeout means that this process did not run.
	Tick struct{}

	// Spawned says that there is an actor that other nodes may be told of. It comes
	// before any other event of the actor; whatever names a pid that was not
	// Spawned, or has Ended, is ignored. No pid is ever used again.
	Spawned struct {
		Pid  uint64
		Name string // empty: none
		Type string // of its messages
	}

	// Ended says that the actor is gone, and all that it has sent is queued.
	Ended struct {
		Pid    uint64
		Reason *wire.Reason
	}

	// Joined says that local actors joined a group. The scope is as in package pg.
	Joined struct {
		Scope, Group string
		Pids         []uint64
	}

	// Left says that local actors left a group.
	Left struct {
		Scope, Group string
		Pids         []uint64
	}

	// Named says that an actor has a name that Go nodes may look up.
	Named struct {
		Name string
		Pid  uint64
		Type string // of its messages
	}

	// Unnamed says that it has that name no more.
	Unnamed struct {
		Name string
		Pid  uint64
	}

	// Export lets a session send to the actor from now on. Its Ref is about to
	// leave in a message, which is to be sent after the effects of this.
	Export struct {
		Conn ConnID
		Pid  uint64
	}

	// Leave says that the node shuts down. All connections are closed, and no new
	// ones taken.
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
