package floors

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// Text is the policy of this module, in the form that [Parse] reads.
//
//go:embed floors.txt
var Text string

// Rules is a policy that [Parse] has read.
type Rules struct {
	floors []floor                    // top down
	files  map[string][]string        // package → the only files, tests apart, that it may have
	beyond map[string][]string        // package → the only foreign modules that it may import
	tests  map[string]map[string]bool // package → packages that its tests may import all the same
}

type floor struct {
	name     string
	packages []string // patterns: "x" or "x/..."
}

// Parse reads a policy. Empty lines and lines that begin with # mean nothing;
// the others are, with packages named relative to the module:
//
//	floor NAME PACKAGE...      floors come top down
//	files PACKAGE FILE...      the only files that are not tests
//	beyond PACKAGE MODULE...   the only modules imported outside of tests
//	test PACKAGE > PACKAGE : REASON
//
// An error names the line.
func Parse(text string) (Rules, error) {
	r := Rules{files: map[string][]string{}, beyond: map[string][]string{}, tests: map[string]map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := r.add(words); err != nil {
			return Rules{}, fmt.Errorf("line %d: %w: %s", i+1, err, line)
		}
	}
	return r, nil
}

func (r *Rules) add(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("want at least three words, have %d", len(words))
	}
	kind, name, rest := words[0], words[1], words[2:]
	switch kind {
	case "floor":
		for _, pkg := range rest {
			if other, at := r.find(pkg); at >= 0 {
				return fmt.Errorf("%s stands on floor %s already", pkg, other)
			}
		}
		r.floors = append(r.floors, floor{name, rest})
	case "files":
		r.files[name] = rest
	case "beyond":
		r.beyond[name] = rest
	case "test":
		if len(rest) < 4 || rest[0] != ">" || rest[2] != ":" {
			return errors.New("want test PACKAGE > PACKAGE : REASON")
		}
		if r.tests[name] == nil {
			r.tests[name] = map[string]bool{}
		}
		r.tests[name][rest[1]] = true
	default:
		return fmt.Errorf("unknown rule %q", kind)
	}
	return nil
}

// find returns the name of pkg's floor and how far down it is, -1 for none.
func (r *Rules) find(pkg string) (name string, down int) {
	for i, floor := range r.floors {
		for _, pattern := range floor.packages {
			below, deep := strings.CutSuffix(pattern, "/...")
			if pkg == pattern || deep && (pkg == below || strings.HasPrefix(pkg, below+"/")) {
				return floor.name, i
			}
		}
	}
	return "", -1
}
