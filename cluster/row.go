package cluster

import (
	"context"

	"github.com/ractor-go/ractor/actor"
)

// row is casts that have come in a row for one actor, decoded and not delivered
// yet: many at once cost a fraction of what they cost one by one. One row serves
// an actor after another.
type row interface {
	// begin empties the row for casts to that actor; the last ones have been
	// delivered.
	begin(to actor.AnyRef) error

	// add decodes the cast that in describes, and puts it behind the others.
	add(in *incoming) error

	// full says that the row should be delivered.
	full() bool

	// deliver casts what is in the row, in order, until one is refused: it
	// returns that one's variant, and why. The next call goes on behind it. When
	// the error is nil the row is empty.
	deliver(ctx context.Context) (variant string, err error)
}

// rowSize is how many casts a row takes. More would save nothing, and keep the
// actor waiting.
const rowSize = 64

type rowOf[M any] struct {
	codec *typed[M]
	to    actor.Ref[M]
	casts []M
	done  int // of casts: delivered or refused
	slab  slab
}

func (c *typed[M]) row() row { return &rowOf[M]{codec: c} }

func (r *rowOf[M]) begin(to actor.AnyRef) error {
	var ok bool
	if r.to, ok = actor.As[M](to); !ok {
		return r.codec.takesNone(to)
	}
	return nil
}

func (r *rowOf[M]) add(in *incoming) error {
	m, err := r.codec.message(in, &r.slab)
	if err == nil {
		r.casts = append(r.casts, m)
	}
	return err
}

func (r *rowOf[M]) full() bool { return len(r.casts) >= rowSize }

func (r *rowOf[M]) deliver(ctx context.Context) (variant string, err error) {
	n, err := r.to.CastAll(ctx, r.casts[r.done:])
	r.done += n
	if err != nil {
		variant = r.codec.nameOf(r.casts[r.done])
		r.done++
		return variant, err
	}
	clear(r.casts) // what was handled is not kept alive
	r.casts, r.done = r.casts[:0], 0
	return "", nil
}
