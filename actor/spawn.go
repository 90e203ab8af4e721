package actor

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/sched"
)

// Option is a setting of one Spawn.
type Option struct{ set func(*options) error }

type options struct {
	name     string
	named    bool
	parent   *cell
	bound    int
	overflow Overflow
	keep     bool
	remote   bool
}

// Named gives the actor a name in its System: Whereis and ByName find it until
// the actor is stopping. The name is claimed before PreStart and free again
// before the supervisor is told of the end (rows N1-N4).
func Named(name string) Option {
	return Option{func(o *options) error {
		if name == "" {
			return fmt.Errorf("%w: Named(%q): a name must not be empty", ErrOption, name)
		}
		o.name, o.named = name, true
		return nil
	}}
}

// LinkedTo makes the actor a child of parent: its end is reported to parent,
// and it dies with parent. An actor of another node cannot be one: ErrNotSupported.
func LinkedTo(parent AnyRef) Option {
	return Option{func(o *options) error {
		o.parent = parent.actor()
		if o.parent == nil {
			return fmt.Errorf("LinkedTo: %w", ErrNoActor)
		}
		if s := o.parent.shim(); s != nil {
			return s.unsupported("LinkedTo")
		}
		return nil
	}}
}

// Bounded lets at most n messages wait; the default has no bound. The room for
// n is taken at once. Stop, Kill, supervision events and the continuations of
// requests are not bounded.
func Bounded(n int, full Overflow) Option {
	return Option{func(o *options) error {
		if n < 1 || n > mailbox.MaxBound {
			return fmt.Errorf("%w: Bounded(%d, %v): want a bound from 1 to %d", ErrOption, n, full, mailbox.MaxBound)
		}
		if full > WaitForRoom {
			return fmt.Errorf("%w: Bounded(%d, %v): no such rule", ErrOption, n, full)
		}
		o.bound, o.overflow = n, full
		return nil
	}}
}

// Overflow says what a send to a full mailbox does.
type Overflow uint8

// The overflow rules.
const (
	// Refuse: the sender gets ErrMailboxFull.
	Refuse Overflow = iota
	// DropNewest: the message becomes a dead letter, the sender gets nil.
	DropNewest
	// DropOldest: the oldest message becomes a dead letter and makes room.
	DropOldest
	// WaitForRoom: the sender waits until ctx ends. Inside a handler it never
	// waits, for it could wait for itself: it gets ErrMailboxFull.
	WaitForRoom
)

var overflowNames = [...]string{"refuse", "drop newest", "drop oldest", "wait for room"}

// String returns the rule's name.
func (o Overflow) String() string {
	if int(o) < len(overflowNames) {
		return overflowNames[o]
	}
	return fmt.Sprintf("Overflow(%d)", uint8(o))
}

// Spawn starts an actor and returns its Ref as soon as PreStart has succeeded;
// PostStart runs as its first turn. ctx chooses the System (WithSystem, or the
// one that the caller is inside of) and bounds PreStart, never the actor's
// life. When PreStart fails, panics or is cancelled, everything is as it was
// before: the name is free, what was queued are dead letters, children that
// PreStart has linked are killed, and nobody is told but by Spawn's error,
// which is PreStart's, a *PanicError, context.Cause(ctx), or ErrKilled.
//
// A Spawn inside a handler links nothing by itself: see SpawnLinked.
//
// Other errors: ErrNilActor, ErrHook when a has a method with the name of a hook
// that would not be called, ErrNameTaken, ErrStopping when the parent takes no
// children any more, ErrOption, ErrSystemShutDown, and ErrKilled too when the
// caller has been abandoned.
func Spawn[A Actor[M], M any](ctx context.Context, a A, opts ...Option) (Ref[M], error) {
	return spawn[M](ctx, a, nil, false, opts)
}

