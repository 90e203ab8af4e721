package protocol

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestElect is section 5.6, rule by rule.
func TestElect(t *testing.T) {
	in := func(id ConnID, connectionID uint64) candidate { return candidate{id, false, connectionID} }
	out := func(id ConnID, connectionID uint64) candidate { return candidate{id, true, connectionID} }
	for _, tt := range []struct {
		what     string
		us, peer string
		all      []candidate
		keep     []ConnID
	}{
		{"1: none", "a", "b", nil, nil},
		{"1: one is kept, whatever it is", "a", "b", []candidate{out(1, 0)}, []ConnID{1}},
		{"2: the greater name's direction, at the smaller", "a", "b", []candidate{out(1, 1), in(2, 9)}, []ConnID{2}},
		{"2: and at the greater", "b", "a", []candidate{in(1, 1), out(2, 9)}, []ConnID{2}},
		{"2: names are compared as bytes", "a", "B", []candidate{out(1, 9), in(2, 1)}, []ConnID{1}},
		{"2: a prefix is smaller", "a", "aa", []candidate{out(1, 1), in(2, 9)}, []ConnID{2}},
		{"3: the smallest id", "a", "b", []candidate{in(1, 7), in(2, 5), in(3, 6)}, []ConnID{2}},
		{"3: ids are unsigned", "a", "b", []candidate{in(1, 1<<63+1), in(2, 1<<63-1)}, []ConnID{2}},
		{"3: no id is greater than any", "a", "b", []candidate{in(1, 0), in(2, 5)}, []ConnID{2}},
		{"3: ids count only within the direction that is kept", "a", "b", []candidate{out(1, 1), in(2, 5), in(3, 4)}, []ConnID{3}},
		{"4: of equal incoming ones the oldest", "a", "b", []candidate{in(1, 5), in(2, 5)}, []ConnID{1}},
		{"4: and without ids", "a", "b", []candidate{in(1, 0), in(2, 0)}, []ConnID{1}},
		{"4: of equal outgoing ones all", "a", "b", []candidate{out(1, 0), out(2, 0)}, []ConnID{1, 2}},
	} {
		var keep []ConnID
		for _, x := range elect(tt.us, tt.peer, tt.all) {
			keep = append(keep, x.id)
		}
		require.Equal(t, tt.keep, keep, tt.what)
	}
}

// TestElectBothEnds: if the ids differ, both ends keep the same connection,
// and the order in which they came does not matter.
func TestElectBothEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + rng.IntN(5)
		var here, there []candidate
		for i := range n {
			id, dialed := uint64(rng.IntN(1000))<<3|uint64(i)+1, rng.IntN(2) == 0
			here = append(here, candidate{ConnID(i), dialed, id})
			there = append(there, candidate{ConnID(i), !dialed, id})
		}
		rng.Shuffle(n, func(i, j int) { there[i], there[j] = there[j], there[i] })
		kept, keptThere := elect("a", "b", here), elect("b", "a", there)
		require.Len(t, kept, 1)
		require.Len(t, keptThere, 1)
		require.Equal(t, kept[0].id, keptThere[0].id)
		// One after another comes to the same as all at once.
		var held []candidate
		for _, x := range there {
			held = elect("b", "a", append(slices.Clone(held), x))
		}
		require.Equal(t, keptThere, held)
	}
}
