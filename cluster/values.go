package cluster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/ractor-go/ractor/actor"
)

// value is how values of one Go type are encoded: as ractor's BytesConvertable
// has the type that is called name in Rust (wire reference 7.5).
type value struct {
	shape shape
	many  bool // a slice of such values
	least int  // bytes that decoding needs
	typ   reflect.Type
	name  string
}

// shape is the layout of a value on the wire.
type shape uint8

const (
	unit      shape = iota // nothing
	bits8                  // big-endian bits of an integer or a float
	bits16                 //
	bits32                 //
	bits64                 //
	bits128                //
	boolean                // 0 or 1
	char                   // 32 bits that are a Unicode scalar
	priority               // 64 bits, 0 to 4
	text                   // UTF-8
	message                // protobuf, after its length
	reference              // see appendRef
)

// least is how many bytes a value of each shape has at least.
var least = [...]int{bits8: 1, bits16: 2, bits32: 4, bits64: 8, bits128: 16, boolean: 1, char: 4, priority: 8, reference: 0}

var protoMessage = reflect.TypeFor[proto.Message]()

// named are the types that are more than their kind says.
var named = map[reflect.Type]value{
	reflect.TypeFor[Uint128]():          {shape: bits128, name: "u128"},
	reflect.TypeFor[Int128]():           {shape: bits128, name: "i128"},
	reflect.TypeFor[Char]():             {shape: char, name: "char"},
	reflect.TypeFor[StandardPriority](): {shape: priority, name: "StandardPriority"},
}

// kinds are the types that are what their kind says.
var kinds = map[reflect.Kind]value{
	reflect.Uint8: {shape: bits8, name: "u8"}, reflect.Int8: {shape: bits8, name: "i8"},
	reflect.Uint16: {shape: bits16, name: "u16"}, reflect.Int16: {shape: bits16, name: "i16"},
	reflect.Uint32: {shape: bits32, name: "u32"}, reflect.Int32: {shape: bits32, name: "i32"},
	reflect.Uint64: {shape: bits64, name: "u64"}, reflect.Int64: {shape: bits64, name: "i64"},
	reflect.Float32: {shape: bits32, name: "f32"}, reflect.Float64: {shape: bits64, name: "f64"},
	reflect.Bool: {shape: boolean, name: "bool"}, reflect.String: {shape: text, name: "String"},
}

// valueOf says how values of type t are encoded; if they are not, the error says
// what to use instead.
func valueOf(t reflect.Type) (value, error) {
	v, ok := named[t]
	switch {
	case ok:
	case t.Kind() == reflect.Struct && t.NumField() == 0:
		v, ok = value{shape: unit, name: "()"}, true
	case t.Implements(protoMessage):
		return protoOf(t)
	case isRef(t):
		v, ok = refOf(t), true
	case t.Kind() == reflect.Slice:
		if v, ok = named[t.Elem()]; !ok {
			v, ok = kinds[t.Elem().Kind()]
		}
		ok = ok && v.shape != text && v.shape != priority
		v.many, v.name = true, "Vec<"+v.name+">"
	default:
		v, ok = kinds[t.Kind()]
	}
	if !ok {
		return value{}, fmt.Errorf("a field of type %v cannot be sent: %s", t, instead(t))
	}
	v.typ = t
	if !v.many && int(v.shape) < len(least) {
		v.least = least[v.shape]
	}
	return v, nil
}

// fixed says that all such values are of the same length, least, and that to
// encode them runs no code but ours.
func (v *value) fixed() bool {
	return !v.many && v.shape != text && v.shape != message && v.shape != reference
}

// instead is the advice for a type without an encoding.
func instead(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int:
		return "it has not the same size everywhere, use int64"
	case reflect.Uint, reflect.Uintptr:
		return "it has not the same size everywhere, use uint64"
	case reflect.Array:
		return "use a slice"
	case reflect.Complex64, reflect.Complex128:
		return "use two floats"
	case reflect.Chan, reflect.Func:
		return "use an actor.Ref, or an rpc.Reply"
	case reflect.Struct:
		if t.PkgPath() == "time" {
			return "use int64 and UnixNano"
		}
		return "use its fields one by one, a protobuf message, or CBOR"
	default:
		return "use a protobuf message, or CBOR"
	}
}

// protoOf is valueOf for generated protobuf messages.
func protoOf(t reflect.Type) (v value, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("a field of type %v cannot be sent: use a generated protobuf message", t)
		}
	}()
	m := reflect.New(t.Elem()).Interface().(proto.Message) //nolint:forcetypeassert // a panic means that it is of no use
	name := m.ProtoReflect().Descriptor().FullName()
	return value{shape: message, typ: t, name: "protobuf " + string(name)}, nil
}

