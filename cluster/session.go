package cluster

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/cluster/internal/wire"
	"github.com/ractor-go/ractor/rpc"
)

// Session is what is known of a connection to another node.
type Session struct {
	// Node is the other node's name, name@host; empty before Authenticated.
	Node string
	// Addr is where it says that it can be dialled.
	Addr string
	// Remote is the address that the connection comes from, or goes to.
	Remote string
	// Incarnation is larger each time that the other node starts; 0 of a Rust
	// node.
	Incarnation uint64
	// Go: it is a Go node, which can do more than a Rust one.
	Go bool
	// Dialed: this node has dialled.
	Dialed bool
	// Secure: the connection is TLS.
	Secure bool
	// State is how far the session has come.
	State EventKind
}

// String names the other node, or its address while the name is not known.
func (s Session) String() string {
	if s.Node == "" {
		return s.Remote
	}
	return fmt.Sprintf("%s (%s)", s.Node, s.Remote)
}

// session is one connection, from Opened to its end, and what belongs to it: two
// goroutines, the reader (inbox.go) and the writer (outbox.go), and the tables of
// the actors at both ends. The machine knows it by its id and tells it what to do
// (effects.go).
type session struct {
	node   *Node
	id     protocol.ConnID
	conn   net.Conn
	secure bool
	out    *outbox
	dialed bool   // by this node
	known  func() // called when the peer is authenticated, and at the end

	peer  protocol.Peer // written before trust is set
	addr  string        // that was dialled; empty: none
	state atomic.Uint32 // an EventKind
	trust atomic.Bool   // authenticated, and not over: data may come and go

	ready  chan struct{} // closed at Ready
	over   chan struct{} // closed when it is over; the connection may still be open
	cause  error         // written before over is closed: why
	claim  string        // guarded by node.mu: the peer's name, as it says
	reason string        // guarded by node.mu: why the machine has ended it

	messages sync.Pool // of *outgoing

	mu      sync.Mutex
	allowed map[uint64]*target             // guarded by mu: whom the peer may address
	shims   map[uint64]*far                // guarded by mu: the peer's actors that are up
	names   map[string]map[uint64]struct{} // guarded by mu: and their names
	calls   calls                          // guarded by mu: what waits for an answer
	asks    map[uint64]*asked              // guarded by mu: commands and requests to spawn
	ended   bool                           // guarded by mu: nothing is entered any more
	tag     uint64                         // guarded by mu: the last one given

	inlet     inlet
	inquiries inquiries
	force     atomic.Pointer[time.Timer] // of close
}

// target is a local actor that the peer may address.
type target struct {
	*local

	recent  *variant // the reader's: of the last message
	revoked atomic.Bool
}

func newSession(n *Node, id protocol.ConnID, conn net.Conn, dialed, secure bool) *session {
	s := &session{
		node:    n,
		id:      id,
		conn:    conn,
		dialed:  dialed,
		secure:  secure,
		out:     newOutbox(n.cfg.Outbound),
		ready:   make(chan struct{}),
		over:    make(chan struct{}),
		allowed: map[uint64]*target{},
		shims:   map[uint64]*far{},
		names:   map[string]map[uint64]struct{}{},
		asks:    map[uint64]*asked{},
	}
	s.state.Store(uint32(Opened))
	s.inlet.conn = conn
	s.out.direct = newDirect(conn)
	s.messages.New = func() any { return &outgoing{peer: s} }
	return s
}

// describe returns what is known.
func (s *session) describe() Session {
	d := Session{Remote: remoteOf(s.conn), Dialed: s.dialed, Secure: s.secure, State: EventKind(s.state.Load())}
	if d.State > Opened {
		d.Node, d.Addr, d.Incarnation, d.Go = s.peer.Name, s.peer.Addr, s.peer.Incarnation, s.peer.Go
	}
	return d
}

// isOver says that the session has ended; its connection may still be open.
func (s *session) isOver() bool { return EventKind(s.state.Load()) == Disconnected }

