package actor

import (
	"context"
	"fmt"

	"github.com/ractor-go/ractor/sched"
)

// Whereis returns the actor that has name now, in the System that ctx leads to
// (row N2): ErrNotFound if none has, or it is stopping; ErrWrongType if it takes
// other messages.
func Whereis[M any](ctx context.Context, name string) (Ref[M], error) {
	if err := check(ctx); err != nil {
		return Ref[M]{}, err
	}
	c := SystemOf(ctx).whereis(name)
	if c == nil {
		return Ref[M]{}, fmt.Errorf("%w: %q", ErrNotFound, name)
	}
	r, ok := As[M](AnyRef{ref{c}})
	if !ok {
		return Ref[M]{}, fmt.Errorf("%w: %q takes %v", ErrWrongType, name, c.kind.message)
	}
	return r, nil
}

func (sys *System) whereis(name string) *cell {
	if sys == nil {
		return nil
	}
	if sched.Driven() {
		sched.Reach(sched.Op{Kind: sched.OpFind, On: nameOp(name), Note: name})
	}
	if c, ok := sys.names.Lookup(name); ok && c.status() < Stopping {
		return c
	}
	return nil
}

// nameOp is a name as what an op is on.
type nameOp string

// String tells it from other things.
func (n nameOp) String() string { return "name " + string(n) }

// Lookup returns the actor with an id, the zero AnyRef if there is none any
// more. It costs some ten ns.
func (sys *System) Lookup(id ID) AnyRef { return AnyRef{ref{sys.ids.Lookup(id)}} }

// ByName returns a Ref that looks name up at each use, and so outlives restarts.
// Sends give ErrNotFound while nobody has the name, ErrWrongType when somebody
// has it who takes other messages. Wait, Stop and the others mean whoever has
// the name at that moment. It costs a look-up, some 30 ns, at each use; two
// calls give two Refs that are not equal.
func ByName[M any](ctx context.Context, name string) Ref[M] {
	p := &named[M]{name: name}
	if ctx != nil {
		p.sys = SystemOf(ctx)
	}
	return p.ref(p)
}

// named is the proxy of ByName. When there was no System at first, it is the
// default one of the moment of use.
type named[M any] struct {
	proxyCell
	sys  *System
	name string
}

func (p *named[M]) system() *System {
	if p.sys != nil && (!p.sys.standard || !p.sys.closing.Load()) {
		return p.sys
	}
	return standard.Load()
}

func (p *named[M]) behind() *cell { return p.system().whereis(p.name) }

func (p *named[M]) cast(ctx context.Context, e envelope[M]) error {
	c := p.behind()
	if c == nil {
		return fmt.Errorf("%w: %q", ErrNotFound, p.name)
	}
	to, ok := As[M](AnyRef{ref{c}})
	if !ok {
		return fmt.Errorf("%w: %q takes %v", ErrWrongType, p.name, c.kind.message)
	}
	return to.send(ctx, e)
}

func (p *named[M]) ref(self caster[M]) Ref[M] { return refTo(&p.proxyCell, self) }
