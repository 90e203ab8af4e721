package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

func TestCastAndCall(t *testing.T) {
	a, b := pair(t)
	b.spawn(&counter{}, actor.Named("sum"))
	r := a.find("sum")
	require.NoError(t, r.Cast(a.ctx, Add{N: 2}))
	require.NoError(t, r.Cast(a.ctx, Add{N: 3}))
	n, err := get(a.ctx, r)
	require.NoError(t, err)
	require.EqualValues(t, 5, n)
}
