package protocol

import (
	"iter"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// A peer refuses frames beyond its limit, 16 MiB unless it says otherwise, and
// what is behind a long frame waits. So long lists go in pieces.

const (
	chunkBytes = 32 << 10
	actorBytes = 16 // an Actor without its name, at most
)

// chunks cuts a list into pieces of about chunkBytes.
func chunks(actors []*wire.Actor) iter.Seq[[]*wire.Actor] {
	return func(yield func([]*wire.Actor) bool) {
		for len(actors) > 0 {
			n, size := 0, 0
			for n < len(actors) && size < chunkBytes {
				size += actorBytes + len(actors[n].GetName())
				n++
			}
			if !yield(actors[:n:n]) {
				return
			}
			actors = actors[n:]
		}
	}
}
