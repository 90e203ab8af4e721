package actortest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// sentence casts words to a probe, one each 10 ms, and then checks it with f.
func sentence(f func(sys *actortest.System, p *actortest.Probe[string]), words ...string) func(*actortest.System) {
	return func(sys *actortest.System) {
		p := actortest.NewProbe[string](sys)
		for i, w := range words {
			require.NoError(sys, p.Ref().CastAfter(time.Duration(i)*10*time.Millisecond, w).Err())
		}
		f(sys, p)
	}
}

func TestProbe(t *testing.T) {
	actortest.Explore(t, 100, sentence(func(sys *actortest.System, p *actortest.Probe[string]) {
		require.Equal(sys, "a", p.Next(0))
		p.ExpectNothing(0)
		p.ExpectNothing(9 * time.Millisecond)
		p.Expect(time.Second, "c", "b")
		require.Equal(sys, 20*time.Millisecond, sys.Now(), "it waits no longer than it must")
		p.ExpectOrder(time.Second, "d", "e")
		require.Equal(sys, "g!", p.ExpectMatch(time.Second, "a shout", func(m string) bool { return m[len(m)-1] == '!' }))
		p.Expect(0)
		p.ExpectOrder(time.Second, "h")
		p.ExpectNothing(time.Hour)
		require.Equal(sys, []string{"a", "b", "c", "d", "e", "f", "g!", "h"}, p.Received())
	}, "a", "b", "c", "d", "e", "f", "g!", "h"))
}

// Each failure says what was expected and what has come.
func TestProbe_Failures(t *testing.T) {
	for name, c := range map[string]struct {
		f    func(p *actortest.Probe[string])
		want string
	}{
		"Next":    {func(p *actortest.Probe[string]) { p.Next(0); p.Next(0); p.Next(0) }, "expected: a message\n  came:     nothing (after the 2 that were taken before)"},
		"Next, d": {func(p *actortest.Probe[string]) { p.Expect(9, "a"); p.Next(9 * time.Millisecond) }, "expected: a message within 9ms\n  came:     nothing (after the 1"},
		"too few": {func(p *actortest.Probe[string]) { p.Expect(time.Second, "a", "b", "c") }, "expected: a, b, c in any order within 1s\n  came:     a, b"},
		"others":  {func(p *actortest.Probe[string]) { p.Expect(time.Second, "b", "b") }, "expected: b, b in any order\n  came:     a, b"},
		"one":     {func(p *actortest.Probe[string]) { p.Expect(time.Second, "x") }, "expected: x\n  came:     a"},
		"order":   {func(p *actortest.Probe[string]) { p.ExpectOrder(time.Second, "b", "a") }, "expected: b, a in this order\n  came:     a, b"},
		"no match": {func(p *actortest.Probe[string]) {
			p.ExpectMatch(time.Second, "a shout", func(string) bool { return false })
		}, "expected: a shout within 1s\n  came:     a, b"},
		"not nothing": {func(p *actortest.Probe[string]) { p.Next(0); p.ExpectNothing(time.Second) }, "at 10ms: what it got is not what was expected\n  expected: nothing within 1s\n  came:     b (after"},
		"stopped":     {func(p *actortest.Probe[string]) { p.Ref().Kill(); p.Next(time.Minute) }, "expected: a message within 1m0s\n  came:     nothing"},
	} {
		_, _, failure := actortest.TraceOf(t, actortest.Uniform, 1, sentence(func(sys *actortest.System, p *actortest.Probe[string]) {
			if name != "Next" {
				c.f(p)
				return
			}
			sys.Sleep(time.Second)
			c.f(p)
		}, "a", "b"))
		require.Contains(t, failure, c.want, name)
		require.Contains(t, failure, "probe at ", name)
	}
}

// A probe has the options of any actor, and faults spare it.
func TestProbe_Spared(t *testing.T) {
	actortest.Explore(t, 50, func(sys *actortest.System) {
		p := actortest.NewProbe[int](sys, actor.Named("ear"))
		require.Equal(sys, "ear", p.Ref().Name())
		for i := range 5 {
			require.NoError(sys, p.Ref().Cast(sys, i))
		}
		p.ExpectOrder(time.Second, 0, 1, 2, 3, 4)
	}, actortest.Inject(actortest.Faults{Panic: 1, Kill: 1}))
	_, _, failure := actortest.TraceOf(t, actortest.Uniform, 1, func(sys *actortest.System) {
		actortest.NewProbe[int](sys, actor.Named(""))
	})
	require.Contains(t, failure, "actortest: NewProbe: actor: bad option")
}
