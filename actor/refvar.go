package actor

import (
	"fmt"
	"reflect"
)

// RefVar is a variable that holds a Ref, to code that meets it by reflection
// only, as a codec does: every *Ref[M] is one, and *AnyRef.
type RefVar interface {
	// Message returns the type of the messages that the Ref takes; nil for
	// an AnyRef.
	Message() reflect.Type

	// Any returns what the variable holds.
	Any() AnyRef

	// SetAny stores r, the zero AnyRef too. It is ErrWrongType, and changes
	// nothing, when r takes other messages.
	SetAny(r AnyRef) error
}

// Message returns M.
func (r Ref[M]) Message() reflect.Type { return reflect.TypeFor[M]() }

// SetAny is As into a variable: *r leads to a's actor afterwards; to none if a
// is zero. When a takes other messages it is ErrWrongType, and *r stays.
func (r *Ref[M]) SetAny(a AnyRef) error {
	if a.c == nil {
		*r = Ref[M]{}
		return nil
	}
	typed, ok := As[M](a)
	if !ok {
		return fmt.Errorf("%w: %v takes no %v", ErrWrongType, a, reflect.TypeFor[M]())
	}
	*r = typed
	return nil
}

// Message returns nil: an AnyRef has forgotten it.
func (r AnyRef) Message() reflect.Type { return nil }

// Any returns r.
func (r AnyRef) Any() AnyRef { return r }

// SetAny makes *r be a.
func (r *AnyRef) SetAny(a AnyRef) error {
	*r = a
	return nil
}
