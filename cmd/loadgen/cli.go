package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/ractor-go/ractor/sched"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a check failed, or the work could not be done
	exitUsage  = 2
)

const about = `Puts a load on the actors and says how they bore it. Without arguments it runs every scenario at a modest size, in under a minute on two cores.

Examples:

  loadgen                                    everything, modestly
  loadgen list                               what there is
  loadgen run pingpong fanin                 two scenarios at full size
  loadgen run ring --variant 1000            one variant (also: run ring/1000)
  loadgen run all --baseline --runs 5        against goroutines with channels
  loadgen run mixed --rate 100000 --duration 10s
  loadgen run spawn --json - | jq            figures for a program
  loadgen run pairs --cpuprofile cpu.out     where the time goes
  loadgen run remote --baseline --tls        two processes, encrypted
  RACTOR_PEER=peer loadgen run remote        with a node of ractor's too: see below
  loadgen soak --duration 30m                is anything lost, or left behind?
  loadgen node --name a --cookie secret      a node for others to join

The variants remote/rust-… want in RACTOR_PEER the path of the Rust program of cluster/interop/peer, as cargo builds it; without, they are not run, and say so.

Exit codes: 0, 1 when a check failed, 2 for bad usage.`

type arguments struct {
	Run   runArguments  `cmd:"" default:"withargs" help:"Run scenarios: those named, at full size; none named: all, at modest size."`
	List  listArguments `cmd:"" help:"Explain the scenarios: work, variants, what an op is, default sizes."`
	Soak  soakArguments `cmd:"" help:"Do everything at once for a long time, with kills and panics, and look whether anything is lost or left."`
	Node  nodeArguments `cmd:"" help:"Run a node of a cluster, with actors that others can send to, until it is interrupted."`
	Child struct{}      `cmd:"" hidden:""`

	Loopback struct{} `cmd:"" hidden:""`
}

type listArguments struct {
	Names []string `arg:"" optional:"" name:"name" help:"Only these scenarios."`
}

type runArguments struct {
	Names []string `arg:"" optional:"" name:"name" help:"A scenario, NAME or NAME/VARIANT, or all. See loadgen list."`

	Actors    *int           `placeholder:"N" help:"Live actors; skynet: leaves."`
	Messages  *int64         `placeholder:"N" help:"Ops in all."`
	Producers *int           `placeholder:"N" help:"Who sends or asks: goroutines outside (fanin, supervise, remote/call64), actors (supervisor, pg, bank)."`
	Rate      *int64         `placeholder:"N" help:"Arrivals a second of an open loop (blocking, mixed)."`
	Duration  *time.Duration `placeholder:"TIME" help:"Length of an open loop, or of being idle: 10s."`
	Bound     *int           `placeholder:"N" help:"Places in a bounded mailbox (fanin bounded)."`
	Overflow  *string        `placeholder:"RULE" help:"What a full mailbox does: wait, refuse, drop-newest or drop-oldest."`
	TLS       bool           `name:"tls" help:"Mutual TLS between the processes, with keys made for the run (remote)."`
	Variant   *string        `placeholder:"NAME" help:"Only this variant."`

	Workers *int   `placeholder:"N" help:"Workers of the scheduler (default: GOMAXPROCS)."`
	Config  string `placeholder:"FILE" help:"YAML with fields of sched.Config, one \"name: value\" a line."`

	Runs     *int   `placeholder:"N" help:"Runs of each variant; medians are reported (default: 1)."`
	Baseline bool   `help:"Do the same with goroutines and buffered channels, in turn, and report the ratio."`
	JSON     string `name:"json" placeholder:"FILE" help:"Write the figures as JSON; - is standard output, everything else then goes to standard error."`

	CPUProfile string `name:"cpuprofile" placeholder:"FILE" help:"Write a CPU profile of all runs (not of spawn, which has processes of its own)."`
	MemProfile string `name:"memprofile" placeholder:"FILE" help:"Write a heap profile at the end."`
}

// usageError is what the user has to mend.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func badUsage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errFailed says that a check failed. What failed has been said already.
var errFailed = errors.New("a check failed")

// command is the whole program: it returns the exit code.
func command(ctx context.Context, args []string, in io.Reader, out, words io.Writer) int {
	return commandOf(ctx, catalogue(), args, in, out, words)
}

// commandOf is command for any scenarios.
func commandOf(ctx context.Context, all []scenario, args []string, in io.Reader, out, words io.Writer) int {
	given, what, err := readArguments(args, out, words)
	if err == nil {
		switch what {
		case "help":
		case "list":
			err = list(out, all, given.List.Names)
		case "soak":
			err = given.Soak.run(ctx, out, words)
		case "node":
			err = given.Node.run(ctx, in, out, words)
		case childCommand:
			err = beChild(ctx, in, out, words)
		case loopbackCommand:
			err = beLoopback(ctx, out)
		default:
			err = given.Run.run(ctx, all, out, words)
		}
	}

	return complain(err, words)
}

