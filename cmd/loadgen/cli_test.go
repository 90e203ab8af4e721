package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBadUsage(t *testing.T) {
	for args, want := range map[string]string{
		"run pingpog":                               `no scenario "pingpog" (did you mean "pingpong"?)`,
		"pingpog":                                   `no scenario "pingpog" (did you mean "pingpong"?)`,
		"list rings":                                `no scenario "rings" (did you mean "ring"?)`,
		"run ring --variant 100":                    `scenario ring has no variant "100" (did you mean "1000"?)`,
		"run ring/10":                               `scenario ring has no variant "10"`,
		"run ring/":                                 `"ring/" names no variant behind the /`,
		"run fanin --variant=":                      `--variant is empty`,
		"run pingpong --variant x":                  `scenario pingpong has no variants, so no "x"`,
		"run pairs --actors 0":                      `--actors is 0: want a positive number`,
		"run pairs --actors -5":                     `--actors is -5: want a positive number`,
		"run pairs --actors=-5":                     `--actors is -5: want a positive number`,
		"run pairs --actors 3":                      `pairs: --actors is 3: want an even number`,
		"run pairs --actors many":                   `--actors: expected`,
		"run ring --actors 10":                      `ring: --actors is 10: want at least 125`,
		"run pairs --messages 0":                    `--messages is 0: want a positive number`,
		"run fanin --producers -1":                  `--producers is -1: want a positive number`,
		"run mixed --rate 0":                        `--rate is 0: want a positive number`,
		"run mixed --rate 9223372036854775807":      `--rate is 9223372036854775807: want at most 1000000000000`,
		"run mixed --rate 1000000000 --duration 1h": `mixed: --rate 1000000000 for --duration 1h0m0s are 3600000000000 messages: want at most 1000000000000`,
		"run mixed --duration 169h":                 `--duration is 169h0m0s: want at most 168h0m0s`,
		"run mixed --duration 0s":                   `--duration is 0s: want a positive duration`,
		"run mixed --duration -1s":                  `--duration is -1s: want a positive duration`,
		"run fanin --bound 0":                       `--bound is 0: want a positive number`,
		"run fanin --overflow dropoldest":           `--overflow is "dropoldest": want one of wait, refuse, drop-newest, drop-oldest (did you mean "drop-oldest"?)`,
		"--workers 0":                               `--workers is 0: want a positive number`,
		"run --workers -2":                          `--workers is -2: want a positive number`,
		"run pingpong --runs 0":                     `--runs is 0: want a positive number`,
		"run pingpong --wrokers 2":                  `unknown flag --wrokers`,
		"run pingpong --json /no/such/dir/x":        `--json: open /no/such/dir/x`,
		"run pingpong --cpuprofile /no/such/x":      `--cpuprofile: open /no/such/x`,
		"run pingpong --memprofile /no/such/x":      `--memprofile: open /no/such/x`,
		"run philosophers --actors 12":              `philosophers: --actors is 12: want a multiple of 5`,
		"run bank --actors 1":                       `bank: --actors is 1: want at least 2 accounts`,
	} {
		code, out, words := loadgen(t, strings.Fields(args)...)
		require.Equal(t, exitUsage, code, args)
		require.Contains(t, words, want, args)
		require.Contains(t, words, "loadgen --help says more", args)
		require.Empty(t, out, args)
	}
}

func TestHelpTeaches(t *testing.T) {
	for _, args := range []string{"--help", "run --help", "list --help"} {
		code, out, words := loadgen(t, strings.Fields(args)...)
		require.Equal(t, exitOK, code, args)
		require.Empty(t, words, args)
		require.Contains(t, out, "Usage: loadgen", args)
	}
	_, out, _ := loadgen(t, "--help")
	require.Contains(t, out, "Examples:")
	require.Contains(t, out, "Exit codes:")
	require.NotContains(t, out, childCommand+"\n")
}

func TestListExplainsAll(t *testing.T) {
	code, out, _ := loadgen(t, "list")
	require.Equal(t, exitOK, code)
	for _, s := range catalogue() {
		require.Contains(t, "\n"+out, "\n"+s.name+"\n", "in the list")
		require.NotEmpty(t, s.work)
		require.NotEmpty(t, s.op)
		for _, v := range s.variants {
			require.Contains(t, out, v.name)
			require.Equal(t, v.name == "", v.explain == "", s.name)
		}
	}
	code, out, _ = loadgen(t, "list", "ring")
	require.Equal(t, exitOK, code)
	require.NotContains(t, out, "pingpong")
}

