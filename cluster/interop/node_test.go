//go:build interop

package interop

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// bothWays runs a test twice: Go dials Rust, and Rust dials Go.
func bothWays(t *testing.T, cfg cluster.Config, flags []string, test func(t *testing.T, n *goNode, p *peer)) {
	t.Run("Go dials", func(t *testing.T) {
		n, p := startGo(t, cfg), startPeer(t, flags...)
		s := n.dial(p)
		require.Equal(t, p.name, s.Node)
		require.True(t, s.Dialed)
		require.False(t, s.Go)
		n.await("ready", "peer="+p.name, "dialed=true")
		test(t, n, p)
	})
	t.Run("Rust dials", func(t *testing.T) {
		n, p := startGo(t, cfg), startPeer(t, flags...)
		p.tellf("connect %s", n.node.Addr())
		p.await("ready", "peer="+n.node.Name(), "incoming=false")
		n.await("ready", "peer="+p.name, "dialed=false", "go=false")
		test(t, n, p)
	})
}

// echo calls an actor of each side from the other.
func echo(t *testing.T, n *goNode, p *peer) {
	t.Helper()
	p.spawn("rust")
	answer, err := rpc.Call(n.within(patience), n.member("rust"), askEcho("hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", answer)

	n.spawn("go")
	p.await("joined", "group=go", "remote=true", "actor=go")
	p.tellf("call go 1 echo 0 hello")
	p.await("answer", "id=1", "value=hello")
}

func TestConnect(t *testing.T) {
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		echo(t, n, p)
		require.NoError(t, n.node.Stop(n.within(patience)))
		p.await("disconnected", "peer="+n.node.Name())
		p.await("left", "group=go", "remote=true")
		n.await("disconnected", "peer="+p.name)
		n.await("left", "group=rust")
	})
}

func TestWrongCookie(t *testing.T) {
	t.Run("Go dials", func(t *testing.T) {
		n, p := startGo(t, cluster.Config{Cookie: "wrong"}), startPeer(t)
		_, err := n.node.Dial(n.within(patience), p.addr())
		require.ErrorIs(t, err, cluster.ErrHandshake)
		p.await("disconnected", "incoming=true")
		require.False(t, p.has("authenticated"))
	})
	t.Run("Rust dials", func(t *testing.T) {
		n, p := startGo(t, cluster.Config{}), startPeer(t, "--cookie", "wrong")
		p.tellf("connect %s", n.node.Addr())
		p.await("disconnected", "incoming=false")
		n.await("disconnected")
		require.False(t, p.has("authenticated"))
		require.False(t, n.has("authenticated"))
		require.Zero(t, size(n.node.Sessions()))
	})
}

// Both dial at once, again and again: one session is left each time, the same at both.
func TestSimultaneousDial(t *testing.T) {
	for _, name := range []string{"a", "z"} { // the peer is called rust
		t.Run(name, func(t *testing.T) {
			for range 10 {
				n, p := startGo(t, cluster.Config{Name: name}), startPeer(t)
				var dialed sync.WaitGroup
				dialed.Go(func() {
					_, err := n.node.Dial(n.within(patience), p.addr())
					require.NoError(t, err)
				})
				p.tellf("connect %s", n.node.Addr())
				dialed.Wait()
				for range 2 {
					p.await("opened")
				}
				p.await("disconnected") // one of the two
				n.await("disconnected")
				echo(t, n, p)
				p.tellf("sessions")
				p.await("sessions", "n=1", "value="+n.node.Name())
				require.Equal(t, 1, ready(n))
				n.shutdown(t)
			}
		})
	}
}

// ready is how many sessions of a node are.
func ready(n *goNode) int {
	all := 0
	for s := range n.node.Sessions() {
		if s.State == cluster.Ready {
			all++
		}
	}
	return all
}

