package bugs

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// What the simulator does not see: two actors add to a variable that they share,
// and there is no choice point between the read and the write. In production an
// addition can get lost here, and did in a ring buffer of hollywood's (#205, and
// before); the race detector finds it there. As messages (lost_update_test.go) it
// is found at once, and so it is when a call of the library stands in between.
func TestUnseen_MemoryBetweenChoicePoints(t *testing.T) {
	adding := func(between func(ctx *actor.Context[none])) program {
		return func(sys *actortest.System) {
			sum := 0
			for range 2 {
				ref := handle(sys, func(ctx *actor.Context[none], _ none) error {
					read := sum
					between(ctx)
					sum = read + 1
					return nil
				})
				require.NoError(sys, ref.Cast(sys, none{}))
			}
			sys.Settle()
			require.Equal(sys, 2, sum)
		}
	}
	found, sum := actortest.Search(t, 1000, adding(func(*actor.Context[none]) {}))
	require.Nil(t, found)
	require.Equal(t, 1000, sum.Runs)
	found, _ = actortest.Search(t, 100, adding(func(ctx *actor.Context[none]) { _ = ctx.Err() }))
	require.NotNil(t, found)
}
