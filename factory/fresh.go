package factory

import (
	"fmt"
	"reflect"
	"sync"
	"weak"
)

// fresh knows, without keeping them alive, which Worker each number has got last.
// Workers start in goroutines of their own.
type fresh struct {
	mu sync.Mutex
	of map[int]weak.Pointer[byte] // guarded by mu
	by map[weak.Pointer[byte]]int // guarded by mu
}

// check refuses a pointer that a worker has, or that this one had before it was
// replaced: two would work on one state, and one on a state that has crashed.
func (f *fresh) check(id int, w any) error {
	v := reflect.ValueOf(w)
	if v.Kind() != reflect.Pointer || v.Type().Elem().Size() == 0 {
		return nil // a value is a copy; values without a size may share an address
	}
	// A weak pointer to whatever it is: two are equal if made of the same
	// pointer, and never if the memory was used again meanwhile.
	p := weak.Make((*byte)(v.UnsafePointer()))
	f.mu.Lock()
	defer f.mu.Unlock()
	if other, ok := f.by[p]; ok {
		return fmt.Errorf("%w: %T for worker %d, and before for worker %d", ErrSamePointer, w, id, other)
	}
	if f.of == nil {
		f.of, f.by = map[int]weak.Pointer[byte]{}, map[weak.Pointer[byte]]int{}
	}
	delete(f.by, f.of[id])
	f.of[id], f.by[p] = p, id
	return nil
}
