package actor

import (
	"context"
	"errors"
	"fmt"
)

// The errors of this package, for errors.Is. They come wrapped with what they
// are about.
var (
	// ErrNoActor: the zero Ref was used.
	ErrNoActor = errors.New("actor: the zero Ref is no actor")
	// ErrStopped: the actor takes no messages any more: it is draining,
	// stopping or stopped.
	ErrStopped = errors.New("actor: stopped")
	// ErrStopping: an actor cannot be linked to one that is ending.
	ErrStopping = errors.New("actor: supervisor is stopping")
	// ErrKilled: the actor was killed. It is a context.Canceled too.
	ErrKilled error = killed{}
	// ErrDrained: the actor ended because it was drained; a graceful end.
	ErrDrained = errors.New("actor: drained")
	// ErrFailed: the actor failed, and what it had not handled was discarded.
	ErrFailed = errors.New("actor: failed")
	// ErrAbandoned: the actor was killed, and a callback did not return
	// within Config.KillGrace; it was written off.
	ErrAbandoned = errors.New("actor: abandoned: a callback has ignored the kill")
	// ErrNoProc: the monitored actor had ended before it was monitored.
	ErrNoProc = errors.New("actor: no such actor any more")
	// ErrMailboxFull: the bounded mailbox has no room.
	ErrMailboxFull = errors.New("actor: mailbox is full")
	// ErrExpired: the deadline of a request passed while it was queued.
	ErrExpired = errors.New("actor: expired in the mailbox")
	// ErrNameTaken: an actor has the name.
	ErrNameTaken = errors.New("actor: name is taken")
	// ErrNotFound: no actor has the name.
	ErrNotFound = errors.New("actor: not found")
	// ErrWrongType: the actor takes another message type.
	ErrWrongType = errors.New("actor: wrong message type")
	// ErrNilActor: Spawn was given nil.
	ErrNilActor = errors.New("actor: nil actor")
	// ErrHook: a method has the name of a hook but would not be called.
	ErrHook = errors.New("actor: hook would not be called")
	// ErrCycle: the link would make an actor its own ancestor.
	ErrCycle = errors.New("actor: link closes a cycle")
	// ErrNotKept: the actor does not wait for this parent to revive it.
	ErrNotKept = errors.New("actor: does not wait to be revived")
	// ErrSelf: an actor cannot wait for itself.
	ErrSelf = errors.New("actor: waits for itself")
	// ErrNotInspectable: the actor's value has no hook Inspect.
	ErrNotInspectable = errors.New("actor: gives no leave to be inspected")
	// ErrNotSupported: this cannot be done to an actor of another node, or not
	// to one of that node.
	ErrNotSupported = errors.New("actor: not supported for an actor of another node")
	// ErrNilContext: a nil context.Context was given.
	ErrNilContext = errors.New("actor: nil context")
	// ErrNilConversion: a Ref made by Adapt without a conversion was sent to.
	ErrNilConversion = errors.New("actor: Adapt was given a nil conversion")
	// ErrPeriod: a periodic timer needs a positive period.
	ErrPeriod = errors.New("actor: period of a timer must be positive")
	// ErrOption: an Option, or an argument, has a value that is of no use.
	ErrOption = errors.New("actor: bad option")
	// ErrSystemShutDown: the System is shutting down or has ended.
	ErrSystemShutDown = errors.New("actor: system is shut down")
)

// killed is ErrKilled: a reason of its own that code which only knows contexts
// takes for a cancellation.
type killed struct{}

func (killed) Error() string        { return "actor: killed" }
func (killed) Is(target error) bool { return target == context.Canceled }

// withdrawn is why a message is dropped that its sender has taken back.
var errWithdrawn = errors.New("actor: withdrawn")

// ExitError says that an actor's end was not graceful; Unwrap gives the reason
// as in Event.Err.
type ExitError struct {
	Actor AnyRef
	Err   error
}

// Error names the actor and the reason.
func (e *ExitError) Error() string { return fmt.Sprintf("actor %v: %v", e.Actor, e.Err) }

// Unwrap returns the reason.
func (e *ExitError) Unwrap() error { return e.Err }

// PanicError is a panic in a callback, with its stack. When the callback ended
// its goroutine by runtime.Goexit, Value is sched.ErrGoexit.
type PanicError struct {
	Value any
	Stack []byte
}

// Error gives the panic's value, not its stack.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// NameTakenError is ErrNameTaken with who has the name. An owner that is Stopping
// gives it back soon: when its PostStop has returned, after a kill at the latest
// when it is abandoned.
type NameTakenError struct {
	Name  string
	Owner AnyRef
}

// Error names both.
func (e *NameTakenError) Error() string {
	return fmt.Sprintf("%v: %q is %v", ErrNameTaken, e.Name, e.Owner)
}

// Unwrap returns ErrNameTaken.
func (e *NameTakenError) Unwrap() error { return ErrNameTaken }
