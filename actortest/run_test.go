package actortest

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

type add struct {
	n     int
	total rpc.Reply[int]
}

type counter struct{ total int }

func (c *counter) Handle(_ *actor.Context[add], m add) error {
	c.total += m.n
	m.total.Send(c.total)
	return nil
}

func program(sys *System) {
	ref, err := actor.Spawn(sys, &counter{})
	require.NoError(sys, err)
	require.NoError(sys, ref.Cast(sys, add{n: 1}))
	require.NoError(sys, ref.Cast(sys, add{n: 2}))
	n, err := rpc.Call(sys, ref, func(r rpc.Reply[int]) add { return add{n: 3, total: r} })
	require.NoError(sys, err)
	require.Equal(sys, 6, n)
}

func TestFirst(t *testing.T) {
	set := newSettings(nil)
	r := simulate(t, set, seed{Uniform, 1}, true, program)
	r.trace.table(os.Stdout)
	require.Nil(t, r.failure)
	n := 20000
	begin := time.Now()
	hashes := map[uint64]int{}
	steps := 0
	for i := range n {
		r := simulate(t, set, seed{Strategy(i % 3), uint64(i)}, false, program)
		require.Nil(t, r.failure)
		hashes[r.trace.hash]++
		steps += r.trace.steps
	}
	d := time.Since(begin)
	t.Logf("%d runs %v each, %d steps, %v a step, %d hashes", n, d/time.Duration(n), steps, d/time.Duration(steps), len(hashes))
}
