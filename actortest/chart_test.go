package actortest

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o750))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// sample is a trace with all there is to draw: arrows to both sides and across,
// deeds that are nobody else's, what is only said, a fault, and names and messages
// that mean something to Mermaid.
func sample() *trace {
	return &trace{
		who: map[int]string{0: "clock", 1: "fault", 2: "test", 3: "counter#3", 4: "the end; of %% \"it\"", 5: "a name that is long for a column"},
		lines: []line{
			{step: 1, strand: 2, what: "begins", target: -1},
			{step: 2, strand: 2, what: "spawns", target: -1, note: "the end; of %% \"it\""},
			{step: 3, strand: 2, what: "sends", target: 4, note: "{n:1 total:{p:<nil>}}"},
			{step: 4, strand: 4, what: "handles", target: -1, note: "{n:1 total:{p:<nil>}}"},
			{strand: 4, what: "says", target: -1, note: "half way: 50% → end"},
			{step: 5, strand: 4, what: "sends", target: 3, note: "ends->>Endless #1"},
			{step: 6, at: time.Second, strand: 0, what: "fires a timer", target: -1},
			{step: 7, at: time.Second, strand: 1, what: "injects", target: 4, note: "a kill"},
			{step: 8, at: time.Second, strand: 5, what: "looks at", target: 5},
			{step: 9, at: time.Second, strand: 5, what: "ends", target: 3, note: "stop\\n"},
		},
	}
}

func TestChart(t *testing.T) {
	var text, mermaid, cut strings.Builder
	sample().chart(&text, 0)
	sample().mermaid(&mermaid, 0)
	sample().chart(&cut, 4)
	golden(t, "chart.txt", text.String())
	golden(t, "chart.mmd", mermaid.String())
	// What comes after the step that has failed is not shown, nor who appears only
	// then; what is said in the step is.
	require.Equal(t, 6, strings.Count(cut.String(), "\n"))
	require.NotContains(t, cut.String(), "counter#3")
	require.Contains(t, cut.String(), "half way")
}

// A long run has its middle left out.
func TestChart_Elided(t *testing.T) {
	tr := sample()
	for n := len(tr.lines); n < 500; n++ {
		tr.lines = append(tr.lines, line{step: n, strand: 2, what: "looks at", target: 3})
	}
	var text strings.Builder
	tr.chart(&text, 0)
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	require.Len(t, lines, maxChart)
	require.Contains(t, text.String(), "… 442 more …")
	require.Contains(t, lines[maxChart-1], "   499  ")
	require.Contains(t, lines[headChart], "    15  ")
	width := utf8.RuneCountInString(lines[1])
	require.Less(t, width, 120)
	golden(t, "elided.txt", text.String())
}

// Whatever a message is, nothing of it has a meaning for Mermaid.
func FuzzEscaped(f *testing.F) {
	for _, text := range []string{"", "end", "a;b", "%%{init}%%", "x->>y: z", "#35;", "Note over a: b", "END end ends", "\n", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := escaped(text)
		require.Equal(t, strings.Count(got, ";"), strings.Count(got, "#"))
		require.NotRegexp(t, `(?i)\bend\b`, got)
		require.NotContains(t, strings.NewReplacer("#", "", ";", "").Replace(got), "%")
		require.NotRegexp(t, "[<>{}\n\"%&\\\\:+|-]", got)
	})
}

func TestSaveChart(t *testing.T) {
	r := run{trace: *sample(), failure: &Failure{Step: 4}}
	defer func(was string) { *flagChart = was }(*flagChart)
	dir := t.TempDir()
	for want, file := range map[string]string{
		"As a Mermaid sequence diagram: " + dir + "/x.mmd":             dir + "/x.mmd",
		"As a Mermaid sequence diagram: " + dir + "/TestSaveChart.mmd": dir,
	} {
		*flagChart = file
		require.Equal(t, want, saveChart(t, r))
		_, name, _ := strings.Cut(want, ": ")
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), "sequenceDiagram\n    participant s2 as test\n"), "%s", text)
	}
	*flagChart = filepath.Join(dir, "no", "such", "directory")
	require.Contains(t, saveChart(t, r), "could not be written")
}

// With many lifelines names give way.
func TestChart_Wide(t *testing.T) {
	tr := &trace{who: map[int]string{}}
	for n := range 20 {
		tr.who[n] = "an actor with a long name"
		tr.lines = append(tr.lines, line{step: n + 1, strand: n, what: "begins", target: -1})
	}
	var text strings.Builder
	tr.chart(&text, 0)
	require.Contains(t, text.String(), "an a…  an a…")
	require.Less(t, utf8.RuneCountInString(strings.Split(text.String(), "\n")[1]), 170)
}
