package actortest_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
	"github.com/ractor-go/ractor/sched"
)

// at is one fault at a fixed place.
func at(f actortest.Fault) actortest.Option {
	return actortest.Inject(actortest.Faults{At: []actortest.Fault{f}})
}

// injected are the lines of the trace of f's first run in which a fault is made,
// without step and time; the run must not fail.
func injected(t *testing.T, f func(*actortest.System), opts ...actortest.Option) (lines []string) {
	t.Helper()
	table, _, failure := actortest.TraceOf(t, actortest.Uniform, 1, f, opts...)
	require.Empty(t, failure)
	for line := range strings.Lines(table) {
		if _, what, ok := strings.Cut(line, "injects"); ok {
			lines = append(lines, strings.Join(strings.Fields(what), " "))
		}
	}
	return lines
}

// hooked has all hooks of an actor and counts what was called.
type hooked struct{ called *[]string }

func (h hooked) note(what string) error { *h.called = append(*h.called, what); return nil }

func (h hooked) PreStart(*actor.Context[int]) error                       { return h.note("PreStart") }
func (h hooked) PostStart(*actor.Context[int]) error                      { return h.note("PostStart") }
func (h hooked) Handle(*actor.Context[int], int) error                    { return h.note("Handle") }
func (h hooked) PostStop(*actor.Context[int]) error                       { return h.note("PostStop") }
func (h hooked) HandleSupervision(*actor.Context[int], actor.Event) error { return h.note("event") }

// Each callback can be the one that panics; what comes after it does not come.
func TestFaults_PanicInTheKthCallback(t *testing.T) {
	whole := []string{"PreStart", "PostStart", "Handle", "event", "PostStop"}
	for k := range len(whole) + 1 {
		lines := injected(t, func(sys *actortest.System) {
			var called []string
			ref, err := actor.Spawn(sys, hooked{&called})
			if k > 0 {
				require.NoError(sys, err)
				_ = ref.Cast(sys, 1) // it has ended, if PostStart has
				sys.Settle()
			}
			if k > 2 {
				_, err := actor.Spawn(sys, actor.Func(func(*actor.Context[int], int) error { return nil }), actor.LinkedTo(ref.Any()))
				require.NoError(sys, err)
				sys.Settle()
			}
			if k > 3 {
				ref.Stop()
			}
			if k > 0 {
				err = ref.Wait(sys)
			}
			require.Equal(sys, append([]string{}, whole[:k]...), append([]string{}, called...))
			if k == len(whole) {
				require.NoError(sys, err)
				return
			}
			var value actortest.Injected
			require.ErrorAs(sys, err, &value)
			require.Equal(sys, actortest.Injected{Actor: "hooked", Callback: k + 1}, value)
			require.ErrorContains(sys, err, "panic: injected by actortest into hooked, callback")
		}, at(actortest.Fault{Kind: actortest.Panic, Nth: k + 1, Of: "hooked"}))
		if k < len(whole) {
			require.Equal(t, []string{"hooked a panic"}, lines)
		} else {
			require.Empty(t, lines)
		}
	}
}

func ignore(*actor.Context[int], int) error { return nil }

func named(sys *actortest.System, name string, opts ...actor.Option) actor.Ref[int] {
	if name != "" {
		opts = append(opts, actor.Named(name))
	}
	ref, err := actor.Spawn(sys, actor.Func(ignore), opts...)
	require.NoError(sys, err)
	return ref
}

func TestFaults_Kill(t *testing.T) {
	lines := injected(t, func(sys *actortest.System) {
		a, b := named(sys, "a"), named(sys, "b")
		for range 10 {
			require.NoError(sys, a.Cast(sys, 1))
			sys.Settle()
		}
		require.ErrorIs(sys, b.Wait(sys), actor.ErrKilled)
		require.Less(sys, a.Status(), actor.Stopping)
	}, at(actortest.Fault{Kind: actortest.Kill, Nth: 12, Of: "b"}))
	require.Equal(t, []string{"b a kill"}, lines)
}

