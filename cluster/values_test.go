package cluster

import (
	"encoding/hex"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// unhex reads hex digits, spaces left out.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

// write encodes v as a bare value, and read decodes one like it.
func write(t testing.TB, v any, to peer) ([]byte, error) {
	t.Helper()
	how, err := valueOf(reflect.TypeOf(v))
	require.NoError(t, err)
	p := reflect.New(how.typ)
	p.Elem().Set(reflect.ValueOf(v))
	return bare{how}.encode(nil, p.Interface(), to)
}

func read(t testing.TB, like any, b []byte, from peer) (any, error) {
	t.Helper()
	how, err := valueOf(reflect.TypeOf(like))
	require.NoError(t, err)
	p := reflect.New(how.typ)
	err = bare{how}.decode(b, p.Interface(), from)
	return p.Elem().Interface(), err
}

type celsius int16

// Wire reference 7.5: each type's encoding, there and back.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		rust  string
		value any
		hex   string
	}{
		{"u8", uint8(0xfe), "fe"},
		{"u16", uint16(0x0102), "0102"},
		{"u32", uint32(0x01020304), "01020304"},
		{"u64", uint64(0x0102030405060708), "0102030405060708"},
		{"u128", Uint128{1, 2}, "0000000000000001 0000000000000002"},
		{"i8", int8(-2), "fe"},
		{"i16", int16(-2), "fffe"},
		{"i16", celsius(-300), "fed4"},
		{"i32", int32(-2), "fffffffe"},
		{"i32", 'ä', "000000e4"},
		{"i64", int64(math.MinInt64), "8000000000000000"},
		{"i64", time.Second, "000000003b9aca00"},
		{"i128", Int128{-1, ^uint64(1)}, "ffffffffffffffff fffffffffffffffe"},
		{"f32", float32(1.5), "3fc00000"},
		{"f64", -2.0, "c000000000000000"},
		{"bool", true, "01"},
		{"bool", false, "00"},
		{"char", Char('€'), "000020ac"},
		{"()", struct{}{}, ""},
		{"String", "hä", "68c3a4"},
		{"String", "", ""},
		{"Vec<u8>", []byte{1, 2}, "0102"},
		{"Vec<u16>", []uint16{1, 0x203}, "0001 0203"},
		{"Vec<u32>", []uint32{1, 2}, "00000001 00000002"},
		{"Vec<u64>", []uint64{1}, "0000000000000001"},
		{"Vec<u128>", []Uint128{{1, 2}, {3, 4}}, "0000000000000001 0000000000000002 0000000000000003 0000000000000004"},
		{"Vec<i8>", []int8{-1, 1}, "ff01"},
		{"Vec<i16>", []celsius{-1}, "ffff"},
		{"Vec<i32>", []int32{-1}, "ffffffff"},
		{"Vec<i64>", []int64{-1}, "ffffffffffffffff"},
		{"Vec<i128>", []Int128{{-1, 5}}, "ffffffffffffffff 0000000000000005"},
		{"Vec<f32>", []float32{1.5, 0}, "3fc00000 00000000"},
		{"Vec<f64>", []float64{-2}, "c000000000000000"},
		{"Vec<bool>", []bool{true, false, true}, "010001"},
		{"Vec<char>", []Char{'a', '𝄞'}, "00000061 0001d11e"},
		{"Vec<u8>", []byte(nil), ""},
		{"Vec<f64>", []float64(nil), ""},
		{"StandardPriority", PriorityBestEffort, "0000000000000004"},
		{"protobuf google.protobuf.Timestamp", &timestamppb.Timestamp{Seconds: 1, Nanos: 2}, "04 0801 1002"},
		{"protobuf google.protobuf.Timestamp", &timestamppb.Timestamp{}, "00"},
	} {
		t.Run(c.rust+" "+c.hex, func(t *testing.T) {
			how, err := valueOf(reflect.TypeOf(c.value))
			require.NoError(t, err)
			require.Equal(t, c.rust, how.name)
			b, err := write(t, c.value, nil)
			require.NoError(t, err)
			require.Equal(t, unhex(t, c.hex), append([]byte{}, b...))
			back, err := read(t, c.value, b, nil)
			require.NoError(t, err)
			if m, ok := c.value.(proto.Message); ok {
				require.True(t, proto.Equal(m, back.(proto.Message)))
			} else {
				require.Equal(t, c.value, back)
			}
		})
	}
}

