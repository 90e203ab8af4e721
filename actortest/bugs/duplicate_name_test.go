package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actortest"
)

// directory knows who has a name.
type directory struct {
	owner string
	alive []string
}

// goakt #1277. Two spawns of one name at the same time both found it free, made
// an actor each, and the directory got the last one: the other lived on, nobody's
// child. To look and to take have to be one.
//
// Seen as: two actors are alive under one name.
func duplicateName(right bool) program {
	return func(sys *actortest.System) {
		m := share(sys, &directory{})
		for _, who := range []string{"one", "other"} {
			take := func(d *directory) none {
				d.owner = who
				d.alive = append(d.alive, who)
				return none{}
			}
			thread(sys, func(ctx context.Context) {
				if right {
					atomically(ctx, m, func(d *directory) none {
						if d.owner != "" {
							return none{}
						}
						return take(d)
					})
				} else if atomically(ctx, m, func(d *directory) bool { return d.owner == "" }) {
					atomically(ctx, m, take)
				}
			})
		}
		sys.Settle()
		require.Len(sys, atomically(sys, m, func(d *directory) []string { return d.alive }), 1)
	}
}
