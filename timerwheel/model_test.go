package timerwheel_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/timerwheel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	node  = timerwheel.Node[*timer]
	wheel = timerwheel.Wheel[*timer]
)

// timer is the owner of a node, as a user would write it.
type timer struct {
	node   node
	listed bool // in the model
}

func newTimer() *timer {
	t := &timer{}
	t.node.Value = t
	return t
}

// model says the same as a wheel, with a sorted list.
type model struct {
	now  int64
	list []entry // by tick, then by insertion
}

type entry struct {
	tick  int64
	timer *timer
}

func (m *model) insert(t *timer, tick int64) {
	m.remove(t)
	tick = max(tick, m.now)
	i, _ := slices.BinarySearchFunc(m.list, tick, func(e entry, tick int64) int {
		if e.tick <= tick {
			return -1
		}
		return 1
	})
	m.list = slices.Insert(m.list, i, entry{tick, t})
	t.listed = true
}

func (m *model) remove(t *timer) bool {
	if !t.listed {
		return false
	}
	i := slices.IndexFunc(m.list, func(e entry) bool { return e.timer == t })
	m.list = slices.Delete(m.list, i, i+1)
	t.listed = false
	return true
}

func (m *model) pop(now int64) *timer {
	if len(m.list) == 0 || m.list[0].tick > now {
		m.now = max(m.now, now)
		return nil
	}
	e := m.list[0]
	m.list = slices.Delete(m.list, 0, 1)
	m.now = e.tick
	e.timer.listed = false
	return e.timer
}

// twins does everything to a wheel and to its model, and compares them.
type twins struct {
	t *testing.T
	w wheel
	m model
	// removed and needless count removals, and wakes by Next that fired nothing.
	removed, needless int
}

func (tw *twins) insert(t *timer, tick int64) {
	if t.node.Armed() {
		tw.removed++
	}
	tw.w.Insert(&t.node, tick)
	tw.m.insert(t, tick)
	if !t.node.Armed() || t.node.When() != max(tick, tw.m.now) {
		tw.t.Fatalf("inserted for %d at %d: armed %v for %d", tick, tw.m.now, t.node.Armed(), t.node.When())
	}
}

func (tw *twins) remove(t *timer) {
	want := tw.m.remove(t)
	if got := tw.w.Remove(&t.node); got != want {
		tw.t.Fatalf("removed at %d: %v, want %v", tw.m.now, got, want)
	}
	if want {
		tw.removed++
	}
	if !t.node.Bare() || t.node.Armed() {
		tw.t.Fatal("a removed node points to something")
	}
}

// fired compares one fired node (nil: none) with the model's.
func (tw *twins) fired(n *node, now int64) {
	want := tw.m.pop(now)
	switch {
	case n == nil && want == nil:
	case n == nil:
		tw.t.Fatalf("late: nothing fired up to %d, want %d", now, want.node.When())
	case want == nil:
		tw.t.Fatalf("early: %d fired at %d", n.When(), now)
	case n.Value != want:
		tw.t.Fatalf("order: %d fired, want %d", n.When(), want.node.When())
	case !n.Bare():
		tw.t.Fatal("a fired node points to something")
	}
	if tw.w.Now() != tw.m.now {
		tw.t.Fatalf("wheel at %d, want %d", tw.w.Now(), tw.m.now)
	}
}

// advance moves both to now; inside, if any, is called from each fire.
func (tw *twins) advance(now int64, inside func(*timer)) (fired int) {
	tw.w.Advance(now, func(n *node) {
		tw.fired(n, now)
		fired++
		if inside != nil {
			inside(n.Value)
		}
	})
	tw.fired(nil, now)
	tw.same()
	return fired
}

// wake moves both to what Next says, as a driver does.
func (tw *twins) wake(inside func(*timer)) {
	if next, ok := tw.w.Next(); ok && tw.advance(next, inside) == 0 {
		tw.needless++
	}
}

// same compares what can be seen from outside.
func (tw *twins) same() {
	if tw.w.Len() != len(tw.m.list) {
		tw.t.Fatalf("len %d, want %d", tw.w.Len(), len(tw.m.list))
	}
	next, ok := tw.w.Next()
	switch {
	case ok != (len(tw.m.list) > 0):
		tw.t.Fatalf("next says %v with %d timers", ok, len(tw.m.list))
	case !ok:
	case next < tw.m.now:
		tw.t.Fatalf("next %d is before now %d", next, tw.m.now)
	case next > tw.m.list[0].tick:
		tw.t.Fatalf("next %d is late: %d is due", next, tw.m.list[0].tick)
	case next != tw.m.list[0].tick && tw.removed == 0:
		tw.t.Fatalf("next %d, want %d: nothing was removed", next, tw.m.list[0].tick)
	}
}

// check is same, and looks into every slot too.
func (tw *twins) check() {
	tw.same()
	require.NoError(tw.t, tw.w.Check())
	if tw.needless > tw.removed {
		tw.t.Fatalf("%d needless wakes after %d removals", tw.needless, tw.removed)
	}
}

// after is tick+d, or the last tick there is.
func after(tick, d int64) int64 {
	if d > 0 && tick > math.MaxInt64-d {
		return math.MaxInt64
	}
	return tick + d
}
