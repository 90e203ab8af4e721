package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// plan is how a struct crosses the wire as a variant of a Rust enum that derives
// RactorClusterMessage (wire reference 7.4): its fields in order, each after its
// length, without the Reply. It is made once for a type; then fields are found
// by their offsets.
type plan struct {
	fields []field
	form   *wire.Form // of casts that are all of the same length; nil: they are not
}

type field struct {
	value
	offset uintptr
	name   string
}

// planOf makes the plan of the struct type t, and finds its Reply. The error has
// all that is wrong with it.
func planOf(t reflect.Type) (*plan, *replyField, error) {
	p := new(plan)
	var reply *replyField
	var wrong []error
	for i := range t.NumField() {
		f := t.Field(i)
		blame := func(err error) { wrong = append(wrong, fmt.Errorf("%v.%s: %w", t, f.Name, err)) }
		switch {
		case !f.IsExported():
			blame(errUnexported)
		case isReply(f.Type) && reply != nil:
			blame(fmt.Errorf("a second Reply, after %s", reply.name))
		case isReply(f.Type):
			how, err := valueAnswers(f.Type)
			if err != nil {
				blame(err)
			}
			reply = &replyField{name: f.Name, typ: f.Type, offset: f.Offset, how: how}
		default:
			v, err := valueOf(f.Type)
			if err != nil {
				blame(err)
			}
			p.fields = append(p.fields, field{v, f.Offset, f.Name})
		}
	}
	return p, reply, errors.Join(wrong...)
}

var errUnexported = errors.New("an unexported field cannot be sent: export it, or leave it out")

const (
	lengthSize = 8 // of the length before each field
	wordSize   = 8 // of a value of the shape bits64
)

func (p *plan) encode(at unsafe.Pointer, out *outgoing) *CodecError {
	dst := out.args
	for i := range p.fields {
		f := &p.fields[i]
		if f.shape == bits64 && !f.many { // the most frequent, without a call
			dst = binary.BigEndian.AppendUint64(dst, wordSize)
			dst = binary.BigEndian.AppendUint64(dst, *(*uint64)(unsafe.Add(at, f.offset)))
			continue
		}
		start := len(dst) + lengthSize
		dst = append(dst, make([]byte, lengthSize)...)
		var err error
		if dst, err = f.append(dst, unsafe.Add(at, f.offset), out.peer); err != nil {
			return &CodecError{Field: f.name, Err: err}
		}
		binary.BigEndian.PutUint64(dst[start-lengthSize:], uint64(len(dst)-start))
	}
	out.args = dst
	return nil
}

// takeForm sets form, for casts of the variant name, if their arguments have always
// the same length and are not many.
func (p *plan) takeForm(name string) bool {
	var what []byte
	for _, f := range p.fields {
		if !f.fixed() {
			return false
		}
		what = binary.BigEndian.AppendUint64(what, uint64(f.least))
		what = append(what, make([]byte, f.least)...)
	}
	if len(what)+len(name)+frameOverhead > minFrame {
		return false
	}
	p.form = wire.NewForm(what, name)
	return true
}

// fill is encode into what, which is of the form, and has the lengths. It runs no
// code but ours.
func (p *plan) fill(what []byte, at unsafe.Pointer) *CodecError {
	for i := range p.fields {
		f := &p.fields[i]
		if f.shape == bits64 && len(what) >= lengthSize+wordSize { // the most frequent, without a call
			binary.BigEndian.PutUint64(what[lengthSize:], *(*uint64)(unsafe.Add(at, f.offset)))
			what = what[lengthSize+wordSize:]
			continue
		}
		what = what[lengthSize:]
		if _, err := f.append(what[:0], unsafe.Add(at, f.offset), nil); err != nil {
			return &CodecError{Field: f.name, Err: err}
		}
		what = what[f.least:]
	}
	return nil
}

func (p *plan) decode(at unsafe.Pointer, in *incoming) *CodecError {
	b := in.what
	for i := range p.fields {
		f := &p.fields[i]
		if len(b) < lengthSize {
			return &CodecError{Field: f.name, Err: fmt.Errorf("the arguments end before it, with %d bytes of its length", len(b))}
		}
		n := binary.BigEndian.Uint64(b)
		b = b[lengthSize:]
		if n > uint64(len(b)) {
			return &CodecError{Field: f.name, Err: fmt.Errorf("%d bytes are announced, %d are there", n, len(b))}
		}
		if f.shape == bits64 && !f.many && n == wordSize {
			*(*uint64)(unsafe.Add(at, f.offset)) = binary.BigEndian.Uint64(b)
			b = b[n:]
			continue
		}
		if err := f.decode(b[:n:n], unsafe.Add(at, f.offset), in.peer); err != nil {
			return &CodecError{Field: f.name, Err: err}
		}
		b = b[n:]
	}
	if len(b) > 0 {
		return &CodecError{Err: fmt.Errorf("%d bytes are left over after the last field", len(b))}
	}
	return nil
}

// signature is "(u64, String)", and the names of the fields.
func (p *plan) signature() (types string, names []string) {
	list := make([]string, len(p.fields))
	for i, f := range p.fields {
		list[i] = f.value.name
		names = append(names, f.name)
	}
	return "(" + strings.Join(list, ", ") + ")", names
}
