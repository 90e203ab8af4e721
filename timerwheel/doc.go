// Package timerwheel keeps timers in order of the tick they are due at. Arming
// and cancelling cost the same few steps for one timer or ten million, for a
// millisecond or three hundred years.
//
// A tick is an int64 whose unit is the caller's: a millisecond, a nanosecond, a
// step of a simulation. The wheel has no clock and no goroutine; it learns what
// time it is from [Wheel.Advance] or [Wheel.Pop], and [Wheel.Next] says until
// when its driver may sleep. It has no lock either: all calls on one wheel, and
// on the nodes armed in it, must be serialised by the caller.
//
// A timer is a [Node], which the caller owns and usually embeds by value in the
// thing that waits. Nothing is allocated for it.
//
// # What holds
//
//   - A timer never fires before its tick.
//   - Advance(now) fires exactly the timers due at or before now, in order of
//     tick, and those of one tick in the order in which they were inserted.
//   - A tick that has passed counts as [Wheel.Now]: the timer is due at once,
//     behind those that already wait for that tick.
//   - Whoever handles a fired timer may insert and remove any timer, that one
//     included, in the middle of Advance.
//   - Passing over ticks at which nothing is due costs nothing, however many.
//   - Time never goes back: an Advance to before Now does nothing.
//
// # How it works
//
// Write ticks in base 64. A timer that differs from now in its last digit only
// waits on level 0, one whose highest differing digit is the second waits on
// level 1, and so on; on its level it waits in the slot that this digit names.
// So a slot of level 0 is one tick, a slot of level 1 is 64 ticks, and eleven
// levels hold every int64. Digits of the tick itself name the slot, not its
// distance, hence no level ever wraps around: slots ahead of now have higher
// numbers than now's own digit, and everything on one level is due before
// everything on the next. The earliest slot is then the lowest bit of the
// lowest level's bitmap.
//
// When time enters a slot of a higher level, its timers are dealt out again by
// the digits that are now the highest to differ. Each deal takes a timer down
// at least one level, at most ten times in its life, and most timers are
// cancelled before the first.
//
// Where a timer waits depends on its tick and on now alone. Timers of one tick
// are therefore always in the same slot, in order of insertion, and a node need
// not remember where it is.
//
// The hierarchy is scheme 7 of G. Varghese and T. Lauck, "Hashed and
// Hierarchical Timing Wheels" (SOSP 1987); timers that only ever go down, by the
// digits that still differ, are those of a radix heap: R. Ahuja, K. Mehlhorn,
// J. Orlin and R. Tarjan, "Faster Algorithms for the Shortest Path Problem"
// (J. ACM, 1990).
package timerwheel
