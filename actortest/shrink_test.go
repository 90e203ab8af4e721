package actortest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// late is wrong: it takes for granted that the sender comes second. edit is
// something that has nothing to do with it.
func late(edit func(sys *System)) func(sys *System) {
	return func(sys *System) {
		edit(sys)
		ref := recorder(sys)
		sender, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], n int) error {
			return ref.Cast(ctx, entry{})
		}))
		require.NoError(sys, err)
		require.NoError(sys, sender.Cast(sys, 1))
		n, err := rpc.Call(sys, ref, func(r rpc.Reply[int]) entry { return entry{back: r} })
		require.NoError(sys, err)
		require.Equal(sys, 1, n)
	}
}

func nothing(*System) {}

// bystanders are actors that talk among themselves.
func bystanders(sys *System) {
	type talk struct{ more int }
	ref, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[talk], m talk) error {
		if m.more > 0 {
			return ctx.Self().Cast(ctx, talk{m.more - 1})
		}
		return nil
	}), actor.Named("bystander"))
	require.NoError(sys, err)
	require.NoError(sys, ref.Cast(sys, talk{3}))
}

func TestShrink_KeepsWhatMatters(t *testing.T) {
	set := newSettings(nil)
	e := explore(t, 100, late(bystanders), set)
	require.NotNil(t, e.failed)
	cs, short := shrunk(t, set, *e.failed, late(bystanders))
	require.NotNil(t, short)
	require.Equal(t, []constraint{{"function#2: sends function 1", "test: sends function 1"}}, cs)

	// It is found again after an edit, and where it was mended it is not.
	file := filepath.Join(t.TempDir(), "x", "y.order")
	require.NoError(t, save(file, short.failure.Message, cs))
	loaded, found, err := load(file)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, cs, loaded)
	for edit, f := range map[string]func(*System){"none": nothing, "bystanders": bystanders} {
		r := newSim(set, newConstrained(loaded), 1).run(t, false, late(f))
		require.NotNil(t, r.failure, edit)
		require.Contains(t, r.failure.Message, "expected: 1")
	}
	mended := func(sys *System) { _ = recorder(sys).Cast(sys, entry{}) }
	require.Nil(t, newSim(set, newConstrained(loaded), 1).run(t, false, mended).failure)
}

func TestLeast(t *testing.T) {
	all := make([]constraint, 30)
	for i := range all {
		all[i] = constraint{event(rune('a' + i)), "z"}
	}
	needs := func(want ...int) func(cs []constraint) bool {
		return func(cs []constraint) bool {
			have := map[constraint]bool{}
			for _, c := range cs {
				have[c] = true
			}
			for _, i := range want {
				if !have[all[i]] {
					return false
				}
			}
			return true
		}
	}
	require.Empty(t, least(all, needs()))
	require.Equal(t, all[7:8], least(all, needs(7)))
	require.Equal(t, []constraint{all[0], all[13], all[29]}, least(all, needs(0, 13, 29)))
	require.Equal(t, all, least(all, func(cs []constraint) bool { return len(cs) == len(all) }))
}

func TestParseOrder_BadLines(t *testing.T) {
	for _, text := range []string{"a before b", "  before  b", "a  before  "} {
		_, err := parseOrder([]byte("# a comment\n\n" + text))
		require.ErrorContains(t, err, "line 3")
	}
}

func FuzzParseOrder(f *testing.F) {
	f.Add("# c\na: sends b 1  before  c: has a turn 2\n")
	f.Add("a  before  b  before  c")
	f.Fuzz(func(t *testing.T, text string) {
		cs, err := parseOrder([]byte(text))
		if err != nil {
			return
		}
		var again string
		for _, c := range cs {
			again += c.String() + "\n"
		}
		back, err := parseOrder([]byte(again))
		require.NoError(t, err)
		require.Equal(t, cs, back)
	})
}

func FuzzParseSeed(f *testing.F) {
	f.Add("pct-17")
	f.Add("uniform-18446744073709551615")
	f.Add("swarm--1")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSeed(text)
		if err != nil {
			require.ErrorContains(t, err, "want one like")
			return
		}
		back, err := parseSeed(s.String())
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
}

// What Exhaustive has found shrinks too.
func TestShrink_OfExhaustive(t *testing.T) {
	set := newSettings(nil)
	_, failed := enumerate(t, set, late(nothing), true)
	require.NotNil(t, failed)
	cs, short := shrunk(t, set, *failed, late(nothing))
	require.NotNil(t, short)
	require.Equal(t, []constraint{{"function#2: sends function 1", "test: sends function 1"}}, cs)
}

// Faults by chance are kept while a failure is shrunk, those that Swarm has drawn
// too; but they are no order of events that could be saved.
func TestShrink_WithFaults(t *testing.T) {
	set := newSettings([]Option{With(Swarm), Inject(Faults{Panic: 0.9})})
	require.False(t, set.saves)
	fixed := newSettings([]Option{Inject(Faults{At: []Fault{{Kind: Panic, Nth: 1}}})})
	require.True(t, fixed.saves)
	mourns := func(sys *System) {
		ref := recorder(sys)
		require.NoError(sys, ref.Cast(sys, entry{}))
		ref.Drain()
		require.NoError(sys, ref.Wait(sys))
	}
	for _, set := range []*settings{set, fixed} {
		e := explore(t, 100, mourns, set)
		require.NotNil(t, e.failed)
		cs, short := shrunk(t, set, *e.failed, mourns)
		require.NotNil(t, short)
		require.Empty(t, cs, "the order does not matter")
		require.Contains(t, short.failure.Message, "injected by actortest into function")
	}
}
