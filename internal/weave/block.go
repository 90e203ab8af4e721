//go:build interleave

package weave

import (
	"runtime"
	"sync"
)

// Mutex is sync.Mutex. A thread that finds it locked is known to be blocked.
type Mutex struct {
	object

	mu     sync.Mutex
	locked bool // by a thread; read by whoever has the turn
}

// Lock locks m.
func (m *Mutex) Lock() {
	th := m.point(opLock, m)
	m.mu.Lock()
	if th != nil {
		m.locked = true
	}
}

// Unlock unlocks m.
func (m *Mutex) Unlock() {
	if th := m.point(opUnlock, nil); th != nil {
		m.locked = false
	}
	m.mu.Unlock()
}

func (m *Mutex) open() bool { return !m.locked }

// Gosched is runtime.Gosched: to switch here is no preemption, and a thread that calls it again goes on only when
// another one has moved meanwhile, if any can.
func Gosched() {
	var o object
	if th := o.point(opYield, nil); th == nil {
		runtime.Gosched()
	}
}

// Slot is a channel of one place.
type Slot[T any] struct{ *slot[T] }

type slot[T any] struct {
	object

	c chan T
}

// NewSlot returns an empty slot.
func NewSlot[T any]() Slot[T] { return Slot[T]{&slot[T]{c: make(chan T, 1)}} }

// Put stores v, and waits while the slot is taken.
func (s Slot[T]) Put(v T) {
	th := s.point(opPut, (*empty[T])(s.slot))
	s.c <- v
	saw(th, "%v", v)
}

// Take removes what is in the slot, and waits while there is nothing.
func (s Slot[T]) Take() T {
	th := s.point(opTake, (*taken[T])(s.slot))
	v := <-s.c
	saw(th, "= %v", v)
	return v
}

// Offer stores v if the slot is empty.
func (s Slot[T]) Offer(v T) {
	th := s.point(opOffer, nil)
	select {
	case s.c <- v:
		saw(th, "%v: true", v)
	default:
		saw(th, "%v: false", v)
	}
}

// C returns the channel, for a select; a thread must not use it.
func (s Slot[T]) C() <-chan T { return s.c }

type empty[T any] slot[T]

func (s *empty[T]) open() bool { return len(s.c) == 0 }

type taken[T any] slot[T]

func (s *taken[T]) open() bool { return len(s.c) != 0 }

// Gate is closed at first and can be opened once, for ever.
type Gate struct{ *gate }

type gate struct {
	object

	c chan struct{}
}

// NewGate returns a closed gate.
func NewGate() Gate { return Gate{&gate{c: make(chan struct{})}} }

// Open opens the gate; a second time panics.
func (g Gate) Open() {
	g.point(opOpen, nil)
	close(g.c)
}

// Wait waits until the gate is open (true) or done is closed (false).
func (g Gate) Wait(done <-chan struct{}) bool {
	th := g.point(opWait, passage{g.c, done})
	// If both are there a thread takes the second: the first it has taken in another schedule, which differs in
	// nothing that it can see.
	select {
	case <-done:
		saw(th, "= %v", false)
		return false
	default:
	}
	select {
	case <-g.c:
		saw(th, "= %v", true)
		return true
	case <-done:
		saw(th, "= %v", false)
		return false
	}
}

type passage struct{ a, b <-chan struct{} }

func (p passage) open() bool {
	select {
	case <-p.a:
	case <-p.b:
	default:
		return false
	}
	return true
}
