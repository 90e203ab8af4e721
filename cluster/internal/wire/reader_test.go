package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// framed is a frame with that payload.
func framed(payload string) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(len(payload))), payload...)
}

// Frames come out as they went in, however the stream is cut.
func TestReaderReadsWhatComes(t *testing.T) {
	var stream []byte
	for range 3 {
		for _, g := range golden {
			stream = append(stream, unhex(t, g.hex)...)
		}
		stream = AppendCast(stream, 1, make([]byte, 10_000), "V", nil)
	}
	stream = append(stream, framed("")...)
	for what, src := range map[string]io.Reader{
		"whole":             bytes.NewReader(stream),
		"byte by byte":      iotest.OneByteReader(bytes.NewReader(stream)),
		"in halves":         iotest.HalfReader(bytes.NewReader(stream)),
		"the end with data": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		t.Run(what, func(t *testing.T) {
			r := NewReader(src, 1<<20)
			for range 3 {
				for _, g := range golden {
					var want Frame
					want.take(g.m)
					f, err := r.Next()
					require.NoError(t, err)
					sameFrame(t, &want, f)
				}
				f, err := r.Next()
				require.NoError(t, err)
				require.Equal(t, KindCast, f.Kind)
				require.Len(t, f.What, 10_000)
			}
			f, err := r.Next() // a frame of no bytes is an empty message
			require.NoError(t, err)
			require.True(t, proto.Equal(&NetworkMessage{}, f.Msg))
			_, err = r.Next()
			require.Equal(t, io.EOF, err)
		})
	}
}

// Exactly the limit is legal, one more is not, and is refused before anything of
// it is read; the limit can be changed between two frames.
func TestReaderLimit(t *testing.T) {
	frame := AppendCast(nil, 1, make([]byte, 100), "V", nil)
	payload := len(frame) - header
	r := NewReader(io.MultiReader(bytes.NewReader(frame), bytes.NewReader(frame), bytes.NewReader(frame[:header]), iotest.ErrReader(errors.New("read"))), payload)
	_, err := r.Next()
	require.NoError(t, err)
	r.SetLimit(payload + 1)
	_, err = r.Next()
	require.NoError(t, err)
	r.SetLimit(payload - 1)
	_, err = r.Next()
	require.ErrorIs(t, err, ErrTooLarge)
	require.EqualError(t, err, "wire: frame is too large: 111 bytes, the limit is 110")

	for _, length := range []uint64{1 << 31, 1 << 32, 1 << 63, 1<<64 - 1} {
		claim := binary.BigEndian.AppendUint64(nil, length)
		_, err := NewReader(bytes.NewReader(claim), 1<<20).Next()
		require.ErrorIs(t, err, ErrTooLarge)
		if length >= 1<<63 { // whatever the limit
			_, err = NewReader(bytes.NewReader(claim), int(^uint(0)>>1)).Next()
			require.ErrorIs(t, err, ErrTooLarge)
		}
	}
	_, err = NewReader(bytes.NewReader(framed("")), -1).Next()
	require.NoError(t, err)
}

// A stream that ends within a frame has ended too soon.
func TestReaderEnds(t *testing.T) {
	frame := AppendCast(nil, 1, []byte("what"), "V", nil)
	for n := range frame {
		_, err := NewReader(bytes.NewReader(frame[:n]), 1<<20).Next()
		switch n {
		case 0:
			require.Equal(t, io.EOF, err)
		case 3:
			require.EqualError(t, err, "wire: have 3 of the 8 bytes of a frame's length: unexpected EOF")
		case 10:
			require.EqualError(t, err, "wire: have 2 of the 15 bytes of a frame: unexpected EOF")
		}
		if n > 0 {
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		}
	}
	_, err := NewReader(stuck{}, 1).Next()
	require.ErrorIs(t, err, io.ErrNoProgress)
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// After an error of the stream that passes, such as a deadline, nothing is lost.
func TestReaderGoesOn(t *testing.T) {
	frame := AppendCast(nil, 1, []byte("what"), "V", nil)
	deadline := errors.New("deadline")
	var pieces []io.Reader
	for i := range frame {
		pieces = append(pieces, bytes.NewReader(frame[i:i+1]), &once{deadline})
	}
	r := NewReader(io.MultiReader(pieces...), 1<<20)
	for range frame[1:] {
		_, err := r.Next()
		require.ErrorIs(t, err, deadline)
	}
	f, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, "what", string(f.What))
}

