//go:build interop

package interop

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A peer is one process of the Rust program.
type peer struct {
	t       testing.TB
	name    string // name@host
	port    string
	process *os.Process
	in      io.Writer
	journal
}

// startPeer runs the peer with flags, and ends it with the test.
func startPeer(t testing.TB, flags ...string) *peer {
	t.Helper()
	cmd := exec.Command(program, flags...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	p := &peer{t: t, in: in, journal: newJournal()}
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
			t.Logf("%s said:\n%s\n%s", p.name, p.story(), complaints.String())
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

// await takes an event of the peer's: see journal.take.
func (p *peer) await(word string, pairs ...string) event {
	p.t.Helper()
	return p.take(p.t, word, pairs...)
}

// read collects lines until the peer ends.
func (p *peer) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.add(parse(lines.Text()))
	}
	p.end()
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
