package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

var (
	// ErrTooLarge is a frame that is larger than the limit of its reader.
	ErrTooLarge = errors.New("wire: frame is too large")
	// ErrMalformed is a frame whose payload is not a message.
	ErrMalformed = errors.New("wire: malformed frame")
)

// Sizes of a reader's buffer, in bytes.
const (
	first = 4 << 10   // at first
	ahead = 64 << 10  // what it grows to, to read several frames at once
	keep  = 256 << 10 // what it keeps when a frame that needed it is done
)

// Reader reads frames from a stream. One goroutine at a time may use it.
//
// What a peer can make it hold is bounded by the limit. Whatever length a frame
// claims, the buffer is at most twice as large as what has arrived of it, and not
// larger than the limit, or it is 64 KiB; one of more than 256 KiB goes with the first small frame. A message takes
// memory in proportion to its frame, at worst, as a list of empty actors, about 50
// times as much. Nothing in the schema nests in itself; groups in groups that the
// schema does not know are skipped, down to 10,000 of them.
type Reader struct {
	src   io.Reader
	limit int
	buf   []byte // its bytes from r to w have been read from src and not been used
	r, w  int
	frame Frame

	// The frame that ends at r, if it is in buf, which is not to be made smaller, and a
	// plain cast: how long it is, and where its arguments begin and end. Otherwise
	// size is 0.
	size, what, tail int
}

// NewReader returns a reader of what comes from src, with payloads of up to limit
// bytes.
func NewReader(src io.Reader, limit int) *Reader {
	r := &Reader{src: src, buf: make([]byte, first)}
	r.SetLimit(limit)
	return r
}

// SetLimit changes how many bytes a payload may have, from the next one on.
func (r *Reader) SetLimit(limit int) {
	r.limit = min(max(0, limit), math.MaxInt-header)
	r.size = 0 // the next frame is held against it, whatever the last one was
}

// Next reads a frame, which is valid until the next call, and which the caller does
// not change. The error is io.EOF if the stream ends between two frames, and wraps
// io.ErrUnexpectedEOF if within one; it wraps any other error of the stream, after
// which Next goes on where it was, if the stream does; it wraps [ErrTooLarge], before
// any of the payload is read, or [ErrMalformed]: then there is no going on.
func (r *Reader) Next() (*Frame, error) {
	if r.again() {
		return &r.frame, nil
	}
	if err := r.need(header); err != nil {
		if err == io.EOF && r.r == r.w { //nolint:errorlint // not if the stream has wrapped it
			return nil, io.EOF
		}
		return nil, fmt.Errorf("wire: have %d of the %d bytes of a frame's length: %w", r.w-r.r, header, inside(err))
	}
	length := binary.BigEndian.Uint64(r.buf[r.r:])
	if length > uint64(r.limit) {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, length, r.limit)
	}
	size := header + int(length)
	if len(r.buf) > keep && max(size, r.w-r.r) <= ahead {
		r.move(ahead)
	}
	if err := r.need(size); err != nil {
		return nil, fmt.Errorf("wire: have %d of the %d bytes of a frame: %w", r.w-r.r-header, length, inside(err))
	}
	payload := r.buf[r.r+header : r.r+size]
	if err := r.frame.parse(payload); err != nil {
		return nil, fmt.Errorf("%w of %d bytes: %w", ErrMalformed, length, err)
	}
	r.r += size
	r.size = 0
	if f := &r.frame; f.plain && len(r.buf) <= keep {
		r.size, r.tail = size, size-2-len(f.Variant)
		r.what = r.tail - len(f.What)
	}
	return &r.frame, nil
}

// Ready says that Next will not read.
func (r *Reader) Ready() bool {
	have := r.w - r.r
	return have >= header && binary.BigEndian.Uint64(r.buf[r.r:]) <= uint64(have-header)
}

// again takes the next frame if it is the one before with other arguments, as in a
// run of casts to one actor nearly all are. To see that costs less than to parse it.
//
// It comes to the same. Of a plain cast parseCast looks at what stands before the
// arguments and at what follows them, and at nothing else; if both are, byte for
// byte, those of the frame before, it goes the same way, and finds arguments of the
// same length at the same place. So does Next before it: the length is within the
// limit, and the buffer need not be made smaller. The variant is left where it was,
// in an earlier frame of the run: nothing overwrites that before the buffer is read
// into again, and then, by move, the run is over.
func (r *Reader) again() bool {
	n := r.size
	if n == 0 || n > r.w-r.r {
		return false
	}
	last, next := r.buf[r.r-n:r.r], r.buf[r.r:r.r+n]
	if !bytes.Equal(last[:r.what], next[:r.what]) || !bytes.Equal(last[r.tail:], next[r.tail:]) {
		return false
	}
	r.frame.What, r.frame.Same = next[r.what:r.tail:r.tail], true
	r.r += n
	return true
}

// need sees to it that n bytes are there. Mostly they are, which costs no call.
func (r *Reader) need(n int) error {
	if r.w-r.r >= n {
		return nil
	}
	return r.fill(n)
}

// fill reads until n bytes are there.
func (r *Reader) fill(n int) error {
	for empty := 0; r.w-r.r < n; {
		size := len(r.buf)
		full := r.w-r.r == size                           // with a part of a frame
		busy := r.w == size && size < min(ahead, r.limit) // the last read has filled it
		if full || busy {
			size = min(2*size, header+r.limit)
		}
		r.move(size)
		read, err := r.src.Read(r.buf[r.w:])
		r.w += read
		if err != nil && r.w < n {
			return err
		}
		if read > 0 {
			empty = 0
		} else if empty++; empty == 100 {
			return io.ErrNoProgress
		}
	}
	return nil
}

// move takes what has not been used to the front of a buffer of that size.
func (r *Reader) move(size int) {
	unused := r.buf[r.r:r.w]
	if size != len(r.buf) {
		r.buf = make([]byte, size)
	}
	r.r, r.w = 0, copy(r.buf, unused)
	r.size = 0
}

// inside is what an error means within a frame.
func inside(err error) error {
	if err == io.EOF { //nolint:errorlint // as io.ReadFull does
		return io.ErrUnexpectedEOF
	}
	return err
}
