package cluster

import (
	"reflect"
	"unsafe"

	"google.golang.org/protobuf/proto"
)

// Plain is the Codec of a message type that is itself of a type that may be a
// field of a variant (see Enum), such as string or uint64: in Rust an actor whose
// message is a BytesConvertable type. Such messages are always casts.
func Plain[M any]() Codec { return plainCodec[M]("Plain") }

// Proto is Plain for a generated protobuf message, as in Rust a prost type with
// derive_serialization_for_prost_type.
func Proto[M proto.Message]() Codec { return plainCodec[M]("Proto") }

func plainCodec[M any](how string) Codec {
	v, err := valueOf(reflect.TypeFor[M]())
	return oneCodec[M](how, "", single{v}, err)
}

// single is a message that is one value, without a name and a length (wire
// reference 7.6).
type single struct{ value }

func (s single) encode(at unsafe.Pointer, out *outgoing) *CodecError {
	dst, err := s.append(out.args, at, out.peer)
	if err != nil {
		return &CodecError{Err: err}
	}
	out.args = dst
	return nil
}

func (s single) decode(at unsafe.Pointer, in *incoming) *CodecError {
	if err := s.value.decode(in.what, at, in.peer); err != nil {
		return &CodecError{Err: err}
	}
	return nil
}

func (s single) schema(string, *replyField) string { return "plain " + s.name + "\n" }