func TestTLS(t *testing.T) {
	pki := newPKI(t)
	t.Run("the server's certificate", func(t *testing.T) {
		cfg := cluster.Config{TLS: pki.server(false), ClientTLS: pki.client(false)}
		bothWays(t, cfg, pki.flags(false), echo)
	})
	t.Run("certificates of both", func(t *testing.T) {
		cfg := cluster.Config{TLS: pki.server(true), ClientTLS: pki.client(true)}
		bothWays(t, cfg, pki.flags(true), echo)
	})
	t.Run("of another authority", func(t *testing.T) {
		other := newPKI(t)
		n := startGo(t, cluster.Config{TLS: other.server(false), ClientTLS: other.client(false)})
		p := startPeer(t, pki.flags(false)...)
		_, err := n.node.Dial(n.within(patience), p.addr())
		require.ErrorIs(t, err, cluster.ErrHandshake)
		p.tellf("connect %s", n.node.Addr())
		p.await("unconnected")
	})
	t.Run("none", func(t *testing.T) {
		n, p := startGo(t, cluster.Config{}), startPeer(t, pki.flags(false)...)
		_, err := n.node.Dial(n.within(patience), p.addr())
		require.ErrorIs(t, err, cluster.ErrHandshake)
	})
}

// Joins and leaves of each side are seen by the other, in both scopes.
func TestGroups(t *testing.T) {
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		p.tellf("spawn one")
		p.await("spawned")
		for _, scope := range []struct{ rust, here string }{{"__default_scope__", pg.DefaultScope}, {"other", "other"}} {
			p.tellf("join one g %s", scope.rust)
			n.await("joined", "group=g", "scope="+scope.here)
			p.tellf("leave one g %s", scope.rust)
			n.await("left", "group=g", "scope="+scope.here)

			r, err := actor.Spawn(n.ctx, &probe{name: scope.here, journal: &n.journal}, actor.Remotable())
			require.NoError(t, err)
			group := pg.Group[Msg]{Scope: scope.here, Name: "h"}
			require.NoError(t, group.Join(n.ctx, r))
			p.await("joined", "group=h", "scope="+scope.rust, "remote=true")
			require.NoError(t, group.Leave(n.ctx, r))
			p.await("left", "group=h", "scope="+scope.rust, "remote=true")
		}
		p.tellf("members g other")
		p.await("members", "group=g", "local=0", "remote=0")

		// Who is there before the session is told as it begins.
		second := startPeer(t, "--name", "second")
		second.spawn("early")
		n.spawn("here")
		n.dial(second)
		second.await("joined", "group=here", "remote=true")
		second.tellf("members here")
		second.await("members", "local=0", "remote=1")
		_, err := rpc.Call(n.within(patience), n.member("early"), askEcho("hello"))
		require.NoError(t, err)
	})
}

// Every type that ractor encodes crosses as an argument and as an answer, both ways.
func TestEveryType(t *testing.T) {
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		p.spawn("rust")
		rust := n.member("rust")
		for _, r := range table {
			require.NoError(t, rust.Cast(n.ctx, r.message))
			require.Equal(t, r.text, p.await("got", "actor=rust", "variant="+r.cast).keys["value"])
			back, err := r.call(n.within(patience), rust)
			require.NoError(t, err, r.echo)
			same(t, r.value, back)
			require.Equal(t, r.text, p.await("got", "actor=rust", "variant="+r.echo).keys["value"])
		}
		require.NoError(t, rust.Cast(n.ctx, nothing{}))
		p.await("got", "variant=Nothing")
		require.NoError(t, rust.Cast(n.ctx, named{Number: 7, Text: "seven", Flag: true}))
		p.await("got", "variant=Named", `value=(7, "seven", true)`)

		n.spawn("go")
		p.await("joined", "group=go", "remote=true")
		p.tellf("samples go")
		for _, r := range table {
			same(t, r.value, n.await("got", "actor=go").value)
		}
		same(t, nothing{}, n.await("got").value)
		same(t, named{Number: 7, Text: "seven", Flag: true}, n.await("got").value)
		for _, r := range table {
			back := p.await("back", "variant="+r.echo)
			require.Equal(t, "true", back.keys["same"], back)
			require.Equal(t, r.text, back.keys["value"])
			same(t, r.value, n.await("got", "actor=go").value)
		}
		p.await("samples-done")
		require.False(t, p.has("unsent"))
	})
}

func same(t testing.TB, want, got any) {
	t.Helper()
	if m, ok := want.(proto.Message); ok {
		require.True(t, proto.Equal(m, got.(proto.Message)), got)
		return
	}
	require.Equal(t, want, got)
}