var (
	errUTF8 = errors.New("is not UTF-8")
	errNode = errors.New("a Ref without a node")

	errForeignRef = fmt.Errorf("%w: a ractor node knows no Refs", actor.ErrNotSupported)
)

// append appends the encoding of the value that p points to.
func (v *value) append(dst []byte, p unsafe.Pointer, to peer) ([]byte, error) {
	if v.many {
		return v.appendMany(dst, p)
	}
	switch v.shape {
	case bits64:
		return binary.BigEndian.AppendUint64(dst, *(*uint64)(p)), nil
	case bits32:
		return binary.BigEndian.AppendUint32(dst, *(*uint32)(p)), nil
	case bits16:
		return binary.BigEndian.AppendUint16(dst, *(*uint16)(p)), nil
	case bits8, boolean:
		return append(dst, *(*byte)(p)), nil
	case bits128:
		w := (*[2]uint64)(p)
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, w[0]), w[1]), nil
	case text:
		s := *(*string)(p)
		if !utf8.ValidString(s) {
			return dst, errUTF8 // the receiver would drop it, and nobody would know
		}
		return append(dst, s...), nil
	case char:
		return appendChar(dst, *(*rune)(p))
	case priority:
		n := *(*StandardPriority)(p)
		if n > PriorityBestEffort {
			return dst, fmt.Errorf("%d is no StandardPriority", n)
		}
		return binary.BigEndian.AppendUint64(dst, uint64(n)), nil
	case message:
		return appendProto(dst, reflect.NewAt(v.typ, p).Elem().Interface().(proto.Message)) //nolint:forcetypeassert // protoOf has looked
	case reference:
		return appendRef(dst, reflect.NewAt(v.typ, p).Interface().(actor.RefVar).Any(), to) //nolint:forcetypeassert // valueOf has looked
	default:
		return dst, nil
	}
}

func (v *value) appendMany(dst []byte, p unsafe.Pointer) ([]byte, error) {
	switch v.shape {
	case bits8, boolean:
		return append(dst, *(*[]byte)(p)...), nil
	case bits16:
		for _, n := range *(*[]uint16)(p) {
			dst = binary.BigEndian.AppendUint16(dst, n)
		}
	case bits32:
		for _, n := range *(*[]uint32)(p) {
			dst = binary.BigEndian.AppendUint32(dst, n)
		}
	case bits64:
		for _, n := range *(*[]uint64)(p) {
			dst = binary.BigEndian.AppendUint64(dst, n)
		}
	case bits128:
		for _, w := range *(*[][2]uint64)(p) {
			dst = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, w[0]), w[1])
		}
	case char:
		for _, r := range *(*[]rune)(p) {
			var err error
			if dst, err = appendChar(dst, r); err != nil {
				return dst, err
			}
		}
	default:
	}
	return dst, nil
}

func appendChar(dst []byte, r rune) ([]byte, error) {
	if !utf8.ValidRune(r) {
		return dst, notScalar(uint32(r))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(r)), nil
}

func notScalar(n uint32) error { return fmt.Errorf("%#x is no Unicode scalar value", n) }