// Wire reference 7.5, the column of tolerance: what is read although it is not what
// would be written.
func TestTolerance(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want any
	}{
		"u8, extra":              {"0702", uint8(7)},
		"u64, extra":             {"0000000000000007 ff", uint64(7)},
		"i128, extra":            {"ffffffffffffffffffffffffffffffff 00", Int128{-1, math.MaxUint64}},
		"f32, extra":             {"3fc00000 00", float32(1.5)},
		"char, extra":            {"00000061 00", Char('a')},
		"bool, two is false":     {"02", false},
		"bool, first byte":       {"0100", true},
		"unit, anything":         {"010203", struct{}{}},
		"Vec<u16>, remainder":    {"0001 02", []uint16{1}},
		"Vec<u128>, remainder":   {"0000000000000001", []Uint128(nil)},
		"Vec<f64>, remainder":    {"c000000000000000 01020304050607", []float64{-2}},
		"Vec<char>, remainder":   {"00000061 0000", []Char{'a'}},
		"Vec<bool>, true iff 1":  {"000102ff", []bool{false, true, false, false}},
		"priority, unknown":      {"0000000000000005", PriorityNormal},
		"priority, very unknown": {"ffffffffffffffff", PriorityNormal},
		"priority, extra":        {"0000000000000001 00", PriorityHigh},
		"prost, extra":           {"02 0801 ffff", &timestamppb.Timestamp{Seconds: 1}},
		"prost, unknown field":   {"04 0801 1807", &timestamppb.Timestamp{Seconds: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(t, c.want, unhex(t, c.hex), nil)
			require.NoError(t, err)
			if want, ok := c.want.(*timestamppb.Timestamp); ok {
				require.Equal(t, want.AsTime(), got.(*timestamppb.Timestamp).AsTime())
			} else {
				require.Equal(t, c.want, got)
			}
		})
	}
}

