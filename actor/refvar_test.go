package actor_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// Rows R3, R4: a Ref that is met by reflection takes only what fits.
func TestRefVar(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	numbers := spawn(t, ctx, &plain[int]{})
	type letter struct {
		Numbers actor.Ref[int]
		Words   actor.Ref[string]
		Some    actor.AnyRef
	}
	var l letter
	field := func(i int) actor.RefVar {
		v, ok := reflect.TypeAssert[actor.RefVar](reflect.ValueOf(&l).Elem().Field(i).Addr())
		require.True(t, ok)
		return v
	}
	require.Equal(t, reflect.TypeFor[int](), field(0).Message())
	require.Equal(t, reflect.TypeFor[string](), field(1).Message())
	require.Nil(t, field(2).Message())

	require.NoError(t, field(0).SetAny(numbers.Any()))
	require.Equal(t, numbers, l.Numbers)
	require.Equal(t, numbers.Any(), field(0).Any())

	err := field(1).SetAny(numbers.Any())
	require.ErrorIs(t, err, actor.ErrWrongType)
	require.ErrorContains(t, err, "takes no string")
	require.True(t, l.Words.IsZero())

	require.NoError(t, field(2).SetAny(numbers.Any()))
	require.Equal(t, numbers.Any(), l.Some)
	require.Equal(t, numbers.Any(), field(2).Any())

	for i := range 3 {
		require.NoError(t, field(i).SetAny(actor.AnyRef{}))
	}
	require.Equal(t, letter{}, l)
}
