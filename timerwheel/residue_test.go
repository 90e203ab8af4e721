package timerwheel_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/ractor-go/ractor/timerwheel"
)

// span64 is the number of ticks in a slot of level l, or the last tick.
func span64(l int) int64 {
	if 6*l > 62 {
		return math.MaxInt64
	}
	return 1 << (6 * l)
}

// boundaries are the distances at which the level or the slot of a timer may
// change: one, some and nearly all slots of each level, give or take two ticks.
func boundaries() (ds []int64) {
	for l := range 11 {
		for _, m := range []int64{1, 2, 31, 63, 64} {
			if m > math.MaxInt64/span64(l) {
				continue
			}
			for e := int64(-2); e <= 2; e++ {
				if d := m*span64(l) + e; d >= 0 {
					ds = append(ds, d)
				}
			}
		}
	}
	ds = append(ds, math.MaxInt64-1, math.MaxInt64)
	slices.Sort(ds)
	return slices.Compact(ds)
}

// bases are, for each level, all residues of its digit, with the digits below at
// either end of their range and those above at zero or not.
func bases() (bs []int64) {
	for l := range 11 {
		for r := range int64(64) {
			if r > math.MaxInt64/span64(l) {
				break
			}
			for _, low := range []int64{0, 1, span64(l) / 2, span64(l) - 1} {
				for _, high := range []int64{0, 37} {
					if l == 10 || high > math.MaxInt64/span64(l+1) {
						high = 0
					}
					bs = append(bs, high*span64(min(l+1, 10))+r*span64(l)+low%span64(l))
				}
			}
		}
	}
	slices.Sort(bs)
	return slices.Compact(bs)
}

// Every distance from every base, each timer alone: not a tick early, not a tick
// late, and Next is exact.
func TestEachResidueAlone(t *testing.T) {
	var w wheel
	tm := newTimer()
	for _, base := range bases() {
		for _, d := range boundaries() {
			if base > math.MaxInt64-d {
				continue
			}
			w = wheel{}
			w.Pop(base)
			w.Insert(&tm.node, base+d)
			if next, ok := w.Next(); !ok || next != base+d {
				t.Fatalf("base %d distance %d: next is %d", base, d, next)
			}
			if d > 0 && w.Pop(base+d-1) != nil {
				t.Fatalf("base %d distance %d: early", base, d)
			}
			if w.Pop(base+d) != &tm.node {
				t.Fatalf("base %d distance %d: late", base, d)
			}
		}
	}
}

// The same distances from every base, all in one wheel, far ones first, driven
// in three ways: by what Next says, past one boundary after another, and in one
// jump.
func TestEachResidueTogether(t *testing.T) {
	ds := boundaries()
	drivers := []func(*twins, int64){
		func(tw *twins, _ int64) {
			for tw.w.Len() > 0 {
				tw.wake(nil)
			}
		},
		func(tw *twins, base int64) {
			for _, d := range ds {
				tw.advance(after(base, d), nil)
			}
		},
		func(tw *twins, _ int64) { tw.advance(math.MaxInt64, nil) },
	}
	all := make([]*timer, len(ds))
	for i := range all {
		all[i] = newTimer()
	}
	for i, base := range bases() {
		tw := &twins{t: t}
		tw.advance(base, nil)
		for j, d := range slices.Backward(ds) {
			tw.insert(all[j], after(base, d))
		}
		tw.check()
		drivers[i%len(drivers)](tw, base)
		tw.check()
		if tw.w.Len() != 0 || tw.needless != 0 {
			t.Fatalf("base %d: %d left, %d needless wakes", base, tw.w.Len(), tw.needless)
		}
	}
}

// A wheel in steady use, tick by tick over every residue of the two lowest
// levels, begun so that a carry runs up to each of the others on the way. At each
// tick timers are armed for all distances that level 0 and the lower end of
// level 1 know; of those that fire together the farthest, that is the oldest,
// must be first.
func TestSteadyTicks(t *testing.T) {
	var ds []int64
	for d := int64(1); d < 132; d++ {
		ds = append(ds, d)
	}
	for d := int64(64*64) - 3; d <= 64*64+66; d++ {
		ds = append(ds, d)
	}
	const ticks = 64*64 + 200
	type armed struct{ distance int64 }
	for _, carry := range []int{1, 3, 10} {
		t.Run(fmt.Sprintf("carry to level %d", carry), func(t *testing.T) {
			var w timerwheel.Wheel[armed]
			var free []*timerwheel.Node[armed]
			start := max(span64(carry)-ticks/2, 0)
			w.Pop(start)
			var got, want []int64
			for now := start; now < start+ticks+64*64+100; now++ {
				got, want = got[:0], want[:0]
				w.Advance(now, func(n *timerwheel.Node[armed]) {
					if n.When() != now {
						t.Fatalf("%d fired at %d", n.When(), now)
					}
					got = append(got, n.Value.distance)
					free = append(free, n)
				})
				for _, d := range slices.Backward(ds) {
					if since := now - d - start; since >= 0 && since < ticks {
						want = append(want, d)
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("at %d fired %v, want %v", now, got, want)
				}
				if now >= start+ticks {
					continue
				}
				for _, d := range ds {
					if len(free) == 0 {
						free = append(free, &timerwheel.Node[armed]{})
					}
					n := free[len(free)-1]
					free = free[:len(free)-1]
					n.Value.distance = d
					w.Insert(n, now+d)
				}
			}
			if w.Len() != 0 {
				t.Fatalf("%d never fired", w.Len())
			}
		})
	}
}
