//go:build interop

package interop

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster"
	"github.com/ractor-go/ractor/rpc"
)

// Msg is what the peer's messages.rs calls Message: the same variants, by name. Each
// deals with itself when a probe gets it.
type Msg interface{ handle(p *probe) error }

// A probe is an actor that takes Msg, and enters in a journal what comes.
type probe struct {
	name    string
	journal *journal

	counted, next uint64
	disordered    bool
	kept          []rpc.Reply[string]
	self          actor.Ref[Msg]
}

func (p *probe) Handle(ctx *actor.Context[Msg], m Msg) error {
	p.self = ctx.Self()
	return m.handle(p)
}

func (p *probe) got(value any) error {
	p.journal.add(event{word: "got", keys: map[string]string{"actor": p.name}, value: value})
	return nil
}

type (
	// castOf and echoOf are the variants of the peer's table: a value there, and one
	// there and back.
	castOf[T any] struct{ Value T }
	echoOf[T any] struct {
		Value T
		Reply rpc.Reply[T]
	}

	nothing struct{}
	named   struct {
		Number uint64
		Text   string
		Flag   bool
	}
	count   struct{ N uint64 }
	load    struct{ Bytes []byte }
	counted struct{ Reply rpc.Reply[uint64] }
	ordered struct{ Reply rpc.Reply[bool] }

	portFirst struct {
		Reply rpc.Reply[string]
		Text  string
	}
	portAmid struct {
		Number uint64
		Reply  rpc.Reply[string]
		Text   string
	}
	late struct {
		Ms    uint64
		Text  string
		Reply rpc.Reply[string]
	}
	never     struct{ Reply rpc.Reply[string] }
	dropped   struct{ Reply rpc.Reply[string] }
	lastWords struct {
		Text  string
		Reply rpc.Reply[string]
	}
	stop   struct{}
	panics struct{}
)

func (m castOf[T]) handle(p *probe) error { return p.got(m.Value) }
func (m echoOf[T]) handle(p *probe) error { m.Reply.Send(m.Value); return p.got(m.Value) }
func (m nothing) handle(p *probe) error   { return p.got(m) }
func (m named) handle(p *probe) error     { return p.got(m) }
func (m load) handle(p *probe) error      { p.counted++; return nil }
func (m counted) handle(p *probe) error   { m.Reply.Send(p.counted); return nil }
func (m ordered) handle(p *probe) error   { m.Reply.Send(!p.disordered); return nil }
func (m portFirst) handle(*probe) error   { m.Reply.Send(m.Text); return nil }
func (m dropped) handle(p *probe) error   { m.Reply.Fail(errors.New("dropped")); return p.got(m) }

func (m count) handle(p *probe) error {
	p.disordered = p.disordered || m.N != p.next
	p.next = m.N + 1
	p.counted++
	return nil
}

func (m portAmid) handle(*probe) error {
	m.Reply.Send(fmt.Sprint(m.Text, " ", m.Number))
	return nil
}

func (m late) handle(*probe) error {
	time.AfterFunc(time.Duration(m.Ms)*time.Millisecond, func() { m.Reply.Send(m.Text) })
	return nil
}

func (m never) handle(p *probe) error {
	p.kept = append(p.kept, m.Reply)
	return p.got(m)
}

func (m lastWords) handle(p *probe) error {
	m.Reply.Send(m.Text)
	p.self.Stop()
	return nil
}

func (stop) handle(p *probe) error { p.self.Stop(); return nil }
func (panics) handle(*probe) error { panic("asked to") }

// A row is one type of the peer's table: the value of its samples, what the peer says
// when it gets it, and how to send it.
type row struct {
	cast, echo string // names of the variants
	text       string // the value, as the peer prints it
	value      any

	variants []cluster.Variant
	message  Msg
	call     func(context.Context, actor.Ref[Msg]) (any, error)
}

func typed[T any](cast, echo string, value T, text string) row {
	return row{
		cast: cast, echo: echo, text: text, value: value,
		variants: []cluster.Variant{cluster.VariantOf[castOf[T]](cast), cluster.VariantOf[echoOf[T]](echo)},
		message:  castOf[T]{value},
		call: func(ctx context.Context, to actor.Ref[Msg]) (any, error) {
			return rpc.Call(ctx, to, func(reply rpc.Reply[T]) Msg { return echoOf[T]{value, reply} })
		},
	}
}

