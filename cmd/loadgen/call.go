package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// callLimit is the deadline of a call that has one. It is never reached.
const callLimit = 30 * time.Second

// hotPairs run behind the callers of outside-loaded. It has no baseline: two
// goroutines that wake each other inherit each other's time slice, so that a
// thousand such pairs keep a caller waiting for seconds a call.
const hotPairs = 1000

func call() scenario {
	count := func(n int) func(size) int { return func(size) int { return n } }
	return scenario{
		name:   "call",
		work:   "One caller asks one actor, waits for the answer, asks again. The baseline makes a chan of 1 for each answer, sends it with the question through a channel of 1,024, and waits for the answer or the ctx.",
		op:     "a call",
		full:   size{Actors: 1, Messages: 1_000_000},
		modest: size{Actors: 1, Messages: 300_000},
		fixed:  true,
		variants: []variant{
			{
				name: "outside", explain: "from a goroutine, with a ctx that can be cancelled",
				capacity: 1, ours: callOutside(ask, 0), theirs: callTheirs(query),
			},
			{
				name: "outside-deadline", explain: "the same, each call with a deadline of its own",
				capacity: 1, ours: callOutside(askInTime, 0), theirs: callTheirs(queryInTime),
			},
			{
				name: "outside-loaded", explain: "while 1,000 pairs play ping-pong behind it; latency of each call (a 20th as many)",
				ours:   callOutside(ask, hotPairs),
				actors: count(1 + 2*hotPairs), fewer: 20,
			},
			{
				name: "actor", explain: "from inside an actor, which blocks; a call a message",
				capacity: 1, ours: callInside(func(over *countdown) asker { return &waiter{over: over} }), theirs: callTheirs(query),
				actors: count(2),
			},
			{
				name: "then", explain: "from inside an actor that goes on and gets the answer later",
				capacity: 1, ours: callInside(func(over *countdown) asker { return &continuer{over: over} }), theirs: callTheirs(query),
				actors: count(2),
			},
		},
	}
}

// question asks for the square of n.
type question struct {
	n     int64
	reply rpc.Reply[int64]
}

// oracle answers questions.
type oracle struct{ handled int64 }

func (o *oracle) Handle(_ *actor.Context[question], m question) error {
	o.handled++
	m.reply.Send(m.n * m.n)
	return nil
}

// squares is what all answers come to: 1*1 + 2*2 + ... + n*n, as int64 counts.
func squares(n int64) int64 {
	var sum int64
	for i := range n {
		sum += (i + 1) * (i + 1)
	}
	return sum
}

func ask(ctx context.Context, to actor.Ref[question], n int64) (int64, error) {
	return rpc.Call(ctx, to, func(r rpc.Reply[int64]) question { return question{n: n, reply: r} })
}

func askInTime(ctx context.Context, to actor.Ref[question], n int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return ask(ctx, to, n)
}

func callOutside(ask func(context.Context, actor.Ref[question], int64) (int64, error), pairs int) side {
	return func(ctx context.Context, t *trial) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		callee := &oracle{}
		n, sum := t.size.Messages, int64(0)
		var each *hdrhistogram.Histogram
		if pairs > 0 {
			each = newHistogram()
		}
		load := &heat{}
		err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
			ref, err := actor.Spawn(ctx, callee)
			if err != nil {
				return err
			}
			if err := load.start(ctx, pairs); err != nil {
				return err
			}
			err = t.measure(n, func() (err error) {
				sum, err = askAll(n, each, func(i int64) (int64, error) { return ask(ctx, ref, i) })
				return err
			})
			return errors.Join(err, load.end(ctx))
		})
		if errIsRunning(err) {
			return err
		}
		if pairs > 0 {
			t.latencies(each)
			t.count("background_messages", load.handled())
		}
		// The background's last messages were handled too, or the wait for
		// its end would have failed.
		t.balance(ledger{sent: n, handled: callee.handled})
		t.want("sum", sum, squares(n))
		return err
	}
}

// askAll asks n times and adds the answers up. Only where latencies are of
// interest is the clock read.
func askAll(n int64, each *hdrhistogram.Histogram, ask func(int64) (int64, error)) (sum int64, err error) {
	if each == nil {
		for i := int64(1); i <= n; i++ {
			answer, err := ask(i)
			if err != nil {
				return sum, err
			}
			sum += answer
		}
		return sum, nil
	}
	c := startClock()
	for i := int64(1); i <= n; i++ {
		start := c.now()
		answer, err := ask(i)
		if err != nil {
			return sum, err
		}
		record(each, c.now()-start)
		sum += answer
	}
	return sum, nil
}

