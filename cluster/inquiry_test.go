package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/rpc"
)

// An inquiry serves again when it is answered, be that before the reader has entered
// it or afterwards, and never when it was given up: its answer may be on the way.
func TestInquiriesServeAgain(t *testing.T) {
	s := &session{node: &Node{}}
	l := &s.inquiries
	first, second, third := &inquiry{session: s, tag: 1}, &inquiry{session: s, tag: 2}, &inquiry{session: s, tag: 3}

	require.Nil(t, l.enter(first, rpc.Incoming{}))
	require.False(t, l.leave(second)) // before it is entered
	require.Equal(t, 1, l.len())
	require.Same(t, second, l.enter(second, rpc.Incoming{}))
	require.Equal(t, &inquiry{}, second)

	require.True(t, l.leave(first))
	require.Equal(t, &inquiry{}, first)
	require.Same(t, first, l.enter(third, rpc.Incoming{}))

	l.giveUp(func(q *inquiry) bool { return q.tag == 3 })
	require.Zero(t, l.len())
	require.True(t, l.leave(third)) // its answer was on the way
	second.session = s
	require.Nil(t, l.enter(second, rpc.Incoming{}))
	require.EqualValues(t, 3, third.tag)
}

// No more of them are kept than that.
func TestInquiriesKeepFew(t *testing.T) {
	s := &session{node: &Node{}}
	l := &s.inquiries
	all := make([]*inquiry, 2*maxIdle)
	for i := range all {
		all[i] = &inquiry{session: s}
		require.Nil(t, l.enter(all[i], rpc.Incoming{}))
	}
	require.Equal(t, len(all), l.len())
	for _, q := range all {
		l.leave(q)
	}
	n := 0
	for q := l.idle; q != nil; q = q.newer {
		n++
	}
	require.Equal(t, maxIdle, n)
	require.Equal(t, maxIdle, l.idles)
}

// A call that the actor was given while the session ended is given up, too.
func TestInquiryAfterTheEnd(t *testing.T) {
	_, sys := newSystem(t)
	s := &session{node: &Node{sys: sys}}
	var before, after rpc.Reply[int]
	q := &inquiry{session: s}
	s.inquiries.enter(q, before.Receive(sys, q))
	late := &inquiry{session: s}
	request := after.Receive(sys, late)
	require.False(t, before.Abandoned())
	s.inquiries.end()
	require.True(t, before.Abandoned())
	require.False(t, after.Abandoned())
	require.Nil(t, s.inquiries.enter(late, request))
	require.True(t, after.Abandoned())
	require.Zero(t, s.inquiries.len())
	after.Send(1) // reaches nobody
}
