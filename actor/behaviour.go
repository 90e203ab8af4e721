package actor

import "reflect"

// Behaviour is the shape of ractor: a read-only behaviour, whose state PreStart
// makes of arguments. The same behaviour can run in many actors at once. The
// other hooks are optional, as for an Actor, with s *S as the last parameter:
//
//	PostStart(ctx *Context[M], s *S) error
//	PostStop(ctx *Context[M], s *S) error
//	HandleSupervision(ctx *Context[M], ev Event, s *S) error
//	Inspect(s *S) any
type Behaviour[M, S, A any] interface {
	PreStart(ctx *Context[M], args A) (S, error)
	Handle(ctx *Context[M], m M, s *S) error
}

// With makes an Actor of a behaviour and its arguments. In a Terminated event
// State is the *S.
func With[M, S, A any](b Behaviour[M, S, A], args A) Actor[M] {
	if b == nil {
		return (*with[M, S, A])(nil)
	}
	w := &with[M, S, A]{b: b, args: args}
	w.postStart, _ = any(b).(stateHook[M, S])
	w.postStop, _ = any(b).(stateStopHook[M, S])
	w.supervise, _ = any(b).(stateSupervisor[M, S])
	w.inspect, _ = any(b).(stateInspector[S])
	return w
}

type (
	stateHook[M, S any] interface {
		PostStart(ctx *Context[M], s *S) error
	}
	stateStopHook[M, S any] interface {
		PostStop(ctx *Context[M], s *S) error
	}
	stateSupervisor[M, S any] interface {
		HandleSupervision(ctx *Context[M], ev Event, s *S) error
	}
	stateInspector[S any] interface {
		Inspect(s *S) any
	}
)

// with is the Actor of a Behaviour.
type with[M, S, A any] struct {
	b         Behaviour[M, S, A]
	args      A
	state     *S
	postStart stateHook[M, S]
	postStop  stateStopHook[M, S]
	supervise stateSupervisor[M, S]
	inspect   stateInspector[S]
}

func (w *with[M, S, A]) Handle(ctx *Context[M], m M) error { return w.b.Handle(ctx, m, w.state) }

func (w *with[M, S, A]) PreStart(ctx *Context[M]) error {
	s, err := w.b.PreStart(ctx, w.args)
	var none A
	w.args = none
	w.state = &s
	return err
}

func (w *with[M, S, A]) PostStart(ctx *Context[M]) error { return w.postStart.PostStart(ctx, w.state) }
func (w *with[M, S, A]) PostStop(ctx *Context[M]) error  { return w.postStop.PostStop(ctx, w.state) }

func (w *with[M, S, A]) HandleSupervision(ctx *Context[M], ev Event) error {
	return w.supervise.HandleSupervision(ctx, ev, w.state)
}

func (w *with[M, S, A]) Inspect() any { return w.inspect.Inspect(w.state) }

// wrapper is implemented by actors that stand for another value: hooks are
// those of that value, and so is the final state.
type wrapper interface {
	wrapped() reflect.Type
	has() hookSet
	want() [hookCount]reflect.Type
	final() any
}

// Behaviour returns what was wrapped, for who looks at an actor from outside, as
// actortest.Check does.
func (w *with[M, S, A]) Behaviour() any { return w.b }

func (w *with[M, S, A]) wrapped() reflect.Type { return reflect.TypeOf(w.b) }
func (w *with[M, S, A]) final() any            { return w.state }

func (w *with[M, S, A]) has() hookSet {
	set := hookSet(1 << preStart)
	if w.postStart != nil {
		set |= 1 << postStart
	}
	if w.postStop != nil {
		set |= 1 << postStop
	}
	if w.supervise != nil {
		set |= 1 << supervise
	}
	if w.inspect != nil {
		set |= 1 << inspect
	}
	return set
}

func (w *with[M, S, A]) want() [hookCount]reflect.Type {
	return [hookCount]reflect.Type{
		preStart:  reflect.TypeFor[Behaviour[M, S, A]](),
		postStart: reflect.TypeFor[stateHook[M, S]](),
		postStop:  reflect.TypeFor[stateStopHook[M, S]](),
		supervise: reflect.TypeFor[stateSupervisor[M, S]](),
		inspect:   reflect.TypeFor[stateInspector[S]](),
	}
}
