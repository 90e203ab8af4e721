package cluster

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

type line1 struct {
	Product string
	Price   float64
	Asked   *actor.Ref[string]
}

type order struct {
	ID      int
	Lines   []line1
	Tags    map[string][]int `cbor:"t,omitempty"`
	At      time.Time
	Big     *big.Int
	Raw     cbor.RawMessage
	From    actor.Ref[string]
	Pair    [2]actor.AnyRef
	Reply   rpc.Reply[bill] `cbor:"-"`
	Private func()          `cbor:"-"`
}

type bill struct {
	Total float64
	To    actor.Ref[string]
}

type tree struct {
	Value    int
	Children []*tree
	Ref      actor.AnyRef
}

func (hey) isOrder()   {}
func (tree) isOrder()  {}
func (order) isOrder() {}

type orders interface{ isOrder() }

// CBOR carries what Go has, Refs at any depth, and answers.
func TestCBOR(t *testing.T) {
	ctx, _ := newSystem(t)
	words := spawn(t, ctx, func(string) error { return nil })
	got := make(chan order, 3)
	target := spawn(t, ctx, func(o order) error {
		o.Reply.Send(bill{o.Lines[0].Price, o.From})
		got <- o
		return nil
	})
	to, l := remote(t, target, CBOR[order]("order"))
	sent := order{
		ID: -5, Lines: []line1{{"a", 1.5, &words}, {"b", 0.1, nil}}, Tags: map[string][]int{"x": {1, 2}},
		At: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), Big: new(big.Int).Lsh(big.NewInt(1), 100), Raw: cbor.RawMessage{0x01},
		From: words, Pair: [2]actor.AnyRef{{}, words.Any()},
	}
	answer, err := rpc.Call(ctx, to, func(r rpc.Reply[bill]) order { sent.Reply = r; return sent })
	require.NoError(t, err)
	require.Equal(t, bill{1.5, words}, answer)
	back := recv(t, got)
	back.Reply, sent.Reply = rpc.Reply[bill]{}, rpc.Reply[bill]{}
	require.Equal(t, sent, back)
	require.Equal(t, "order", l.frames[0].variant)

	// The same message is the same bytes.
	require.NoError(t, to.Cast(ctx, sent))
	require.NoError(t, to.Cast(ctx, sent))
	require.Equal(t, l.frames[1], l.frames[2])
}

func TestCBOROfASumType(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan orders, 1)
	to, l := remote(t, spawn(t, ctx, func(o orders) error { got <- o; return nil }),
		CBOR[orders]("shop", VariantOf[hey]("Hey"), VariantOf[tree]("Tree")))
	for _, m := range []orders{hey{"hi"}, tree{1, []*tree{{2, nil, to.Any()}, {Value: 3}}, actor.AnyRef{}}} {
		require.NoError(t, to.Cast(ctx, m))
		if m, ok := m.(tree); ok {
			m.Children[0].Ref = actor.AnyRef{}
		}
		back := recv(t, got)
		if b, ok := back.(tree); ok {
			b.Children[0].Ref = actor.AnyRef{}
		}
		require.Equal(t, m, back)
	}
	require.Equal(t, frame{"shop.Hey", unhex(t, "80 a1 64 54657874 62 6869"), false, false}, l.frames[0])
	require.ErrorContains(t, to.Cast(ctx, order{}), "a cluster.order is no variant")
}

// Any type may be a message.
func TestCBOROfNoStruct(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan map[string]int, 1)
	to, l := remote(t, spawn(t, ctx, func(m map[string]int) error { got <- m; return nil }), CBOR[map[string]int]("counts"))
	require.NoError(t, to.Cast(ctx, map[string]int{"a": 1}))
	require.Equal(t, map[string]int{"a": 1}, recv(t, got))
	require.ErrorContains(t, l.codec.decode(&incoming{ctx: ctx, to: l.to, variant: []byte("count"), peer: l}), `"count" is no variant`)

	pointers := make(chan *tree, 1)
	ref, _ := remote(t, spawn(t, ctx, func(m *tree) error { pointers <- m; return nil }), CBOR[*tree]("tree"))
	require.NoError(t, ref.Cast(ctx, &tree{Value: 7}))
	require.Equal(t, 7, recv(t, pointers).Value)
	require.ErrorContains(t, ref.Cast(ctx, nil), "it is nil")
}

