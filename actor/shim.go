package actor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/ractor-go/ractor/sched"
)

// Far is the way to an actor of another node, as package cluster has it. Any
// goroutine may call its methods, the clock's and those of workers too: none
// but End may block, and none may panic.
type Far interface {
	// String returns name, node and id, for people.
	String() string

	// Sender returns the Sender[M] for the reflect.Type of M, or why there is
	// none: ErrWrongType when the actor is known to take other messages. It is
	// asked after End too.
	Sender(message reflect.Type) (any, error)

	// Stop, Kill and Drain ask for the end as Ref's methods of these names do;
	// there is no answer, and a peer may be unable to comply.
	Stop(reason error)
	Kill()
	Drain()

	// End is the same for callers who will wait for the end: it returns nil
	// when the peer has been asked and is able to do so, and ErrNotSupported
	// when it is not. If it waits for the peer's word, it does so by Park.
	End(ctx context.Context, op EndOp, reason error) error
}

// EndOp is a way to end an actor.
type EndOp uint8

// The ways to end an actor.
const (
	EndStop EndOp = iota + 1
	EndKill
	EndDrain
)

var endOpNames = [...]string{EndStop: "stop", EndKill: "kill", EndDrain: "drain"}

// String returns the way's name.
func (o EndOp) String() string {
	if o >= EndStop && o <= EndDrain {
		return endOpNames[o]
	}
	return fmt.Sprintf("EndOp(%d)", uint8(o))
}

// Sender sends messages of type M to shims; one may serve many.
type Sender[M any] interface {
	// Send is Ref.Cast, or Request when t is not nil: nil means accepted, and
	// then t's holder is told exactly once what became of the request, as
	// Ticket says; on an error it is not. ctx is the sender's, and Send runs on
	// the sender's goroutine, with a timer on the clock's: it must not block.
	// The shim may end while Send runs, or just before: that is ErrStopped, with
	// the reason.
	Send(ctx context.Context, to *Shim, m M, t *Ticket) error
}

// Shim stands for an actor of another node, in a System whose actors have Refs
// to it. It has an id, a Status (Running, until End), monitors, waiters, timers
// and OnStopping hooks as an actor has; but no mailbox, no turn, no parent and no
// children. It does not count as an actor of the System, is not listed among
// them, and does not keep the default System alive. What can be done to an actor
// and not to it is ErrNotSupported.
type Shim struct {
	cell
	far    Far
	gone   error // written before Stopping: what a send returns from then on
	sender atomic.Pointer[any]
}

// remote is a Shim as the cell's task holds it, a type of its own as turner is.
type remote Shim

// Turn is never called: nobody schedules a shim.
func (*remote) Turn(*sched.Carrier) bool { return false }

// Crashed is never called either.
func (*remote) Crashed(*sched.Carrier, any, []byte) bool { return false }

func (s *remote) cellOf() *cell { return &s.cell }

// farKind is the kind of a System's shims.
type farKind kind

// NewShim makes a shim in sys, which must not be nil, for the actor that far
// leads to. Whoever makes it must End it. When sys is shutting down, the shim has
// ended already, with ErrSystemShutDown; a Shutdown ends those that are left, and
// so does the end of the default System. Any goroutine may call it.
func NewShim(sys *System, far Far) *Shim {
	s := &Shim{far: far}
	s.kind = (*kind)(Shared(sys, func() *farKind { return &farKind{sys: sys, name: "remote"} }))
	s.task.Runner = (*remote)(s)
	s.life.Store(uint32(Running) | startedFlag | begunFlag)
	sys.shims.Add(1)
	s.id = sys.ids.Reserve()
	sys.ids.Set(s.id, &s.cell)
	sched.Touch(&s.task, nil)
	// First the books, then the look: a Shutdown closes first and looks into
	// the books then.
	if sys.closing.Load() {
		s.End(ErrSystemShutDown)
	}
	return s
}

// ShimOf returns the shim whose Ref r is; nil for every other Ref, also for one of
// Adapt that leads to a shim. It costs some ns.
func ShimOf(r AnyRef) *Shim {
	if r.c != nil {
		return r.c.shim()
	}
	return nil
}

// shim returns the shim that r leads to, nil if there is none.
func (r ref) shim() *Shim {
	if c := r.actor(); c != nil {
		return c.shim()
	}
	return nil
}

// shim returns c's shim, nil if it is an actor.
func (c *cell) shim() *Shim {
	if s, ok := c.task.Runner.(*remote); ok {
		return (*Shim)(s)
	}
	return nil
}

