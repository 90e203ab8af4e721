package supervisor

import (
	"errors"
	"fmt"
)

// The errors of this package, for errors.Is. They come wrapped with the child
// and the value that they are about.
var (
	// ErrSpec: a Spec, a DynamicSpec or a Child cannot work as it is.
	ErrSpec = errors.New("supervisor: bad spec")
	// ErrExists: the supervisor has a child with this id.
	ErrExists = errors.New("supervisor: child exists")
	// ErrNotFound: the supervisor has no such child.
	ErrNotFound = errors.New("supervisor: no such child")
	// ErrRunning: the child runs.
	ErrRunning = errors.New("supervisor: child is running")
	// ErrRestarting: the child is about to be restarted.
	ErrRestarting = errors.New("supervisor: child is restarting")
	// ErrNotRunning: the child does not run and is not about to.
	ErrNotRunning = errors.New("supervisor: child is not running")
	// ErrRestartIntensity: there were more restarts than Intensity allows;
	// it is what the supervisor has failed with.
	ErrRestartIntensity = errors.New("supervisor: restart intensity exceeded")
	// ErrSamePointer: a constructor has returned the same pointer twice: the
	// new actor would begin with what the dead one left behind.
	ErrSamePointer = errors.New("supervisor: constructor returned the same pointer twice")
	// ErrDynamic: a dynamic supervisor has no such request.
	ErrDynamic = errors.New("supervisor: not for a dynamic supervisor")

	// ErrIgnore is for a child's PreStart to return: the child is not to
	// run, which is no failure. Its spec is kept, unless it is Temporary.
	ErrIgnore = errors.New("supervisor: child is not to run")
)

// StartError is a first start that failed: which child, and why.
type StartError struct {
	ID  string
	Err error
}

// Error names the child and the reason.
func (e *StartError) Error() string {
	return fmt.Sprintf("supervisor: start of child %q: %v", e.ID, e.Err)
}

// Unwrap returns the reason.
func (e *StartError) Unwrap() error { return e.Err }

// of wraps err with the child that it is about.
func of(err error, id string) error { return fmt.Errorf("%w: %q", err, id) }
