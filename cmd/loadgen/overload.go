package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ractor-go/ractor/actor"
)

func overload() scenario {
	return scenario{
		name:   "overload",
		work:   "Producers outside send --rate messages a second to one actor, which handles a tenth of that. With a bound memory stays flat, and each refusal is told to its sender. Without one memory is what the queue holds, and comes back when that has been handled.",
		op:     "a message",
		full:   size{Actors: 1, Producers: 4, Rate: 100_000, Duration: 5 * time.Second, Bound: 1000},
		modest: size{Actors: 1, Producers: 4, Rate: 100_000, Duration: 1500 * time.Millisecond, Bound: 1000},
		fixed:  true,
		variants: []variant{
			{name: "bounded", explain: "a mailbox of --bound places that refuses", pace: open, ours: overloadBounded},
			{
				name: "unbounded", explain: "the mailbox takes what comes; then it is drained", pace: open, ours: overloadUnbounded,
				adjust: func(s *size) { s.Bound = 0 },
			},
		},
	}
}

const (
	// overloadTimes is how much faster the producers are.
	overloadTimes = 10
	// overloadLooks is how often a bounded trial measures its memory.
	overloadLooks = 10
	// overloadFlat is what the live heap may rise in a bounded trial: free
	// lists of nodes, and a goroutine here and there.
	overloadFlat = 1 << 20
	// overloadKept is what free lists may keep of a queue that has been handled.
	overloadKept = 256 << 10
	// overloadNode is what a queued message takes beside itself.
	overloadNode = 32
)

// freight is a message that is worth weighing.
type freight struct {
	number int64
	_      [56]byte
}

// mule handles a tenth of what has been offered, until it is whipped: so it is
// an overload on every machine, however late the producers are.
type mule struct {
	offered atomic.Int64 // counted in batches
	handled atomic.Int64
	sum     int64
	whipped atomic.Bool
}

func (m *mule) Handle(ctx *actor.Context[freight], f freight) error {
	n := m.handled.Add(1)
	m.sum += f.number
	if !m.ahead(n) {
		return nil
	}
	_, err := actor.Blocking(ctx, func() (struct{}, error) {
		for m.ahead(n) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		return struct{}{}, nil
	})
	return err
}

func (m *mule) ahead(n int64) bool {
	return overloadTimes*n > m.offered.Load() && !m.whipped.Load()
}

// flood is an overload under way.
type flood struct {
	mule    mule
	clock   clock // of the producers
	to      actor.Ref[freight]
	refused atomic.Int64 // as the producers were told
	sum     atomic.Int64 // of the numbers that were accepted
	before  float64      // live heap, when everybody was there and nothing was sent
}

// pour has the producers send all, and look is called now and then meanwhile.
func (f *flood) pour(ctx context.Context, t *trial, look func()) error {
	f.before = liveHeap()
	f.clock = startClock()
	producers := t.size.Producers
	errs := make([]error, producers)
	over := make(chan struct{})
	var all sync.WaitGroup
	for p := range producers {
		all.Go(func() { errs[p] = f.produce(ctx, t, p) })
	}
	go func() {
		all.Wait()
		close(over)
	}()
	ticker := time.NewTicker(max(t.size.Duration/overloadLooks, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			look()
		case <-over:
			t.count("handled_meanwhile", f.mule.handled.Load())
			return errors.Join(errs...)
		}
	}
}

// produce sends each message when it is due, or as soon as it can.
func (f *flood) produce(ctx context.Context, t *trial, producer int) error {
	const batch = 64 // between two looks at the clock
	here := int64(0)
	defer func() { f.mule.offered.Add(here % batch) }()
	for number := int64(producer + 1); number <= t.size.Messages; number += int64(t.size.Producers) {
		if here++; here%batch == 0 {
			f.mule.offered.Add(batch)
			due := int64(float64(number) / float64(t.size.Rate) * float64(time.Second))
			if early := due - f.clock.now(); early > 0 {
				time.Sleep(time.Duration(early))
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		switch err := f.to.Cast(ctx, freight{number: number}); {
		case err == nil:
			f.sum.Add(number)
		case errors.Is(err, actor.ErrMailboxFull):
			f.refused.Add(1)
		default:
			return fmt.Errorf("message %d: %w", number, err)
		}
	}
	return nil
}

// close makes the account, when the System has ended.
func (f *flood) close(t *trial) {
	t.balance(ledger{sent: t.size.Messages, handled: f.mule.handled.Load(), refused: f.refused.Load()})
	t.want("discarded", int64(t.found.Checks["discarded"]), 0)
	t.want("sum", f.mule.sum, f.sum.Load())
}

func overloadBounded(ctx context.Context, t *trial) error {
	f := &flood{}
	var most float64
	queue := 0
	err := t.inSystem(ctx, func(ctx context.Context, sys *actor.System) (err error) {
		if f.to, err = actor.Spawn(ctx, &f.mule, actor.Bounded(t.size.Bound, actor.Refuse)); err != nil {
			return err
		}
		return t.measure(t.size.Messages, func() error {
			err := f.pour(ctx, t, func() {
				most = max(most, liveHeap())
				for i := range sys.Actors() {
					queue = max(queue, i.Queue)
				}
			})
			f.mule.whipped.Store(true)
			return errors.Join(err, f.to.DrainAndWait(ctx))
		})
	})
	if errIsRunning(err) {
		return err
	}
	f.close(t)
	t.count("longest_queue", int64(queue))
	if queue > t.size.Bound {
		t.failf("%d messages were in a mailbox of %d places", queue, t.size.Bound)
	}
	t.count("heap_rise", int64(most-f.before))
	if rise := most - f.before; rise > overloadFlat {
		t.failf("the live heap rose by %s: want it flat, within %s", mebibytes(rise), mebibytes(overloadFlat))
	}
	return err
}

func overloadUnbounded(ctx context.Context, t *trial) error {
	f := &flood{}
	var full, after float64
	var queued int64
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) (err error) {
		if f.to, err = actor.Spawn(ctx, &f.mule); err != nil {
			return err
		}
		err = t.measure(t.size.Messages, func() error { return f.pour(ctx, t, func() {}) })
		if err != nil {
			return err
		}
		queued = t.size.Messages - f.mule.handled.Load()
		full = liveHeap()
		f.mule.whipped.Store(true)
		for f.mule.handled.Load() < t.size.Messages && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		after = liveHeap() // the actor is alive, and its mailbox empty
		return errors.Join(context.Cause(ctx), f.to.DrainAndWait(ctx))
	})
	if errIsRunning(err) {
		return err
	}
	f.close(t)
	const each = float64(unsafe.Sizeof(freight{}) + overloadNode)
	held := full - f.before
	t.count("queued", queued)
	t.count("heap_held", int64(held))
	t.count("heap_left", int64(after-f.before))
	if most := 1.1*each*float64(queued) + overloadFlat; held > most {
		t.failf("%d queued messages held %s of live heap: want at most %s", queued, mebibytes(held), mebibytes(most))
	}
	if most := 1.1*f.before + overloadKept; after > most {
		t.failf("the live heap was %s before, and %s when the queue had been handled: want at most %s",
			mebibytes(f.before), mebibytes(after), mebibytes(most))
	}
	return err
}
