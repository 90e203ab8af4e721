package bugs

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/actortest"
	"github.com/ractor-go/ractor/rpc"
)

// program is the test function of a simulated System.
type program = func(sys *actortest.System)

// none is a message, or an answer, that says nothing.
type none struct{}

// spawn starts an actor.
func spawn[A actor.Actor[M], M any](sys *actortest.System, a A, opts ...actor.Option) actor.Ref[M] {
	ref, err := actor.Spawn(sys, a, opts...)
	require.NoError(sys, err)
	return ref
}

// handle starts an actor that is a function.
func handle[M any](sys *actortest.System, f func(ctx *actor.Context[M], m M) error, opts ...actor.Option) actor.Ref[M] {
	return spawn(sys, actor.Func(f), opts...)
}

// thread has an actor of its own do f, now or later.
func thread(sys *actortest.System, f func(ctx context.Context)) {
	ref := handle(sys, func(ctx *actor.Context[none], _ none) error {
		f(ctx)
		return nil
	})
	require.NoError(sys, ref.Cast(sys, none{}))
}

// memory is what threads share: each access is a message, so that between any
// two of them anybody may come.
type memory[S any] struct{ ref actor.Ref[access[S]] }

type access[S any] struct {
	when func(s *S) bool // nil: at once
	do   func(s *S)
}

type store[S any] struct {
	s       *S
	waiting []access[S]
}

func (m *store[S]) Handle(_ *actor.Context[access[S]], a access[S]) error {
	m.waiting = append(m.waiting, a)
	for i := 0; i < len(m.waiting); i++ {
		if a := m.waiting[i]; a.when == nil || a.when(m.s) {
			m.waiting = append(m.waiting[:i], m.waiting[i+1:]...)
			a.do(m.s)
			i = -1 // others may go on now
		}
	}
	return nil
}

func share[S any](sys *actortest.System, s *S) memory[S] {
	return memory[S]{spawn(sys, &store[S]{s: s})}
}

// atomically does f to what m has, in one step.
func atomically[S, R any](ctx context.Context, m memory[S], f func(s *S) R) R {
	return await(ctx, m, nil, f)
}

// await is atomically as soon as when holds.
func await[S, R any](ctx context.Context, m memory[S], when func(s *S) bool, f func(s *S) R) R {
	v, err := rpc.Call(ctx, m.ref, func(r rpc.Reply[R]) access[S] {
		return access[S]{when, func(s *S) { r.Send(f(s)) }}
	})
	if err != nil {
		panic(err)
	}
	return v
}
