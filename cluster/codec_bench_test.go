package cluster

import (
	"encoding/binary"
	"testing"
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