// Messages that are bare values.
func TestPlain(t *testing.T) {
	n, p := startGo(t, cluster.Config{}), startPeer(t)
	n.dial(p)
	p.tellf("plain one")
	p.await("spawned")
	p.tellf("join one texts")
	r, ok := actor.As[string](n.await("joined", "group=texts").value.(actor.AnyRef))
	require.True(t, ok)
	require.NoError(t, r.Cast(n.ctx, "hello there"))
	p.await("got", "actor=one", `value="hello there"`)

	heard := make(chan string, 1)
	here, err := actor.Spawn(n.ctx, actor.Func(func(_ *actor.Context[string], s string) error {
		heard <- s
		return nil
	}), actor.Remotable())
	require.NoError(t, err)
	require.NoError(t, pg.Group[string]{Name: "here"}.Join(n.ctx, here))
	p.await("joined", "group=here")
	p.tellf("text here hello there")
	select {
	case s := <-heard:
		require.Equal(t, "hello there", s)
	case <-time.After(patience):
		require.FailNow(t, "the text has not come")
	}
}

// Calls with a deadline and without, answered, late, never, and refused.
func TestCalls(t *testing.T) {
	n, p := startGo(t, cluster.Config{}), startPeer(t)
	n.dial(p)
	p.spawn("rust")
	rust := n.member("rust")

	t.Run("from Go", func(t *testing.T) {
		answer, err := rpc.Call(n.ctx, rust, askLate(20, "late"))
		require.NoError(t, err)
		require.Equal(t, "late", answer)
		answer, err = rpc.Call(n.within(patience), rust, func(r rpc.Reply[string]) Msg { return portFirst{r, "first"} })
		require.NoError(t, err)
		require.Equal(t, "first", answer)
		answer, err = rpc.Call(n.within(patience), rust, func(r rpc.Reply[string]) Msg { return portAmid{7, r, "amid"} })
		require.NoError(t, err)
		require.Equal(t, "amid 7", answer)
		for _, ask := range []func(rpc.Reply[string]) Msg{askNever, askDropped, askLate(60_000, "")} {
			_, err = rpc.Call(n.within(50*time.Millisecond), rust, ask)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	})
	t.Run("the time that is left crosses", func(t *testing.T) {
		p.await("got", "variant=Never") // the one before
		ctx, cancel := context.WithTimeout(n.ctx, time.Hour)
		ended := make(chan error)
		go func() {
			_, err := rpc.Call(ctx, rust, askNever)
			ended <- err
		}()
		value := p.await("got", "variant=Never").keys["value"]
		require.Regexp(t, `^Some\((3599\.\d+|3600)s\)$`, value)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		ctx, cancel = context.WithCancel(n.ctx)
		go func() {
			_, err := rpc.Call(ctx, rust, askNever)
			ended <- err
		}()
		p.await("got", "variant=Never", "value=None")
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	t.Run("from Rust", func(t *testing.T) {
		n.spawn("go")
		p.await("joined", "group=go", "remote=true")
		p.tellf("call go 1 echo 0 hello")
		p.await("answer", "id=1", "value=hello")
		p.tellf("call go 2 late:20 0 late")
		p.await("answer", "id=2", "value=late")
		p.tellf("call go 3 late:1 60000 late")
		p.await("answer", "id=3", "value=late")
		for id, what := range []string{"never", "dropped", "late:60000"} {
			p.tellf("call go %d %s 50 x", 10+id, what)
			require.Contains(t, []string{"timeout", "sender"}, p.await("answer", fmt.Sprint("id=", 10+id)).keys["error"])
		}
	})
	t.Run("and the session is well", func(t *testing.T) {
		_, err := rpc.Call(n.within(patience), rust, askEcho("hello"))
		require.NoError(t, err)
		p.tellf("call go 20 echo 0 hello")
		p.await("answer", "id=20", "value=hello")
	})
}

// The end of an actor is seen at the other side, and calls that wait for it end.
func TestActorsEnd(t *testing.T) {
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		t.Run("a Rust one", func(t *testing.T) {
			for _, how := range []string{"stop", "kill"} {
				p.spawn(how)
				r := n.member(how)
				n.monitor(r.Any())
				ended := make(chan error)
				go func() {
					_, err := rpc.Call(n.ctx, r, askNever)
					ended <- err
				}()
				p.await("got", "variant=Never")
				p.tellf("%s %s", how, how)
				n.await("left", "group="+how)
				n.await("down")
				require.Error(t, <-ended)
				require.NoError(t, r.Wait(n.within(patience)))
			}
		})
		t.Run("a Rust one that panics", func(t *testing.T) {
			p.spawn("panics")
			r := n.member("panics")
			require.NoError(t, r.Cast(n.ctx, panics{}))
			n.await("left", "group=panics")
		})
		t.Run("a Go one", func(t *testing.T) {
			r := n.spawn("mine")
			p.await("joined", "group=mine", "remote=true")
			p.tellf("call mine 1 never 0 x")
			n.await("got", "actor=mine")
			r.Stop()
			p.await("left", "group=mine", "remote=true")
			p.await("answer", "id=1", "error=sender")
		})
		t.Run("a Go one that answers and stops", func(t *testing.T) {
			for i := range 20 {
				name := fmt.Sprint("last", i)
				n.spawn(name)
				p.await("joined", "group="+name, "remote=true")
				p.tellf("call %s %d last 0 bye", name, 100+i)
				// It would be lost if terminate came right behind it: see
				// TestPeerTerminateBehindAReply.
				answer := p.await("answer", fmt.Sprint("id=", 100+i))
				require.Equal(t, "bye", answer.keys["value"], answer)
				p.await("left", "group="+name)
			}
		})
		t.Run("the session stays", func(t *testing.T) { echo(t, n, p) })
	})
}

// 6.3: an actor of the peer that answers and stops. Its terminate overtakes the answer,
// which comes all the same.
func TestLastWords(t *testing.T) {
	n, p := startGo(t, cluster.Config{}), startPeer(t)
	n.dial(p)
	for i := range 50 {
		name := fmt.Sprint("last", i)
		p.spawn(name)
		answer, err := rpc.Call(n.within(patience), n.member(name), askLastWords("bye"))
		require.NoError(t, err)
		require.Equal(t, "bye", answer)
	}
}

// A hundred thousand casts each way, in order, none lost.
func TestManyCastsInOrder(t *testing.T) {
	const many = 100_000
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		p.spawn("rust")
		rust := n.member("rust")
		for i := range uint64(many) {
			require.NoError(t, rust.Cast(n.ctx, count{i}))
		}
		counts(t, n, rust, many)

		here := n.spawn("go")
		p.await("joined", "group=go", "remote=true")
		p.tellf("burst go %d", many)
		p.tellf("call go 1 echo 0 hello") // behind them
		p.await("answer", "id=1", "value=hello")
		counts(t, n, here, many)
	})
}

