package factory

import (
	"context"
	"errors"
)

// Worker does one job at a time, in an actor of its own. It may have Start and
// Stop too.
type Worker[J any] interface {
	// Do does a job. nil: it is done. An error: it is retried, or discarded as
	// Failed; the worker goes on, unless the error is ErrBroken. A panic ends
	// the worker: it is replaced, and the job retried or discarded as Died.
	//
	// ctx is the worker's: it ends when the worker is killed (Stuck, or the
	// end of the factory), and Do should return then. One that does not is
	// written off after actor.Config.KillGrace, and its job goes on elsewhere:
	// a job that is retried may have been done in part, or twice.
	Do(ctx context.Context, job J) error
}

// Starter is a Worker that has something to do before its first job. An error is
// one of Spawn; for a replacement it means another try, later and later, up to
// once a second. Neither Start nor Stop is watched by StuckAfter.
type Starter interface {
	Start(ctx context.Context) error
}

// Stopper is a Worker that has something to do after its last job, unless it was
// killed or has failed.
type Stopper interface {
	Stop(ctx context.Context) error
}

// Func makes workers without state.
func Func[J any](do func(ctx context.Context, job J) error) func(id int) Worker[J] {
	if do == nil {
		return nil // Spawn will say so
	}
	return func(int) Worker[J] { return function[J](do) }
}

type function[J any] func(ctx context.Context, job J) error

func (f function[J]) Do(ctx context.Context, job J) error { return f(ctx, job) }

var (
	// ErrBroken says, returned by Do, also wrapped, that the worker itself is
	// of no use any more: the job has failed, and the worker is replaced.
	ErrBroken = errors.New("factory: worker is broken")
	// ErrNilWorker is why a worker cannot start: NewWorker has returned nil.
	ErrNilWorker = errors.New("factory: NewWorker returned nil")
	// ErrSamePointer is why a worker cannot start: NewWorker has returned the
	// pointer that another worker has, or the one that is to be replaced.
	ErrSamePointer = errors.New("factory: NewWorker returned the same pointer twice")
	// ErrStuck is what OnDone is told of a job whose worker was killed by the
	// dead man's switch.
	ErrStuck = errors.New("factory: worker was stuck")
)
