package pg

import "errors"

// The errors of this package, for errors.Is; they come wrapped with the group
// that they are about. Besides these there are those of package actor:
// ErrWrongType when the group has another message type, ErrNoActor for a zero
// Ref, ErrNilContext, ErrKilled when an abandoned callback calls.
var (
	// ErrName: an empty name, or a scope that is none.
	ErrName = errors.New("pg: bad name")
	// ErrNoMember: the group has no member to pick.
	ErrNoMember = errors.New("pg: no member")
)
