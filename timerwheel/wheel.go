package timerwheel

import "math/bits"

const (
	digitBits = 6
	slotCount = 1 << digitBits
	// Ticks in the wheel are never negative, so that 63 bits are 11 digits.
	levelCount = (63 + digitBits - 1) / digitBits
)

// Wheel is a set of armed timers and the tick that it has reached. The zero
// Wheel is empty and stands at tick 0; to begin elsewhere, Advance it while it is
// empty. It must not be copied. All calls must be serialised by the caller. A
// wheel takes 11 KB, whatever it holds.
type Wheel[T any] struct {
	_ noCopy

	now  int64
	size int

	busy   uint64 // bit l: level l holds a timer
	levels [levelCount]level[T]
}

// Every armed node is in the slot that locate gives for its tick, and its tick
// is not before now. All functions below keep these two; what the package says
// about order rests on them. In particular on level 0 the slots below now's
// digit are empty, and on the other levels now's own slot is empty as well.

type level[T any] struct {
	occupied uint64 // bit s: slots[s] holds a timer
	slots    [slotCount]slot[T]
}

type slot[T any] struct {
	first *Node[T] // first.prev is the last
	// No node of the slot is due before min, and min is a tick of this slot. It
	// is the earliest tick that was inserted since the slot was empty; a removal
	// leaves it alone.
	min int64
}

// Now returns the tick that the wheel has reached: no timer due before it waits.
// While a timer is being fired that is the timer's own tick, afterwards the tick
// that Advance or Pop was called with.
func (w *Wheel[T]) Now() int64 { return w.now }

// Len returns the number of armed timers.
func (w *Wheel[T]) Len() int { return w.size }

// Insert arms n for tick, in constant time. A tick before Now, also a negative
// one, counts as Now: n is due at once, at the next Advance or Pop to Now or
// later, or in the one that is going on. A node already armed in this wheel is
// moved: it is as if it had been removed before. A node armed in another wheel is
// a programmer error and panics; both wheels are left as they were.
func (w *Wheel[T]) Insert(n *Node[T], tick int64) {
	w.Remove(n)
	n.wheel = w
	n.tick = max(tick, w.now)
	w.link(n)
	w.size++
}

// Remove disarms n, in constant time, and says whether it was armed: false means
// that it was never inserted, was removed before, or has fired. A node armed in
// another wheel is a programmer error and panics; both wheels are left as they
// were.
func (w *Wheel[T]) Remove(n *Node[T]) bool {
	if n.wheel == nil {
		return false
	}
	if n.wheel != w {
		panic("timerwheel: the node is armed in another wheel")
	}
	w.unlink(n)
	return true
}

// Next returns a tick before which no timer is due, in constant time; ok is
// false if none is armed. It is the tick of the earliest timer, as long as
// none is removed or moved. After a removal it may be too early, but never too late:
// Advance to it then fires nothing, and Next has a better answer. That happens
// at most once for each timer removed, and at most ten times before the earliest
// of the others is due, however many were removed.
//
// An exact answer would have to look through all timers of the slot: with a
// million calls waiting, answered in the order in which they would time out,
// that is a million steps again and again. A needless wake now and then is
// cheaper.
func (w *Wheel[T]) Next() (tick int64, ok bool) {
	if w.busy == 0 {
		return 0, false
	}
	l, s := w.earliest()
	return w.levels[l].slots[s].min, true
}

