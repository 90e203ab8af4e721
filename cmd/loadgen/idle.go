package main

import (
	"context"
	"errors"
	"time"

	"github.com/ractor-go/ractor/actor"
)

func idle() scenario {
	return scenario{
		name:   "idle",
		work:   "100,000 actors and 100,000 timers that are an hour away, for 10 s: what it costs to do nothing, as a share of one core. Then single messages wake it up, each when all is idle again: the time from the send to the handler.",
		op:     "a wake",
		full:   size{Actors: 100_000, Messages: 1000, Duration: 10 * time.Second},
		modest: size{Actors: 100_000, Messages: 200, Duration: 2 * time.Second},
		variants: []variant{{
			pace: waiting,
			ours: idleOurs,
		}},
	}
}

// settle is how long everything is left alone before it counts as idle.
const settle = 5 * time.Millisecond

// wake is a message; the zero wake is that of a timer, which never fires.
type wake struct{ up chan<- int64 }

// sleeper says when its handler began.
type sleeper struct {
	clock   clock
	handled *int64
}

func (s *sleeper) Handle(_ *actor.Context[wake], m wake) error {
	now := s.clock.now()
	if m.up == nil {
		return errors.New("a timer fired an hour early")
	}
	*s.handled++
	m.up <- now
	return nil
}

func idleOurs(ctx context.Context, t *trial) error {
	n := t.size.Actors
	c := startClock()
	latency := newHistogram()
	var handled, pending int64
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		refs := make([]actor.Ref[wake], n)
		far := make([]actor.Timer, n)
		for i := range refs {
			var err error
			if refs[i], err = actor.Spawn(ctx, &sleeper{clock: c, handled: &handled}); err != nil {
				return err
			}
			far[i] = refs[i].CastAfter(time.Hour, wake{})
		}
		time.Sleep(settle)
		if err := t.doNothing(ctx); err != nil {
			return err
		}
		err := t.measure(t.size.Messages, func() error {
			up := make(chan int64, 1)
			for i := range t.size.Messages {
				time.Sleep(settle)
				to := refs[scatter(uint64(i))%uint64(n)]
				start := c.now()
				if err := to.Cast(ctx, wake{up}); err != nil {
					return err
				}
				select {
				case end := <-up:
					record(latency, end-start)
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			return nil
		})
		for _, timer := range far {
			if timer.Cancel() {
				pending++
			}
		}
		return err
	})
	if errIsRunning(err) {
		return err
	}
	t.balance(ledger{sent: t.size.Messages, handled: handled})
	t.want("timers_pending", pending, int64(n))
	t.latencies(latency)
	return err
}

// doNothing takes the share of one core that the process uses meanwhile.
func (t *trial) doNothing(ctx context.Context) error {
	memoryNow() // the garbage of the making is not the idling's
	before, known := processorTime()
	start := time.Now()
	select {
	case <-time.After(t.size.Duration):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	after, still := processorTime()
	t.found.CPUPercent = some(100*float64(after-before)/float64(time.Since(start)), known && still)
	return nil
}
