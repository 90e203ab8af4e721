package gid

import (
	"bytes"
	"runtime"
	"strconv"
)

// Number returns the runtime's number of the calling goroutine, the N that
// stack traces begin with: "goroutine N [running]". It is never 0 and never
// given twice in one process. Any goroutine may call it; it costs
// microseconds and 64 bytes of heap, because the runtime has no cheaper way to
// tell it than to print the stack.
func Number() uint64 {
	var buf [64]byte
	return parse(buf[:runtime.Stack(buf[:], false)])
}

// slowID is ID without assembly. A number fits a 64-bit word for ever; in a
// 32-bit word it repeats after 2^32 goroutines.
func slowID() uintptr { return uintptr(Number()) }

// header is what the runtime puts before the number of each goroutine.
const header = "goroutine "

// parse returns the number in the first line of a stack, 0 when there is none.
// What follows the number differs with GOTRACEBACK, so only the digits count.
func parse(stack []byte) uint64 {
	rest, ok := bytes.CutPrefix(stack, []byte(header))
	if !ok {
		return 0
	}
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return 0 // cut off before the number's end
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
