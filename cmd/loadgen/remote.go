package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/rpc"
)

// bigSize is how long a message of remote/big is, and bigWindow how many of them
// are under way, unconfirmed.
const (
	bigSize   = 64 << 10
	bigWindow = 16
)

func remote() scenario {
	of := func(name, explain string, work remoteWork, theirs side, fewer int64) variant {
		return variant{
			name: name, explain: explain, theirs: theirs, fewer: fewer,
			ours: func(ctx context.Context, t *trial) error { return remoteOurs(ctx, t, work) },
			adjust: func(s *size) {
				if name != "pg" {
					s.Actors = 1
				}
				if name != "call64" {
					s.Producers = 1
				}
			},
		}
	}
	return scenario{
		name:    "remote",
		crosses: true,
		work:    "Two processes, each a node; one sends to actors of the other over loopback, with --tls encrypted. The processor time is this process's alone. The baseline is the bare connection.",
		op:      "a message, or a call",
		full:    size{Actors: 10, Producers: 64, Messages: 4_000_000},
		modest:  size{Actors: 10, Producers: 64, Messages: 400_000},
		variants: []variant{
			of("cast32", "32 bytes, one way; baseline: 32-byte records through a buffer of 64 KiB", castPackets, loopbackOneWay, 0),
			of("call", "one at a time (a 40th as many); baseline: a record there and back", callInquiries, loopbackRoundTrips, 40),
			of("call64", "--producers callers at once (a 10th as many)", callInquiries, nil, 10),
			of("big", "calls one at a time (a 100th as many), first alone, then beside messages of 64 KiB to another actor of the same node, 16 of them under way", callBesideBulk, nil, 100),
			of("pg", "to a group of --actors on the other node", castToCrowd, nil, 2),
			rust("rust-cast32", "as cast32, to a node of ractor's: the Rust program at $RACTOR_PEER; not run without", castLoads, loopbackOneWay, 0),
			rust("rust-call", "as call, to the same", callTexts, loopbackRoundTrips, 40),
		},
	}
}

// remoteWork is what one side does to the depot of the other.
type remoteWork func(ctx context.Context, t *trial, to actor.Ref[mail]) error

// remoteOurs does work with a node in another process.
func remoteOurs(ctx context.Context, t *trial, work remoteWork) (err error) {
	const cookie = "a cookie for two processes on one machine"
	args := []string{"node", "--name", "there", "--cookie", cookie, "--until-eof", "--members", strconv.Itoa(t.size.Actors)}
	cfg := cluster.Config{Name: "here", Listen: "-", Cookie: cookie, Codecs: []cluster.Codec{mailCodec()}}
	if t.size.TLS {
		keys, failed := newKeys()
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, keys.remove()) }()
		cfg.ClientTLS = keys.config
		args = append(args, keys.flags()...)
	}
	p, err := startPeer(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.end()) }()
	return withNode(ctx, actor.Config{Sched: t.config}, cfg, io.Discard, func(ctx context.Context, node *cluster.Node) error {
		if _, err := node.Dial(ctx, p.address); err != nil {
			return err
		}
		for _, to := range cluster.Lookup[mail](node, depotName) {
			return work(ctx, t, to)
		}
		return fmt.Errorf("the other node has no %s", depotName)
	})
}

// castPackets sends as fast as they are taken, and waits until all are handled.
func castPackets(ctx context.Context, t *trial, to actor.Ref[mail]) error {
	n, full, handled := t.size.Messages, int64(0), uint64(0)
	err := t.measure(n, func() (err error) {
		for i := range n {
			k := uint64(i)
			waits, err := persist(ctx, func() error { return to.Cast(ctx, packet{A: k + 1, B: k, C: k, D: k}) })
			full += waits
			if err != nil {
				return err
			}
		}
		handled, err = rpc.Call(ctx, to, func(r rpc.Reply[uint64]) mail { return census{Want: uint64(n), Reply: r} })
		return err
	})
	t.count("outbound_full", full)
	t.balance(ledger{sent: n, handled: int64(handled)})
	return err
}

// persist repeats send while the outbound queue is full, and says how often that
// was.
func persist(ctx context.Context, send func() error) (full int64, err error) {
	for {
		err := send()
		if err == nil || !errors.Is(err, cluster.ErrOutboundFull) {
			return full, err
		}
		full++
		select {
		case <-ctx.Done():
			return full, context.Cause(ctx)
		case <-time.After(100 * time.Microsecond):
		}
	}
}