// counts has a probe say that so many have come in order.
func counts(t testing.TB, n *goNode, r actor.Ref[Msg], many uint64) {
	t.Helper()
	got, err := rpc.Call(n.within(patience), r, askCounted)
	require.NoError(t, err)
	require.Equal(t, many, got)
	in, err := rpc.Call(n.within(patience), r, askOrdered)
	require.NoError(t, err)
	require.True(t, in)
}

// Two Go nodes that know only the Rust one find each other through it.
func TestTransitive(t *testing.T) {
	p := startPeer(t, "--transitive")
	a := startGo(t, cluster.Config{Name: "a", Mode: cluster.Transitive})
	b := startGo(t, cluster.Config{Name: "b", Mode: cluster.Transitive})
	a.dial(p)
	b.dial(p)
	a.await("ready", "peer=b@localhost", "go=true")
	b.await("ready", "peer=a@localhost", "go=true")
	p.tellf("sessions")
	p.await("sessions", "n=2", "value=a@localhost,b@localhost")

	b.spawn("b")
	answer, err := rpc.Call(a.within(patience), a.member("b"), askEcho("hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", answer)
	p.await("joined", "group=b", "remote=true")
	p.spawn("rust")
	for _, n := range []*goNode{a, b} {
		_, err := rpc.Call(n.within(patience), n.member("rust"), askEcho("hello"))
		require.NoError(t, err)
	}
	require.Equal(t, 2, ready(a))
	require.Equal(t, 2, ready(b))
}

// The Rust side dials what a Go node tells it of.
func TestTransitiveRust(t *testing.T) {
	hub := startGo(t, cluster.Config{Name: "hub"})
	other := startGo(t, cluster.Config{Name: "other"})
	_, err := other.node.Dial(other.within(patience), hub.node.Addr())
	require.NoError(t, err)
	hub.await("ready", "peer=other@localhost")
	p := startPeer(t, "--transitive")
	hub.dial(p)
	p.await("ready", "peer=other@localhost", "incoming=false")
	other.await("ready", "peer="+p.name, "dialed=false")
}
