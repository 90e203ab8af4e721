package protocol

import (
	"math"
	"time"
)

// connectionIDs makes the ids that a dialling node gives its connections: of two
// in the same direction ractor keeps the smaller id (section 5.6), so they count
// down, and the newer connection wins over the stale one. They begin at what is
// left of the wall clock, in nanoseconds, so that they also go down from one life
// of the node to the next.
type connectionIDs struct{ last uint64 }

func (ids *connectionIDs) next(wall time.Time) uint64 {
	id := math.MaxUint64 - uint64(max(wall.UnixNano(), 0))
	if ids.last != 0 {
		id = min(id, ids.last-1)
	}
	ids.last = id
	return id
}
