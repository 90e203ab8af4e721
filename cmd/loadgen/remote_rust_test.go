package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Where there is no Rust program its variants say so, once, and nothing has failed.
func TestRustIsNotRun(t *testing.T) {
	t.Setenv(rustVariable, "")
	code, out, words := loadgen(t, "run", "remote/rust-call", "--runs", "3", "--baseline", "--json", "-")
	require.Equal(t, exitOK, code, words)
	require.Contains(t, words, "remote/rust-call: not run: RACTOR_PEER is not set")
	require.Contains(t, words, "NOT RUN remote/rust-call: RACTOR_PEER is not set")
	require.Regexp(t, `(?m)^remote +rust-call +not run$`, words)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	require.Len(t, rows, 1)
	require.Contains(t, rows[0]["not_run"], rustVariable)
	require.Zero(t, rows[0]["runs"])
	require.NotContains(t, rows[0], "ns_per_op")
	require.NotContains(t, rows[0], "baseline_ns_per_op")
}

// A Rust program that is named, but not there, is a failure that names it.
func TestRustIsNotThere(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "peer")
	t.Setenv(rustVariable, nowhere)
	code, _, words := loadgen(t, "run", "remote/rust-cast32", "--messages", "10")
	require.Equal(t, exitFailed, code)
	require.Contains(t, words, "FAILED: run 1: RACTOR_PEER="+nowhere)
}
