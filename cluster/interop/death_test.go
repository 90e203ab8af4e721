//go:build interop

package interop

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// SIGKILL of the Rust process: calls that wait end at once, members are gone, monitors
// are told.
func TestRustIsKilled(t *testing.T) {
	bothWays(t, cluster.Config{}, nil, func(t *testing.T, n *goNode, p *peer) {
		p.spawn("rust")
		r := n.member("rust")
		n.monitor(r.Any())
		ended := make(chan error)
		go func() {
			_, err := rpc.Call(n.ctx, r, askNever)
			ended <- err
		}()
		p.await("got", "variant=Never")
		require.NoError(t, p.process.Kill())
		require.ErrorIs(t, <-ended, cluster.ErrNodeDown)
		n.await("disconnected", "peer="+p.name)
		n.await("left", "group=rust")
		require.ErrorIs(t, n.await("down").value.(error), cluster.ErrNodeDown)
		require.Error(t, r.Cast(n.ctx, nothing{}))
		require.Zero(t, size(pg.Group[Msg]{Name: "rust"}.Members(n.ctx)))

		// Its successor, of the same name, is another.
		next := startPeer(t)
		next.spawn("rust")
		n.dial(next)
		again := n.member("rust")
		require.False(t, again.Is(r.Any()))
		_, err := rpc.Call(n.within(patience), again, askEcho("hello"))
		require.NoError(t, err)
		_, err = rpc.Call(n.within(patience), r, askEcho("hello"))
		require.Error(t, err)
	})
}

// SIGKILL of a Go process.
func TestGoIsKilled(t *testing.T) {
	p := startPeer(t)
	p.spawn("rust")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), child+"="+p.addr())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe() // it ends with the test even if the test is killed
	require.NoError(t, err)
	defer in.Close()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)

	p.await("ready", "peer=child@localhost")
	p.await("joined", "group=child", "remote=true")
	p.tellf("call child 1 echo 0 hello")
	p.await("answer", "id=1", "value=hello")
	p.tellf("call child 2 never 0 x")
	p.tellf("call child 3 echo 0 hello") // behind it
	p.await("answer", "id=3", "value=hello")
	require.NoError(t, cmd.Process.Kill())
	p.await("answer", "id=2", "error=sender")
	p.await("disconnected", "peer=child@localhost")
	p.await("left", "group=child", "remote=true")
}

// child is the variable that makes a process of this program a node that dials the
// address in it.
const child = "RACTOR_INTEROP_CHILD"

// runChild is that process. It ends with its stdin, or when it is killed.
func runChild(addr string) error {
	n, err := newGo(cluster.Config{Name: "child"})
	if err != nil {
		return err
	}
	r, err := actor.Spawn(n.ctx, &probe{name: "child", journal: &n.journal}, actor.Remotable())
	if err != nil {
		return err
	}
	if err := (pg.Group[Msg]{Name: "child"}).Join(n.ctx, r); err != nil {
		return err
	}
	if _, err := n.node.Dial(n.ctx, addr); err != nil {
		return err
	}
	fmt.Println("ready")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// A Go node comes back under its name, from another address, while the Rust side still
// holds the session of before, which nobody has ended: its peer is cut off. The newer
// connection wins, since its id is smaller.
func TestGoComesBack(t *testing.T) {
	for _, name := range []string{"a", "z"} { // the peer is called rust
		t.Run(name, func(t *testing.T) {
			p := startPeer(t)
			p.spawn("rust")
			before := startGo(t, cluster.Config{Name: name})
			cable := lay(t, p.addr())
			_, err := before.node.Dial(before.within(patience), cable.addr())
			require.NoError(t, err)
			before.spawn("mine")
			p.await("ready", "peer="+name+"@localhost", "node=0")
			p.await("joined", "group=mine", "remote=true")
			cable.cut()
			before.shutdown(t)
			p.tellf("sessions")
			p.await("sessions", "n=1") // it has noticed nothing

			after := startGo(t, cluster.Config{Name: name, Listen: "127.0.0.2:0", Advertise: "127.0.0.2:4"})
			require.Equal(t, before.node.Name(), after.node.Name())
			require.NotEqual(t, before.node.Addr(), after.node.Addr())
			after.dial(p)
			p.await("disconnected", "peer="+name+"@localhost", "node=0")
			p.await("left", "group=mine", "remote=true")
			p.tellf("sessions")
			p.await("sessions", "n=1", "value="+name+"@localhost")
			after.spawn("new")
			p.await("joined", "group=new", "remote=true")
			p.tellf("call new 1 echo 0 hello")
			p.await("answer", "id=1", "value=hello")
			_, err = rpc.Call(after.within(patience), after.member("rust"), askEcho("hello"))
			require.NoError(t, err)
		})
	}
}

// The same, but the stale session is one that the Rust side had dialled. Ids count only
// among connections of one direction: of both, ractor keeps the one that the greater name
// has dialled. So a node whose name is less than its peer's gets in only when the peer has
// noticed; it is refused until then, and nothing else happens to either.
func TestGoComesBackToOneThatHasDialled(t *testing.T) {
	for _, c := range []struct {
		name string
		wins bool
	}{{"z", true}, {"a", false}} { // the peer is called rust
		t.Run(c.name, func(t *testing.T) {
			p := startPeer(t)
			before := startGo(t, cluster.Config{Name: c.name})
			cable := lay(t, before.node.Addr())
			p.tellf("connect %s", cable.addr())
			p.await("ready", "node=0", "incoming=false")
			cable.cut()
			before.shutdown(t)

			after := startGo(t, cluster.Config{Name: c.name})
			if c.wins {
				after.dial(p)
				p.await("disconnected", "node=0")
			} else {
				_, err := after.node.Dial(after.within(patience), p.addr())
				require.ErrorIs(t, err, cluster.ErrHandshake)
				p.await("disconnected", "node=1")
				require.False(t, p.has("disconnected", "node=0"))
				cable.remove()
				p.await("disconnected", "node=0")
				after.dial(p)
			}
			echo(t, after, p)
		})
	}
}

// A cable passes the bytes of one connection on, both ways, until it is cut: then both
// ends stay open, and nothing passes.
type cable struct {
	listener net.Listener
	dead     atomic.Bool
	remove   func() // closes both ends, as the test's end does
}

// lay lays a cable to an address. It is removed with the test.
func lay(t testing.TB, to string) *cable {
	t.Helper()
	end := make(chan struct{})
	c := &cable{listener: listen(t), remove: sync.OnceFunc(func() { close(end) })}
	var all sync.WaitGroup
	t.Cleanup(func() {
		c.remove()
		c.listener.Close()
		all.Wait()
	})
	all.Go(func() {
		here, err := c.listener.Accept()
		if err != nil {
			return
		}
		defer here.Close()
		there, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer there.Close()
		all.Go(func() { c.pass(there, here) })
		all.Go(func() { c.pass(here, there) })
		<-end
	})
	return c
}

func (c *cable) addr() string { return c.listener.Addr().String() }

func (c *cable) cut() { c.dead.Store(true) }

// pass reads until an end is closed for good: what is read after the cut is lost, and
// so is that the other side has closed.
func (c *cable) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if !c.dead.Load() {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}