// A full mailbox does what the rule says; one without a bound is never full.
func TestFaults_Full(t *testing.T) {
	for rule, want := range map[actor.Overflow]error{
		actor.Refuse: actor.ErrMailboxFull, actor.DropNewest: nil, actor.DropOldest: nil, actor.WaitForRoom: nil,
	} {
		lines := injected(t, func(sys *actortest.System) {
			free, ref := named(sys, "free"), named(sys, "bounded", actor.Bounded(10, rule))
			require.NoError(sys, free.Cast(sys, 1))
			require.NoError(sys, ref.Cast(sys, 1))
			require.ErrorIs(sys, ref.Cast(sys, 2), want)
			require.NoError(sys, ref.Cast(sys, 3))
		}, at(actortest.Fault{Kind: actortest.Full, Nth: 2}))
		require.Equal(t, []string{"bounded a full mailbox"}, lines)
	}
}

func TestFaults_NoSpare(t *testing.T) {
	lines := injected(t, func(sys *actortest.System) {
		var errs []error
		asker, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], _ int) error {
			_, err := actor.Blocking(ctx, func() (int, error) { return 0, nil })
			errs = append(errs, err)
			return nil
		}), actor.Named("asker"))
		require.NoError(sys, err)
		for range 3 {
			require.NoError(sys, asker.Cast(sys, 1))
			sys.Settle()
		}
		require.NoError(sys, errs[0])
		require.ErrorIs(sys, errs[1], sched.ErrTooManyWaiters)
		require.NoError(sys, errs[2])
	}, at(actortest.Fault{Kind: actortest.NoSpare, Nth: 2}))
	require.Equal(t, []string{"asker no spare"}, lines)
}

// clocked makes an actor that notes when it handles what is sent to it after 10 ms.
func clocked(sys *actortest.System) *time.Duration {
	var when time.Duration
	ref, err := actor.Spawn(sys, actor.Func(func(*actor.Context[int], int) error { when = sys.Now(); return nil }))
	require.NoError(sys, err)
	require.NoError(sys, ref.CastAfter(10*time.Millisecond, 1).Err())
	return &when
}

func TestFaults_LateTimer(t *testing.T) {
	lines := injected(t, func(sys *actortest.System) {
		first := clocked(sys)
		sys.Sleep(20 * time.Millisecond)
		second := clocked(sys)
		sys.Eventually(time.Second, func() bool { return *second > 0 }, "the timer fires")
		require.Equal(sys, 10*time.Millisecond, *first)
		require.Equal(sys, 37*time.Millisecond, *second)
	}, at(actortest.Fault{Kind: actortest.Late, Nth: 2, For: 7 * time.Millisecond}))
	require.Equal(t, []string{"a late timer, of 7ms"}, lines)
}

// A deadline that comes too early, as it is seen by who has something to do.
func TestFaults_Jump(t *testing.T) {
	lines := injected(t, func(sys *actortest.System) {
		clocked(sys)
		for range 10 {
			_ = sys.System().Lookup(0)
			named(sys, "").Stop()
		}
		require.Equal(sys, 3*time.Second, sys.Now())
	}, at(actortest.Fault{Kind: actortest.Jump, Nth: 4, For: 3 * time.Second}))
	require.Equal(t, []string{"a jump of time, of 3s"}, lines)
}

// busy is a program in which every kind of fault can happen, and that does not
// mind.
func busy(sys *actortest.System) {
	probe := named(sys, "spared")
	var to actor.Ref[add]
	for i := range 5 {
		ref, err := actor.Spawn(sys, &counter{}, actor.Bounded(10, actor.Refuse))
		if err != nil {
			continue
		}
		to = ref
		asker, err := actor.Spawn(sys, actor.Func(func(ctx *actor.Context[int], n int) error {
			_, _ = rpc.Call(ctx, to, func(r rpc.Reply[int]) add { return add{n: n, total: r} })
			return nil
		}))
		require.NoError(sys, err)
		_ = to.Cast(sys, add{n: 1})
		_ = asker.Cast(sys, i)
		_ = asker.CastAfter(time.Millisecond, i)
	}
	sys.Sleep(time.Second)
	require.Less(sys, probe.Status(), actor.Stopping)
}