// complain says what is wrong, if it has not been said, and returns the exit
// code.
func complain(err error, words io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &usage):
		_, _ = fmt.Fprintf(words, "loadgen: %v\nloadgen --help says more.\n", err)
		return exitUsage
	default:
		_, _ = fmt.Fprintf(words, "loadgen: %v\n", err)
		return exitFailed
	}
}

// readArguments reads the command line and says what it asks for: help, which
// has been given already, or the name of a command.
func readArguments(args []string, out, words io.Writer) (given arguments, what string, err error) {
	helped := false
	parser, err := kong.New(&given,
		kong.Name("loadgen"),
		kong.Description(about),
		kong.Writers(out, words),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true}),
	)
	if err != nil {
		return given, "", err
	}
	parsed, err := parser.Parse(joined(args))
	switch {
	case helped:
		return given, "help", nil
	case err != nil:
		return given, "", usageError{err}
	}
	what, _, _ = strings.Cut(parsed.Command(), " ")
	return given, what, nil
}

// joined makes one argument of a flag and a negative number behind it, which
// would be taken for a flag of its own.
func joined(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		if next := i + 1; next < len(args) && strings.HasPrefix(args[i], "--") && !strings.Contains(args[i], "=") &&
			len(args[next]) > 1 && args[next][0] == '-' && args[next][1] >= '0' && args[next][1] <= '9' {
			out = append(out, args[i]+"="+args[next])
			i = next
			continue
		}
		out = append(out, args[i])
	}
	return out
}

// overflows are the rules that --overflow takes.
func overflows() []string { return []string{"wait", "refuse", "drop-newest", "drop-oldest"} }

// What is more than a machine can do, or a test needs: figures that are computed
// of these do not overflow.
const (
	mostOf  = 1_000_000_000_000
	longest = 7 * 24 * time.Hour
)

// validate finds values of no use. All are named with their flag.
func (a *runArguments) validate() error {
	counts := []struct {
		flag  string
		value *int64
	}{
		{"--actors", wide(a.Actors)},
		{"--messages", a.Messages},
		{"--producers", wide(a.Producers)},
		{"--rate", a.Rate},
		{"--bound", wide(a.Bound)},
		{"--workers", wide(a.Workers)},
		{"--runs", wide(a.Runs)},
	}
	for _, c := range counts {
		switch {
		case c.value == nil:
		case *c.value <= 0:
			return badUsage("%s is %d: want a positive number", c.flag, *c.value)
		case *c.value > mostOf:
			return badUsage("%s is %d: want at most %d", c.flag, *c.value, int64(mostOf))
		}
	}
	switch {
	case a.Duration == nil:
	case *a.Duration <= 0:
		return badUsage("--duration is %v: want a positive duration", *a.Duration)
	case *a.Duration > longest:
		return badUsage("--duration is %v: want at most %v", *a.Duration, longest)
	}
	if a.Overflow != nil {
		known := false
		for _, o := range overflows() {
			known = known || o == *a.Overflow
		}
		if !known {
			return badUsage("--overflow is %q: want one of %s%s", *a.Overflow,
				strings.Join(overflows(), ", "), didYouMean(*a.Overflow, overflows()))
		}
	}
	return nil
}

func wide(n *int) *int64 {
	if n == nil {
		return nil
	}
	w := int64(*n)
	return &w
}

// schedConfig is the resolved configuration: the file's, and --workers over it.
func (a *runArguments) schedConfig() (sched.Config, error) {
	var cfg sched.Config
	if a.Config != "" {
		var err error
		if cfg, err = readConfig(a.Config); err != nil {
			return cfg, usageError{err}
		}
	}
	if a.Workers != nil {
		cfg.Workers = *a.Workers
	}
	cfg, err := cfg.Resolve()
	if err != nil {
		return cfg, usageError{err}
	}
	return cfg, nil
}

