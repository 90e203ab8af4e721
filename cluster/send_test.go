package cluster

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// numbers has a field of every type whose values are all of one length.
type numbers struct {
	A uint8
	B int16
	C uint32
	D uint64
	E Uint128
	F Int128
	G float32
	H float64
	I bool
	J Char
	K StandardPriority
	L struct{}
	M int64
}

func (numbers) isMsg() {}

// numbered are the variants of msg, and numbers.
func numbered() Codec {
	return Enum[msg](
		VariantOf[hey]("Hey"), VariantOf[stop]("Stop"), VariantOf[everything]("Everything"), VariantOf[ping]("Ping"),
		VariantOf[introduce]("Introduce"), VariantOf[*pointed]("Pointed"), VariantOf[alone]("Alone"), VariantOf[numbers]("Numbers"),
	)
}

// lineTo returns a Ref to an actor of a peer that nobody hears from: what is sent
// to it stays in the outbox of the session.
func lineTo[M any](t testing.TB, codec Codec, pid uint64, limit int) (actor.Ref[M], *session) {
	t.Helper()
	_, sys := newSystem(t)
	cfg, err := Config{Name: "here", Cookie: "secret", Codecs: []Codec{codec}, Outbound: limit}.validate()
	require.NoError(t, err)
	all, err := newCodecs(cfg.Codecs)
	require.NoError(t, err)
	s := &session{node: &Node{cfg: cfg, codecs: all}, out: newOutbox(cfg.Outbound)}
	s.messages.New = func() any { return &outgoing{peer: &anywhere{}} }
	shim := actor.NewShim(sys, &far{session: s, pid: pid})
	t.Cleanup(func() { shim.End(nil) })
	to, ok := actor.As[M](shim.Ref())
	require.True(t, ok)
	return to, s
}

// Casts of fixed size are those whose values all have one length: they take a way
// of their own.
func TestFixedVariants(t *testing.T) {
	fixed := map[string]bool{}
	for _, v := range opened[msg](t, numbered()).list {
		fixed[v.name] = v.fixed != nil
	}
	require.Equal(t, map[string]bool{
		"Numbers": true, "Pointed": true, "Stop": true,
		"Hey": false, "Everything": false, "Ping": false, "Introduce": false, "Alone": false,
	}, fixed)
	require.Nil(t, opened[point3](t, Enum[point3](VariantOf[point3](strings.Repeat("long", 250)))).self.fixed, "it could be more than MaxFrame")
	require.Nil(t, opened[uint64](t, Plain[uint64]()).self.fixed)
}

// Wire reference 7.4, 7.5: what is written into the outbox straight away is byte for
// byte what encode and AppendCast make.
func TestFixedCast(t *testing.T) {
	for _, pid := range []uint64{0, 1, 127, 128, 1 << 40, 1<<64 - 1} {
		codec := numbered()
		to, s := lineTo[msg](t, codec, pid, 1<<20)
		same := func(m msg) {
			t.Helper()
			out := &outgoing{peer: &anywhere{}}
			require.NoError(t, codec.(encoder[msg]).encode(m, out))
			before := bytes.Clone(s.out.fast)
			require.NoError(t, to.Cast(t.Context(), m))
			require.Equal(t, wire.AppendCast(before, pid, out.args, out.variant, nil), s.out.fast)
			require.Equal(t, len(s.out.fast), s.out.size)
		}
		same(stop{})
		same(hey{"between"})
		r := rand.New(rand.NewPCG(pid, 3))
		for range 100 {
			var n numbers
			for i := range unsafe.Sizeof(n) {
				*(*byte)(unsafe.Add(unsafe.Pointer(&n), i)) = byte(r.Uint32())
			}
			n.I, n.J, n.K = r.IntN(2) == 0, Char(r.IntN(0xd800)), StandardPriority(r.IntN(5))
			same(n)
			same(&pointed{n.M})
			same(hey{"between"})
		}
	}
}

