//go:build interleave

package weave

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
)

// line is one step of a trace.
type line struct {
	thread, op string
	object     int32
	value      string
	at         string
}

// saw adds to the trace what th has found or done.
func saw[A any](th *thread, format string, a A) {
	if th != nil && th.run.tracing {
		th.run.notef(format, a)
	}
}

func saw2[A, B any](th *thread, format string, a A, b B) {
	if th != nil && th.run.tracing {
		th.run.notef(format, a, b)
	}
}

func saw3[A, B, C any](th *thread, format string, a A, b B, c C) {
	if th != nil && th.run.tracing {
		th.run.notef(format, a, b, c)
	}
}

func (r *Run) notef(format string, values ...any) {
	for i, v := range values {
		if value := reflect.ValueOf(v); value.IsValid() && value.Kind() == reflect.Pointer {
			values[i] = r.name(v, value.IsNil())
		}
	}
	r.trace[len(r.trace)-1].value = fmt.Sprintf(format, values...)
}

// name gives pointers names that are the same in each execution of one schedule.
func (r *Run) name(pointer any, isNil bool) string {
	if isNil {
		return "nil"
	}
	name, ok := r.names[pointer]
	if !ok {
		name = "p" + strconv.Itoa(len(r.names)+1)
		r.names[pointer] = name
	}
	return name
}

// where says which line of which file has called this package.
func where() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		frame, more := frames.Next()
		dir := filepath.Base(filepath.Dir(frame.File))
		if !more || dir != "weave" || strings.HasSuffix(frame.File, "_test.go") {
			return fmt.Sprintf("%s/%s:%d", dir, filepath.Base(frame.File), frame.Line) + source(frame.File, frame.Line)
		}
	}
}

var sources = map[string][]string{}

// source returns the text of a line, if the file is there.
func source(file string, line int) string {
	lines, ok := sources[file]
	if !ok {
		text, _ := os.ReadFile(file) // without its source a step is less clear, no more
		lines = strings.Split(string(text), "\n")
		sources[file] = lines
	}
	if line < 1 || line > len(lines) {
		return ""
	}
	return "\t" + strings.TrimSpace(lines[line-1])
}

// What a table shows of an execution that is too long to be read.
const tableBegin, tableEnd = 100, 200

// table shows the steps of an execution.
func (r *Run) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...any) { _, _ = fmt.Fprintf(w, "%v\t%v\t%v\t%v\t%v\t%v\n", cells...) } // w writes to memory
	row("step", "thread", "operation", "on", "value", "at")
	last := ""
	for i, l := range r.trace {
		if i == tableBegin && len(r.trace) > tableBegin+tableEnd {
			row("...", "", "", "", "", "")
		}
		if i >= tableBegin && i < len(r.trace)-tableEnd {
			continue
		}
		object := ""
		if l.object >= 0 {
			object = "#" + strconv.Itoa(int(l.object))
		}
		thread := l.thread
		if thread == last {
			thread = "  ."
		}
		last = l.thread
		row(i, thread, l.op, object, l.value, l.at)
	}
	_ = w.Flush()
	return b.String()
}

// path is which thread has moved how often in a row, in order: "0x12 1x3 0x4".
type path []leg

type leg struct{ thread, steps int }

func (p *path) add(thread int) {
	if last := len(*p) - 1; last >= 0 && (*p)[last].thread == thread {
		(*p)[last].steps++
		return
	}
	*p = append(*p, leg{thread, 1})
}

func (p path) String() string {
	words := make([]string, len(p))
	for i, l := range p {
		words[i] = fmt.Sprintf("%dx%d", l.thread, l.steps)
	}
	return strings.Join(words, " ")
}

func parsePath(text string) (p path, err error) {
	for word := range strings.FieldsSeq(text) {
		var l leg
		if n, err := fmt.Sscanf(word, "%dx%d", &l.thread, &l.steps); n != 2 || err != nil || l.steps < 1 {
			return nil, fmt.Errorf("weave: %q is no step of a schedule: want THREADxSTEPS", word)
		}
		p = append(p, l)
	}
	return p, nil
}

// replay follows a path; where that ends, whoever can go on goes on.
type replay struct {
	path path
	done int // steps of the first leg that are done
}

func (p *replay) pick(r *Run, mask uint32, prev *thread) int {
	if len(p.path) == 0 {
		if prev != nil && mask&(1<<prev.number) != 0 {
			return prev.number
		}
		for i := range r.threads {
			if mask&(1<<i) != 0 {
				return i
			}
		}
	}
	next := p.path[0].thread
	if next >= len(r.threads) || mask&(1<<next) == 0 {
		r.failf("the schedule does not fit: at step %d thread %d cannot move", r.steps, next)
		return -1
	}
	if p.done++; p.done == p.path[0].steps {
		p.path, p.done = p.path[1:], 0
	}
	return next
}

func (p *replay) announced(*Run, *thread)  {}
func (p *replay) moved(*Run, *thread, int) {}
