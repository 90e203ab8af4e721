package meet_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/meet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOften(t *testing.T) {
	const n = 1000
	var before, a, b, after int
	meet.Often(n,
		func() { before++; require.Equal(t, before, b+1) },
		func() { a++ },
		func() { b++ },
		func() { after++; require.Equal(t, []int{before, before, before}, []int{a, b, after}) })
	require.Equal(t, n, after)
}

// Two increments that are no atomic step: one of them is lost some time.
func TestOften_FindsALostUpdate(t *testing.T) {
	var counter atomic.Int64
	lost := 0
	increment := func() { counter.Store(counter.Load() + 1) }
	for lost == 0 { // soon, on whatever machine
		meet.Often(10_000, func() { counter.Store(0) }, increment, increment, func() {
			if counter.Load() == 1 {
				lost++
			}
		})
	}
}

// A step that ends the goroutine leaves no other one behind.
func TestOften_Ends(t *testing.T) {
	require.PanicsWithValue(t, "enough", func() {
		meet.Often(1000, func() {}, func() {}, func() {}, func() { panic("enough") })
	})
}
