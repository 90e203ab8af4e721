package sched

import "errors"

var (
	// ErrTooManyWaiters says that Config.MaxWaiters tasks are parked in
	// blocking calls already.
	ErrTooManyWaiters = errors.New("sched: too many waiters: Config.MaxWaiters tasks are parked in blocking calls")

	// ErrClosed says that the scheduler has been closed.
	ErrClosed = errors.New("sched: scheduler is closed")

	// ErrGoexit is what a task that called runtime.Goexit crashed with.
	ErrGoexit = errors.New("sched: runtime.Goexit was called in a turn")
)
