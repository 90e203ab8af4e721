package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// column is one column of the table; it is shown if any row has a cell in it.
type column struct {
	head string
	left bool // whether it is set flush left
	cell func(row) string
}

func columns() []column {
	return []column{
		{"scenario", true, func(r row) string { return r.Scenario }},
		{"variant", true, func(r row) string { return r.Variant }},
		{"ops/s", false, func(r row) string { return figure(r.OpsPerSec, many) }},
		{"ns/op", false, func(r row) string { return figure(r.NsPerOp, digits) }},
		{"[min-max]", true, func(r row) string {
			if r.Runs < 2 || r.NsPerOpMin == nil {
				return ""
			}
			return "[" + digits(*r.NsPerOpMin) + "-" + digits(*r.NsPerOpMax) + "]"
		}},
		{"cpu ns", false, func(r row) string { return figure(r.CPUNsPerOp, digits) }},
		{"allocs", false, func(r row) string { return figure(r.AllocsPerOp, allocs) }},
		{"p50", false, func(r row) string { return span(r.P50) }},
		{"p99", false, func(r row) string { return span(r.P99) }},
		{"max", false, func(r row) string { return span(r.Max) }},
		{"B/actor", false, func(r row) string { return figure(r.HeapPerActor, digits) }},
		{"rss", false, func(r row) string { return figure(r.ResidentPerActor, digits) }},
		{"gc ms", false, func(r row) string { return figure(r.GCFull, digits) }},
		{"cpu %", false, func(r row) string { return figure(r.CPUPercent, hundredths) }},
		{"base ns", false, func(r row) string { return figure(r.BaselineNsPerOp, digits) }},
		{"base cpu", false, func(r row) string { return figure(r.BaselineCPUNsPerOp, digits) }},
		{"ratio", false, func(r row) string { return figure(r.Ratio, hundredths) }},
		{"checks", true, func(r row) string {
			switch {
			case len(r.failures) > 0:
				return "FAILED"
			case r.NotRun != "":
				return "not run"
			default:
				return "ok"
			}
		}},
	}
}

// writeTable prints the rows, and below them what failed or was not run.
func writeTable(w io.Writer, rows []row) error {
	var heads []string
	var cells [][]string // by column
	var lefts []bool
	for _, c := range columns() {
		lines := make([]string, len(rows))
		empty := true
		for i, r := range rows {
			lines[i] = c.cell(r)
			empty = empty && lines[i] == ""
		}
		if !empty {
			heads, cells, lefts = append(heads, c.head), append(cells, lines), append(lefts, c.left)
		}
	}

	var b strings.Builder
	widths := make([]int, len(heads))
	for i, head := range heads {
		widths[i] = utf8.RuneCountInString(head)
		for _, cell := range cells[i] {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	line := func(text func(column int) string) {
		var l strings.Builder
		for i, width := range widths {
			if i > 0 {
				l.WriteString("  ")
			}
			pad := strings.Repeat(" ", width-utf8.RuneCountInString(text(i)))
			if lefts[i] {
				l.WriteString(text(i) + pad)
			} else {
				l.WriteString(pad + text(i))
			}
		}
		b.WriteString(strings.TrimRight(l.String(), " ") + "\n")
	}
	line(func(i int) string { return heads[i] })
	line(func(i int) string { return strings.Repeat("─", widths[i]) })
	for n := range rows {
		line(func(i int) string { return cells[i][n] })
	}
	for _, r := range rows {
		for _, what := range r.failures {
			fmt.Fprintf(&b, "FAILED %s: %s\n", rowTitle(r), what)
		}
		if r.NotRun != "" {
			fmt.Fprintf(&b, "NOT RUN %s: %s\n", rowTitle(r), string(r.NotRun))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func rowTitle(r row) string {
	if r.Variant == "" {
		return r.Scenario
	}
	return r.Scenario + "/" + r.Variant
}

func figure(v *float64, show func(float64) string) string {
	if v == nil {
		return ""
	}
	return show(*v)
}

// digits shows three of them, or all before the point.
func digits(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func hundredths(v float64) string { return fmt.Sprintf("%.2f", v) }

// allocs shows an even zero only for what is less than one in a thousand.
func allocs(v float64) string {
	if v < 0.001 {
		return "0"
	}
	return digits(v)
}

// many shows a large number: 18.9M.
func many(v float64) string {
	switch {
	case v >= 1e6:
		return digits(v/1e6) + "M"
	case v >= 1e3:
		return digits(v/1e3) + "k"
	default:
		return digits(v)
	}
}

// span shows nanoseconds in the unit that fits.
func span(nanoseconds *int64) string {
	if nanoseconds == nil {
		return ""
	}
	switch d := time.Duration(*nanoseconds); {
	case d >= time.Second:
		return digits(d.Seconds()) + "s"
	case d >= time.Millisecond:
		return digits(float64(d)/1e6) + "ms"
	case d >= time.Microsecond:
		return digits(float64(d)/1e3) + "µs"
	default:
		return fmt.Sprintf("%dns", d)
	}
}

// summary is a row in one line, for where there is no progress bar.
func summary(r row) string {
	parts := []string{rowTitle(r) + ":"}
	add := func(text, unit string) {
		if text != "" {
			parts = append(parts, text+unit)
		}
	}
	if r.NsPerOp != nil {
		add(digits(*r.NsPerOp), " ns/op")
	} else {
		add(figure(r.OpsPerSec, many), " ops/s")
	}
	if r.P50 != nil {
		add("p50 "+span(r.P50)+", p99 "+span(r.P99), "")
	}
	add(figure(r.HeapPerActor, digits), " B/actor")
	add(figure(r.CPUPercent, hundredths), " % cpu")
	add(figure(r.Ratio, hundredths), " of the baseline")
	verdict := "ok"
	switch {
	case len(r.failures) > 0:
		verdict = "FAILED: " + strings.Join(r.failures, "; ")
	case r.NotRun != "":
		verdict = r.NotRun.Error()
	}
	return parts[0] + " " + strings.Join(append(parts[1:], verdict), ", ")
}
