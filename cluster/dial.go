package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
)

// Dial connects to the node at addr, host:port, and returns when the session is
// Ready, so that groups and names of that node are there. If there is a session
// with the node at addr already, or another one comes to be, it is that; whether the
// node still lives is not asked (see Config.IdleTimeout). When ctx ends first, or
// after Config.HandshakeTimeout, the connection is given up. The errors:
// ErrHandshake with why, what net.Dial says, ErrStopped, context.Cause(ctx), and
// inside a handler, where it hands the worker on, those of actor.Park. Nothing is
// dialled again: see Config.Join for that.
func (n *Node) Dial(ctx context.Context, addr string) (Session, error) {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return Session{}, fmt.Errorf("%w: dial %q: %w", ErrConfig, addr, err)
	}
	return n.connecting(ctx, func(ctx context.Context) (*session, error) {
		if s := n.sibling(addr, nil); s != nil {
			return s, nil
		}
		return n.dial(ctx, addr, "")
	})
}

// Connect is Dial over a connection that exists already, of whatever kind: both
// nodes call it, exactly one of them with dialed. The connection belongs to the
// node then, and is closed with an error too. TLS is the caller's business; of a
// *tls.Conn whose handshake is over the node knows that it is secure, and pipes and
// Unix sockets count as loopback. Without an address another session with that node is
// found only when the node has said its name; if it refuses the connection before, for
// the other one's sake, that is ErrHandshake. The errors are those of Dial, and
// ErrConfig for a nil connection.
func (n *Node) Connect(ctx context.Context, conn net.Conn, dialed bool) (Session, error) {
	if conn == nil {
		return Session{}, fmt.Errorf("%w: connect: the connection is nil", ErrConfig)
	}
	return n.connecting(ctx, func(context.Context) (*session, error) {
		return n.start(conn, protocol.Opened{Dialed: dialed}, "")
	})
}

// connecting waits until the session that begin makes is ready.
func (n *Node) connecting(ctx context.Context, begin func(context.Context) (*session, error)) (Session, error) {
	if ctx == nil {
		return Session{}, actor.ErrNilContext
	}
	return actor.Blocking(ctx, func() (Session, error) {
		ctx, cancel := context.WithTimeout(ctx, n.cfg.HandshakeTimeout)
		defer cancel()
		stop := context.AfterFunc(n.ctx, cancel)
		defer stop()
		s, err := begin(ctx)
		if err != nil {
			if n.ctx.Err() != nil {
				err = ErrStopped
			}
			return Session{}, err
		}
		select {
		case <-s.ready:
			return s.describe(), nil
		case <-s.over:
		case <-ctx.Done():
			if !s.trust.Load() { // or it is of use to others
				s.close("given up by who has dialled")
				<-s.over
			}
		}
		if other := n.sibling(s.addr, s); other != nil {
			select {
			case <-other.ready:
				return other.describe(), nil
			case <-other.over:
			case <-ctx.Done():
			}
		}
		switch {
		case n.ctx.Err() != nil:
			return Session{}, ErrStopped
		case ctx.Err() != nil:
			return Session{}, fmt.Errorf("%w: %s: %w", ErrHandshake, remoteOf(s.conn), context.Cause(ctx))
		}
		return Session{}, fmt.Errorf("%w: %s: %w", ErrHandshake, remoteOf(s.conn), s.cause)
	})
}

// dial connects to addr; expect is the name of the node that should be there, if
// it is known.
func (n *Node) dial(ctx context.Context, addr, expect string) (*session, error) {
	conn, err := (&net.Dialer{KeepAlive: n.cfg.KeepAlive}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if cfg := n.cfg.clientTLS(); cfg != nil {
		if cfg.ServerName == "" {
			cfg = cfg.Clone()
			cfg.ServerName, _, _ = net.SplitHostPort(addr)
		}
		secure := tls.Client(conn, cfg)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("%w: %s: %w", ErrHandshake, addr, err)
		}
		conn = secure
	}
	return n.start(conn, protocol.Opened{Dialed: true, Expect: expect}, addr)
}

// start makes a session of a connection and has it run.
func (n *Node) start(conn net.Conn, how protocol.Opened, addr string) (*session, error) {
	s, err := n.open(conn, how, func(s *session) { s.addr = addr })
	if err != nil {
		return nil, err
	}
	n.group.Go(func() { _ = n.serve(s) })
	return s, nil
}

// dialPeer dials a peer's peer, once.
func (n *Node) dialPeer(addr, name string) {
	n.group.Go(func() {
		ctx, cancel := context.WithTimeout(n.ctx, n.cfg.HandshakeTimeout)
		defer cancel()
		if _, err := n.dial(ctx, addr, name); err != nil {
			n.log.Info("a peer's peer cannot be dialled", "addr", addr, "peer", name, "error", err)
		}
	})
}

// joiner dials one address of Config.Join again and again. Only the loop, and who
// holds Node.mu, touches it.
type joiner struct {
	addr    string
	session *session      // what the last attempt has led to
	dialing bool          // an attempt is running
	next    time.Time     // of the next attempt
	pause   time.Duration // after the next failure
}

// redial looks after all joiners and returns when the next one is due, zero if
// none is; mu is held.
func (n *Node) redial(now time.Time) (next time.Time) {
	if n.leaving {
		return next
	}
	for _, j := range n.joiners {
		switch {
		case j.dialing:
		case n.joined(j):
			j.next = time.Time{} // at once, when it ends
		case j.next.After(now):
			if next.IsZero() || j.next.Before(next) {
				next = j.next
			}
		default:
			j.dialing = true
			n.group.Go(func() { n.join(j) })
		}
	}
	return next
}

// joined says that there is a session, or about to be one, with the node at j's
// address; mu is held.
func (n *Node) joined(j *joiner) bool {
	for _, s := range n.sessions {
		if s == j.session && !s.isOver() || s.trust.Load() && s.leadsTo(j.addr, j.session) {
			return true
		}
	}
	return false
}

// sibling returns the session with the node at addr, or the one that a connection, if
// it is not nil, has met; nil if there is none.
func (n *Node) sibling(addr string, met *session) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sessions {
		if s.trust.Load() && s.leadsTo(addr, met) {
			return s
		}
	}
	return nil
}

// leadsTo says that the peer is the one at addr, or the one that another connection,
// if it is not nil, has met; node.mu is held.
func (s *session) leadsTo(addr string, met *session) bool {
	return s.peer.Addr == addr || s.addr == addr && addr != "" || met != nil && met.claim == s.peer.Name
}

// join is one attempt.
func (n *Node) join(j *joiner) {
	ctx, cancel := context.WithTimeout(n.ctx, n.cfg.HandshakeTimeout)
	defer cancel()
	s, err := n.dial(ctx, j.addr, "")
	if err == nil {
		select {
		case <-s.ready:
		case <-s.over:
			err = s.cause
		case <-n.ctx.Done():
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	j.dialing = false
	if s != nil {
		j.session = s
	}
	if err == nil {
		j.pause = 0
		n.wake()
		return
	}
	j.pause = min(max(2*j.pause, n.cfg.RedialMin), n.cfg.RedialMax)
	j.next = time.Now().Add(j.pause - rand.N(j.pause/2+1))
	if !errors.Is(err, context.Canceled) {
		n.log.Info("cannot join", "addr", j.addr, "error", err, "again_in", j.pause)
	}
	n.wake()
}
