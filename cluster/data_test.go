package cluster_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/rpc"
)

func echo(ctx context.Context, r actor.Ref[Msg], s string) (string, error) {
	return rpc.Call(ctx, r, func(r rpc.Reply[string]) Msg { return Echo{s, r} })
}

func TestCastAndCall(t *testing.T) {
	a, _, r := peers(t, &counter{})
	require.NoError(t, r.Cast(a.ctx, Add{N: 2}))
	require.NoError(t, r.Cast(a.ctx, Add{N: 3}))
	n, err := get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
	s, err := echo(a.ctx, r, "héllo")
	require.NoError(t, err)
	require.Equal(t, "héllo", s)
	require.Zero(t, a.node.Stats().CallsOut)
}

// Row P8 across nodes, at the speed of the link.
func TestManyCastsComeInOrder(t *testing.T) {
	const n = 100_000
	next, wrong := uint64(0), 0
	a, _, r := peers(t, &counter{seen: func(m Msg) {
		if m, ok := m.(Add); ok {
			if m.N != next {
				wrong++
			}
			next++
		}
	}})
	for i := range uint64(n) {
		require.NoError(t, r.Cast(a.ctx, Add{N: i}))
	}
	sum, err := get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, n*(n-1)/2, sum)
	require.Zero(t, wrong)
}

// What goes by the slow lane keeps its place among what goes to the same actor.
func TestBigAndSmallKeepTheirOrder(t *testing.T) {
	var lengths []int
	a, b := sides(t)
	b.spawn(&counter{seen: func(m Msg) {
		if m, ok := m.(Text); ok {
			lengths = append(lengths, len(m.S))
		}
	}}, actor.Named("big"))
	b.spawn(&counter{}, actor.Named("small"))
	a.dials(b)
	big, small := a.find("big"), a.find("small")
	var sent []int
	for i := range 300 {
		length := i
		if i%3 == 0 {
			length += 70_000
		}
		sent = append(sent, length)
		require.NoError(t, big.Cast(a.ctx, Text{strings.Repeat("x", length)}))
		require.NoError(t, small.Cast(a.ctx, Add{N: 1}))
	}
	n, err := get(a.ctx, small)
	require.NoError(t, err)
	require.EqualValues(t, 300, n)
	s, err := echo(a.ctx, big, strings.Repeat("y", 1<<20))
	require.NoError(t, err)
	require.Len(t, s, 1<<20)
	require.Equal(t, sent, lengths)
}

func TestCallsThatComeToNothing(t *testing.T) {
	a, _, r := peers(t, &counter{})

	// Fail's error is text on the way.
	_, err := rpc.Call(a.ctx, r, func(r rpc.Reply[uint64]) Msg { return Fail{r} })
	var remote *cluster.RemoteError
	require.ErrorAs(t, err, &remote)
	require.Equal(t, cluster.RemoteError{Node: "b@localhost", Text: string(errFail)}, *remote)

	// A caller that gives up is told by its own ctx, and leaves nothing.
	ctx, cancel := context.WithTimeout(a.ctx, 20*time.Millisecond)
	defer cancel()
	_, err = rpc.Call(ctx, r, func(r rpc.Reply[uint64]) Msg { return Hang{r} })
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// A message without a codec for it does not leave.
	var other actor.Ref[int]
	other, ok := actor.As[int](r.Any())
	require.False(t, ok)
	require.True(t, other.IsZero())
}

// The end of the callee ends the call (row C3), as does a request that its mailbox
// refuses.
func TestNegativeReplies(t *testing.T) {
	a, b := sides(t)
	hangs := make(chan struct{}, 1)
	dying := b.spawn(&counter{seen: func(m Msg) {
		if _, ok := m.(Hang); ok {
			hangs <- struct{}{}
		}
	}}, actor.Named("dying"))
	block := make(chan struct{})
	entered := make(chan struct{}, 1)
	b.spawn(&counter{seen: func(m Msg) {
		if _, ok := m.(Text); ok {
			entered <- struct{}{}
			<-block
		}
	}}, actor.Named("full"), actor.Bounded(1, actor.WaitForRoom))
	a.dials(b)

	asked := make(chan error, 1)
	r := a.find("dying")
	go func() {
		_, err := rpc.Call(a.ctx, r, func(r rpc.Reply[uint64]) Msg { return Hang{r} })
		asked <- err
	}()
	<-hangs
	require.NoError(t, dying.StopAndWait(b.ctx))
	require.ErrorIs(t, <-asked, rpc.ErrNoReply)
	require.NoError(t, r.Wait(a.ctx), "the shim ends with the actor, gracefully")
	require.ErrorIs(t, r.Cast(a.ctx, Add{N: 1}), actor.ErrStopped)

	full := a.find("full")
	require.NoError(t, full.Cast(a.ctx, Text{}))
	<-entered
	require.NoError(t, full.Cast(a.ctx, Add{N: 1})) // takes the one place
	_, err := get(a.ctx, full)
	require.ErrorIs(t, err, actor.ErrMailboxFull)
	require.EqualValues(t, 1, b.node.Stats().Full)
	close(block)
}

