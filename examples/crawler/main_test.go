package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actortest"
)

// What is there before the first test is what ants starts when it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, actortest.IgnoreAnts()...) }

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// crawlDemo crawls the hosts of demoStart, as handler serves them, and returns the
// lines that it prints.
func crawlDemo(ctx context.Context, handler http.Handler, rate int) ([]string, error) {
	transport, end := serve(handler)
	defer end()
	var out bytes.Buffer
	f := &frontier{client: &http.Client{Transport: transport}, out: &out, start: demoStart(), workers: 4, rate: rate, limit: 100}
	err := crawl(ctx, f)
	return strings.Split(strings.TrimSpace(out.String()), "\n"), err
}

// Each page that can be reached is visited, or given up, and told of once.
func TestTheWholeProgram(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(within(t), []string{"-rate", "10000"}, &out))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	ends := map[string]string{}
	for _, line := range lines[:len(lines)-1] {
		page, how, _ := strings.Cut(line, " ")
		require.NotContains(t, ends, page)
		ends[page] = strings.TrimSpace(how)
	}
	want := map[string]string{"http://north.example/maps": "given up: failed"}
	for _, page := range []string{"north.example/", "north.example/birds", "north.example/fish", "north.example/owl", "north.example/gull", "north.example/cod", "south.example/", "south.example/dunes"} {
		want["http://"+page] = "visited"
	}
	require.Equal(t, want, ends)
	require.Equal(t, "8 pages visited, 1 given up, 3 retries, 0 not begun", lines[len(lines)-1])
}

func TestPagesLimit(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(within(t), []string{"-rate", "10000", "-pages", "2"}, &out))
	require.Contains(t, out.String(), "2 pages visited, 0 given up")
}

// Two hosts are visited at a time, but never two pages of one, and in order: each
// page waits for the same one of the other host, so that they are under way
// together.
func TestOnePageOfAHostAtATime(t *testing.T) {
	var (
		mu     sync.Mutex
		active = map[string]int{}
		broken = make(chan struct{})
		meet   [11]chan string
	)
	for i := range meet {
		meet[i] = make(chan string)
	}
	enter := func(host string, by int) {
		mu.Lock()
		defer mu.Unlock()
		if active[host] += by; active[host] == 2 {
			close(broken)
		}
	}
	lines, err := crawlDemo(within(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		enter(r.Host, 1)
		defer enter(r.Host, -1)
		n, _ := strconv.Atoi(r.URL.Path[1:]) // 0 for the first page
		select {
		case meet[n] <- r.Host:
		case other := <-meet[n]:
			assert.NotEqual(t, r.Host, other)
		case <-broken:
		}
		if n == 0 {
			for i := range 10 {
				_, _ = fmt.Fprintf(w, "<a href='no'><a class=x href=\"/%d#part\">", i+1)
			}
		}
	}), 10000)
	require.NoError(t, err)
	require.Len(t, lines, 2*11+1)
	select {
	case <-broken:
		t.Error("two pages of a host were under way")
	default:
	}
}

// At 100 a second the eleventh page cannot come before a tenth of a second.
func TestRate(t *testing.T) {
	begin := time.Now()
	lines, err := crawlDemo(within(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := range 10 {
			_, _ = fmt.Fprintf(w, `<a href="http://north.example/%d">`, i)
		}
	}), 100)
	require.NoError(t, err)
	require.Len(t, lines, 12+1)
	require.GreaterOrEqual(t, time.Since(begin), 110*time.Millisecond)
}

// An interrupt lets what was begun come to its end, and begins nothing new.
func TestInterrupt(t *testing.T) {
	ctx, interrupt := context.WithCancel(within(t))
	lines, err := crawlDemo(ctx, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		interrupt()
	}), 1) // the second page would begin a second later
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, "1 pages visited, 0 given up, 0 retries, 1 not begun", lines[len(lines)-1])
}

func TestBadUsage(t *testing.T) {
	for args, want := range map[string]string{
		"-rate 0":         "-rate is 0: want at least 1",
		"-workers -1":     "Workers is -1",
		"www.example.com": `"www.example.com" is no URL of a page`,
		"-colour red":     "-colour",
	} {
		require.ErrorContains(t, run(within(t), strings.Fields(args), new(bytes.Buffer)), want)
	}
	var out bytes.Buffer
	require.ErrorIs(t, run(within(t), []string{"-h"}, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "Usage: crawler")
	require.Contains(t, out.String(), "-rate")
}
