package cluster

import (
	"reflect"
	"unsafe"
)

// Enum is the Codec of a sum type: M is an interface, and each of its variants a
// struct type (or a pointer to one) that implements it. It is one protocol with
// a Rust enum that has variants of the same names and fields and derives
// RactorClusterMessage: the fields count by their order, not by their names. M
// may also be a struct: then it is its only variant.
//
//	type Msg interface{ isMsg() }
//	type Hey struct{ Text string }                                // Hey(String)
//	type Ping struct { Text string; Reply rpc.Reply[string] }     // #[rpc] Ping(String, RpcReplyPort<String>)
//
//	cluster.Enum[Msg](cluster.VariantOf[Hey]("Hey"), cluster.VariantOf[Ping]("Ping"))
//
// A field may be of these types, or of one that has such a type underneath:
//
//	uint8 … uint64, int8 … int64, Uint128, Int128    u8 … u128, i8 … i128
//	float32, float64, bool, string, Char             f32, f64, bool, String, char
//	slices of these, but of strings                  Vec<…>
//	StandardPriority, struct{}                       StandardPriority, ()
//	generated protobuf messages (pointers)           prost types of derive_serialization_for_prost_type
//	actor.Ref, actor.AnyRef                          none: between Go nodes only
//
// One field may be an rpc.Reply whose answers are of these types: then the variant
// is a call (#[rpc] in Rust). A nil protobuf message arrives as an empty one, and
// an empty slice as nil. A string that is not UTF-8, and a Char that is none,
// cannot be sent.
//
// A message that comes with the name of no variant, or with bytes that are not its
// fields, is dropped. So a variant may be added as long as nobody sends it to nodes
// that do not know it; a variant whose fields must change is a new variant.
//
// A Cast of a message of fixed size costs some 100 ns (BenchmarkSend32), and the one
// allocation with which the caller makes it an M; to receive it costs the allocation
// of the message itself, which several that come in a row share.
func Enum[M any](variants ...Variant) Codec {
	return newCodec[M]("Enum", "", variants, func(v *variant) error {
		plan, reply, err := planOf(v.content)
		v.body, v.reply = plan, reply
		if err == nil && reply == nil && plan.takeForm(v.name) {
			v.fixed = plan
		}
		return err
	})
}

// Variant is one variant of a message type: see VariantOf.
type Variant interface {
	// variant returns what the Codec has to know of it.
	variant() *variant

	// fresh returns memory for n of its structs, one after the other; n is 1 if it
	// is a pointer to one.
	fresh(n int) unsafe.Pointer
}

// VariantOf is the variant V, a struct or a pointer to one, under the name that it
// has on the wire: the identifier of the variant in Rust.
func VariantOf[V any](name string) Variant { return variantOf[V]{name} }

type variantOf[V any] struct{ name string }

// variant is a variant of a Codec.
type variant struct {
	name    string
	typ     reflect.Type // of the message
	content reflect.Type // the struct: typ, or what it points to
	size    uintptr      // of the struct
	nth     int          // of the Codec's list
	inWord  bool         // the struct is one pointer wide, and an interface has it instead of its address
	box     Variant
	body    body
	reply   *replyField // nil: it is a cast
	about   CodecError  // names it
	fixed   *plan       // the body of casts that are all of the same length; nil: it is something else
}

// body is how a variant's fields, but for the Reply, are encoded; at points to the
// struct, and is not kept.
type body interface {
	encode(at unsafe.Pointer, out *outgoing) *CodecError
	decode(at unsafe.Pointer, in *incoming) *CodecError

	// schema describes it after head, for Codec.Schema.
	schema(head string, reply *replyField) string
}

func (b variantOf[V]) variant() *variant {
	t := reflect.TypeFor[V]()
	v := &variant{name: b.name, typ: t, content: t, box: b}
	if t.Kind() == reflect.Pointer {
		v.content = t.Elem()
	} else {
		zero := reflect.Zero(t).Interface()
		v.inWord = dataWord(&zero) == nil
	}
	v.size = v.content.Size()
	return v
}

func (variantOf[V]) fresh(n int) unsafe.Pointer {
	if t := reflect.TypeFor[V](); t.Kind() == reflect.Pointer {
		return reflect.New(t.Elem()).UnsafePointer()
	}
	if n == 1 {
		return unsafe.Pointer(new(V))
	}
	return unsafe.Pointer(unsafe.SliceData(make([]V, n)))
}

func (v *variant) encode(at unsafe.Pointer, out *outgoing) *CodecError {
	out.variant, out.call, out.pending = v.name, v.reply != nil, nil
	if err := v.body.encode(at, out); err != nil {
		return err
	}
	if v.reply != nil {
		v.reply.leaves(at, out, v)
	}
	return nil
}

func (v *variant) decode(at unsafe.Pointer, in *incoming) *CodecError {
	switch {
	case in.call && v.reply == nil:
		return &CodecError{Err: errIsCast}
	case !in.call && v.reply != nil:
		return &CodecError{Err: errIsCall}
	}
	if err := v.body.decode(at, in); err != nil {
		return err
	}
	if v.reply != nil {
		v.reply.arrives(at, in, v)
	}
	return nil
}
