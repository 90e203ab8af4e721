package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// blockFor is how long half of the handlers block.
const blockFor = 5 * time.Millisecond

func blocking() scenario {
	of := func(name, explain string, how func(*actor.Context[arrival], actor.Ref[favour]) error) variant {
		return variant{
			name: name, explain: explain, pace: open,
			ours: func(ctx context.Context, t *trial) error { return blockingOurs(ctx, t, how) },
		}
	}
	return scenario{
		name:   "blocking",
		work:   "An open loop of 2,000 handlers a second, half of which block for 5 ms. The latency is that of the other half, from when each message should have been sent.",
		op:     "a message",
		full:   size{Actors: 128, Rate: 2000, Duration: 5 * time.Second},
		modest: size{Actors: 128, Rate: 2000, Duration: 1500 * time.Millisecond},
		variants: []variant{
			of("sleep", "in time.Sleep, which the runtime is not told of", func(*actor.Context[arrival], actor.Ref[favour]) error {
				time.Sleep(blockFor)
				return nil
			}),
			of("blocking", "in actor.Blocking", func(ctx *actor.Context[arrival], _ actor.Ref[favour]) error {
				_, err := actor.Blocking(ctx, func() (struct{}, error) {
					time.Sleep(blockFor)
					return struct{}{}, nil
				})
				return err
			}),
			of("call", "in rpc.Call to an actor that answers late", func(ctx *actor.Context[arrival], slow actor.Ref[favour]) error {
				_, err := rpc.Call(ctx, slow, func(r rpc.Reply[struct{}]) favour { return favour{reply: r} })
				return err
			}),
		},
	}
}

// arrival is a message of an open loop.
type arrival struct{ number int64 }

// arrivals is an open loop: when each message should be sent, and how long
// after that its handler began.
type arrivals struct {
	clock   clock
	due     []int64
	latency samples
	again   atomic.Int64
	over    *countdown
}

func newArrivals(n int64, gap func(number int64) int64) *arrivals {
	a := &arrivals{due: make([]int64, n), latency: newSamples(int(n)), over: newCountdown(int(n))}
	at := int64(10 * time.Millisecond) // to get going
	for i := range n {
		a.due[i] = at
		at += gap(i)
	}
	return a
}

// begin is what a handler does first.
func (a *arrivals) begin(m arrival) {
	if a.latency[m.number] != unset {
		a.again.Add(1)
		return
	}
	a.latency[m.number] = a.clock.now() - a.due[m.number]
}

// drive sends all messages, each when it is due, and waits until they are
// handled. lag hears how late each was sent.
func (a *arrivals) drive(ctx context.Context, send func(arrival) error, lag func(nanoseconds int64)) error {
	a.clock = startClock()
	for i, at := range a.due {
		a.clock.until(at)
		lag(a.clock.now() - at)
		if err := send(arrival{number: int64(i)}); err != nil {
			return err
		}
	}
	return await(ctx, a.over.done)
}

// close makes the account, when nothing runs any more.
func (a *arrivals) close(t *trial) {
	t.balance(ledger{sent: int64(len(a.due)), handled: a.latency.taken()})
	t.want("handled_again", a.again.Load(), 0)
}

// sitter blocks at each message; its neighbour does not.
type sitter struct {
	load *arrivals
	how  func(*actor.Context[arrival], actor.Ref[favour]) error
	slow actor.Ref[favour]
}

func (s *sitter) Handle(ctx *actor.Context[arrival], m arrival) error {
	s.load.begin(m)
	if s.how != nil {
		if err := s.how(ctx, s.slow); err != nil {
			return err
		}
	}
	s.load.over.one()
	return nil
}

// favour is a request that is answered late; due is set when it is time.
type favour struct {
	reply rpc.Reply[struct{}]
	due   bool
}

// sluggard answers blockFor after it was asked, and does not block itself.
type sluggard struct{}

func (*sluggard) Handle(ctx *actor.Context[favour], m favour) error {
	if m.due {
		m.reply.Send(struct{}{})
		return nil
	}
	ctx.After(blockFor, favour{reply: m.reply, due: true})
	return nil
}

func blockingOurs(ctx context.Context, t *trial, how func(*actor.Context[arrival], actor.Ref[favour]) error) error {
	gap := int64(time.Second) / t.size.Rate
	load := newArrivals(t.size.Messages, func(int64) int64 { return gap })
	lag := newHistogram()
	err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
		slow, err := actor.Spawn(ctx, &sluggard{})
		if err != nil {
			return err
		}
		refs := make([]actor.Ref[arrival], max(t.size.Actors, 2))
		for i := range refs {
			s := &sitter{load: load, slow: slow}
			if i%2 == 1 {
				s.how = how
			}
			if refs[i], err = actor.Spawn(ctx, s); err != nil {
				return err
			}
		}
		// An even number of actors, so that every other message blocks.
		turn := int64(len(refs) / 2 * 2)
		return t.measure(t.size.Messages, func() error {
			return load.drive(ctx,
				func(m arrival) error { return refs[m.number%turn].Cast(ctx, m) },
				func(late int64) { record(lag, late) })
		})
	})
	if errIsRunning(err) {
		return err
	}
	load.close(t)
	t.count("generator_lag_p99_ns", lag.ValueAtQuantile(99))
	others := newHistogram()
	for i := 0; i < len(load.latency); i += 2 {
		if v := load.latency[i]; v != unset {
			record(others, v)
		}
	}
	t.latencies(others)
	return err
}
