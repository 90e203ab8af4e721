package actortest

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// trace is what has happened in a run: always as numbers, for its hash, and for
// people when the run is kept.
type trace struct {
	keep  bool // for people, too
	steps int
	hash  uint64   // of the steps in their order
	class uint64   // of what happened before what; see footprint.go
	codes []uint64 // of each step
	lines []line
	who   map[int]string // names of strands, by number; of those in lines
}

// line is one step for people.
type line struct {
	step   int // 0: it is a part of the step before
	at     time.Duration
	strand int
	what   string // a verb
	target int    // a strand, or -1
	note   string // a message, a name
}

// enter takes down that s goes on; mu is held.
func (d *sim) enter(s *strand) {
	t := &d.trace
	kind, target := sched.OpKind(0), -1
	if s.state == standing {
		kind = s.op.Kind
		if s.op.Task != nil {
			target = d.actor(s.op.Task).number
		}
	}
	if changes(kind) {
		d.effects++
	}
	code := uint64(s.number)<<32 | uint64(uint16(target+1))<<8 | uint64(kind)
	t.hash = mix(t.hash, code)
	t.steps++
	if d.settings.codes {
		t.codes = append(t.codes, code)
	}
	if !t.keep {
		return
	}
	l := line{step: t.steps, at: d.Now(), strand: s.number, what: began(s), target: target}
	if s.state == standing {
		l.what = s.op.Kind.String()
		if s.op.Note != nil {
			l.note = note(s.op.Note)
		}
	}
	t.lines = append(t.lines, l)
}

// changes says whether an op does more than look.
func changes(kind sched.OpKind) bool {
	return kind != 0 && kind != sched.OpLook && kind != sched.OpFind
}

func began(s *strand) string {
	switch s.kind {
	case theClock:
		return "fires a timer"
	case anActor:
		return "has a turn"
	default:
		return "begins"
	}
}

// handles adds to s's present step what it handles; mu is held.
func (d *sim) handles(s, whose *strand, op sched.Op) {
	t := &d.trace
	if !t.keep || len(t.lines) == 0 || s != whose {
		return
	}
	if l := &t.lines[len(t.lines)-1]; l.strand == s.number {
		l.what, l.note = "handles", note(op.Note)
	}
}

// note is v for people: one line, not too long.
func note(v any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T", v)
		}
	}()
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, addresses.ReplaceAllString(fmt.Sprintf("%+v", v), "0x…"))
	if len(text) > maxNote {
		text = text[:maxNote] + "…"
	}
	return text
}

const maxNote = 60

// addresses mean nothing to people, and are others in each run.
var addresses = regexp.MustCompile(`0x[0-9a-f]{6,}`)

// names takes down what the strands are called; mu is held.
func (d *sim) names() {
	if !d.trace.keep {
		return
	}
	d.trace.who = map[int]string{}
	for _, s := range d.known {
		d.trace.who[s.number] = s.String()
	}
}

func (t *trace) name(strand int) string { return t.who[strand] }

// table writes the steps, one a line.
func (t *trace) table(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "step\ttime\twho\tdoes\twhom\twhat")
	for _, l := range t.lines {
		step, whom := "", ""
		if l.step > 0 {
			step = strconv.Itoa(l.step)
		}
		if l.target >= 0 {
			whom = t.name(l.target)
		}
		_, _ = fmt.Fprintf(tw, "%s\t%v\t%s\t%s\t%s\t%s\n", step, l.at, t.name(l.strand), l.what, whom, l.note)
	}
	_ = tw.Flush()
}

// log adds a line to the trace.
func (d *sim) log(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trace.keep && d.now != nil {
		d.trace.lines = append(d.trace.lines, line{at: d.Now(), strand: d.now.number, what: "says", target: -1, note: text})
	}
}