// A field more or less is no error.
func TestCBORFieldsByName(t *testing.T) {
	type before struct{ A, B int }
	type after struct{ B, C int }
	ctx, _ := newSystem(t)
	got := make(chan after, 1)
	target := spawn(t, ctx, func(m after) error { got <- m; return nil })
	out := &outgoing{peer: &loop{}}
	require.NoError(t, CBOR[before]("x").(encoder[before]).encode(before{1, 2}, out))
	require.NoError(t, CBOR[after]("x").decode(&incoming{ctx: ctx, to: target.Any(), peer: &loop{}, variant: []byte("x"), what: out.args}))
	require.Equal(t, after{B: 2}, recv(t, got))
}

type loud struct{}

func (loud) MarshalCBOR() ([]byte, error) { panic("loud") }
func (*loud) UnmarshalCBOR([]byte) error  { panic("loud") }

// What the receiver would refuse the sender refuses; nothing panics, and nothing
// runs in circles.
func TestCBORRefuses(t *testing.T) {
	out := &outgoing{peer: &loop{}}
	circle := &tree{}
	circle.Children = []*tree{circle}
	require.ErrorIs(t, CBOR[tree]("tree").(encoder[tree]).encode(*circle, out), errTooDeep)
	type twin struct{ Map map[string]*twin }
	inMap := twin{map[string]*twin{}}
	inMap.Map["me"] = &inMap
	require.ErrorIs(t, CBOR[twin]("twin").(encoder[twin]).encode(inMap, out), errTooDeep)

	deep := &tree{}
	for range 31 {
		deep = &tree{Children: []*tree{deep}}
	}
	require.NoError(t, CBOR[tree]("tree").(encoder[tree]).encode(*deep, out))
	require.ErrorContains(t, CBOR[tree]("tree").(encoder[tree]).encode(tree{Children: []*tree{{Children: []*tree{deep}}}}, out), "nested")

	many := CBOR[[]uint8]("bytes").(encoder[[]uint8])
	require.NoError(t, many.encode(make([]uint8, 200_000), out))
	require.ErrorContains(t, CBOR[[]int]("ints").(encoder[[]int]).encode(make([]int, 200_000), out), "exceeded max number of elements")

	type speaker struct{ L loud }
	noisy := CBOR[speaker]("loud")
	require.ErrorContains(t, noisy.(encoder[speaker]).encode(speaker{}, out), "panic: loud")

	out.peer = &loop{rust: true}
	require.ErrorIs(t, CBOR[hey]("hey").(encoder[hey]).encode(hey{}, out), actor.ErrNotSupported)
	require.ErrorContains(t, CBOR[hey]("hey").(encoder[hey]).encode(hey{}, out), "hey hey: actor: not supported for an actor of another node: a ractor node knows no CBOR")
	out.peer = &loop{sys: nil}
	ctx, _ := newSystem(t)
	self := spawn(t, ctx, func(msg) error { return nil }).Any()
	out.peer = &loop{to: self}
	require.ErrorContains(t, CBOR[tree]("tree").(encoder[tree]).encode(tree{Ref: self}, out), "tree tree: not that one")
}

// What comes and is no such message is an error.
func TestCBORDecodeErrors(t *testing.T) {
	ctx, sys := newSystem(t)
	target := spawn(t, ctx, func(tree) error { return nil })
	c := CBOR[tree]("tree")
	for name, x := range map[string]struct{ hex, want string }{
		"nothing":            {"", "its Refs: EOF"},
		"no Refs":            {"a0", "its Refs: cbor: cannot unmarshal map"},
		"no value":           {"80", "EOF"},
		"too few Refs":       {"80 a0", "not come with as many Refs"},
		"too many Refs":      {"82 83600000 83600000 a0", "not come with as many Refs"},
		"another node's":     {"81 83616100 00 a0", "no such node"},
		"left over":          {"81 83600000 a0 00", "extraneous"},
		"twice the same key": {"81 83600000 a2 6556616c7565 01 6556616c7565 02", "duplicate map key"},
		"no end":             {"81 83600000 bf ff", "indefinite-length"},
		"another type":       {"81 83600000 a1 6556616c7565 6178", "cannot unmarshal UTF-8 text string"},
		"not UTF-8":          {"81 83600000 a1 61ff 01", "UTF-8"},
		"too deep":           {"81 83600000" + strings.Repeat("81", 70) + "00", "nested level"},
		"too many":           {"81 83600000 9a ffffffff", "exceeded max number of elements"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.decode(&incoming{ctx: ctx, to: target.Any(), peer: &loop{sys: sys}, variant: []byte("tree"), what: unhex(t, x.hex)})
			require.ErrorContains(t, err, x.want)
			require.ErrorAs(t, err, new(*CodecError))
		})
	}
	type speaker struct{ L loud }
	loudly := spawn(t, ctx, func(speaker) error { return nil })
	err := CBOR[speaker]("loud").decode(&incoming{ctx: ctx, to: loudly.Any(), peer: &loop{}, variant: []byte("loud"), what: unhex(t, "80 a1 614c 00")})
	require.ErrorContains(t, err, "panic: loud")
}