// Ref returns the Ref of the shim; As gives it a message type.
func (s *Shim) Ref() AnyRef { return AnyRef{ref{&s.cell}} }

// Far returns what NewShim was given.
func (s *Shim) Far() Far { return s.far }

// End says that the actor is gone, or cannot be reached any more: err is nil, or
// ErrDrained, if it has ended gracefully. The order is that of an actor's end
// (row L7): sends are refused, with ErrStopped and err; hooks run, so that groups
// are left; monitors are told Terminated with err; who waits goes on. The first
// End counts, later ones do nothing. It runs the hooks, and what they send, on
// the calling goroutine. Any goroutine may call it.
func (s *Shim) End(err error) {
	s.reach(sched.OpEnd, "end")
	if !s.claim() {
		return
	}
	s.gone = ErrStopped
	if err != nil {
		s.gone = fmt.Errorf("%w: %w", ErrStopped, err)
	}
	// A hook may end this goroutine: those who wait must not suffer for it.
	defer s.conclude(ending{err: err, graceful: true}, nil)
	s.stopping()
}

// sendFar sends to the actor. A timer's message counts as handled when it leaves:
// from then on it cannot be taken back.
func sendFar[M any](ctx context.Context, s *Shim, e envelope[M]) error {
	if sched.Driven() {
		s.reachSend(e.m, false)
	}
	if s.status() >= Stopping {
		return s.gone
	}
	if fenced(ctx) {
		return ErrKilled
	}
	sender, err := senderOf[M](s)
	if err != nil {
		return err
	}
	if e.tag == nil {
		return sender.Send(ctx, s, e.m, nil)
	}
	switch tag := e.tag.(type) {
	case *Ticket:
		return sender.Send(ctx, s, e.m, tag)
	case *timer:
		if _, ok := tag.open(); !ok {
			s.kind.sys.dead.count(errWithdrawn)
			return nil
		}
		if err := guard(func() error { return sender.Send(ctx, s, e.m, nil) }); err != nil {
			s.kind.sys.deadLetter(&s.cell, e.m, err)
		}
		return nil
	default:
		return fmt.Errorf("%w: a %T cannot be sent to %v", ErrNotSupported, tag, s.far)
	}
}

// sending is a Sender as a shim keeps it: it is found by comparing one pointer.
type sending[M any] struct{ Sender[M] }

// senderOf returns the Sender for messages of type M. The shim keeps the last
// one, for most take messages of one type.
func senderOf[M any](s *Shim) (Sender[M], error) {
	if kept := s.sender.Load(); kept != nil {
		if k, ok := (*kept).(*sending[M]); ok {
			return k.Sender, nil
		}
	}
	found, err := s.far.Sender(reflect.TypeFor[M]())
	if err != nil {
		return nil, err
	}
	sender, ok := found.(Sender[M])
	if !ok {
		return nil, fmt.Errorf("%w: %v: a %T does not send messages of %v", ErrWrongType, s.far, found, reflect.TypeFor[M]())
	}
	var kept any = &sending[M]{sender}
	s.sender.Store(&kept)
	return sender, nil
}

// end asks for the end, without an answer.
func (s *Shim) end(op EndOp, reason error) {
	if s.status() >= Stopping {
		return
	}
	switch op {
	case EndStop:
		s.far.Stop(reason)
	case EndKill:
		s.far.Kill()
	case EndDrain:
		s.far.Drain()
	}
}

// endAndWait is Ref.StopAndWait, KillAndWait or DrainAndWait.
func (s *Shim) endAndWait(ctx context.Context, op EndOp) error {
	if err := check(ctx); err != nil {
		return err
	}
	if s.status() < Stopping {
		s.reach(sched.OpEnd, op.String())
		if err := s.far.End(ctx, op, nil); err != nil && s.status() < Stopping {
			return err
		}
	}
	err := s.wait(ctx)
	if op == EndKill && errors.Is(err, ErrKilled) && s.status() == Stopped {
		return nil
	}
	return err
}

// unsupported is the error of what cannot be done to an actor of another node.
func (s *Shim) unsupported(what string) error {
	return fmt.Errorf("%w: %s: %v", ErrNotSupported, what, s.far)
}

// endShims ends the shims that are left when the System ends.
func (sys *System) endShims() {
	if sys.shims.Load() == 0 {
		return
	}
	for _, c := range sys.ids.All() {
		if c == nil {
			continue
		}
		if s := c.shim(); s != nil {
			s.End(ErrSystemShutDown)
		}
	}
}
