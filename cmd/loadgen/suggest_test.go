package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"ring", "ring", 0},
		{"rnig", "ring", 1}, // neighbours swapped
		{"rin", "ring", 1},
		{"rings", "ring", 1},
		{"rong", "ring", 1},
		{"kitten", "sitting", 3},
		{"größe", "grösse", 2},
	} {
		require.Equal(t, c.want, distance(c.a, c.b), "%s %s", c.a, c.b)
		require.Equal(t, c.want, distance(c.b, c.a), "%s %s", c.b, c.a)
	}
}

func TestNearestScenario(t *testing.T) {
	for wrong, right := range map[string]string{
		"pingpog": "pingpong", "Ring": "ring", "timer": "timers", "brodcast": "broadcast", "spwan": "spawn", "lst": "list",
	} {
		_, err := find(catalogue(), wrong)
		require.ErrorContains(t, err, `"`+wrong+`"`)
		require.ErrorContains(t, err, `did you mean "`+right+`"?`)
	}
	require.Empty(t, didYouMean("x", nil))
}
