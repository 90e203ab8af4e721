package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/ractor-go/ractor/cluster/internal/protocol"
)

// listen opens the listener, and finds out the address that others are told.
func (n *Node) listen(ctx context.Context) error {
	n.addr = n.cfg.Advertise
	if n.cfg.Listen == noListener {
		if n.addr == "" {
			n.addr = net.JoinHostPort(n.cfg.Host, "0") // nobody can dial it
		}
		return nil
	}
	l, err := (&net.ListenConfig{KeepAlive: n.cfg.KeepAlive}).Listen(ctx, "tcp", n.cfg.Listen)
	if err != nil {
		return fmt.Errorf("cluster: node %s: %w", n.name, err)
	}
	n.listener = l
	if n.addr == "" {
		n.addr = net.JoinHostPort(n.cfg.Host, portOf(l.Addr()))
	}
	return nil
}

// accept takes connections until the listener is closed. It does nothing else:
// whatever a peer may delay is done on a goroutine of the connection's own.
func (n *Node) accept() {
	pause := time.Duration(0)
	for {
		conn, err := n.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, say: it passes, or it does not.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			n.log.Warn("accept failed", "error", err, "again_in", pause)
			select {
			case <-time.After(pause):
			case <-n.ctx.Done():
				return
			}
			continue
		}
		pause = 0
		if n.unauthenticated.Add(1) > int64(n.cfg.MaxUnauthenticated) {
			n.unauthenticated.Add(-1)
			n.counters.crowded.Add(1)
			_ = conn.Close()
			continue
		}
		n.group.Go(func() { _ = n.welcome(conn) })
	}
}

// welcome is the life of an accepted connection. The handshake of TLS, which the
// peer may delay, has a deadline, and there are only so many at a time.
func (n *Node) welcome(conn net.Conn) error {
	known := sync.OnceFunc(func() { n.unauthenticated.Add(-1) })
	defer known()
	if n.cfg.TLS != nil {
		ctx, cancel := context.WithTimeout(n.ctx, n.cfg.HandshakeTimeout)
		defer cancel()
		select {
		case n.handshakes <- struct{}{}:
		case <-ctx.Done():
			_ = conn.Close()
			return n.refuse(conn, context.Cause(ctx))
		}
		secure := tls.Server(conn, n.cfg.TLS)
		err := secure.HandshakeContext(ctx)
		<-n.handshakes
		if err != nil {
			_ = conn.Close()
			return n.refuse(conn, err)
		}
		conn = secure
	}
	s, err := n.open(conn, protocol.Opened{}, func(s *session) { s.known = known })
	if err != nil {
		return n.refuse(conn, err)
	}
	return n.serve(s)
}

// refuse counts and logs a connection that came to nothing before the protocol
// began.
func (n *Node) refuse(conn net.Conn, err error) error {
	n.counters.refused.Add(1)
	err = fmt.Errorf("%w: %s: %w", ErrHandshake, remoteOf(conn), err)
	n.log.Warn("connection refused", "error", err)
	return err
}

// open makes a session of a connection that is ready for the protocol, TLS and
// all, and tells the machine; how and prepare say what the caller knows of it. After an
// error the connection is closed.
func (n *Node) open(conn net.Conn, how protocol.Opened, prepare func(*session)) (*session, error) {
	secure, isTLS := conn.(*tls.Conn)
	how.Remote = remoteOf(conn)
	how.Secure = isTLS
	how.Loopback = isLocal(conn)
	if isTLS {
		state := secure.ConnectionState()
		var err error
		if how.Exporter, err = state.ExportKeyingMaterial("EXPORTER-ractor-go-cluster", nil, 32); err != nil {
			_ = conn.Close()
			return nil, err
		}
		if n.cfg.BindNameToCert {
			if how.CertName, err = certName(state.PeerCertificates); err != nil {
				_ = conn.Close()
				return nil, err
			}
		}
	} else if n.cfg.BindNameToCert {
		_ = conn.Close()
		return nil, fmt.Errorf("%w: no TLS, and Config.BindNameToCert is set", ErrHandshake)
	}
	n.mu.Lock()
	n.lastConn++
	how.Conn = n.lastConn
	n.mu.Unlock()
	s := newSession(n, how.Conn, conn, how.Dialed, isTLS)
	prepare(s)
	if err := n.opened(s, how); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// serve is the life of a session, on the goroutine that reads; it returns why it
// has ended.
func (n *Node) serve(s *session) error {
	err := s.run()
	s.decided() // before anybody is told of the end
	n.closed(s, err)
	return err
}

// isLocal says that both ends are on this machine.
func isLocal(conn net.Conn) bool {
	a := conn.RemoteAddr()
	if a == nil {
		return false
	}
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return a.Network() == "pipe"
}

// certURI begins a name of a node among the URIs of a certificate.
const certURI = "ractor:"

// certName is the name of the node that a verified certificate was made for.
func certName(chain []*x509.Certificate) (string, error) {
	if len(chain) == 0 {
		return "", errors.New("the peer has shown no certificate, and Config.BindNameToCert is set")
	}
	cert := chain[0]
	for _, u := range cert.URIs {
		if name, ok := strings.CutPrefix(u.String(), certURI); ok {
			return name, nil
		}
	}
	for _, name := range cert.EmailAddresses {
		return name, nil
	}
	return "", fmt.Errorf("the peer's certificate (%v) names no node, and Config.BindNameToCert is set: want name@host as an e-mail address, or as a URI %sname@host", cert.Subject, certURI)
}
