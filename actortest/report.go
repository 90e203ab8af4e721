package actortest

import (
	"fmt"
	"strings"
	"testing"
)

// report fails t with a run that has failed: shortened, if that can be done.
func report(t *testing.T, set *settings, r run, f func(*System)) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nat step %d. To make this run again:\n  %s\n", r.failure.Message, r.failure.Step, command(t, r.failure.Seed))
	if cs, short := shrunk(t, set, r, f); short != nil {
		b.WriteString("\nThis order is enough for a failure")
		if len(cs) == 0 {
			b.WriteString(": any, with whoever has run last going on, or else the oldest.\n")
		} else {
			b.WriteString(":\n")
			for _, c := range cs {
				fmt.Fprintf(&b, "  %v\n", c)
			}
		}
		if file := orderFile(t); set.saves {
			if err := save(file, short.failure.Message, cs); err != nil {
				fmt.Fprintf(&b, "It could not be saved: %v\n", err)
			} else {
				fmt.Fprintf(&b, "It is in %s, and tried first from now on.\n", file)
			}
		}
		if short.failure.Message != r.failure.Message {
			fmt.Fprintf(&b, "In it, %s\n", short.failure.Message)
		}
		r = *short
	}
	b.WriteString("\n")
	r.trace.table(&b)
	b.WriteString("\n")
	r.trace.chart(&b, r.failure.Step)
	b.WriteString(saveChart(t, r))
	t.Error(b.String())
}