// decode stores the value that b is the encoding of where p points to. It keeps
// nothing of b. What b has beyond the value it ignores, as ractor does.
func (v *value) decode(b []byte, p unsafe.Pointer, from peer) error {
	if len(b) < v.least {
		return fmt.Errorf("%d bytes are too few for %s", len(b), v.name)
	}
	if v.many {
		return v.decodeMany(b, p)
	}
	switch v.shape {
	case bits64:
		*(*uint64)(p) = binary.BigEndian.Uint64(b)
	case bits32:
		*(*uint32)(p) = binary.BigEndian.Uint32(b)
	case bits16:
		*(*uint16)(p) = binary.BigEndian.Uint16(b)
	case bits8:
		*(*byte)(p) = b[0]
	case bits128:
		*(*[2]uint64)(p) = [2]uint64{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	case boolean:
		*(*bool)(p) = b[0] == 1
	case text:
		if !utf8.Valid(b) {
			return errUTF8
		}
		*(*string)(p) = string(b)
	case char:
		r, err := charOf(b)
		*(*rune)(p) = r
		return err
	case priority:
		n := StandardPriority(binary.BigEndian.Uint64(b))
		if n > PriorityBestEffort {
			n = PriorityNormal
		}
		*(*StandardPriority)(p) = n
	case message:
		m := reflect.New(v.typ.Elem())
		*(*unsafe.Pointer)(p) = m.UnsafePointer()
		return decodeProto(b, m.Interface().(proto.Message)) //nolint:forcetypeassert // protoOf has looked
	case reference:
		return decodeRef(b, reflect.NewAt(v.typ, p).Interface().(actor.RefVar), from) //nolint:forcetypeassert // valueOf has looked
	default:
	}
	return nil
}

// decodeMany takes as many elements as b has whole ones.
func (v *value) decodeMany(b []byte, p unsafe.Pointer) error {
	n := len(b) / least[v.shape]
	if n == 0 {
		return nil
	}
	switch v.shape {
	case bits8:
		*(*[]byte)(p) = append([]byte(nil), b...)
	case boolean:
		s := make([]bool, n)
		for i := range s {
			s[i] = b[i] == 1
		}
		*(*[]bool)(p) = s
	case bits16:
		s := make([]uint16, n)
		for i := range s {
			s[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		*(*[]uint16)(p) = s
	case bits32:
		s := make([]uint32, n)
		for i := range s {
			s[i] = binary.BigEndian.Uint32(b[4*i:])
		}
		*(*[]uint32)(p) = s
	case bits64:
		s := make([]uint64, n)
		for i := range s {
			s[i] = binary.BigEndian.Uint64(b[8*i:])
		}
		*(*[]uint64)(p) = s
	case bits128:
		s := make([][2]uint64, n)
		for i := range s {
			s[i] = [2]uint64{binary.BigEndian.Uint64(b[16*i:]), binary.BigEndian.Uint64(b[16*i+8:])}
		}
		*(*[][2]uint64)(p) = s
	case char:
		s := make([]rune, n)
		for i := range s {
			var err error
			if s[i], err = charOf(b[4*i:]); err != nil {
				return err
			}
		}
		*(*[]rune)(p) = s
	default:
	}
	return nil
}

func charOf(b []byte) (rune, error) {
	n := binary.BigEndian.Uint32(b)
	if n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		return 0, notScalar(n)
	}
	return rune(n), nil
}

// appendProto is what ractor's derive_serialization_for_prost_type makes: the
// message after its length. A nil message is an empty one.
func appendProto(dst []byte, m proto.Message) (grown []byte, err error) {
	defer caught(&err)
	opts := proto.MarshalOptions{}
	size := opts.Size(m)
	opts.UseCachedSize = true
	return opts.MarshalAppend(protowire.AppendVarint(dst, uint64(size)), m)
}

func decodeProto(b []byte, m proto.Message) (err error) {
	defer caught(&err)
	body, n := protowire.ConsumeBytes(b)
	if n < 0 {
		return fmt.Errorf("the length of a protobuf message: %w", protowire.ParseError(n))
	}
	return proto.Unmarshal(body, m)
}

// caught makes a panic of somebody's code that a codec calls its error.
func caught(err *error) {
	if v := recover(); v != nil { //nolint:revive // it is deferred itself, and so recovers
		*err = fmt.Errorf("panic: %v", v)
	}
}

// refOf is valueOf for actor.Ref and actor.AnyRef.
func refOf(t reflect.Type) value {
	v := value{shape: reference, name: "AnyRef"}
	if m := reflect.New(t).Interface().(actor.RefVar).Message(); m != nil { //nolint:forcetypeassert // valueOf has looked
		v.name = "Ref<" + m.String() + ">"
	}
	return v
}

// appendRef is an encoding of our own: the pid and the incarnation, 64 bits each,
// then the node's name. The zero Ref is empty.
func appendRef(dst []byte, r actor.AnyRef, to peer) ([]byte, error) {
	if r.IsZero() {
		return dst, nil
	}
	if to.foreign() {
		return dst, errForeignRef
	}
	node, incarnation, pid, err := to.export(r)
	if err != nil {
		return dst, err
	}
	if node == "" {
		return dst, errNode
	}
	dst = binary.BigEndian.AppendUint64(dst, pid)
	dst = binary.BigEndian.AppendUint64(dst, incarnation)
	return append(dst, node...), nil
}

func decodeRef(b []byte, into actor.RefVar, from peer) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) <= 16 {
		return fmt.Errorf("%d bytes are too few for a Ref", len(b))
	}
	if !utf8.Valid(b[16:]) {
		return errUTF8
	}
	pid, incarnation, node := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), string(b[16:])
	r, err := from.resolve(node, incarnation, pid, into.Message())
	if err != nil {
		return err
	}
	return into.SetAny(r)
}
