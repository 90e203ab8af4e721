package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// Both builds compile, and each benchmark of paths is there.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("it links four test programs")
	}
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), 1, "1x", &out))
	for _, name := range []string{"PingPong", "Cast", "Spawn", "Timers/CastAfter", "Outside/rpc", "Inside/call", "Inside/then"} {
		require.Contains(t, out.String(), name)
	}
	require.ErrorContains(t, run(t.Context(), 0, "1x", &out), "-rounds is 0")
}

func TestQuantile(t *testing.T) {
	values := []float64{4, 0, 3, 1, 2}
	require.Equal(t, []float64{0, 1, 2, 4}, []float64{quantile(values, 0), quantile(values, 0.25), quantile(values, 0.5), quantile(values, 1)})
	require.Equal(t, []float64{4, 0, 3, 1, 2}, values)
}
