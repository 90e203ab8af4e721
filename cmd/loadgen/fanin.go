package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ractor-go/ractor/actor"
)

func fanin() scenario {
	const capacity = 1024
	theirs := func(ctx context.Context, t *trial) error { return faninTheirs(ctx, t, capacity) }
	return scenario{
		name:   "fanin",
		work:   "Producers, which are goroutines outside, send to one actor as fast as they can. It is the load under which a mailbox grows.",
		op:     "a message",
		full:   size{Actors: 1, Messages: 5_000_000, Producers: 4, Bound: 1024, Overflow: "wait"},
		modest: size{Actors: 1, Messages: 3_000_000, Producers: 4, Bound: 1024, Overflow: "wait"},
		fixed:  true,
		variants: []variant{
			{
				name: "unbounded", explain: "the mailbox takes what comes (the baseline is bounded)",
				capacity: capacity, ours: faninOurs, theirs: theirs,
				adjust: func(s *size) { s.Bound, s.Overflow = 0, "" },
			},
			{
				name: "bounded", explain: "a mailbox of --bound places; --overflow says what a full one does",
				capacity: capacity, ours: faninOurs, theirs: theirs,
			},
		},
	}
}

// parcel is a message of one producer; number counts from 1.
type parcel struct {
	producer int
	number   int64
}

// sink takes parcels and looks at their order.
type sink struct {
	last    []int64 // by producer
	handled int64
	sum     int64
	gaps    int64 // parcels that did not follow their predecessor
	turned  int64 // of them, those that came behind a later one
}

func (s *sink) take(p parcel) {
	s.handled++
	s.sum += p.number
	if last := s.last[p.producer]; p.number != last+1 {
		s.gaps++
		if p.number <= last {
			s.turned++
		}
	}
	s.last[p.producer] = p.number
}

func (s *sink) Handle(_ *actor.Context[parcel], m parcel) error {
	s.take(m)
	return nil
}

// mailboxOption is the bound that the size asks for.
func mailboxOption(s size) []actor.Option {
	rules := map[string]actor.Overflow{
		"wait": actor.WaitForRoom, "refuse": actor.Refuse,
		"drop-newest": actor.DropNewest, "drop-oldest": actor.DropOldest,
	}
	if s.Bound == 0 {
		return nil
	}
	return []actor.Option{actor.Bounded(s.Bound, rules[s.Overflow])}
}

func faninOurs(ctx context.Context, t *trial) error {
	producers := t.size.Producers
	receiver := &sink{last: make([]int64, producers)}
	refused := make([]int64, producers)
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		ref, err := actor.Spawn(ctx, receiver, mailboxOption(t.size)...)
		if err != nil {
			return err
		}
		return t.measure(t.size.Messages, func() error {
			errs := make([]error, producers)
			var all sync.WaitGroup
			for p := range producers {
				all.Go(func() { refused[p], errs[p] = produce(ctx, ref, p, share(t.size.Messages, producers, p)) })
			}
			all.Wait()
			ref.Drain()
			err := ref.Wait(ctx)
			return errors.Join(errors.Join(errs...), unless(err, actor.ErrDrained))
		})
	})
	if errIsRunning(err) {
		return err
	}
	account := ledger{sent: t.size.Messages, handled: receiver.handled}
	for _, n := range refused {
		account.refused += n
	}
	t.balance(account)
	t.want("out_of_order", receiver.turned, 0)
	if t.size.Bound == 0 || t.size.Overflow == "wait" {
		var right int64
		for p := range producers {
			right += triangle(share(t.size.Messages, producers, p))
		}
		t.want("sum", receiver.sum, right)
		t.want("gaps", receiver.gaps, 0)
	}
	return err
}

// produce sends n parcels and counts those that were refused.
func produce(ctx context.Context, to actor.Ref[parcel], producer int, n int64) (refused int64, err error) {
	for i := int64(1); i <= n; i++ {
		switch err := to.Cast(ctx, parcel{producer: producer, number: i}); {
		case err == nil:
		case errors.Is(err, actor.ErrMailboxFull):
			refused++
		default:
			return refused, fmt.Errorf("producer %d, message %d: %w", producer, i, err)
		}
	}
	return refused, nil
}

func faninTheirs(ctx context.Context, t *trial, capacity int) error {
	producers := t.size.Producers
	receiver := &sink{last: make([]int64, producers)}
	in := make(chan parcel, capacity)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range in {
			receiver.take(m)
		}
	}()
	err := t.measure(t.size.Messages, func() error {
		var all sync.WaitGroup
		for p := range producers {
			all.Go(func() {
				for i := range share(t.size.Messages, producers, p) {
					in <- parcel{producer: p, number: i + 1}
				}
			})
		}
		all.Wait()
		close(in)
		return await(ctx, done)
	})
	t.balance(ledger{sent: t.size.Messages, handled: receiver.handled})
	t.want("gaps", receiver.gaps, 0)
	return err
}
