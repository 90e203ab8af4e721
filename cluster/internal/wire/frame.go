package wire

import (
	"encoding/binary"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// header is the length of what stands before the payload of a frame: its length
// as a big-endian uint64.
const header = 8

// Append appends a frame with m. A string in m that is not UTF-8, of which the
// peer would think that the stream is broken, is sent with U+FFFD for what is
// wrong in it; m itself is not changed.
func Append(dst []byte, m *NetworkMessage) []byte {
	start := len(dst)
	framed, err := proto.MarshalOptions{}.MarshalAppend(append(dst, make([]byte, header)...), m)
	if err != nil { // that strings are not UTF-8 is the only reason there is
		m = proto.CloneOf(m)
		mend(m.ProtoReflect())
		framed, _ = proto.MarshalOptions{}.MarshalAppend(append(dst, make([]byte, header)...), m)
	}
	binary.BigEndian.PutUint64(framed[start:], uint64(len(framed)-start-header))
	return framed
}

// mend makes all strings in m UTF-8.
func mend(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		isString, isMessage := field.Kind() == protoreflect.StringKind, field.Kind() == protoreflect.MessageKind
		switch {
		case field.IsList() && (isString || isMessage):
			list := v.List()
			for i := range list.Len() {
				if isMessage {
					mend(list.Get(i).Message())
				} else {
					list.Set(i, mended(list.Get(i)))
				}
			}
		case isMessage:
			mend(v.Message())
		case isString:
			m.Set(field, mended(v))
		}
		return true
	})
}

func mended(v protoreflect.Value) protoreflect.Value {
	return protoreflect.ValueOfString(strings.ToValidUTF8(v.String(), "\uFFFD"))
}
