package cluster

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// Messages on the stack stay whole while the stack moves and the collector runs
// (see hide).
func TestHiddenMessages(t *testing.T) {
	c := opened[msg](t, messages())
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { // a new goroutine has a small stack
			m := some()
			out := &outgoing{peer: &anywhere{}}
			if !encodes(t, c, m, out) {
				return
			}
			back := decodes(t, c, out.args).(everything)
			runtime.GC()
			if !encodes(t, c, back, &outgoing{peer: &anywhere{}}) {
				return
			}
			back.X = m.X
			if m.O != back.O || len(back.S) != 3 || back.S[2] != 3 || string(back.P) != string(m.P) {
				t.Errorf("%+v", back)
			}
		})
	}
	wg.Wait()
}

func encodes(t *testing.T, c *typed[msg], m msg, out *outgoing) bool {
	t.Helper()
	err := c.encode(m, out)
	if err != nil {
		t.Error(err)
	}
	return err == nil
}

func decodes(t *testing.T, c *typed[msg], what []byte) msg {
	t.Helper()
	m, err := make1(c, c.byName["Everything"], what)
	if err != nil {
		t.Error(err)
	}
	return m
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

// The stack moves in the middle of a message that is on it.
func TestHiddenMessageMoves(t *testing.T) {
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
	require.Nil(t, err)
	require.Equal(t, "before"+t.Name(), m.Before)
	require.Equal(t, "after"+t.Name(), m.After)
}

type pair struct {
	Before string
	Ref    actor.AnyRef
	After  string
}
