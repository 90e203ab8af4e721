// Package invariant holds the code to what must always hold, in builds that look for faults: those with the race
// detector and those with the tag interleave. In all others it is nothing:
//
//	if invariant.On {
//		invariant.Holdsf(n >= 0, "%d waiters", n)
//	}
//
// On is a constant, so that the compiler leaves the whole statement out. What is checked stands where it must
// hold, is cheap, and changes nothing.
package invariant
