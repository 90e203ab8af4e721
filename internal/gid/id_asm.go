//go:build gc && !purego && (amd64 || arm64)

package gid

// Fast says whether [ID] is a handful of instructions (true: amd64 and arm64)
// or has the runtime print a stack and parses its first line (false: every
// other platform, and the build tag purego).
const Fast = true

// ID returns a number that no other goroutine alive has, the same for the
// whole life of the calling goroutine, and never 0. Any goroutine may call it.
// It costs 1 to 2 ns where [Fast] is true, microseconds elsewhere.
//
// When a goroutine has ended its ID may be given to the next one. So whoever
// notes an ID must wipe the note before that goroutine ends; a note that
// outlives it names a stranger.
//
// Here it is the address of the runtime's record of the goroutine, which every
// goroutine carries in a register or in thread-local storage. It is only ever
// compared, never followed, and being a uintptr it keeps nothing alive. The
// record stays where it is while stacks grow, collections run and the goroutine
// moves from thread to thread: the runtime keeps each one in a list for good
// and hands it, once its goroutine has ended, to a new one. On 32-bit platforms
// without assembly it is the low half of [Number], and repeats after 2^32
// goroutines.
//
// Rejected: linkname to the runtime's own functions, which a release of Go may
// close, and pprof labels, which user code overwrites and children inherit.
func ID() uintptr