// By chance: the same seed has the same faults (TraceOf makes each run twice), all
// kinds happen, whom Only spares is spared, and with rates of 0 a run is the one
// that it is without faults but for the strand that makes them.
func TestFaults_Rates(t *testing.T) {
	everything := actortest.Faults{
		Panic: 0.1, Kill: 0.05, Full: 0.2, NoSpare: 0.3, Late: 0.3, Jump: 0.05,
		Only: func(r actor.AnyRef) bool { return r.Status() != actor.Unstarted && r.Name() != "spared" },
	}
	seen := map[string]int{}
	for _, s := range []actortest.Strategy{actortest.Uniform, actortest.PCT, actortest.Swarm} {
		for n := range uint64(50) {
			table, _, failure := actortest.TraceOf(t, s, n, busy, actortest.Inject(everything))
			require.Empty(t, failure)
			for k := actortest.Panic; k <= actortest.Jump; k++ {
				seen[s.String()+k.String()] += strings.Count(table, "  "+k.String())
			}
		}
		for k := actortest.Panic; k <= actortest.Jump; k++ {
			require.NotZero(t, seen[s.String()+k.String()], "%v of %v", k, s)
		}
		none, _, _ := actortest.TraceOf(t, s, 7, busy)
		idle, _, _ := actortest.TraceOf(t, s, 7, busy, actortest.Inject(actortest.Faults{}))
		if s == actortest.Uniform { // the others draw for each strand
			require.Equal(t, strings.Count(none, "\n"), strings.Count(idle, "\n"))
		}
	}
	// Swarm leaves out some of them, in each run.
	require.Less(t, seen["swarm"+actortest.NoSpare.String()], seen["uniform"+actortest.NoSpare.String()])
}

// Explore with faults, in parallel: what goes wrong on purpose is no failure.
func TestFaults_Explore(t *testing.T) {
	sum := actortest.Explore(t, 300, busy, actortest.Inject(actortest.Faults{
		Panic: 0.05, Kill: 0.02, Full: 0.1, NoSpare: 0.1, Late: 0.1, Jump: 0.02,
		Only: func(r actor.AnyRef) bool { return r.Name() != "spared" },
	}))
	require.Greater(t, sum.Distinct, 200)
}

// Exhaustive makes fixed faults of an actor.
func TestFaults_Exhaustive(t *testing.T) {
	fails := 0
	sum := actortest.Exhaustive(t, func(sys *actortest.System) {
		ref, err := actor.Spawn(sys, &counter{})
		require.NoError(sys, err)
		_ = ref.Cast(sys, add{n: 1})
		_ = ref.Cast(sys, add{n: 1})
		if errors.As(ref.Wait(sys), new(actortest.Injected)) {
			fails++
		}
	}, at(actortest.Fault{Kind: actortest.Panic, Nth: 2, Of: "counter"}))
	require.True(t, sum.Complete)
	require.NotZero(t, fails)
}

func TestInject_Misuse(t *testing.T) {
	for want, f := range map[string]actortest.Faults{
		"the rate of a panic is 1.5: want a chance from 0 to 1":    {Panic: 1.5},
		"the rate of a kill is -0.1: want a chance from 0 to 1":    {Kill: -0.1},
		"the rate of no spare is NaN: want a chance from 0 to 1":   {NoSpare: math.NaN()},
		"Longest is -1s: want a positive duration":                 {Longest: -time.Second},
		"At[0], a kill, has Nth 0: want 1 or more":                 {At: []actortest.Fault{{Kind: actortest.Kill}}},
		"At[0].Kind is FaultKind(99): there is no such kind":       {At: []actortest.Fault{{Kind: 99, Nth: 1}}},
		"At[0], a late timer, has For -1ns":                        {At: []actortest.Fault{{Kind: actortest.Late, Nth: 1, For: -1}}},
		`At[0], a jump of time, is for "a": it is nobody's own`:    {At: []actortest.Fault{{Kind: actortest.Jump, Nth: 1, Of: "a"}}},
		"the rate of a full mailbox is +Inf: want a chance from 0": {Full: math.Inf(1)},
	} {
		func() {
			defer func() { require.Contains(t, recover(), "actortest: Inject: "+want) }()
			actortest.Inject(f)
		}()
	}
}