// Pop disarms the earliest timer and returns it if it is due at or before now;
// the wheel then stands at that timer's tick. When none is due Pop returns nil,
// and the wheel stands at now. Calls with the same now until the nil are one
// Advance, between which the caller may insert and remove timers, release its
// lock, or give up and go on later.
//
// A call costs a constant time, and whatever timers have to be taken down a level:
// each at most ten times in its life. Ticks passed over cost nothing. If now is
// before Now nothing happens, and Pop returns nil.
func (w *Wheel[T]) Pop(now int64) *Node[T] {
	for w.busy != 0 {
		l, s := w.earliest()
		slot := &w.levels[l].slots[s]
		// All ticks of a slot agree in the digits from l up, so this asks whether
		// now has reached the first tick of the slot, not merely min: once now
		// is inside, the slot may not stay on this level.
		if slot.min>>(l*digitBits) > now>>(l*digitBits) {
			break
		}
		// Nothing is due before min, so time may go straight there, or to now if
		// that is earlier. It must have moved before the deal: seen from before
		// the slot, the timers would be put back where they are.
		w.now = min(slot.min, now)
		if l == 0 {
			n := slot.first
			w.unlink(n)
			return n
		}
		w.deal(l, s)
	}
	// The earliest slot begins after now. On the way to its first tick only
	// digits below its level change, and its level's own digit stays lower than
	// the slot's number: every timer still is where it should be.
	w.now = max(w.now, now)
	return nil
}

// Advance moves the wheel to now and calls fire, one after another, with each
// timer that is due on the way, in order of tick, those of one tick in order of
// insertion. When fire is called the timer is disarmed and Now is its tick. fire
// may insert and remove timers as it likes: what it inserts at or before now
// fires in this same Advance, so that a timer which fire always inserts again for
// the tick that Now says keeps Advance from ever returning. If fire calls Advance
// or Pop itself, each timer still fires once and in order, in whichever call
// comes to it first. If fire panics, the timers not yet fired stay armed.
//
// The cost is that of Pop for each timer fired. If now is before Now nothing
// happens.
func (w *Wheel[T]) Advance(now int64, fire func(*Node[T])) {
	for n := w.Pop(now); n != nil; n = w.Pop(now) {
		fire(n)
	}
}

// locate names the slot for a tick that is not before now.
func (w *Wheel[T]) locate(tick int64) (l, s uint) {
	differ := uint64(tick ^ w.now)
	// With the lowest digit filled up, equal ticks come out on level 0 too.
	l = uint(bits.Len64(differ|(slotCount-1))-1) / digitBits
	return l, uint(tick>>(l*digitBits)) % slotCount
}

// earliest names the occupied slot with the earliest timers; busy must not be 0.
func (w *Wheel[T]) earliest() (l, s uint) {
	l = uint(bits.TrailingZeros64(w.busy))
	return l, uint(bits.TrailingZeros64(w.levels[l].occupied))
}

// link puts n at the end of its slot.
func (w *Wheel[T]) link(n *Node[T]) {
	l, s := w.locate(n.tick)
	slot := &w.levels[l].slots[s]
	first := slot.first
	if first == nil {
		n.next, n.prev = n, n
		slot.first, slot.min = n, n.tick
		w.levels[l].occupied |= 1 << s
		w.busy |= 1 << l
		return
	}
	n.next, n.prev = first, first.prev
	first.prev.next = n
	first.prev = n
	slot.min = min(slot.min, n.tick)
}

// unlink takes n, which is armed in w, out of its slot and disarms it.
func (w *Wheel[T]) unlink(n *Node[T]) {
	l, s := w.locate(n.tick)
	slot := &w.levels[l].slots[s]
	if n.next == n {
		w.vacate(l, s)
	} else {
		n.prev.next = n.next
		n.next.prev = n.prev
		if slot.first == n {
			slot.first = n.next
		}
	}
	n.next, n.prev, n.wheel = nil, nil, nil
	w.size--
}

// vacate marks a slot as empty.
func (w *Wheel[T]) vacate(l, s uint) {
	level := &w.levels[l]
	level.slots[s].first = nil
	level.occupied &^= 1 << s
	if level.occupied == 0 {
		w.busy &^= 1 << l
	}
}

// deal moves the timers of a slot that now has entered down to lower levels, in
// their order. They agree with now in digit l and above, so none comes back here.
func (w *Wheel[T]) deal(l, s uint) {
	n := w.levels[l].slots[s].first
	w.vacate(l, s)
	n.prev.next = nil
	for n != nil {
		next := n.next
		w.link(n)
		n = next
	}
}
