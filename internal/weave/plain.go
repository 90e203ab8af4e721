//go:build !interleave

package weave

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// On says whether the build tag interleave is set: whether [Explore] is there.
const On = false

type (
	// Bool is atomic.Bool.
	Bool = atomic.Bool
	// Int64 is atomic.Int64.
	Int64 = atomic.Int64
	// Uint32 is atomic.Uint32.
	Uint32 = atomic.Uint32
	// Uint64 is atomic.Uint64.
	Uint64 = atomic.Uint64
	// Pointer is atomic.Pointer.
	Pointer[T any] = atomic.Pointer[T]
)

// Mutex is sync.Mutex.
type Mutex = sync.Mutex

// Gosched is runtime.Gosched.
func Gosched() { runtime.Gosched() }

// Slot is a channel of one place.
type Slot[T any] chan T

// NewSlot returns an empty slot.
func NewSlot[T any]() Slot[T] { return make(Slot[T], 1) }

// Put stores v, and waits while the slot is taken.
func (s Slot[T]) Put(v T) { s <- v }

// Take removes what is in the slot, and waits while there is nothing.
func (s Slot[T]) Take() T { return <-s }

// Offer stores v if the slot is empty.
func (s Slot[T]) Offer(v T) {
	select {
	case s <- v:
	default:
	}
}

// C returns the channel, for a select.
func (s Slot[T]) C() <-chan T { return s }

// Gate is closed at first and can be opened once, for ever.
type Gate chan struct{}

// NewGate returns a closed gate.
func NewGate() Gate { return make(Gate) }

// Open opens the gate; a second time panics.
func (g Gate) Open() { close(g) }

// Wait waits until the gate is open (true) or done is closed (false).
func (g Gate) Wait(done <-chan struct{}) bool {
	select {
	case <-g:
		return true
	case <-done:
		return false
	}
}
