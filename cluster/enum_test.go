package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// msg is what the reference's golden frames speak, and more.
type msg interface{ isMsg() }

type hey struct{ Text string }

type ping struct {
	Reply rpc.Reply[string]
	Text  string
}

type stop struct{}

type everything struct {
	A uint8
	B uint16
	C uint32
	D uint64
	E Uint128
	F int8
	G int16
	H int32
	I int64
	J Int128
	K float32
	L float64
	M bool
	N Char
	O string
	P []byte
	Q []uint16
	R []int32
	S []uint64
	T []Int128
	U []float64
	V []bool
	W []Char
	X *timestamppb.Timestamp
	Y StandardPriority
	Z struct{}
}

type introduce struct {
	Who  actor.Ref[string]
	Else actor.AnyRef
}

type lookup struct {
	Name  string
	Reply rpc.Reply[actor.Ref[string]]
}

// pointed has its methods on the pointer.
type pointed struct{ N int64 }

// alone is one pointer wide, which Go keeps in an interface as it is.
type alone struct{ At *timestamppb.Timestamp }

func (hey) isMsg()        {}
func (ping) isMsg()       {}
func (stop) isMsg()       {}
func (everything) isMsg() {}
func (introduce) isMsg()  {}
func (lookup) isMsg()     {}
func (*pointed) isMsg()   {}
func (alone) isMsg()      {}

func messages() Codec {
	return Enum[msg](
		VariantOf[hey]("Hey"), VariantOf[ping]("Ping"), VariantOf[stop]("Stop"), VariantOf[everything]("Everything"),
		VariantOf[introduce]("Introduce"), VariantOf[lookup]("Lookup"), VariantOf[*pointed]("Pointed"), VariantOf[alone]("Alone"),
	)
}

func some() everything {
	return everything{
		1, 2, 3, 4, Uint128{5, 6}, -1, -2, -3, -4, Int128{-5, 6}, 1.5, math.Inf(-1), true, '€', "hä", []byte{1}, []uint16{1, 2},
		[]int32{-1}, []uint64{1, 2, 3}, []Int128{{-1, 1}}, []float64{0.5}, []bool{true, false}, []Char{'a', 'b'},
		&timestamppb.Timestamp{Seconds: 7}, PriorityHigh, struct{}{},
	}
}

// Wire reference 7.4: variants of all kinds go over and come back as they were,
// in order.
func TestEnumCasts(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan msg, 10)
	target := spawn(t, ctx, func(m msg) error { got <- m; return nil })
	to, l := remote(t, target, messages())
	words := spawn(t, ctx, func(string) error { return nil })
	for _, m := range []msg{
		hey{"hi"}, hey{}, stop{}, &pointed{-5}, alone{}, introduce{words, target.Any()}, introduce{},
	} {
		if i, ok := m.(introduce); ok && !i.Else.IsZero() {
			require.ErrorContains(t, to.Cast(ctx, m), "Introduce.Else: not that one")
			i.Else = words.Any()
			m = i
		}
		require.NoError(t, to.Cast(ctx, m))
		back := recv(t, got)
		if a, ok := back.(alone); ok {
			require.Zero(t, a.At.GetSeconds())
		} else {
			require.Equal(t, m, back)
		}
	}
	m := some()
	require.NoError(t, to.Cast(ctx, m))
	back := recv(t, got).(everything)
	require.Equal(t, m.X.AsTime(), back.X.AsTime())
	back.X = m.X
	require.Equal(t, m, back)
	require.Empty(t, l.lost)
	require.Equal(t, frame{"Stop", nil, false, false}, l.frames[2])
}

