package cluster

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/actor"
)

// opened is a Codec's inside: fuzzing does without actors.
func opened[M any](t testing.TB, c Codec) *typed[M] {
	t.Helper()
	require.NoError(t, c.Err())
	return c.(*typed[M])
}

// make1 makes the message that bytes are, and throws its Reply away.
func make1[M any](c *typed[M], v *variant, what []byte) (m M, err error) {
	in := &incoming{peer: &anywhere{}, variant: []byte(v.name), what: what, call: v.reply != nil, owing: nobodyWaits()}
	return c.message(in, nil)
}

// anywhere is a peer at which all Refs lead to the same actor: none.
type anywhere struct{ loop }

func (*anywhere) resolve(string, uint64, uint64, reflect.Type) (actor.AnyRef, error) {
	return actor.AnyRef{}, nil
}

// same checks that what has been decoded is encoded and decoded again as the same.
func same[M any](t testing.TB, c *typed[M], v *variant, what []byte) {
	t.Helper()
	m, err := make1(c, v, what)
	if err != nil {
		var blame *CodecError
		require.ErrorAs(t, err, &blame)
		require.Error(t, blame.Err)
		return
	}
	once, twice := &outgoing{peer: &anywhere{}}, &outgoing{peer: &anywhere{}}
	require.NoError(t, c.encode(m, once))
	require.Equal(t, v.name, once.variant)
	again, err := make1(c, v, once.args)
	require.NoError(t, err)
	require.NoError(t, c.encode(again, twice))
	require.Equal(t, once.args, twice.args)
}

// Wire reference 7.4, 7.5: whatever comes, it is a message or an error.
func FuzzEnumDecode(f *testing.F) {
	c := opened[msg](f, messages())
	out := &outgoing{peer: &loop{}}
	for i, m := range []msg{hey{"hi"}, ping{Text: "hi"}, stop{}, some(), introduce{}, lookup{}, &pointed{1}, alone{&timestamppb.Timestamp{Seconds: 1}}} {
		out.args = nil
		require.NoError(f, c.encode(m, out))
		f.Add(uint8(i), out.args)
	}
	f.Fuzz(func(t *testing.T, i uint8, what []byte) {
		same(t, c, c.list[int(i)%len(c.list)], what)
	})
}

// Wire reference 7.5: a bare value of each type, from any bytes.
func FuzzValueDecode(f *testing.F) {
	var all []value
	for i := range reflect.TypeFor[everything]().NumField() {
		v, err := valueOf(reflect.TypeFor[everything]().Field(i).Type)
		require.NoError(f, err)
		all = append(all, v)
	}
	for _, v := range []reflect.Type{reflect.TypeFor[actor.Ref[int]](), reflect.TypeFor[actor.AnyRef]()} {
		v, err := valueOf(v)
		require.NoError(f, err)
		all = append(all, v)
	}
	for i := range all {
		f.Add(uint8(i), []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 'a'})
	}
	f.Fuzz(func(t *testing.T, i uint8, what []byte) {
		how := bare{all[int(i)%len(all)]}
		v := reflect.New(how.typ).Interface()
		if how.decode(what, v, &anywhere{}) != nil {
			return
		}
		once, err := how.encode(nil, v, &anywhere{})
		require.NoError(t, err)
		if how.shape != message && how.shape != reference && how.shape != boolean && how.shape != priority {
			require.Equal(t, string(what[:len(once)]), string(once), "what is read is what is there")
		}
		v = reflect.New(how.typ).Interface()
		require.NoError(t, how.decode(once, v, &anywhere{}))
		twice, err := how.encode(nil, v, &anywhere{})
		require.NoError(t, err)
		require.Equal(t, once, twice)
	})
}

// Whatever can be encoded is decoded as the same.
func FuzzEnumRoundTrip(f *testing.F) {
	c := opened[msg](f, messages())
	f.Add(uint64(1), int64(-1), 0.5, true, "hi", []byte{1, 2})
	f.Add(uint64(math.MaxUint64), int64(math.MinInt64), math.Inf(1), false, "", []byte{})
	f.Fuzz(func(t *testing.T, u uint64, i int64, x float64, b bool, s string, p []byte) {
		m := everything{
			uint8(u), uint16(u), uint32(u), u, Uint128{u, ^u}, int8(i), int16(i), int32(i), i, Int128{i, u}, float32(x), x, b, Char(i), s, p,
			nil, nil, nil, nil, nil, nil, nil, &timestamppb.Timestamp{Seconds: i, Nanos: int32(u)}, StandardPriority(u % 5), struct{}{},
		}
		for range p {
			m.Q, m.R, m.S, m.T = append(m.Q, uint16(u)), append(m.R, int32(i)), append(m.S, u), append(m.T, Int128{i, u})
			m.U, m.V = append(m.U, x), append(m.V, b)
		}
		for _, r := range s {
			m.W = append(m.W, Char(r))
		}
		out := &outgoing{peer: &anywhere{}}
		if c.encode(m, out) != nil {
			return // a string or a Char that is none
		}
		made, err := make1(c, c.byName["Everything"], out.args)
		require.NoError(t, err)
		back := made.(everything)
		require.Equal(t, m.X.AsTime(), back.X.AsTime())
		back.X = m.X
		if len(p) == 0 {
			m.P = nil
		}
		if x != x {
			back.K, back.L, back.U, m.K, m.L, m.U = 0, 0, nil, 0, 0, nil
		}
		require.Equal(t, m, back)
	})
}

func FuzzCBORDecode(f *testing.F) {
	trees, sums := opened[tree](f, CBOR[tree]("tree")), opened[order](f, CBOR[order]("order"))
	out := &outgoing{peer: &loop{}}
	require.NoError(f, trees.encode(tree{Value: 1, Children: []*tree{{}, nil}}, out))
	f.Add(out.args)
	out.args = nil
	require.NoError(f, sums.encode(order{Raw: []byte{0}, Lines: []line1{{Product: "x"}}, Tags: map[string][]int{"a": {1}}}, out))
	f.Add(out.args)
	f.Fuzz(func(t *testing.T, what []byte) {
		same(t, trees, trees.self, what)
		m, err := make1(sums, sums.self, what)
		if err == nil && m.Raw == nil {
			m.Raw = []byte{0}
		}
		if err == nil && sums.encode(m, &outgoing{peer: &anywhere{}}) == nil {
			_, err = make1(sums, sums.self, what)
			require.NoError(t, err)
		}
	})
}

func FuzzJobMetadata(f *testing.F) {
	f.Add([]byte("0123456789012345key"))
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := DecodeJobMetadata[string](b)
		if err != nil {
			return
		}
		again, err := j.Append(nil)
		require.NoError(t, err)
		require.Equal(t, b[:8], again[:8])
		require.Equal(t, b[jobHead:], again[jobHead:])
	})
}
