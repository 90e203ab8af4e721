package cluster

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v3"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/pg"
)

// Node is a System's part in a cluster. Start makes it, Stop or the end of the
// System ends it.
type Node struct {
	cfg         Config
	sys         *actor.System
	log         *slog.Logger
	name        string
	addr        string
	incarnation uint64
	codecs      codecs
	listener    net.Listener
	anchor      actor.Ref[job]

	ctx    context.Context // ends when the node is to end
	cancel context.CancelCauseFunc
	quiet  context.Context // of what comes from peers to local actors
	group  sync.WaitGroup  // all goroutines of the node
	undo   []func()        // ends what was subscribed to

	locals          *xsync.MapOf[uint64, *local] // remotable actors by pid
	unauthenticated atomic.Int64
	handshakes      chan struct{} // a slot for each TLS handshake
	counters        counters

	mu       sync.Mutex
	machine  *protocol.Machine              // guarded by mu
	sessions map[protocol.ConnID]*session   // guarded by mu: open connections
	lastConn protocol.ConnID                // guarded by mu
	todo     []func()                       // guarded by mu: for the loop, in order
	wakeAt   time.Time                      // guarded by mu: when the loop means to wake; zero: when it is told
	swept    time.Time                      // guarded by mu: when calls were last looked through
	joiners  []*joiner                      // guarded by mu
	leaving  bool                           // guarded by mu
	names    map[string]map[*local]struct{} // guarded by mu: of local actors
	nudge    chan struct{}                  // one slot: the loop is to look
}

// Start makes sys part of a cluster: from now on its remotable actors can be
// reached by other nodes. It returns when the node listens; the addresses of
// Config.Join are dialled afterwards. ctx bounds the start only. The node ends
// with sys, or with Stop. A System may have several nodes, in several clusters.
// The errors: ErrConfig and ErrCodec with all that is wrong, what net.Listen says,
// and those of actor.Spawn.
func Start(ctx context.Context, sys *actor.System, cfg Config) (*Node, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	if sys == nil {
		return nil, fmt.Errorf("%w: the System is nil", ErrConfig)
	}
	codecs, err := newCodecs(cfg.Codecs)
	if err != nil {
		return nil, err
	}
	n := &Node{
		cfg:         cfg,
		sys:         sys,
		name:        cfg.fullName(),
		log:         cfg.Logger.With("node", cfg.fullName()),
		incarnation: uint64(time.Now().UnixNano()),
		codecs:      codecs,
		quiet:       noWait(sys),
		locals:      xsync.NewMapOf[uint64, *local](),
		handshakes:  make(chan struct{}, cfg.MaxHandshakes),
		sessions:    map[protocol.ConnID]*session{},
		names:       map[string]map[*local]struct{}{},
		nudge:       make(chan struct{}, 1),
	}
	if err := n.listen(ctx); err != nil {
		return nil, err
	}
	n.ctx, n.cancel = context.WithCancelCause(actor.WithSystem(context.Background(), sys))
	n.machine = protocol.New(protocol.Config{
		Name:                n.name,
		Addr:                n.addr,
		Cookie:              cfg.Cookie,
		Incarnation:         n.incarnation,
		Features:            []string{milestones},
		Transitive:          cfg.Mode == Transitive,
		AllowInsecureLegacy: cfg.AllowInsecureLegacy,
		HandshakeTimeout:    cfg.HandshakeTimeout,
		IdleTimeout:         cfg.IdleTimeout,
		MaxUnauthenticated:  cfg.MaxUnauthenticated,
	})
	for _, addr := range cfg.Join {
		n.joiners = append(n.joiners, &joiner{addr: addr})
	}
	if err := n.begin(ctx); err != nil {
		n.cancel(err)
		if n.listener != nil {
			_ = n.listener.Close()
		}
		return nil, err
	}
	return n, nil
}