// Wire reference 12: the arguments in the golden frames of Hey and Ping, and the
// answer's.
func TestGoldenArguments(t *testing.T) {
	ctx, _ := newSystem(t)
	answered := make(chan []byte, 1)
	target := spawn(t, ctx, func(m msg) error {
		if p, ok := m.(ping); ok {
			p.Reply.Send("yo")
		}
		return nil
	})
	to, l := remote(t, target, messages())
	through := l.answer
	l.answer = func(p *pending, what []byte, err error) { answered <- bytes.Clone(what); through(p, what, err) }

	require.NoError(t, to.Cast(ctx, hey{"hi"}))
	answer, err := rpc.Call(ctx, to, func(r rpc.Reply[string]) msg { return ping{r, "hi"} })
	require.NoError(t, err)
	require.Equal(t, "yo", answer)

	hi := unhex(t, "00 00 00 00 00 00 00 02 68 69")
	require.Equal(t, []frame{{"Hey", hi, false, false}, {"Ping", hi, true, true}}, l.frames)
	require.Equal(t, unhex(t, "79 6f"), recv(t, answered))
}

// Wire reference 7.3: what a caller gets.
func TestEnumCalls(t *testing.T) {
	ctx, _ := newSystem(t)
	kept := make(chan rpc.Reply[string], 1)
	target := spawn(t, ctx, func(m msg) error {
		switch m := m.(type) {
		case lookup:
			m.Reply.Send(actor.Ref[string]{})
		case ping:
			switch m.Text {
			case "fail":
				m.Reply.Fail(errors.New("no"))
			case "bad":
				m.Reply.Send("\xff")
			case "end":
				return errors.New("failed")
			case "keep":
				kept <- m.Reply
			default:
				m.Reply.Send(m.Text + m.Text)
			}
		}
		return nil
	})
	to, l := remote(t, target, messages())
	call := func(ctx context.Context, text string) (string, error) {
		return rpc.Call(ctx, to, func(r rpc.Reply[string]) msg { return ping{r, text} })
	}

	answer, err := call(ctx, "ab")
	require.NoError(t, err)
	require.Equal(t, "abab", answer)

	_, err = call(ctx, "fail")
	require.EqualError(t, err, "no")

	_, err = call(ctx, "bad")
	require.EqualError(t, err, "cluster: encode cluster.msg Ping.Reply: is not UTF-8")

	l.answer = func(p *pending, _ []byte, _ error) { require.Error(t, p.answer([]byte{0xff})) }
	_, err = call(ctx, "ab")
	require.EqualError(t, err, "cluster: decode cluster.msg Ping.Reply: is not UTF-8")
	var codecError *CodecError
	require.ErrorAs(t, err, &codecError)
	require.Equal(t, "Ping", codecError.Variant)

	l.answer = func(p *pending, what []byte, err error) {
		require.False(t, p.abandoned())
		require.NoError(t, p.answer(what))
		require.True(t, p.abandoned())
	}
	answer, err = call(ctx, "ab")
	require.NoError(t, err)
	require.Equal(t, "abab", answer)

	// One that gives up: its request says so.
	in, cancel := context.WithCancel(ctx)
	var given *pending
	l.answer = func(p *pending, _ []byte, _ error) { given = p }
	go func() { recv(t, kept).Send("late"); cancel() }()
	_, err = call(in, "keep")
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, given.abandoned())
	given.fail(nil)

	l.answer = func(p *pending, _ []byte, err error) { p.fail(err) }
	_, err = call(ctx, "end")
	require.ErrorIs(t, err, rpc.ErrNoReply)
	_ = target.Wait(ctx)     // its callers are told a moment before it has ended
	_, err = call(ctx, "ab") // decode says that the actor has ended
	require.ErrorIs(t, err, actor.ErrStopped)
	require.Len(t, l.lost, 1)
}

