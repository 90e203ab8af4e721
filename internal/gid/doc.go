// Package gid tells a goroutine who it is.
//
// Go has no public name for a goroutine, on purpose: state that hangs on a
// goroutine is state that nobody can see. This package is for the one honest
// question that remains: is the code that runs now on the goroutine that made
// this note? The scheduler asks it to learn whether a caller stands inside a
// handler, and on which worker, whatever context it was handed.
//
// [ID] answers in a nanosecond or two where [Fast] is true. [Number] is the
// runtime's own number, the N of "goroutine N [running]"; it is slow, and is
// there so that [Stack] can fetch the stack of a goroutine that is stuck.
package gid
