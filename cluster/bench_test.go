package cluster_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/cluster"
)

// One way, over loopback, both nodes in this process; b.N is reached when the
// receiver has handled all.
func BenchmarkCast(b *testing.B) {
	a, _, r := peers(b, &counter{})
	b.ReportAllocs()
	for b.Loop() {
		for {
			err := r.Cast(a.ctx, Add{N: 1})
			if err == nil {
				break
			}
			if !errors.Is(err, cluster.ErrOutboundFull) {
				b.Fatal(err)
			}
			runtime.Gosched()
		}
	}
	n, err := get(a.ctx, r)
	require.NoError(b, err)
	require.EqualValues(b, b.N, n)
}

func BenchmarkCall(b *testing.B) {
	a, _, r := peers(b, &counter{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := get(a.ctx, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall64(b *testing.B) {
	a, _, r := peers(b, &counter{})
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := get(a.ctx, r); err != nil {
				b.Error(err)
			}
		}
	})
}
