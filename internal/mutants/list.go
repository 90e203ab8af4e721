package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// list is mutants.txt.
//
//go:embed mutants.txt
var list string

// mutant is one deliberate fault.
type mutant struct {
	name     string
	breaks   string // what is wrong then, in a sentence
	file     string // from the module's root
	old, new string
	tests    []test // tried one after another until one fails
	survives string // why no test can see it; empty: one must
}

// test is a line of arguments for go test.
type test struct {
	build   string // the flags that a build takes, and the package
	pattern string // -run
}

// parseTest reads such a line.
func parseTest(line string) (t test, err error) {
	words := strings.Fields(line)
	if len(words) == 0 || !strings.HasPrefix(words[len(words)-1], "./") {
		return t, fmt.Errorf("want flags of go test and a package as ./name, not %q", line)
	}
	if i := slices.Index(words, "-run"); i >= 0 && i+1 < len(words) {
		t.pattern = words[i+1]
		words = slices.Delete(words, i, i+2)
	}
	t.build = strings.Join(words, " ")
	return t, nil
}

// flags and folder are the two halves of build.
func (t test) flags() []string { return strings.Fields(t.build[:strings.LastIndex(t.build, "./")]) }
func (t test) folder() string  { return t.build[strings.LastIndex(t.build, "./")+2:] }

// String is the line again.
func (t test) String() string {
	if t.pattern == "" {
		return t.build
	}
	return "-run " + t.pattern + " " + t.build
}

// parse reads a list; see the head of mutants.txt.
func parse(text string) (ms []mutant, err error) {
	blank := "" // lines that belong to the code if more of it follows
	for n, line := range strings.Split(text, "\n") {
		if line == "" {
			blank += "\n"
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		if word == "mutant" {
			ms = append(ms, mutant{name: rest})
			continue
		}
		if line[0] == '#' {
			continue
		}
		if len(ms) == 0 {
			return nil, fmt.Errorf("mutants.txt:%d: before the first mutant: %q", n+1, line)
		}
		m := &ms[len(ms)-1]
		if strings.ContainsRune(" -+", rune(line[0])) && m.old+m.new != "" {
			m.old += blank
			m.new += blank
		}
		blank = ""
		switch code := line[1:] + "\n"; {
		case line[0] == ' ':
			m.old += code
			m.new += code
		case line[0] == '-':
			m.old += code
		case line[0] == '+':
			m.new += code
		case word == "breaks":
			m.breaks = rest
		case word == "file":
			m.file = rest
		case word == "test":
			t, err := parseTest(rest)
			if err != nil {
				return nil, fmt.Errorf("mutants.txt:%d: %s: %w", n+1, m.name, err)
			}
			m.tests = append(m.tests, t)
		case word == "survives":
			m.survives = rest
		default:
			return nil, fmt.Errorf("mutants.txt:%d: %s: want mutant, breaks, file, test, survives, or a line of code after -, + or a space, not %q", n+1, m.name, line)
		}
	}
	return ms, nil
}

// check says what is wrong with a list, but for what only a compiler finds. root
// is the module.
func check(ms []mutant, root fs.FS) error {
	var errs []error
	known := map[string]bool{}
	for _, m := range ms {
		if known[m.name] {
			errs = append(errs, fmt.Errorf("%s: there are two of this name", m.name))
		}
		known[m.name] = true
		if m.breaks == "" || len(m.tests) == 0 {
			errs = append(errs, fmt.Errorf("%s: does not say what it breaks, or has no test", m.name))
		}
	}
	_, err := schema(ms, root)
	return errors.Join(append(errs, err)...)
}
