//go:build !gc || purego || !(amd64 || arm64)

package gid

// Fast says whether [ID] is a handful of instructions (true: amd64 and arm64)
// or has the runtime print a stack and parses its first line (false: every
// other platform, and the build tag purego).
const Fast = false

// ID returns a number that no other goroutine alive has, the same for the
// whole life of the calling goroutine, and never 0. Any goroutine may call it.
// It costs 1 to 2 ns where [Fast] is true, microseconds elsewhere.
//
// When a goroutine has ended its ID may be given to the next one. So whoever
// notes an ID must wipe the note before that goroutine ends; a note that
// outlives it names a stranger.
//
// Here it is [Number], cut to a word: on a 32-bit platform it repeats after
// 2^32 goroutines.
func ID() uintptr { return slowID() }
