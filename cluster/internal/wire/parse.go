package wire

import (
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// Kind says what a [Frame] holds.
type Kind uint8

// The kinds of frames.
const (
	KindOther Kind = iota // all that no other kind is, in Msg
	KindCast
	KindCall
	KindReply
)

// Frame is what a [Reader] has read. What is in it is valid until the reader is
// asked for the next one; Msg stays.
type Frame struct {
	Kind  Kind
	Same  bool // a Reader has seen that it is a cast, as was the one before, and no more than What differs
	plain bool // parseCast has filled it

	// Of a cast, a call or a reply: the pid that it is for, of a reply the pid
	// that was called; the arguments, or the reply's value.
	To   uint64
	What []byte

	Tag uint64 // of a call or a reply

	// Of a cast or a call. The variant is UTF-8. Metadata may be there and empty.
	Variant     []byte
	Metadata    []byte
	HasMetadata bool

	TimeoutMS  uint64 // of a call, if HasTimeout
	HasTimeout bool

	// Msg is any other message. It can be empty, or hold one that is: to be
	// ignored, but for an authentication.
	Msg *NetworkMessage
}

// parse fills f with what a payload says, and may leave parts of the payload in f.
func (f *Frame) parse(payload []byte) error {
	if f.parseHot(payload) {
		return nil
	}
	m := new(NetworkMessage)
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(payload, m); err != nil {
		return err
	}
	f.take(m)
	return nil
}

// take fills f with m.
func (f *Frame) take(m *NetworkMessage) {
	*f = Frame{Kind: KindOther, Msg: m}
	switch msg := m.GetNode().GetMsg().(type) {
	case *NodeMessage_Cast:
		c := msg.Cast
		*f = Frame{
			Kind: KindCast, To: c.GetTo(), What: c.GetWhat(), Variant: []byte(c.GetVariant()),
			Metadata: c.GetMetadata(), HasMetadata: c.Metadata != nil,
		}
	case *NodeMessage_Call:
		c := msg.Call
		*f = Frame{
			Kind: KindCall, To: c.GetTo(), What: c.GetWhat(), Tag: c.GetTag(), Variant: []byte(c.GetVariant()),
			Metadata: c.GetMetadata(), HasMetadata: c.Metadata != nil,
			TimeoutMS: c.GetTimeoutMs(), HasTimeout: c.TimeoutMs != nil,
		}
	case *NodeMessage_Reply:
		*f = Frame{Kind: KindReply, To: msg.Reply.GetTo(), What: msg.Reply.GetWhat(), Tag: msg.Reply.GetTag()}
	}
}

// Which field a key means depends on the kind of message that it stands in.
const (
	inCast  = uint16(KindCast) << 8
	inCall  = uint16(KindCall) << 8
	inReply = uint16(KindReply) << 8
)

// parseHot fills f with a cast, a call or a reply, if the payload is one in the
// shape in which everyone writes them: one message in one message, fields that are
// known, in any order, the last of each counting. It refuses all else, which is
// protobuf too, or is not: the generated code knows.
func (f *Frame) parseHot(payload []byte) bool {
	if f.parseCast(payload) {
		return true
	}
	node, ok := only(payload, keyNode)
	if !ok || len(node) == 0 {
		return false
	}
	key := node[0]
	p, ok := only(node, key)
	if !ok {
		return false
	}
	*f = Frame{}
	switch key {
	case keyCast:
		f.Kind = KindCast
	case keyCall:
		f.Kind = KindCall
	case keyReply:
		f.Kind = KindReply
	default:
		return false
	}
	in := uint16(f.Kind) << 8
	for len(p) > 0 {
		if len(p) < 2 {
			return false
		}
		key, v := p[0], uint64(p[1])
		if v < 0x80 {
			p = p[2:]
		} else if v, p, ok = varint(p[1:]); !ok {
			return false
		}
		var field []byte
		if key&7 == isBytes { // v is its length
			if v > uint64(len(p)) {
				return false
			}
			field, p = p[:v:v], p[v:]
		}
		switch in | uint16(key) {
		case inCast | keyTo, inCall | keyTo, inReply | keyTo:
			f.To = v
		case inCast | keyWhat, inCall | keyWhat, inReply | keyReplyWhat:
			f.What = field
		case inCall | keyCallTag, inReply | keyReplyTag:
			f.Tag = v
		case inCall | keyCallTimeout:
			f.TimeoutMS, f.HasTimeout = v, true
		case inCast | keyCastVariant, inCall | keyCallVariant:
			if !valid(field) {
				return false
			}
			f.Variant = field
		case inCast | keyMetadata, inCall | keyMetadata:
			f.Metadata, f.HasMetadata = field, true
		default:
			return false
		}
	}
	return true
}

// parseCast is parseHot of a cast that is written as ours are (Begin, EndCast), with
// all fields but the metadata and lengths of one byte: straight down. What it
// refuses may be a cast all the same.
func (f *Frame) parseCast(payload []byte) bool {
	p := payload
	if len(p) < 6 || len(p) >= 2+0x80 ||
		p[0] != keyNode || int(p[1]) != len(p)-2 || p[2] != keyCast || int(p[3]) != len(p)-4 || p[4] != keyTo {
		return false
	}
	to, p, ok := varint(p[5:])
	if !ok || len(p) < 2 || p[0] != keyWhat || int(p[1]) > len(p)-2 {
		return false
	}
	what, p := p[2:2+p[1]:2+p[1]], p[2+p[1]:]
	if len(p) < 2 || p[0] != keyCastVariant || int(p[1]) != len(p)-2 || !valid(p[2:]) {
		return false
	}
	*f = Frame{Kind: KindCast, plain: true, To: to, What: what, Variant: p[2:len(p):len(p)]}
	return true
}

// valid says that a variant is UTF-8. Nearly all are short, and ASCII.
func valid(variant []byte) bool {
	var all byte
	for _, c := range variant {
		all |= c
	}
	return all < utf8.RuneSelf || utf8.Valid(variant)
}

// only returns what is in p, if p is one field with a length and with this key.
func only(p []byte, key byte) ([]byte, bool) {
	if len(p) < 2 || p[0] != key {
		return nil, false
	}
	length, rest, ok := uint64(p[1]), p[2:], true
	if length >= 0x80 {
		length, rest, ok = varint(p[1:])
	}
	return rest, ok && length == uint64(len(rest))
}

// varint returns the varint that p begins with, and the rest of p.
func varint(p []byte) (v uint64, rest []byte, ok bool) {
	v, n := protowire.ConsumeVarint(p)
	if n < 0 {
		return 0, nil, false
	}
	return v, p[n:], true
}