func remoteOf(conn net.Conn) string {
	if a := conn.RemoteAddr(); a != nil {
		return a.String()
	}
	return "unknown"
}

// milestones is the feature of nodes that answer a Milestone: see window.
const milestones = "milestones"

// authenticated: the session is the one with this peer.
func (s *session) authenticated(p protocol.Peer) {
	s.peer = p
	if slices.Contains(p.Features, milestones) {
		s.out.windowed()
	}
	s.state.Store(uint32(Authenticated))
	s.trust.Store(true)
	s.decided()
}

// decided says that the connection waits for its peer's authentication no more.
func (s *session) decided() {
	if s.known != nil {
		s.known()
	}
}

// allow lets the peer address a local actor.
func (s *session) allow(pid uint64) {
	l, ok := s.node.locals.Load(pid)
	if !ok {
		return // it has just ended: a Revoke follows
	}
	l.exported.Store(true)
	s.mu.Lock()
	s.allowed[pid] = &target{local: l}
	s.mu.Unlock()
}

// revoke takes that back.
func (s *session) revoke(pid uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.allowed[pid]; t != nil {
		t.revoked.Store(true)
		delete(s.allowed, pid)
	}
}

// target returns the local actor that the peer calls pid, nil if it may not
// address one.
func (s *session) target(pid uint64) *target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.allowed[pid]
}

// up makes the shim of an actor of the peer.
func (s *session) up(pid uint64, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.shims[pid] != nil {
		return
	}
	f := &far{session: s, pid: pid, name: name}
	f.shim = actor.NewShim(s.node.sys, f)
	s.shims[pid] = f
}

// down takes the shim out; the caller ends it.
func (s *session) down(pid uint64) *far {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.shims[pid]
	if f != nil {
		for _, name := range f.names {
			s.unname(name, pid)
		}
		delete(s.shims, pid)
	}
	return f
}

// named notes a name of an actor of the peer; two may have the same.
func (s *session) named(name string, pid uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.shims[pid]
	if f == nil {
		return
	}
	f.names = append(f.names, name)
	if s.names[name] == nil {
		s.names[name] = map[uint64]struct{}{}
	}
	s.names[name][pid] = struct{}{}
}

// unnamed takes it back.
func (s *session) unnamed(name string, pid uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.shims[pid]; f != nil {
		f.names = slices.DeleteFunc(f.names, func(n string) bool { return n == name })
	}
	s.unname(name, pid)
}

func (s *session) unname(name string, pid uint64) {
	delete(s.names[name], pid)
	if len(s.names[name]) == 0 {
		delete(s.names, name)
	}
}

// failCalls ends the calls to an actor that has ended: no answer comes any more.
func (s *session) failCalls(pid uint64, reason error) {
	if reason == nil {
		reason = actor.ErrStopped
	}
	for _, c := range s.leaveAll(func(c *call) bool { return c.pid == pid }) {
		c.answer.fail(fmt.Errorf("%w: %w", rpc.ErrNoReply, reason))
	}
}

// refs returns the shims of those pids that are up.
func (s *session) refs(pids []uint64) []actor.AnyRef {
	s.mu.Lock()
	defer s.mu.Unlock()
	refs := make([]actor.AnyRef, 0, len(pids))
	for _, pid := range pids {
		if f := s.shims[pid]; f != nil {
			refs = append(refs, f.shim.Ref())
		}
	}
	return refs
}

// enter returns a tag for a call to an actor of the peer, and notes who waits for its
// answer; nil: nobody does. alone says that nobody else waits for one.
func (s *session) enter(pid uint64, answer *pending) (tag uint64, alone bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return 0, false, s.gone()
	case s.shims[pid] == nil:
		// down has taken it out, and whoever fails its calls may have done so: who
		// came later would wait for an answer that a Rust node never gives.
		return 0, false, actor.ErrStopped
	}
	alone = s.calls.waits == 0
	if answer == nil {
		s.tag++
	} else {
		s.tag = s.calls.enter(s.tag, pid, answer)
	}
	return s.tag, alone, nil
}

