package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// Baselines, in the same run: a goroutine that serves a channel of requests, a
// fresh channel of one slot in each request, and a caller that selects on it
// and on its ctx.

type ask struct{ answer chan int }

// serve is the goroutine; closing the channel ends it.
func serve() chan<- ask {
	in := make(chan ask, 16)
	go func() {
		total := 0
		for a := range in {
			total++
			a.answer <- total
		}
	}()
	return in
}

func askChan(ctx context.Context, in chan<- ask) (int, error) {
	a := ask{make(chan int, 1)}
	in <- a
	select {
	case v := <-a.answer:
		return v, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// system is a System for a benchmark, and a context that can be cancelled.
func system(b *testing.B) (context.Context, func()) {
	b.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(actor.WithSystem(b.Context(), sys))
	return ctx, func() {
		cancel()
		if err := sys.Shutdown(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func spawn[M any](ctx context.Context, b *testing.B, a actor.Actor[M]) actor.Ref[M] {
	b.Helper()
	ref, err := actor.Spawn(ctx, a)
	if err != nil {
		b.Fatal(err)
	}
	return ref
}

// BenchmarkOutside is a call from an ordinary goroutine.
func BenchmarkOutside(b *testing.B) {
	b.Run("rpc", func(b *testing.B) {
		ctx, end := system(b)
		defer end()
		ref := spawn(ctx, b, &counter{})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := rpc.Call(ctx, ref, addOne); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("chan", func(b *testing.B) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		in := serve()
		defer close(in)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := askChan(ctx, in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOutsideDeadline is the same with a deadline of its own for each call.
func BenchmarkOutsideDeadline(b *testing.B) {
	b.Run("rpc", func(b *testing.B) {
		ctx, end := system(b)
		defer end()
		ref := spawn(ctx, b, &counter{})
		b.ReportAllocs()
		for b.Loop() {
			soon, cancel := context.WithTimeout(ctx, time.Minute)
			if _, err := rpc.Call(soon, ref, addOne); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
	})
	b.Run("chan", func(b *testing.B) {
		in := serve()
		defer close(in)
		b.ReportAllocs()
		for b.Loop() {
			soon, cancel := context.WithTimeout(context.Background(), time.Minute)
			if _, err := askChan(soon, in); err != nil {
				b.Fatal(err)
			}
			cancel()
		}
	})
}

// BenchmarkOutsideParallel is GOMAXPROCS callers of one actor.
func BenchmarkOutsideParallel(b *testing.B) {
	b.Run("rpc", func(b *testing.B) {
		ctx, end := system(b)
		defer end()
		ref := spawn(ctx, b, &counter{})
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := rpc.Call(ctx, ref, addOne); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("chan", func(b *testing.B) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		in := serve()
		defer close(in)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := askChan(ctx, in); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// batch is how many calls an actor makes for one round of the benchmark: what
// the round itself costs is lost in it.
const batch = 1000

// round has an actor make a batch of calls.
type round struct{ end chan error }

// blocker waits for each answer.
type blocker struct{ to actor.Ref[add] }

func (x *blocker) Handle(ctx *actor.Context[round], r round) (err error) {
	for i := 0; i < batch && err == nil; i++ {
		_, err = rpc.Call(ctx, x.to, addOne)
	}
	r.end <- err
	return nil
}

// continuer continues with each answer.
type continuer struct {
	to   actor.Ref[add]
	ctx  *actor.Context[round]
	now  round
	left int
	next func(int, error) error // step, as a value made once
}

func (x *continuer) Handle(ctx *actor.Context[round], r round) error {
	x.ctx, x.now, x.left, x.next = ctx, r, batch, x.step
	return x.step(0, nil)
}

func (x *continuer) step(_ int, err error) error {
	if err != nil || x.left == 0 {
		x.now.end <- err
		return nil //nolint:nilerr // the benchmark is told
	}
	x.left--
	rpc.Then(x.ctx, x.to, addOne, x.next)
	return nil
}

// BenchmarkInside is a call from one actor to another; the baseline is one
// goroutine that asks another.
func BenchmarkInside(b *testing.B) {
	perCall := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/call")
	}
	actors := func(kind func(to actor.Ref[add]) actor.Actor[round]) func(b *testing.B) {
		return func(b *testing.B) {
			ctx, end := system(b)
			defer end()
			ref := spawn(ctx, b, kind(spawn(ctx, b, &counter{})))
			r := round{make(chan error, 1)}
			b.ReportAllocs()
			for b.Loop() {
				if err := ref.Cast(ctx, r); err != nil {
					b.Fatal(err)
				}
				if err := <-r.end; err != nil {
					b.Fatal(err)
				}
			}
			perCall(b)
		}
	}
	b.Run("call", actors(func(to actor.Ref[add]) actor.Actor[round] { return &blocker{to} }))
	b.Run("then", actors(func(to actor.Ref[add]) actor.Actor[round] { return &continuer{to: to} }))
	b.Run("chan", func(b *testing.B) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		in := serve()
		defer close(in)
		b.ReportAllocs()
		for b.Loop() {
			for range batch {
				if _, err := askChan(ctx, in); err != nil {
					b.Fatal(err)
				}
			}
		}
		perCall(b)
	})
}

// BenchmarkMulti asks 100 actors at once; the baseline asks 100 goroutines, each
// over its own channel, with one channel for all answers, which takes them as
// they come. ns/op is the whole round. "debug" is the price of the debug option.
func BenchmarkMulti(b *testing.B) {
	const n = 100
	actors := func(debug bool) func(b *testing.B) {
		return func(b *testing.B) {
			ctx, end := system(b)
			defer end()
			rpc.Debug(actor.SystemOf(ctx), debug)
			refs := make([]actor.Ref[add], n)
			for i := range refs {
				refs[i] = spawn(ctx, b, &counter{})
			}
			b.ReportAllocs()
			for b.Loop() {
				for _, r := range rpc.Multi(ctx, refs, addOne) {
					if r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			}
		}
	}
	b.Run("rpc", actors(false))
	b.Run("debug", actors(true))
	b.Run("chan", func(b *testing.B) {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		type numbered struct{ i, v int }
		type request struct {
			i      int
			answer chan<- numbered
		}
		ins := make([]chan request, n)
		for i := range ins {
			ins[i] = make(chan request, 16)
			defer close(ins[i])
			go func() {
				total := 0
				for r := range ins[i] {
					total++
					r.answer <- numbered{r.i, total}
				}
			}()
		}
		b.ReportAllocs()
		for b.Loop() {
			results, answers := make([]int, n), make(chan numbered, n)
			for i, in := range ins {
				in <- request{i, answers}
			}
			for range ins {
				select {
				case a := <-answers:
					results[a.i] = a.v
				case <-ctx.Done():
					b.Fatal(context.Cause(ctx))
				}
			}
		}
	})
}

// BenchmarkForward is an answer that goes on to a third actor; the baseline is a
// goroutine that puts its answer into a third one's channel.
func BenchmarkForward(b *testing.B) {
	b.Run("rpc", func(b *testing.B) {
		ctx, end := system(b)
		defer end()
		ref := spawn(ctx, b, &counter{})
		got := make(chan int, 1)
		next := spawn(ctx, b, actor.Func(func(_ *actor.Context[int], v int) error {
			got <- v
			return nil
		}))
		b.ReportAllocs()
		for b.Loop() {
			if err := rpc.Forward(ctx, ref, addOne, next); err != nil {
				b.Fatal(err)
			}
			<-got
		}
	})
	b.Run("chan", func(b *testing.B) {
		in, next, got := serve(), make(chan int, 16), make(chan int, 1)
		defer close(in)
		defer close(next)
		go func() {
			for v := range next {
				got <- v
			}
		}()
		b.ReportAllocs()
		for b.Loop() {
			in <- ask{next}
			<-got
		}
	})
}
