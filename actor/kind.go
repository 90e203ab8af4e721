package actor

import (
	"fmt"
	"reflect"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// kind is what all actors of one type in one System share. It is made at the
// first Spawn of the type, which is when its hooks are checked.
type kind struct {
	sys     *System
	name    string // the behaviour's type, for people
	message reflect.Type
	hooks   hookSet
	stock   any // *stock[M]
}

// stock is the memory for messages of one type in one System: a pool, and a
// cache at each worker.
type stock[M any] struct {
	pool  mailbox.Pool[envelope[M]]
	local sched.Local[mailbox.Cache[envelope[M]]]
}

// hookSet says which hooks a type has.
type hookSet uint8

const (
	preStart = iota
	postStart
	postStop
	supervise
	inspect
	hookCount
)

func (h hookSet) has(hook int) bool { return h&(1<<hook) != 0 }

// kindKey tells kinds apart: the actor's type, and what it wraps.
type kindKey struct{ actor, wrapped reflect.Type }

// kindOf returns the kind of a, checking its hooks the first time.
func kindOf[M any](sys *System, a Actor[M]) (*kind, error) {
	key := kindKey{actor: reflect.TypeOf(a)}
	if w, ok := a.(wrapper); ok {
		key.wrapped = w.wrapped()
	}
	if k, ok := sys.kinds.Load(key); ok {
		return k, nil
	}
	k := &kind{sys: sys, name: key.actor.String(), message: reflect.TypeFor[M](), stock: stockOf[M](sys)}
	want := [hookCount]reflect.Type{
		preStart:  reflect.TypeFor[PreStarter[M]](),
		postStart: reflect.TypeFor[PostStarter[M]](),
		postStop:  reflect.TypeFor[PostStopper[M]](),
		supervise: reflect.TypeFor[Supervisor[M]](),
		inspect:   reflect.TypeFor[Inspector](),
	}
	t := key.actor
	if w, ok := a.(wrapper); ok {
		t, want = key.wrapped, w.want()
		k.name = t.String()
	}
	if err := checkHooks(t, want); err != nil {
		return nil, err
	}
	if w, ok := a.(wrapper); ok {
		k.hooks = w.has()
	} else {
		for i, hook := range want {
			if t.Implements(hook) {
				k.hooks |= 1 << i
			}
		}
	}
	k, _ = sys.kinds.LoadOrStore(key, k)
	return k, nil
}

// stockOf returns the System's stock for messages of type M.
func stockOf[M any](sys *System) *stock[M] {
	return Shared(sys, func() *stock[M] {
		return &stock[M]{local: sched.NewLocal[mailbox.Cache[envelope[M]]](sys.sched)}
	})
}

// checkHooks finds methods that have a hook's name but would never be called:
// with another signature, or with a pointer receiver that a value cannot reach.
// The names are constants so that the linker may still drop unused methods.
func checkHooks(t reflect.Type, want [hookCount]reflect.Type) error {
	reach := t
	if t.Kind() != reflect.Pointer && t.Kind() != reflect.Interface {
		reach = reflect.PointerTo(t)
	}
	var have [hookCount]reflect.Method
	var found [hookCount]bool
	have[preStart], found[preStart] = reach.MethodByName("PreStart")
	have[postStart], found[postStart] = reach.MethodByName("PostStart")
	have[postStop], found[postStop] = reach.MethodByName("PostStop")
	have[supervise], found[supervise] = reach.MethodByName("HandleSupervision")
	have[inspect], found[inspect] = reach.MethodByName("Inspect")
	for i := range want {
		switch {
		case !found[i] || t.Implements(want[i]):
		case reach.Implements(want[i]):
			return fmt.Errorf("%w: %v.%s has a pointer receiver: spawn a *%v", ErrHook, t, have[i].Name, t)
		default:
			return fmt.Errorf("%w: %v.%s is %v, want the method of %v", ErrHook, t, have[i].Name, have[i].Type, want[i])
		}
	}
	return nil
}
