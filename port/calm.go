package port

import (
	"context"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// calm makes contexts with which a Cast does not wait for room: they are a
// sender's context, in all but that they have ended already. It is kept in the
// port, so that a send allocates nothing; a Cast does not keep its context.
type calm struct {
	ended  ended
	inside insideEnded
}

// of returns ctx as one that has ended. What an actor's context says of its
// actor, that it is fenced for example, must stay visible.
func (c *calm) of(ctx context.Context) context.Context {
	switch ctx := ctx.(type) {
	case nil:
		c.ended.Context = context.Background()
	case actor.Inside:
		c.inside.Inside = ctx
		return &c.inside
	default:
		c.ended.Context = ctx
	}
	return &c.ended
}

// over is closed from the beginning. It was made outside all synctest bubbles,
// and may be received from in each.
var over = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

type ended struct{ context.Context }

func (*ended) Deadline() (time.Time, bool) { return time.Time{}, false }
func (*ended) Done() <-chan struct{}       { return over }
func (*ended) Err() error                  { return actor.ErrMailboxFull }

type insideEnded struct{ actor.Inside }

func (*insideEnded) Deadline() (time.Time, bool) { return time.Time{}, false }
func (*insideEnded) Done() <-chan struct{}       { return over }
func (*insideEnded) Err() error                  { return actor.ErrMailboxFull }
