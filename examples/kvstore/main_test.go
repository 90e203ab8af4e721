package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
)

// What is there before the first test is what ants starts when it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, actortest.IgnoreAnts()...) }

// rig is a store that is served.
type rig struct {
	*store
	url string
	up  chan struct{} // a shard is up
}

// begin starts a store in dir. It ends with the test, or with end.
func begin(t *testing.T, dir string, shards int) (r rig, end func()) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	r.up = make(chan struct{}, 100)
	sys, err := actor.NewSystem(actor.Config{Logger: slog.New(upHandler{slog.DiscardHandler, r.up})})
	require.NoError(t, err)
	r.store, err = open(actor.WithSystem(ctx, sys), dir, shards)
	require.NoError(t, err)
	for range shards {
		<-r.up
	}
	server := httptest.NewServer(r.handler())
	r.url = server.URL
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		server.Close()
		require.NoError(t, sys.Shutdown(ctx))
		require.NoError(t, r.close())
		cancel()
	}
	t.Cleanup(end)
	return r, end
}

// upHandler is a log that tells when a shard is up.
type upHandler struct {
	slog.Handler
	up chan<- struct{}
}

func (h upHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h upHandler) WithAttrs([]slog.Attr) slog.Handler       { return h }
func (h upHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "shard is up" {
		h.up <- struct{}{}
	}
	return nil
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

func TestKeys(t *testing.T) {
	r, _ := begin(t, t.TempDir(), 3)
	for _, key := range []string{"a", "b/c", "%20", "%FF%FE"} {
		url := r.url + "/keys/" + key
		code, _ := do(t, http.MethodGet, url, "")
		require.Equal(t, http.StatusNotFound, code)
		for _, value := range []string{"one", "", "\xff\x00"} {
			code, _ = do(t, http.MethodPut, url, value)
			require.Equal(t, http.StatusOK, code)
			has(t, url, value)
		}
		code, _ = do(t, http.MethodDelete, url, "")
		require.Equal(t, http.StatusOK, code)
		code, _ = do(t, http.MethodGet, url, "")
		require.Equal(t, http.StatusNotFound, code)
	}
	code, _ := do(t, http.MethodPut, r.url+"/keys/large", strings.Repeat("x", 1<<20+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, code)
	code, _ = do(t, http.MethodDelete, r.url+"/shards/shard-3", "")
	require.Equal(t, http.StatusNotFound, code)
}

// A shard that was killed comes back with its keys; the others have not noticed.
func TestARestartRecovers(t *testing.T) {
	r, _ := begin(t, t.TempDir(), 4)
	for i := range 40 {
		code, _ := do(t, http.MethodPut, fmt.Sprintf("%s/keys/%d", r.url, i), fmt.Sprint("value ", i))
		require.Equal(t, http.StatusOK, code)
	}
	do(t, http.MethodDelete, r.url+"/keys/7", "")
	code, _ := do(t, http.MethodDelete, r.url+"/shards/shard-2", "")
	require.Equal(t, http.StatusOK, code)
	<-r.up

	for i := range 40 {
		if i != 7 {
			has(t, fmt.Sprintf("%s/keys/%d", r.url, i), fmt.Sprint("value ", i))
		}
	}
	code, _ = do(t, http.MethodGet, r.url+"/keys/7", "")
	require.Equal(t, http.StatusNotFound, code)
	has(t, r.url+"/shards", "shard-0: 0 restarts\nshard-1: 0 restarts\nshard-2: 1 restarts\nshard-3: 0 restarts\n")
}

// While a shard is down its keys are 503, and only its own.
func TestAShardThatIsDown(t *testing.T) {
	r, _ := begin(t, t.TempDir(), 2)
	require.NoError(t, r.supervisor.TerminateChild(t.Context(), "shard-0"))
	codes := map[actor.Ref[message]]int{}
	for i := range 20 {
		key := fmt.Sprint(i)
		codes[r.of(key)], _ = do(t, http.MethodPut, r.url+"/keys/"+key, "x")
	}
	require.Equal(t, map[actor.Ref[message]]int{r.shards[0]: http.StatusServiceUnavailable, r.shards[1]: http.StatusOK}, codes)
}

// What was acknowledged is there again when the program is, also after a crash in
// the middle of a write. A log that is damaged elsewhere is an error.
func TestTheLogOutlivesTheProgram(t *testing.T) {
	dir := t.TempDir()
	r, end := begin(t, dir, 1)
	do(t, http.MethodPut, r.url+"/keys/a", "1")
	do(t, http.MethodPut, r.url+"/keys/b", strings.Repeat("2", 100))
	end()
	name := filepath.Join(dir, "shard-0.log")
	whole, err := os.ReadFile(name)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(name, whole[:len(whole)-3], 0o600))
	r, end = begin(t, dir, 1)
	has(t, r.url+"/keys/a", "1")
	code, _ := do(t, http.MethodGet, r.url+"/keys/b", "")
	require.Equal(t, http.StatusNotFound, code)
	do(t, http.MethodPut, r.url+"/keys/c", "3")
	end()
	r, end = begin(t, dir, 1)
	has(t, r.url+"/keys/a", "1")
	has(t, r.url+"/keys/c", "3")
	end()

	require.NoError(t, os.WriteFile(name, append([]byte("?"), whole...), 0o600))
	_, err = open(t.Context(), dir, 1)
	require.ErrorContains(t, err, "shard-0.log, behind byte 0")
	_, err = open(t.Context(), dir, 2)
	require.ErrorContains(t, err, "has the logs of 1")
}

// The whole program: it says where it is, serves, and ends when it is told to.
func TestTheWholeProgram(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-shards", "2"}, write)
		_ = write.Close()
	}()
	lines := bufio.NewScanner(read)
	url := ""
	for url == "" && lines.Scan() {
		if where, ok := strings.CutPrefix(lines.Text(), "  curl http://"); ok {
			url = "http://" + where
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, read)
	}()
	code, _ := do(t, http.MethodPut, url, "world")
	require.Equal(t, http.StatusOK, code)
	has(t, url, "world")
	interrupt()
	require.NoError(t, <-ended)
	<-drained
}

// When a shard cannot live the supervisor gives up, and so does the program.
func TestAShardThatCannotLive(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	listener := httptest.NewUnstartedServer(nil).Listener
	dir := t.TempDir()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, dir, 1, io.Discard) }()
	url := "http://" + listener.Addr().String()
	do(t, http.MethodPut, url+"/keys/a", "1") // the listener takes it, however early it comes
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shard-0.log"), []byte("?"), 0o600))
	do(t, http.MethodDelete, url+"/shards/shard-0", "")
	require.ErrorContains(t, <-ended, "restart intensity exceeded")
}

func TestBadUsage(t *testing.T) {
	for args, want := range map[string]string{
		"-addr 127.0.0.1:0 -shards 0":          "-shards is 0: want at least 1",
		"-addr nowhere:x":                      "nowhere:x",
		"-addr 127.0.0.1:0 -dir /dev/null/dir": "not a directory",
		"-colour red":                          "-colour",
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(args), io.Discard), want)
	}
	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &out), flag.ErrHelp)
	require.Contains(t, out.String(), "Usage: kvstore")
	require.Contains(t, out.String(), "-shards")
}
