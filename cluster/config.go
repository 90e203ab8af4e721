package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// Config says what a node is and how it behaves. Name and Cookie have no default;
// the zero value of everything else is good.
type Config struct {
	// Name and Host together, as Name@Host, are how the cluster knows the node:
	// no two nodes may have the same. Host is also where other nodes find it if
	// Advertise does not say it, so it should be a name or an address that they
	// can resolve.
	// Host defaults to "localhost".
	Name, Host string

	// Listen is where the node accepts connections, as for net.Listen("tcp"). A
	// node that others should reach must name an address beyond loopback, and
	// should have TLS then. "-" accepts none: the node only dials.
	// Defaults to "127.0.0.1:0".
	Listen string

	// Advertise is the address that other nodes are told to dial, host:port.
	// Defaults to Host and the port that is listened on.
	Advertise string

	// Cookie is the secret that all nodes of the cluster have in common. Who has
	// it can do whatever a node can. It never crosses, but it should be long and
	// random: who listens to a handshake without TLS, or is dialled, can try
	// cookies out at leisure.
	Cookie string

	// TLS makes the node accept TLS connections only. Set ClientAuth and
	// ClientCAs in it for mutual TLS.
	// Defaults to plain TCP.
	TLS *tls.Config

	// ClientTLS makes the node dial with TLS. If it has no ServerName, the host
	// that is dialled is taken.
	// Defaults to plain TCP, or, if only TLS is set, to TLS with the
	// certificates and RootCAs of that.
	ClientTLS *tls.Config

	// BindNameToCert accepts a peer only if its certificate, verified, is for
	// the peer's name: the first of its subject alternative names that is a URI
	// ractor:Name@Host, or else its first e-mail address, must be Name@Host of the
	// peer. Without it every node, and who has the cookie and any certificate that
	// is accepted, can be any node. It needs TLS, with ClientAuth
	// tls.RequireAndVerifyClientCert, on the side that accepts; connections
	// without TLS are refused.
	// Defaults to false.
	BindNameToCert bool

	// Mode says whether the node looks for other nodes by itself.
	// Defaults to Isolated.
	Mode Mode

	// Join are addresses that the node dials, again and again while there is no
	// session, with growing pauses. It is enough to name some of the nodes, in
	// Transitive mode one.
	// Defaults to none.
	Join []string

	// Codecs are for the types of messages that cross to other nodes, one for each
	// type.
	// Defaults to none.
	Codecs []Codec

	// Events is sent what happens to sessions. It may be an actor of any System,
	// and should take what comes: what a full mailbox refuses is lost.
	// Defaults to nobody.
	Events actor.Ref[Event]

	// Kinds are the kinds of actors that other Go nodes may spawn here, by name
	// (see Spawn).
	// Defaults to none.
	Kinds map[string]Kind

	// MaxFrame bounds a frame in both directions: that is a message and some bytes
	// about it. To send more is ErrTooLarge; a peer that sends more is
	// disconnected, so all nodes should have the same. ractor's own limit is the
	// default.
	// Defaults to 16 MiB.
	MaxFrame int

	// HandshakeFrame bounds a frame before the peer has shown that it knows the
	// cookie.
	// Defaults to 16 KiB.
	HandshakeFrame int

	// HandshakeTimeout is how long the handshake of TLS may take, waiting for its
	// turn included, and again how long authentication may take after it: over
	// TLS a connection may be there for twice as long before it is a session or
	// closed.
	// Defaults to 10s.
	HandshakeTimeout time.Duration

	// MaxUnauthenticated bounds the accepted connections that are not
	// authenticated yet; further ones are closed at once.
	// Defaults to 256.
	MaxUnauthenticated int

	// MaxHandshakes bounds the TLS handshakes that run at the same time, which
	// cost processor time; further ones wait, within HandshakeTimeout.
	// Defaults to 32.
	MaxHandshakes int

	// Outbound bounds, for each session, the bytes that wait to be sent. Beyond
	// it senders get ErrOutboundFull. More forgives slower peers and takes more
	// memory.
	// Defaults to 32 MiB.
	Outbound int

	// IdleTimeout is how long a peer may be silent. Peers send something every 5
	// seconds at the latest, so less than about 10s ends good sessions. A peer
	// that has lost power, or is cut off, is noticed after this time.
	// Defaults to 30s.
	IdleTimeout time.Duration

	// KeepAlive is the period of TCP's own keep-alive; negative turns it off.
	// Defaults to 15s.
	KeepAlive time.Duration

	// RedialMin and RedialMax bound the pause between two attempts to dial an
	// address of Join. It doubles from one to the next, and up to a half of it
	// is taken off at random.
	// Default to 100ms and 15s.
	RedialMin, RedialMax time.Duration

	// AllowInsecureLegacy accepts Rust nodes (and whoever knows the cookie and
	// speaks as they do) over connections that are neither TLS nor loopback.
	// Their handshake can be relayed by a man in the middle, and nothing
	// protects what comes after it.
	// Defaults to false.
	AllowInsecureLegacy bool

	// Logger is told of refused peers, lost sessions and messages that could not
	// be delivered.
	// Defaults to silence.
	Logger *slog.Logger
}

// Mode says whether a node looks for other nodes by itself.
type Mode uint8

// The modes.
const (
	// Isolated: only nodes that are dialled, or dial, are connected.
	Isolated Mode = iota
	// Transitive: each peer is asked for its peers, which are dialled. When all
	// nodes are transitive, all are connected with all.
	Transitive
)

