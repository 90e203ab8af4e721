package supervisor

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"weak"

	"github.com/ractor-go/ractor/actor"
)

// StartFunc starts one child, linked to parent, and returns when its PreStart
// has. Of, With, Nested and NestedDynamic make it and hide the message type. One
// that is written by hand may return an actor that is not linked: it is linked
// then. It runs on the supervisor's turn, and must not keep parent's turn for
// long; parent ends when the supervisor is killed. For a child with KeepMailbox
// it must hand parent on to what Of or With has made.
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
		return launch[A, M](parent, a, opts)
	}
}

// With makes a StartFunc for an actor.Behaviour: each start calls its PreStart
// with the same args. What args points to is shared by all incarnations.
func With[M, S, A any](b actor.Behaviour[M, S, A], args A, opts ...actor.Option) StartFunc {
	return func(parent actor.Inside) (actor.AnyRef, error) {
		return launch(parent, actor.With(b, args), opts)
	}
}

// Nested makes a StartFunc for a supervisor as a child. What is wrong with s is
// an error of the start.
func Nested(s Spec, opts ...actor.Option) StartFunc {
	return func(parent actor.Inside) (actor.AnyRef, error) {
		sup, err := newSuper(s)
		if err == nil {
			err = unkept(parent)
		}
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
		if err == nil {
			err = unkept(parent)
		}
		if err != nil {
			return actor.AnyRef{}, err
		}
		r, err := actor.SpawnLinked(parent, c, opts...)
		return r.Any(), err
	}
}

// keeper is the parent that a StartFunc is given for a child with KeepMailbox.
type keeper struct {
	actor.Inside

	held actor.AnyRef // the child that has failed and waits; zero: start a new one
	used bool         // the StartFunc knows what it was given
}

// launch starts an actor, or gives the one that parent holds the value a.
func launch[A actor.Actor[M], M any](parent actor.Inside, a A, opts []actor.Option) (actor.AnyRef, error) {
	k, ok := parent.(*keeper)
	if !ok {
		r, err := actor.SpawnLinked[A, M](parent, a, opts...)
		return r.Any(), err
	}
	k.used = true
	if k.held.IsZero() {
		r, err := actor.SpawnLinked[A, M](k.Inside, a, append(slices.Clip(opts), actor.KeepMailbox())...)
		return r.Any(), err
	}
	r, ok := actor.As[M](k.held)
	if !ok {
		return actor.AnyRef{}, fmt.Errorf("%w: %v takes other messages than %T", actor.ErrWrongType, k.held, a)
	}
	return k.held, actor.Revive[A, M](k.Inside, r, a)
}

// unkept refuses a child that cannot be restarted in place.
func unkept(parent actor.Inside) error {
	if k, ok := parent.(*keeper); ok {
		k.used = true
		return fmt.Errorf("%w: KeepMailbox of a supervisor: its mailbox is its own", ErrSpec)
	}
	return nil
}

// gone says that a child which waited to be restarted in place is ending, or
// about to: somebody has stopped it, or taken it away.
func gone(ctx *actor.Context[request], held actor.AnyRef) bool {
	return held.Status() >= actor.Stopping || !held.Parent().Is(ctx.Self().Any())
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

// begin starts a child and sees to it that its end will be told. With keep it is
// one with KeepMailbox; held is the actor that waits for its restart, if one does.
func begin(ctx *actor.Context[request], f StartFunc, keep bool, held actor.AnyRef) (actor.AnyRef, error) {
	var parent actor.Inside = ctx
	k := &keeper{Inside: ctx, held: held}
	if keep {
		parent = k
	}
	r, err := call(f, parent)
	switch {
	case err != nil:
		return actor.AnyRef{}, err
	case r.ID() == 0:
		return actor.AnyRef{}, errNoActor
	case keep && !k.used:
		r.Kill()
		return actor.AnyRef{}, fmt.Errorf("%w: KeepMailbox, but Start is neither Of nor With", ErrSpec)
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
