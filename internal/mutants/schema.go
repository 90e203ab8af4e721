package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// chosen is the variable of the environment that names the mutant which a
// program is to be; empty: none.
const chosen = "RACTOR_MUTANT"

// All mutants of a package are compiled at once, because to compile and link its
// tests takes far longer than to run them. The function that a mutant changes is
// there twice, and the first thing that the original does is to ask which one is
// wanted (mutant schemata: R. Untch, A. Offutt and M. J. Harrold, "Mutation
// Analysis Using Mutant Schemata", ISSTA 1993):
//
//	func (b *Mailbox[M, E]) Wake() bool {
//		if mutant7 {
//			return b.Wake7()
//		}
//		...
//
// So a fault must be within one function and leave its signature alone.

// schema returns the files, by name, that have all of ms in them: those that are
// changed, and one more in each package. The n-th of ms has number n.
func schema(ms []mutant, root fs.FS) (map[string]string, error) {
	var errs []error
	edits := map[string][]edit{}
	switches := map[string]string{}
	for n, m := range ms {
		es, pkg, err := m.edits(n, root)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		edits[m.file] = append(edits[m.file], es...)
		file := path.Join(path.Dir(m.file), "mutants_switches.go")
		if switches[file] == "" {
			switches[file] = "package " + pkg + "\n\nimport \"os\"\n"
		}
		switches[file] += fmt.Sprintf("\nvar mutant%d = os.Getenv(%q) == %q\n", n, chosen, m.name)
	}
	files := switches
	for file, es := range edits {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, err
		}
		files[file] = apply(string(text), es)
	}
	return files, errors.Join(errs...)
}

// edit puts text in place of what is from begin to end.
type edit struct {
	begin, end int
	text       string
}

// apply makes edits that do not overlap; those of one place in their order. The
// same one twice is one.
func apply(text string, es []edit) string {
	slices.SortStableFunc(es, func(a, b edit) int { return cmp.Compare(a.begin, b.begin) })
	es = slices.Compact(es)
	var b strings.Builder
	at := 0
	for _, e := range es {
		b.WriteString(text[at:e.begin])
		b.WriteString(e.text)
		at = e.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// edits adds m, as number n, to its file. pkg is the file's package.
func (m mutant) edits(n int, root fs.FS) (es []edit, pkg string, err error) {
	text, err := fs.ReadFile(root, m.file)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", m.name, err)
	}
	before := string(text)
	if count := strings.Count(before, m.old); m.old == "" || count != 1 {
		return nil, "", fmt.Errorf("%s: the old text must be in %s once, and is there %d times:\n%s", m.name, m.file, count, m.old)
	}
	if m.new == m.old {
		return nil, "", fmt.Errorf("%s: changes nothing", m.name)
	}
	at := strings.Index(before, m.old)
	after := before[:at] + m.new + before[at+len(m.old):]

	pkg, was, err := function(before, at)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %s: %w", m.name, m.file, err)
	}
	_, is, err := function(after, at)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %s, mutated: %w", m.name, m.file, err)
	}
	end := at + len(m.old)
	if was.end < end-1 || was.begin > at || is.signature() != was.signature() {
		return nil, "", fmt.Errorf("%s: the fault must be within one function of %s, below its first line", m.name, m.file)
	}
	call, blanks, err := was.call(n)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %s: %w", m.name, m.file, err)
	}
	es = append(es, blanks...)
	es = append(es, edit{was.body, was.body, fmt.Sprintf("\n\tif mutant%d {\n\t\t%s\n\t}", n, call)})
	variant := fmt.Sprintf("\n//line %s:1\n%s%d%s\n", m.name, is.text[is.begin:is.nameEnd], n, is.text[is.nameEnd:is.end])
	return append(es, edit{len(before), len(before), variant}), pkg, nil
}

// fun is a function in a text, by offsets.
type fun struct {
	text                      string
	decl                      *ast.FuncDecl
	begin, nameEnd, body, end int // body is behind the brace
}

// function returns the function that the offset is in.
func function(text string, at int) (pkg string, f fun, err error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", text, parser.SkipObjectResolution)
	if err != nil {
		return "", f, err
	}
	offset := func(p token.Pos) int { return files.Position(p).Offset }
	for _, d := range file.Decls {
		if decl, ok := d.(*ast.FuncDecl); ok && decl.Body != nil && offset(decl.End()) > at {
			return file.Name.Name, fun{text, decl, offset(decl.Pos()), offset(decl.Name.End()), offset(decl.Body.Lbrace) + 1, offset(decl.End())}, nil
		}
	}
	return "", f, errors.New("the fault is in no function")
}

func (f fun) signature() string { return f.text[f.begin:f.body] }

// call is how f calls its variant n. The parameters that have no name get one by
// blanks.
func (f fun) call(n int) (call string, blanks []edit, err error) {
	name := func(id *ast.Ident) string {
		if id.Name != "_" {
			return id.Name
		}
		given := fmt.Sprintf("blank%d", id.Pos())
		at := int(id.Pos()) - int(f.decl.Pos()) + f.begin
		blanks = append(blanks, edit{at, at + 1, given})
		return given
	}
	call = f.decl.Name.Name + strconv.Itoa(n)
	if recv := f.decl.Recv; recv != nil {
		if len(recv.List[0].Names) == 0 {
			return "", nil, errors.New("the receiver has no name")
		}
		call = name(recv.List[0].Names[0]) + "." + call
	}
	if params := f.decl.Type.TypeParams; params != nil {
		var names []string
		for _, field := range params.List {
			for _, id := range field.Names {
				names = append(names, id.Name)
			}
		}
		call += "[" + strings.Join(names, ", ") + "]"
	}
	var args []string
	for _, field := range f.decl.Type.Params.List {
		if len(field.Names) == 0 {
			return "", nil, errors.New("a parameter has no name")
		}
		for _, id := range field.Names {
			arg := name(id)
			if _, more := field.Type.(*ast.Ellipsis); more {
				arg += "..."
			}
			args = append(args, arg)
		}
	}
	call += "(" + strings.Join(args, ", ") + ")"
	if f.decl.Type.Results != nil {
		return "return " + call, blanks, nil
	}
	return call + "\n\t\treturn", blanks, nil
}
