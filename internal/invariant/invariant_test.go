package invariant_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/invariant"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHoldsf(t *testing.T) {
	invariant.Holdsf(true, "never")
	broken := func() { invariant.Holdsf(false, "%d waiters", -1) }
	if invariant.On {
		require.PanicsWithValue(t, "broken invariant: -1 waiters", broken)
	} else {
		require.NotPanics(t, broken)
	}
}