// A Ref in an answer.
func TestRefAsAnswer(t *testing.T) {
	ctx, _ := newSystem(t)
	words := spawn(t, ctx, func(string) error { return nil })
	numbers := spawn(t, ctx, func(int) error { return nil })
	target := spawn(t, ctx, func(m msg) error {
		m.(lookup).Reply.Send(words)
		return nil
	})
	to, l := remote(t, target, messages())
	ask := func(r rpc.Reply[actor.Ref[string]]) msg { return lookup{"words", r} }
	found, err := rpc.Call(ctx, to, ask)
	require.NoError(t, err)
	require.Equal(t, words, found)

	l.answer = func(p *pending, _ []byte, _ error) {
		what, _ := write(t, numbers.Any(), l)
		require.Error(t, p.answer(what))
	}
	_, err = rpc.Call(ctx, to, ask)
	require.ErrorIs(t, err, actor.ErrWrongType)

	l.rust = true // 7.5 has no Refs
	require.ErrorIs(t, to.Cast(ctx, introduce{Who: words}), actor.ErrNotSupported)
	require.NoError(t, to.Cast(ctx, hey{"you"}))
}

// A call that nobody waits for is a call all the same: the receiver drops a cast
// (wire reference 7.4).
func TestCallNobodyWaitsFor(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan msg, 1)
	to, l := remote(t, spawn(t, ctx, func(m msg) error { got <- m; return nil }), messages())
	require.NoError(t, to.Cast(ctx, ping{Text: "x"}))
	p := recv(t, got).(ping)
	require.Equal(t, "x", p.Text)
	require.True(t, l.frames[0].call)
	require.False(t, l.frames[0].waits)
	p.Reply.Send("to nobody")
}

// holder counts what a ticket is told.
type holder struct {
	open error
	owed bool
	told []string
}

func (h *holder) Open() error   { h.told = append(h.told, "open"); return h.open }
func (h *holder) Handled() bool { h.told = append(h.told, "handled"); return h.owed }

func (h *holder) Discard(reason error) { h.told = append(h.told, fmt.Sprint("discard: ", reason)) }

// A ticket beside a message that is no call ends when the message has left, and
// one of a message that was refused is told nothing.
func TestTicketsOfCasts(t *testing.T) {
	ctx, _ := newSystem(t)
	to, _ := remote(t, spawn(t, ctx, func(msg) error { return nil }), messages())
	for _, c := range []struct {
		holder holder
		m      msg
		told   []string
	}{
		{holder{}, hey{}, []string{"open", "handled"}},
		{holder{owed: true}, hey{}, []string{"open", "handled", "discard: " + errNoAnswer.Error()}},
		{holder{open: actor.ErrExpired}, hey{}, []string{"open", "discard: " + actor.ErrExpired.Error()}},
		{holder{}, ping{}, []string{"open", "handled"}},
		{holder{}, hey{"\xff"}, nil},
	} {
		h := c.holder
		err := actor.Request(ctx, to, c.m, &actor.Ticket{Holder: &h})
		require.Equal(t, c.told == nil, err != nil)
		require.Equal(t, c.told, h.told)
	}
}

// receive decodes what has come to an actor that does nothing.
func receive(t testing.TB, c Codec, variant string, what []byte, call bool) error {
	t.Helper()
	ctx, sys := newSystem(t)
	target := spawn(t, ctx, func(msg) error { return nil })
	l := &loop{sys: sys}
	return c.decode(&incoming{
		peer: l, ctx: ctx, to: target.Any(), variant: []byte(variant), what: what, call: call, owing: nobodyWaits(),
	})
}

