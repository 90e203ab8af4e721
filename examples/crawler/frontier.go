package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
)

// What the frontier is told.
type (
	message interface{ isMessage() }
	found   struct{ links []*url.URL } // what to visit, if it is new
	ended   struct {                   // a page is done, or given up
		page *url.URL
		how  string
	}
	again struct{} // the rate has room by now
)

func (found) isMessage() {}
func (ended) isMessage() {}
func (again) isMessage() {}

// frontier hands new pages to the factory. It ends when none is left.
type frontier struct {
	client               *http.Client
	out                  io.Writer
	start                []*url.URL
	workers, rate, limit int

	factory factory.Factory[*url.URL]
	hosts   map[string]bool // those of start
	seen    map[string]bool
	waiting []*url.URL // seen, and not accepted by the factory yet
	open    int        // accepted, and not ended yet
	paused  bool       // an again is under way
}

// PreStart starts the factory as a child. Its functions run elsewhere, and only
// send to the frontier.
func (f *frontier) PreStart(ctx *actor.Context[message]) (err error) {
	self := ctx.Self()
	f.factory, err = factory.SpawnLinked(ctx, factory.Config[*url.URL]{
		NewWorker: factory.Func(func(ctx context.Context, page *url.URL) error {
			links, err := fetch(ctx, f.client, page)
			if err == nil {
				_ = self.Cast(ctx, found{links}) // it gets there before the page's ended
			}
			return err
		}),
		Workers: f.workers,
		Blocks:  true, // on the network
		Router:  factory.StickyQueuer(),
		Key:     func(page *url.URL) string { return page.Host },
		Rate:    factory.Rate{Jobs: f.rate, Per: time.Second, Burst: 1},
		Retry:   factory.Retry{Max: 2, Backoff: 50 * time.Millisecond},
		OnDone: func(page *url.URL, err error) {
			if err == nil {
				_ = self.Cast(ctx, ended{page, "visited"})
			}
		},
		OnDiscard: func(page *url.URL, why factory.Reason) {
			if why != factory.RateLimited { // of that one submit is told
				_ = self.Cast(ctx, ended{page, "given up: " + why.String()})
			}
		},
	})
	if err != nil {
		return err
	}
	f.hosts, f.seen = map[string]bool{}, map[string]bool{}
	for _, page := range f.start {
		f.hosts[page.Host] = true
	}
	return self.Cast(ctx, found{f.start})
}

func (f *frontier) Handle(ctx *actor.Context[message], m message) error {
	switch m := m.(type) {
	case found:
		for _, page := range m.links {
			if key := page.String(); f.hosts[page.Host] && !f.seen[key] && len(f.seen) < f.limit {
				f.seen[key] = true
				f.waiting = append(f.waiting, page)
			}
		}
	case ended:
		f.open--
		_, _ = fmt.Fprintf(f.out, "%-32v %s\n", m.page, m.how)
	case again:
		f.paused = false
	}
	if err := f.submit(ctx); err != nil {
		return err
	}
	if f.open == 0 && len(f.waiting) == 0 {
		ctx.Stop()
	}
	return nil
}

// submit hands on what waits. What is over the rate the factory refuses: it comes
// again when there is room.
func (f *frontier) submit(ctx *actor.Context[message]) error {
	for len(f.waiting) > 0 && !f.paused {
		switch err := f.factory.Submit(ctx, f.waiting[0]); {
		case err == nil:
			f.waiting = f.waiting[1:]
			f.open++
		case errors.Is(err, &factory.RefusedError{Reason: factory.RateLimited}):
			f.paused = true
			ctx.After(time.Second/time.Duration(f.rate), again{})
		default:
			return err
		}
	}
	return nil
}

// PostStop has the factory finish what it has accepted, retries included.
func (f *frontier) PostStop(ctx *actor.Context[message]) error {
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	err := f.factory.Drain(within)
	st := f.factory.Stats()
	_, _ = fmt.Fprintf(f.out, "%d pages visited, %d given up, %d retries, %d not begun\n",
		st.Done, st.Discarded-st.Because(factory.RateLimited), st.Retried, len(f.waiting))
	return err
}

var href = regexp.MustCompile(`<a\s[^>]*href="([^"#]+)`)

// fetch returns the links of a page. A page that is not there has none; an error
// is only what may be better the next time.
func fetch(ctx context.Context, client *http.Client, page *url.URL) (links []*url.URL, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusInternalServerError {
		return nil, errors.New(resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	for _, match := range href.FindAllSubmatch(body, -1) {
		if link, err := page.Parse(string(match[1])); err == nil {
			links = append(links, link)
		}
	}
	return links, err
}
