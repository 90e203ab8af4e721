package floors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/internal/floors"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const module = "github.com/ractor-go/ractor"

func policy(t *testing.T) floors.Rules {
	rules, err := floors.Parse(floors.Text)
	require.NoError(t, err)
	return rules
}

// The test that this package is for: the module keeps its own policy.
func TestThisModule(t *testing.T) {
	root := filepath.Join("..", "..")
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	require.Contains(t, string(mod), "module "+module+"\n")
	for _, err := range floors.Check(os.DirFS(root), module, policy(t)) {
		t.Error(err)
	}
}

// imports makes a tree with one file for each name, which imports what the rest
// of the line says; "~" is the module.
func imports(lines ...string) fstest.MapFS {
	tree := fstest.MapFS{}
	for _, line := range lines {
		words := strings.Fields(line)
		text := "package p\n"
		for _, imported := range words[1:] {
			text += fmt.Sprintf("import _ %q\n", strings.Replace(imported, "~", module, 1))
		}
		tree[words[0]] = &fstest.MapFile{Data: []byte(text)}
	}
	return tree
}

// A fake tree for each way to break the policy: exactly that is found.
func TestViolationsAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		tree fstest.MapFS
		want []string // a part of each error, in order
	}{
		"nothing wrong": {imports(
			"doc.go", "cmd/loadgen/main.go ~/actor ~/sched github.com/alecthomas/kong", "rpc/a.go ~/actor fmt",
			"supervisor/a.go ~/rpc", "actor/a.go ~/sched ~/mailbox ~/internal/gid", "sched/a.go github.com/panjf2000/ants/v2",
			"sched/b.go github.com/puzpuzpuz/xsync/v3/sub", "mailbox/a.go ~/internal/x/y", "internal/gid/a.go unsafe",
		), nil},
		"on no floor":                {imports("stray/a.go fmt", "stray/b.go fmt"), []string{"package stray stands on no floor"}},
		"on no floor, by a prefix":   {imports("actors/a.go", "internals/a.go"), []string{"package actors", "package internals"}},
		"below, but not with it":     {imports("actor/deep/a.go"), []string{"package actor/deep"}},
		"imports what has no floor":  {imports("actor/a.go ~/stray"), []string{"actor/a.go: imports stray, which stands on no floor"}},
		"upwards":                    {imports("sched/a.go ~/actor"), []string{"imports actor, which stands higher: on floor 2, not below 1"}},
		"upwards from a to b":        {imports("rpc/a.go ~/supervisor"), []string{"on floor 3b, not below 3a"}},
		"sideways":                   {imports("rpc/a.go ~/pg"), []string{"imports pg, which stands on the same floor, 3a"}},
		"sideways among leaves":      {imports("registry/a.go ~/mailbox"), []string{"same floor, 0"}},
		"sideways among internal":    {imports("internal/a/a.go ~/internal/b"), []string{"same floor, leaf"}},
		"internal knows nobody":      {imports("internal/a/a.go ~/mailbox"), []string{"on floor 0, not below leaf"}},
		"nobody imports floor 5":     {imports("bench/a.go ~/cmd/loadgen", "examples/x/a.go ~/bench", "cluster/a.go ~/examples/x"), []string{"same floor, 5", "on floor 5", "same floor, 5"}},
		"nobody imports the root":    {imports("actor/a.go ~"), []string{"imports ., which stands higher"}},
		"itself, outside a test":     {imports("actor/a.go ~/actor"), []string{"same floor"}},
		"code in the root":           {imports("doc.go", "api.go ~/actor", "readme_test.go ~/actor"), []string{"api.go: package . may only have doc.go"}},
		"foreign in a low package":   {imports("mailbox/a.go github.com/alecthomas/kong"), []string{"imports github.com/alecthomas/kong; beyond"}},
		"foreign by a prefix":        {imports("actor/a.go github.com/panjf2000/ants/v22"), []string{"ants/v22; beyond"}},
		"foreign in tests is well":   {imports("mailbox/a_test.go github.com/stretchr/testify/require"), nil},
		"foreign elsewhere is well":  {imports("cluster/a.go github.com/hashicorp/memberlist"), nil},
		"a test upwards":             {imports("sched/a_test.go ~/actor"), []string{"sched/a_test.go: imports actor"}},
		"a test of itself is well":   {imports("sched/a_test.go ~/sched"), nil},
		"an exception of a test":     {imports("cluster/a_test.go ~/actortest"), nil},
		"which is for tests alone":   {imports("cluster/a.go ~/actortest"), []string{"same floor, 4"}},
		"and in one direction":       {imports("actortest/a_test.go ~/cluster"), []string{"same floor, 4"}},
		"other platforms count":      {imports("sched/a_windows.go ~/actor"), []string{"a_windows.go: imports actor"}},
		"left out by the go command": {imports("actor/testdata/a.go ~/rpc", "_x/a.go", ".x/a.go", "vendor/x/a.go", "sched/_a.go ~/actor", "sched/.a.go ~/actor", "sched/a.txt ~/actor"), nil},
		"another module":             {imports("bench/rivals/go.mod", "bench/rivals/a.go ~/nowhere", "bench/rivals/deep/a.go ~/nowhere"), nil},
		"all of several":             {imports("mailbox/a.go ~/sched ~/registry x.org/y", "stray/a.go"), []string{"sched", "registry", "x.org/y", "stray"}},
		"not Go":                     {fstest.MapFS{"actor/a.go": {Data: []byte("pakage")}}, []string{"actor/a.go:1:1"}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := floors.Check(c.tree, module, policy(t))
			require.Len(t, broken, len(c.want), "%v", broken)
			for i, want := range c.want {
				require.ErrorContains(t, broken[i], want)
			}
		})
	}
}

// Every pair of floors: down is allowed, all else is not.
func TestEveryPairOfFloors(t *testing.T) {
	packages := []string{"bench", "cluster", "factory", "pg", "actor", "sched", "timerwheel", "internal/x"}
	for high, from := range packages {
		for low, to := range packages {
			broken := floors.Check(imports(from+"/a.go ~/"+to), module, policy(t))
			require.Equal(t, high < low, len(broken) == 0, "%s imports %s: %v", from, to, broken)
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"floor 1":                      "line 1: want at least three words",
		"\n# x\nflor 1 a":              `line 3: unknown rule "flor"`,
		"floor 1 a\nfloor 0 b a":       "line 2: a stands on floor 1 already",
		"floor 1 a/...\nfloor 0 a/b":   "line 2: a/b stands on floor 1 already",
		"test a > b":                   "line 1: want test PACKAGE > PACKAGE : REASON",
		"test a > b : ":                "want test",
		"test a b : because it must":   "want test",
		"floor 1 a\n\ntest a > b why ": "line 3",
	} {
		_, err := floors.Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestAnEmptyPolicyHousesNobody(t *testing.T) {
	require.Len(t, floors.Check(imports("a/a.go", "b/a.go", "b/b.go"), module, floors.Rules{}), 2)
}
