package floors

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Check reads the imports of every Go file of a module, whose root is tree and
// whose path is module, and returns an error for each that breaks the rules, in
// the order of the tree. A file that cannot be parsed is an error too. It leaves
// out what the go command leaves out (testdata, vendor, names that begin with
// a dot or an underscore) and modules within the module.
func Check(tree fs.FS, module string, rules Rules) []error {
	var broken []error
	homeless := map[string]bool{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && foreign(tree, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || hidden(path.Base(name)):
			return nil
		}
		f := file{name: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
		if _, at := rules.find(f.pkg); at < 0 {
			if !homeless[f.pkg] {
				homeless[f.pkg] = true
				broken = append(broken, fmt.Errorf("package %s stands on no floor", f.pkg))
			}
			return nil
		}
		errs := f.check(tree, module, rules)
		broken = append(broken, errs...)
		return nil
	})
	if err != nil {
		broken = append(broken, err)
	}
	return broken
}

func hidden(base string) bool { return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") }

// foreign says whether a directory holds no packages of this module.
func foreign(tree fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "vendor" || hidden(base) {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return !errors.Is(err, fs.ErrNotExist)
}

type file struct {
	name, pkg string
	test      bool
}

func (f file) check(tree fs.FS, module string, rules Rules) []error {
	source, err := fs.ReadFile(tree, f.name)
	if err != nil {
		return []error{err}
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), f.name, source, parser.ImportsOnly)
	if err != nil {
		return []error{err}
	}
	var broken []error
	if only, ok := rules.files[f.pkg]; ok && !f.test && !slices.Contains(only, path.Base(f.name)) {
		broken = append(broken, fmt.Errorf("%s: package %s may only have %s", f.name, f.pkg, strings.Join(only, ", ")))
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err == nil {
			err = f.allowed(imported, module, rules)
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("%s: %w", f.name, err))
		}
	}
	return broken
}

// allowed says what is wrong with an import of this file, nil if nothing is.
func (f file) allowed(imported, module string, rules Rules) error {
	if imported == module {
		imported = module + "/."
	}
	target, own := strings.CutPrefix(imported, module+"/")
	if !own {
		return f.allowedBeyond(imported, rules)
	}
	if f.test && (target == f.pkg || rules.tests[f.pkg][target]) {
		return nil
	}
	from, high := rules.find(f.pkg)
	to, low := rules.find(target)
	switch {
	case low < 0:
		return fmt.Errorf("imports %s, which stands on no floor", target)
	case low == high:
		return fmt.Errorf("imports %s, which stands on the same floor, %s", target, to)
	case low < high:
		return fmt.Errorf("imports %s, which stands higher: on floor %s, not below %s", target, to, from)
	}
	return nil
}

func (f file) allowedBeyond(imported string, rules Rules) error {
	modules, listed := rules.beyond[f.pkg]
	first, _, _ := strings.Cut(imported, "/")
	if f.test || !listed || !strings.Contains(first, ".") { // the standard library has no dots there
		return nil
	}
	for _, module := range modules {
		if imported == module || strings.HasPrefix(imported, module+"/") {
			return nil
		}
	}
	return fmt.Errorf("imports %s; beyond the standard library package %s may only have %s", imported, f.pkg, strings.Join(modules, ", "))
}
