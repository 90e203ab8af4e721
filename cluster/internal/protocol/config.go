package protocol

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Config says who a node is, and how patient. Name, Addr, Cookie and Incarnation
// are required; they are checked by package cluster.
type Config struct {
	// Name is node@host. No other node of the cluster may have it.
	Name string
	// Addr is host:port, where others can dial this node.
	Addr string
	// Cookie is the secret that the nodes of a cluster share.
	Cookie string
	// Incarnation is larger at each start of a node of this name, and not 0: its
	// wall clock, say.
	Incarnation uint64
	// Features are what this node can do beyond the protocol; a peer that has
	// one too finds it in Peer.Features. At most 64, of at most 64 bytes.
	Features []string
	// Transitive: ask each peer for its peers, and dial them. Defaults to false.
	Transitive bool
	// AllowInsecureLegacy takes peers without authentication v2 over connections
	// without TLS from other machines. Defaults to false.
	AllowInsecureLegacy bool

	// HandshakeTimeout is from Opened to Authenticated. Defaults to 5 s.
	HandshakeTimeout time.Duration
	// IdleTimeout is how long a peer may be silent. Defaults to 20 s.
	IdleTimeout time.Duration
	// PingMin and PingMax bound the time between two pings, which is random.
	// Default to 1 s and 5 s, as ractor's.
	PingMin, PingMax time.Duration
	// MaxUnauthenticated bounds the accepted connections that are not
	// authenticated; what comes beyond it is closed. Defaults to 128.
	MaxUnauthenticated int

	// Rand returns random bits that nobody can foretell. Defaults to crypto/rand.
	Rand func() uint64
	// ClockOffset is added to the wall clock where connection ids are made of it.
	// Defaults to 0.
	ClockOffset time.Duration
}

// withDefaults is the Config with what was left out.
func (c Config) withDefaults() Config {
	if c.HandshakeTimeout <= 0 {
		c.HandshakeTimeout = 5 * time.Second
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 20 * time.Second
	}
	if c.PingMin <= 0 {
		c.PingMin = time.Second
	}
	if c.PingMax <= 0 {
		c.PingMax = 5 * time.Second
	}
	c.PingMax = max(c.PingMax, c.PingMin)
	if c.MaxUnauthenticated <= 0 {
		c.MaxUnauthenticated = 128
	}
	if c.Rand == nil {
		c.Rand = unforeseeable
	}
	return c
}

func unforeseeable() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}
