package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/port"
)

// soakPorts publishes on ports whose subscribers come, cancel and die. What a
// port says that it has sent is handled or a dead letter, and each subscriber
// hears each publisher in order.
type soakPorts struct {
	h        *soakHouse
	r        *rand.Rand
	tally    soakTally
	filtered uint64
	refused  uint64
}

const (
	portsPart      = "ports"
	portPublishers = 3
	portSends      = 200 // of each publisher in a round; even
)

// portNews is the number-th of a publisher, counted from 1.
type portNews struct{ publisher, number int }

func (portNews) part() string { return portsPart }
func (portNews) lost()        {}

type portReader struct {
	p    *soakPorts
	once bool // whether it has one subscription, so that its numbers rise
	last [portPublishers]int
}

func (r *portReader) Handle(_ *actor.Context[portNews], m portNews) error {
	r.p.tally.entered.Add(1)
	if r.once && m.number <= r.last[m.publisher] {
		r.p.h.wrongf(portsPart, "number %d of publisher %d came behind %d", m.number, m.publisher, r.last[m.publisher])
	}
	r.last[m.publisher] = m.number
	return nil
}

func (p *soakPorts) name() string { return portsPart }

func (p *soakPorts) start(_ context.Context, h *soakHouse) error {
	p.h, p.r = h, h.random(portsPart)
	return nil
}

func (p *soakPorts) round(ctx context.Context) error {
	out := port.New[portNews]()
	var readers []actor.Ref[portNews]
	var cancels []*port.Subscription
	join := func() error {
		reader := &portReader{p: p, once: p.r.IntN(3) > 0}
		var opts []actor.Option
		if p.r.IntN(4) == 0 {
			opts = append(opts, actor.Bounded(between(p.r, 1, 8), actor.Overflow(p.r.IntN(4))))
		}
		ref, err := actor.Spawn(ctx, reader, opts...)
		if err != nil {
			return err
		}
		readers = append(readers, ref)
		var keep func(portNews) bool
		if p.r.IntN(3) == 0 {
			keep = func(m portNews) bool { return m.number%2 == 0 }
		}
		cancels = append(cancels, out.Subscribe(ref, keep))
		if !reader.once {
			cancels = append(cancels, out.Subscribe(actor.Adapt(ref, func(m portNews) portNews { return m }), nil))
		}
		return nil
	}
	for range between(p.r, 2, 12) {
		if err := join(); err != nil {
			return err
		}
	}
	var publishers sync.WaitGroup
	var published atomic.Int64
	for i := range portPublishers {
		publishers.Go(func() {
			for n := range portSends {
				out.Send(ctx, portNews{i, n + 1})
				published.Add(1)
			}
		})
	}
	for range 10 { // meanwhile
		switch p.r.IntN(3) {
		case 0:
			if err := join(); err != nil {
				return err
			}
		case 1:
			cancels[p.r.IntN(len(cancels))].Cancel()
		default:
			readers[p.r.IntN(len(readers))].Kill()
		}
		soakPause(ctx, time.Duration(p.r.IntN(200))*time.Microsecond)
	}
	publishers.Wait()
	for _, ref := range readers {
		ref.Drain()
	}
	for _, ref := range readers {
		if err := soakEnded(ctx, ref.Any()); err != nil {
			return err
		}
	}
	out.Send(ctx, portNews{0, portSends + 2}) // goes through all filters: now it notices that all have ended
	st := out.Stats()
	if st.Subscribers != 0 {
		p.h.wrongf(portsPart, "%d subscribers are left, all of which have ended", st.Subscribers)
	}
	if n := published.Load(); n != portPublishers*portSends {
		p.h.wrongf(portsPart, "%d sends of %d have returned", n, portPublishers*portSends)
	}
	p.tally.sent.Add(int64(st.Sent))
	p.refused += st.Refused
	p.filtered += st.Filtered
	return p.h.audit.flush(ctx)
}

func (p *soakPorts) stop(context.Context) error { return nil }

func (p *soakPorts) account(t *trial) {
	t.balance(p.tally.ledger())
	t.count("refused_by_subscribers", int64(p.refused))
	t.count("filtered", int64(p.filtered))
}
