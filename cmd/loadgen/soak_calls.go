package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// soakCalls asks actors that answer at once, later, through another, with an
// error, or not at all since they stop, panic or are killed: with deadlines and
// without, from outside and in handlers, waiting (Call, Multi) and not (Then).
// Each call ends once, and an answer is that of its own question.
type soakCalls struct {
	h       *soakHouse
	r       *rand.Rand
	tally   soakTally
	servers [callServers]atomic.Pointer[actor.Ref[callOrder]]
	steady  actor.Ref[callOrder] // a server that refuses nobody
	begun   atomic.Int64
	ends    [callEnds]atomic.Int64
}

const (
	callsPart   = "calls"
	callServers = 6
	callCallers = 4
	callEach    = 40 // calls of each caller in a round
)

// How calls end.
const (
	callAnswered = iota
	callFailed   // with Fail's error
	callNoReply
	callExpired // its ctx has ended
	callRefused
	callKilled // the caller was killed
	callEnds
)

var callEndNames = [callEnds]string{"answered", "failed", "no_reply", "expired", "refused", "caller_killed"}

// What a server does with a question.
const (
	callNow = iota
	callLater
	callFails
	callGives
	callDetaches
	callAsks // another server, and waits
	callThen // the steady server, and goes on
	callStops
	callPanics
	callForgets // answers never; only for calls with a deadline
	callWays
)

// callOrder is a question.
type callOrder struct {
	way    int
	number int64
	next   actor.Ref[callOrder] // to give it to, or to ask
	answer rpc.Reply[int64]
}

func (callOrder) part() string { return callsPart }
func (callOrder) lost()        {}

var (
	errCallFails = errors.New("told to fail")
	errCallPanic = errors.New("told to panic")
	errCallLate  = errors.New("the call's time is over")
)

type callServer struct{ c *soakCalls }

func (s *callServer) Handle(ctx *actor.Context[callOrder], m callOrder) error {
	c := s.c
	c.tally.entered.Add(1)
	right := m.number * m.number
	switch m.way {
	case callNow:
		m.answer.Send(right)
	case callLater:
		actor.Async(ctx,
			func(context.Context) (struct{}, error) { time.Sleep(time.Millisecond); return struct{}{}, nil },
			func(struct{}, error) error { m.answer.Send(right); return nil })
	case callFails:
		m.answer.Fail(errCallFails)
	case callGives:
		c.give(ctx, m)
	case callDetaches:
		m.answer.Detach()
		go m.answer.Send(right)
	case callAsks:
		below, cancel := context.WithTimeoutCause(ctx, 50*time.Millisecond, errCallLate)
		defer cancel()
		v, err := c.call(below, m.next, callNow, m.number, actor.Ref[callOrder]{})
		if err != nil {
			m.answer.Fail(errCallFails)
			return nil
		}
		m.answer.Send(v)
	case callThen:
		c.then(ctx, m)
	case callStops:
		ctx.Stop()
	case callPanics:
		c.tally.failed.Add(1)
		panic(errCallPanic)
	}
	return nil
}

// give hands the question to the next server, which answers at once.
func (c *soakCalls) give(ctx *actor.Context[callOrder], m callOrder) {
	asked := false
	err := rpc.Give(ctx, m.answer, m.next, func(r rpc.Reply[int64]) callOrder {
		asked = true
		c.tally.sent.Add(1)
		return callOrder{way: callNow, number: m.number, answer: r}
	})
	if err == nil {
		return
	}
	if asked {
		c.tally.refused.Add(1)
	}
	if !soakRefusal(err) && !errors.Is(err, rpc.ErrNotWaiting) {
		c.h.wrongf(callsPart, "give: %v", err)
	}
	m.answer.Fail(errCallFails)
}

// then asks without waiting. The continuation is dropped if this server ends
// first, and with it the news of a refusal; so it asks who refuses nobody.
func (c *soakCalls) then(ctx *actor.Context[callOrder], m callOrder) {
	continued := false
	rpc.Then(ctx, c.steady, func(r rpc.Reply[int64]) callOrder {
		c.tally.sent.Add(1)
		return callOrder{way: callNow, number: m.number, answer: r}
	}, func(v int64, err error) error {
		if continued {
			c.h.wrongf(callsPart, "a call was continued twice")
		}
		continued = true
		if err != nil {
			c.h.wrongf(callsPart, "a call that is continued: %v", err)
		}
		m.answer.Send(v)
		return nil
	})
}

// call makes one call and books its end.
func (c *soakCalls) call(ctx context.Context, to actor.Ref[callOrder], way int, number int64, next actor.Ref[callOrder]) (int64, error) {
	c.begun.Add(1)
	asked := false
	v, err := rpc.Call(ctx, to, func(r rpc.Reply[int64]) callOrder {
		asked = true
		c.tally.sent.Add(1)
		return callOrder{way: way, number: number, next: next, answer: r}
	})
	c.ended(asked, number, v, err)
	return v, err
}