// once fails once, then ends.
type once struct{ err error }

func (o *once) Read([]byte) (int, error) {
	err := o.err
	if o.err = io.EOF; err == nil {
		err = io.EOF
	}
	return 0, err
}

// In a run of casts that differ in their arguments each frame is what it says, and
// says that it is in one; all that differs in more is not.
func TestReaderRuns(t *testing.T) {
	cast := func(to uint64, what, variant string) string {
		return string(AppendCast(nil, to, []byte(what), variant, nil))
	}
	const far = 1 << 63
	for _, c := range []struct {
		what, first, second string
		same                bool
	}{
		{"the same", cast(5, "one", "Variant"), cast(5, "one", "Variant"), true},
		{"other arguments", cast(5, "one", "Variant"), cast(5, "two", "Variant"), true},
		{"a long pid", cast(far, "one", "Variant"), cast(far, "two", "Variant"), true},
		{"the longest arguments", cast(5, strings.Repeat("a", 118), "V"), cast(5, strings.Repeat("b", 118), "V"), true},
		{"a variant that is not ASCII", cast(5, "one", "Größe"), cast(5, "two", "Größe"), true},
		{"to another", cast(5, "one", "Variant"), cast(6, "one", "Variant"), false},
		{"to another, far away", cast(far, "one", "V"), cast(far+1<<60, "one", "V"), false},
		{"another variant", cast(5, "one", "Variant"), cast(5, "one", "Varianz"), false},
		{"a variant that is not UTF-8", cast(5, "one", "Gr\u00f6"), cast(5, "one", "Gr\xf6\xb6"), false},
		{"a longer one, and shorter arguments", cast(5, "one", "V"), cast(5, "on", "VV"), false},
		{"longer arguments", cast(5, "one", "V"), cast(5, "three", "V"), false},
		{"a call", cast(5, "one", "V"), string(AppendCall(nil, 5, []byte("one"), 1, 0, false, "V", nil)), false},
		{"no plain casts", cast(5, "one", ""), cast(5, "one", ""), false},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := NewReader(strings.NewReader(c.first+c.second+c.second), 1<<10)
			for i, frame := range []string{c.first, c.second} {
				want, _, wrong := parsed(t, []byte(frame[header:]))
				got, err := r.Next()
				if wrong != nil {
					require.ErrorIs(t, err, ErrMalformed)
					return
				}
				require.NoError(t, err)
				sameFrame(t, &want, got)
				require.Equal(t, c.same && i == 1, got.Same)
			}
		})
	}
}

// A limit that is lowered within a run counts, and what has to be read anew, also after
// an error, is no part of it.
func TestReaderRunEnds(t *testing.T) {
	frame := AppendCast(nil, 5, []byte("what"), "V", nil)
	r := NewReader(bytes.NewReader(bytes.Repeat(frame, 3)), len(frame)-header)
	for i := range 2 {
		f, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, i > 0, f.Same)
	}
	r.SetLimit(len(frame) - header - 1)
	_, err := r.Next()
	require.ErrorIs(t, err, ErrTooLarge)

	r = NewReader(&chunks{bytes.NewReader(bytes.Repeat(frame, 8)), 2 * len(frame)}, 1<<10)
	for i := range 8 {
		f, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, i%2 > 0, f.Same)
		require.Equal(t, "what", string(f.What))
		require.Equal(t, "V", string(f.Variant))
	}

	long := AppendCast(nil, 5, bytes.Repeat([]byte("what"), 100), "V", nil)
	deadline := errors.New("deadline")
	r = NewReader(io.MultiReader(bytes.NewReader(frame), bytes.NewReader(long[:300]), &once{deadline}, bytes.NewReader(long[300:])), 1<<10)
	f, err := r.Next()
	require.NoError(t, err)
	require.False(t, f.Same)
	_, err = r.Next()
	require.ErrorIs(t, err, deadline)
	f, err = r.Next()
	require.NoError(t, err)
	require.False(t, f.Same)
	require.Len(t, f.What, 400)
}

