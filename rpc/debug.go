package rpc

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

// Debug switches the debug option of sys on or off, for requests that are sent
// from then on. While it is on:
//
//   - A Call inside a handler that would close a cycle of such calls, A waiting
//     for B and B for A, returns ErrCallCycle at once, with the names of who
//     waits for whom. So does an entry of Multi. If it is a Give that closes the
//     cycle, the call whose reply was given ends so.
//   - A request that was handled but not answered is told to the System's
//     Logger, with the type of the message, when its actor ends or its caller
//     gives up.
//
// Who waits is known per actor: an actor answers for a request until it has
// answered, given it on or detached it, and one that waits is taken to do
// nothing else. So a reply that a goroutine outside of actors will send should
// be detached, or a Call that its actor makes back meanwhile looks like a cycle.
// Waits of other kinds (Then, Wait, what a handler does outside of this package)
// are not followed, and neither are calls between Systems.
//
// It costs some six objects a request, and a lock of the System's; while it is off, two
// loads. sys must not be nil. Any goroutine may call it, at any time.
func Debug(sys *actor.System, on bool) { actor.Shared(sys, newDebug).on.Store(on) }

// debug is who waits for whom in a System.
type debug struct {
	on    atomic.Bool
	mu    sync.Mutex
	waits map[actor.ID][]*watch // guarded by mu: by who waits
}

func newDebug() *debug { return &debug{waits: map[actor.ID][]*watch{}} }

// debug returns the System's, nil if it is off.
func (p *port[R]) debug() *debug {
	if p.home != nil {
		if d := p.home.debug.Load(); d.on.Load() {
			return d
		}
	}
	return nil
}

// watch is a request that is being watched. It is the request's ticket in place
// of the port or the gift, and passes on to the port what it is told.
type watch struct {
	actor.Ticket

	debug  *debug
	port   place
	gen    uint32
	number uint64 // of the ticket
	first  *watch // of the first message with this reply: itself, unless by Give
	waiter party  // none: it is not a blocking call of an actor of this System
	callee party
	sys    *actor.System // the callee's

	message string      // its type
	handled atomic.Bool // the handler has returned nil
}

// place is a port, whatever the answer's type.
type place interface {
	Open() error
	handled(number uint64) bool
	discard(number uint64, reason error) bool
	owes(gen uint32, number uint64) bool
}

// owes says that somebody waits for the answer, and that the ticket with number
// has the duty.
func (p *port[R]) owes(gen uint32, number uint64) bool {
	s := p.state.Load()
	return generation(s) == gen && owed(s, number)
}

// party is an actor as it is now: a Ref may lead to another one later.
type party struct {
	id   actor.ID
	name string
}

func (d *debug) watch(p place, gen uint32, number uint64, waiter, callee actor.AnyRef, message any) *watch {
	w := &watch{
		debug:   d,
		port:    p,
		gen:     gen,
		number:  number,
		callee:  party{callee.ID(), callee.String()},
		sys:     callee.System(),
		message: fmt.Sprint(reflect.TypeOf(message)),
	}
	if !waiter.IsZero() && waiter.System() == w.sys { // ids are those of one System
		w.waiter = party{waiter.ID(), waiter.String()}
	}
	w.first = w
	w.Holder = w
	return w
}

// given is the watch of a message that carries on the reply of w's.
func (w *watch) given(number uint64, to actor.AnyRef, message any) *watch {
	next := w.debug.watch(w.port, w.gen, number, actor.AnyRef{}, to, message)
	next.first = w.first
	if next.sys == w.first.sys {
		next.waiter = w.first.waiter
	}
	return next
}

// enter notes that w's waiter waits for its callee, as long as that owes the
// answer. It returns ErrCallCycle, and notes nothing, if the callee waits for
// the waiter. As each wait is entered under the lock after it is one, or before,
// whoever comes last sees the whole cycle.
func (d *debug) enter(w *watch) error {
	if w.waiter.id == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !w.port.owes(w.gen, w.number) {
		return nil // and who has ended it has left, or leaves later
	}
	if way, ok := d.way(w.callee.id, w.waiter.id, map[actor.ID]bool{}); ok {
		chain := []string{w.waiter.name, w.callee.name}
		for _, w := range way {
			chain = append(chain, w.callee.name)
		}
		return fmt.Errorf("%w: %s", ErrCallCycle, strings.Join(chain, " waits for "))
	}
	d.waits[w.waiter.id] = append(d.waits[w.waiter.id], w)
	return nil
}

// way is the waits that lead from one actor to another, if they do; mu is held.
func (d *debug) way(from, to actor.ID, seen map[actor.ID]bool) (ws []*watch, ok bool) {
	switch {
	case from == to:
		return nil, true
	case seen[from]:
		return nil, false
	}
	seen[from] = true
	for _, w := range d.waits[from] {
		if !w.port.owes(w.gen, w.number) {
			continue // answered, but the caller has not gone on yet; or given on
		}
		if rest, ok := d.way(w.callee.id, to, seen); ok {
			return append([]*watch{w}, rest...), true
		}
	}
	return nil, false
}

// follow has the debug option follow the reply to the new holder of the duty.
func (r Reply[R]) follow(w *watch) {
	if last := r.p.watched.Load(); last != nil && last.first == w.first {
		r.p.watched.CompareAndSwap(last, w) // it fails if the call is over, or given on
	}
	if err := w.debug.enter(w); err != nil {
		r.Fail(err)
	}
}

// over takes the waits of w's call out. The call is not open any more: enter
// adds none afterwards.
func (w *watch) over() {
	id, d := w.first.waiter.id, w.debug
	if id == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	left := slices.DeleteFunc(d.waits[id], func(o *watch) bool { return o.first == w.first })
	if len(left) == 0 {
		delete(d.waits, id)
	} else {
		d.waits[id] = left
	}
}

// gaveUp says that the caller waits no more; w had the duty, unless nobody had.
func (w *watch) gaveUp(owed bool) {
	w.over()
	if owed && w.handled.Load() {
		w.report("the caller has given up")
	}
}

func (w *watch) report(when any) {
	if w.sys == nil {
		return
	}
	w.sys.Logger().Warn("rpc: request handled but not answered",
		"actor", w.callee.name, "message", w.message, "noticed", when)
}

// The watch is the ticket.

func (w *watch) Open() error { return w.port.Open() }

// Handled notes it before it asks the port: a caller that gives up after the
// port has said yes finds the note.
func (w *watch) Handled() bool {
	w.handled.Store(true)
	return w.port.handled(w.number)
}

func (w *watch) Discard(reason error) {
	if w.port.discard(w.number, reason) && w.handled.Load() {
		w.report(reason)
	}
}
