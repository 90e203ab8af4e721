package rpc_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

type add struct {
	n     int
	total rpc.Reply[int]
}

type counter struct{ total int }

func (c *counter) Handle(_ *actor.Context[add], m add) error {
	c.total += m.n
	m.total.Send(c.total)
	return nil
}

func TestCounter(t *testing.T) {
	ctx := t.Context()
	ref, err := actor.Spawn(ctx, &counter{total: 40})
	require.NoError(t, err)
	require.NoError(t, ref.Cast(ctx, add{n: 1}))
	total, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) add { return add{1, r} })
	require.NoError(t, err)
	require.Equal(t, 42, total)
	require.NoError(t, ref.StopAndWait(ctx))
	require.ErrorIs(t, ref.Cast(ctx, add{}), actor.ErrStopped)
}

func BenchmarkCall(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ref, _ := actor.Spawn(ctx, &counter{total: 40})
	b.ReportAllocs()
	for b.Loop() {
		_, err := rpc.Call(ctx, ref, func(r rpc.Reply[int]) add { return add{1, r} })
		if err != nil {
			b.Fatal(err)
		}
	}
	_ = ref.StopAndWait(ctx)
}

func BenchmarkCallChan(b *testing.B) {
	type req struct{ r chan int }
	in := make(chan req, 16)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for r := range in {
			r.r <- 1
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		r := req{make(chan int, 1)}
		in <- r
		select {
		case <-r.r:
		case <-ctx.Done():
		}
	}
	close(in)
}