// What one side cannot read is refused, counted, and no harm to anybody.
func TestUndecodable(t *testing.T) {
	a, b := sides(t, func(a, _ *cluster.Config) {
		a.Codecs = []cluster.Codec{cluster.Enum[Msg](
			cluster.VariantOf[Odd]("Odd"), cluster.VariantOf[oddCall]("OddCall"), cluster.VariantOf[Get]("Get"))}
	})
	b.spawn(&counter{}, actor.Named("counter"))
	a.dials(b)
	r := a.find("counter")
	require.NoError(t, r.Cast(a.ctx, Odd{1}))
	_, err := rpc.Call(a.ctx, r, func(r rpc.Reply[uint64]) Msg { return oddCall{r} })
	require.ErrorIs(t, err, cluster.ErrUndecodable)
	require.ErrorContains(t, err, "OddCall")
	n, err := get(a.ctx, r)
	require.NoError(t, err)
	require.Zero(t, n)
	require.EqualValues(t, 2, b.node.Stats().Undecodable)
	require.EqualValues(t, 2, a.node.Stats().Nacked)
	require.ErrorContains(t, r.Cast(a.ctx, Add{N: 1}), "Add is no variant", "it is not known here")
}

type oddCall struct{ Reply rpc.Reply[uint64] }

func (oddCall) isMsg() {}

func TestTooLarge(t *testing.T) {
	a, _, r := peers(t, &counter{})
	err := r.Cast(a.ctx, Text{strings.Repeat("x", 16<<20)})
	require.ErrorIs(t, err, cluster.ErrTooLarge)
	require.ErrorContains(t, err, "16777")
	_, err = get(a.ctx, r)
	require.NoError(t, err, "the session goes on")
}

// A Ref of this node that comes back is the actor; one of the other's is its shim;
// and what was sent in a message may be sent to.
func TestRefsInMessages(t *testing.T) {
	a, b, r := peers(t, &counter{})
	mine := a.spawn(&counter{})
	require.NoError(t, r.Cast(a.ctx, Hand{mine})) // has b's actor send to a's
	_, err := get(a.ctx, r)
	require.NoError(t, err)
	n, err := get(a.ctx, mine)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Zero(t, b.node.Stats().Unknown)

	// r is b's own there.
	require.NoError(t, r.Cast(a.ctx, Hand{r}))
	_, err = get(a.ctx, r)
	require.NoError(t, err)
	n, err = get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	private, err := actor.Spawn(a.ctx, &counter{})
	require.NoError(t, err)
	require.ErrorIs(t, r.Cast(a.ctx, Hand{private}), cluster.ErrNotExported)
}

// Row C7 and its kin: all of rpc works across nodes.
func TestRPC(t *testing.T) {
	a, b := sides(t)
	b.spawn(&counter{sum: 7}, actor.Named("seven"))
	b.spawn(&counter{sum: 8}, actor.Named("eight"))
	a.dials(b)
	seven, eight := a.find("seven"), a.find("eight")
	ask := func(r rpc.Reply[uint64]) Msg { return Get{r} }

	var sum uint64
	for _, res := range rpc.Multi(a.ctx, []actor.Ref[Msg]{seven, eight}, ask) {
		require.NoError(t, res.Err)
		sum += res.Value
	}
	require.EqualValues(t, 15, sum)

	got := make(chan uint64, 1)
	then, err := actor.Spawn(a.ctx, actor.Func(func(ctx *actor.Context[int], _ int) error {
		rpc.Then(ctx, seven, ask, func(n uint64, err error) error { got <- n; return err })
		return nil
	}))
	require.NoError(t, err)
	require.NoError(t, then.Cast(a.ctx, 0))
	require.EqualValues(t, 7, <-got)
	next, err := actor.Spawn(a.ctx, actor.Func(func(_ *actor.Context[uint64], n uint64) error { got <- n; return nil }))
	require.NoError(t, err)
	require.NoError(t, rpc.Forward(a.ctx, eight, ask, next))
	require.EqualValues(t, 8, <-got)

	// A request is handed on to an actor of the other node, which answers.
	giver, err := actor.Spawn(a.ctx, actor.Func(func(ctx *actor.Context[Msg], m Msg) error {
		if m, ok := m.(Get); ok {
			return rpc.Give(ctx, m.Reply, eight, ask)
		}
		return nil
	}))
	require.NoError(t, err)
	n, err := get(a.ctx, giver)
	require.NoError(t, err)
	require.EqualValues(t, 8, n)
}

