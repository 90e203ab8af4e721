package timerwheel_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/timerwheel"
)

func TestZeroValues(t *testing.T) {
	var w wheel
	var n node
	require.False(t, n.Armed())
	require.Zero(t, n.When())
	require.False(t, w.Remove(&n))
	require.Zero(t, w.Now())
	require.Zero(t, w.Len())
	_, ok := w.Next()
	require.False(t, ok)
	require.Nil(t, w.Pop(0))
	w.Advance(7, func(*node) { t.Fatal("nothing to fire") })
	require.EqualValues(t, 7, w.Now())
}

func TestTickThatHasPassed(t *testing.T) {
	tw := &twins{t: t}
	tw.advance(100, nil)
	for _, tick := range []int64{100, 3, math.MinInt64, -1, 99} {
		tw.insert(newTimer(), tick)
	}
	next, ok := tw.w.Next()
	require.True(t, ok)
	require.EqualValues(t, 100, next)
	require.Equal(t, 5, tw.advance(100, nil), "the same now again")

	tw.insert(newTimer(), 0)
	require.Equal(t, 1, tw.advance(5000, nil), "a later now")
}

func TestTimeNeverGoesBack(t *testing.T) {
	var w wheel
	tm := newTimer()
	w.Pop(100)
	w.Insert(&tm.node, 100)
	for _, now := range []int64{99, 0, -1, math.MinInt64} {
		require.Nil(t, w.Pop(now))
		require.EqualValues(t, 100, w.Now())
	}
	require.True(t, tm.node.Armed())
	require.Same(t, &tm.node, w.Pop(100))
}

func TestEndOfTime(t *testing.T) {
	tw := &twins{t: t}
	for _, tick := range []int64{math.MaxInt64, math.MaxInt64 - 1, math.MaxInt64} {
		tw.insert(newTimer(), tick)
	}
	require.Equal(t, 0, tw.advance(math.MaxInt64-2, nil))
	require.Equal(t, 1, tw.advance(math.MaxInt64-1, nil))
	require.Equal(t, 2, tw.advance(math.MaxInt64, nil))
	tw.insert(newTimer(), math.MaxInt64)
	require.Equal(t, 1, tw.advance(math.MaxInt64, nil))
	tw.check()
}

func TestInsertMoves(t *testing.T) {
	tw := &twins{t: t}
	a, b := newTimer(), newTimer()
	tw.insert(a, 5)
	tw.insert(b, 5)
	tw.insert(a, 5) // now behind b
	tw.check()
	require.Same(t, b, tw.w.Pop(5).Value)
	tw.w.Insert(&a.node, 50_000)
	require.Nil(t, tw.w.Pop(49_999))
	require.Same(t, a, tw.w.Pop(50_000).Value)
	require.EqualValues(t, 50_000, a.node.When())
}

func TestAnotherWheelsNode(t *testing.T) {
	var mine, other wheel
	tm, neighbour := newTimer(), newTimer()
	other.Insert(&tm.node, 5)
	mine.Insert(&neighbour.node, 5)
	const text = "timerwheel: the node is armed in another wheel"
	require.PanicsWithValue(t, text, func() { mine.Remove(&tm.node) })
	require.PanicsWithValue(t, text, func() { mine.Insert(&tm.node, 6) })
	require.NoError(t, mine.Check())
	require.NoError(t, other.Check())
	require.Equal(t, 1, mine.Len())
	require.Same(t, &tm.node, other.Pop(5))
	mine.Insert(&tm.node, 5) // fired there, free to be used here
	require.Equal(t, 2, mine.Len())
}

func TestFireInsertsItself(t *testing.T) {
	tw := &twins{t: t}
	tm, left := newTimer(), 1000
	tw.insert(tm, 10)
	tw.insert(newTimer(), 10+7*500)
	tw.advance(1<<40, func(fired *timer) {
		if left--; left > 0 && fired == tm {
			tw.insert(tm, tw.w.Now()+7)
		}
	})
	require.Zero(t, left)
	require.Equal(t, int64(1<<40), tw.w.Now())
}

func TestFireRemovesAllOthers(t *testing.T) {
	tw := &twins{t: t}
	var all []*timer
	for i := range int64(10) {
		for range 3 {
			all = append(all, newTimer())
			tw.insert(all[len(all)-1], 1<<(5*i))
		}
	}
	fired := tw.advance(math.MaxInt64, func(*timer) {
		for _, tm := range all {
			tw.remove(tm)
		}
	})
	require.Equal(t, 1, fired)
	tw.check()
}

func TestFireAdvances(t *testing.T) {
	tw := &twins{t: t}
	for i := range int64(100) {
		tw.insert(newTimer(), i*i*i)
	}
	depth, total := 0, 0
	var inside func(*timer)
	inside = func(*timer) {
		total++
		if depth < 5 {
			depth++
			tw.w.Advance(tw.w.Now()+5000, func(n *node) {
				tw.fired(n, math.MaxInt64)
				inside(n.Value)
			})
		}
	}
	tw.w.Advance(100*100*100, func(n *node) {
		tw.fired(n, math.MaxInt64)
		inside(n.Value)
	})
	require.Equal(t, 100, total)
	require.Zero(t, tw.w.Len())
	require.NoError(t, tw.w.Check())
}

