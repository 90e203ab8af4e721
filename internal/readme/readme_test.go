package readme

import (
	"context"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// block is a fenced block of a Markdown file.
type block struct {
	line     int // of the first line within
	language string
	text     string
}

// blocks returns the fenced blocks of a Markdown text in order.
func blocks(markdown string) (found []block, err error) {
	var open *block
	for i, line := range strings.SplitAfter(markdown, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case isFence && open == nil:
			open = &block{line: i + 2, language: fence}
		case isFence && fence == "":
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		return nil, fmt.Errorf("the block that begins at line %d has no end", open.line)
	}
	return found, nil
}

func TestBlocks(t *testing.T) {
	got, err := blocks("a\n```go\nx\n\ny\n```\nb ``` c\n```\nz\n```")
	require.NoError(t, err)
	require.Equal(t, []block{{3, "go", "x\n\ny\n"}, {9, "", "z\n"}}, got)
	_, err = blocks("```go\nx")
	require.Error(t, err)
}

// Every Go block of the README is a whole program: gofmt and go vet have nothing
// to say, it builds, and it prints the text block that follows it. The files lie
// outside the module, and the go command takes their imports from the module
// that it runs in: so nothing is written into the tree, and nothing fetched.
func TestPrograms(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dependOn(t, root)
	markdown, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	all, err := blocks(string(markdown))
	require.NoError(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	programs := 0
	for i, b := range all {
		if b.language != "go" {
			continue
		}
		programs++
		t.Run(fmt.Sprintf("README.md:%d", b.line), func(t *testing.T) {
			require.Less(t, i+1, len(all), "the program has no output")
			require.Equal(t, "text", all[i+1].language, "the program has no output")
			formatted, err := format.Source([]byte(b.text))
			require.NoError(t, err)
			require.Equal(t, string(formatted), b.text, "gofmt")

			dir := t.TempDir()
			source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "main.exe")
			require.NoError(t, os.WriteFile(source, formatted, 0o600))
			run := func(name string, args ...string) string {
				cmd := exec.CommandContext(ctx, name, args...)
				cmd.Dir = root
				cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "%v\n%s", cmd, out)
				return string(out)
			}
			run("go", "vet", source)
			run("go", "build", "-o", program, source)
			require.Equal(t, all[i+1].text, run(program))
		})
	}
	require.Positive(t, programs)
}

// dependOn looks at every directory of the module. The go command takes note of
// what a test looks at: so it does not take a result from its cache when a
// package that the programs import has changed since.
func dependOn(t *testing.T, root string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if entry != nil && entry.Name() == ".git" {
			return filepath.SkipDir
		}
		if os.IsNotExist(err) {
			return nil // a temporary file of somebody else
		}
		return err
	}))
}
