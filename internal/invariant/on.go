//go:build race || interleave

package invariant

import "fmt"

// On says whether invariants are checked in this build.
const On = true

// Holdsf panics if ok is false; what the format says is the state that must not be.
func Holdsf(ok bool, format string, args ...any) {
	if !ok {
		panic("broken invariant: " + fmt.Sprintf(format, args...))
	}
}