// Wire reference 7.5: what is a failure.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		like any
		hex  string
		want string
	}{
		"u8":                     {uint8(0), "", "0 bytes are too few for u8"},
		"u16":                    {uint16(0), "01", "too few for u16"},
		"i32":                    {int32(0), "010203", "3 bytes are too few for i32"},
		"f64":                    {0.0, "01020304050607", "too few for f64"},
		"u128":                   {Uint128{}, "000000000000000000000000000000", "15 bytes are too few for u128"},
		"bool":                   {true, "", "too few for bool"},
		"char, short":            {Char(0), "0000", "too few for char"},
		"char, surrogate":        {Char(0), "0000d800", "0xd800 is no Unicode scalar value"},
		"char, too high":         {Char(0), "00110000", "0x110000 is no"},
		"char, negative":         {Char(0), "ffffffff", "0xffffffff is no"},
		"Vec<char>":              {[]Char{}, "00000061 0000dfff", "0xdfff is no"},
		"String":                 {"", "ff", "is not UTF-8"},
		"String, overlong":       {"", "c080", "is not UTF-8"},
		"priority":               {PriorityHigh, "00000000000001", "too few for StandardPriority"},
		"prost, no length":       {&timestamppb.Timestamp{}, "", "the length of a protobuf message"},
		"prost, too long":        {&timestamppb.Timestamp{}, "03 0801", "the length of a protobuf message"},
		"prost, endless length":  {&timestamppb.Timestamp{}, "ffffffffffffffffffff01", "the length of a protobuf message"},
		"prost, garbage":         {&timestamppb.Timestamp{}, "01 08", "proto"},
		"Ref, short":             {actor.AnyRef{}, "00", "1 bytes are too few for a Ref"},
		"Ref, without a node":    {actor.AnyRef{}, "0000000000000001 0000000000000001", "16 bytes are too few"},
		"Ref, node is not UTF-8": {actor.AnyRef{}, "0000000000000001 0000000000000001 ff", "is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.like, unhex(t, c.hex), nil)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// What the other side would drop is an error to the sender.
func TestUnsendableValues(t *testing.T) {
	for want, v := range map[string]any{
		"is not UTF-8":             "\xff",
		"0xd800 is no Unicode":     Char(0xd800),
		"0xffffffff is no Unicode": Char(-1),
		"0x110000 is no Unicode":   []Char{'a', 0x110000},
		"5 is no StandardPriority": StandardPriority(5),
		"invalid UTF-8":            wrapperspb.String("\xff"),
	} {
		_, err := write(t, v, nil)
		require.ErrorContains(t, err, want)
	}
}

// A nil protobuf message is an empty one.
func TestNilProto(t *testing.T) {
	b, err := write(t, (*timestamppb.Timestamp)(nil), nil)
	require.NoError(t, err)
	require.Equal(t, []byte{0}, b)
}

type inDisguise struct{ actor.Ref[int] }

type embedded struct{ rpc.Reply[int] }

// Wire reference 7.5: what has no encoding, with advice.
func TestTypesWithoutEncoding(t *testing.T) {
	for _, c := range []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[int](), "type int cannot be sent: it has not the same size everywhere, use int64"},
		{reflect.TypeFor[uint](), "use uint64"},
		{reflect.TypeFor[uintptr](), "use uint64"},
		{reflect.TypeFor[[4]byte](), "use a slice"},
		{reflect.TypeFor[*int32](), "use a protobuf message, or CBOR"},
		{reflect.TypeFor[map[string]int32](), "use a protobuf message, or CBOR"},
		{reflect.TypeFor[[]string](), "use a protobuf message, or CBOR"},
		{reflect.TypeFor[[][]byte](), "use a protobuf message, or CBOR"},
		{reflect.TypeFor[[]int](), "cannot be sent"},
		{reflect.TypeFor[[]StandardPriority](), "cannot be sent"},
		{reflect.TypeFor[[]actor.AnyRef](), "cannot be sent"},
		{reflect.TypeFor[[]*timestamppb.Timestamp](), "cannot be sent"},
		{reflect.TypeFor[any](), "use a protobuf message, or CBOR"},
		{reflect.TypeFor[error](), "cannot be sent"},
		{reflect.TypeFor[proto.Message](), "use a generated protobuf message"},
		{reflect.TypeFor[time.Time](), "use int64 and UnixNano"},
		{reflect.TypeFor[moved](), "use its fields one by one"},
		{reflect.TypeFor[inDisguise](), "use its fields one by one"},
		{reflect.TypeFor[embedded](), "use its fields one by one"},
		{reflect.TypeFor[rpc.Reply[int32]](), "cannot be sent"},
		{reflect.TypeFor[complex64](), "use two floats"},
		{reflect.TypeFor[chan int](), "use an actor.Ref, or an rpc.Reply"},
		{reflect.TypeFor[func()](), "use an actor.Ref, or an rpc.Reply"},
		{reflect.TypeFor[unsafe.Pointer](), "cannot be sent"},
	} {
		_, err := valueOf(c.typ)
		require.ErrorContains(t, err, c.want, "%v", c.typ)
	}
}

func TestNumbersOf128Bits(t *testing.T) {
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	require.Equal(t, new(big.Int).Add(two64, big.NewInt(5)).String(), Uint128{1, 5}.String())
	require.Equal(t, "340282366920938463463374607431768211455", Uint128{math.MaxUint64, math.MaxUint64}.String())
	minus := int64(-5)
	require.Equal(t, "-5", Int128{-1, uint64(minus)}.String())
	require.Equal(t, new(big.Int).Neg(two64).String(), Int128{-1, 0}.String())
	require.Equal(t, "-170141183460469231731687303715884105728", Int128{math.MinInt64, 0}.String())
	require.Equal(t, "5", Int128{0, 5}.Big().String())
}

func TestPriorityNames(t *testing.T) {
	require.Equal(t, "Highest High Important Normal BestEffort", strings.Join([]string{
		PriorityHighest.String(), PriorityHigh.String(), PriorityImportant.String(), PriorityNormal.String(), PriorityBestEffort.String(),
	}, " "))
	require.Equal(t, "StandardPriority(5)", StandardPriority(5).String())
}
