package timerwheel

import (
	"fmt"
	"math/bits"
)

// Levels is how often a timer can be taken down, plus one.
const Levels = levelCount

// Bare says whether n points to nothing of the wheel's.
func (n *Node[T]) Bare() bool { return n.next == nil && n.prev == nil && n.wheel == nil }

// Level returns the level on which n waits.
func (w *Wheel[T]) Level(n *Node[T]) int {
	l, _ := w.locate(n.tick)
	return int(l)
}

// Check looks at every slot and says what in the wheel contradicts itself.
func (w *Wheel[T]) Check() error {
	size := 0
	for l := range w.levels {
		level := &w.levels[l]
		if (w.busy>>l&1 == 1) != (level.occupied != 0) {
			return fmt.Errorf("level %d: busy is %b, occupied %b", l, w.busy, level.occupied)
		}
		for s := range level.slots {
			slot := &level.slots[s]
			if (level.occupied>>s&1 == 1) != (slot.first != nil) {
				return fmt.Errorf("level %d: occupied is %b, slot %d says otherwise", l, level.occupied, s)
			}
			if slot.first == nil {
				continue
			}
			for n := slot.first; ; n = n.next {
				size++
				nl, ns := w.locate(n.tick)
				switch {
				case n.wheel != w:
					return fmt.Errorf("tick %d: armed in another wheel", n.tick)
				case n.next.prev != n || n.prev.next != n:
					return fmt.Errorf("tick %d: broken ring", n.tick)
				case n.tick < w.now:
					return fmt.Errorf("tick %d: still waits at %d", n.tick, w.now)
				case int(nl) != l || int(ns) != s:
					return fmt.Errorf("tick %d at %d: waits at %d/%d, not %d/%d", n.tick, w.now, l, s, nl, ns)
				case n.tick < slot.min:
					return fmt.Errorf("tick %d: before its slot's min %d", n.tick, slot.min)
				}
				if n.next == slot.first {
					break
				}
			}
			if ml, ms := w.locate(slot.min); int(ml) != l || int(ms) != s {
				return fmt.Errorf("level %d slot %d: min %d is elsewhere", l, s, slot.min)
			}
		}
	}
	if bits.Len64(w.busy) > levelCount || size != w.size {
		return fmt.Errorf("busy is %b, size %d, counted %d", w.busy, w.size, size)
	}
	return nil
}
