package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/actor"
)

func supervise() scenario {
	return scenario{
		name:   "supervise",
		work:   "Producers outside send to 100 children, one of which panics at every thousandth message; their parent starts a new child for each that fails. What a failed child had in its mailbox is discarded, what is sent while there is none is refused, and all of it is in the account.",
		op:     "a message",
		full:   size{Actors: 100, Messages: 2_000_000, Producers: 2},
		modest: size{Actors: 100, Messages: 1_000_000, Producers: 2},
		variants: []variant{{
			ours:   superviseOurs,
			actors: func(s size) int { return s.Actors + 1 },
		}},
	}
}

// poisonEvery is how often a message makes its child panic.
const poisonEvery = 1000

// task is a message for a child.
type task struct{ poison bool }

// post is a place that one child after another has.
type post struct {
	ref             atomic.Pointer[actor.Ref[task]]
	handled, failed int64 // written by the child that has it
}

// worker is a child.
type worker struct{ at *post }

func (w *worker) Handle(_ *actor.Context[task], m task) error {
	if m.poison {
		w.at.failed++
		panic("a poisoned task")
	}
	w.at.handled++
	return nil
}

// foreman starts the children, and another for each that fails.
type foreman struct {
	posts    []post
	at       map[actor.AnyRef]*post
	restarts int64
	ready    chan struct{}
}

func (f *foreman) PostStart(ctx *actor.Context[struct{}]) error {
	defer close(f.ready)
	for i := range f.posts {
		if err := f.fill(ctx, &f.posts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (f *foreman) fill(ctx *actor.Context[struct{}], at *post) error {
	ref, err := actor.SpawnLinked(ctx, &worker{at})
	if err != nil {
		return err
	}
	f.at[ref.Any()] = at
	at.ref.Store(&ref)
	return nil
}

func (f *foreman) Handle(*actor.Context[struct{}], struct{}) error { return nil }

func (f *foreman) HandleSupervision(ctx *actor.Context[struct{}], ev actor.Event) error {
	at := f.at[ev.Actor]
	switch ev.Kind {
	case actor.Terminated: // drained, at the end
		delete(f.at, ev.Actor)
	case actor.Failed:
		delete(f.at, ev.Actor)
		if at == nil {
			return fmt.Errorf("%v failed, which is no child", ev.Actor)
		}
		f.restarts++
		// At the end the last to fail may meet a parent that is draining.
		return unless(f.fill(ctx, at), actor.ErrStopping)
	}
	return nil
}

func superviseOurs(ctx context.Context, t *trial) error {
	boss := &foreman{
		posts: make([]post, t.size.Actors),
		at:    map[actor.AnyRef]*post{},
		ready: make(chan struct{}),
	}
	producers := t.size.Producers
	refused := make([]int64, producers)
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		parent, err := actor.Spawn(ctx, boss)
		if err != nil {
			return err
		}
		if err := await(ctx, boss.ready); err != nil {
			return err
		}
		return t.measure(t.size.Messages, func() error {
			errs := make([]error, producers)
			var all sync.WaitGroup
			for p := range producers {
				all.Go(func() { refused[p], errs[p] = boss.employ(ctx, p, share(t.size.Messages, producers, p)) })
			}
			all.Wait()
			for i := range boss.posts {
				last := boss.posts[i].ref.Load()
				last.Drain()
				// It may still fail on the way: then its place is filled again,
				// but nobody sends any more.
				_ = last.Wait(ctx)
			}
			parent.Drain()
			return errors.Join(errors.Join(errs...), unless(parent.Wait(ctx), actor.ErrDrained))
		})
	})
	if errIsRunning(err) {
		return err
	}
	account := ledger{sent: t.size.Messages}
	for i := range boss.posts {
		account.handled += boss.posts[i].handled
		account.failed += boss.posts[i].failed
	}
	for _, n := range refused {
		account.refused += n
	}
	t.balance(account)
	t.want("restarts", boss.restarts, account.failed)
	return err
}

// employ sends n tasks to the children in turn and counts the refused.
func (f *foreman) employ(ctx context.Context, producer int, n int64) (refused int64, err error) {
	for i := range n {
		to := f.posts[(int64(producer)+i)%int64(len(f.posts))].ref.Load()
		switch err := to.Cast(ctx, task{poison: i%poisonEvery == poisonEvery-1}); {
		case err == nil:
		case errors.Is(err, actor.ErrStopped):
			refused++
		default:
			return refused, fmt.Errorf("producer %d, message %d: %w", producer, i+1, err)
		}
	}
	return refused, nil
}
