package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, actortest.IgnoreAnts()...) }

// begin starts a store that is served until the test ends.
func begin(t *testing.T, shards int) (s *store, url string) {
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	s, err = open(actor.WithSystem(t.Context(), sys), shards)
	require.NoError(t, err)
	server := httptest.NewServer(s.handler())
	t.Cleanup(func() {
		server.Close()
		require.NoError(t, sys.Shutdown(context.Background()))
	})
	return s, server.URL
}

// do makes a request, and returns its code and body.
func do(t *testing.T, method, url, body string) (code int, text string) {
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	http.DefaultClient.CloseIdleConnections()
	return resp.StatusCode, string(got)
}

func has(t *testing.T, url, want string) {
	code, text := do(t, http.MethodGet, url, "")
	require.Equal(t, http.StatusOK, code, text)
	require.Equal(t, want, text)
}

func hasNot(t *testing.T, url string) {
	code, _ := do(t, http.MethodGet, url, "")
	require.Equal(t, http.StatusNotFound, code)
}

func TestKeys(t *testing.T) {
	_, url := begin(t, 3)
	for _, key := range []string{"a", "b/c", "%20", "%FF%FE"} {
		key := url + "/keys/" + key
		hasNot(t, key)
		for _, value := range []string{"one", "", "\xff\x00"} {
			code, _ := do(t, http.MethodPut, key, value)
			require.Equal(t, http.StatusOK, code)
			has(t, key, value)
		}
		code, _ := do(t, http.MethodDelete, key, "")
		require.Equal(t, http.StatusOK, code)
		hasNot(t, key)
	}
	code, _ := do(t, http.MethodPut, url+"/keys/large", strings.Repeat("x", 1<<20+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _ = do(t, http.MethodDelete, url+"/shards/shard-3", "")
	require.Equal(t, http.StatusNotFound, code)
}

// An empty shard takes the place of one that was killed; the others keep what they
// have.
func TestAShardIsKilled(t *testing.T) {
	s, url := begin(t, 4)
	key := func(i int) string { return fmt.Sprintf("%s/keys/%d", url, i) }
	for i := range 40 {
		do(t, http.MethodPut, key(i), "value")
	}
	old, err := s.supervisor.Child(t.Context(), "shard-2")
	require.NoError(t, err)
	code, _ := do(t, http.MethodDelete, url+"/shards/shard-2", "")
	require.Equal(t, http.StatusOK, code)
	require.ErrorIs(t, old.Wait(t.Context()), actor.ErrKilled)
	_, err = s.supervisor.Child(t.Context(), "shard-2") // it answers when it has started the next one
	require.NoError(t, err)
	for i := range 40 {
		if s.of(fmt.Sprint(i)) == s.shards[2] {
			hasNot(t, key(i))
		} else {
			has(t, key(i), "value")
		}
	}
}

// While a shard is down its keys are 503, and only its own.
func TestAShardIsDown(t *testing.T) {
	s, url := begin(t, 2)
	require.NoError(t, s.supervisor.TerminateChild(t.Context(), "shard-0"))
	codes := map[actor.Ref[message]]int{}
	for i := range 20 {
		codes[s.of(fmt.Sprint(i))], _ = do(t, http.MethodPut, fmt.Sprintf("%s/keys/%d", url, i), "x")
	}
	require.Equal(t, map[actor.Ref[message]]int{s.shards[0]: http.StatusServiceUnavailable, s.shards[1]: http.StatusOK}, codes)
}

// The whole program: it says where it is, serves, and ends when it is told to, or
// when a shard dies too often.
func TestTheWholeProgram(t *testing.T) {
	for name, end := range map[string]struct {
		end  func(url string, interrupt func())
		want string
	}{
		"interrupt": {func(_ string, interrupt func()) { interrupt() }, ""},
		"no shard lives": {func(url string, _ func()) {
			for { // until nobody is there any more
				req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, url+"/shards/shard-1", http.NoBody)
				require.NoError(t, err)
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					return
				}
				_ = resp.Body.Close()
			}
		}, "restart intensity"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			read, write := io.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-shards", "2"}, write)
				_ = write.Close()
			}()
			lines, url := bufio.NewScanner(read), ""
			for url == "" && lines.Scan() {
				if where, ok := strings.CutPrefix(lines.Text(), "  curl http://"); ok {
					url = "http://" + where
				}
			}
			drained := make(chan struct{})
			go func() { defer close(drained); _, _ = io.Copy(io.Discard, read) }()
			code, _ := do(t, http.MethodPut, url, "world")
			require.Equal(t, http.StatusOK, code)
			has(t, url, "world")
			end.end(strings.TrimSuffix(url, "/keys/hello"), interrupt)
			if err := <-ended; end.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, end.want)
			}
			<-drained
		})
	}
}

func TestBadUsage(t *testing.T) {
	for args, want := range map[string]string{
		"-addr 127.0.0.1:0 -shards 0": "-shards is 0: want at least 1",
		"-addr nowhere:x":             "nowhere:x",
		"-colour red":                 "-colour",
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard), want)
	}
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "Usage: kvstore")
	require.Contains(t, out.String(), "-shards")
}
