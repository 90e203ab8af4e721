package cluster_test

import (
	"context"
	"log/slog"
	"os"
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

// pair is two sides, a connected to b.
func pair(t testing.TB, adjust ...func(a, b *cluster.Config)) (a, b *side) {
	t.Helper()
	ca, cb := config("a"), config("b")
	for _, f := range adjust {
		f(&ca, &cb)
	}
	a, b = newSide(t, ca), newSide(t, cb)
	s, err := a.node.Dial(a.ctx, b.node.Addr())
	require.NoError(t, err)
	require.Equal(t, "b@localhost", s.Node)
	b.awaits(cluster.Ready)
	return a, b
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

// find waits until the peer's actor of that name is known.
func (s *side) find(name string) actor.Ref[Msg] {
	s.t.Helper()
	for s.ctx.Err() == nil {
		for _, r := range cluster.Lookup[Msg](s.node, name) {
			return r
		}
		time.Sleep(time.Millisecond)
	}
	require.FailNow(s.t, "nobody is called "+name)
	return actor.Ref[Msg]{}
}

func get(ctx context.Context, r actor.Ref[Msg]) (uint64, error) {
	return rpc.Call(ctx, r, func(r rpc.Reply[uint64]) Msg { return Get{r} })
}
