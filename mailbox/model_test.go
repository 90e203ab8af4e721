package mailbox_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/mailbox"
)

// entry is a message in the model's queue; one that is claimed and not written holds up what is behind it.
type entry struct {
	m       int
	at      uint64
	written bool
}

// model is what a mailbox should do, in the dumbest way. Its consumer keeps the contract: it consumes only
// while awake.
type model struct {
	t *testing.T
	b box
	p mailbox.Pool[int]
	c [3]*mailbox.Cache[int] // the first is nil

	bound         int
	awake, closed bool
	taken         int // of queue, how many the consumer has in its batch
	queue         []entry
	lanes         [mailbox.Message][]int
	next          int
}

// runModel takes its first byte for the bound and each following one for an operation.
func runModel(t *testing.T, ops []byte) {
	t.Helper()
	if len(ops) == 0 {
		return
	}
	m := &model{t: t, bound: int(ops[0]) % 7}
	m.c[1], m.c[2] = new(mailbox.Cache[int]), new(mailbox.Cache[int])
	if m.bound > 0 {
		m.b.BoundAt(m.bound, nearWrap)
	}
	for _, op := range ops[1:] {
		m.step(int(op))
		m.check()
	}
	m.finish()
}

func (m *model) step(op int) {
	arg := op / 16
	switch op % 16 {
	case 3:
		if m.bound == 0 {
			m.pushChain(arg)
			return
		}
		fallthrough
	case 0, 1, 2:
		m.next++
		o := m.b.Push(&m.p, m.c[arg%3], m.next)
		require.Equal(m.t, m.accept(true, 0), o)
	case 4:
		l := mailbox.Lane(arg%3 + 1)
		m.next++
		want := mailbox.Closed
		if !m.closed {
			m.lanes[l] = append(m.lanes[l], m.next)
			want = m.wake()
		}
		require.Equal(m.t, want, m.b.PushControl(l, m.next))
	case 5:
		require.Equal(m.t, m.wake() == mailbox.Wake, m.b.Wake())
	case 6, 7, 8:
		if m.awake {
			m.pop(arg)
		}
	case 9:
		if m.awake {
			m.popControl()
		}
	case 10, 11:
		if m.awake {
			m.sleep()
		}
	case 12:
		if m.bound > 0 {
			m.next++
			at, o := m.b.Claim()
			want := m.accept(false, at)
			if want == mailbox.Wake { // claimed only; Publish wakes
				m.awake, want = false, mailbox.Queued
			}
			require.Equal(m.t, want, o)
		}
	case 13:
		m.publish(arg)
	case 14:
		if m.bound > 0 && len(m.queue) > 0 && m.queue[0].written {
			got, ok := m.b.PopOldest()
			require.True(m.t, ok)
			require.Equal(m.t, m.queue[0].m, got)
			m.queue = m.queue[1:]
		} else {
			_, ok := m.b.PopOldest()
			require.False(m.t, ok)
		}
	case 15:
		if m.awake && arg == 15 { // rarely
			m.b.Close()
			m.closed = true
			if m.bound == 0 {
				m.taken = len(m.queue)
			}
		}
	}
}

// accept queues the next message, if it may come in.
func (m *model) accept(written bool, at uint64) mailbox.Outcome {
	switch {
	case m.closed:
		return mailbox.Closed
	case m.bound > 0 && len(m.queue) >= m.bound:
		return mailbox.Full
	}
	m.queue = append(m.queue, entry{m.next, at, written})
	return m.wake()
}

// pushChain pushes up to five messages at once: either all come in or none does.
func (m *model) pushChain(arg int) {
	chain := mailbox.NewChain(&m.p, m.c[arg%3])
	want := mailbox.Queued
	for range arg % 6 {
		m.next++
		chain.Add(m.next)
		if o := m.accept(true, 0); o != mailbox.Queued {
			want = o
		}
	}
	require.Equal(m.t, want, m.b.PushChain(&chain))
}

func (m *model) wake() mailbox.Outcome {
	if m.awake || m.closed {
		return mailbox.Queued
	}
	m.awake = true
	return mailbox.Wake
}

func (m *model) publish(arg int) {
	var open []int
	for i, e := range m.queue {
		if !e.written {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return
	}
	e := &m.queue[open[arg%len(open)]]
	e.written = true
	want := m.wake()
	if m.closed {
		want = mailbox.Late
	}
	require.Equal(m.t, want, m.b.Publish(e.at, e.m))
}

func (m *model) pop(arg int) {
	got, ok := m.b.Pop(&m.p, m.c[arg%3])
	if len(m.queue) == 0 || !m.queue[0].written {
		require.False(m.t, ok)
		return
	}
	if m.bound == 0 && m.taken == 0 {
		m.taken = len(m.queue)
	}
	require.True(m.t, ok)
	require.Equal(m.t, m.queue[0].m, got)
	m.queue = m.queue[1:]
	m.taken = max(0, m.taken-1)
}

func (m *model) popControl() {
	l, e, ok := m.b.PopControl()
	requireFirst(m.t, &m.lanes, l, e, ok)
}

func (m *model) hasControl() bool {
	n := 0
	for _, q := range m.lanes {
		n += len(q)
	}
	return n > 0
}

func (m *model) sleep() {
	want := !m.hasControl() && (len(m.queue) == 0 || !m.queue[0].written)
	require.Equal(m.t, want, m.b.Sleep())
	if want && !m.closed {
		m.awake = false
	}
}

func (m *model) check() {
	if m.bound > 0 {
		require.Equal(m.t, len(m.queue), m.b.Len())
		require.Zero(m.t, m.b.Backlog())
	} else {
		require.Equal(m.t, len(m.queue)-m.taken, m.b.Len())
		require.Equal(m.t, m.taken, m.b.Backlog())
	}
	require.Equal(m.t, m.hasControl(), m.b.HasControl())
	require.Equal(m.t, !m.awake, m.b.IsAsleep())
	require.Equal(m.t, m.closed, m.b.IsClosed())
}

// finish publishes what is claimed, closes and drains: what was accepted is all there.
func (m *model) finish() {
	for range m.queue {
		m.publish(0)
	}
	require.Equal(m.t, m.wake() == mailbox.Wake, m.b.Wake())
	m.b.Close()
	for len(m.queue) > 0 {
		m.pop(0)
	}
	for m.hasControl() {
		m.popControl()
	}
	m.popControl()
	m.pop(0)
	require.True(m.t, m.b.Sleep())
}

func TestModel(t *testing.T) {
	for seed := range uint64(1000) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		ops := make([]byte, 300)
		for i := range ops {
			ops[i] = byte(rnd.Uint32())
		}
		runModel(t, ops)
	}
}

func FuzzMailbox(f *testing.F) {
	f.Add([]byte{0, 0, 16, 32, 4, 20, 36, 9, 6, 6, 10, 10, 255, 0, 4})
	f.Add([]byte{0, 3, 83, 0, 67, 6, 6, 51, 6, 255, 83, 6, 6})
	f.Add([]byte{1, 12, 0, 5, 6, 13, 6, 10, 0, 14, 255})
	f.Add([]byte{3, 12, 12, 12, 0, 29, 13, 6, 255, 13, 6})
	f.Fuzz(func(t *testing.T, ops []byte) { runModel(t, ops) })
}
