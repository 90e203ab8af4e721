package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/pg"
	"github.com/ractor-go/ractor/rpc"
)

// The variants of the scenario remote whose other node is ractor's own: the Rust
// program of cluster/interop/peer.

// rustVariable names the environment variable with the path of that program.
const rustVariable = "RACTOR_PEER"

// rustGroup is the group of the Rust program's one actor.
const rustGroup = "loadgen"

// rustMail is, by name, what that actor understands of these variants; the program's
// messages.rs has the enum.
type rustMail interface{ rustMail() }

// rustLoad is some bytes, one way, which are counted.
type rustLoad struct{ Bytes []byte }

// rustCounted asks how many loads came.
type rustCounted struct{ Reply rpc.Reply[uint64] }

// rustText comes back as it is.
type rustText struct {
	Reply rpc.Reply[string]
	Text  string
}

func (rustLoad) rustMail()    {}
func (rustCounted) rustMail() {}
func (rustText) rustMail()    {}

func rustCodec() cluster.Codec {
	return cluster.Enum[rustMail](
		cluster.VariantOf[rustLoad]("Load"),
		cluster.VariantOf[rustCounted]("Counted"),
		cluster.VariantOf[rustText]("PortFirst"),
	)
}

// rust makes a variant towards the Rust program.
func rust(name, explain string, work rustWork, theirs side, fewer int64) variant {
	return variant{
		name: name, explain: explain, theirs: theirs, fewer: fewer,
		ours:   func(ctx context.Context, t *trial) error { return rustOurs(ctx, t, work) },
		adjust: func(s *size) { s.Actors, s.Producers = 1, 1 },
	}
}

// rustWork is what our side does to the Rust program's actor.
type rustWork func(ctx context.Context, t *trial, to actor.Ref[rustMail]) error

// rustOurs does work with the Rust program, where there is one.
func rustOurs(ctx context.Context, t *trial, work rustWork) (err error) {
	program := os.Getenv(rustVariable)
	if program == "" {
		return notRunError(rustVariable + " is not set: want the path of the Rust program of cluster/interop/peer")
	}
	const cookie = "a cookie for two languages"
	args := []string{"--name", "there", "--cookie", cookie}
	cfg := cluster.Config{Name: "here", Listen: "-", Cookie: cookie, Codecs: []cluster.Codec{rustCodec()}}
	if t.size.TLS {
		var k *keys
		if k, err = newKeys(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, k.remove()) }()
		cfg.ClientTLS = k.config
		args = append(args, k.flags()...)
	}
	p, address, err := startRust(ctx, program, args)
	if err != nil {
		return fmt.Errorf("%s=%s: %w", rustVariable, program, err)
	}
	defer func() { err = errors.Join(err, p.end()) }()
	return withNode(ctx, actor.Config{Sched: t.config}, cfg, io.Discard, func(ctx context.Context, node *cluster.Node) error {
		if _, err := node.Dial(ctx, address); err != nil {
			return err
		}
		for to := range (pg.Group[rustMail]{Name: rustGroup}).Members(ctx) {
			return work(ctx, t, to)
		}
		return fmt.Errorf("the Rust node has nobody in the group %s", rustGroup)
	})
}

// startRust starts the program, has it make its actor, and says where it listens.
func startRust(ctx context.Context, program string, args []string) (p *peer, address string, err error) {
	if p, err = startProcess(ctx, program, args...); err != nil {
		return nil, "", err
	}
	// Its first line is an event too: node name=there@localhost port=1234.
	_, port, ok := strings.Cut(p.address, " port=")
	if !ok {
		err = fmt.Errorf("it begins with %q: want its name and port", p.address)
	}
	if err == nil {
		_, err = fmt.Fprintf(p.in, "spawn %[1]s\njoin %[1]s %[1]s\n", rustGroup)
	}
	for line := ""; err == nil && !strings.HasPrefix(line, "joined "); {
		switch line, err = p.line(); {
		case err != nil:
			err = fmt.Errorf("it has made no actor: %w", err)
		case strings.HasPrefix(line, "failed "):
			err = fmt.Errorf("it has made no actor: %s", line)
		}
	}
	if err != nil {
		return nil, "", errors.Join(err, p.end())
	}
	go ignore(p.out)
	return p, "localhost:" + port, nil
}

// ignore reads the events that follow, until the program ends, which would stand
// still if nobody read them.
func ignore(events io.Reader) { _, _ = io.Copy(io.Discard, events) }

// castLoads is castPackets for the Rust program.
func castLoads(ctx context.Context, t *trial, to actor.Ref[rustMail]) error {
	n, full, handled := t.size.Messages, int64(0), uint64(0)
	load := rustLoad{bytes.Repeat([]byte{7}, recordSize)}
	err := t.measure(n, func() (err error) {
		for range n {
			waits, err := persist(ctx, func() error { return to.Cast(ctx, load) })
			full += waits
			if err != nil {
				return err
			}
		}
		handled, err = rpc.Call(ctx, to, func(r rpc.Reply[uint64]) rustMail { return rustCounted{r} })
		return err
	})
	t.count("outbound_full", full)
	t.balance(ledger{sent: n, handled: int64(handled)})
	return err
}

// callTexts is callInquiries for the Rust program, with one caller.
func callTexts(ctx context.Context, t *trial, to actor.Ref[rustMail]) error {
	n, answered, took := t.size.Messages, int64(0), newHistogram()
	text := strings.Repeat("7", recordSize)
	err := t.measure(n, func() error {
		clock := startClock()
		for ; answered < n; answered++ {
			start := clock.now()
			answer, err := rpc.Call(ctx, to, func(r rpc.Reply[string]) rustMail { return rustText{r, text} })
			if err == nil && answer != text {
				err = fmt.Errorf("the answer to %q is %q: want the same", text, answer)
			}
			if err != nil {
				return err
			}
			record(took, clock.now()-start)
		}
		return nil
	})
	t.latencies(took)
	t.balance(ledger{sent: n, handled: answered})
	return err
}
