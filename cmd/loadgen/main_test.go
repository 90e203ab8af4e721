package main

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/leaks"
)

// TestMain lets the test binary be the other process of a trial too.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{childCommand, loopbackCommand, "node"}, os.Args[1]) {
		os.Exit(command(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m, leaks.Ants()...)
}

// loadgen runs the program.
func loadgen(tb testing.TB, args ...string) (code int, out, words string) {
	tb.Helper()
	return loadgenOf(tb, catalogue(), args...)
}

func loadgenOf(tb testing.TB, all []scenario, args ...string) (code int, out, words string) {
	tb.Helper()
	var o, w bytes.Buffer
	code = commandOf(context.Background(), all, args, strings.NewReader(""), &o, &w)
	return code, o.String(), w.String()
}
