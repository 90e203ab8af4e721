package cluster

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/rpc"
)

// The table against a map: what has been entered is found once, by its tag only;
// tags go up; those of calls that are over, and forged ones, find nothing, whatever
// place they lead to.
func TestCalls(t *testing.T) {
	var c calls
	rnd := rand.New(rand.NewPCG(1, 2))
	open := map[uint64]uint64{} // pids, by tag
	var over []uint64
	var tags []uint64
	last := uint64(0)
	finds := func(tag uint64) {
		one, ok := c.leave(tag)
		pid, want := open[tag]
		require.Equal(t, want, ok, tag)
		if ok {
			require.Equal(t, call{tag: tag, pid: pid}, one)
			delete(open, tag)
			over = append(over, tag)
		}
	}
	require.Zero(t, c.waits)
	finds(0)
	finds(1)
	for round := range 40 {
		for range rnd.IntN(300) {
			pid := rnd.Uint64()
			tag := c.enter(last, pid, &pending{})
			require.Greater(t, tag, last)
			last, open[tag] = tag, pid
			tags = append(tags, tag)
			if rnd.IntN(8) == 0 {
				last += rnd.Uint64N(1000) // asks have tags, too
			}
		}
		require.Equal(t, len(open), c.waits)
		finds(0)
		finds(rnd.Uint64())
		for range rnd.IntN(300) {
			tag := tags[rnd.IntN(len(tags))]
			finds(tag ^ 1<<rnd.IntN(64)) // it may be there
			finds(tag)
			finds(tag)
		}
		for _, tag := range over {
			finds(tag)
		}
		if round%4 == 3 {
			before := len(c.places)
			for _, one := range c.leaveAll(func(one *call) bool { return one.pid%16 > 0 }) {
				require.Equal(t, open[one.tag], one.pid)
				require.NotZero(t, one.pid%16)
				delete(open, one.tag)
				over = append(over, one.tag)
			}
			for _, pid := range open {
				require.Zero(t, pid%16)
			}
			for range 10 {
				c.shrink()
			}
			require.LessOrEqual(t, len(c.places), before)
		}
		require.Equal(t, len(open), c.waits)
	}
	for tag := range open {
		finds(tag)
	}
	require.Empty(t, c.leaveAll(func(*call) bool { return true }))
	for range 10 {
		c.shrink()
	}
	require.Len(t, c.places, 2*fewCalls)
}

// Two calls that would have the same place in a smaller table keep it from becoming
// that.
func TestCallsShrink(t *testing.T) {
	c := calls{places: make([]call, 4*fewCalls)}
	first := c.enter(0, 1, &pending{})
	second := c.enter(2*fewCalls, 2, &pending{})
	c.shrink()
	require.Len(t, c.places, 4*fewCalls)
	one, ok := c.leave(first)
	require.True(t, ok)
	require.EqualValues(t, 1, one.pid)
	c.shrink()
	require.Len(t, c.places, 2*fewCalls)
	one, ok = c.leave(second)
	require.True(t, ok)
	require.EqualValues(t, 2, one.pid)
}

// A call that waits for long is passed by, not overtaken in its place.
func TestCallsPassesByThoseThatWait(t *testing.T) {
	var c calls
	old := c.enter(0, 1, &pending{})
	seen := map[uint64]bool{old: true}
	for last, n := old, 0; n < 1000; n++ {
		tag := c.enter(last, 2, &pending{})
		require.False(t, seen[tag])
		seen[tag], last = true, tag
		_, ok := c.leave(tag)
		require.True(t, ok)
	}
	require.Len(t, c.places, 2*fewCalls)
	_, ok := c.leave(old + uint64(len(c.places)))
	require.False(t, ok)
	one, ok := c.leave(old)
	require.True(t, ok)
	require.EqualValues(t, 1, one.pid)
	_, ok = c.leave(math.MaxUint64)
	require.False(t, ok)
}

// The tables of both sides make nothing for a call.
func TestCallsAllocateNothing(t *testing.T) {
	var c calls
	s := &session{node: &Node{}}
	last, q := uint64(0), new(inquiry)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		last = c.enter(last, 1, &pending{})
		_, _ = c.leave(last)
	}))
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		q.session = s
		s.inquiries.leave(q) // the answer is faster
		q = s.inquiries.enter(q, rpc.Incoming{})
	}))
}

func BenchmarkCalls(b *testing.B) {
	var c calls
	p := &pending{}
	last := uint64(0)
	for range 64 {
		last = c.enter(last, 1, p)
	}
	b.ReportAllocs()
	for b.Loop() {
		last = c.enter(last, 1, p)
		if _, ok := c.leave(last - 64); !ok {
			b.Fatal(last)
		}
	}
}