func TestJobs(t *testing.T) {
	jobsOf := func(a runArguments) []job {
		jobs, _, err := a.jobs(catalogue())
		require.NoError(t, err)
		return jobs
	}
	titles := func(jobs []job) string {
		var all []string
		for _, j := range jobs {
			all = append(all, j.title())
		}
		return strings.Join(all, " ")
	}

	modest, full := jobsOf(runArguments{}), jobsOf(runArguments{Names: []string{"all"}})
	require.Equal(t, titles(full), titles(modest))
	for i := range full {
		require.LessOrEqual(t, modest[i].size.Messages, full[i].size.Messages)
		require.Equal(t, 1, modest[i].runs)
	}
	require.Equal(t, "fanin/bounded", titles(jobsOf(runArguments{Names: []string{"fanin"}, Variant: some("bounded", true)})))
	require.Equal(t, "ring/1 ring/1000 call/then", titles(jobsOf(runArguments{Names: []string{"ring", "call/then"}})))

	// The open loop's number of messages is the rate times the duration, or
	// else the duration follows from it.
	open := jobsOf(runArguments{Names: []string{"mixed"}, Rate: some(int64(1000), true)})[0].size
	require.Equal(t, int64(5000), open.Messages)
	open = jobsOf(runArguments{Names: []string{"mixed"}, Messages: some(int64(100_000), true)})[0].size
	require.Equal(t, int64(100_000), open.Messages)
	require.Equal(t, "2s", open.Duration.String())

	// A broadcast keeps its rounds when it has other actors.
	wide := jobsOf(runArguments{Names: []string{"broadcast"}, Actors: some(30, true)})[0].size
	require.Equal(t, int64(600), wide.Messages)

	// What a scenario has no use for is said, once.
	given := runArguments{Names: []string{"pingpong"}, Actors: some(7, true), Bound: some(9, true)}
	jobs, notes, err := given.jobs(catalogue())
	require.NoError(t, err)
	require.Equal(t, 2, jobs[0].size.Actors)
	require.Equal(t, []string{"pingpong: --actors does not apply", "pingpong: --bound does not apply"}, notes)
}

func TestRunWritesTableAndJSON(t *testing.T) {
	code, out, words := loadgen(t, "run", "pingpong", "--messages", "1000", "--json", "-", "--runs", "2")
	require.Equal(t, exitOK, code, words)
	var rows []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &rows), "standard output is JSON and nothing else")
	require.Len(t, rows, 1)
	require.Contains(t, words, "ns/op")
	require.Contains(t, words, "pingpong: ", "a line for the result")
	require.NotContains(t, words, "\r", "no bar where there is no terminal")

	dir := t.TempDir()
	file := filepath.Join(dir, "out.json")
	cpu, mem := filepath.Join(dir, "cpu"), filepath.Join(dir, "mem")
	code, out, words = loadgen(t, "run", "ring", "--actors", "200", "--messages", "5000", "--json", file,
		"--cpuprofile", cpu, "--memprofile", mem)
	require.Equal(t, exitOK, code, words)
	require.Contains(t, out, "scenario")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &rows))
	require.Len(t, rows, 2)
	require.Equal(t, "1", rows[0]["variant"])
	require.Equal(t, "1000", rows[1]["variant"])
	for _, profile := range []string{cpu, mem} {
		info, err := os.Stat(profile)
		require.NoError(t, err)
		require.Positive(t, info.Size())
	}
}

// FuzzArguments: whatever the words, one a line, reading them ends in something
// to do or in bad usage, exit code 2, with a message that says so.
func FuzzArguments(f *testing.F) {
	for _, line := range []string{
		"", "run pingpong", "run all --runs 3", "--actors=0", "ring/1 --variant x", "--json", "run -- -1", "--duration 1h", "list", "-h", "--rate -1",
		"soak --duration 1h --seed 7", "soak --every=-1s", "run call/inside fanin/ --overflow wait --overflow drop", "list ring idle", "--workers 2 mixed",
		"run mixed --rate 9223372036854775807 --duration 2562047h", "run timers --messages 0x10 --actors 1_000", "--= = -", "help", "child",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\n"))
	}
	all := catalogue()
	f.Fuzz(func(t *testing.T, lines string) {
		var words strings.Builder
		given, what, err := readArguments(strings.Split(lines, "\n"), io.Discard, &words)
		if given.Run.Config+given.Soak.Config != "" {
			t.Skip() // it would be read
		}
		if err == nil {
			switch what {
			case "run":
				var jobs []job
				jobs, _, err = given.Run.jobs(all)
				require.Equal(t, err == nil, len(jobs) > 0)
				for _, j := range jobs {
					require.Positive(t, j.limit(), "%+v", j.size)
				}
			case "soak":
				var plan soakPlan
				if plan, err = given.Soak.plan(); err == nil {
					require.Positive(t, plan.every)
					require.Positive(t, plan.sample)
				}
			case "list":
				err = list(io.Discard, all, given.List.Names)
			default:
				require.Contains(t, []string{"help", "node", childCommand, loopbackCommand}, what)
			}
		}
		if err == nil {
			return
		}
		words.Reset()
		require.Equal(t, exitUsage, complain(err, &words), err.Error())
		require.Regexp(t, `^loadgen: .+\n(?s:.*)loadgen --help says more.\n$`, words.String())
	})
}