// String returns the mode's name.
func (m Mode) String() string {
	switch m {
	case Isolated:
		return "isolated"
	case Transitive:
		return "transitive"
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// Kind spawns an actor for another node, which has sent arg: bytes that a peer may
// have chosen with care. The actor must be spawned with actor.Remotable; AllowControl lets
// the other node end it. The Kind runs on a goroutine of the System, beside others,
// and ctx, which leads to the System, ends when the other node does not wait any
// more. An error, or a panic, is told to the other node as text.
type Kind func(ctx context.Context, arg []byte) (actor.AnyRef, error)

// noListener is Config.Listen of a node that only dials.
const noListener = "-"

// minFrame is the least that MaxFrame may be.
const minFrame = 1 << 10

// validate returns c with its defaults, or all that is wrong with it.
func (c Config) validate() (Config, error) {
	var wrong []error
	no := func(format string, args ...any) {
		wrong = append(wrong, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}

	setDefault(&c.Host, "localhost")
	setDefault(&c.Listen, "127.0.0.1:0")
	setDefault(&c.MaxFrame, 16<<20)
	setDefault(&c.HandshakeFrame, 16<<10)
	setDefault(&c.HandshakeTimeout, 10*time.Second)
	setDefault(&c.MaxUnauthenticated, 256)
	setDefault(&c.MaxHandshakes, 32)
	setDefault(&c.Outbound, 32<<20)
	setDefault(&c.IdleTimeout, 30*time.Second)
	setDefault(&c.KeepAlive, 15*time.Second)
	setDefault(&c.RedialMin, min(100*time.Millisecond, orElse(c.RedialMax, time.Hour)))
	setDefault(&c.RedialMax, max(15*time.Second, c.RedialMin))
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	switch {
	case c.Name == "":
		no("Name is empty: every node needs a name of its own")
	case strings.Contains(c.Name, "@"):
		no("Name is %q: the part after @ is Host", c.Name)
	}
	if strings.Contains(c.Host, "@") {
		no("Host is %q: want a host name or an address", c.Host)
	}
	if c.Cookie == "" {
		no("Cookie is empty: every node of a cluster needs the same secret")
	}
	if c.Listen != noListener {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			no("Listen is %q: %v", c.Listen, err)
		}
	}
	if c.Advertise != "" {
		if _, _, err := net.SplitHostPort(c.Advertise); err != nil {
			no("Advertise is %q: %v", c.Advertise, err)
		}
	}
	for i, addr := range c.Join {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			no("Join[%d] is %q: %v", i, addr, err)
		}
	}
	if c.Mode > Transitive {
		no("Mode is %v: want Isolated or Transitive", c.Mode)
	}
	if c.BindNameToCert {
		switch {
		case c.TLS == nil && c.ClientTLS == nil:
			no("BindNameToCert is set without TLS: there are no certificates to look at")
		case c.TLS != nil && c.Listen != noListener && c.TLS.ClientAuth != tls.RequireAndVerifyClientCert:
			no("BindNameToCert is set and TLS.ClientAuth is %v: want %v, or those who dial have no certificate", c.TLS.ClientAuth, tls.RequireAndVerifyClientCert)
		}
	}
	for name, k := range c.Kinds {
		if k == nil {
			no("Kinds[%q] is nil", name)
		}
	}
	for _, f := range []struct {
		name string
		v    int
		min  int
	}{
		{"MaxFrame", c.MaxFrame, minFrame},
		{"HandshakeFrame", c.HandshakeFrame, 1 << 10},
		{"MaxUnauthenticated", c.MaxUnauthenticated, 1},
		{"MaxHandshakes", c.MaxHandshakes, 1},
		{"Outbound", c.Outbound, 1 << 10},
	} {
		if f.v < f.min {
			no("%s is %d: want %d or more, or 0 for the default", f.name, f.v, f.min)
		}
	}
	if c.HandshakeFrame > c.MaxFrame {
		no("HandshakeFrame is %d: want no more than MaxFrame, which is %d", c.HandshakeFrame, c.MaxFrame)
	}
	for _, f := range []struct {
		name string
		v    time.Duration
	}{
		{"HandshakeTimeout", c.HandshakeTimeout},
		{"IdleTimeout", c.IdleTimeout},
		{"RedialMin", c.RedialMin},
		{"RedialMax", c.RedialMax},
	} {
		if f.v < 0 {
			no("%s is %v: want a positive duration, or 0 for the default", f.name, f.v)
		}
	}
	if c.RedialMin > c.RedialMax {
		no("RedialMin is %v: want no more than RedialMax, which is %v", c.RedialMin, c.RedialMax)
	}
	return c, errors.Join(wrong...)
}

func setDefault[T comparable](field *T, value T) { *field = orElse(*field, value) }

// orElse returns v, or other if v is zero.
func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// fullName is how the cluster knows the node.
func (c *Config) fullName() string { return c.Name + "@" + c.Host }

// clientTLS is what the node dials with; nil for plain TCP.
func (c *Config) clientTLS() *tls.Config {
	if c.ClientTLS != nil || c.TLS == nil {
		return c.ClientTLS
	}
	return &tls.Config{
		MinVersion:           tls.VersionTLS12,
		Certificates:         c.TLS.Certificates,
		GetClientCertificate: c.TLS.GetClientCertificate,
		RootCAs:              c.TLS.RootCAs,
		Time:                 c.TLS.Time,
	}
}
