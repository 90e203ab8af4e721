package actortest

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// A run as a sequence chart: a lifeline for each strand, an arrow for what it does
// to another one, and time runs downwards. It shows what the table of steps shows,
// up to the step at which the run has failed; what comes after that is how it was
// cleared away.

var flagChart = flag.String("actortest.chart", "", "write a run that fails as a Mermaid sequence diagram to this file, or into this directory")

// maxChart is how many lines of a chart are shown: the first ones, and more of the
// last ones, for it is the end that has gone wrong.
const (
	maxChart  = 60
	headChart = 16
)

// upTo are the lines up to a step.
func (t *trace) upTo(step int) []line {
	for i, l := range t.lines {
		if step > 0 && l.step > step {
			return t.lines[:i]
		}
	}
	return t.lines
}

// lifelines are the strands in some lines, in the order of their numbers.
func lifelines(lines []line) (numbers []int) {
	seen := map[int]bool{}
	for _, l := range lines {
		for _, n := range []int{l.strand, l.target} {
			if n >= 0 && !seen[n] {
				seen[n] = true
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers
}

// chart writes the run as text, no more than maxChart lines of it.
func (t *trace) chart(w io.Writer, upTo int) {
	lines := t.upTo(upTo)
	gap, skipped := -1, 0
	if most := maxChart - 2; len(lines) > most { // heading and gap
		gap, skipped = headChart, len(lines)-most
		lines = slices.Concat(lines[:headChart], lines[headChart+skipped:])
	}
	columns := lifelines(lines)
	middle := map[int]int{} // where a strand's lifeline is
	var head strings.Builder
	width := 0
	most := min(maxName, max(minColumn, maxWidth/max(len(columns), 1)-2)) // letters of a name
	for _, n := range columns {
		name := cropped(t.name(n), most)
		size := max(utf8.RuneCountInString(name), minColumn)
		middle[n] = width + size/2
		fmt.Fprintf(&head, "%-*s  ", size, name)
		width += size + 2
	}
	_, _ = fmt.Fprintf(w, "%*s  %s\n", stepWidth, "step", strings.TrimRight(head.String(), " "))
	for i, l := range lines {
		if i == gap {
			_, _ = fmt.Fprintf(w, "%*s  … %d more …\n", stepWidth, "", skipped)
		}
		row := []rune(strings.Repeat(" ", width))
		for _, at := range middle {
			row[at] = '│'
		}
		from := middle[l.strand]
		row[from] = '●'
		if l.target >= 0 && l.target != l.strand {
			arrow(row, from, middle[l.target])
		}
		step := ""
		if l.step > 0 {
			step = strconv.Itoa(l.step)
		}
		_, _ = fmt.Fprintf(w, "%*s  %s %s\n", stepWidth, step, string(row), l.says())
	}
}

const (
	stepWidth = 6
	minColumn = 5
	maxName   = 16
	maxWidth  = 100 // of all lifelines, unless they are too many
)

// arrow draws one from a lifeline to another.
func arrow(row []rune, from, to int) {
	step, tip := 1, '▶'
	if to < from {
		step, tip = -1, '◀'
	}
	for at := from + step; at != to; at += step {
		if row[at] == '│' {
			row[at] = '┼'
		} else {
			row[at] = '─'
		}
	}
	row[to] = tip
}

// says is what stands beside an arrow.
func (l line) says() string { return strings.TrimRight(l.what+" "+l.note, " ") }

func cropped(name string, most int) string {
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}

// mermaid writes the run as a sequenceDiagram of Mermaid, all of it.
func (t *trace) mermaid(w io.Writer, upTo int) {
	lines := t.upTo(upTo)
	_, _ = fmt.Fprintln(w, "sequenceDiagram")
	for _, n := range lifelines(lines) {
		_, _ = fmt.Fprintf(w, "    participant s%d as %s\n", n, escaped(t.name(n)))
	}
	for _, l := range lines {
		text := l.says()
		if l.step > 0 {
			text = fmt.Sprintf("%d. %s", l.step, text)
		}
		if l.target >= 0 && l.target != l.strand {
			_, _ = fmt.Fprintf(w, "    s%d->>s%d: %s\n", l.strand, l.target, escaped(text))
		} else {
			_, _ = fmt.Fprintf(w, "    Note over s%d: %s\n", l.strand, escaped(text))
		}
	}
}

// escaped is text that says nothing to Mermaid: of what is neither letter nor digit
// only that is left which has no meaning anywhere in a diagram, and the word end,
// which would end it, loses its first letter to a number.
func escaped(text string) string {
	ends := map[int]bool{}
	for _, at := range theEnd.FindAllStringIndex(text, -1) {
		ends[at[0]] = true
	}
	var b strings.Builder
	for i, r := range text {
		plain := unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._,*/=!?'()…", r)
		if plain && !ends[i] {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

var theEnd = regexp.MustCompile(`(?i)\bend\b`)

// saveChart writes the Mermaid chart of a failure to where the flag says, or among
// the test's artifacts if these are kept (go test -artifacts), and says where it is.
func saveChart(t *testing.T, r run) string {
	t.Helper()
	file := *flagChart
	if file == "" {
		keep := flag.Lookup("test.artifacts")
		dir, ok := any(t).(interface{ ArtifactDir() string }) // since Go 1.26
		if !ok || keep == nil || keep.Value.String() != "true" {
			return "(-actortest.chart=FILE writes it as a Mermaid sequence diagram)"
		}
		file = filepath.Join(dir.ArtifactDir(), "chart.mmd")
	} else if info, err := os.Stat(file); err == nil && info.IsDir() {
		file = filepath.Join(file, strings.ReplaceAll(t.Name(), "/", "_")+".mmd")
	}
	var b strings.Builder
	r.trace.mermaid(&b, r.failure.Step)
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return fmt.Sprintf("(the Mermaid sequence diagram could not be written: %v)", err)
	}
	return "As a Mermaid sequence diagram: " + file
}
