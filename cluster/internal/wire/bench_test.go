package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"
)

// What messages cost to write and to read: by hand, and, for comparison, by the
// generated code, with the message made anew as it would have to be.

var argument [1000]byte

func BenchmarkAppendCast32(b *testing.B) {
	dst := make([]byte, 0, 1<<12)
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendCast(dst[:0], 500, argument[:32], "Variant", nil)
		}
	})
	b.Run("by=form", func(b *testing.B) {
		form := NewForm(argument[:32], "Variant")
		b.ReportAllocs()
		for b.Loop() {
			var what []byte
			dst, what = form.Append(dst[:0], 1<<32|500)
			copy(what, argument[:32])
		}
	})
	b.Run("by=run", func(b *testing.B) {
		form := NewForm(argument[:32], "Variant")
		var forms Forms
		b.ReportAllocs()
		for b.Loop() {
			var what []byte
			dst, what = forms.Append(dst[:0], form, 1<<32|500)
			copy(what, argument[:32])
		}
	})
	b.Run("by=generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = Append(dst[:0], cast(&Cast{To: 500, What: argument[:32], Variant: "Variant"}))
		}
	})
}

// The arguments have to move, since the lengths before them take two bytes.
func BenchmarkAppendCast1000(b *testing.B) {
	dst := make([]byte, 0, 1<<12)
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendCast(dst[:0], 500, argument[:], "Variant", nil)
		}
	})
	b.Run("by=generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = Append(dst[:0], cast(&Cast{To: 500, What: argument[:], Variant: "Variant"}))
		}
	})
}

func BenchmarkAppendCall32(b *testing.B) {
	dst := make([]byte, 0, 1<<12)
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendCall(dst[:0], 500, argument[:32], 1000, 5000, true, "Variant", nil)
		}
	})
	b.Run("by=generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = Append(dst[:0], call(&Call{To: 500, What: argument[:32], Tag: 1000, TimeoutMs: proto.Uint64(5000), Variant: "Variant"}))
		}
	})
}

func BenchmarkParseCast32(b *testing.B) {
	benchmarkParse(b, AppendCast(nil, 500, argument[:32], "Variant", nil))
}

// A cast that is not written as ours are.
func BenchmarkParseCast32Metadata(b *testing.B) {
	benchmarkParse(b, AppendCast(nil, 500, argument[:32], "Variant", []byte{}))
}

func BenchmarkParseCall32(b *testing.B) {
	benchmarkParse(b, AppendCall(nil, 500, argument[:32], 1000, 5000, true, "Variant", nil))
}

func benchmarkParse(b *testing.B, frame []byte) {
	payload := frame[header:]
	b.Run("by=hand", func(b *testing.B) {
		b.ReportAllocs()
		var f Frame
		for b.Loop() {
			if !f.parseHot(payload) {
				b.Fatal("not read by hand")
			}
		}
	})
	b.Run("by=generated", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m NetworkMessage
			if err := proto.Unmarshal(payload, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A whole frame out of a stream, which costs nothing itself.
func BenchmarkReaderCast32(b *testing.B) {
	r := NewReader(&repeat{frame: AppendCast(nil, 500, argument[:32], "Variant", nil)}, 1<<24)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Next(); err != nil {
			b.Fatal(err)
		}
	}
}

// repeat is a frame again and again, whole each time.
type repeat struct{ frame []byte }

func (r *repeat) Read(p []byte) (n int, err error) {
	for len(p)-n >= len(r.frame) {
		n += copy(p[n:], r.frame)
	}
	return n, nil
}
