package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// root is the module.
var root = filepath.Join("..", "..")

// Each fault of the list still fits the code: what is to be changed is there,
// once, and the result is Go.
func TestListFitsTheCode(t *testing.T) {
	ms, err := parse(list)
	require.NoError(t, err)
	require.NoError(t, check(ms, os.DirFS(root)))
	equivalent := 0
	for _, m := range ms {
		if m.survives != "" {
			equivalent++
		}
	}
	require.GreaterOrEqual(t, len(ms), 30)
	require.GreaterOrEqual(t, len(ms)-equivalent, wanted)
	require.LessOrEqual(t, equivalent, 2, "mutants that nobody can tell from the code")
}

// The tests that the list names are there.
func TestListNamesTests(t *testing.T) {
	ms, err := parse(list)
	require.NoError(t, err)
	for _, m := range ms {
		for _, test := range m.tests {
			names := strings.Join(testsOf(t, filepath.Join(root, test.folder())), "\n")
			require.NotEmpty(t, names, m.name)
			for part := range strings.SplitSeq(test.pattern, "|") {
				require.Regexp(t, part, names, "%s: no test of %s", m.name, test.folder())
			}
		}
	}
}

// testsOf returns the names of the tests in a folder.
func testsOf(t *testing.T, dir string) (names []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}

const one = `
# comment
mutant minus
breaks it subtracts
file   p/p.go
 	c := 0

-	return a + b + c
+	return a - b - c
 }
test   -run TestAdd -race ./p
`

const adder = "package p\n\nfunc Add(a, _, b int, more ...int) int {\n\tc := 0\n\n\treturn a + b + c\n}\n"

var tree = fstest.MapFS{
	"p/p.go":     {Data: []byte(adder)},
	"p/twice.go": {Data: []byte(adder + adder[len("package p\n"):])},
}

func TestParse(t *testing.T) {
	ms, err := parse(one)
	require.NoError(t, err)
	require.Equal(t, []mutant{{
		name: "minus", breaks: "it subtracts", file: "p/p.go",
		old:   "\tc := 0\n\n\treturn a + b + c\n}\n",
		new:   "\tc := 0\n\n\treturn a - b - c\n}\n",
		tests: []test{{build: "-race ./p", pattern: "TestAdd"}},
	}}, ms)
	require.Equal(t, "-run TestAdd -race ./p", ms[0].tests[0].String())
	require.Equal(t, []string{"-race"}, ms[0].tests[0].flags())
	require.Equal(t, "p", ms[0].tests[0].folder())
	require.NoError(t, check(ms, tree))
}

func TestSchema(t *testing.T) {
	ms, err := parse(one + strings.ReplaceAll(strings.ReplaceAll(one, "minus", "times"), "a - b", "a * b"))
	require.NoError(t, err)
	files, err := schema(ms, tree)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"p/mutants_switches.go": `package p

import "os"

var mutant0 = os.Getenv("RACTOR_MUTANT") == "minus"

var mutant1 = os.Getenv("RACTOR_MUTANT") == "times"
`,
		"p/p.go": `package p

func Add(a, blank24, b int, more ...int) int {
	if mutant0 {
		return Add0(a, blank24, b, more...)
	}
	if mutant1 {
		return Add1(a, blank24, b, more...)
	}
	c := 0

	return a + b + c
}

//line minus:1
func Add0(a, _, b int, more ...int) int {
	c := 0

	return a - b - c
}

//line times:1
func Add1(a, _, b int, more ...int) int {
	c := 0

	return a * b - c
}
`,
	}, files)
}

func TestBadLists(t *testing.T) {
	for want, text := range map[string]string{
		"mutants.txt:1: before the first mutant":                         "breaks it",
		"mutants.txt:2: x: want mutant, breaks":                          "mutant x\nbreak it",
		"mutants.txt:11: minus: want flags of go test and a package":     strings.Replace(one, "./p", "p", 1),
		"minus: the old text must be in p/p.go once, and is there 0":     strings.Replace(one, "a + b", "b + a", 1),
		"minus: the old text must be in p/twice.go once, and is there 2": strings.Replace(one, "p/p.go", "p/twice.go", 1),
		"minus: changes nothing":                                         strings.Replace(one, "a - b - c", "a + b + c", 1),
		"mutated: 6:13: expected operand":                                strings.Replace(one, "a - b", "a - /", 1),
		"minus: open p/q.go":                                             strings.Replace(one, "p/p.go", "p/q.go", 1),
		"minus: there are two of this name":                              one + one,
		"minus: does not say what it breaks, or has no test":             strings.Replace(one, "breaks", "#", 1),
		"minus: the fault must be within one function of p/p.go":         "mutant minus\nfile p/p.go\n-func Add(a, _, b int, more ...int) int {\n+func Add(a, x, b int, more ...int) int {\n",
	} {
		ms, err := parse(text)
		if err == nil {
			err = check(ms, tree)
		}
		require.ErrorContains(t, err, want, text)
	}
}
