package pg_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/pg"
)

// Any sequence of adding and removing gives what a map would hold, each value
// beside its key, and no memory is kept that is not in use.
func FuzzSet(f *testing.F) {
	f.Add([]byte{1, 2, 3, 1, 2})
	long := make([]byte, 0, 1000)
	for i := range 250 {
		long = append(long, byte(i))
	}
	f.Add(append(slices.Clone(long), long...)) // all in, all out
	f.Fuzz(func(t *testing.T, ops []byte) {
		var s pg.Set
		model := map[int]int{}
		for i, op := range ops { // a key that is there goes, one that is not comes
			k := int(op)
			_, in := model[k]
			require.Equal(t, in, s.Has(k))
			if in {
				require.True(t, s.Remove(k))
				delete(model, k)
			} else {
				require.False(t, s.Remove(k))
				s.Add(k, i)
				model[k] = i
			}
			require.Len(t, s.Keys(), len(model))
			require.Len(t, s.Values(), len(model))
			require.LessOrEqual(t, s.Cap(), max(64, 5*len(model)))
		}
		for i, k := range s.Keys() {
			require.Equal(t, model[k], s.Values()[i])
		}
	})
}
