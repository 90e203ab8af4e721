package pg

import (
	"context"
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/actor"
)

// Cast sends m to every member, as Ref.Cast does, and returns to how many it
// went: those who are draining or ending, or whose node is gone, are not counted.
// All get the same m. The error is nil if it went to everybody else. It names the
// first refusal (actor.ErrMailboxFull, the cause of ctx) and how many there were;
// or m went to nobody: ErrName, actor.ErrWrongType, actor.ErrNilContext,
// actor.ErrKilled. A group without members is no error. It waits only where a
// member's mailbox rule says so. Any goroutine may call it.
func (g Group[M]) Cast(ctx context.Context, m M) (int, error) {
	found, err := g.find(ctx)
	if found == nil || err != nil {
		return 0, err
	}
	var (
		went, refused int
		first         error
		who           actor.AnyRef
		members       = found.all()
	)
	for _, member := range members {
		r, ok := actor.As[M](member)
		if !ok {
			continue // of another node, and takes no M
		}
		switch err := r.Cast(ctx, m); {
		case err == nil:
			went++
		case err == actor.ErrKilled: //nolint:errorlint // the sender's own end, which is returned as it is
			return went, err
		case errors.Is(err, actor.ErrStopped), errors.Is(err, actor.ErrNotFound):
		default:
			if refused++; refused == 1 {
				first, who = err, member
			}
		}
	}
	if refused > 0 {
		return went, fmt.Errorf("group %v: %d of %d members refused, the first was %v: %w", g, refused, len(members), who, first)
	}
	return went, nil
}
