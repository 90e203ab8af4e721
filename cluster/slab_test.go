package cluster

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Messages of a slab are apart, also when variants take turns, and stay what they
// are when the collector runs and the slab goes on.
func TestSlabMessagesAreApart(t *testing.T) {
	c := opened[point](t, points())
	var s slab
	var all, want []point
	for i := range uint64(10 * slabSize) {
		var m point = moved{i, ^i, 3, 4}
		if i%5 == 0 {
			m = said{"between"}
		}
		out := &outgoing{}
		require.NoError(t, c.encode(m, out))
		back, err := c.message(&incoming{variant: []byte(out.variant), what: out.args}, &s)
		require.NoError(t, err)
		all, want = append(all, back), append(want, m)
		if i%7 == 0 {
			runtime.GC()
		}
	}
	require.Equal(t, want, all)
}

// What has pointers, or is one, has memory of its own: who keeps it keeps nothing else.
func TestSlabIsForPlainMessagesOnly(t *testing.T) {
	points, messages := opened[point](t, points()), opened[msg](t, messages())
	var s slab
	for _, v := range []*variant{points.byName["Said"], messages.byName["Pointed"]} {
		s.take(v)
		require.Zero(t, s.left, v.name)
	}
	s.take(points.byName["Moved"])
	require.Equal(t, slabSize-1, s.left)
}