// heat is pairs of actors that play until they are told to stop.
type heat struct {
	stop    atomic.Bool
	over    *countdown
	players []rallier
}

// rally is the ball of a rallier.
type rally struct{ from actor.Ref[rally] }

type rallier struct {
	handled int64
	load    *heat
}

func (r *rallier) Handle(ctx *actor.Context[rally], m rally) error {
	r.handled++
	if r.load.stop.Load() {
		r.load.over.one()
		return nil
	}
	return m.from.Cast(ctx, rally{from: ctx.Self()})
}

func (h *heat) start(ctx context.Context, pairs int) error {
	h.players, h.over = make([]rallier, 2*pairs), newCountdown(pairs)
	refs := make([]actor.Ref[rally], len(h.players))
	for i := range h.players {
		h.players[i].load = h
		var err error
		if refs[i], err = actor.Spawn(ctx, &h.players[i]); err != nil {
			return err
		}
	}
	for i := range pairs {
		if err := refs[2*i].Cast(ctx, rally{from: refs[2*i+1]}); err != nil {
			return err
		}
	}
	return nil
}

// end has each pair stop at its next message.
func (h *heat) end(ctx context.Context) error {
	h.stop.Store(true)
	return await(ctx, h.over.done)
}

func (h *heat) handled() int64 {
	var n int64
	for i := range h.players {
		n += h.players[i].handled
	}
	return n
}

// asker is an actor that makes calls: each message has it make one more.
type asker interface {
	actor.Actor[errand]
	sum() int64
}

// errand is left calls to make to one oracle.
type errand struct {
	to   actor.Ref[question]
	left int64
}

// waiter blocks in each call.
type waiter struct {
	total int64
	over  *countdown
}

func (w *waiter) sum() int64 { return w.total }

func (w *waiter) Handle(ctx *actor.Context[errand], m errand) error {
	answer, err := ask(ctx, m.to, m.left)
	if err != nil {
		return err
	}
	w.total += answer
	if m.left > 1 {
		return ctx.Self().Cast(ctx, errand{to: m.to, left: m.left - 1})
	}
	w.over.one()
	return nil
}

// continuer goes on and makes its next call when the answer has come.
type continuer struct {
	total int64
	over  *countdown
}

func (c *continuer) sum() int64 { return c.total }

func (c *continuer) Handle(ctx *actor.Context[errand], m errand) error {
	rpc.Then(ctx, m.to,
		func(r rpc.Reply[int64]) question { return question{n: m.left, reply: r} },
		func(answer int64, err error) error {
			if err != nil {
				return err
			}
			c.total += answer
			if m.left > 1 {
				return c.Handle(ctx, errand{to: m.to, left: m.left - 1})
			}
			c.over.one()
			return nil
		})
	return nil
}

func callInside(caller func(over *countdown) asker) side {
	return func(ctx context.Context, t *trial) error {
		n := t.size.Messages
		callee, over := &oracle{}, newCountdown(1)
		who := caller(over)
		err := t.inSystem(ctx, func(ctx context.Context, _ *actor.System) error {
			to, err := actor.Spawn(ctx, callee)
			if err != nil {
				return err
			}
			ref, err := actor.Spawn(ctx, who)
			if err != nil {
				return err
			}
			return t.measure(n, func() error {
				if err := ref.Cast(ctx, errand{to: to, left: n}); err != nil {
					return err
				}
				return await(ctx, over.done)
			})
		})
		if errIsRunning(err) {
			return err
		}
		t.balance(ledger{sent: n, handled: callee.handled})
		t.want("sum", who.sum(), squares(n))
		return err
	}
}

// chanQuestion is the baseline's question.
type chanQuestion struct {
	n     int64
	reply chan int64
}

func query(ctx context.Context, to chan<- chanQuestion, n int64) (int64, error) {
	reply := make(chan int64, 1)
	to <- chanQuestion{n: n, reply: reply}
	select {
	case answer := <-reply:
		return answer, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

func queryInTime(ctx context.Context, to chan<- chanQuestion, n int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	return query(ctx, to, n)
}

func callTheirs(query func(context.Context, chan<- chanQuestion, int64) (int64, error)) side {
	return func(ctx context.Context, t *trial) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var all sync.WaitGroup
		defer all.Wait()
		in := make(chan chanQuestion, 1024)
		defer close(in)
		all.Go(func() {
			for m := range in {
				m.reply <- m.n * m.n
			}
		})
		n, sum := t.size.Messages, int64(0)
		err := t.measure(n, func() (err error) {
			sum, err = askAll(n, nil, func(i int64) (int64, error) { return query(ctx, in, i) })
			return err
		})
		t.want("sum", sum, squares(n))
		return err
	}
}