// SpawnLinked is Spawn as a child of the actor that ctx belongs to.
func SpawnLinked[A Actor[M], M any](ctx Inside, a A, opts ...Option) (Ref[M], error) {
	if ctx == nil {
		return Ref[M]{}, ErrNilContext
	}
	return spawn[M](ctx, a, ctx.inside(), false, opts)
}

// SpawnInstant is Spawn without waiting (rows SP3, SP4): it returns at once, the
// mailbox fills while PreStart runs on a worker, and when PreStart fails only
// Wait tells. ctx does not bound PreStart. Only then is the actor linked, if it
// is to be. Useful where PreStart takes long, or where a handler spawns.
func SpawnInstant[A Actor[M], M any](ctx context.Context, a A, opts ...Option) (Ref[M], error) {
	return spawn[M](ctx, a, nil, true, opts)
}

func spawn[M any](ctx context.Context, a Actor[M], parent *cell, instant bool, opts []Option) (Ref[M], error) {
	if ctx == nil {
		return Ref[M]{}, ErrNilContext
	}
	if isNil(a) {
		return Ref[M]{}, fmt.Errorf("%w: %T", ErrNilActor, a)
	}
	if fenced(ctx) {
		return Ref[M]{}, ErrKilled
	}
	o := options{parent: parent}
	if len(opts) > 0 {
		var err error
		if o, err = collect(o, opts); err != nil {
			return Ref[M]{}, err
		}
	}
	if sched.Driven() {
		op := sched.Op{Kind: sched.OpSpawn}
		if o.named {
			op.On, op.Note = nameOp(o.name), o.name
		}
		sched.Reach(op)
	}
	sys, err := enter(ctx)
	if err != nil {
		return Ref[M]{}, err
	}
	c, err := create(sys, a, &o)
	if err != nil {
		sys.leave()
		return Ref[M]{}, err
	}
	sched.Touch(&c.task, nil)
	if o.remote {
		if err := sys.remotables.enter(&c.cell); err != nil {
			c.startFailed(err)
			return Ref[M]{}, err
		}
	}
	if sys.closing.Load() {
		// Shutdown may have looked for actors before this one was there.
		c.startFailed(ErrSystemShutDown)
		return Ref[M]{}, ErrSystemShutDown
	}
	if instant {
		if o.parent != nil {
			c.extra().pending = o.parent
		}
		c.schedule()
		return c.Self(), nil
	}
	if c.kind.hooks.has(preStart) || o.parent != nil {
		if err := c.startUnder(ctx, o.parent); err != nil {
			c.startFailed(err)
			return Ref[M]{}, err
		}
	} else {
		c.set(startedFlag)
	}
	c.launch()
	return c.Self(), nil
}

// collect applies options. The pointer that they are given makes o escape: here,
// so that a Spawn without options does not pay for it.
func collect(o options, opts []Option) (options, error) {
	for _, opt := range opts {
		if opt.set == nil {
			continue
		}
		if err := opt.set(&o); err != nil {
			return o, err
		}
	}
	err := o.checkKeep()
	return o, err
}

// create makes the actor, with its name, but does not start it.
func create[M any](sys *System, a Actor[M], o *options) (*Context[M], error) {
	k, err := kindOf(sys, a)
	if err != nil {
		return nil, err
	}
	if o.parent != nil {
		if o.parent.kind.sys != sys {
			return nil, fmt.Errorf("%w: the parent %v belongs to another System", ErrOption, ref{o.parent})
		}
		if o.parent.status() >= Draining {
			return nil, fmt.Errorf("%w: %v is %v", ErrStopping, ref{o.parent}, o.parent.status())
		}
	}
	c := &Context[M]{actor: a}
	c.kind = k
	c.task.Runner = (*turner[M])(c)
	c.life.Store(uint32(Starting) | uint32(o.overflow)<<overflowShift)
	if o.keep {
		c.set(keepFlag)
	}
	c.seq = sys.spawned.Add(1)
	if o.bound > 0 {
		if err := c.box.Bound(o.bound); err != nil {
			return nil, err
		}
	}
	c.box.Wake() // awake, and ours: nobody schedules it while it starts
	c.id = sys.ids.Reserve()
	if o.named {
		c.extra().name = o.name // before anybody can find the actor
		if owner, ok := sys.names.Claim(o.name, &c.cell); !ok {
			sys.ids.Remove(c.id)
			return nil, &NameTakenError{Name: o.name, Owner: AnyRef{ref{owner}}}
		}
	}
	sys.ids.Set(c.id, &c.cell)
	return c, nil
}

