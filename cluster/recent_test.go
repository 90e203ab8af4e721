package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// One incoming serves message after message: each is of the variant that it names,
// whatever the one before was, also after a name that there is not.
func TestVariantsTakeTurns(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan point, 10)
	to, err := actor.Spawn(ctx, actor.Func(func(_ *actor.Context[point], m point) error {
		got <- m
		return nil
	}))
	require.NoError(t, err)
	c := points().(encoder[point])
	in := incoming{ctx: ctx, to: to.Any(), peer: &loop{}}
	for _, m := range []point{moved{A: 1, D: 1 << 63}, moved{B: 2}, said{"hey"}, moved{C: 3}, nil, moved{D: 4}, said{"you"}} {
		if m == nil {
			in.variant = []byte("Unknown")
			require.ErrorContains(t, c.decode(&in), `"Unknown" is no variant`)
			continue
		}
		var out outgoing
		require.NoError(t, c.encode(m, &out))
		in.variant, in.what = []byte(out.variant), out.args
		require.NoError(t, c.decode(&in))
		require.Equal(t, m, <-got)
	}
}
