package cluster

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/ractor-go/ractor/actor"
)

// CBOR is a Codec for clusters of Go nodes only: M is any Go type that CBOR can
// express (RFC 8949, core deterministic encoding), fields count by their names,
// and those that are missing are zero, so fields may be added. A ractor node
// cannot know it: a message for one is ErrNotSupported. typeName is the message's
// name on the wire, and must be the same on all nodes.
//
// A message that is a struct may have one field of type rpc.Reply, which makes it a
// call; its answers are encoded in the same way. An actor.Ref may stand in any
// field, in structs, slices, arrays and pointers at any depth, but not in a map. A
// field that only this program needs has the tag `cbor:"-"`; other tags are as
// github.com/fxamacker/cbor has them. Fields of interface types are refused: what
// was in them would not come back.
//
// If M is an interface, variants says which types implement it, as for Enum; their
// names follow typeName and a point.
//
// A message may have 64 levels, an array or map of it 131072 elements; more is an
// error to the sender. It costs microseconds and allocates: Enum is the fast one.
func CBOR[M any](typeName string, variants ...Variant) Codec {
	const how = "CBOR"
	m := reflect.TypeFor[M]()
	structure := m
	if m.Kind() == reflect.Pointer {
		structure = m.Elem()
	}
	var c *typed[M]
	switch {
	case m.Kind() == reflect.Interface:
		c = newCodec[M](how, typeName+".", variants, cborVariant)
	case structure.Kind() == reflect.Struct && !isRef(structure):
		c = newCodec[M](how, "", []Variant{VariantOf[M](typeName)}, cborVariant)
	default:
		body, err := cborOf(m)
		c = oneCodec[M](how, typeName, body, err)
	}
	if typeName == "" {
		c.wrong("", errors.New("the type name is empty"))
	}
	if m.Kind() != reflect.Interface && len(variants) > 0 {
		c.wrong("", fmt.Errorf("%v is no interface and has no variants", m))
	}
	return c
}

// cborVariant gives a struct its body, and finds its Reply.
func cborVariant(v *variant) error {
	for i := range v.content.NumField() {
		f := v.content.Field(i)
		if !isReply(f.Type) || !f.IsExported() {
			continue
		}
		if v.reply != nil {
			return fmt.Errorf("%v.%s: a second Reply, after %s", v.content, f.Name, v.reply.name)
		}
		how, err := cborOf(answerType(f.Type))
		if err != nil {
			return fmt.Errorf("%v.%s: its answer: %w", v.content, f.Name, err)
		}
		v.reply = &replyField{name: f.Name, typ: f.Type, offset: f.Offset, how: cborAnswers{how}}
	}
	body, err := cborOf(v.content)
	v.body = body
	return err
}

var (
	cborEncoding = must(encodeOptions().EncMode())
	cborDecoding = must(decodeOptions().DecMode())
)

// maxLevels is how deep messages may be nested.
const maxLevels = 64

func encodeOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.Time = cbor.TimeRFC3339Nano // to the nanosecond, and without a tag
	return o
}

func decodeOptions() cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels:   maxLevels,
	}
}

// must is for options that are constants: that they are good the tests show.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cborType is how values of one type are encoded in CBOR: first an array with the
// Refs that the value holds, in the order of walk, then the value, in which Refs
// and the Reply are empty.
type cborType struct {
	typ  reflect.Type
	look bool // it can hold Refs, or be nested without end
}

// cborOf makes the cborType of t. The error has all that is wrong with it.
func cborOf(t reflect.Type) (*cborType, error) {
	i := inspection{}
	i.inspect(t, t.String(), true)
	return &cborType{t, i.refs || i.recursive}, errors.Join(i.wrong...)
}

// cborRef is how a Ref travels; the zero one has no node.
type cborRef struct {
	_           struct{} `cbor:",toarray"`
	Node        string
	Incarnation uint64
	Pid         uint64
}

// marshal encodes what p, a pointer to a c.typ, points to.
func (c *cborType) marshal(p reflect.Value, to peer) (what []byte, err error) {
	defer caught(&err)
	if to.foreign() {
		return nil, fmt.Errorf("%w: a ractor node knows no CBOR", actor.ErrNotSupported)
	}
	refs := []cborRef{}
	if c.look {
		err := walk(p.Elem(), 0, func(r actor.RefVar) error {
			var ref cborRef
			if !r.Any().IsZero() {
				var err error
				if ref.Node, ref.Incarnation, ref.Pid, err = to.export(r.Any()); err != nil {
					return err
				}
				if ref.Node == "" {
					return errNode
				}
			}
			refs = append(refs, ref)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	first, err := cborEncoding.Marshal(refs)
	if err != nil {
		return nil, err
	}
	second, err := cborEncoding.Marshal(p.Interface())
	if err != nil {
		return nil, err
	}
	// What the receiver would refuse the sender had better know of.
	if err := errors.Join(cborDecoding.Wellformed(first), cborDecoding.Wellformed(second)); err != nil {
		return nil, err
	}
	return append(first, second...), nil
}

// unmarshal decodes what into what p points to.
func (c *cborType) unmarshal(what []byte, p reflect.Value, from peer) (err error) {
	defer caught(&err)
	var refs []cborRef
	rest, err := cborDecoding.UnmarshalFirst(what, &refs)
	if err != nil {
		return fmt.Errorf("its Refs: %w", err)
	}
	if err := cborDecoding.Unmarshal(rest, p.Interface()); err != nil {
		return err
	}
	if c.look {
		err = walk(p.Elem(), 0, func(r actor.RefVar) error {
			if len(refs) == 0 {
				return errRefCount
			}
			ref := refs[0]
			refs = refs[1:]
			if ref.Node == "" {
				return nil
			}
			found, err := from.resolve(ref.Node, ref.Incarnation, ref.Pid, r.Message())
			if err != nil {
				return err
			}
			return r.SetAny(found)
		})
		if err != nil {
			return err
		}
	}
	if len(refs) > 0 {
		return errRefCount
	}
	return nil
}

var errRefCount = errors.New("it has not come with as many Refs as it has places for")

// A body: what is not our own code must not see the message itself, which may be a
// cell that serves the next one, or be on its way to somebody else too; it gets a copy.

func (c *cborType) encode(at unsafe.Pointer, out *outgoing) *CodecError {
	p := reflect.New(c.typ)
	p.Elem().Set(reflect.NewAt(c.typ, at).Elem())
	what, err := c.marshal(p, out.peer)
	if err != nil {
		return &CodecError{Err: err}
	}
	out.args = append(out.args, what...)
	return nil
}

func (c *cborType) decode(at unsafe.Pointer, in *incoming) *CodecError {
	p := reflect.New(c.typ)
	if err := c.unmarshal(in.what, p, in.peer); err != nil {
		return &CodecError{Err: err}
	}
	reflect.NewAt(c.typ, at).Elem().Set(p.Elem())
	return nil
}

// cborAnswers is a cborType as an answer.
type cborAnswers struct{ *cborType }

func (c cborAnswers) encode(dst []byte, at any, to peer) ([]byte, error) {
	what, err := c.marshal(reflect.ValueOf(at), to)
	return append(dst, what...), err
}

func (c cborAnswers) decode(what []byte, at any, from peer) error {
	return c.unmarshal(what, reflect.ValueOf(at), from)
}
