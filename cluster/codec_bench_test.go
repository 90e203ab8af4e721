package cluster

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

type point interface{ isPoint() }

type moved struct{ A, B, C, D uint64 }

func (moved) isPoint() {}

type said struct{ Text string }

func (said) isPoint() {}

func points() Codec { return Enum[point](VariantOf[moved]("Moved"), VariantOf[said]("Said")) }

func encodeByHand(dst []byte, m *moved) []byte {
	for _, n := range [...]uint64{m.A, m.B, m.C, m.D} {
		dst = binary.BigEndian.AppendUint64(dst, 8)
		dst = binary.BigEndian.AppendUint64(dst, n)
	}
	return dst
}

// A cast of 32 bytes.
func BenchmarkEncode32(b *testing.B) {
	var m point = moved{1, 2, 3, 4}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			x, _ := m.(moved)
			dst = encodeByHand(dst[:0], &x)
		}
	})
	b.Run("Enum", func(b *testing.B) {
		b.ReportAllocs()
		c := points().(encoder[point])
		out := new(outgoing)
		for b.Loop() {
			out.args = out.args[:0]
			if err := c.encode(m, out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Enum string", func(b *testing.B) {
		b.ReportAllocs()
		c := points().(encoder[point])
		out := new(outgoing)
		var m point = said{"01234567890123456789012345678901"}
		for b.Loop() {
			out.args = out.args[:0]
			if err := c.encode(m, out); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The answer to a Codec's cast is nobody: an actor that takes it.
func BenchmarkDecode32(b *testing.B) {
	c := opened[point](b, points())
	out := &outgoing{}
	b.Run("by hand", func(b *testing.B) {
		b.ReportAllocs()
		what := encodeByHand(nil, &moved{1, 2, 3, 4})
		var m point
		for b.Loop() {
			m = decodeByHand(what)
		}
		_ = m
	})
	for name, m := range map[string]point{"Enum": moved{1, 2, 3, 4}, "Enum string": said{"01234567890123456789012345678901"}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			out.args = nil
			require.NoError(b, c.encode(m, out))
			in := &incoming{variant: []byte(out.variant), what: out.args}
			for b.Loop() {
				if _, err := c.message(in, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+" in rows", func(b *testing.B) {
			b.ReportAllocs()
			in := &incoming{variant: []byte(out.variant), what: out.args}
			var s slab
			for b.Loop() {
				if _, err := c.message(in, &s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func decodeByHand(what []byte) point {
	var n [4]uint64
	for i := range n {
		if len(what) < 16 || binary.BigEndian.Uint64(what) != 8 {
			return nil
		}
		n[i] = binary.BigEndian.Uint64(what[8:])
		what = what[16:]
	}
	if len(what) > 0 {
		return nil
	}
	return moved{n[0], n[1], n[2], n[3]}
}

// What CBOR costs, for the choice.
func BenchmarkCBOR32(b *testing.B) {
	c := opened[point](b, CBOR[point]("point", VariantOf[moved]("Moved")))
	var m point = moved{1, 2, 3, 4}
	out := &outgoing{peer: &loop{}}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out.args = out.args[:0]
			if err := c.encode(m, out); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		in := &incoming{variant: []byte(out.variant), what: out.args}
		for b.Loop() {
			if _, err := c.message(in, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A cast of fixed size allocates nothing but, where it arrives, itself.
func TestAllocations(t *testing.T) {
	c := opened[point](t, points())
	var m point = moved{1, 2, 3, 4}
	out := &outgoing{args: make([]byte, 0, 256)}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out.args = out.args[:0]
		_ = c.encode(m, out)
	}))
	in := &incoming{variant: []byte(out.variant), what: out.args}
	require.InDelta(t, 1, testing.AllocsPerRun(100, func() { m, _ = c.message(in, nil) }), 0.1)
	var s slab
	require.Zero(t, testing.AllocsPerRun(100, func() { m, _ = c.message(in, &s) })) // 1 / slabSize, rounded down

	structs := opened[moved](t, Enum[moved](VariantOf[moved]("Moved")))
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out.args = out.args[:0]
		_ = structs.encode(moved{1, 2, 3, 4}, out)
	}))
	words := opened[string](t, Plain[string]())
	require.Zero(t, testing.AllocsPerRun(100, func() {
		out.args = out.args[:0]
		_ = words.encode("hello", out)
	}))
}
