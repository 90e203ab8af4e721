package wire

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// Form is what the frames of all casts of a variant have in common whose arguments
// always have the same length: all but the receiver, and values among the
// arguments. To copy it costs half of what writing the frame does.
type Form struct {
	rest  []byte // what follows the receiver
	what  int    // where in it the arguments are
	after int    // and where they end
}

// NewForm returns the Form of casts with arguments as long as what, and as in what
// where they are always the same. The variant must be UTF-8: see [EndCast].
func NewForm(what []byte, variant string) *Form {
	f := &Form{}
	if len(what) > 0 {
		f.rest = appendVarint([]byte{keyWhat}, uint64(len(what)))
	}
	f.what, f.after = len(f.rest), len(f.rest)+len(what)
	f.rest = appendVariant(append(f.rest, what...), keyCastVariant, variant)
	return f
}

// Append appends the frame of a cast to pid to. Its arguments are those of NewForm
// until the caller has written others over them, which what is for.
func (f *Form) Append(dst []byte, to uint64) (grown, what []byte) {
	inner := len(f.rest)
	if to != 0 {
		inner += 1 + protowire.SizeVarint(to)
	}
	if outer := inner + 2; outer < 0x80 { // all lengths take one byte
		dst = append(dst, 0, 0, 0, 0, 0, 0, 0, byte(outer+2), keyNode, byte(outer), keyCast, byte(inner))
	} else {
		outer = 1 + protowire.SizeVarint(uint64(inner)) + inner
		dst = binary.BigEndian.AppendUint64(dst, uint64(1+protowire.SizeVarint(uint64(outer))+outer))
		dst = appendVarint(append(dst, keyNode), uint64(outer))
		dst = appendVarint(append(dst, keyCast), uint64(inner))
	}
	if to != 0 {
		dst = appendVarint(append(dst, keyTo), to)
	}
	rest := len(dst)
	dst = append(dst, f.rest...)
	return dst, dst[rest+f.what : rest+f.after]
}

// Forms appends casts of any forms, one after another. In a run of one form and to
// one actor it copies a frame that it has kept, at two thirds of what Form.Append costs
// (BenchmarkAppendCast32).
type Forms struct {
	form  *Form // of the last frame
	to    uint64
	frame []byte // is such a frame; empty: there was but one
}

// Append is [Form.Append].
func (l *Forms) Append(dst []byte, f *Form, to uint64) (grown, what []byte) {
	switch {
	case l.form != f || l.to != to:
		l.form, l.to, l.frame = f, to, l.frame[:0]
		return f.Append(dst, to)
	case len(l.frame) == 0:
		l.frame, _ = f.Append(l.frame, to)
	}
	dst = append(dst, l.frame...)
	rest := len(dst) - len(f.rest)
	return dst, dst[rest+f.what : rest+f.after]
}
