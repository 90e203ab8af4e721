package docs

import (
	"context"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// page is a Markdown file of the module.
type page struct {
	name, text string
}

// pages returns the README and what is in docs/.
func pages(t *testing.T, root string) (all []page) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range append(names, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		short, err := filepath.Rel(root, name)
		require.NoError(t, err)
		all = append(all, page{filepath.ToSlash(short), string(text)})
	}
	return all
}

// A Go block is a whole program, a test file or some declarations. gofmt and go vet
// have nothing to say to it, and it builds; a program prints the text block that
// follows it. If that is a console block, the program needs another one to talk to
// and is not run here. The files lie outside the module, and the go command takes their
// imports from the module that it runs in: so nothing is written into the tree,
// and nothing fetched.
func TestGoBlocks(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dependOn(t, root)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for _, p := range pages(t, root) {
		all, err := blocks(p.text)
		require.NoError(t, err, p.name)
		found := 0
		for i, b := range all {
			if b.language != "go" {
				continue
			}
			found++
			t.Run(fmt.Sprintf("%s:%d", p.name, b.line), func(t *testing.T) {
				formatted, err := format.Source([]byte(b.text))
				require.NoError(t, err)
				require.Equal(t, string(formatted), b.text, "gofmt")

				dir := t.TempDir()
				source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "main.exe")
				test := strings.Contains(b.text, "func Test")
				if test {
					source = filepath.Join(dir, "main_test.go")
				}
				run := func(name string, args ...string) string {
					cmd := exec.CommandContext(ctx, name, args...)
					cmd.Dir = root
					cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
					out, err := cmd.CombinedOutput()
					require.NoError(t, err, "%v\n%s", cmd, out)
					return string(out)
				}
				if !strings.HasPrefix(b.text, "package ") {
					require.NoError(t, os.WriteFile(source, []byte(file(t, b.text)), 0o600))
					run("go", "vet", source)
					return
				}
				require.NoError(t, os.WriteFile(source, formatted, 0o600))
				if test {
					run("go", "vet", source)
					return
				}
				require.Less(t, i+1, len(all), "the program has no output")
				require.Contains(t, []string{"text", "console"}, all[i+1].language, "the program has no output")
				run("go", "vet", source)
				run("go", "build", "-o", program, source)
				if all[i+1].language == "console" {
					return
				}
				require.Equal(t, all[i+1].text, run(program))
			})
		}
		require.Positive(t, found, p.name)
	}
}

const module = "github.com/ractor-go/ractor/"

// imports are the packages that declarations may use without saying so.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "log": "log", "os": "os", "sync": "sync", "testing": "testing", "time": "time",
	"tls": "crypto/tls", "x509": "crypto/x509",
	"cluster": module + "cluster", "clustertest": module + "cluster/clustertest",
	"actor": module + "actor", "actortest": module + "actortest", "factory": module + "factory", "pg": module + "pg", "port": module + "port",
	"rpc": module + "rpc", "sched": module + "sched", "supervisor": module + "supervisor",
}

// file makes a file of declarations: a package clause and the imports.
func file(t *testing.T, declarations string) string {
	const clause = "package fragment\n"
	parsed, err := parser.ParseFile(token.NewFileSet(), "", clause+declarations, 0)
	require.NoError(t, err)
	used := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok && imports[x.Name] != "" {
				used[imports[x.Name]] = true
			}
		}
		return true
	})
	text := clause
	for _, name := range slices.Sorted(maps.Keys(used)) {
		text += fmt.Sprintf("import %q\n", name)
	}
	return text + declarations
}

func TestFile(t *testing.T) {
	got := file(t, "var x = fmt.Sprint(rpc.ErrNoReply, other.Name)\n")
	require.Equal(t, "package fragment\nimport \"fmt\"\nimport \"github.com/ractor-go/ractor/rpc\"\nvar x = fmt.Sprint(rpc.ErrNoReply, other.Name)\n", got)
}

// link is a link of a Markdown text.
type link struct{ text, path, anchor string }

var (
	span    = regexp.MustCompile("`[^`]*`")
	inline  = regexp.MustCompile(`\[([^\]]*)\]\(([^)#]*)(?:#([^)]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile("[^a-z0-9 _-]")
)

// links returns the links within the repository that a page has outside of its
// blocks, paths relative to the root.
func links(p page) (found []link) {
	fenced := false
	for line := range strings.Lines(p.text) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		line = span.ReplaceAllStringFunc(line, func(code string) string {
			if strings.Contains(code, "](") { // looks like a link
				return ""
			}
			return code
		})
		for _, m := range inline.FindAllStringSubmatch(line, -1) {
			to := path.Join(path.Dir(p.name), m[2])
			if m[2] == "" {
				to = p.name
			}
			if !strings.Contains(m[2], "://") {
				found = append(found, link{m[1], to, m[3]})
			}
		}
	}
	return found
}

func TestLinksOfAPage(t *testing.T) {
	got := links(page{"docs/a.md", "`a` [x](../b.go) `f[n](n)` [`y`](c.md#some-where), [z](#here) [](https://go.dev)\n```\n[n](n)\n```\n"})
	require.Equal(t, []link{{"x", "b.go", ""}, {"`y`", "docs/c.md", "some-where"}, {"z", "docs/a.md", "here"}}, got)
}

// Every link leads to a file, or a heading of a page, that is there; and one whose
// text is the name of an example leads to the file that has it, with its output.
func TestLinks(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	examples := 0
	for _, p := range pages(t, root) {
		for _, l := range links(p) {
			text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(l.path)))
			if err != nil && l.anchor == "" && !strings.HasSuffix(l.path, ".go") {
				_, err = os.Stat(filepath.Join(root, filepath.FromSlash(l.path))) // a directory
			}
			require.NoError(t, err, "%s: %s", p.name, l.text)
			if l.anchor != "" {
				require.Contains(t, anchors(string(text)), l.anchor, "%s: %s", p.name, l.text)
			}
			if name, ok := strings.CutPrefix(l.text, "`Example"); ok {
				examples++
				require.Contains(t, outputs(t, text), strings.TrimSuffix(name, "`"), "%s: %s in %s", p.name, l.text, l.path)
			}
		}
	}
	require.Positive(t, examples)
}

// anchors returns those of the headings, as GitHub makes them.
func anchors(markdown string) (all []string) {
	for _, m := range heading.FindAllStringSubmatch(markdown, -1) {
		all = append(all, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return all
}

// outputs returns the examples of a file that are run, without "Example".
func outputs(t *testing.T, source []byte) (names []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ParseComments)
	require.NoError(t, err)
	for _, example := range doc.Examples(parsed) {
		if example.Output != "" {
			names = append(names, example.Name)
		}
	}
	return names
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
