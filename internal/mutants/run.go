package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// verdict is what became of a mutant.
type verdict string

const (
	killed   verdict = "killed"
	hangs    verdict = "hangs" // killed too: nothing that hangs goes unnoticed
	survived verdict = "survived"
	noUse    verdict = "unjudged" // the tests fail without the fault too, or there are none
)

func (v verdict) isKill() bool { return v == killed || v == hangs }

// outcome is a verdict, and by what: the first test that has failed, or what
// stood in the way.
type outcome struct {
	verdict verdict
	by      string
}

// bench runs mutants in one module.
type bench struct {
	root     string // of the module
	scratch  string // a folder of ours
	timeout  time.Duration
	sayf     func(format string, args ...any) // what is going on
	overlay  string                           // tells the go command of the schema
	patterns map[string][]string              // by build: all -run
	programs map[string]program               // by build
}

// program is the tests of a package, with all mutants in them.
type program struct {
	file  string
	sound outcome // what they say of the code as it is: survived, or noUse
}

// newBench writes the schema of ms.
func newBench(root, scratch string, timeout time.Duration, ms []mutant) (*bench, error) {
	b := &bench{
		root: root, scratch: scratch, timeout: timeout, sayf: func(string, ...any) {},
		overlay:  filepath.Join(scratch, "overlay.json"),
		patterns: map[string][]string{}, programs: map[string]program{},
	}
	files, err := schema(ms, os.DirFS(root))
	if err != nil {
		return nil, err
	}
	replace := map[string]string{}
	for name, text := range files {
		copied := filepath.Join(scratch, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(copied, []byte(text), 0o600); err != nil {
			return nil, err
		}
		replace[filepath.Join(root, filepath.FromSlash(name))] = copied
	}
	index, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	for _, m := range ms {
		for _, t := range m.tests {
			b.patterns[t.build] = append(b.patterns[t.build], t.pattern)
		}
	}
	return b, os.WriteFile(b.overlay, index, 0o600)
}

// judge runs the tests of m until one fails.
func (b *bench) judge(ctx context.Context, m mutant) (outcome, error) {
	for _, t := range m.tests {
		p, err := b.program(ctx, t)
		if err != nil || p.sound.verdict != survived {
			return p.sound, err
		}
		b.sayf("%s: go test %v", m.name, t)
		o, err := b.test(ctx, p.file, t.folder(), t.pattern, m.name)
		if err != nil || o.verdict != survived {
			return o, err
		}
	}
	return outcome{verdict: survived}, nil
}

// program builds the tests of t's package and runs, on the code as it is, all
// that any mutant wants of them: a test that fails then proves nothing.
func (b *bench) program(ctx context.Context, t test) (program, error) {
	if p, ok := b.programs[t.build]; ok {
		return p, nil
	}
	b.sayf("builds the tests: go test %s", t.build)
	p := program{file: filepath.Join(b.scratch, fmt.Sprintf("%d.test", len(b.programs)))}
	args := append([]string{"test", "-c", "-o", p.file, "-overlay", b.overlay, "-vet=off"}, t.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+t.folder())...)
	cmd.Dir = b.root
	if text, err := cmd.CombinedOutput(); err != nil {
		return p, errors.Join(context.Cause(ctx), fmt.Errorf("go test %s, with the mutants: %w\n%s", t.build, err, text))
	}
	b.sayf("without a fault: go test %s", t.build)
	pattern := strings.Join(b.patterns[t.build], "|")
	for _, one := range b.patterns[t.build] {
		if one == "" {
			pattern = "" // all
		}
	}
	var err error
	if p.sound, err = b.test(ctx, p.file, t.folder(), pattern, ""); err != nil {
		return p, err
	}
	if v := p.sound.verdict; v.isKill() {
		p.sound = outcome{noUse, fmt.Sprintf("without the fault: %s: %s", v, p.sound.by)}
	}
	b.programs[t.build] = p
	return p, nil
}

// test runs tests as a mutant; "": as none. An error means that they could not
// be run.
func (b *bench) test(ctx context.Context, program, folder, pattern, name string) (outcome, error) {
	cmd := exec.CommandContext(ctx, program, "-test.v", "-test.failfast", "-test.timeout="+b.timeout.String(), "-test.run="+pattern)
	cmd.Dir = filepath.Join(b.root, filepath.FromSlash(folder))
	cmd.Env = append(os.Environ(), chosen+"="+name)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return outcome{}, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return outcome{}, err
	}
	return read(out.String(), err == nil), nil
}

var (
	verdictLine = regexp.MustCompile(`(?m)^(?:=== RUN  |\s*--- (FAIL|PASS|SKIP):) +(\S+)`)
	timedOut    = regexp.MustCompile(`(?m)^panic: test timed out`)
	signs       = regexp.MustCompile(`(?m)^(?:WARNING: (DATA RACE)|(fatal error: .*)|(panic: .*)|(goleak: [\w ]*))`)
)

// read makes an outcome of what tests have printed.
func read(out string, passed bool) outcome {
	var first string     // that has failed
	var running []string // in the order of their beginning
	lines := verdictLine.FindAllStringSubmatch(out, -1)
	for _, l := range lines {
		switch result, test := l[1], l[2]; result {
		case "":
			running = append(running, test)
		case "FAIL":
			if first == "" {
				first = test
			}
		default:
			running = slices.DeleteFunc(running, func(other string) bool { return other == test })
		}
	}
	if first == "" && len(running) > 0 { // the process has ended in it
		first = running[len(running)-1]
	}
	by := first
	if sign := signs.FindStringSubmatch(out); sign != nil {
		by = strings.TrimSpace(by + " (" + strings.Join(sign[1:], "") + ")")
	}
	switch {
	case passed && len(lines) == 0:
		return outcome{noUse, "no test of this name"}
	case passed:
		return outcome{verdict: survived}
	case timedOut.MatchString(out):
		return outcome{hangs, by}
	}
	return outcome{killed, by}
}
