// Crawler visits the pages of some web hosts, each once, at a rate that they bear.
// It shows a frontier, which is an actor, with a factory below it, which fetches.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/ractor-go/ractor/actor"
)

const about = `Usage: crawler [flags] [URL ...]

Crawler visits these pages and all that they lead to on the same hosts, each once.
Without a URL it visits two small hosts that it serves itself.

The frontier, an actor, knows which pages were seen and which are still open. Its
child, a factory of workers, fetches them: never two of one host at a time (Key),
no more in a second than -rate (Rate), and what fails again, later and later
(Retry). An interrupt ends it: what was begun is finished, for at most 5 s (Drain).

Flags:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "crawler:", err)
		os.Exit(1)
	}
}

// run is the whole program, for main and for tests.
func run(ctx context.Context, args []string, out io.Writer) error {
	f := &frontier{client: &http.Client{Timeout: 10 * time.Second}, out: out}
	flags := flag.NewFlagSet("crawler", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		_, _ = io.WriteString(out, about)
		flags.PrintDefaults()
	}
	flags.IntVar(&f.workers, "workers", 4, "how many pages may be fetched at a time")
	flags.IntVar(&f.rate, "rate", 20, "how many pages may be begun in a second")
	flags.IntVar(&f.limit, "pages", 1000, "how many pages to visit at most")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if f.rate < 1 {
		return fmt.Errorf("-rate is %d: want at least 1", f.rate)
	}
	for _, arg := range flags.Args() {
		page, err := url.ParseRequestURI(arg)
		if err != nil || page.Host == "" {
			return fmt.Errorf("%q is no URL of a page", arg)
		}
		f.start = append(f.start, page)
	}
	if len(f.start) == 0 {
		transport, end := serve(demo())
		defer end()
		f.client.Transport, f.start = transport, demoStart()
	}
	return crawl(ctx, f)
}

// crawl returns when all has been visited, or soon after ctx has ended.
func crawl(ctx context.Context, f *frontier) error {
	ref, err := actor.Spawn(ctx, f)
	if err != nil {
		return err
	}
	err = ref.Wait(ctx)
	if ctx.Err() == nil {
		return err // nil: it has ended by itself
	}
	return errors.Join(context.Cause(ctx), ref.StopAndWait(context.WithoutCancel(ctx)))
}