// M may itself be the struct, or a pointer to it.
func TestFixedCastOfOneStruct(t *testing.T) {
	p := point3{1, 2, 3}
	to, s := lineTo[point3](t, Enum[point3](VariantOf[point3]("Point")), 5, 1<<20)
	require.NoError(t, to.Cast(t.Context(), p))
	pointers, s2 := lineTo[*point3](t, Enum[*point3](VariantOf[*point3]("Point")), 5, 1<<20)
	require.NoError(t, pointers.Cast(t.Context(), &p))
	out := &outgoing{}
	require.NoError(t, Enum[point3](VariantOf[point3]("Point")).(encoder[point3]).encode(p, out))
	want := wire.AppendCast(nil, 5, out.args, "Point", nil)
	require.Equal(t, want, s.out.fast)
	require.Equal(t, want, s2.out.fast)
}

// What cannot be sent leaves nothing behind, and the error is that of encode.
func TestFixedCastErrors(t *testing.T) {
	codec := numbered()
	to, s := lineTo[msg](t, codec, 5, 1<<10)
	require.NoError(t, to.Cast(t.Context(), numbers{A: 1}))
	before := bytes.Clone(s.out.fast)
	for want, m := range map[string]msg{
		"cluster: encode cluster.msg Numbers.J: 0xd800 is no Unicode scalar value": numbers{J: 0xd800},
		"cluster: encode cluster.msg Numbers.K: 5 is no StandardPriority":          numbers{K: 5},
		"cluster: encode cluster.msg Pointed: it is nil":                           (*pointed)(nil),
		"cluster: encode cluster.msg: it is nil":                                   nil,
	} {
		err := to.Cast(t.Context(), m)
		require.EqualError(t, err, want)
		require.Equal(t, codec.(encoder[msg]).encode(m, &outgoing{}), err)
		require.Equal(t, before, s.out.fast)
		require.Equal(t, len(before), s.out.size)
	}
	for s.out.queued() < 1<<10 {
		require.NoError(t, to.Cast(t.Context(), numbers{}))
	}
	require.ErrorIs(t, to.Cast(t.Context(), numbers{}), ErrOutboundFull)
	s.out.end(ErrNodeDown, false)
	require.ErrorIs(t, to.Cast(t.Context(), numbers{}), ErrNodeDown)
}

// Order holds from sender to receiver: a small cast stays behind a big one.
func TestFixedCastStaysBehind(t *testing.T) {
	to, s := lineTo[msg](t, numbered(), 5, 1<<20)
	require.NoError(t, to.Cast(t.Context(), hey{string(make([]byte, 2*bigFrame))}))
	require.NoError(t, to.Cast(t.Context(), stop{}))
	require.Equal(t, 2, s.out.waiting[5])
	require.Empty(t, s.out.fast)
}

func TestFixedCastAllocatesNothing(t *testing.T) {
	to, s := lineTo[msg](t, numbered(), 5, 1<<20)
	var m msg = numbers{A: 1}
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = to.Cast(ctx, m) }))
	require.Positive(t, s.out.size)
	one, _ := lineTo[point3](t, Enum[point3](VariantOf[point3]("Point")), 5, 1<<20)
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = one.Cast(ctx, point3{1, 2, 3}) }))
}

// What a cast of 32 bytes costs its sender, from Ref.Cast to the connection, which
// takes all at once.
func BenchmarkSend32(b *testing.B) {
	to, s := lineTo[point](b, points(), 1<<33, 1<<30)
	var writing sync.WaitGroup
	writing.Go(func() { _ = s.out.write(discard{}) })
	ctx := b.Context()
	b.ReportAllocs()
	i := uint64(0)
	for b.Loop() {
		i++
		if err := to.Cast(ctx, moved{i, i, i, i}); err != nil {
			b.Fatal(err)
		}
	}
	s.out.end(errors.New("enough"), true)
	writing.Wait()
}
