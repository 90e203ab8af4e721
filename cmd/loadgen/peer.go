package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// peer is the process at the other end of a connection. It prints its address
// as its first line, and ends when its standard input does.
type peer struct {
	address string
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	words   *strings.Builder
}

// peerLimit is how long a peer may take to come up, and to end.
const peerLimit = 30 * time.Second

// startPeer starts loadgen with args as a process of its own.
func startPeer(ctx context.Context, args ...string) (*peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProcess(ctx, self, args...)
}

// startProcess is startPeer for any program that behaves like one.
func startProcess(ctx context.Context, program string, args ...string) (*peer, error) {
	p := &peer{process: exec.CommandContext(ctx, program, args...), words: new(strings.Builder)} //nolint:gosec // the program is loadgen itself, or the one that its user names
	p.process.Stderr, p.process.WaitDelay = p.words, peerLimit
	in, err := p.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReader(out)
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	if p.address, err = p.line(); err != nil {
		return nil, errors.Join(fmt.Errorf("the peer process has given no address: %w", err), p.end())
	}
	return p, nil
}

// line waits for the next line of the peer's output.
func (p *peer) line() (string, error) {
	late := time.AfterFunc(peerLimit, func() { _ = p.process.Process.Kill() })
	defer late.Stop()
	line, err := p.out.ReadString('\n')
	return strings.TrimSpace(line), err
}

// end asks the peer to end and waits for it.
func (p *peer) end() error {
	_ = p.in.Close()
	late := time.AfterFunc(peerLimit, func() { _ = p.process.Process.Kill() })
	defer late.Stop()
	if err := p.process.Wait(); err != nil {
		return fmt.Errorf("the peer process: %w: %s", err, strings.TrimSpace(p.words.String()))
	}
	return nil
}
