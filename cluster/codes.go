package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
	"github.com/ractor-go/ractor/rpc"
)

// RemoteError is an error of code on another node, as text: what Reply.Fail was
// given there, what a Kind has returned, or what an actor there has ended with.
// errors.Is finds none of that node's errors in it.
type RemoteError struct {
	Node string
	Text string
}

// Error names the node.
func (e *RemoteError) Error() string { return fmt.Sprintf("%s: %s", e.Node, e.Text) }

// codeOf is how an error crosses to another node.
func codeOf(err error) (wire.Code, string) {
	var undecodable *CodecError
	switch {
	case err == nil:
		return wire.Code_OK, ""
	case errors.As(err, &undecodable):
		return wire.Code_UNDECODABLE, err.Error()
	case errors.Is(err, actor.ErrMailboxFull), errors.Is(err, errNoWait):
		return wire.Code_FULL, ""
	case errors.Is(err, actor.ErrExpired):
		return wire.Code_EXPIRED, ""
	case errors.Is(err, actor.ErrStopped):
		return wire.Code_STOPPED, ""
	case errors.Is(err, actor.ErrNoActor), errors.Is(err, actor.ErrNotFound):
		return wire.Code_NO_SUCH_ACTOR, ""
	case errors.Is(err, rpc.ErrNoReply):
		return wire.Code_NO_REPLY, err.Error()
	case errors.Is(err, ErrNotAllowed):
		return wire.Code_NOT_ALLOWED, ""
	case errors.Is(err, ErrNoKind):
		return wire.Code_NO_SUCH_KIND, ""
	}
	return wire.Code_FAILED, err.Error()
}

// said is the error that another node has sent.
func (s *session) said(code wire.Code, text string) error {
	node := s.peer.Name
	switch code {
	case wire.Code_OK:
		return nil
	case wire.Code_NO_SUCH_ACTOR:
		return fmt.Errorf("%w: %w: %s: it is not there, or not for this node", rpc.ErrNoReply, actor.ErrNoProc, node)
	case wire.Code_STOPPED:
		return fmt.Errorf("%w: %w: %s", rpc.ErrNoReply, actor.ErrStopped, node)
	case wire.Code_FULL:
		return fmt.Errorf("%w: %s", actor.ErrMailboxFull, node)
	case wire.Code_UNDECODABLE:
		return fmt.Errorf("%w by %s: %s", ErrUndecodable, node, text)
	case wire.Code_EXPIRED:
		return fmt.Errorf("%w: %w: %s", rpc.ErrNoReply, actor.ErrExpired, node)
	case wire.Code_NO_REPLY:
		return fmt.Errorf("%w: %w", rpc.ErrNoReply, &RemoteError{node, text})
	case wire.Code_NOT_ALLOWED:
		return fmt.Errorf("%w by %s", ErrNotAllowed, node)
	case wire.Code_NO_SUCH_KIND:
		return fmt.Errorf("%w on %s", ErrNoKind, node)
	}
	return &RemoteError{node, text}
}

// reasonOf is how the end of an actor crosses to another node.
func reasonOf(ev actor.Event) *wire.Reason {
	dead := ev.Err
	switch {
	case dead == nil:
		return &wire.Reason{Kind: wire.Reason_STOPPED}
	case errors.Is(dead, actor.ErrAbandoned):
		return &wire.Reason{Kind: wire.Reason_ABANDONED}
	case ev.Kind == actor.Failed:
		return &wire.Reason{Kind: wire.Reason_FAILED, Text: dead.Error()}
	case errors.Is(dead, actor.ErrDrained):
		return &wire.Reason{Kind: wire.Reason_DRAINED}
	case errors.Is(dead, actor.ErrKilled):
		return &wire.Reason{Kind: wire.Reason_KILLED}
	case errors.Is(dead, actor.ErrNoProc):
		return &wire.Reason{Kind: wire.Reason_NO_PROC}
	}
	return &wire.Reason{Kind: wire.Reason_STOPPED, Text: dead.Error()}
}

// ending is why an actor of the peer has ended; a Rust node does not tell.
func (s *session) ending(r *wire.Reason) error {
	switch r.GetKind() {
	case wire.Reason_DRAINED:
		return actor.ErrDrained
	case wire.Reason_KILLED:
		return actor.ErrKilled
	case wire.Reason_ABANDONED:
		return actor.ErrAbandoned
	case wire.Reason_NO_PROC:
		return actor.ErrNoProc
	case wire.Reason_FAILED:
		return &RemoteError{s.peer.Name, r.GetText()}
	}
	if r.GetText() != "" {
		return &RemoteError{s.peer.Name, r.GetText()}
	}
	return nil
}

// errNoWait ends a wait for room before it begins: a session's reader waits for
// nobody.
var errNoWait = errors.New("cluster: the mailbox has no room")

// noWait is the context of what a session's reader sends to local actors.
func noWait(sys *actor.System) context.Context {
	ctx, cancel := context.WithCancelCause(actor.WithSystem(context.Background(), sys))
	cancel(errNoWait)
	return ctx
}
