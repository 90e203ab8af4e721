package factory

import "fmt"

// Reason is why a job was discarded.
type Reason uint8

const (
	// Overload means that its queue was full.
	Overload Reason = iota + 1
	// RateLimited means that more jobs came than Rate allows.
	RateLimited
	// Expired means that it waited for longer than TTL.
	Expired
	// Failed means that Do returned an error, and the retries were used up.
	Failed
	// Died means that its worker panicked or was killed, and so on.
	Died
	// Stuck means that its worker was killed by the dead man's switch, and so on.
	Stuck
	// Misrouted means that the router named a worker that there is not, or
	// that it, Key or Priority panicked.
	Misrouted
	// Shutdown means that the factory takes no jobs any more, or has stopped.
	Shutdown

	reasons = iota + 1
)

var reasonNames = [reasons]string{
	Overload: "overload", RateLimited: "rate limited", Expired: "expired", Failed: "failed",
	Died: "worker died", Stuck: "worker stuck", Misrouted: "misrouted", Shutdown: "shutdown",
}

// String returns the reason's name.
func (r Reason) String() string {
	if r > 0 && r < reasons {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}

// RefusedError is Submit's when the factory has not accepted the job; the caller
// still has it (row FA33).
type RefusedError struct {
	Reason Reason
	Err    error // what is behind it, if there is more to say
}

// Error names the reason.
func (e *RefusedError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("factory: job refused: %v: %v", e.Reason, e.Err)
	}
	return fmt.Sprintf("factory: job refused: %v", e.Reason)
}

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

// Is says that a RefusedError is another one with the same Reason, whatever the
// Err: errors.Is(err, &factory.RefusedError{Reason: factory.Overload}).
func (e *RefusedError) Is(target error) bool {
	t, ok := target.(*RefusedError)
	return ok && t.Reason == e.Reason && t.Err == nil
}
