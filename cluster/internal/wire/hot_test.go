package wire

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Pieces of payloads. padded writes a varint longer than it must be.

func field(key byte, contents ...string) string {
	var all string
	for _, c := range contents {
		all += c
	}
	return string(key) + string(protowire.AppendVarint(nil, uint64(len(all)))) + all
}

func number(key byte, v uint64) string {
	return string(protowire.AppendVarint([]byte{key}, v))
}

func padded(v uint64) string {
	b := protowire.AppendVarint(nil, v)
	for len(b) < 9 {
		b[len(b)-1] |= 0x80
		b = append(b, 0)
	}
	return string(b)
}

// parsed compares what parse makes of a payload with what the generated code
// alone makes of it.
func parsed(t testing.TB, payload []byte) (f Frame, hot bool, err error) {
	t.Helper()
	var m NetworkMessage
	wrong := proto.Unmarshal(payload, &m)
	hot = f.parseHot(payload)
	err = f.parse(payload)
	if wrong != nil {
		require.False(t, hot, "%x", payload)
		require.Error(t, err, "%x", payload)
		return f, hot, err
	}
	require.NoError(t, err, "%x", payload)
	// Unknown fields that were kept count in proto.Equal.
	require.NoError(t, proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(payload, &m))
	var want Frame
	want.take(&m)
	sameFrame(t, &want, &f)
	return f, hot, nil
}

