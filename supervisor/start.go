package supervisor

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync"
	"weak"

	"github.com/ractor-go/ractor/actor"
)

// StartFunc starts one child, linked to parent, and returns when its PreStart
// has. Of, With, Nested and NestedDynamic make it and hide the message type. One
// that is written by hand may return an actor that is not linked: it is linked
// then. It runs on the supervisor's turn, and must not keep parent's turn for
// long; parent ends when the supervisor is killed.
type StartFunc func(parent actor.Inside) (actor.AnyRef, error)

// Of makes a StartFunc that starts a new value of newActor each time. The same
// pointer from newActor twice is ErrSamePointer, nil is actor.ErrNilActor. opts
// go to every start, actor.Named for example.
func Of[A actor.Actor[M], M any](newActor func() A, opts ...actor.Option) StartFunc {
	if newActor == nil {
		return nil
	}
	var last fresh
	return func(parent actor.Inside) (actor.AnyRef, error) {
		a := newActor()
		if err := last.check(a); err != nil {
			return actor.AnyRef{}, err
		}
		r, err := actor.SpawnLinked[A, M](parent, a, opts...)
		return r.Any(), err
	}
}

// With makes a StartFunc for an actor.Behaviour: each start calls its PreStart
// with the same args. What args points to is shared by all incarnations.
func With[M, S, A any](b actor.Behaviour[M, S, A], args A, opts ...actor.Option) StartFunc {
	return func(parent actor.Inside) (actor.AnyRef, error) {
		r, err := actor.SpawnLinked(parent, actor.With(b, args), opts...)
		return r.Any(), err
	}
}

// Nested makes a StartFunc for a supervisor as a child. What is wrong with s is
// an error of the start.
func Nested(s Spec, opts ...actor.Option) StartFunc {
	return func(parent actor.Inside) (actor.AnyRef, error) {
		sup, err := newSuper(s)
		if err != nil {
			return actor.AnyRef{}, err
		}
		r, err := actor.SpawnLinked(parent, sup, opts...)
		return r.Any(), err
	}
}

// NestedDynamic makes a StartFunc for a dynamic supervisor as a child, one that
// begins without children. AsDynamic makes its address of Supervisor.Child's
// answer.
func NestedDynamic[A any, B actor.Actor[M], M any](s DynamicSpec, newActor func(arg A) B, opts ...actor.Option) StartFunc {
	return func(parent actor.Inside) (actor.AnyRef, error) {
		c, err := newCrew[A, B, M](s, newActor)
		if err != nil {
			return actor.AnyRef{}, err
		}
		r, err := actor.SpawnLinked(parent, c, opts...)
		return r.Any(), err
	}
}

// fresh remembers, without keeping it alive, what a constructor returned last.
type fresh struct {
	mu   sync.Mutex
	last weak.Pointer[byte] // guarded by mu
}

// check refuses the pointer that came last.
func (f *fresh) check(a any) error {
	v := reflect.ValueOf(a)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem().Size() == 0 {
		return nil // a value is a copy; values without a size may share an address
	}
	// A weak pointer to whatever it is: two are equal if made of the same
	// pointer, and never if the memory was used again meanwhile.
	p := weak.Make((*byte)(v.UnsafePointer()))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == p {
		return fmt.Errorf("%w: %T", ErrSamePointer, a)
	}
	f.last = p
	return nil
}

// call runs f, which is the user's: a panic becomes an error. So a constructor
// that panics is a start that fails.
func call(f StartFunc, parent actor.Inside) (r actor.AnyRef, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &actor.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f(parent)
}

var errNoActor = errors.New("supervisor: Start returned no actor and no error")

// begin starts a child and sees to it that its end will be told.
func begin(ctx *actor.Context[request], f StartFunc) (actor.AnyRef, error) {
	r, err := call(f, ctx)
	if err != nil {
		return actor.AnyRef{}, err
	}
	if r.ID() == 0 {
		return actor.AnyRef{}, errNoActor
	}
	self := ctx.Self().Any()
	if r.Parent().Is(self) {
		return r, nil
	}
	switch err := actor.Link(self, r); {
	case err == nil:
		return r, nil
	case errors.Is(err, actor.ErrStopped):
		// It has ended already. If it was linked its end is on the way, and
		// comes before what Monitor reports; otherwise that is its end.
		ctx.Monitor(r)
		return r, nil
	default:
		return actor.AnyRef{}, err
	}
}

// isSupervisor says whether r is a supervisor of this package.
func isSupervisor(r actor.AnyRef) bool {
	_, ok := actor.As[request](r)
	return ok
}

// normal says whether an end is one after which a Transient child is not
// restarted.
func normal(ev actor.Event) bool {
	return ev.Kind == actor.Terminated && (ev.Err == nil || errors.Is(ev.Err, actor.ErrDrained))
}