// Wire reference 7.4: what a decoder refuses. The error says what and why.
func TestEnumFraming(t *testing.T) {
	for name, c := range map[string]struct {
		variant, hex string
		call         bool
		want         string // "": it is well
	}{
		"well":                         {"Hey", "0000000000000002 6869", false, ""},
		"unknown variant":              {"Ho", "", false, `decode cluster.msg: "Ho" is no variant`},
		"case counts":                  {"hey", "0000000000000002 6869", false, `"hey" is no variant`},
		"no variant":                   {"", "", false, `"" is no variant`},
		"a cast that came as a call":   {"Hey", "0000000000000002 6869", true, "msg Hey: it came as a call"},
		"a call that came as a cast":   {"Ping", "0000000000000002 6869", false, "msg Ping: it came as a cast"},
		"a call":                       {"Ping", "0000000000000002 6869", true, ""},
		"no arguments":                 {"Hey", "", false, "msg Hey.Text: the arguments end before it"},
		"half a length":                {"Hey", "00000000", false, "with 4 bytes of its length"},
		"length out of bounds":         {"Hey", "0000000000000003 6869", false, "Hey.Text: 3 bytes are announced, 2 are there"},
		"length beyond all":            {"Hey", "ffffffffffffffff 6869", false, "18446744073709551615 bytes are announced"},
		"trailing bytes":               {"Hey", "0000000000000002 6869 00", false, "msg Hey: 1 bytes are left over"},
		"a value that is none":         {"Hey", "0000000000000001 ff", false, "msg Hey.Text: is not UTF-8"},
		"no fields":                    {"Stop", "", false, ""},
		"no fields, but bytes":         {"Stop", "00", false, "msg Stop: 1 bytes are left over"},
		"too short a value":            {"Pointed", "0000000000000001 00", false, "msg Pointed.N: 1 bytes are too few for i64"},
		"too long a value":             {"Pointed", "0000000000000009 000000000000000100", false, ""},
		"a Ref that leads nowhere":     {"Introduce", "0000000000000011 0000000000000001 0000000000000001 61 0000000000000000", false, "msg Introduce.Who: no such node"},
		"a call with a wrong argument": {"Ping", "0000000000000001 ff", true, "msg Ping.Text: is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			err := receive(t, messages(), c.variant, unhex(t, c.hex), c.call)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
			require.ErrorAs(t, err, new(*CodecError))
		})
	}
}

// An error leaves what was there before in place.
func TestEncodeErrors(t *testing.T) {
	c := messages().(encoder[msg])
	out := &outgoing{peer: &loop{}, args: []byte("before")}
	for want, m := range map[string]msg{
		"cluster: encode cluster.msg: it is nil":                     nil,
		"cluster: encode cluster.msg: a *cluster.hey is no variant":  &hey{},
		"cluster: encode cluster.msg Pointed: it is nil":             (*pointed)(nil),
		"cluster: encode cluster.msg Hey.Text: is not UTF-8":         hey{"\xff"},
		"cluster: encode cluster.msg Everything.N: 0xd800 is no Uni": everything{N: 0xd800},
	} {
		require.ErrorContains(t, c.encode(m, out), want)
		require.Equal(t, "before", string(out.args))
	}
	require.NoError(t, c.encode(hey{"hi"}, out))
	require.Equal(t, "before\x00\x00\x00\x00\x00\x00\x00\x02hi", string(out.args))
}

type point3 struct{ X, Y, Z float64 }

// M may be a struct, its only variant.
func TestEnumOfOneStruct(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan point3, 1)
	to, l := remote(t, spawn(t, ctx, func(p point3) error { got <- p; return nil }), Enum[point3](VariantOf[point3]("Point")))
	require.NoError(t, to.Cast(ctx, point3{1, 2, 3}))
	require.Equal(t, point3{1, 2, 3}, recv(t, got))
	require.Equal(t, "Point", l.frames[0].variant)

	pointers := make(chan *point3, 1)
	ref, _ := remote(t, spawn(t, ctx, func(p *point3) error { pointers <- p; return nil }), Enum[*point3](VariantOf[*point3]("Point")))
	require.NoError(t, ref.Cast(ctx, &point3{1, 2, 3}))
	require.Equal(t, &point3{1, 2, 3}, recv(t, pointers))
	require.ErrorContains(t, ref.Cast(ctx, nil), "Point: it is nil")
}

type (
	two     struct{ One, Two rpc.Reply[int64] }
	sealed  struct{ number int64 }
	wrong   struct{ Age int }
	asks    struct{ Reply rpc.Reply[map[string]int64] }
	word    string
	foreign struct{}
)

func (two) isMsg()      {}
func (s sealed) isMsg() { _ = s.number }
func (wrong) isMsg()    {}
func (asks) isMsg()     {}
func (word) isMsg()     {}

