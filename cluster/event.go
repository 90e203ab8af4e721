package cluster

import "fmt"

// Event is what happened to a session. Config.Events is sent one for each step, in
// order: Opened first, and exactly one Disconnected, which comes also if the session
// was never authenticated. When a session takes the place of another with the same
// node, the Disconnected of the old one comes before the Authenticated of the new.
type Event struct {
	Kind    EventKind
	Session Session // what is known by now; its State is Kind

	// Err is why the session has ended: Disconnected only.
	Err error
}

// EventKind says how far a session has come.
type EventKind uint8

// The kinds of events.
const (
	// Opened: there is a connection, and nothing is known of the peer.
	Opened EventKind = iota + 1
	// Authenticated: the peer has shown that it knows the cookie; messages can
	// be sent.
	Authenticated
	// Ready: both sides have told what they had to tell at first: groups and
	// names are there.
	Ready
	// Disconnected: the session is over, however far it had come. Its connection may
	// take a moment to close.
	Disconnected
)

var eventNames = [...]string{Opened: "opened", Authenticated: "authenticated", Ready: "ready", Disconnected: "disconnected"}

// String returns the kind's name.
func (k EventKind) String() string {
	if k >= Opened && k <= Disconnected {
		return eventNames[k]
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// String says what happened to which session.
func (e Event) String() string {
	if e.Err == nil {
		return fmt.Sprintf("%v: %v", e.Session, e.Kind)
	}
	return fmt.Sprintf("%v: %v: %v", e.Session, e.Kind, e.Err)
}