// An answer that does not decode is the caller's error.
func TestCBORAnswers(t *testing.T) {
	ctx, _ := newSystem(t)
	to, l := remote(t, spawn(t, ctx, func(o order) error { o.Reply.Send(bill{}); return nil }), CBOR[order]("order"))
	l.answer = func(p *pending, _ []byte, _ error) { p.answer([]byte{0x80}) }
	_, err := rpc.Call(ctx, to, func(r rpc.Reply[bill]) order { return order{Reply: r, Raw: cbor.RawMessage{0}} })
	require.ErrorContains(t, err, "cluster: decode cluster.order order.Reply: EOF")
	l.answer = func(p *pending, _ []byte, err error) { p.fail(err) }
	_, err = rpc.Call(ctx, to, func(r rpc.Reply[bill]) order { return order{Reply: r} })
	require.Error(t, err) // an empty RawMessage is no CBOR
	require.NotErrorIs(t, err, context.DeadlineExceeded)
}

type (
	openEnded struct{ V any }
	inMap     struct{ M map[string]actor.Ref[int] }
	nested    struct{ In struct{ R rpc.Reply[int] } }
	secret    struct{ sealed }
	pipe      struct{ C chan int }
	double    struct{ P **int }
	own       []own
	inItself  map[string]inItself
	replies   struct{ A, B rpc.Reply[int] }
	anyAnswer struct{ A rpc.Reply[any] }
)

func TestBadCBOR(t *testing.T) {
	for want, c := range map[string]Codec{
		"CBOR of cluster.hey: the type name is empty":                             CBOR[hey](""),
		"CBOR of cluster.hey: cluster.hey is no interface and has no vari":        CBOR[hey]("x", VariantOf[hey]("Hey")),
		"CBOR of cluster.orders: it has no variants":                              CBOR[orders]("x"),
		"CBOR of cluster.orders: the variant of cluster.hey has no name":          CBOR[orders]("x", VariantOf[hey]("")),
		"CBOR of cluster.orders x.F: cluster.foreign does not implement":          CBOR[orders]("x", VariantOf[foreign]("F")),
		"cluster.openEnded.V: interface {} cannot be sent: what is in":            CBOR[openEnded]("x"),
		"inMap.M: map[string]actor.Ref[int] cannot be sent: a Ref must not":       CBOR[inMap]("x"),
		"cluster.nested.In.R: rpc.Reply[int] cannot be sent: a Reply must":        CBOR[nested]("x"),
		"cluster.secret.sealed: an unexported field cannot be sent":               CBOR[secret]("x"),
		"cluster.pipe.C: chan int cannot be sent: CBOR has nothing like it":       CBOR[pipe]("x"),
		"cluster.double.P: **int cannot be sent: use one pointer":                 CBOR[double]("x"),
		"cluster.own[]: cluster.own cannot be sent: it contains itself":           CBOR[own]("x"),
		"cluster.inItself{}: cluster.inItself cannot be sent: it contains itself": CBOR[inItself]("x"),
		"cluster.replies.B: a second Reply, after A":                              CBOR[replies]("x"),
		"cluster.anyAnswer.A: its answer: interface {}: interface {} canno":       CBOR[anyAnswer]("x"),
		"func() cannot be sent: CBOR has nothing like it":                         CBOR[func()]("x"),
	} {
		require.ErrorIs(t, c.Err(), ErrCodec)
		require.ErrorContains(t, c.Err(), want)
		require.Regexp(t, "^# [^\n]+\n$", c.Schema())
	}
	require.NoError(t, errors.Join(CBOR[int]("x").Err(), CBOR[*int]("x").Err(), CBOR[actor.AnyRef]("x").Err()))
}

func TestCBORSchema(t *testing.T) {
	require.Equal(t, `# CBOR of cluster.order
call order
order.ID int
order.Lines[].Product string
order.Lines[].Price float64
order.Lines[].Asked Ref<string>
order.t{key} string
order.t{}[] int
order.At time.Time
order.Big big.Int
order.Raw cbor.RawMessage
order.From Ref<string>
order.Pair[] AnyRef
order ->.Total float64
order ->.To Ref<string>
`, CBOR[order]("order").Schema())
	require.Equal(t, `# CBOR of cluster.orders
cast shop.Tree
shop.Tree.Value int
shop.Tree.Children[] cluster.tree
shop.Tree.Ref AnyRef
`, CBOR[orders]("shop", VariantOf[tree]("Tree")).Schema())
	require.Contains(t, CBOR[[]uint8]("blob").Schema(), "\nblob bytes\n")
}
