// Seamcost says what the seam for simulations (sched.Driver) costs a program that
// does not use it:
//
//	go run ./internal/seamcost
//
// It builds the benchmarks of actor and rpc twice, as they ship and with the tag
// noseam, with which the seam is compiled out, and runs the two in turn: with,
// without, with. The difference of a round is the mean of its two runs with the
// seam less the run without; printed are medians, and between which values the
// middle half of the differences lies. If that is on both sides of zero the
// machine does not tell the two builds apart.
//
// Each round links both anew, with the functions in another order: where a function
// happens to lie makes more of a difference than the seam, up to a tenth of a call.
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
	"slices"
	"strconv"
	"text/tabwriter"
)

// paths are the benchmarks, by package.
var paths = []struct {
	folder   string
	patterns []string
}{
	{"actor", []string{"Benchmark(PingPong|Cast|Spawn)$", "Timers$/^CastAfter$"}},
	{"rpc", []string{"Benchmark(Outside|Inside)$/^(rpc|call|then)$"}},
}

func main() {
	rounds := flag.Int("rounds", 15, "how often each benchmark runs without the seam; with it twice as often")
	length := flag.String("benchtime", "100ms", "how long a run is, as go test's -benchtime")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *rounds, *length, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "seamcost:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int, length string, out io.Writer) error {
	if rounds < 1 {
		return fmt.Errorf("-rounds is %d: want at least 1", rounds)
	}
	scratch, err := os.MkdirTemp("", "seamcost")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "ns\twith\twithout\tdifference\tmiddle half\t")
	for _, p := range paths {
		with := filepath.Join(scratch, p.folder+".with")
		without := filepath.Join(scratch, p.folder+".without")
		var m measured
		for round := range rounds {
			if err := errors.Join(build(ctx, with, "", p.folder, round), build(ctx, without, "noseam", p.folder, round)); err != nil {
				return err
			}
			for i, program := range []string{with, without, with} {
				for _, pattern := range p.patterns {
					if err := m.run(ctx, i, program, pattern, length); err != nil {
						return err
					}
				}
			}
		}
		m.print(w, p.folder)
	}
	return w.Flush()
}

// build compiles the tests of a package and links them in an order of their own.
func build(ctx context.Context, file, tag, folder string, order int) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", file, "-tags", tag,
		fmt.Sprintf("-ldflags=-s -w -randlayout=%d", order+1), "github.com/ractor-go/ractor/"+folder)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, text)
	}
	return nil
}

// measured is ns by benchmark, for the three runs of a round.
type measured struct {
	names []string
	ns    map[string][3][]float64
}

// A benchmark that makes many calls an iteration reports ns/call.
var (
	line = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s+\d+\s.*$`)
	cost = regexp.MustCompile(`([\d.]+) ns/(op|call)`)
)

// run is the i-th run of a round.
func (m *measured) run(ctx context.Context, i int, program, pattern, length string) error {
	cmd := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+length)
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd, err, text)
	}
	lines := line.FindAllStringSubmatch(string(text), -1)
	if len(lines) == 0 {
		return fmt.Errorf("%v has run no benchmark:\n%s", cmd, text)
	}
	if m.ns == nil {
		m.ns = map[string][3][]float64{}
	}
	for _, l := range lines {
		values := cost.FindAllStringSubmatch(l[0], -1)
		if len(values) == 0 {
			return fmt.Errorf("%v: no ns/op in %q", cmd, l[0])
		}
		value := values[0][1]
		for _, v := range values {
			if v[2] == "call" {
				value = v[1]
			}
		}
		ns, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%v: %w", cmd, err)
		}
		runs, known := m.ns[l[1]]
		if !known {
			m.names = append(m.names, l[1])
		}
		runs[i] = append(runs[i], ns)
		m.ns[l[1]] = runs
	}
	return nil
}

func (m *measured) print(w io.Writer, folder string) {
	for _, name := range m.names {
		runs := m.ns[name]
		var differences []float64
		for i, without := range runs[1] {
			differences = append(differences, (runs[0][i]+runs[2][i])/2-without)
		}
		_, _ = fmt.Fprintf(w, "%s %s\t%.1f\t%.1f\t%+.1f\t%+.1f to %+.1f\t\n", folder, name,
			quantile(slices.Concat(runs[0], runs[2]), 0.5), quantile(runs[1], 0.5),
			quantile(differences, 0.5), quantile(differences, 0.25), quantile(differences, 0.75))
	}
}

// quantile returns the value below which the share q of values lies.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
