package supervisor

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// Spawn starts a supervisor and then its children, in order, each when the
// PreStart of the one before has returned. Inside an actor, with its Context as
// ctx, the supervisor is linked to it; otherwise it is on its own. ctx bounds the
// starts only. When one fails, those before it are stopped in reverse order, and
// the error is a *StartError. Other errors: ErrSpec, those of actor.Spawn.
//
// Useful options are actor.Named and actor.LinkedTo. A bound is not: it could
// make the supervisor lose the end of a back-off.
func Spawn(ctx context.Context, s Spec, opts ...actor.Option) (Supervisor, error) {
	sup, err := newSuper(s)
	if err != nil {
		return Supervisor{}, err
	}
	r, err := spawn(ctx, sup, opts)
	return Supervisor{r}, err
}

// spawn links if ctx is an actor's.
func spawn[A actor.Actor[request]](ctx context.Context, a A, opts []actor.Option) (actor.Ref[request], error) {
	if in, ok := ctx.(actor.Inside); ok {
		return actor.SpawnLinked[A, request](in, a, opts...)
	}
	return actor.Spawn[A, request](ctx, a, opts...)
}

// Supervisor is the address of a supervisor: a Ref, comparable, safe in every
// goroutine.
//
// Its methods are requests: they wait for the answer, until ctx ends; inside a
// handler the worker is handed on meanwhile. A request that is under way when
// ctx ends is carried out nevertheless; one that still waits for its turn is
// not. To all of them the answer may also be actor.ErrStopped, actor.ErrStopping
// or rpc.ErrNoReply, when the supervisor is ending or has ended, and
// actor.ErrNoActor for the zero Supervisor. A child must not ask its own
// supervisor to stop or restart it and wait: its deadline would have to end that.
type Supervisor struct{ r actor.Ref[request] }

// As makes the address of a supervisor of its Ref: what Child, Info and
// actor.Whereis have. false: r is none.
func As(r actor.AnyRef) (Supervisor, bool) {
	ref, ok := actor.As[request](r)
	return Supervisor{ref}, ok
}

// Any returns the supervisor's Ref, to stop, kill, link or monitor it.
func (s Supervisor) Any() actor.AnyRef { return s.r.Any() }

// StopAndWait stops the supervisor and waits for its end: its children are
// stopped before it, in reverse order, each with its deadline. When ctx ends
// first it returns context.Cause(ctx), and the stop goes on.
func (s Supervisor) StopAndWait(ctx context.Context) error { return s.r.StopAndWait(ctx) }

// StartChild adds a child behind the others and starts it. It returns the zero
// AnyRef and nil when PreStart returned ErrIgnore. The errors: ErrSpec;
// ErrExists, together with ErrRunning, ErrRestarting or ErrNotRunning; and a
// *StartError, after which the child is not there.
func (s Supervisor) StartChild(ctx context.Context, c Child) (actor.AnyRef, error) {
	a, err := s.ask(ctx, request{verb: startChild, id: c.ID, child: &c})
	return a.ref, err
}

// TerminateChild stops a child, with its deadline, and returns when it has
// ended. Its spec stays for RestartChild, unless it is Temporary. Siblings are
// left alone, and it does not count for AutoShutdown. A child that waits to be
// restarted in OneForOne waits no more. nil too if it does not run. The error:
// ErrNotFound.
func (s Supervisor) TerminateChild(ctx context.Context, id string) error {
	_, err := s.ask(ctx, request{verb: terminateChild, id: id})
	return err
}

// RestartChild starts a child that does not run. The errors: ErrNotFound,
// ErrRunning, ErrRestarting, and a *StartError, after which it does not run.
func (s Supervisor) RestartChild(ctx context.Context, id string) (actor.AnyRef, error) {
	a, err := s.ask(ctx, request{verb: restartChild, id: id})
	return a.ref, err
}

// DeleteChild forgets a child that does not run. The errors: ErrNotFound,
// ErrRunning, ErrRestarting.
func (s Supervisor) DeleteChild(ctx context.Context, id string) error {
	_, err := s.ask(ctx, request{verb: deleteChild, id: id})
	return err
}

// WhichChildren returns the children as they are at one moment, in the order of
// their start.
func (s Supervisor) WhichChildren(ctx context.Context) (iter.Seq[Info], error) {
	a, err := s.ask(ctx, request{verb: whichChildren})
	return slices.Values(a.infos), err
}

// CountChildren counts the children.
func (s Supervisor) CountChildren(ctx context.Context) (Counts, error) {
	a, err := s.ask(ctx, request{verb: countChildren})
	return a.counts, err
}

// Child returns child id as it is now. The errors: ErrNotFound, ErrRestarting,
// ErrNotRunning.
func (s Supervisor) Child(ctx context.Context, id string) (actor.AnyRef, error) {
	a, err := s.ask(ctx, request{verb: findChild, id: id})
	return a.ref, err
}

// Find is Child with its message type; actor.ErrWrongType if that is another.
func Find[M any](ctx context.Context, s Supervisor, id string) (actor.Ref[M], error) {
	child, err := s.Child(ctx, id)
	if err != nil {
		return actor.Ref[M]{}, err
	}
	r, ok := actor.As[M](child)
	if !ok {
		return r, of(actor.ErrWrongType, id)
	}
	return r, nil
}

// Info is what WhichChildren tells of one child.
type Info struct {
	ID         string       // of a dynamic supervisor's child: its Ref as a string
	Actor      actor.AnyRef // zero if it does not run
	Restart    Restart
	Restarts   int  // how often it was restarted, requests apart
	Restarting bool // it does not run, but is about to
	Supervisor bool // it is a supervisor of this package
}

// Counts is all children of a supervisor.
type Counts struct {
	Specs       int // children, whether they run or not
	Active      int // those that run
	Supervisors int // those that are supervisors, whether they run or not
	Workers     int // those that are not
}

// request is what a supervisor understands.
type request struct {
	verb  verb
	id    string
	child *Child       // startChild
	arg   any          // startDynamic
	ref   actor.AnyRef // terminateDynamic
	reply rpc.Reply[answer]

	wake func() // a timer: nothing else is set
}

const (
	startChild verb = iota + 100
	terminateChild
	restartChild
	deleteChild
	whichChildren
	countChildren
	findChild
	startDynamic
	terminateDynamic
	dynamicType
)

// answer is the answer to any request.
type answer struct {
	ref    actor.AnyRef
	infos  []Info
	counts Counts
	proto  any // dynamicType
}

func (s Supervisor) ask(ctx context.Context, q request) (answer, error) { return ask(ctx, s.r, q) }

func ask(ctx context.Context, to actor.Ref[request], q request) (answer, error) {
	a, err := rpc.Call(ctx, to, func(r rpc.Reply[answer]) request {
		q.reply = r
		return q
	})
	if errors.Is(err, actor.ErrStopping) || errors.Is(err, actor.ErrStopped) {
		err = fmt.Errorf("supervisor %v: %w", to, err)
	}
	return a, err
}
