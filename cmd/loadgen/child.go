package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// childCommand is the hidden command under which loadgen starts itself for a
// trial that wants a process of its own: memory that nobody has used before.
const childCommand = "child"

// request is what a child is to do. It reads it from its standard input and
// writes the findings to its standard output, both as JSON.
type request struct {
	Scenario string       `json:"scenario"`
	Variant  string       `json:"variant"`
	Theirs   bool         `json:"theirs"`
	Size     size         `json:"size"`
	Config   sched.Config `json:"config"`
}

// inChild runs one side once in a fresh process.
func inChild(ctx context.Context, j job, theirs bool, note func(string, ...any)) findings {
	found, err := askChild(ctx, request{
		Scenario: j.scenario.name, Variant: j.variant.name, Theirs: theirs, Size: j.size, Config: j.config,
	}, note)
	if err != nil {
		found.Failures = append(found.Failures, fmt.Sprintf("child process: %v", err))
	}
	return found
}

func askChild(ctx context.Context, r request, note func(string, ...any)) (found findings, err error) {
	self, err := os.Executable()
	if err != nil {
		return found, err
	}
	question, err := json.Marshal(r)
	if err != nil {
		return found, err
	}
	child := exec.CommandContext(ctx, self, childCommand)
	var answer, words bytes.Buffer
	child.Stdin, child.Stdout, child.Stderr = bytes.NewReader(question), &answer, &words
	child.WaitDelay = 5 * time.Second
	err = child.Run()
	for line := range strings.Lines(words.String()) {
		note("%s", strings.TrimRight(line, "\n"))
	}
	if err != nil {
		return found, errors.Join(err, context.Cause(ctx))
	}
	err = json.Unmarshal(answer.Bytes(), &found)
	return found, err
}

// beChild is the other end of askChild.
func beChild(ctx context.Context, in io.Reader, out, words io.Writer) error {
	var r request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("child: no request on standard input: %w", err)
	}
	s, err := find(catalogue(), r.Scenario)
	if err != nil {
		return err
	}
	variants, err := s.variantsNamed(r.Variant)
	if err != nil {
		return err
	}
	j := job{scenario: s, variant: variants[0], size: r.Size, config: r.Config, runs: 1}
	note := func(format string, args ...any) { _, _ = fmt.Fprintf(words, format+"\n", args...) }
	return json.NewEncoder(out).Encode(j.here(ctx, r.Theirs, note))
}
