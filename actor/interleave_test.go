//go:build interleave

package actor

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/weave"
)

// Proofs: the words of an actor's life, in every order of their operations. Run them with
//
//	go test -tags interleave -run Interleave -v ./actor

// The status only grows (row I1), each crossing has one winner, and one of all who end the actor has the exit
// (row L7). A flag that is raised meanwhile is not lost.
func TestInterleaveLife(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) {
		c := &cell{}
		c.life.Store(uint32(Running))
		var crossed []Status
		claims := 0
		end := func() {
			if _, moved := c.advance(Stopping); moved {
				crossed = append(crossed, Stopping)
			}
			if c.claim() {
				claims++
				_, moved := c.advance(Stopped)
				r.Checkf(moved, "whoever claims the exit brings it to an end")
			}
		}
		r.Go("worker", end)
		r.Go("abandon", end)
		r.Go("drain", func() {
			before := c.status()
			if _, moved := c.advance(Draining); moved {
				crossed = append(crossed, Draining)
			}
			r.Checkf(c.set(killedFlag), "set twice")
			r.Checkf(c.status() >= max(before, Draining), "the status falls")
		})
		r.End(func() {
			require.Equal(r, 1, claims)
			require.Equal(r, Stopped, c.status())
			require.True(r, c.has(killedFlag|claimedFlag))
			require.LessOrEqual(r, len(crossed), 2)
			require.Len(r, slices.Compact(slices.Clone(crossed)), len(crossed), "crossed twice")
		})
	})
}

// hooks has somebody register a hook, and perhaps take it back, while two others end the actor, by stopping.
func hooks(r *weave.Run, takeBack bool, onStopping func(AnyRef, func()) (func(), bool), stopping func(c *cell)) {
	c := &cell{}
	c.life.Store(uint32(Running))
	var ran weave.Uint32
	var registered, cancelled bool
	r.Go("register", func() {
		cancel, ok := onStopping(AnyRef{ref{c}}, func() { ran.Add(1) })
		registered = ok
		if ok && takeBack {
			cancel()
			cancelled = true
		}
	})
	for range 2 {
		r.Go("end", func() {
			stopping(c)
			before := ran.Load()
			c.status()
			r.Checkf(before == ran.Load(), "a hook runs after the crossing is over for this one")
		})
	}
	r.End(func() {
		switch n := ran.Load(); {
		case !registered:
			require.Zero(r, n, "a hook ran that was refused")
		case cancelled:
			require.LessOrEqual(r, n, uint32(1))
		default:
			require.EqualValues(r, 1, n, "a hook ran so often")
		}
	})
}

// A hook of OnStopping runs once or is refused, and whoever ends the actor goes on only when it has run.
func TestInterleaveHooks(t *testing.T) {
	for _, takeBack := range []bool{false, true} {
		weave.Explore(t, weave.Options{}, func(r *weave.Run) { hooks(r, takeBack, OnStopping, (*cell).stopping) })
	}
}

// The proofs can fail: each of these faults is found.
func TestInterleaveMutants(t *testing.T) {
	for name, program := range map[string]func(r *weave.Run){
		"hooks before the crossing": func(r *weave.Run) {
			hooks(r, false, OnStopping, func(c *cell) { c.runStoppingHooks(); c.advance(Stopping) })
		},
		"hooks without a lock": func(r *weave.Run) {
			hooks(r, false, OnStopping, func(c *cell) {
				c.advance(Stopping)
				if x := c.rare.Load(); x != nil && x.hooked.Load() {
					hooks := x.hooks
					x.mu.Lock()
					x.hooks = nil
					x.mu.Unlock()
					for _, h := range hooks {
						h.f()
					}
				}
			})
		},
		"a hook that is announced after the look": func(r *weave.Run) { // as it was until this test found it
			register := func(a AnyRef, f func()) (func(), bool) {
				x := a.c.extra()
				x.mu.Lock()
				defer x.mu.Unlock()
				if a.c.status() >= Stopping {
					return func() {}, false
				}
				x.hooks = append(x.hooks, &stoppingHook{f})
				x.hooked.Store(true)
				return func() {}, true
			}
			hooks(r, false, register, (*cell).stopping)
		},
	} {
		t.Run(name, func(t *testing.T) {
			report := weave.Check(weave.Options{Limit: 100_000}, program)
			require.NotNil(t, report.Failure, "%v", report)
			t.Logf("schedule %d, %d preemptions: %s", report.Schedules, report.Preemptions, report.Failure.What)
		})
	}
}
