package cluster

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ractor-go/ractor/actor"
)

// badProto is a protobuf message that is not generated.
func badProto() Codec { return Proto[*dynamicpb.Message]() }

// Wire reference 7.6: a cast without a name, and the bare value.
func TestPlain(t *testing.T) {
	ctx, _ := newSystem(t)
	words, numbers := make(chan string, 1), make(chan uint64, 1)
	to, l := remote(t, spawn(t, ctx, func(s string) error { words <- s; return nil }), Plain[string]())
	require.NoError(t, to.Cast(ctx, "hi"))
	require.Equal(t, "hi", recv(t, words))
	require.Equal(t, []frame{{"", []byte("hi"), false, false}}, l.frames)
	require.EqualError(t, to.Cast(ctx, "\xff"), "cluster: encode string: is not UTF-8")

	count, l := remote(t, spawn(t, ctx, func(n uint64) error { numbers <- n; return nil }), Plain[uint64]())
	require.NoError(t, count.Cast(ctx, 5))
	require.Equal(t, uint64(5), recv(t, numbers))
	require.Equal(t, []frame{{"", []byte{0, 0, 0, 0, 0, 0, 0, 5}, false, false}}, l.frames)

	in := &incoming{ctx: ctx, to: l.to, variant: []byte("whatever"), what: []byte{0, 0, 0, 0, 0, 0, 0, 6, 9}}
	require.NoError(t, l.codec.decode(in)) // ractor does not look at the variant
	require.Equal(t, uint64(6), recv(t, numbers))
	in.call = true
	require.EqualError(t, l.codec.decode(in), "cluster: decode uint64: it came as a call, and has no Reply")
	in.call, in.what = false, nil
	require.EqualError(t, l.codec.decode(in), "cluster: decode uint64: 0 bytes are too few for u64")
}

func TestProto(t *testing.T) {
	ctx, _ := newSystem(t)
	got := make(chan *timestamppb.Timestamp, 1)
	to, l := remote(t, spawn(t, ctx, func(m *timestamppb.Timestamp) error { got <- m; return nil }), Proto[*timestamppb.Timestamp]())
	m := &timestamppb.Timestamp{Seconds: 300}
	require.NoError(t, to.Cast(ctx, m))
	require.True(t, proto.Equal(m, recv(t, got)))
	require.Equal(t, unhex(t, "03 08 ac02"), l.frames[0].args)
	require.Equal(t, "# Proto of *timestamppb.Timestamp\nplain protobuf google.protobuf.Timestamp\n", l.codec.Schema())
}

// Wire reference 12, the last row, and 8.
func TestJobMetadata(t *testing.T) {
	golden := unhex(t, "17979cfe362a0000 000000000ee6b280 0000000000000007")
	at := time.Unix(1_700_000_000, 0)
	b, err := JobMetadata[uint64]{at, 250 * time.Millisecond, 7}.Append([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, append([]byte("x"), golden...), b)
	j, err := DecodeJobMetadata[uint64](golden)
	require.NoError(t, err)
	require.True(t, at.Equal(j.Submitted))
	require.Equal(t, 250*time.Millisecond, j.TTL)
	require.Equal(t, uint64(7), j.Key)

	_, err = DecodeJobMetadata[uint64](golden[:15])
	require.ErrorContains(t, err, "15 bytes are too few")
	_, err = DecodeJobMetadata[uint64](golden[:20])
	require.ErrorContains(t, err, "the key of a job: 4 bytes are too few for u64")
	k, err := DecodeJobMetadata[string](unhex(t, "ffffffffffffffffffffffffffffffff"))
	require.NoError(t, err)
	require.Equal(t, 2554, k.Submitted.UTC().Year())
	require.Equal(t, time.Duration(1<<63-1), k.TTL)

	for want, f := range map[string]func() error{
		"type int cannot be sent":  func() error { _, err := JobMetadata[int]{}.Append(nil); return err },
		"actor.AnyRef cannot be":   func() error { _, err := DecodeJobMetadata[actor.AnyRef](golden); return err },
		"a job's TTL is -1ns":      func() error { _, err := JobMetadata[bool]{TTL: -1}.Append(nil); return err },
		"key of a job: is not UTF": func() error { _, err := JobMetadata[string]{Key: "\xff"}.Append(nil); return err },
	} {
		require.ErrorContains(t, f(), want)
	}
}

// Wire reference 8: the receiver's own clock decides.
func TestRemainingTime(t *testing.T) {
	at := time.Unix(1000, 0)
	j := JobMetadata[uint64]{Submitted: at, TTL: time.Second}
	for _, c := range []struct {
		age, left time.Duration
		expired   bool
	}{
		{0, time.Second, false},
		{400 * time.Millisecond, 600 * time.Millisecond, false},
		{time.Second, 0, false},
		{time.Second + 1, 0, true},
		{-time.Hour, time.Second, false}, // from the future
	} {
		left, expired := j.Remaining(at.Add(c.age))
		require.Equal(t, c.left, left)
		require.Equal(t, c.expired, expired)
	}
	j.TTL = 0
	_, expired := j.Remaining(at.Add(time.Hour))
	require.False(t, expired)
}
