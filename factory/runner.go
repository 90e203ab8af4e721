package factory

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

// runner is the actor around one Worker: an incarnation of a slot. Its messages
// are jobs, one at a time.
//
// state and err are how it hands a job's result to the factory. The factory
// takes state from free to given, from ended to free, and from anything to gone;
// the runner takes the steps between. err is written before ended and read after it. The report that
// follows is a message to the factory; should the factory hear of the runner's
// death first, or be stopping and take no messages, state still says how far the
// job has come, and no result is lost or counted twice.
type runner[J any] struct {
	home   *actor.Context[message[J]] // the factory's
	make   func(id int) Worker[J]
	fresh  *fresh
	id     int
	blocks bool

	w     Worker[J]
	state atomic.Uint32
	err   error

	ready  func() error // run inside the factory when the worker has started; nil if nobody waits for that
	report func() error // and when a job has ended

	// For the factory alone.
	worked bool // it has begun a job
	stuck  bool // it was killed by the dead man's switch
}

const (
	free  uint32 = iota
	given        // on its way to the worker
	begun        // Do runs
	ended        // Do has returned
	gone         // the factory has given the runner up
)

// PreStart makes the worker.
func (r *runner[J]) PreStart(ctx *actor.Context[J]) error {
	r.w = r.make(r.id)
	if v := reflect.ValueOf(r.w); r.w == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("%w for worker %d", ErrNilWorker, r.id)
	}
	if err := r.fresh.check(r.id, r.w); err != nil {
		return err
	}
	if s, ok := r.w.(Starter); ok {
		if err := s.Start(ctx); err != nil {
			return err
		}
	}
	if r.ready != nil {
		return actor.Post(r.home, r.ready)
	}
	return nil
}

// Handle does a job.
func (r *runner[J]) Handle(ctx *actor.Context[J], payload J) error {
	if !r.state.CompareAndSwap(given, begun) {
		return nil // written off, and the job is with another by now
	}
	err := r.do(ctx, payload)
	if err != nil && ctx.Err() != nil {
		return err // killed in the middle of it: nobody looks at this, its Down says all
	}
	r.err = err
	if !r.state.CompareAndSwap(begun, ended) {
		return nil
	}
	_ = actor.Post(r.home, r.report) // refused by a factory that stops, which looks at state
	if err != nil && errors.Is(err, ErrBroken) {
		return err
	}
	return nil
}

func (r *runner[J]) do(ctx context.Context, payload J) (err error) {
	if !r.blocks {
		return r.w.Do(ctx, payload)
	}
	ran := false
	_, err = actor.Blocking(ctx, func() (struct{}, error) {
		ran = true
		return struct{}{}, r.w.Do(ctx, payload)
	})
	if !ran { // too many wait already: the monitor will have to find this one
		err = r.w.Do(ctx, payload)
	}
	return err
}

// PostStop ends the worker.
func (r *runner[J]) PostStop(ctx *actor.Context[J]) error {
	if s, ok := r.w.(Stopper); ok {
		return s.Stop(ctx)
	}
	return nil
}
