package cluster_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/rpc"
)

// Msg is what the actors of these tests take.
type Msg interface{ isMsg() }

type (
	// Add is a cast.
	Add struct{ N uint64 }
	// Text is a cast of any size.
	Text struct{ S string }
	// Get is a call.
	Get struct{ Reply rpc.Reply[uint64] }
	// Echo is a call of any size.
	Echo struct {
		S     string
		Reply rpc.Reply[string]
	}
	// Fail is a call that the actor refuses.
	Fail struct{ Reply rpc.Reply[uint64] }
	// Hang is a call that is never answered.
	Hang struct{ Reply rpc.Reply[uint64] }
	// Hand has the actor send Add to Other.
	Hand struct{ Other actor.Ref[Msg] }
	// Odd is known to some nodes only.
	Odd struct{ N uint64 }
)

func (Add) isMsg()  {}
func (Text) isMsg() {}
func (Get) isMsg()  {}
func (Echo) isMsg() {}
func (Fail) isMsg() {}
func (Hang) isMsg() {}
func (Hand) isMsg() {}
func (Odd) isMsg()  {}

func msgCodec() cluster.Codec {
	return cluster.Enum[Msg](
		cluster.VariantOf[Add]("Add"),
		cluster.VariantOf[Text]("Text"),
		cluster.VariantOf[Get]("Get"),
		cluster.VariantOf[Echo]("Echo"),
		cluster.VariantOf[Fail]("Fail"),
		cluster.VariantOf[Hang]("Hang"),
		cluster.VariantOf[Hand]("Hand"),
	)
}

// side is one System with a node.
type side struct {
	t      testing.TB
	ctx    context.Context
	sys    *actor.System
	node   *cluster.Node
	events chan cluster.Event
}

