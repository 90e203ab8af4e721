package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tiny are the sizes at which a test runs each scenario.
var tiny = map[string]string{
	"pingpong":     "--messages 1001",
	"fanin":        "--messages 2003 --producers 3 --bound 8",
	"pairs":        "--messages 1003 --actors 20",
	"spawn":        "--actors 100",
	"skynet":       "--actors 123",
	"call":         "--messages 50",
	"ring":         "--messages 2503 --actors 130",
	"timers":       "--messages 301 --actors 7",
	"broadcast":    "--messages 520 --actors 50",
	"supervise":    "--messages 20011 --actors 10",
	"blocking":     "--messages 100 --rate 2000 --actors 8",
	"mixed":        "--messages 500 --rate 5000 --actors 50",
	"idle":         "--messages 5 --actors 50 --duration 10ms",
	"overload":     "--messages 20000 --rate 200000 --bound 50",
	"supervisor":   "--messages 603 --actors 130 --producers 7",
	"pg":           "--messages 5000 --actors 1203 --producers 3",
	"factory":      "--messages 10503",
	"philosophers": "--messages 1003 --actors 20",
	"bank":         "--messages 3001 --actors 5 --producers 7",
	"remote":       "--messages 300 --actors 3 --producers 4",
}

// tinyJobs are all variants at tiny sizes.
func tinyJobs(t *testing.T) []job {
	var jobs []job
	for _, s := range catalogue() {
		require.Contains(t, tiny, s.name)
		given, _, err := readArguments(append([]string{"run", s.name}, strings.Fields(tiny[s.name])...), nil, nil)
		require.NoError(t, err)
		more, _, err := given.Run.jobs(catalogue())
		require.NoError(t, err)
		jobs = append(jobs, more...)
	}
	return jobs
}

// failuresOf leaves out what the machine's mood decides.
func failuresOf(f findings) []string {
	var failures []string
	for _, what := range f.Failures {
		if !strings.HasPrefix(what, "invalid: ") {
			failures = append(failures, what)
		}
	}
	return failures
}

func TestScenariosCheckTheirOwnWork(t *testing.T) {
	for _, j := range tinyJobs(t) {
		t.Run(j.title(), func(t *testing.T) {
			show := newProgress(new(noteWriter), 1)
			found := j.trial(context.Background(), false, show)
			require.Empty(t, failuresOf(found))
			if strings.HasPrefix(j.title(), "remote/rust-") && os.Getenv(rustVariable) == "" {
				require.Contains(t, found.NotRun, rustVariable)
				require.Zero(t, found.Ops)
				return
			}
			require.Empty(t, found.NotRun)
			require.Positive(t, found.Ops)
			require.Positive(t, found.Wall)
			require.Contains(t, found.Checks, "lost")
			require.Zero(t, found.Checks["lost"])
			require.Contains(t, found.Checks, "duplicated")
			require.Zero(t, found.Checks["duplicated"])
		})
	}
}

func TestBaselinesCheckTheirOwnWork(t *testing.T) {
	capacities := map[string]int{
		"pingpong": 1024, "fanin": 1024, "pairs": 16, "ring": 16, "spawn": 16, "broadcast": 32, "skynet": 16, "call": 1, "timers": 0,
		"philosophers": 16, "bank": 16, "factory": 16,
	}
	for _, j := range tinyJobs(t) {
		capacity, has := capacities[j.scenario.name]
		switch {
		case j.variant.name == "outside-loaded":
			has = false // see hotPairs
		case j.scenario.name == "remote": // bytes in a connection, not messages in a channel
			has = slices.Contains([]string{"cast32", "call", "rust-cast32", "rust-call"}, j.variant.name)
		}
		require.Equal(t, has, j.variant.theirs != nil, j.title())
		if !has {
			continue
		}
		if strings.HasPrefix(j.variant.name, "queuer") {
			capacity = 1024 // one channel for all
		}
		t.Run(j.title(), func(t *testing.T) {
			require.Equal(t, capacity, j.variant.capacity)
			show := newProgress(new(noteWriter), 1)
			found := j.trial(context.Background(), true, show)
			require.Empty(t, found.Failures)
			require.Positive(t, found.Ops)
		})
	}
}

// What a full mailbox does is in the account, whichever rule it has.
func TestOverflowsBalance(t *testing.T) {
	for _, rule := range overflows() {
		code, out, words := loadgen(t, "run", "fanin/bounded", "--bound", "2", "--messages", "5000", "--overflow", rule, "--json", "-")
		require.Equal(t, exitOK, code, "%s: %s", rule, words)
		var rows []struct {
			Config struct {
				Bound    int    `json:"bound"`
				Overflow string `json:"overflow"`
			} `json:"config"`
			Checks map[string]float64 `json:"checks"`
		}
		require.NoError(t, json.Unmarshal([]byte(out), &rows))
		require.Equal(t, 2, rows[0].Config.Bound)
		require.Equal(t, rule, rows[0].Config.Overflow)
		checks := rows[0].Checks
		require.InDelta(t, 5000.0, checks["sent"], 0)
		require.InDelta(t, 5000.0, checks["handled"]+checks["refused"]+checks["discarded"], 0, rule)
	}
}

// A trial in a process of its own brings everything home.
func TestSpawnInChildProcess(t *testing.T) {
	code, out, words := loadgen(t, "run", "spawn", "--actors", "2000", "--baseline", "--json", "-")
	require.Equal(t, exitOK, code, words)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &rows))
	for _, name := range []string{
		"ns_per_op", "allocs_per_op", "bytes_per_actor_heap", "gc_full_ms", "checks", "ratio",
		"baseline_ns_per_op", "baseline_bytes_per_actor_heap", "baseline_gc_full_ms",
	} {
		require.Contains(t, rows[0], name)
	}
	require.InDelta(t, 16.0, rows[0]["baseline_capacity"], 0)
	require.InDelta(t, 2000.0, rows[0]["messages"], 0)
}

// A child that cannot do its work says why.
func TestChildErrors(t *testing.T) {
	j := tinyJobs(t)[0]
	j.scenario = &scenario{name: "nobody"}
	var notes noteWriter
	found := inChild(context.Background(), j, false, func(format string, args ...any) { fmt.Fprintf(&notes, format, args...) })
	require.Len(t, found.Failures, 1)
	require.Contains(t, found.Failures[0], "child process: exit status 1")
	require.Contains(t, string(notes), `no scenario "nobody"`)
}
