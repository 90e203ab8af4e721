//go:build interop

package interop

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds every wait of these tests. Nothing takes that long unless it never
// comes.
const patience = 20 * time.Second

// A peer is one process of the Rust program.
type peer struct {
	t       testing.TB
	name    string // name@host
	port    string
	process *os.Process
	in      io.Writer

	mu    sync.Mutex
	lines []event       // that nobody has waited for yet
	all   []string      // every line, for a test that fails
	more  chan struct{} // closed when a line has come
	ended bool
}

// An event is one line of the peer's.
type event struct {
	word string
	keys map[string]string
}

// startPeer runs the peer with flags, and ends it with the test.
func startPeer(t testing.TB, flags ...string) *peer {
	t.Helper()
	cmd := exec.Command(program, flags...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	p := &peer{t: t, in: in, more: make(chan struct{})}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	require.NoError(t, cmd.Start())
	p.process = cmd.Process

	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(out)
	}()
	t.Cleanup(func() {
		_ = p.process.Kill() // it may have ended already
		<-read
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s\n%s", p.name, strings.Join(p.all, "\n"), complaints.String())
		}
	})

	node := p.await("node")
	p.name, p.port = node.keys["name"], node.keys["port"]
	return p
}

// addr is where it listens.
func (p *peer) addr() string { return "localhost:" + p.port }

// tellf writes one command.
func (p *peer) tellf(format string, args ...any) {
	p.t.Helper()
	_, err := fmt.Fprintf(p.in, format+"\n", args...)
	require.NoError(p.t, err)
}

// await takes the first event, of those not taken yet, that has this word and these
// key=value pairs. They may come in any order: what was passed over stays.
func (p *peer) await(word string, pairs ...string) event {
	p.t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		p.mu.Lock()
		at := slices.IndexFunc(p.lines, func(e event) bool { return e.is(word, pairs) })
		if at >= 0 {
			found := p.lines[at]
			p.lines = slices.Delete(p.lines, at, at+1)
			p.mu.Unlock()
			return found
		}
		more, ended := p.more, p.ended
		p.mu.Unlock()
		if ended {
			require.FailNow(p.t, "the peer ended", "while waiting for %s %v", word, pairs)
		}
		select {
		case <-more:
		case <-late.C:
			require.FailNow(p.t, "the peer is silent", "waiting for %s %v", word, pairs)
		}
	}
}

// has says whether such an event has come and was not taken.
func (p *peer) has(word string, pairs ...string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.lines, func(e event) bool { return e.is(word, pairs) })
}

// read collects lines until the peer ends.
func (p *peer) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.mu.Lock()
		p.all = append(p.all, lines.Text())
		p.lines = append(p.lines, parse(lines.Text()))
		p.wake()
		p.mu.Unlock()
	}
	p.mu.Lock()
	p.ended = true
	p.wake()
	p.mu.Unlock()
}

func (p *peer) wake() {
	close(p.more)
	p.more = make(chan struct{})
}

// parse reads "word key=value ...", where value= and error= go on to the end.
func parse(line string) event {
	word, rest, _ := strings.Cut(line, " ")
	e := event{word: word, keys: map[string]string{}}
	for rest != "" {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		if key == "value" || key == "error" {
			e.keys[key] = after
			break
		}
		e.keys[key], rest, _ = strings.Cut(after, " ")
	}
	return e
}

func (e event) is(word string, pairs []string) bool {
	return e.word == word && !slices.ContainsFunc(pairs, func(pair string) bool {
		key, want, _ := strings.Cut(pair, "=")
		got, ok := e.keys[key]
		return !ok || got != want
	})
}
