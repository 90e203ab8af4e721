package cluster

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// The collector makes a stack that has become too large smaller, at whatever call the
// goroutine is about to make: no message must suffer, neither one that is encoded nor
// one that is being made.
func TestMessagesWhileStacksMove(t *testing.T) {
	c, structs, words := opened[msg](t, messages()), opened[moved](t, Enum[moved](VariantOf[moved]("Moved"))), opened[string](t, Plain[string]())
	stop := make(chan struct{})
	var collector, wg sync.WaitGroup
	collector.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	})
	for g := range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				if i%20 == 0 {
					deep(300) // the stack grows, and is empty again
				}
				m := ping{Text: "how are you", Reply: rpc.Reply[string]{}}
				p := &pointed{int64(g*i + 1)}
				a := alone{&timestamppb.Timestamp{Seconds: int64(i)}}
				for _, m := range []msg{hey{"hello"}, m, p, a} {
					back := roundTrip(t, c, m)
					switch m := back.(type) {
					case hey:
						if m.Text != "hello" {
							t.Errorf("a hey became %+v", m)
						}
					case ping:
						if m.Text != "how are you" {
							t.Errorf("a ping became %+v", m)
						}
					case *pointed:
						if *m != *p {
							t.Errorf("%+v became %+v", p, m)
						}
					case alone:
						if m.At.GetSeconds() != int64(i) {
							t.Errorf("%+v became %+v", a, m)
						}
					default:
						t.Errorf("a %T", m)
					}
				}
				want := moved{uint64(i), uint64(g), 3, 4}
				if back := roundTrip(t, structs, want); back != want {
					t.Errorf("%+v became %+v", want, back)
				}
				if back := roundTrip(t, words, "hello"); back != "hello" {
					t.Errorf("hello became %q", back)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	collector.Wait()
}

func roundTrip[M any](t *testing.T, c *typed[M], m M) M {
	t.Helper()
	out := &outgoing{peer: &anywhere{}}
	if err := c.encode(m, out); err != nil {
		t.Error(err)
	}
	back, err := make1(c, c.byName[out.variant], out.args)
	if err != nil {
		t.Error(err)
	}
	return back
}

// moving is a peer at which every Ref moves the stack that it is met on.
type moving struct{ anywhere }

func (m *moving) foreign() bool {
	deep(200)
	runtime.GC()
	return false
}

func deep(n int) int {
	var room [64]int
	if n == 0 {
		return len(room)
	}
	room[n%64] = deep(n - 1)
	return room[n%64]
}

// The stack moves in the middle of a message.
func TestStackMovesInAMessage(t *testing.T) {
	c := opened[pair](t, Enum[pair](VariantOf[pair]("Pair")))
	ctx, _ := newSystem(t)
	r := spawn(t, ctx, func(int) error { return nil }).Any()
	done := make(chan []byte)
	go func() {
		out := &outgoing{peer: &moving{anywhere{}}}
		_ = c.encode(pair{"before" + t.Name(), r, "after" + t.Name()}, out)
		done <- out.args
	}()
	m, err := make1(c, c.self, recv(t, done))
	require.NoError(t, err)
	require.Equal(t, "before"+t.Name(), m.Before)
	require.Equal(t, "after"+t.Name(), m.After)
}

type pair struct {
	Before string
	Ref    actor.AnyRef
	After  string
}

// A place for messages keeps nothing of one, neither when it was sent nor when it came.
func TestCellsKeepNothing(t *testing.T) {
	c := opened[string](t, Plain[string]())
	ctx, _ := newSystem(t)
	got := make(chan string, 1)
	to := spawn(t, ctx, func(m string) error {
		got <- m
		return nil
	})
	for range 100 {
		out := &outgoing{}
		require.NoError(t, c.encode("hello", out))
		require.NoError(t, c.decode(&incoming{ctx: ctx, to: to.Any(), peer: &loop{}, what: out.args}))
		require.Equal(t, "hello", recv(t, got))
		cell := c.cell()
		require.Empty(t, *cell)
		c.free(cell)
	}
}
