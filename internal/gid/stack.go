package gid

import (
	"bytes"
	"runtime"
)

// Bounds of the buffer that a dump of all goroutines is printed to.
const (
	minDump = 64 << 10
	maxDump = 64 << 20
)

// Stack returns the stack of the goroutine whose [Number] is n, in the form of
// [runtime.Stack] without the empty line at its end. It returns nil when that
// goroutine has ended, or when it stands beyond the first 64 MiB of a dump of
// all goroutines. The result is the caller's.
//
// Any goroutine may call it. It stops the world and prints every goroutine,
// milliseconds with thousands of them: a tool for reports, not for a hot path.
func Stack(n uint64) []byte {
	for size := minDump; ; size *= 2 {
		dump := make([]byte, size)
		dump = dump[:runtime.Stack(dump, true)]
		whole := len(dump) < size || size >= maxDump
		if stack := find(dump, n, whole); stack != nil || whole {
			return bytes.Clone(stack) // not a window: it would keep the dump alive
		}
	}
}

// find returns the block of goroutine n in dump, whose blocks are parted by
// empty lines. A block that runs to the end of the dump only counts when the
// dump is whole: otherwise it may have been cut.
func find(dump []byte, n uint64, whole bool) []byte {
	if n == 0 {
		return nil // what parse says of a block that is none
	}
	for len(dump) > 0 {
		block, rest, more := bytes.Cut(dump, []byte("\n\n"))
		if parse(block) == n && (more || whole) {
			return bytes.TrimSuffix(block, []byte("\n"))
		}
		dump = rest
	}
	return nil
}
