package actor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// StopTree stops the actor and everything below it, leaves first, children in
// the reverse order of their start, each gracefully: PostStop runs everywhere.
// No parent is told of the exits that this orders, so none restarts anything;
// new children are refused. When ctx ends, what is left is killed, and StopTree
// returns context.Cause(ctx) as soon as it has ended, at the latest after
// Config.KillGrace. Inside the tree itself it returns ErrSelf, and for an actor
// of another node ErrNotSupported.
func (r ref) StopTree(ctx context.Context) error {
	if err := check(ctx); err != nil {
		return err
	}
	c := r.actor()
	if c == nil {
		return ErrNoActor
	}
	if s := c.shim(); s != nil {
		return s.unsupported("stop the tree")
	}
	for me := caller(); me != nil; me = me.parent.Load() {
		if me == c {
			return ErrSelf
		}
	}
	left, err := c.stopTree(ctx)
	// All are killed before one is waited for: one KillGrace bounds it.
	for _, x := range left {
		x.kill(ErrKilled)
	}
	for _, x := range left {
		_ = x.wait(context.Background())
	}
	return err
}

// stopTree stops c's tree, leaves first, as far as ctx lets it, and returns who
// is left then.
func (c *cell) stopTree(ctx context.Context) (left []*cell, err error) {
	tree := c.fell()
	for n, x := range slices.Backward(tree) {
		x.stop(nil)
		if err := graceful(x.wait(ctx)); err != nil {
			return tree[:n+1], err
		}
	}
	return nil, nil
}

// fell takes all children in c's tree off their parents, so that their ends are
// nobody's events and no more come. It returns the tree, parents before
// children and older siblings with all their own before younger ones.
func (c *cell) fell() (tree []*cell) {
	for list := []*cell{c}; len(list) > 0; {
		x := list[len(list)-1]
		list = append(list[:len(list)-1], x.disown()...) // the oldest comes last, and is next
		tree = append(tree, x)
	}
	return tree
}

// ShutdownError says that a Shutdown had to kill, and what did not return.
type ShutdownError struct {
	Err   error   // why it could not wait: the cause of its ctx
	Stuck []Stuck // actors whose callback has not returned
}

// Error names each actor and shows its goroutine's stack.
func (e *ShutdownError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "actor: shutdown: %v", e.Err)
	for _, s := range e.Stuck {
		fmt.Fprintf(&b, "\n%v has not returned from its callback:\n%s", s.Actor, s.Stack)
	}
	return b.String()
}

// Unwrap returns the cause of ctx.
func (e *ShutdownError) Unwrap() error { return e.Err }

// Shutdown ends the System: no actor can be spawned any more; those without a
// parent are stopped in the reverse order of spawning, each with its tree,
// leaves first (StopTree). When it has returned nil, no goroutine of the System
// is left. When ctx ends first, the rest is killed, and at the latest after
// Config.KillGrace Shutdown returns a *ShutdownError that names every actor
// whose callback has not returned. Inside an actor of the System it returns
// ErrSelf. A second call waits for the first, and returns nil after it.
func (sys *System) Shutdown(ctx context.Context) error {
	if err := check(ctx); err != nil {
		return err
	}
	if me := caller(); me != nil && me.kind.sys == sys {
		return ErrSelf
	}
	if sys.standard {
		standard.CompareAndSwap(sys, nil)
	}
	sys.closing.Store(true)
	select { // first, for if ctx has ended already, select would choose at random
	case sys.ending <- struct{}{}:
	default:
		select {
		case sys.ending <- struct{}{}:
		case <-ctx.Done():
			sys.killAll()
			_ = sys.settle(context.Background()) // KillGrace bounds it
			return &ShutdownError{Err: context.Cause(ctx), Stuck: sys.stuck()}
		}
	}
	defer func() { <-sys.ending }()

	var late error
	for late == nil && sys.count() > 0 {
		roots := sys.roots()
		for _, c := range roots {
			if _, late = c.stopTree(ctx); late != nil {
				break
			}
		}
		if len(roots) == 0 {
			late = sys.settle(ctx)
		}
	}
	if late != nil {
		sys.killAll()
		_ = sys.settle(context.Background()) // KillGrace bounds it
	}
	sys.endShims()
	stuck := sys.stuck()
	closed := sys.sched.Close()
	if late == nil && len(stuck) == 0 {
		select {
		case <-closed:
			return nil
		case <-ctx.Done():
			return &ShutdownError{Err: context.Cause(ctx), Stuck: sys.stuck()}
		}
	}
	if late == nil {
		late = ErrAbandoned
	}
	return &ShutdownError{Err: late, Stuck: stuck}
}

// roots returns the actors without a parent, the youngest first.
func (sys *System) roots() []*cell {
	var roots []*cell
	for _, c := range sys.ids.All() {
		if c != nil && c.parent.Load() == nil && c.shim() == nil {
			roots = append(roots, c)
		}
	}
	slices.SortFunc(roots, func(a, b *cell) int { return cmp.Compare(b.seq, a.seq) })
	return roots
}

func (sys *System) killAll() {
	for _, c := range sys.ids.All() {
		if c != nil && c.shim() == nil {
			c.kill(ErrKilled)
		}
	}
}

// settle waits until the last actor has left the books.
func (sys *System) settle(ctx context.Context) error {
	for sys.count() > 0 {
		select {
		case <-sys.empty:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	sys.nudge() // somebody else may be waiting too
	return nil
}

// nudge has settle look again.
func (sys *System) nudge() {
	select {
	case sys.empty <- struct{}{}:
	default:
	}
}

// stuck returns the written-off actors whose goroutines are still there.
func (sys *System) stuck() []Stuck {
	var out []Stuck
	for _, a := range sys.sched.Activities() {
		if !a.Carrier.Fenced() {
			continue
		}
		if t, ok := a.Task.Runner.(interface{ cellOf() *cell }); ok {
			if s := stuckActor(t.cellOf()); a.Carrier.Fenced() { // still: the stack is that of its callback
				out = append(out, s)
			}
		}
	}
	for _, c := range starts.of(sys) { // on goroutines that are not ours
		known := func(s Stuck) bool { return s.Actor.c == c }
		if c.has(abandonedFlag) && !slices.ContainsFunc(out, known) {
			out = append(out, stuckActor(c))
		}
	}
	return out
}
