package main

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A small module with one mutant for each verdict.
func TestVerdicts(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "p"), 0o700))
	for name, text := range map[string]string{
		"go.mod":        "module m\n\ngo 1.25\n",
		"p/p.go":        "package p\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n",
		"p/p_test.go":   "package p\n\nimport \"testing\"\n\nfunc TestZero(t *testing.T) { _ = Add(0, 0) }\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Error(\"wrong\")\n\t}\n}\n",
		"p/bad_test.go": "//go:build bad\n\npackage p\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error(\"always\") }\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", "off")
	var ms []mutant
	cases := map[string]struct {
		body  string
		tests []string
		want  outcome
	}{
		"killed":   {"return a - b", []string{"-run TestZero|TestAdd ./p"}, outcome{killed, "TestAdd"}},
		"second":   {"return a - b", []string{"-run TestZero ./p", "-run TestAdd ./p"}, outcome{killed, "TestAdd"}},
		"hangs":    {"for a == 1 { }; return a + b", []string{"-run TestAdd ./p"}, outcome{hangs, "TestAdd (panic: test timed out"}},
		"panics":   {"panic(a)", []string{"-run TestZero ./p"}, outcome{killed, "TestZero (panic: "}},
		"survived": {"return b + a", []string{"-run TestAdd ./p"}, outcome{survived, ""}},
		"nobody":   {"return a - b", []string{"-run TestNone ./p"}, outcome{noUse, "no test of this name"}},
		"unsound":  {"return a - b", []string{"-tags bad ./p"}, outcome{noUse, "without the fault: killed: TestBad"}},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) { // "hangs" is the first
		c := cases[name]
		m := mutant{name: name, file: "p/p.go", old: "return a + b", new: c.body}
		for _, line := range c.tests {
			one, err := parseTest(line)
			require.NoError(t, err)
			m.tests = append(m.tests, one)
		}
		ms = append(ms, m)
	}
	b, err := newBench(root, t.TempDir(), 2*time.Second, ms)
	require.NoError(t, err)
	for _, m := range ms {
		o, err := b.judge(t.Context(), m)
		require.NoError(t, err, m.name)
		require.Equal(t, cases[m.name].want.verdict, o.verdict, "%s: %s", m.name, o.by)
		require.Contains(t, o.by, cases[m.name].want.by, m.name)
	}

	stopped, cancel := context.WithCancelCause(t.Context())
	cancel(os.ErrDeadlineExceeded)
	_, err = b.judge(stopped, ms[0])
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)

	types := mutant{name: "types", file: "p/p.go", old: "return a + b", new: "return true", tests: ms[0].tests}
	b, err = newBench(root, t.TempDir(), time.Second, []mutant{types})
	require.NoError(t, err)
	_, err = b.judge(t.Context(), types)
	require.ErrorContains(t, err, "types:2:", "the compiler names the mutant")
}

func TestCommandLine(t *testing.T) {
	for args, want := range map[string]struct {
		status         int
		out, complaint string
	}{
		"-h":               {0, "", "go run ./internal/mutants"},
		"-n":               {0, "mailbox-push-wakes-nobody", ""},
		"-n -run ^exit":    {0, "exit-name-is-late", ""},
		"-n -run nonsense": {1, "", `no mutant matches "nonsense"`},
		"-run (":           {1, "", "-run: error parsing regexp"},
		"mailbox":          {2, "", `"mailbox": it takes no arguments`},
		"-x":               {2, "", "not defined: -x"},
	} {
		var out, complaints bytes.Buffer
		require.Equal(t, want.status, run(t.Context(), strings.Fields(args), &out, &complaints), args)
		require.Contains(t, out.String(), want.out, args)
		require.Contains(t, complaints.String(), want.complaint, args)
	}
}