// table has the rows of the peer's table, with the same values, in the same order.
var table = []row{
	typed[uint8]("U8", "EchoU8", 200, "200"),
	typed[uint16]("U16", "EchoU16", 60_000, "60000"),
	typed[uint32]("U32", "EchoU32", 4_000_000_000, "4000000000"),
	typed[uint64]("U64", "EchoU64", 18_000_000_000_000_000_000, "18000000000000000000"),
	typed("U128", "EchoU128", u128, "340000000000000000000000000000000000000"),
	typed[int8]("I8", "EchoI8", -100, "-100"),
	typed[int16]("I16", "EchoI16", -30_000, "-30000"),
	typed[int32]("I32", "EchoI32", -2_000_000_000, "-2000000000"),
	typed[int64]("I64", "EchoI64", -9_000_000_000_000_000_000, "-9000000000000000000"),
	typed("I128", "EchoI128", i128, "-170000000000000000000000000000000000000"),
	typed[float32]("F32", "EchoF32", 1.5, "1.5"),
	typed("F64", "EchoF64", -2.25, "-2.25"),
	typed("Bool", "EchoBool", true, "true"),
	typed("Char", "EchoChar", cluster.Char('🦀'), "'🦀'"),
	typed("Unit", "EchoUnit", struct{}{}, "()"),
	typed("Text", "EchoText", "Grüße", `"Grüße"`),
	typed("Bytes", "EchoBytes", []byte{0, 1, 255}, "[0, 1, 255]"),
	typed("U16s", "EchoU16s", []uint16{1, 60_000}, "[1, 60000]"),
	typed("U32s", "EchoU32s", []uint32{1, 4_000_000_000}, "[1, 4000000000]"),
	typed("U64s", "EchoU64s", []uint64{1, 18_000_000_000_000_000_000}, "[1, 18000000000000000000]"),
	typed("U128s", "EchoU128s", []cluster.Uint128{{Lo: 1}, u128}, "[1, 340000000000000000000000000000000000000]"),
	typed("I8s", "EchoI8s", []int8{1, -100}, "[1, -100]"),
	typed("I16s", "EchoI16s", []int16{1, -30_000}, "[1, -30000]"),
	typed("I32s", "EchoI32s", []int32{1, -2_000_000_000}, "[1, -2000000000]"),
	typed("I64s", "EchoI64s", []int64{1, -9_000_000_000_000_000_000}, "[1, -9000000000000000000]"),
	typed("I128s", "EchoI128s", []cluster.Int128{{Lo: 1}, i128}, "[1, -170000000000000000000000000000000000000]"),
	typed("F32s", "EchoF32s", []float32{1.5, -0.5}, "[1.5, -0.5]"),
	typed("F64s", "EchoF64s", []float64{-2.25, 1e300}, "[-2.25, 1e300]"),
	typed("Bools", "EchoBools", []bool{true, false, true}, "[true, false, true]"),
	typed("Chars", "EchoChars", []cluster.Char{'a', '🦀'}, "['a', '🦀']"),
	typed("Proto", "EchoProto", &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 5}, "Moment { seconds: 1700000000, nanos: 5 }"),
	typed("Urgency", "EchoUrgency", cluster.PriorityHigh, "High"),
}

var (
	u128 = cluster.Uint128{Hi: 18431436932253575378, Lo: 2337158474762289152}
	i128 = cluster.Int128{Hi: -9215718466126787690, Lo: 17278164836328407040}
)

// The values of 128 bits are what the table says they are.
func TestTable(t *testing.T) {
	require.Equal(t, "340000000000000000000000000000000000000", u128.String())
	require.Equal(t, "-170000000000000000000000000000000000000", i128.String())
}

// codec is the Codec of Msg.
func codec() cluster.Codec {
	variants := []cluster.Variant{
		cluster.VariantOf[nothing]("Nothing"),
		cluster.VariantOf[named]("Named"),
		cluster.VariantOf[count]("Count"),
		cluster.VariantOf[load]("Load"),
		cluster.VariantOf[counted]("Counted"),
		cluster.VariantOf[ordered]("Ordered"),
		cluster.VariantOf[portFirst]("PortFirst"),
		cluster.VariantOf[portAmid]("PortAmid"),
		cluster.VariantOf[late]("Late"),
		cluster.VariantOf[never]("Never"),
		cluster.VariantOf[dropped]("Dropped"),
		cluster.VariantOf[lastWords]("LastWords"),
		cluster.VariantOf[stop]("Stop"),
		cluster.VariantOf[panics]("Panic"),
	}
	for _, r := range table {
		variants = append(variants, r.variants...)
	}
	return cluster.Enum[Msg](variants...)
}

// The calls by name.

func askCounted(reply rpc.Reply[uint64]) Msg { return counted{reply} }
func askOrdered(reply rpc.Reply[bool]) Msg   { return ordered{reply} }
func askNever(reply rpc.Reply[string]) Msg   { return never{reply} }
func askDropped(reply rpc.Reply[string]) Msg { return dropped{reply} }

func askEcho(text string) func(rpc.Reply[string]) Msg {
	return func(reply rpc.Reply[string]) Msg { return echoOf[string]{text, reply} }
}

func askLate(ms uint64, text string) func(rpc.Reply[string]) Msg {
	return func(reply rpc.Reply[string]) Msg { return late{ms, text, reply} }
}

func askLastWords(text string) func(rpc.Reply[string]) Msg {
	return func(reply rpc.Reply[string]) Msg { return lastWords{text, reply} }
}
