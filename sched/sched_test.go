package sched_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/sched"
)

// pinger hands a turn to its peer until n is used up.
type pinger struct {
	sched.Task
	peer *pinger
	n    *atomic.Int64
	done chan struct{}
}

func (p *pinger) Turn(c *sched.Carrier) bool {
	if p.n.Add(-1) == 0 {
		close(p.done)
		return false
	}
	if p.n.Load() > 0 {
		c.Submit(&p.peer.Task)
	}
	return false
}
func (p *pinger) Crashed(*sched.Carrier, any, []byte) bool { return false }

func TestPing(t *testing.T) {
	s, err := sched.New(sched.Config{})
	require.NoError(t, err)
	var n atomic.Int64
	n.Store(1000000)
	a := &pinger{n: &n, done: make(chan struct{})}
	b := &pinger{n: &n, done: a.done, peer: a}
	a.peer = b
	a.Runner, b.Runner = a, b
	s.Submit(&a.Task)
	<-a.done
	<-s.Close()
}

func BenchmarkPing(b *testing.B) {
	s, err := sched.New(sched.Config{})
	require.NoError(b, err)
	var n atomic.Int64
	n.Store(int64(b.N) + 1)
	x := &pinger{n: &n, done: make(chan struct{})}
	y := &pinger{n: &n, done: x.done, peer: x}
	x.peer = y
	x.Runner, y.Runner = x, y
	b.ReportAllocs()
	s.Submit(&x.Task)
	<-x.done
	<-s.Close()
}