// config is a Config that is good for tests, under that name.
func config(name string) cluster.Config {
	cfg := cluster.Config{Name: name, Cookie: "a secret of tests", Codecs: []cluster.Codec{msgCodec()}}
	if os.Getenv("CLUSTER_LOG") != "" {
		cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return cfg
}

// newSide starts a System and a node.
func newSide(t testing.TB, cfg cluster.Config) *side {
	t.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(actor.WithSystem(context.Background(), sys), time.Minute)
	s := &side{t: t, ctx: ctx, sys: sys, events: make(chan cluster.Event, 10_000)}
	t.Cleanup(func() {
		defer cancel()
		require.NoError(t, sys.Shutdown(ctx))
	})
	if cfg.Events.IsZero() {
		cfg.Events, err = actor.Spawn(ctx, actor.Func(func(_ *actor.Context[cluster.Event], e cluster.Event) error {
			s.events <- e
			return nil
		}))
		require.NoError(t, err)
	}
	s.node, err = cluster.Start(ctx, sys, cfg)
	require.NoError(t, err)
	return s
}

// awaits returns the next event of that kind.
func (s *side) awaits(kind cluster.EventKind) cluster.Event {
	s.t.Helper()
	for {
		select {
		case e := <-s.events:
			if e.Kind == kind {
				return e
			}
		case <-s.ctx.Done():
			require.FailNow(s.t, "no event "+kind.String())
		}
	}
}

// sides are two sides that are not connected.
func sides(t testing.TB, adjust ...func(a, b *cluster.Config)) (a, b *side) {
	t.Helper()
	ca, cb := config("a"), config("b")
	for _, f := range adjust {
		f(&ca, &cb)
	}
	return newSide(t, ca), newSide(t, cb)
}

// piped are two sides for a bubble: they have no listener, and are connected by
// pipes.
func piped(t testing.TB, adjust ...func(a, b *cluster.Config)) (a, b *side) {
	t.Helper()
	return sides(t, append(adjust, func(a, b *cluster.Config) { a.Listen, b.Listen = "-", "-" })...)
}

// dials connects s to another side over TCP. What the other had to tell is known
// when it returns.
func (s *side) dials(to *side) {
	s.t.Helper()
	d, err := s.node.Dial(s.ctx, to.node.Addr())
	require.NoError(s.t, err)
	require.Equal(s.t, to.node.Name(), d.Node)
	require.Equal(s.t, cluster.Ready, d.State)
	to.awaits(cluster.Ready)
}

// counter adds up.
type counter struct {
	sum  uint64
	seen func(Msg)
}

func (c *counter) Handle(ctx *actor.Context[Msg], m Msg) error {
	if c.seen != nil {
		c.seen(m)
	}
	switch m := m.(type) {
	case Add:
		c.sum += m.N
	case Get:
		m.Reply.Send(c.sum)
	case Echo:
		m.Reply.Send(m.S)
	case Fail:
		m.Reply.Fail(errFail)
	case Hand:
		return m.Other.Cast(ctx, Add{N: 1})
	}
	return nil
}

type failure string

func (f failure) Error() string { return string(f) }

const errFail = failure("it does not want to")

// spawn makes a remotable counter.
func (s *side) spawn(c *counter, opts ...actor.Option) actor.Ref[Msg] {
	s.t.Helper()
	r, err := actor.Spawn(s.ctx, c, append([]actor.Option{actor.Remotable()}, opts...)...)
	require.NoError(s.t, err)
	return r
}

// find returns the actor of that name, which must be known.
func (s *side) find(name string) actor.Ref[Msg] {
	s.t.Helper()
	for _, r := range cluster.Lookup[Msg](s.node, name) {
		return r
	}
	require.FailNow(s.t, "nobody is called "+name)
	return actor.Ref[Msg]{}
}

// peers are two connected sides, where b has a remotable counter; r is a's Ref of it.
func peers(t testing.TB, c *counter, opts ...actor.Option) (a, b *side, r actor.Ref[Msg]) {
	t.Helper()
	a, b = sides(t)
	b.spawn(c, append(opts, actor.Named("counter"))...)
	a.dials(b)
	return a, b, a.find("counter")
}

func get(ctx context.Context, r actor.Ref[Msg]) (uint64, error) {
	return rpc.Call(ctx, r, func(r rpc.Reply[uint64]) Msg { return Get{r} })
}

// gate is a connection that can be made to deliver nothing to one side.
type gate struct {
	net.Conn

	mu   sync.Mutex
	room *sync.Cond
	held bool // guarded by mu
}

func newGate(c net.Conn) *gate {
	g := &gate{Conn: c}
	g.room = sync.NewCond(&g.mu)
	return g
}

func (g *gate) set(held bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = held
	g.room.Broadcast()
}

func (g *gate) shut() { g.set(true) }
func (g *gate) open() { g.set(false) }

// Read waits before it reads, so that what comes stays with the sender.
func (g *gate) Read(p []byte) (int, error) {
	if len(p) > 512 {
		p = p[:512]
	}
	g.wait()
	return g.Conn.Read(p)
}

// wait returns when the gate is open.
func (g *gate) wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.held {
		g.room.Wait()
	}
}

// Close opens too.
func (g *gate) Close() error {
	g.open()
	return g.Conn.Close()
}

// pipes connects s to another side over a pipe, and returns what the other reads
// through. Both are ready when it returns.
func (s *side) pipes(to *side) *gate {
	s.t.Helper()
	x, y := net.Pipe()
	g := newGate(y)
	s.connects(x, to, g)
	return g
}

// connects makes a session of the two ends of a connection.
func (s *side) connects(x net.Conn, to *side, y net.Conn) {
	s.t.Helper()
	accepted := make(chan error, 1)
	go func() {
		_, err := to.node.Connect(to.ctx, y, false)
		accepted <- err
	}()
	d, err := s.node.Connect(s.ctx, x, true)
	require.NoError(s.t, err)
	require.Equal(s.t, to.node.Name(), d.Node)
	require.NoError(s.t, <-accepted)
}

// dialsThrough is dials over a connection that the test can cut.
func (s *side) dialsThrough(to *side) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", to.node.Addr())
	require.NoError(s.t, err)
	_, err = s.node.Connect(s.ctx, conn, true)
	require.NoError(s.t, err)
	to.awaits(cluster.Ready)
	return conn
}
