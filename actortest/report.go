package actortest

import (
	"strings"
	"testing"
)

// report fails t with a run that has failed.
func report(t *testing.T, _ *settings, r run, _ func(*System)) {
	t.Helper()
	var b strings.Builder
	r.trace.table(&b)
	b.WriteString("\n")
	r.trace.chart(&b, r.failure.Step)
	b.WriteString(saveChart(t, r))
	t.Errorf("%s\n\nin run %v, at step %d. To make it again:\n  %s\n\n%s",
		r.failure.Message, r.seed, r.failure.Step, command(t, r.seed), b.String())
}
