package actor

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/ractor-go/ractor/sched"
)

// proxy is what a Ref leads to that is no actor itself.
type proxy interface {
	behind() *cell // the actor behind it now, nil if none
	system() *System
}

// caster is a proxy for messages of type M.
type caster[M any] interface {
	proxy
	cast(ctx context.Context, e envelope[M]) error
}

// proxyCell is the cell of a proxy; it is never scheduled.
type proxyCell struct{ cell }

// Turn is never called: nobody schedules a proxy.
func (*proxyCell) Turn(*sched.Carrier) bool { return false }

// Crashed is never called either.
func (*proxyCell) Crashed(*sched.Carrier, any, []byte) bool { return false }

// runnerProxy makes a caster something that a cell's task can hold.
type runnerProxy[M any] interface {
	caster[M]
	sched.Runner
}

// refTo makes the Ref of a proxy.
func refTo[M any](p *proxyCell, self caster[M]) Ref[M] {
	p.task.Runner = self.(runnerProxy[M]) //nolint:forcetypeassert // every proxy embeds proxyCell
	return Ref[M]{ref: ref{&p.cell}}
}

// Adapt returns a Ref[T] whose messages conv turns into messages for to: so
// what reports to a Ref[T] can report to any actor. conv runs on the sender's
// goroutine, before the message is queued; it must not block and not touch the
// actor's state. All else (Stop, Wait, ID …) means to's actor. It is a new Ref
// each time, unequal to any other.
func Adapt[T, M any](to Ref[M], conv func(T) M) Ref[T] {
	a := &adapter[T, M]{to: to, conv: conv}
	return refTo[T](&a.proxyCell, a)
}

// IsProxy says that r is a Ref of Adapt or ByName: what is sent to it takes a way
// of its own to the actor that it leads to.
func IsProxy(r AnyRef) bool {
	if r.c == nil {
		return false
	}
	_, ok := r.c.task.Runner.(proxy)
	return ok
}

type adapter[T, M any] struct {
	proxyCell
	to   Ref[M]
	conv func(T) M
}

func (a *adapter[T, M]) behind() *cell { return a.to.actor() }

func (a *adapter[T, M]) system() *System {
	if a.to.c == nil {
		return nil
	}
	if p, ok := a.to.c.task.Runner.(proxy); ok {
		return p.system()
	}
	return a.to.c.kind.sys
}

func (a *adapter[T, M]) cast(ctx context.Context, e envelope[T]) error {
	if a.conv == nil {
		return ErrNilConversion
	}
	out := envelope[M]{tag: e.tag}
	switch tag := e.tag.(type) {
	case nil, *Ticket, *timer:
		out.m = a.conv(e.m)
	default:
		return fmt.Errorf("actor: a %T cannot be adapted", tag)
	}
	return a.to.send(ctx, out)
}

// guard runs f on a goroutine of the house: a panic becomes an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f()
}
