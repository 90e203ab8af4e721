package sched_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// who is what a goroutine learns about itself.
type who struct{ here, inside *sched.Carrier }

func ask() who { return who{sched.Here(), sched.Inside()} }

func TestWhoAmI(t *testing.T) {
	s := start(t, sched.Config{Workers: 2})
	require.Equal(t, who{}, ask(), "outside")

	type answers struct {
		c                             *sched.Carrier
		atFirst, child, wait, blocked who
	}
	got := make(chan answers)
	s.Submit(&once(func(c *sched.Carrier) {
		a := answers{c: c, atFirst: ask()}
		child := make(chan who)
		go func() { child <- ask() }()
		_ = sched.Block(func() { // the worker goes to another carrier
			a.wait = ask()
			a.child = <-child
		})
		a.blocked = ask()
		got <- a
	}).Task)
	a := await(t, got)
	if gid.Fast {
		require.Same(t, a.c, a.atFirst.here)
	}
	require.Same(t, a.c, a.atFirst.inside)
	require.Equal(t, who{}, a.child, "a goroutine that a handler started is outside")
	require.Equal(t, who{nil, a.c}, a.wait, "in Block: inside, without a worker")
	require.Equal(t, who{nil, a.c}, a.blocked, "after Block too")
	require.Equal(t, who{}, ask(), "still outside")
}

// A carrier of one scheduler is a stranger to another: what it submits there
// comes from outside, what it asks is answered.
func TestTwoSchedulers(t *testing.T) {
	one, two := start(t, sched.Config{Workers: 1}), start(t, sched.Config{Workers: 1})
	got := make(chan *sched.Carrier, 2)
	one.Submit(&once(func(c *sched.Carrier) {
		got <- c
		two.Submit(&once(func(c *sched.Carrier) { got <- c }).Task)
	}).Task)
	first, second := await(t, got), await(t, got)
	require.Same(t, one, first.Scheduler())
	require.Same(t, two, second.Scheduler())
}

// More carriers than the quick table has room for: all are known all the same.
func TestManyCarriersKnowThemselves(t *testing.T) {
	const n = 3000
	s := start(t, sched.Config{Workers: 2})
	gate := make(chan struct{})
	in, entered := closed(n)
	right := make(chan bool, n)
	for range n {
		s.Submit(&once(func(c *sched.Carrier) {
			_ = sched.Block(func() { entered(); <-gate })
			right <- sched.Inside() == c
		}).Task)
	}
	await(t, in)
	close(gate)
	for range n {
		require.True(t, await(t, right))
	}
}

func TestCarrierIsDescribed(t *testing.T) {
	s := start(t, sched.Config{Workers: 1, PerCarrier: func() any { return new(int) }})
	type seen struct {
		own       any
		task      *sched.Task
		goroutine uint64
		number    uint64
	}
	got := make(chan seen, 1)
	j := once(func(c *sched.Carrier) {
		got <- seen{c.Own(), c.Task(), c.Goroutine(), gid.Number()}
	})
	s.Submit(&j.Task)
	a := await(t, got)
	require.IsType(t, new(int), a.own)
	require.Same(t, &j.Task, a.task)
	require.Equal(t, a.number, a.goroutine)
}
