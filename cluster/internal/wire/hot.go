package wire

import (
	"encoding/binary"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Casts, calls and replies are written and read by hand, without an allocation:
// written byte for byte as the generated code would, read (parse.go) as it would.

// The first bytes of fields: the number, and in the lowest three bits the type.
const (
	isVarint = 0
	isBytes  = 2

	keyNode = 2<<3 | isBytes // NetworkMessage.node

	keyCast  = 1<<3 | isBytes // of NodeMessage
	keyCall  = 2<<3 | isBytes
	keyReply = 3<<3 | isBytes

	keyTo       = 1<<3 | isVarint // of Cast, Call and CallReply
	keyWhat     = 2<<3 | isBytes  // of Cast and Call
	keyMetadata = 6<<3 | isBytes

	keyCastVariant = 3<<3 | isBytes

	keyCallTag     = 3<<3 | isVarint
	keyCallTimeout = 4<<3 | isVarint
	keyCallVariant = 5<<3 | isBytes

	keyReplyTag  = 2<<3 | isVarint
	keyReplyWhat = 3<<3 | isBytes
)

// Mark is where a frame begins that is being written: see [Begin].
type Mark struct {
	start, what int // where the frame begins, and what in it
	to, tag     uint64
}

// Begin begins the frame of a cast or a call to pid to. The caller appends the
// arguments to what Begin returns, nothing else, and then ends the frame with
// [EndCast] or [EndCall]; or cuts it back to the length of dst, and nothing was
// begun. Costs no allocation if dst has room, nor does the end.
func Begin(dst []byte, to uint64) ([]byte, Mark) {
	return begin(dst, Mark{to: to})
}

// BeginReply begins the frame of a reply: to and tag are those of the call. The
// caller appends the value, and ends the frame with [EndReply]; see [Begin].
func BeginReply(dst []byte, to, tag uint64) ([]byte, Mark) {
	return begin(dst, Mark{to: to, tag: tag})
}

// begin makes the room that what stands before the arguments takes, if all lengths
// in it take one byte, and writes what is known of it.
func begin(dst []byte, m Mark) ([]byte, Mark) {
	m.start = len(dst)
	dst = append(dst, make([]byte, header+2+2)...)
	dst = m.appendFields(dst)
	dst = append(dst, 0, 0)
	m.what = len(dst)
	return dst, m
}

// EndCast ends the frame of a cast. The variant must be UTF-8, or the peer ends
// the session. Metadata that is nil is not sent.
func EndCast(dst []byte, m Mark, variant string, metadata []byte) []byte {
	tail := len(dst)
	dst = appendVariant(dst, keyCastVariant, variant)
	dst = appendMetadata(dst, metadata)
	return m.end(dst, tail, keyCast, keyWhat)
}

// EndCall ends the frame of a call; timeoutMS is sent if hasTimeout. For the rest
// see [EndCast].
func EndCall(dst []byte, m Mark, tag, timeoutMS uint64, hasTimeout bool, variant string, metadata []byte) []byte {
	tail := len(dst)
	if tag != 0 {
		dst = appendVarint(append(dst, keyCallTag), tag)
	}
	if hasTimeout {
		dst = appendVarint(append(dst, keyCallTimeout), timeoutMS)
	}
	dst = appendVariant(dst, keyCallVariant, variant)
	dst = appendMetadata(dst, metadata)
	return m.end(dst, tail, keyCall, keyWhat)
}

// EndReply ends the frame of a reply.
func EndReply(dst []byte, m Mark) []byte {
	return m.end(dst, len(dst), keyReply, keyReplyWhat)
}

// AppendCast appends the frame of a cast whose arguments are encoded already; see
// [EndCast].
func AppendCast(dst []byte, to uint64, what []byte, variant string, metadata []byte) []byte {
	dst, m := Begin(dst, to)
	return EndCast(append(dst, what...), m, variant, metadata)
}

// AppendCall appends the frame of a call whose arguments are encoded already; see
// [EndCall].
func AppendCall(dst []byte, to uint64, what []byte, tag, timeoutMS uint64, hasTimeout bool, variant string, metadata []byte) []byte {
	dst, m := Begin(dst, to)
	return EndCall(append(dst, what...), m, tag, timeoutMS, hasTimeout, variant, metadata)
}

// AppendReply appends the frame of a reply whose value is encoded already.
func AppendReply(dst []byte, to, tag uint64, what []byte) []byte {
	dst, m := BeginReply(dst, to, tag)
	return EndReply(append(dst, what...), m)
}

// appendFields appends the fields before what.
func (m Mark) appendFields(dst []byte) []byte {
	if m.to != 0 {
		dst = appendVarint(append(dst, keyTo), m.to)
	}
	if m.tag != 0 {
		dst = appendVarint(append(dst, keyReplyTag), m.tag)
	}
	return dst
}

// end writes what stands before the arguments, now that all lengths are known. The
// arguments end at tail.
func (m Mark) end(dst []byte, tail int, key, keyWhat byte) []byte {
	what, outer := tail-m.what, len(dst)-m.start-header-2
	if what == 0 || outer >= 0x80 {
		return m.endElsewhere(dst, what, key, keyWhat)
	}
	before := dst[m.start:m.what]
	binary.BigEndian.PutUint64(before, uint64(outer+2))
	before[header], before[header+1] = keyNode, byte(outer)
	before[header+2], before[header+3] = key, byte(outer-2)
	before[len(before)-2], before[len(before)-1] = keyWhat, byte(what)
	return dst
}

// endElsewhere is end where what stands before the arguments does not take the
// room that begin has made: more, for longer lengths, or less, since there is no
// field if there are no arguments. All that follows moves.
func (m Mark) endElsewhere(dst []byte, what int, key, keyWhat byte) []byte {
	rest := len(dst) - m.what
	inner := m.what - m.start - header - 2 - 2 - 2 + rest
	if what > 0 {
		inner += 1 + protowire.SizeVarint(uint64(what))
	}
	outer := 1 + protowire.SizeVarint(uint64(inner)) + inner
	payload := 1 + protowire.SizeVarint(uint64(outer)) + outer

	end := m.start + header + payload
	dst = slices.Grow(dst, max(0, end-len(dst)))
	copy(dst[end-rest:end], dst[m.what:])

	before := binary.BigEndian.AppendUint64(dst[:m.start], uint64(payload))
	before = appendVarint(append(before, keyNode), uint64(outer))
	before = appendVarint(append(before, key), uint64(inner))
	before = m.appendFields(before)
	if what > 0 {
		appendVarint(append(before, keyWhat), uint64(what))
	}
	return dst[:end]
}

func appendVariant(dst []byte, key byte, variant string) []byte {
	if variant == "" {
		return dst
	}
	return append(appendVarint(append(dst, key), uint64(len(variant))), variant...)
}

func appendMetadata(dst, metadata []byte) []byte {
	if metadata == nil {
		return dst
	}
	return append(appendVarint(append(dst, keyMetadata), uint64(len(metadata))), metadata...)
}

func appendVarint(dst []byte, v uint64) []byte {
	if v < 0x80 {
		return append(dst, byte(v))
	}
	return protowire.AppendVarint(dst, v)
}