// What cannot work is an error with type, variant and field, and no panic, whatever
// is done with the Codec.
func TestBadEnums(t *testing.T) {
	for want, c := range map[string]Codec{
		"Enum of cluster.msg: it has no variants":                          Enum[msg](),
		"Enum of cluster.msg: variant 1 is nil":                            Enum[msg](VariantOf[hey]("Hey"), nil),
		"Enum of cluster.msg: the variant of cluster.hey has no name":      Enum[msg](VariantOf[hey]("")),
		"msg Hey: both cluster.hey and cluster.stop have this name":        Enum[msg](VariantOf[hey]("Hey"), VariantOf[stop]("Hey")),
		"msg Ho: cluster.hey is variant Hey already":                       Enum[msg](VariantOf[hey]("Hey"), VariantOf[hey]("Ho")),
		"msg F: cluster.foreign does not implement cluster.msg":            Enum[msg](VariantOf[foreign]("F")),
		"msg P: cluster.pointed has methods with pointer receivers: the":   Enum[msg](VariantOf[pointed]("P")),
		"msg W: cluster.word is no struct: put it into a field of one":     Enum[msg](VariantOf[word]("W")),
		"msg I: cluster.msg is no struct":                                  Enum[msg](VariantOf[msg]("I")),
		"msg T: cluster.two.Two: a second Reply, after One":                Enum[msg](VariantOf[two]("T")),
		"msg S: cluster.sealed.number: an unexported field cannot be sent": Enum[msg](VariantOf[sealed]("S")),
		"msg W: cluster.wrong.Age: a field of type int cannot be sent":     Enum[msg](VariantOf[wrong]("W")),
		"msg A: cluster.asks.Reply: its answer: a field of type map":       Enum[msg](VariantOf[asks]("A")),
		"hey H: cluster.stop is not cluster.hey":                           Enum[hey](VariantOf[stop]("H")),
		"cluster.word W: cluster.word is no struct":                        Enum[word](VariantOf[word]("W")),
		"Plain of int: a field of type int cannot be sent":                 Plain[int](),
		"Plain of cluster.hey: a field of type cluster.hey cannot":         Plain[hey](),
		"Proto of *dynamicpb.Message: a field of type":                     badProto(),
	} {
		require.ErrorIs(t, c.Err(), ErrCodec)
		require.ErrorContains(t, c.Err(), want)
		require.Regexp(t, "^# [^\n]+\n$", c.Schema())
	}
	_, err := newCodecs([]Codec{messages(), nil, Plain[int](), Plain[string](), Proto[*timestamppb.Timestamp](), Enum[msg](VariantOf[hey]("Hey"))})
	require.ErrorContains(t, err, "Codecs[1] is nil")
	require.ErrorContains(t, err, "Plain of int")
	require.ErrorContains(t, err, "two are for messages of type cluster.msg")
	all, err := newCodecs([]Codec{messages(), Plain[string]()})
	require.NoError(t, err)
	require.Len(t, all, 2)
}

// A codec for other messages than the actor's says so.
func TestCodecOfAnotherType(t *testing.T) {
	require.ErrorIs(t, receive(t, Plain[string](), "", nil, false), actor.ErrWrongType)
	require.ErrorIs(t, messages().decode(&incoming{variant: []byte("Stop")}), actor.ErrWrongType)
}

func TestEnumSchema(t *testing.T) {
	require.Equal(t, `# Enum of cluster.msg
cast Hey(String) # Text
call Ping(String) -> String # Text
cast Stop()
cast Everything(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64, bool, char, String, Vec<u8>, Vec<u16>, Vec<i32>, Vec<u64>, Vec<i128>, Vec<f64>, Vec<bool>, Vec<char>, protobuf google.protobuf.Timestamp, StandardPriority, ()) # A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V, W, X, Y, Z
cast Introduce(Ref<string>, AnyRef) # Who, Else
call Lookup(String) -> Ref<string> # Name
cast Pointed(i64) # N
cast Alone(protobuf google.protobuf.Timestamp) # At
`, messages().Schema())
	require.Equal(t, "# Plain of []float32\nplain Vec<f32>\n", Plain[[]float32]().Schema())
}