func TestFirePanics(t *testing.T) {
	tw := &twins{t: t}
	for i := range int64(10) {
		tw.insert(newTimer(), i*1000)
	}
	require.PanicsWithValue(t, "no", func() {
		tw.advance(9000, func(*timer) {
			if tw.w.Now() == 4000 {
				panic("no")
			}
		})
	})
	tw.check()
	require.Equal(t, 5, tw.advance(9000, nil))
}

// Ticks at which nothing is due cost nothing: passing over 2^62 of them one by
// one, or slot by slot, would never end.
func TestGap(t *testing.T) {
	tw := &twins{t: t}
	for _, tick := range []int64{1, 1_000_000_000, 1 << 61, 1<<62 + 1} {
		tw.insert(newTimer(), tick)
	}
	require.Equal(t, 2, tw.advance(1<<61-1, nil))
	require.Equal(t, 2, tw.advance(1<<62+1, nil))
}

// A timer goes down and never up, so that it is moved at most Levels-1 times.
func TestTimersGoDown(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var w wheel
		w.Pop(rng.Int64())
		level := make(map[*timer]int)
		for range 100 {
			tm := newTimer()
			w.Insert(&tm.node, after(w.Now(), rng.Int64()>>rng.IntN(63)))
			level[tm] = w.Level(&tm.node)
		}
		for w.Len() > 0 {
			if next, _ := w.Next(); rng.IntN(3) == 0 {
				w.Pop(next)
			} else {
				w.Pop(w.Now() + rng.Int64N(next-w.Now()+1))
			}
			for tm, before := range level {
				if !tm.node.Armed() {
					delete(level, tm)
					continue
				}
				now := w.Level(&tm.node)
				if now > before {
					t.Fatalf("from level %d up to %d", before, now)
				}
				level[tm] = now
			}
		}
	}
}

// Timers that are removed leave Next too early, but only as often as it says,
// even when before each wake just the one is removed that led it astray.
func TestNeedlessWakes(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	worst := 0
	for range 3000 {
		tw := &twins{t: t}
		tw.advance(rng.Int64()>>(1+rng.IntN(62)), nil)
		survivor := newTimer()
		tick := after(tw.m.now, rng.Int64()>>(1+rng.IntN(62)))
		tw.insert(survivor, tick)
		decoys := 0
		for l := range timerwheel.Levels - 1 {
			// The first tick of the survivor's slot on each level.
			if first := tick &^ (span64(l+1) - 1); first > tw.m.now && first < tick {
				tw.insert(newTimer(), first)
				decoys++
			}
		}
		for survivor.node.Armed() {
			if first := tw.m.list[0].timer; first != survivor {
				tw.remove(first)
			}
			tw.wake(nil)
		}
		require.Equal(t, tick, tw.m.now)
		require.LessOrEqual(t, tw.needless, min(decoys, timerwheel.Levels-1))
		worst = max(worst, tw.needless)
	}
	require.Equal(t, timerwheel.Levels-1, worst, "the decoys deceive nobody")
}

func TestNodeIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(node{}), uintptr(40))
	require.LessOrEqual(t, unsafe.Sizeof(timerwheel.Node[struct{}]{}), uintptr(32))
	require.LessOrEqual(t, unsafe.Sizeof(wheel{}), uintptr(11<<10+512))
}

// Neither the wheel nor a neighbour keeps a timer that fired or was removed.
func TestLetsGo(t *testing.T) {
	var w wheel
	stay := newTimer()
	w.Insert(&stay.node, 1<<30)
	arm := func(tick int64) weak.Pointer[timer] {
		tm := newTimer()
		w.Insert(&tm.node, tick)
		return weak.Make(tm)
	}
	fired, removed, armed := arm(5000), arm(1<<30), arm(1<<30)
	w.Advance(5000, func(*node) {})
	w.Remove(&removed.Value().node)
	runtime.GC()
	require.Nil(t, fired.Value())
	require.Nil(t, removed.Value())
	require.NotNil(t, armed.Value())
	runtime.KeepAlive(&w)
}

func TestNoAllocations(t *testing.T) {
	w := new(wheel)
	tms := make([]*timer, 200)
	for i := range tms {
		tms[i] = newTimer()
	}
	fire := func(*node) {}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for i, tm := range tms {
			w.Insert(&tm.node, w.Now()+int64(i*i*i))
		}
		for _, tm := range tms[100:150] {
			w.Remove(&tm.node)
		}
		w.Next()
		w.Advance(w.Now()+199*199*199, fire)
	}))
	require.Zero(t, w.Len())
}
