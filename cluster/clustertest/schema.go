// Package clustertest helps to test programs whose actors speak to other nodes.
package clustertest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ractor-go/ractor/cluster"
)

var update = flag.Bool("cluster.update", false, "write the schemas that CheckSchema compares with")

// CheckSchema fails the test when nodes that run the present code and nodes that
// run the code of the time when file was written would not understand each other:
// file is a golden file with the Codec's Schema, best kept with the test, in
// testdata, and never edited. What has only been added is no failure. It is
// written, or brought up to date, by
//
//	go test -run TestOfThis -cluster.update
func CheckSchema(t testing.TB, c cluster.Codec, file string) {
	t.Helper()
	if err := c.Err(); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := write(file, c.Schema()); err != nil {
			t.Fatal(err)
		}
		return
	}
	golden, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("there is no schema yet that %v could be compared with: write %s with\n\tgo test -run '^%s$' -cluster.update", c, file, t.Name())
	}
	if err != nil {
		t.Fatal(err)
	}
	lost, added := compare(string(golden), c.Schema())
	if len(lost) > 0 {
		t.Fatal(complaint(fmt.Sprint(c), file, t.Name(), lost, added))
	}
	if len(added) > 0 {
		t.Logf("%v has grown; record it with -cluster.update:\n\t%s", c, strings.Join(added, "\n\t"))
	}
}

func write(file, schema string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(schema), 0o600)
}

// compare tells what is in one schema and not in the other: each line stands for
// itself, in any order, and what follows a # does not matter.
func compare(golden, now string) (lost, added []string) {
	before, after := lines(golden), lines(now)
	missing := func(from []string) func(string) bool {
		return func(line string) bool { return slices.Contains(from, line) }
	}
	return slices.DeleteFunc(slices.Clone(before), missing(after)), slices.DeleteFunc(after, missing(before))
}

func lines(schema string) []string {
	var all []string
	for line := range strings.Lines(schema) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// complaint says what is wrong, and what to do.
func complaint(codec, file, test string, lost, added []string) string {
	instead := "nothing"
	if len(added) > 0 {
		instead = strings.Join(added, "\n\t")
	}
	return fmt.Sprintf(`%s has changed, and nodes that run the old code would drop its messages.
%s has
	%s
which is gone; new is
	%s
Keep what was there, and give a variant with other fields a new name: both can be
handled until no node sends the old one. If no node runs the old code any more:
	go test -run '^%s$' -cluster.update`,
		codec, file, strings.Join(lost, "\n\t"), instead, test)
}
