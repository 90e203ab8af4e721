package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// wanted is how many mutants the suite must kill.
const wanted = 28

const help = `Mutants breaks the runtime on purpose, one small fault at a time, and says which
test has noticed. It changes no file of yours. Run it anywhere in the module:

    go run ./internal/mutants               all of them: some minutes
    go run ./internal/mutants -n            lists them, and runs nothing
    go run ./internal/mutants -run '^hold'  those whose name matches

Flags:

`

const legend = `
killed    a test failed: the one named
hangs     the tests did not end in time: that counts as killed
survived  no test has noticed
unjudged  the tests fail without the fault too, or there are none

The faults, and how to write one: internal/mutants/mutants.txt. The status is 0 if
%d were killed or, with -run, all that were chosen; otherwise 1.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is main without the process.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.Usage = func() {
		printf(flags.Output(), "%s", help)
		flags.PrintDefaults()
		printf(flags.Output(), legend, wanted)
	}
	some := flags.String("run", "", "only mutants whose name matches this `regexp`")
	list := flags.Bool("n", false, "list the mutants, run nothing")
	timeout := flags.Duration("timeout", 90*time.Second, "what does not end within this `time` hangs")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		printf(complaints, "mutants: %q: it takes no arguments; -run chooses mutants, -h helps\n", flags.Arg(0))
		return 2
	}
	ms, err := choose(*some)
	switch {
	case err != nil:
	case *list:
		show(out, ms)
		return 0
	default:
		err = judge(ctx, ms, *timeout, *some == "", out, complaints)
	}
	if err != nil {
		printf(complaints, "mutants: %v\n", err)
		return 1
	}
	return 0
}

// choose returns the mutants whose name matches.
func choose(pattern string) ([]mutant, error) {
	match, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	all, err := parse(list)
	if err != nil {
		return nil, err
	}
	var ms []mutant
	for _, m := range all {
		if match.MatchString(m.name) {
			ms = append(ms, m)
		}
	}
	if len(ms) == 0 {
		return nil, fmt.Errorf("-run: no mutant matches %q; -n lists them", pattern)
	}
	return ms, nil
}

// show lists mutants.
func show(out io.Writer, ms []mutant) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range ms {
		printf(w, "%s\t%s\t%s\n", m.name, m.file, m.breaks)
	}
	_ = w.Flush()
	printf(out, "%d mutants\n", len(ms))
}

// judge runs mutants one after another and prints what becomes of each, and the
// score; an error if it is too low.
func judge(ctx context.Context, ms []mutant, timeout time.Duration, all bool, out, complaints io.Writer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	b, err := newBench(root, scratch, timeout, ms)
	if err != nil {
		return err
	}
	p := progress{w: complaints, on: isTerminal(complaints)}
	b.sayf = p.sayf
	width := 0
	for _, m := range ms {
		width = max(width, len(m.name))
	}
	begin, kills, bad := time.Now(), 0, 0
	for i, m := range ms {
		p.prefix = fmt.Sprintf("[%d/%d] ", i+1, len(ms))
		since := time.Now()
		o, err := b.judge(ctx, m)
		p.wipe()
		if err != nil {
			return err
		}
		switch {
		case o.verdict.isKill():
			kills++
		case o.verdict != survived:
			bad++
		case m.survives != "":
			o.by = m.survives
		}
		printf(out, "%-*s  %-8s  %6.1f s  %s\n", width, m.name, o.verdict, time.Since(since).Seconds(), o.by)
	}
	printf(out, "\n%d of %d mutants killed, in %v\n", kills, len(ms), time.Since(begin).Round(time.Second))
	want := len(ms)
	if all {
		want = wanted
	}
	switch {
	case bad > 0:
		return fmt.Errorf("%d mutants could not be judged: mend mutants.txt, or the tests", bad)
	case kills < want:
		return fmt.Errorf("at least %d must be killed", want)
	}
	return nil
}

// moduleRoot is the folder of the module that the program is run in.
func moduleRoot(ctx context.Context) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(mod))
	if filepath.Base(file) != "go.mod" {
		return "", errors.New("not inside a module: run it in a folder of this repository")
	}
	return filepath.Dir(file), nil
}

// progress is a line on a terminal that says what is going on.
type progress struct {
	w      io.Writer
	on     bool
	prefix string
}

func (p *progress) sayf(format string, args ...any) {
	if p.on {
		p.wipe()
		printf(p.w, "%.100s", p.prefix+fmt.Sprintf(format, args...))
	}
}

func (p *progress) wipe() {
	if p.on {
		printf(p.w, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// printf prints to who may have gone: that is no reason to stop.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
