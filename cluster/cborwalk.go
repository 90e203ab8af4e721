package cluster

import (
	"encoding"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/ractor-go/ractor/actor"
)

// inspection looks at a type for CBOR, once.
type inspection struct {
	refs, recursive bool
	inside          []reflect.Type // the structs that it is in
	wrong           []error
	lines           []string // of the schema
}

// inspect looks at t, which stands at path; in a message itself a Reply is no
// field.
func (i *inspection) inspect(t reflect.Type, path string, top bool) {
	refuse := func(why string) { i.wrong = append(i.wrong, fmt.Errorf("%s: %v cannot be sent: %s", path, t, why)) }
	leaf := func(name string) { i.lines = append(i.lines, path+" "+name) }
	switch {
	case isRef(t):
		i.refs = true
		leaf(refOf(t).name)
		return
	case isReply(t):
		refuse("a Reply must be a field of the message itself")
		return
	case isLeaf(t):
		leaf(t.String())
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Pointer {
			refuse("use one pointer")
			return
		}
		i.inspect(t.Elem(), path, false)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			leaf("bytes")
			return
		}
		if slices.Contains(i.inside, t) {
			refuse("it contains itself")
			return
		}
		i.within(t, func() { i.inspect(t.Elem(), path+"[]", false) })
	case reflect.Map:
		if slices.Contains(i.inside, t) {
			refuse("it contains itself")
			return
		}
		i.inMap(t, path)
	case reflect.Struct:
		i.inspectStruct(t, path, top)
	case reflect.Interface:
		refuse("what is in an interface would not come back, use the type itself")
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		refuse("CBOR has nothing like it")
	default:
		leaf(t.Kind().String())
	}
}

func (i *inspection) within(t reflect.Type, f func()) {
	i.inside = append(i.inside, t)
	f()
	i.inside = i.inside[:len(i.inside)-1]
}

// inMap inspects a map. It has no order, so there may be no Refs in it.
func (i *inspection) inMap(t reflect.Type, path string) {
	in := inspection{inside: append(slices.Clone(i.inside), t)}
	in.inspect(t.Key(), path+"{key}", false)
	in.inspect(t.Elem(), path+"{}", false)
	if in.refs {
		in.wrong = append(in.wrong, fmt.Errorf("%s: %v cannot be sent: a Ref must not be in a map, use a slice", path, t))
	}
	i.recursive = i.recursive || in.recursive
	i.wrong = append(i.wrong, in.wrong...)
	i.lines = append(i.lines, in.lines...)
}

func (i *inspection) inspectStruct(t reflect.Type, path string, top bool) {
	if slices.Contains(i.inside, t) {
		i.recursive = true
		i.lines = append(i.lines, path+" "+t.String())
		return
	}
	if t.NumField() == 0 {
		i.lines = append(i.lines, path+" {}")
	}
	i.within(t, func() {
		for n := range t.NumField() {
			f := t.Field(n)
			name, sent := fieldName(f)
			at := path + "." + name
			switch {
			case !sent, top && isReply(f.Type) && f.IsExported():
			case !f.IsExported():
				i.wrong = append(i.wrong, fmt.Errorf("%s: %w", at, errUnexported))
			default:
				i.inspect(f.Type, at, false)
			}
		}
	})
}

// fieldName returns the name of a field on the wire; sent says that it is there at
// all.
func fieldName(f reflect.StructField) (name string, sent bool) {
	tag, ok := f.Tag.Lookup("cbor")
	if !ok {
		tag = f.Tag.Get("json")
	}
	name, _, _ = strings.Cut(tag, ",")
	switch {
	case tag == "-", f.Name == "_": // _ carries options of the struct
		return "", false
	case name == "":
		name = f.Name
	}
	return name, true
}

// isLeaf says that CBOR, or the type itself, knows how values of type t are
// encoded, whatever is in them.
func isLeaf(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[big.Int]() || t.PkgPath() == reflect.TypeFor[cbor.Tag]().PkgPath() {
		return true
	}
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[cbor.Marshaler]()) && p.Implements(reflect.TypeFor[cbor.Unmarshaler]()) ||
		p.Implements(reflect.TypeFor[encoding.BinaryMarshaler]()) && p.Implements(reflect.TypeFor[encoding.BinaryUnmarshaler]())
}

var errTooDeep = errors.New("it is nested too deeply, or contains itself")

// walk calls f with the Refs in v, which is addressable, in order. It does not go
// where inspect has found that there is nothing, and not into what is not sent.
func walk(v reflect.Value, level int, f func(actor.RefVar) error) error {
	if level > maxLevels {
		return errTooDeep
	}
	t := v.Type()
	switch {
	case isRef(t):
		return f(v.Addr().Interface().(actor.RefVar)) //nolint:forcetypeassert // isRef has looked
	case isReply(t), isLeaf(t):
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return walk(v.Elem(), level, f)
	case reflect.Slice, reflect.Array:
		if isNumber(t.Elem().Kind()) {
			return nil
		}
		for i := range v.Len() {
			if err := walk(v.Index(i), level+1, f); err != nil {
				return err
			}
		}
	case reflect.Map: // no Refs, but perhaps no end
		for _, at := range v.Seq2() {
			if err := walk(at, level+1, f); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if _, sent := fieldName(t.Field(i)); !sent {
				continue
			}
			if err := walk(v.Field(i), level+1, f); err != nil {
				return err
			}
		}
	default:
	}
	return nil
}

// isNumber says that nothing can be found in values of kind k.
func isNumber(k reflect.Kind) bool { return k <= reflect.Float64 || k == reflect.String }

func (c *cborType) describe(path string) []string {
	i := inspection{}
	i.inspect(c.typ, path, true)
	return i.lines
}