// Shapes that protobuf allows: what they mean, and whether they are read by hand.
var shapes = []struct {
	what, payload string
	hot           bool
	want          Frame
}{
	{"no message", "", false, Frame{Msg: &NetworkMessage{}}},
	{"an empty node message", field(keyNode), false, Frame{Msg: node(&NodeMessage{})}},
	{"a cast of nothing", field(keyNode, field(keyCast)), true, Frame{Kind: KindCast}},
	{"a call of nothing", field(keyNode, field(keyCall)), true, Frame{Kind: KindCall}},
	{"a reply of nothing", field(keyNode, field(keyReply)), true, Frame{Kind: KindReply}},
	{"fields in another order", field(keyNode, field(keyCast, field(keyCastVariant, "V"), field(keyWhat, "w"), number(keyTo, 7))), true,
		Frame{Kind: KindCast, To: 7, What: []byte("w"), Variant: []byte("V")}},
	{"twice the same fields: the last counts", field(keyNode, field(keyCast,
		number(keyTo, 7), field(keyWhat, "one"), field(keyCastVariant, "V"), field(keyMetadata, "m"),
		number(keyTo, 8), field(keyWhat, ""), field(keyCastVariant, "W"), field(keyMetadata))), true,
		Frame{Kind: KindCast, To: 8, Variant: []byte("W"), HasMetadata: true}},
	{"twice the same fields of a call", field(keyNode, field(keyCall,
		number(keyCallTag, 1), number(keyCallTimeout, 5), field(keyCallVariant, "V"), number(keyCallTag, 0), number(keyCallTimeout, 0))), true,
		Frame{Kind: KindCall, HasTimeout: true, Variant: []byte("V")}},
	{"varints longer than they must be", string(rune(keyNode)) + padded(22) + string(rune(keyCast)) + padded(12) + string(rune(keyTo)) + padded(5) + field(keyWhat), true,
		Frame{Kind: KindCast, To: 5}},
	{"a cast as ours are, of nothing", field(keyNode, field(keyCast, number(keyTo, 7), field(keyWhat), field(keyCastVariant))), true,
		Frame{Kind: KindCast, To: 7}},
	{"and with a variant that is not ASCII", field(keyNode, field(keyCast, number(keyTo, 1<<63), field(keyWhat, "w"), field(keyCastVariant, "Größe"))), true,
		Frame{Kind: KindCast, To: 1 << 63, What: []byte("w"), Variant: []byte("Größe")}},
	{"and with a field more", field(keyNode, field(keyCast, number(keyTo, 7), field(keyWhat, "w"), field(keyCastVariant, "V"), number(keyTo, 8))), true,
		Frame{Kind: KindCast, To: 8, What: []byte("w"), Variant: []byte("V")}},
	{"and with a longer length", field(keyNode, field(keyCast, number(keyTo, 7), string(rune(keyWhat))+padded(1)+"w", field(keyCastVariant, "V"))), true,
		Frame{Kind: KindCast, To: 7, What: []byte("w"), Variant: []byte("V")}},
	{"the largest numbers", field(keyNode, field(keyCall, number(keyTo, 1<<64-1), number(keyCallTag, 1<<64-1), number(keyCallTimeout, 1<<64-1))), true,
		Frame{Kind: KindCall, To: 1<<64 - 1, Tag: 1<<64 - 1, TimeoutMS: 1<<64 - 1, HasTimeout: true}},

	{"a node message in two parts", field(keyNode, field(keyCast, number(keyTo, 5))) + field(keyNode, field(keyCast, field(keyWhat, "w"))), false,
		Frame{Kind: KindCast, To: 5, What: []byte("w")}},
	{"a cast in two parts", field(keyNode, field(keyCast, number(keyTo, 5)), field(keyCast, field(keyWhat, "w"))), false,
		Frame{Kind: KindCast, To: 5, What: []byte("w")}},
	{"a call, no: a cast", field(keyNode, field(keyCall, number(keyTo, 5)), field(keyCast, field(keyWhat, "w"))), false,
		Frame{Kind: KindCast, What: []byte("w")}},
	{"a cast, no: control", field(keyNode, field(keyCast, number(keyTo, 5))) + field(3<<3|2), false,
		Frame{Msg: control(&ControlMessage{})}},
	{"a cast, then an empty part", field(keyNode, field(keyCast, number(keyTo, 5))) + field(keyNode), false, Frame{Kind: KindCast, To: 5}},
	{"keys longer than they must be", field(keyNode, field(keyCast, "\x88\x00\x05")), false, Frame{Kind: KindCast, To: 5}},
	{"an unknown varint", field(keyNode, field(keyCast, number(4<<3, 9), number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"unknown bytes", field(keyNode, field(keyCast, field(4<<3|2, "x"), number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"unknown 64 bits", field(keyNode, field(keyCast, "\x21\x01\x02\x03\x04\x05\x06\x07\x08", number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"unknown 32 bits", field(keyNode, field(keyCast, "\x25\x01\x02\x03\x04", number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"an unknown group", field(keyNode, field(keyCast, "\x23\x23\x08\x01\x24\x24", number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"an unknown field of many bytes' number", field(keyNode, field(keyCast, "\x92\xb5\x18\x01x", number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"an unknown message alone", field(keyNode, field(9<<3|2, "x")), false, Frame{Msg: node(&NodeMessage{})}},
	{"an unknown message beside the cast", field(keyNode, field(9<<3|2, "x"), field(keyCast, number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"an unknown message beside the node's", field(9<<3|2, "x") + field(keyNode, field(keyCast, number(keyTo, 5))), false, Frame{Kind: KindCast, To: 5}},
	{"a field of another type: unknown", field(keyNode, field(keyCast, field(1<<3|2, "x"), number(2<<3, 1))), false, Frame{Kind: KindCast}},
	{"a field of the call in a cast: unknown", field(keyNode, field(keyCast, number(keyCallTimeout, 5))), false, Frame{Kind: KindCast}},
	{"metadata in a reply: unknown", field(keyNode, field(keyReply, field(keyMetadata, "m"))), false, Frame{Kind: KindReply}},
}

func TestShapes(t *testing.T) {
	for _, c := range shapes {
		t.Run(c.what, func(t *testing.T) {
			f, hot, err := parsed(t, []byte(c.payload))
			require.NoError(t, err)
			require.Equal(t, c.hot, hot)
			sameFrame(t, &c.want, &f)
		})
	}
}

// broken are payloads that are no message.
var broken = map[string]string{
	"a variant that is not UTF-8":            field(keyNode, field(keyCast, field(keyCastVariant, "\xff"))),
	"in a cast as ours are too":              field(keyNode, field(keyCast, number(keyTo, 7), field(keyWhat, "w"), field(keyCastVariant, "Gr\xf6\xdfe"))),
	"and there, a length beyond the end":     field(keyNode, field(keyCast, number(keyTo, 7), field(keyWhat, "w"), "\x1a\x02V")),
	"and there, one beyond the end of what":  field(keyNode, field(keyCast, number(keyTo, 7), "\x12\x05w", field(keyCastVariant, "V"))),
	"and there, a varint of 65 bits":         field(keyNode, field(keyCast, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", field(keyWhat, "w"), field(keyCastVariant, "V"))),
	"nor if another follows":                 field(keyNode, field(keyCall, field(keyCallVariant, "\xed\xa0\x80"), field(keyCallVariant, "V"))),
	"a length beyond the end":                "\x12\x05\x0a\x00",
	"a length within beyond the end":         field(keyNode, "\x0a\x7f\x08\x05"),
	"a length of a field beyond the end":     field(keyNode, field(keyCast, "\x12\x7fabc")),
	"a length of 64 bits":                    field(keyNode, field(keyCast, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01abc")),
	"a varint of 65 bits":                    field(keyNode, field(keyCast, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")),
	"a varint of 11 bytes":                   field(keyNode, field(keyCast, "\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00")),
	"a varint without an end":                field(keyNode, field(keyCast, "\x08\x80")),
	"a key without a value":                  field(keyNode, field(keyCast, "\x08")),
	"a key without a length":                 "\x12",
	"a group without an end":                 field(keyNode, field(keyCast, "\x23")),
	"the end of no group":                    field(keyNode, field(keyCast, "\x24")),
	"field 0":                                field(keyNode, field(keyCast, "\x00\x00")),
	"a type that there is not":               field(keyNode, field(keyCast, "\x0e\x00")),
	"a name of an actor that is not UTF-8":   field(3<<3|2, field(keyCast, field(1<<3|2, field(2<<3|2, "\xff")))),
	"a broken message where another follows": field(keyNode, "\x0a\x7f") + field(keyNode, field(keyCast)),
}

func TestBroken(t *testing.T) {
	for what, payload := range broken {
		t.Run(what, func(t *testing.T) {
			_, _, err := parsed(t, []byte(payload))
			require.Error(t, err)
			_, err = NewReader(bytes.NewReader(framed(payload)), 1<<10).Next()
			require.ErrorIs(t, err, ErrMalformed)
		})
	}
}

// Cut anywhere, a cast is either broken or something else: as the generated code
// says.
func TestTruncated(t *testing.T) {
	whole := AppendCall(nil, 300, []byte("arguments"), 7, 1000, true, "Variant", []byte("metadata"))[header:]
	for n := range whole {
		parsed(t, whole[:n])
	}
}

// Every size at which a length takes a byte more, alone and together.
func TestHotLengths(t *testing.T) {
	var what [20_000]byte
	for _, to := range []uint64{0, 1, 1 << 7, 1<<64 - 1} {
		for n := range 300 {
			sameBytes(t, &Frame{Kind: KindCast, To: to, What: what[:n], Variant: []byte("V")})
			sameBytes(t, &Frame{Kind: KindCast, To: to, Variant: what[:n]})
			sameBytes(t, &Frame{Kind: KindReply, To: to, Tag: to, What: what[:n]})
		}
		for n := 1<<14 - 50; n < 1<<14+10; n++ {
			sameBytes(t, &Frame{Kind: KindCall, To: to, Tag: to, What: what[:n], Variant: what[:3], TimeoutMS: to, HasTimeout: true, Metadata: what[:0], HasMetadata: true})
		}
	}
}

// sameBytes writes a frame by hand, from a form if it is such a cast, and with the
// generated code, behind other bytes
// and where there is much room, little and none, and reads it again.
func sameBytes(t testing.TB, f *Frame) {
	t.Helper()
	const before = "before"
	want := append([]byte(before), Append(nil, message(f))...)
	for _, room := range []int{0, 20, len(want) - len(before), 2 * len(want)} {
		dst := append(make([]byte, 0, len(before)+room), before...)
		for i := range dst[:cap(dst)][len(dst):] {
			dst[:cap(dst)][len(dst)+i] = 0xaa // what was there does not show
		}
		if got := appendHot(dst, f); !bytes.Equal(want, got) {
			require.Equal(t, want, got)
		}
		if f.Kind == KindCast && !f.HasMetadata {
			got, what := NewForm(make([]byte, len(f.What)), string(f.Variant)).Append(dst, f.To)
			copy(what, f.What)
			if len(what) != len(f.What) || !bytes.Equal(want, got) {
				require.Equal(t, want, got)
			}
		}
	}
	var got Frame
	require.True(t, got.parseHot(want[len(before)+header:]))
	sameFrame(t, f, &got)
}

// What is begun and not ended leaves nothing.
func TestBeginIsUndone(t *testing.T) {
	dst := AppendCast(nil, 1, []byte("one"), "V", nil)
	want := AppendCast(bytes.Clone(dst), 2, []byte("two"), "V", nil)
	begun, _ := Begin(dst, 1<<40)
	begun = append(begun, "arguments that are given up"...)
	require.Equal(t, want, AppendCast(begun[:len(dst)], 2, []byte("two"), "V", nil))
}

// Whatever came before, a frame is that of its form, until the caller writes into it.
func TestForms(t *testing.T) {
	one, two := NewForm([]byte("arguments"), "One"), NewForm(make([]byte, 200), "Two")
	var forms Forms
	got, want := []byte("before"), []byte("before")
	for i, c := range []struct {
		form *Form
		to   uint64
	}{{one, 5}, {one, 5}, {one, 5}, {two, 5}, {one, 5}, {one, 1 << 40}, {one, 1 << 40}, {one, 0}, {one, 0}, {two, 0}, {two, 0}, {two, 0}, {one, 5}} {
		var what, same []byte
		got, what = forms.Append(got, c.form, c.to)
		want, same = c.form.Append(want, c.to)
		require.Equal(t, want, got)
		require.Equal(t, same, what)
		what[i%len(what)], same[i%len(same)] = byte(i), byte(i)
		require.Equal(t, want, got)
	}
}

func TestHotAllocatesNothing(t *testing.T) {
	dst, what := make([]byte, 0, 4096), make([]byte, 1000)
	form := NewForm(what[:32], "Variant")
	var forms Forms
	var f Frame
	require.Zero(t, testing.AllocsPerRun(100, func() {
		dst = AppendCast(dst[:0], 5, what[:32], "Variant", nil)
		f.parseHot(dst[header:])
		dst, _ = form.Append(dst[:0], 5)
		f.parseHot(dst[header:])
		for _, to := range []uint64{5, 5, 5, 6} {
			dst, _ = forms.Append(dst[:0], form, to)
		}
		f.parseHot(dst[header:])
		dst = AppendCall(dst[:0], 5, what, 7, 1000, true, "Variant", what[:16])
		f.parseHot(dst[header:])
		dst = AppendReply(dst[:0], 5, 7, what[:200])
		f.parseHot(dst[header:])
	}))
	require.Equal(t, KindReply, f.Kind)
}

// FuzzParse: any payload means by hand what it means to the generated code.
func FuzzParse(f *testing.F) {
	for _, g := range golden {
		f.Add(unhex(f, g.hex)[header:])
	}
	for _, c := range shapes {
		f.Add([]byte(c.payload))
	}
	for _, payload := range broken {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) { parsed(t, payload) })
}

// FuzzShapes: payloads that are put together from pieces, and so are nearly always
// messages, mean by hand what they mean to the generated code.
func FuzzShapes(f *testing.F) {
	f.Add([]byte{0x0a, 1, 0, 0, 3})
	f.Add([]byte("\x12\x08\x05\x12\x03abc\x2a\x01V|\x0a\x08\x05"))
	f.Fuzz(func(t *testing.T, program []byte) { parsed(t, assemble(program)) })
}

// assemble makes a payload as the bytes of a program say: each ends a message, or
// adds a field, known or not, to the one that is being made.
func assemble(program []byte) []byte {
	var all, node, inner []byte
	next := func() (b byte) {
		if len(program) > 0 {
			b, program = program[0], program[1:]
		}
		return b
	}
	value := func(v uint64) string {
		if next()%4 == 0 {
			return padded(v)
		}
		return string(protowire.AppendVarint(nil, v))
	}
	bytesOf := func(b []byte) string { return value(uint64(len(b))) + string(b) }
	for len(program) > 0 {
		switch b := next(); b % 8 {
		case 0: // the message within is done: a cast, a call, a reply or something unknown
			node = append(append(node, next()%5<<3|2), bytesOf(inner)...)
			inner = nil
		case 1: // so is the node message
			all = append(append(all, keyNode), bytesOf(node)...)
			node = nil
		case 2, 3: // a number
			inner = append(append(inner, next()%7<<3), value(uint64(next())<<(next()%64))...)
		case 4, 5: // bytes
			key, n := next()%7<<3|2, min(int(next()), len(program))
			b := program[:n]
			program = program[n:]
			inner = append(append(inner, key), bytesOf(b)...)
		case 6: // an unknown field of another type
			inner = append(inner, [...]string{"\x23\x08\x01\x24", "\x25abcd", "\x21abcdefgh", "\x92\xb5\x18\x01x"}[next()%4]...)
		case 7: // anything
			inner = append(inner, next())
		}
	}
	node = append(append(node, keyCast), bytesOf(inner)...)
	return append(append(all, keyNode), bytesOf(node)...)
}

// FuzzAppend: casts, calls and replies are written by hand byte for byte as by the
// generated code, and read again as they were.
func FuzzAppend(f *testing.F) {
	f.Add(byte(1), uint64(5), uint64(0), uint64(0), false, []byte("what"), "Variant", []byte{}, false)
	f.Add(byte(2), uint64(0), uint64(1<<63), uint64(500), true, make([]byte, 120), "", []byte("metadata"), true)
	f.Add(byte(3), uint64(1<<40), uint64(1), uint64(0), false, make([]byte, 300), "V", []byte{}, true)
	f.Fuzz(func(t *testing.T, kind byte, to, tag, timeout uint64, hasTimeout bool, what []byte, variant string, metadata []byte, hasMetadata bool) {
		if !utf8.ValidString(variant) {
			return
		}
		frame := Frame{Kind: KindCast + Kind(kind%3), To: to, What: what}
		if frame.Kind != KindCast {
			frame.Tag = tag
		}
		if frame.Kind == KindCall && hasTimeout {
			frame.TimeoutMS, frame.HasTimeout = timeout, true
		}
		if frame.Kind != KindReply {
			frame.Variant = []byte(variant)
			if hasMetadata {
				frame.Metadata, frame.HasMetadata = metadata, true
			}
		}
		sameBytes(t, &frame)
	})
}