// begin starts what runs.
func (n *Node) begin(ctx context.Context) error {
	anchor, err := actor.Spawn(actor.WithSystem(ctx, n.sys), &anchor{node: n})
	if err != nil {
		return err
	}
	n.anchor = anchor
	n.undo = append(n.undo, n.sys.WatchRemotables(publisher{n}), pg.Sync(n.sys, publisher{n}))
	n.group.Go(n.loop)
	if n.listener != nil {
		n.group.Go(n.accept)
	}
	if _, ok := actor.OnStopping(anchor.Any(), n.leave); !ok {
		n.leave()
	}
	n.wake()
	return nil
}

// Name returns the node's name, name@host.
func (n *Node) Name() string { return n.name }

// Addr returns the address that other nodes are told to dial.
func (n *Node) Addr() string { return n.addr }

// Incarnation is larger each time that a node of this name starts.
func (n *Node) Incarnation() uint64 { return n.incarnation }

// System returns the node's System.
func (n *Node) System() *actor.System { return n.sys }

// Stop leaves the cluster: what is queued for the peers is sent, within some
// seconds, then the sessions end, and with them what other nodes know of this
// one's actors, which themselves go on. It returns when nothing of the node is
// left, or context.Cause(ctx) when ctx ends first, which does not undo it. The
// end of the System does the same. Any goroutine may call it, more than once.
func (n *Node) Stop(ctx context.Context) error { return n.anchor.StopAndWait(ctx) }

// Sessions yields the present sessions, the oldest first, those too that are not
// authenticated yet (Session.State says it). With one node at most one of them is
// Authenticated or Ready. One that is over is not there any more, though its
// connection may take a moment to close. Any goroutine may call it.
func (n *Node) Sessions() iter.Seq[Session] {
	return func(yield func(Session) bool) {
		var all []Session
		n.mu.Lock()
		for _, s := range n.sorted() {
			if !s.isOver() {
				all = append(all, s.describe())
			}
		}
		n.mu.Unlock()
		for _, s := range all {
			if !yield(s) {
				return
			}
		}
	}
}

// sorted returns the connections, the oldest first; mu is held.
func (n *Node) sorted() []*session {
	return slices.SortedFunc(maps.Values(n.sessions), func(a, b *session) int { return cmp.Compare(a.id, b.id) })
}

// peer returns the session with a node, nil if there is none.
func (n *Node) peer(name string) *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.sessions {
		if s.trust.Load() && s.peer.Name == name {
			return s
		}
	}
	return nil
}

// leave begins the end; it does not wait.
func (n *Node) leave() {
	n.mu.Lock()
	first := !n.leaving
	n.leaving = true
	n.mu.Unlock()
	if !first {
		return
	}
	if n.listener != nil {
		_ = n.listener.Close()
	}
	n.step(protocol.Leave{})
	n.cancel(ErrStopped)
	n.wake()
}

// anchor is the actor that makes a node part of its System: its end is the node's.
// It also runs what must run on no goroutine of the node.
type anchor struct{ node *Node }

// job is work of the anchor's.
type job func(ctx context.Context)

// Handle runs a job off the actor, so that they do not wait for each other.
func (a *anchor) Handle(ctx *actor.Context[job], j job) error {
	actor.Async(ctx, func(ctx context.Context) (struct{}, error) { j(ctx); return struct{}{}, nil },
		func(_ struct{}, err error) error {
			if err != nil {
				a.node.log.Error("a job failed", "error", err)
			}
			return nil
		})
	return nil
}

// PostStop waits until nothing of the node is left.
func (a *anchor) PostStop(ctx *actor.Context[job]) error {
	a.node.leave()
	_, err := actor.Blocking(ctx, func() (struct{}, error) { a.node.group.Wait(); return struct{}{}, nil })
	return err
}

// portOf is the port of an address, for Advertise.
func portOf(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return strconv.Itoa(t.Port)
	}
	return "0"
}