// The buffer grows with what has arrived, not with what is claimed, and a large
// one is not kept.
func TestReaderBuffer(t *testing.T) {
	const large = 16 << 20
	claim := binary.BigEndian.AppendUint64(nil, large)
	for _, arrived := range []int{0, 1, 5_000, 100_000, 3 << 20} {
		r := NewReader(io.LimitReader(io.MultiReader(bytes.NewReader(claim), zeros{}), int64(header+arrived)), large)
		_, err := r.Next()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.LessOrEqual(t, len(r.buf), max(ahead, 2*(header+arrived)))
	}

	r := NewReader(bytes.NewReader(append(claim, make([]byte, large)...)), large)
	_, err := r.Next()
	require.ErrorIs(t, err, ErrMalformed)
	require.Len(t, r.buf, header+large)

	small := AppendCast(nil, 1, []byte("small"), "V", nil)
	stream := AppendCast(nil, 1, make([]byte, 1<<20), "V", nil)
	stream = append(append(stream, stream...), small...)
	r = NewReader(bytes.NewReader(append(stream, small...)), large)
	for _, want := range []int{1 << 20, 1 << 20, 5, 5} {
		f, err := r.Next()
		require.NoError(t, err)
		require.Len(t, f.What, want)
		if want > 5 {
			require.Greater(t, len(r.buf), 1<<20)
		} else {
			require.LessOrEqual(t, len(r.buf), ahead)
		}
	}

	// Nor is it kept by a run of small ones that fills it again and again.
	stream = AppendCast(nil, 1, make([]byte, 1<<20), "V", nil)
	r = NewReader(io.MultiReader(bytes.NewReader(stream), &repeat{small}), large)
	for range 3 << 20 / len(small) {
		_, err := r.Next()
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(r.buf), ahead)

	// A small limit keeps it small too.
	r = NewReader(bytes.NewReader(bytes.Repeat(small, 10_000)), 1<<10)
	for range 10_000 {
		_, err := r.Next()
		require.NoError(t, err)
	}
	require.Len(t, r.buf, first)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// What the text of Reader says about the memory of the worst message.
func TestReaderMemoryOfTheWorst(t *testing.T) {
	frame := Append(nil, control(&ControlMessage{Msg: &ControlMessage_Spawn{Spawn: &Spawn{Actors: make([]*Actor, 1<<19)}}}))
	require.Greater(t, len(frame), 1<<20)
	r := NewReader(bytes.NewReader(frame), 1<<24)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f, err := r.Next()
	require.NoError(t, err)
	r.buf = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	times := float64(after.HeapAlloc-before.HeapAlloc) / float64(len(frame))
	t.Logf("%.1f times the frame", times)
	require.Less(t, times, 60.)
	require.Len(t, f.Msg.GetControl().GetSpawn().GetActors(), 1<<19)
}

// Groups that the schema does not know, one within the other: some are skipped,
// too many are refused, and neither takes a stack without an end.
func TestReaderDepth(t *testing.T) {
	for _, c := range []struct {
		depth int
		ok    bool
	}{{1_000, true}, {1_000_000, false}} {
		payload := strings.Repeat("\x4b", c.depth) + strings.Repeat("\x4c", c.depth)
		_, err := NewReader(bytes.NewReader(framed(payload)), 1<<24).Next()
		if c.ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, ErrMalformed)
		}
	}
}

// No message of ours can hold one of its own kind, at any distance.
func TestSchemaDoesNotNest(t *testing.T) {
	var down func(m protoreflect.MessageDescriptor, above []protoreflect.FullName)
	down = func(m protoreflect.MessageDescriptor, above []protoreflect.FullName) {
		require.NotContains(t, above, m.FullName())
		above = append(above, m.FullName())
		for i := range m.Fields().Len() {
			if inner := m.Fields().Get(i).Message(); inner != nil {
				down(inner, above)
			}
		}
	}
	down(new(NetworkMessage).ProtoReflect().Descriptor(), nil)
	down(new(Hello).ProtoReflect().Descriptor(), nil)
}

