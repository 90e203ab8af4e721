package factory

import (
	"context"
	"errors"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// Factory is the address of a factory: small, comparable, safe in every
// goroutine. The zero Factory is none.
type Factory[J any] struct {
	ref  actor.Ref[message[J]]
	jobs actor.Ref[J]
	gate *gate[J]
}

// Spawn starts a factory and its workers, one after the other; when one fails
// all are undone, and the error names it. ctx and opts are as actor.Spawn's;
// where its errors come from the Config they are ErrConfig with the field. It
// links nothing by itself.
//
// A bounded mailbox (actor.Bounded) bounds jobs that the factory has not looked
// at yet, which nobody accounts for: Config.Limit is what bounds its queues.
func Spawn[J any](ctx context.Context, cfg Config[J], opts ...actor.Option) (Factory[J], error) {
	return spawn(cfg, func(c *core[J]) (actor.Ref[message[J]], error) { return actor.Spawn(ctx, c, opts...) })
}

// SpawnLinked is Spawn as a child of the actor that ctx belongs to.
func SpawnLinked[J any](ctx actor.Inside, cfg Config[J], opts ...actor.Option) (Factory[J], error) {
	return spawn(cfg, func(c *core[J]) (actor.Ref[message[J]], error) { return actor.SpawnLinked(ctx, c, opts...) })
}

func spawn[J any](cfg Config[J], begin func(*core[J]) (actor.Ref[message[J]], error)) (Factory[J], error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return Factory[J]{}, err
	}
	c := newCore(cfg)
	ref, err := begin(c)
	if err != nil {
		return Factory[J]{}, err
	}
	return Factory[J]{ref: ref, jobs: actor.Adapt(ref, c.gate.wrap), gate: c.gate}, nil
}

// Ref takes jobs as messages: Cast, Adapt and timers work, and rpc.Call where a
// job holds an rpc.Reply (then OnDiscard should fail it). A Cast says nothing of
// what becomes of the job; OnDone and OnDiscard do. Stop, Kill, Wait and the
// others mean the factory: Stop discards what waits (Shutdown) and gives what is
// under way Config.Shutdown; Kill ends everything at once, without OnDiscard,
// and the accounts say Shutdown. The Ref is the same each time.
func (f Factory[J]) Ref() actor.Ref[J] { return f.jobs }

// Any is the factory as an actor of any type, for links and monitors.
func (f Factory[J]) Any() actor.AnyRef { return f.ref.Any() }

// Submit sends job and returns when it is accepted (row FA21), or why not: a
// *RefusedError; actor.ErrStopped, actor.ErrNoActor and the other errors of a
// call when it has not reached the factory; context.Cause(ctx) when ctx ends
// first, and then it may have been accepted. Accepted means that it will end as
// done or discarded, whatever becomes of its worker. Any goroutine may call it,
// workers too, but not the functions of the Config, which get rpc.ErrSelfCall. A
// worker that still waits when the factory stops is killed after Config.Shutdown.
func (f Factory[J]) Submit(ctx context.Context, job J) error {
	if f.gate == nil {
		return actor.ErrNoActor
	}
	refused, err := rpc.Call(ctx, f.ref, func(r rpc.Reply[*RefusedError]) message[J] {
		m := f.gate.wrap(job)
		m.answer = r
		return m
	})
	switch {
	case err != nil:
		return err
	case refused != nil:
		return refused
	}
	return nil
}

// Resize makes the pool larger or smaller (row FA23) and returns when that has
// begun: new workers start on their own; of too many those with the highest
// numbers leave, after what waits for them. With 0 workers jobs wait until there
// are some again. The errors: ErrConfig, and those of a call, as for Submit.
func (f Factory[J]) Resize(ctx context.Context, workers int) error {
	return f.ask(ctx, func(c *core[J]) error { return c.resize(workers) })
}

// Update changes settings of a running factory (row FA30): change gets a copy of
// the Config, with Workers as it is now, and what it leaves there counts from
// the next job on; NewWorker and Blocks from the next worker on. It runs inside
// the factory. If the result is of no use nothing has changed, and the error is
// ErrConfig with the field; a panic of change is an *actor.PanicError. The other
// errors are those of a call, as for Submit. A new TTL or StuckAfter counts for
// jobs that wait or are under way too; a new Router gets those that wait in the
// shared queue.
func (f Factory[J]) Update(ctx context.Context, change func(*Config[J])) error {
	if change == nil {
		return errNilChange
	}
	return f.ask(ctx, func(c *core[J]) error { return c.update(change) })
}

// ask has do run inside the factory.
func (f Factory[J]) ask(ctx context.Context, do func(c *core[J]) error) error {
	result, err := rpc.Call(ctx, f.ref, func(r rpc.Reply[error]) message[J] {
		return message[J]{do: func(c *core[J]) { r.Send(do(c)) }}
	})
	if err != nil {
		return err
	}
	return result
}

// Drain refuses new jobs (Shutdown), waits until all others have ended, retries
// included, and for the end of the factory, which then stops (row FA26). What
// can never be done, because there are no workers or the router leaves it where
// it is, is discarded. When ctx ends first Drain returns its cause, and the
// factory goes on draining. Draining again waits too. A worker of the factory,
// which would wait for itself, gets actor.ErrSelf.
//
// It is not Ref().Drain(), which only empties the mailbox and then is a Stop.
func (f Factory[J]) Drain(ctx context.Context) error {
	if me := actor.Caller(); !me.IsZero() && !f.ref.IsZero() && (me == f.ref.Any() || me.Parent() == f.ref.Any()) {
		return actor.ErrSelf
	}
	err := f.ref.Cast(ctx, message[J]{do: (*core[J]).drain})
	if err != nil && !errors.Is(err, actor.ErrStopped) {
		return err
	}
	return f.ref.Wait(ctx)
}

// Available returns how many jobs would be accepted if they came now: as many as
// workers are idle, and, if there is a Limit, as queues have room (row FA31).
// With the routers of this package whose jobs wait at workers that is the room
// of all workers' queues, though a keyed router may want more of one than it has;
// otherwise it is that of the shared queue. It is 0 in a drain. The errors are
// those of a call, as for Submit. It costs time in proportion to the workers.
func (f Factory[J]) Available(ctx context.Context) (int, error) {
	return rpc.Call(ctx, f.ref, func(r rpc.Reply[int]) message[J] {
		return message[J]{do: func(c *core[J]) { r.Send(c.available()) }}
	})
}

// Stats returns the accounts: one consistent picture, at any moment, also after
// the factory's end. Any goroutine may call it; it costs a lock.
func (f Factory[J]) Stats() Stats {
	if f.gate == nil {
		return Stats{}
	}
	status := f.ref.Status() // before the accounts: once it is Stopped they do not change
	return f.gate.books.read(status)
}