// jobs are what the arguments ask for. The second result tells of flags that
// a scenario has no use for.
func (a *runArguments) jobs(all []scenario) (jobs []job, notes []string, err error) {
	if err := a.validate(); err != nil {
		return nil, nil, err
	}
	cfg, err := a.schedConfig()
	if err != nil {
		return nil, nil, err
	}
	given := overrides{
		actors: a.Actors, producers: a.Producers, bound: a.Bound, messages: a.Messages,
		rate: a.Rate, duration: a.Duration, overflow: a.Overflow,
	}
	names, modest := a.Names, len(a.Names) == 0
	if modest || len(names) == 1 && names[0] == "all" {
		names = nil
		for i := range all {
			names = append(names, all[i].name)
		}
	}
	for _, full := range names {
		name, wanted, named := strings.Cut(full, "/")
		s, err := find(all, name)
		if err != nil {
			return nil, nil, usageError{err}
		}
		if named && wanted == "" {
			return nil, nil, badUsage("%q names no variant behind the /", full)
		}
		if a.Variant != nil && !named {
			if wanted = *a.Variant; wanted == "" {
				return nil, nil, badUsage("--variant is empty: want a name")
			}
		}
		variants, err := s.variantsNamed(wanted)
		if err != nil {
			return nil, nil, usageError{err}
		}
		standard := s.full
		if modest {
			standard = s.modest
		}
		base, unused := given.over(overrides{}.arrivals(standard), s.fixed)
		if a.TLS && !s.crosses {
			unused = append(unused, "--tls")
		}
		for _, flag := range unused {
			notes = append(notes, fmt.Sprintf("%s: %s does not apply", s.name, flag))
		}
		if base = given.arrivals(base); base.Messages > mostOf {
			return nil, nil, badUsage("%s: --rate %d for --duration %v are %d messages: want at most %d",
				s.name, base.Rate, base.Duration, base.Messages, int64(mostOf))
		}
		if s.rounds > 0 && a.Messages == nil {
			base.Messages = s.rounds * int64(base.Actors)
		}
		if s.check != nil {
			if err := s.check(base); err != nil {
				return nil, nil, badUsage("%s: %w", s.name, err)
			}
		}
		for _, v := range variants {
			j := job{scenario: s, variant: v, size: base, config: cfg, runs: 1, baseline: a.Baseline}
			if v.fewer > 0 && a.Messages == nil {
				j.size.Messages = max(1, j.size.Messages/v.fewer)
			}
			if v.adjust != nil {
				v.adjust(&j.size)
			}
			j.size.TLS = a.TLS && s.crosses
			if a.Runs != nil {
				j.runs = *a.Runs
			}
			jobs = append(jobs, j)
		}
	}
	return jobs, notes, nil
}

// run does what the arguments ask for.
func (a *runArguments) run(ctx context.Context, all []scenario, out, words io.Writer) (err error) {
	jobs, notes, err := a.jobs(all)
	if err != nil {
		return err
	}
	figures, closeFigures, err := a.openJSON(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeFigures()) }()
	if a.JSON == "-" {
		out = words
	}
	stopProfiles, err := a.profile()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopProfiles()) }()

	steps := 0
	for _, j := range jobs {
		steps += j.steps()
	}
	show := newProgress(words, steps)
	for _, n := range notes {
		show.line("note: " + n)
	}
	rows := make([]row, 0, len(jobs))
	failed := false
	for _, j := range jobs {
		r := j.do(ctx, show)
		show.result(r)
		rows = append(rows, r)
		failed = failed || len(r.failures) > 0
		if ctx.Err() != nil {
			show.line("interrupted: what follows is not all")
			failed = true
			break
		}
	}
	show.end()

	_, err = fmt.Fprintf(out, "\n%s %s/%s, GOMAXPROCS=%d, %d workers\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), jobs[0].config.Workers)
	if err == nil {
		err = writeTable(out, rows)
	}
	if err == nil && figures != nil {
		encoder := json.NewEncoder(figures)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(rows)
	}
	if err == nil && failed {
		err = errFailed
	}
	return err
}

// openJSON opens where the figures go, before the work: a name of no use
// should not cost a minute.
func (a *runArguments) openJSON(out io.Writer) (w io.Writer, finish func() error, err error) {
	switch a.JSON {
	case "":
		return nil, func() error { return nil }, nil
	case "-":
		return out, func() error { return nil }, nil
	}
	f, err := os.Create(a.JSON)
	if err != nil {
		return nil, nil, badUsage("--json: %w", err)
	}
	return f, f.Close, nil
}

// profile starts the profiles that are asked for; finish ends them.
func (a *runArguments) profile() (finish func() error, err error) {
	var cpu, mem *os.File
	if a.CPUProfile != "" {
		if cpu, err = os.Create(a.CPUProfile); err != nil {
			return nil, badUsage("--cpuprofile: %w", err)
		}
	}
	if a.MemProfile != "" {
		if mem, err = os.Create(a.MemProfile); err != nil {
			if cpu != nil {
				_ = cpu.Close()
			}
			return nil, badUsage("--memprofile: %w", err)
		}
	}
	if cpu != nil {
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, fmt.Errorf("--cpuprofile: %w", err)
		}
	}
	return func() error {
		var errs []error
		if cpu != nil {
			pprof.StopCPUProfile()
			errs = append(errs, cpu.Close())
		}
		if mem != nil {
			runtime.GC() // the profile is of the last collection
			errs = append(errs, pprof.WriteHeapProfile(mem), mem.Close())
		}
		return errors.Join(errs...)
	}, nil
}