// startUnder runs PreStart bounded by ctx.
func (c *Context[M]) startUnder(ctx context.Context, parent *cell) error {
	if ctx.Done() == nil || !c.kind.hooks.has(preStart) {
		return c.start(parent)
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	// To the actor that starts, ctx's end is a kill.
	stop := context.AfterFunc(ctx, func() { c.kill(context.Cause(ctx)) })
	defer stop() // after runtime.Goexit in PreStart
	err := c.start(parent)
	if !stop() { // it came before the start was over: no matter how far it got
		return context.Cause(ctx)
	}
	return err
}

// start runs PreStart and links the actor (rows L1, SP2).
func (c *Context[M]) start(parent *cell) error {
	if c.kind.hooks.has(preStart) && !c.has(killedFlag) {
		if err := c.runPreStart(); err != nil {
			return err
		}
	}
	if c.has(killedFlag) {
		return c.killCause()
	}
	if r := c.rare.Load(); r != nil && r.pending != nil {
		parent, r.pending = r.pending, nil
	}
	c.set(startedFlag)
	if parent == nil {
		return nil
	}
	switch err := c.linkStarted(parent); {
	case err == nil:
		return nil
	case c.has(killedFlag):
		return c.killCause()
	default:
		return fmt.Errorf("%w: %v is %v", err, ref{parent}, parent.status())
	}
}

// runPreStart turns a panic into an error. After runtime.Goexit the goroutine is
// ending and nobody will take an error: the start is undone on the way.
func (c *Context[M]) runPreStart() (err error) {
	pop := starts.push(&c.cell)
	returned := false
	defer func() {
		pop()
		if returned {
			return
		}
		value := recover()
		if value == nil {
			err = &PanicError{Value: sched.ErrGoexit, Stack: debug.Stack()}
			c.startFailed(err)
			return
		}
		err = &PanicError{Value: value, Stack: debug.Stack()}
	}()
	c.begins("PreStart")
	err = c.actor.(PreStarter[M]).PreStart(c) //nolint:forcetypeassert // the kind says so
	returned = true
	if c.has(killedFlag) {
		return c.killCause() // what it returned is ignored
	}
	return err
}

// startFailed undoes a start: nobody was told of it, nobody is told of its end.
func (c *Context[M]) startFailed(err error) {
	if c.has(keptFlag) {
		c.relapse() // it was no start
		return
	}
	if !c.claim() {
		c.actor = nil
		return // abandoned
	}
	if p := c.parent.Load(); p != nil {
		c.leave(p)
	}
	c.life.And(^startedFlag)
	c.stopping()
	e := ending{err: err, failed: !errors.Is(err, ErrKilled)}
	c.discard(e)
	c.actor = nil
	c.conclude(e, nil)
}

// launch ends Spawn. Without PostStart there is nothing to run, and the actor
// goes straight to sleep: a million idle actors cost no turn.
func (c *Context[M]) launch() {
	if !c.kind.hooks.has(postStart) && !c.has(killedFlag) {
		c.running()
		if c.status() == Running && !c.hasLate() && c.sleep() {
			return
		}
	}
	c.schedule()
}

// isNil says that a is nil, or a nil pointer in an interface.
func isNil(a any) bool {
	if a == nil {
		return true
	}
	v := reflect.ValueOf(a)
	switch v.Kind() {
	case reflect.Pointer, reflect.Func:
		return v.IsNil()
	default:
		return false
	}
}
