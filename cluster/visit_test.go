package cluster

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// needsGuests ends a test of what only readers that run actors do.
func needsGuests(t *testing.T) {
	t.Helper()
	if !gid.Fast {
		t.Skip("gid.Fast is false on " + runtime.GOARCH + ": sched.Guest.Enter always says no there")
	}
}

// watched is a session of which the test is the peer, and notes who reads.
type watched struct {
	net.Conn // the session's end

	peer    net.Conn
	session *session
	over    chan error

	mu      sync.Mutex
	readers []uint64 // guarded by mu: goroutines, the latest last
}

func newWatched(sys *actor.System) *watched {
	l := &watched{over: make(chan error, 1)}
	l.Conn, l.peer = net.Pipe()
	l.session = lone(sys, l)
	go newInbox(l.session, func(err error) { l.over <- err }).read()
	return l
}

func (l *watched) Read(p []byte) (int, error) {
	l.mu.Lock()
	if n := gid.Number(); len(l.readers) == 0 || l.readers[len(l.readers)-1] != n {
		l.readers = append(l.readers, n)
	}
	l.mu.Unlock()
	return l.Conn.Read(p)
}

func (l *watched) reader() (last uint64, all int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.readers[len(l.readers)-1], len(l.readers)
}

// cast sends one to an actor, as the peer.
func (l *watched) cast(t *testing.T, to actor.Ref[string], text string) {
	t.Helper()
	require.NoError(t, l.peer.SetWriteDeadline(time.Now().Add(patience)))
	_, err := l.peer.Write(wire.AppendCast(nil, uint64(to.ID()), []byte(text), "", nil))
	require.NoError(t, err)
}

// hangUp ends the session.
func (l *watched) hangUp(t *testing.T) {
	t.Helper()
	require.NoError(t, l.peer.Close())
	require.ErrorIs(t, recv(t, l.over), io.EOF)
}

// A handler that the reader runs may do what handlers do: what comes behind its message
// is read all the same.
func TestReaderIsRelieved(t *testing.T) {
	needsGuests(t)
	for name, do := range map[string]func(gate <-chan struct{}) error{
		"is stuck": func(gate <-chan struct{}) error { <-gate; return nil },
		"waits":    func(gate <-chan struct{}) error { return sched.Block(func() { <-gate }) },
		"ends":     func(<-chan struct{}) error { runtime.Goexit(); return nil },
		"fails":    func(gate <-chan struct{}) error { <-gate; return errors.New("told to") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, sys := newSystem(t)
			l := newWatched(sys)
			casts := 0
			// As long as no worker is asleep another than the reader runs them.
			for readers := 1; readers == 1; _, readers = l.reader() {
				gate := make(chan struct{})
				holds := spawn(t, ctx, func(string) error { return do(gate) })
				frees := spawn(t, ctx, func(string) error { close(gate); return nil })
				l.session.allows(holds.Any(), Plain[string]())
				l.session.allows(frees.Any(), Plain[string]())
				l.cast(t, holds, "stay")
				l.cast(t, frees, "go")
				recv(t, gate)
				casts += 2
				holds.Stop()
				_ = holds.Wait(ctx) // some have failed
				require.NoError(t, frees.StopAndWait(ctx))
			}
			l.hangUp(t)
			require.EqualValues(t, casts, l.session.node.Stats().CastsIn)
		})
	}
}

// A reader that handlers have kept for long leaves them to workers, for longer each
// time.
func TestReaderStaysAway(t *testing.T) {
	needsGuests(t)
	for name, c := range map[string]struct {
		takes time.Duration
		want  []int
	}{
		"short": {stayLimit, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}},
		"long":  {stayLimit + 1, []int{0, 17, 50, 115}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, sys := newSystem(t)
				l := newWatched(sys)
				var by uint64
				done := make(chan struct{}, 1)
				r := spawn(t, ctx, func(string) error {
					by = sched.Inside().Goroutine()
					<-time.After(c.takes) // virtual time: the work that it does
					done <- struct{}{}
					return nil
				})
				l.session.allows(r.Any(), Plain[string]())
				var own []int
				synctest.Wait() // the workers are asleep
				for i := range c.want[len(c.want)-1] + 1 {
					l.cast(t, r, "work")
					recv(t, done)
					synctest.Wait()
					if reader, _ := l.reader(); by == reader {
						own = append(own, i)
					}
				}
				l.hangUp(t)
				require.Equal(t, c.want, own, "what the reader has run itself")
			})
		})
	}
}

// What was answered before a handler of the same batch blocked does not wait for that.
func TestReaderIsRelievedOfAnswers(t *testing.T) {
	needsGuests(t)
	ctx, sys := newSystem(t)
	l := newWatched(sys)
	written := make(chan struct{})
	go func() { _ = l.session.out.write(l); close(written) }()
	c := opened[msg](t, messages())
	ask := func(dst []byte, to actor.Ref[msg], text string, tag uint64) []byte {
		out := new(outgoing)
		require.NoError(t, c.encode(ping{Text: text}, out))
		return wire.AppendCall(dst, uint64(to.ID()), out.args, tag, 0, false, out.variant, nil)
	}
	frames := wire.NewReader(l.peer, 1<<20)
	for readers, tag := 1, uint64(1); readers == 1; _, readers = l.reader() {
		gate := make(chan struct{})
		refs := [2]actor.Ref[msg]{}
		for i := range refs {
			refs[i] = spawn(t, ctx, func(m msg) error {
				p, _ := m.(ping)
				if p.Text == "stay" {
					<-gate
				}
				p.Reply.Send(p.Text)
				return nil
			})
			l.session.allows(refs[i].Any(), c)
		}
		require.NoError(t, l.peer.SetDeadline(time.Now().Add(patience)))
		_, err := l.peer.Write(ask(ask(nil, refs[0], "go", tag), refs[1], "stay", tag+1))
		require.NoError(t, err)
		for i := range refs {
			f, err := frames.Next()
			require.NoError(t, err)
			require.Equal(t, tag+uint64(i), f.Tag)
			if i == 0 {
				close(gate)
			}
		}
		tag += 2
		for _, r := range refs {
			require.NoError(t, r.StopAndWait(ctx))
		}
	}
	l.hangUp(t)
	l.session.out.end(io.EOF, false)
	<-written
}

// A session ends with its reader, though the peer takes nothing of what is being written.
func TestSessionEndsInTheMiddleOfAWrite(t *testing.T) {
	_, sys := newSystem(t)
	near, peer := net.Pipe()
	s := lone(sys, near)
	require.NoError(t, s.out.putCast(1, "Nothing", nil))
	over := make(chan error, 1)
	go func() { over <- s.run() }()
	require.NoError(t, peer.SetDeadline(time.Now().Add(patience)))
	_, err := peer.Read(make([]byte, 1)) // the writer is writing the rest
	require.NoError(t, err)
	_, err = peer.Write(bytes.Repeat([]byte{0xff}, 8))
	require.NoError(t, err)
	require.ErrorIs(t, recv(t, over), wire.ErrTooLarge)
	require.NoError(t, peer.Close())
}
