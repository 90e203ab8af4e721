package actor

import "fmt"

// Event is what happened to a linked child or to a monitored actor.
type Event struct {
	Kind  EventKind
	Actor AnyRef

	// Err is why the actor ended. Failed: the callback's error, a
	// *PanicError, or ErrAbandoned; see Kept. Terminated: nil after Stop, ErrDrained,
	// ErrKilled, StopWith's reason, or ErrNoProc when a monitored actor had
	// ended already. Started: nil.
	Err error

	// State is the dead actor's value, so that its parent can save what is
	// in it. Terminated only, for the parent only; nil after a Kill that hit
	// PostStop, and never set for an abandoned actor.
	State any

	// Kept: the actor has failed but not ended. Its parent alone is told: the
	// actor, spawned with KeepMailbox, waits with its mailbox to be revived
	// (Revive), and then tells Started; or it ends, and a second Failed, with
	// the same Err and without Kept, follows.
	Kept bool
}

// EventKind is Started, Terminated or Failed.
type EventKind uint8

// The kinds of events (rows V5-V7).
const (
	// Started: PostStart has succeeded.
	Started EventKind = iota + 1
	// Terminated: the actor was stopped, drained or killed.
	Terminated
	// Failed: a callback returned an error, panicked or had to be abandoned.
	Failed
)

var eventNames = [...]string{1: "started", "terminated", "failed"}

// String returns the kind's name.
func (k EventKind) String() string {
	if k >= Started && k <= Failed {
		return eventNames[k]
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// String says what happened to whom.
func (e Event) String() string {
	if e.Err == nil {
		return fmt.Sprintf("%v %v", e.Actor, e.Kind)
	}
	return fmt.Sprintf("%v %v: %v", e.Actor, e.Kind, e.Err)
}
