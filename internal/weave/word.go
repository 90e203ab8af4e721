//go:build interleave

package weave

import "sync/atomic"

// On says whether the build tag interleave is set: whether [Explore] is there.
const On = true

type (
	// Int64 is atomic.Int64.
	Int64 = word[int64]
	// Uint32 is atomic.Uint32.
	Uint32 = word[uint32]
	// Uint64 is atomic.Uint64.
	Uint64 = word[uint64]
)

type integer interface {
	~int32 | ~int64 | ~uint32 | ~uint64
}

// word is an atomic integer of any size. Its bits stand in a Uint64, sign extended.
type word[T integer] struct {
	object

	bits atomic.Uint64
}

// Load returns the value.
func (w *word[T]) Load() T {
	th := w.point(opLoad, nil)
	v := T(w.bits.Load())
	saw(th, "= %v", v)
	return v
}

// Store sets the value.
func (w *word[T]) Store(v T) {
	th := w.point(opStore, nil)
	w.bits.Store(uint64(v))
	saw(th, "%v", v)
}

// Swap sets the value and returns the one before.
func (w *word[T]) Swap(v T) T {
	th := w.point(opSwap, nil)
	old := T(w.bits.Swap(uint64(v)))
	saw2(th, "%v, was %v", v, old)
	return old
}

// CompareAndSwap sets the value if it is old.
func (w *word[T]) CompareAndSwap(old, v T) bool {
	th := w.point(opCAS, nil)
	ok := w.bits.CompareAndSwap(uint64(old), uint64(v))
	saw3(th, "%v to %v: %v", old, v, ok)
	return ok
}

// Add adds delta and returns the new value.
func (w *word[T]) Add(delta T) T {
	th := w.point(opAdd, nil)
	v := w.change(func(old T) T { return old + delta }) + delta
	saw2(th, "%v = %v", delta, v)
	return v
}

// And keeps the bits of mask and returns the old value.
func (w *word[T]) And(mask T) T {
	th := w.point(opAnd, nil)
	old := w.change(func(old T) T { return old & mask })
	saw2(th, "%#x, was %#x", mask, old)
	return old
}

// Or sets the bits of mask and returns the old value.
func (w *word[T]) Or(mask T) T {
	th := w.point(opOr, nil)
	old := w.change(func(old T) T { return old | mask })
	saw2(th, "%#x, was %#x", mask, old)
	return old
}

func (w *word[T]) change(f func(T) T) (old T) {
	for {
		bits := w.bits.Load()
		if w.bits.CompareAndSwap(bits, uint64(f(T(bits)))) {
			return T(bits)
		}
	}
}

// Bool is atomic.Bool.
type Bool struct {
	object

	v atomic.Bool
}

// Load returns the value.
func (b *Bool) Load() bool {
	th := b.point(opLoad, nil)
	v := b.v.Load()
	saw(th, "= %v", v)
	return v
}

// Store sets the value.
func (b *Bool) Store(v bool) {
	th := b.point(opStore, nil)
	b.v.Store(v)
	saw(th, "%v", v)
}

// Swap sets the value and returns the one before.
func (b *Bool) Swap(v bool) bool {
	th := b.point(opSwap, nil)
	old := b.v.Swap(v)
	saw2(th, "%v, was %v", v, old)
	return old
}

// CompareAndSwap sets the value if it is old.
func (b *Bool) CompareAndSwap(old, v bool) bool {
	th := b.point(opCAS, nil)
	ok := b.v.CompareAndSwap(old, v)
	saw3(th, "%v to %v: %v", old, v, ok)
	return ok
}

// Pointer is atomic.Pointer.
type Pointer[T any] struct {
	object

	p atomic.Pointer[T]
}

// Load returns the value.
func (p *Pointer[T]) Load() *T {
	th := p.point(opLoad, nil)
	v := p.p.Load()
	saw(th, "= %v", v)
	return v
}

// Store sets the value.
func (p *Pointer[T]) Store(v *T) {
	th := p.point(opStore, nil)
	p.p.Store(v)
	saw(th, "%v", v)
}

// Swap sets the value and returns the one before.
func (p *Pointer[T]) Swap(v *T) *T {
	th := p.point(opSwap, nil)
	old := p.p.Swap(v)
	saw2(th, "%v, was %v", v, old)
	return old
}

// CompareAndSwap sets the value if it is old.
func (p *Pointer[T]) CompareAndSwap(old, v *T) bool {
	th := p.point(opCAS, nil)
	ok := p.p.CompareAndSwap(old, v)
	saw3(th, "%v to %v: %v", old, v, ok)
	return ok
}