// A request whose time is over while it is queued is not handled, on the callee's
// clock too.
func TestExpiredCallIsNotHandled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t)
		handled := 0
		block := make(chan struct{})
		b.spawn(&counter{seen: func(m Msg) {
			switch m.(type) {
			case Text:
				<-block
			case Get:
				handled++
			}
		}}, actor.Named("slow"))
		a.pipes(b)
		r := a.find("slow")
		require.NoError(t, r.Cast(a.ctx, Text{}))
		ctx, cancel := context.WithTimeout(a.ctx, 50*time.Millisecond)
		defer cancel()
		_, err := get(ctx, r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(100 * time.Millisecond) // of the bubble
		require.Zero(t, b.node.Stats().Inquiries)
		close(block)
		_, err = get(a.ctx, r)
		require.NoError(t, err)
		require.Equal(t, 1, handled)
		require.EqualValues(t, 1, b.sys.Stats().DeadLetters["expired"])
	})
}

// The calls of those who gave up do not pile up, even if they are never answered.
func TestAbandonedCallsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t)
		b.spawn(&counter{}, actor.Named("counter"))
		a.pipes(b)
		r := a.find("counter")
		ctx, cancel := context.WithTimeout(a.ctx, 50*time.Millisecond)
		defer cancel()
		for range 10 {
			_, err := rpc.Call(ctx, r, func(r rpc.Reply[uint64]) Msg { return Hang{r} })
			require.Error(t, err)
		}
		time.Sleep(3 * time.Second) // of the bubble
		require.Zero(t, a.node.Stats().CallsOut)
		require.Zero(t, b.node.Stats().Inquiries)
	})
}

// A peer that does not read costs its senders an error, and nobody memory.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := piped(t, func(a, _ *cluster.Config) { a.Outbound = 1 << 20 })
		b.spawn(&counter{}, actor.Named("counter"))
		gate := a.pipes(b)
		r := a.find("counter")
		gate.shut()
		var err error
		sent := 0
		for ; err == nil; sent++ {
			err = r.Cast(a.ctx, Text{strings.Repeat("x", 1000)})
		}
		require.ErrorIs(t, err, cluster.ErrOutboundFull)
		require.Less(t, sent, 1200)
		require.LessOrEqual(t, a.node.Stats().Queued, 1<<20+2000)
		gate.open()
		synctest.Wait()
		require.NoError(t, r.Cast(a.ctx, Add{N: 3}))
		n, err := get(a.ctx, r)
		require.NoError(t, err)
		require.EqualValues(t, 3, n)
	})
}

// Calls end at once when the node of the callee dies.
func TestNodeDeathEndsCalls(t *testing.T) {
	a, b := sides(t)
	asked := make(chan struct{}, 10)
	b.spawn(&counter{seen: func(m Msg) {
		if _, ok := m.(Hang); ok {
			asked <- struct{}{}
		}
	}}, actor.Named("counter"))
	conn := a.dialsThrough(b)
	r := a.find("counter")
	errs := make(chan error, 10)
	for range 10 {
		go func() {
			_, err := rpc.Call(a.ctx, r, func(r rpc.Reply[uint64]) Msg { return Hang{r} })
			errs <- err
		}()
	}
	for range 10 {
		<-asked
	}
	require.NoError(t, conn.Close())
	for range 10 {
		require.ErrorIs(t, <-errs, cluster.ErrNodeDown)
	}
	require.ErrorIs(t, r.Wait(a.ctx), cluster.ErrNodeDown)
	err := r.Cast(a.ctx, Add{N: 1})
	require.ErrorIs(t, err, actor.ErrStopped)
	require.ErrorIs(t, err, cluster.ErrNodeDown)
	_, err = get(a.ctx, r)
	require.ErrorIs(t, err, cluster.ErrNodeDown)
	e := a.awaits(cluster.Disconnected)
	require.Equal(t, "b@localhost", e.Session.Node)
	require.Error(t, e.Err)
}

// Stop with calls in flight ends them on both sides.
func TestStopWithCallsInFlight(t *testing.T) {
	for _, who := range []string{"caller", "callee"} {
		t.Run(who, func(t *testing.T) {
			a, b := sides(t)
			asked := make(chan struct{}, 10)
			b.spawn(&counter{seen: func(m Msg) {
				if _, ok := m.(Hang); ok {
					asked <- struct{}{}
				}
			}}, actor.Named("counter"))
			a.dials(b)
			r := a.find("counter")
			errs := make(chan error, 10)
			for range 10 {
				go func() {
					_, err := rpc.Call(a.ctx, r, func(r rpc.Reply[uint64]) Msg { return Hang{r} })
					errs <- err
				}()
			}
			for range 10 {
				<-asked
			}
			if who == "caller" {
				require.NoError(t, a.node.Stop(a.ctx))
			} else {
				require.NoError(t, b.node.Stop(b.ctx))
			}
			for range 10 {
				require.ErrorIs(t, <-errs, cluster.ErrNodeDown)
			}
			require.NoError(t, a.node.Stop(a.ctx), "again")
		})
	}
}
