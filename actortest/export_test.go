package actortest

import (
	"strings"
	"testing"
)

// TraceOf makes one run and returns its table of steps, its hash, and why it has
// failed, "" if it has not.
func TraceOf(t *testing.T, s Strategy, number uint64, f func(*System), opts ...Option) (table string, hash uint64, failure string) {
	t.Helper()
	r := checked(t, newSettings(opts), seed{s, number}, f)
	var b strings.Builder
	r.trace.table(&b)
	if r.failure != nil {
		failure = r.failure.Message
	}
	return b.String(), r.trace.hash, failure
}