// ended books the end of a call.
func (c *soakCalls) ended(asked bool, number, v int64, err error) {
	end := callRefused
	switch {
	case err == nil:
		end = callAnswered
		if v != number*number {
			c.h.wrongf(callsPart, "%d squared is %d", number, v)
		}
	case errors.Is(err, errCallFails):
		end = callFailed
	case errors.Is(err, rpc.ErrNoReply): // which wraps why
		end = callNoReply
	case errors.Is(err, errCallLate):
		end = callExpired
	case errors.Is(err, rpc.ErrSelfCall):
	case errors.Is(err, actor.ErrStopped), errors.Is(err, actor.ErrMailboxFull):
		if asked {
			c.tally.refused.Add(1)
		}
	case errors.Is(err, actor.ErrKilled):
		end = callKilled
	default:
		c.h.wrongf(callsPart, "a call has ended with: %v", err)
	}
	c.ends[end].Add(1)
}

func (c *soakCalls) name() string { return callsPart }

func (c *soakCalls) start(ctx context.Context, h *soakHouse) (err error) {
	c.h, c.r = h, h.random(callsPart)
	c.steady, err = actor.Spawn(ctx, &callServer{c})
	return err
}

// hire puts a new server into a place.
func (c *soakCalls) hire(ctx context.Context, place int) error {
	var opts []actor.Option
	if place == 0 {
		opts = append(opts, actor.Bounded(2, actor.Refuse))
	}
	ref, err := actor.Spawn(ctx, &callServer{c}, opts...)
	if err != nil {
		return err
	}
	c.servers[place].Store(&ref)
	return nil
}

func (c *soakCalls) server(r *rand.Rand) actor.Ref[callOrder] {
	return *c.servers[r.IntN(callServers)].Load()
}

func (c *soakCalls) round(ctx context.Context) error {
	var ended []actor.Ref[callOrder]
	for place := range c.servers {
		if err := c.hire(ctx, place); err != nil {
			return err
		}
	}
	errs := make([]error, callCallers, callCallers+1)
	var all sync.WaitGroup
	for i := range errs {
		r := rand.New(rand.NewPCG(c.r.Uint64(), 0))
		all.Go(func() { errs[i] = c.ask(ctx, r) })
	}
	over := make(chan struct{})
	go func() {
		all.Wait()
		close(over)
	}()
	// Who has ended is replaced, and now and then somebody is killed.
	for going := true; going; {
		select {
		case <-over:
			going = false
		case <-time.After(time.Millisecond):
		}
		for place := range c.servers {
			ref := *c.servers[place].Load()
			if c.r.IntN(40) == 0 {
				ref.Kill()
			}
			if ref.Status() < actor.Draining {
				continue
			}
			ended = append(ended, ref)
			if err := c.hire(ctx, place); err != nil {
				return err
			}
		}
	}
	for place := range c.servers { // what they still do for those who gave up
		ref := *c.servers[place].Load()
		ref.Stop()
		ended = append(ended, ref)
	}
	for _, ref := range ended {
		if err := soakEnded(ctx, ref.Any()); err != nil {
			return err
		}
	}
	errs = append(errs, c.h.audit.flush(ctx))
	return errors.Join(errs...)
}

// ask makes calls, one after another, and some of them all at once.
func (c *soakCalls) ask(ctx context.Context, r *rand.Rand) error {
	for range callEach {
		way, number := r.IntN(callWays), r.Int64N(1_000_000)
		if way >= callStops && r.IntN(5) > 0 { // or there would be hardly a server left
			way = callNow
		}
		if r.IntN(2) == 0 || way == callForgets {
			limit := time.Duration(r.IntN(3000)) * time.Microsecond
			short, cancel := context.WithTimeoutCause(ctx, limit, errCallLate)
			_, _ = c.call(short, c.server(r), way, number, c.server(r))
			cancel()
		} else {
			_, _ = c.call(ctx, c.server(r), way, number, c.server(r))
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("a call has no end: %w", context.Cause(ctx))
		}
	}
	c.multi(ctx, r)
	return nil
}

// multi asks all servers at once.
func (c *soakCalls) multi(ctx context.Context, r *rand.Rand) {
	to := make([]actor.Ref[callOrder], 0, callServers)
	for place := range c.servers {
		to = append(to, *c.servers[place].Load())
	}
	number := r.Int64N(1_000_000)
	c.begun.Add(int64(len(to)))
	answers := rpc.Multi(ctx, to, func(reply rpc.Reply[int64]) callOrder {
		c.tally.sent.Add(1)
		return callOrder{way: callNow, number: number, answer: reply}
	})
	if len(answers) != len(to) {
		c.h.wrongf(callsPart, "%d answers of %d", len(answers), len(to))
	}
	for _, a := range answers {
		c.ended(true, number, a.Value, a.Err)
	}
}

func (c *soakCalls) stop(ctx context.Context) error { return c.steady.DrainAndWait(ctx) }

func (c *soakCalls) account(t *trial) {
	t.balance(c.tally.ledger())
	var all int64
	for end := range c.ends {
		n := c.ends[end].Load()
		t.count("calls_"+callEndNames[end], n)
		all += n
	}
	t.want("calls_ended", all, c.begun.Load())
}