// A string that is not UTF-8 does not end the session of its sender.
func TestAppendMends(t *testing.T) {
	const bad, good = "a\xffb\xed\xa0\x80", "a\uFFFDb\uFFFD"
	for _, c := range []struct{ m, want *NetworkMessage }{
		{gone(&Go{Msg: &Go_Down{Down: &Down{Pid: 5, Reason: &Reason{Text: bad}}}}), gone(&Go{Msg: &Go_Down{Down: &Down{Pid: 5, Reason: &Reason{Text: good}}}})},
		{
			control(&ControlMessage{Msg: &ControlMessage_PgJoin{PgJoin: &PgJoin{Group: bad, Actors: []*Actor{{Pid: 1}, {Name: proto.String(bad)}}, Scope: "s"}}}),
			control(&ControlMessage{Msg: &ControlMessage_PgJoin{PgJoin: &PgJoin{Group: good, Actors: []*Actor{{Pid: 1}, {Name: proto.String(good)}}, Scope: "s"}}}),
		},
		{cast(&Cast{To: 5, What: []byte(bad), Variant: bad}), cast(&Cast{To: 5, What: []byte(bad), Variant: good})},
	} {
		was := proto.CloneOf(c.m)
		frame := Append([]byte("before"), c.m)
		require.True(t, proto.Equal(was, c.m), "the message itself stays")
		require.Equal(t, "before", string(frame[:6]))
		f, err := NewReader(bytes.NewReader(frame[6:]), 1<<10).Next()
		require.NoError(t, err)
		var want Frame
		want.take(c.want)
		sameFrame(t, &want, f)
	}

	listed := &Hello{Features: []string{bad, "c"}} // a list of strings; no frame has one
	mend(listed.ProtoReflect())
	require.Equal(t, []string{good, "c"}, listed.GetFeatures())
}

// FuzzReader: a stream gives the frames that are in it, and the end or the error
// that comes after them, however it is cut and whatever the limit.
func FuzzReader(f *testing.F) {
	var all []byte
	for _, g := range golden {
		frame := unhex(f, g.hex)
		f.Add(frame, uint16(1<<10), uint16(1))
		all = append(all, frame...)
	}
	f.Add(all, uint16(1<<10), uint16(0))
	f.Add(all[:len(all)-1], uint16(1<<10), uint16(5))
	f.Add(all, uint16(20), uint16(100))
	f.Add(append(AppendCast(nil, 1, make([]byte, 5000), "V", nil), all...), uint16(1<<14), uint16(33))
	f.Add(bytes.Repeat(AppendCast(nil, 1<<40, []byte("what"), "Variant", nil), 5), uint16(1<<10), uint16(100))
	f.Fuzz(func(t *testing.T, stream []byte, limit, chunk uint16) { readAll(t, stream, int(limit), int(chunk)) })
}

// FuzzReaderRuns is FuzzReader of casts that are much like the one before.
func FuzzReaderRuns(f *testing.F) {
	f.Add(uint64(1<<40), []byte("arguments"), "Variant", []byte{0, 20, 1, 0, 10, 200, 2, 23, 9}, uint16(100), uint16(40))
	f.Add(uint64(5), []byte(""), "", []byte{1, 3, 5, 0, 0, 0, 2, 15, 1}, uint16(100), uint16(0))
	f.Fuzz(func(t *testing.T, to uint64, what []byte, variant string, program []byte, limit, chunk uint16) {
		frame := AppendCast(nil, to, what, variant, nil)
		stream := bytes.Clone(frame)
		for ; len(program) >= 3; program = program[3:] { // a byte of the next frames is another, or of the next frame
			at := int(program[1]) % len(frame)
			was := frame[at]
			frame[at] ^= program[2]
			stream = append(stream, frame...)
			if program[0]%2 == 0 {
				frame[at] = was
			}
		}
		readAll(t, stream, int(limit), int(chunk))
	})
}

// readAll holds what a Reader makes of a stream against what is in it.
func readAll(t *testing.T, stream []byte, limit, chunk int) {
	t.Helper()
	r := NewReader(&chunks{bytes.NewReader(stream), chunk}, limit)
	rest, before := stream, Frame{}
	for {
		got, err := r.Next()
		require.LessOrEqual(t, len(r.buf), max(header+limit, first))
		switch {
		case len(rest) == 0:
			require.Equal(t, io.EOF, err)
			return
		case len(rest) < header:
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			return
		}
		length := binary.BigEndian.Uint64(rest)
		rest = rest[header:]
		switch {
		case length > uint64(limit):
			require.ErrorIs(t, err, ErrTooLarge)
			return
		case length > uint64(len(rest)):
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			return
		}
		want, _, wrong := parsed(t, rest[:length])
		rest = rest[length:]
		if wrong != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		require.NoError(t, err)
		sameFrame(t, &want, got)
		if got.Same {
			before.What = want.What
			sameFrame(t, &before, got)
		}
		before = want
	}
}

// chunks reads up to size bytes at a time, without a bound if that is 0.
type chunks struct {
	src  io.Reader
	size int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.size > 0 {
		p = p[:min(len(p), c.size)]
	}
	return c.src.Read(p)
}
