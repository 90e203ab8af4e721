// Kvstore serves a key-value cache over HTTP. It shows shards, which are actors
// with names, a supervisor that starts them anew, and an end in good order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ractor-go/ractor/actor"
)

const about = `Usage: kvstore [flags]

Kvstore keeps values in memory and serves them over HTTP. The keys are divided
among shards, each an actor. When one dies its supervisor starts an empty one in
its place; the others do not notice. An interrupt ends it: requests under way are
answered, then the shards stop.

Flags:
`

const usage = `%d shards at http://%[2]v, interrupt to stop. Try

  curl -X PUT -d world http://%[2]v/keys/hello
  curl http://%[2]v/keys/hello
  curl -X DELETE http://%[2]v/shards/shard-0     (kills it)

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kvstore:", err)
		os.Exit(1)
	}
}

// run is the whole program, for main and for tests, until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("kvstore", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		_, _ = io.WriteString(out, about)
		flags.PrintDefaults()
	}
	addr := flags.String("addr", "127.0.0.1:8080", "where to listen")
	shards := flags.Int("shards", 4, "how many shards")
	if err := flags.Parse(args); err != nil {
		return err
	}
	sys, err := actor.NewSystem(actor.Config{Logger: slog.New(slog.NewTextHandler(out, nil))})
	if err != nil {
		return err
	}
	err = serve(actor.WithSystem(ctx, sys), *addr, *shards, out)
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, sys.Shutdown(within))
}

// serve serves until ctx ends, or something fails that cannot be mended here.
func serve(ctx context.Context, addr string, shards int, out io.Writer) error {
	s, err := open(ctx, shards)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("-addr is %q: %w", addr, err)
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	// It gives up when a shard dies too often; otherwise it ends with the System.
	go func() { failed <- s.supervisor.Any().Wait(context.WithoutCancel(ctx)) }()
	_, _ = fmt.Fprintf(out, usage, shards, listener.Addr())
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(within))
}
