//go:build race

package registry

import (
	"math/rand/v2"
	"runtime"
)

// window marks a place between two steps where another goroutine may come in.
// In race builds it often lets one in: the windows are a few instructions wide,
// and no test would meet them otherwise.
func window() {
	if rand.Uint32()%4 == 0 {
		runtime.Gosched()
	}
}