// gone is the error of what comes too late.
func (s *session) gone() error { return fmt.Errorf("%w: %s", ErrNodeDown, s.peer.Name) }

// leave takes a call out; false: somebody has ended it already.
func (s *session) leave(tag uint64) (c call, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls.leave(tag)
}

// leaveAll takes out all calls that which picks.
func (s *session) leaveAll(which func(*call) bool) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls.leaveAll(which)
}

// sweep forgets the calls whose callers have given up: a Rust node never answers
// those that came to nothing.
func (s *session) sweep() {
	for _, c := range s.leaveAll(func(c *call) bool { return c.answer.abandoned() }) {
		c.answer.fail(nil)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.shrink()
}

// finish ends what the session had, when the machine has said that it is over.
// Nothing is entered afterwards.
func (s *session) finish(err error) {
	s.mu.Lock()
	s.ended = true
	calls := s.calls.leaveAll(func(*call) bool { return true })
	shims, asks := s.shims, s.asks
	s.shims, s.asks, s.names = map[uint64]*far{}, nil, nil
	for _, t := range s.allowed {
		t.revoked.Store(true)
	}
	clear(s.allowed)
	s.mu.Unlock()
	for _, a := range asks {
		close(a.ready)
	}
	s.inquiries.end()
	for _, c := range calls {
		c.answer.fail(err)
	}
	for _, pid := range slices.Sorted(maps.Keys(shims)) { // the same order each time
		shims[pid].shim.End(err)
	}
}

// ask sends a request and waits for what the peer says.
func (s *session) ask(ctx context.Context, pid uint64, request func(tag uint64) *wire.Go) (*wire.Go, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	a := &asked{ready: make(chan struct{})}
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil, s.gone()
	}
	s.tag++
	tag := s.tag
	s.asks[tag] = a
	s.mu.Unlock()
	err := s.tell(pid, data, request(tag))
	if err == nil {
		var cause error
		if err = actor.Park(ctx, a.ready, func(c error) { cause = c }); err == nil {
			err = cause
		}
	}
	if err != nil {
		s.mu.Lock()
		delete(s.asks, tag)
		s.mu.Unlock()
		return nil, err
	}
	if a.reply == nil {
		return nil, s.gone()
	}
	return a.reply, nil
}

// asked is a request that waits for its reply.
type asked struct {
	reply *wire.Go      // written before ready is closed; nil: the session has ended
	ready chan struct{} // closed when it is over
}

// answered gives a reply to who has asked.
func (s *session) answered(tag uint64, g *wire.Go) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.asks[tag]; a != nil {
		delete(s.asks, tag)
		a.reply = g
		close(a.ready)
	}
}

// tell sends a message that only Go nodes know, about the actor pid: it does not
// overtake what was sent to that.
func (s *session) tell(pid uint64, u urgency, g *wire.Go) error {
	m := &wire.NetworkMessage{Message: &wire.NetworkMessage_Go{Go: g}}
	return s.out.put(pid, u, func(dst []byte) []byte { return wire.Append(dst, m) })
}

// flushTime is how long what is queued may take when a session is closed.
const flushTime = 2 * time.Second

// close ends the connection when what is queued has been written, or soon.
func (s *session) close(reason string) {
	s.out.end(fmt.Errorf("%w: %s", ErrNodeDown, reason), true)
	s.force.Store(time.AfterFunc(flushTime, func() { _ = s.conn.Close() }))
}

// run is the life of a session: the calling goroutine writes, another one reads. It
// returns why the session has ended, when there is no reader any more.
func (s *session) run() error {
	read := make(chan error, 1)
	go newInbox(s, func(err error) {
		s.out.end(fmt.Errorf("%w: %w", ErrNodeDown, err), false)
		_ = s.conn.Close() // the writer may be in the middle of a write that nobody reads
		read <- err
	}).read()
	_ = s.out.write(s.conn)
	_ = s.conn.Close() // ends the reader
	err := <-read
	if t := s.force.Load(); t != nil {
		t.Stop()
	}
	return err
}
