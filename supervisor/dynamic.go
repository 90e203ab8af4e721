package supervisor

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
)

// DynamicSpec describes a dynamic supervisor, OTP's simple_one_for_one; the zero
// value has Permanent children, tolerates 1 restart in 5 s, and does not back
// off. Max is for all children together: with many of them it has to be large.
type DynamicSpec struct {
	// Restart says after which ends a child is restarted, with its argument.
	// Defaults to Permanent.
	Restart Restart

	// Shutdown is how long a child may take to stop before it is killed; at
	// the supervisor's end, how long all together may take. As Child.Shutdown.
	// Defaults to 5s.
	Shutdown time.Duration

	// Intensity is how many restarts are tolerated.
	// Defaults to 1 in 5s.
	Intensity Intensity

	// Backoff delays a child's restarts; no other child waits for that.
	// Defaults to no delay.
	Backoff Backoff

	// OnParentKill says what becomes of the children when the supervisor is
	// killed.
	// Defaults to KillChildren.
	OnParentKill OnParentKill

	// KeepMailbox: as Child.KeepMailbox, for all children.
	// Defaults to false.
	KeepMailbox bool
}

func (s DynamicSpec) check() (DynamicSpec, error) {
	switch {
	case int(s.Restart) >= len(restartNames):
		return s, fmt.Errorf("%w: %v", ErrSpec, s.Restart)
	case int(s.OnParentKill) >= len(killNames):
		return s, fmt.Errorf("%w: %v", ErrSpec, s.OnParentKill)
	case s.KeepMailbox && s.Restart == Temporary:
		return s, fmt.Errorf("%w: KeepMailbox and Temporary: children are never restarted", ErrSpec)
	}
	if err := checkShutdown(s.Shutdown); err != nil {
		return s, err
	}
	if s.Shutdown == 0 {
		s.Shutdown = defaultShutdown
	}
	if err := s.Intensity.check(); err != nil {
		return s, err
	}
	return s, s.Backoff.check()
}

// SpawnDynamic starts a dynamic supervisor: its children are all alike, made by
// newActor of an argument, come and go at run time, and know no order. It is
// made for very many: what happens to one child costs the same however many
// there are, and no child has a timer or a goroutine of its own unless it waits
// to be restarted. At its end all children are stopped at once, under one
// deadline. ctx and opts are as in Spawn.
func SpawnDynamic[A any, B actor.Actor[M], M any](ctx context.Context, s DynamicSpec, newActor func(arg A) B, opts ...actor.Option) (Dynamic[A, M], error) {
	c, err := newCrew[A, B, M](s, newActor)
	if err != nil {
		return Dynamic[A, M]{}, err
	}
	r, err := spawn(ctx, c, opts)
	return Dynamic[A, M]{r}, err
}

func newCrew[A any, B actor.Actor[M], M any](s DynamicSpec, newActor func(arg A) B) (*crew, error) {
	s, err := s.check()
	switch {
	case err != nil:
		return nil, err
	case newActor == nil:
		return nil, fmt.Errorf("%w: no constructor", ErrSpec)
	}
	last := new(fresh)
	return &crew{
		spec:  s,
		proto: reflect.TypeFor[Dynamic[A, M]](),
		start: func(parent actor.Inside, arg any) (actor.AnyRef, error) {
			a := newActor(arg.(argument[A]).v) //nolint:forcetypeassert // Dynamic.StartChild makes it
			if err := last.check(a); err != nil {
				return actor.AnyRef{}, err
			}
			return launch[B, M](parent, a, nil)
		},
		hands: map[actor.ID]*hand{},
	}, nil
}

// argument is an argument in an interface; A itself may be one, and nil.
type argument[A any] struct{ v A }

// Dynamic is the address of a dynamic supervisor; what is said of Supervisor
// holds for it. It does not embed one: RestartChild, DeleteChild and Find have
// no meaning here.
type Dynamic[A, M any] struct{ r actor.Ref[request] }

// AsDynamic makes the address of a dynamic supervisor of its Ref; it asks it for
// its types, so it is a request. actor.ErrWrongType: r is no dynamic supervisor,
// or one with other types.
func AsDynamic[A, M any](ctx context.Context, r actor.AnyRef) (Dynamic[A, M], error) {
	ref, ok := actor.As[request](r)
	if !ok {
		return Dynamic[A, M]{}, fmt.Errorf("%w: %v is no supervisor", actor.ErrWrongType, r)
	}
	a, err := ask(ctx, ref, request{verb: dynamicType})
	if err != nil {
		return Dynamic[A, M]{}, err
	}
	if want := reflect.TypeFor[Dynamic[A, M]](); a.proto != want {
		return Dynamic[A, M]{}, fmt.Errorf("%w: %v is a %v, not a %v", actor.ErrWrongType, r, a.proto, want)
	}
	return Dynamic[A, M]{ref}, nil
}

// Any returns the supervisor's Ref, to stop, kill, link or monitor it.
func (d Dynamic[A, M]) Any() actor.AnyRef { return d.r.Any() }

// StopAndWait stops the supervisor and waits for its end: its children are
// stopped before it, all at once. When ctx ends first it returns
// context.Cause(ctx), and the stop goes on.
func (d Dynamic[A, M]) StopAndWait(ctx context.Context) error { return d.r.StopAndWait(ctx) }

// StartChild starts a child with an argument. It returns the zero Ref and nil
// when PreStart returned ErrIgnore. The error: PreStart's.
func (d Dynamic[A, M]) StartChild(ctx context.Context, arg A) (actor.Ref[M], error) {
	a, err := ask(ctx, d.r, request{verb: startDynamic, arg: argument[A]{arg}})
	if err != nil {
		return actor.Ref[M]{}, err
	}
	r, _ := actor.As[M](a.ref)
	return r, nil
}

// TerminateChild stops a child, with its deadline, and returns when it has
// ended; it is not restarted. The Ref of an incarnation that has died means the
// child as long as that waits to be restarted. The error: ErrNotFound.
func (d Dynamic[A, M]) TerminateChild(ctx context.Context, child actor.Ref[M]) error {
	_, err := ask(ctx, d.r, request{verb: terminateDynamic, ref: child.Any()})
	return err
}

// WhichChildren returns the children as they are at one moment, in no order.
func (d Dynamic[A, M]) WhichChildren(ctx context.Context) (iter.Seq[Info], error) {
	a, err := ask(ctx, d.r, request{verb: whichChildren})
	return slices.Values(a.infos), err
}

// CountChildren counts the children; it costs the same however many there are.
func (d Dynamic[A, M]) CountChildren(ctx context.Context) (Counts, error) {
	a, err := ask(ctx, d.r, request{verb: countChildren})
	return a.counts, err
}