// castToCrowd sends to the whole group, again and again.
func castToCrowd(ctx context.Context, t *trial, _ actor.Ref[mail]) error {
	members := slices.Collect(crowd().Members(ctx))
	if len(members) != t.size.Actors {
		return fmt.Errorf("the group has %d members: want %d", len(members), t.size.Actors)
	}
	rounds := max(1, t.size.Messages/int64(len(members)))
	n, full, handled := rounds*int64(len(members)), int64(0), int64(0)
	err := t.measure(n, func() error {
		for i := range rounds {
			k := uint64(i)
			for _, to := range members {
				waits, err := persist(ctx, func() error { return to.Cast(ctx, packet{A: k + 1, B: k, C: k, D: k}) })
				full += waits
				if err != nil {
					return err
				}
			}
		}
		for _, to := range members {
			each, err := rpc.Call(ctx, to, func(r rpc.Reply[uint64]) mail { return census{Want: uint64(rounds), Reply: r} })
			if err != nil {
				return err
			}
			handled += int64(each)
		}
		return nil
	})
	t.count("outbound_full", full)
	t.balance(ledger{sent: n, handled: handled})
	return err
}

// inquire asks once and checks the answer.
func inquire(ctx context.Context, to actor.Ref[mail], k uint64) error {
	sum, err := rpc.Call(ctx, to, func(r rpc.Reply[uint64]) mail { return inquiry{A: k, B: 1, C: 2, D: 3, Reply: r} })
	if err == nil && sum != k+6 {
		err = fmt.Errorf("the answer to %d is %d: want %d", k, sum, k+6)
	}
	return err
}

// callInquiries has callers ask, each one question after the other.
func callInquiries(ctx context.Context, t *trial, to actor.Ref[mail]) error {
	n, callers := t.size.Messages, t.size.Producers
	// Lists, for histograms of so many callers are 16 MB, which are in no cache: to
	// record a call in them was an eighth of what it cost.
	each := make([][]int64, callers)
	for c := range each {
		each[c] = make([]int64, 0, share(n, callers, c))
	}
	errs := make([]error, callers)
	err := t.measure(n, func() error {
		var wg sync.WaitGroup
		for c := range callers {
			wg.Go(func() {
				clock := startClock()
				start := clock.now()
				for i := range share(n, callers, c) {
					if errs[c] = inquire(ctx, to, uint64(i)); errs[c] != nil {
						break
					}
					end := clock.now() // and the next one's start: a look at the clock takes 50 ns
					each[c] = append(each[c], end-start)
					start = end
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	all := newHistogram()
	for _, list := range each {
		for _, took := range list {
			record(all, took)
		}
	}
	t.latencies(all)
	t.balance(ledger{sent: n, handled: all.TotalCount()})
	return err
}

// callBesideBulk compares the latency of small calls without and with big messages
// on the same connection. The big ones go to another actor: behind a big message to
// its own receiver a small one has to stay, for it may not overtake.
func callBesideBulk(ctx context.Context, t *trial, to actor.Ref[mail]) error {
	n := t.size.Messages
	others := slices.Collect(crowd().Members(ctx))
	if len(others) == 0 {
		return errors.New("the other node has no second actor: want --actors of at least 1")
	}
	store := others[0]
	alone, beside := newHistogram(), newHistogram()
	asking := func(h *hdrhistogram.Histogram) error {
		clock := startClock()
		for i := range n {
			start := clock.now()
			if err := inquire(ctx, to, uint64(i)); err != nil {
				return err
			}
			record(h, clock.now()-start)
		}
		return nil
	}
	if err := asking(alone); err != nil {
		return err
	}
	var stop atomic.Bool
	var moved atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, bigWindow)
	payload := make([]byte, bigSize)
	for w := range bigWindow {
		wg.Go(func() {
			for !stop.Load() {
				size, err := rpc.Call(ctx, store, func(r rpc.Reply[uint64]) mail { return bulk{Bytes: payload, Reply: r} })
				if err == nil && size != bigSize {
					err = fmt.Errorf("%d bytes have arrived: want %d", size, bigSize)
				}
				if errs[w] = err; err != nil {
					return
				}
				moved.Add(1)
			}
		})
	}
	failed := t.measure(n, func() error { return asking(beside) })
	stop.Store(true)
	wg.Wait()
	t.latencies(beside)
	t.count("big_messages", moved.Load())
	t.count("p99_alone_ns", percentilesOf(alone).P99)
	t.found.Checks["p99_ratio"] = float64(percentilesOf(beside).P99) / float64(percentilesOf(alone).P99)
	t.balance(ledger{sent: n, handled: beside.TotalCount()})
	return errors.Join(failed, errors.Join(errs...))
}
