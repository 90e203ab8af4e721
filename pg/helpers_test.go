package pg_test

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/pg"
)

// start makes a System of the test's own, and a context that leads to it. The
// context's deadline is far beyond what any test takes. When the test ends and
// all actors with it, nothing must be left in the System's tables.
func start(t testing.TB) (context.Context, *actor.System) {
	t.Helper()
	sys, err := actor.NewSystem(actor.Config{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(actor.WithSystem(context.Background(), sys), time.Minute)
	t.Cleanup(func() {
		defer cancel()
		require.NoError(t, sys.Shutdown(ctx))
		require.Zero(t, pg.LeftIn(sys))
	})
	return ctx, sys
}

func handleInt(*actor.Context[int], int) error { return nil }

// idle spawns an actor that does nothing.
func idle(ctx context.Context, t testing.TB, opts ...actor.Option) actor.Ref[int] {
	t.Helper()
	r, err := actor.Spawn(ctx, actor.Func(handleInt), opts...)
	require.NoError(t, err)
	return r
}

func idles(ctx context.Context, t testing.TB, n int) []actor.Ref[int] {
	t.Helper()
	all := make([]actor.Ref[int], n)
	for i := range all {
		all[i] = idle(ctx, t)
	}
	return all
}

// end kills r and waits for its end.
func end(ctx context.Context, t testing.TB, r actor.Ref[int]) {
	t.Helper()
	require.NoError(t, r.KillAndWait(ctx))
}

// do is a message that says itself what is to be done.
type do func(ctx *actor.Context[do]) error

func handleDo(ctx *actor.Context[do], f do) error { return f(ctx) }

func doer(ctx context.Context, t testing.TB, opts ...actor.Option) actor.Ref[do] {
	t.Helper()
	r, err := actor.Spawn(ctx, actor.Func(handleDo), opts...)
	require.NoError(t, err)
	return r
}

// members are the ids of a group's members, sorted. Tests compare ids and never
// Refs: a failing comparison would read through them what is another goroutine's.
func members[M any](ctx context.Context, g pg.Group[M]) []actor.ID {
	return ids(slices.Collect(g.Members(ctx))...)
}

func ids[R interface{ ID() actor.ID }](refs ...R) []actor.ID {
	all := make([]actor.ID, len(refs))
	for i, r := range refs {
		all[i] = r.ID()
	}
	slices.Sort(all)
	return all
}

// recorder is an actor that keeps the events that it gets.
type recorder struct {
	ref  actor.Ref[pg.Event]
	mark chan struct{}
	mu   sync.Mutex
	got  []pg.Event
}

func record(ctx context.Context, t testing.TB, opts ...actor.Option) *recorder {
	t.Helper()
	r := &recorder{mark: make(chan struct{})}
	ref, err := actor.Spawn(ctx, actor.Func(r.handle), opts...)
	require.NoError(t, err)
	r.ref = ref
	return r
}

func (r *recorder) handle(_ *actor.Context[pg.Event], ev pg.Event) error {
	if ev.Group == "" {
		r.mark <- struct{}{}
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, ev)
	return nil
}

// events returns what was in the mailbox and before, and forgets it.
func (r *recorder) events(ctx context.Context, t testing.TB) []pg.Event {
	t.Helper()
	require.NoError(t, r.ref.Cast(ctx, pg.Event{}))
	<-r.mark
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// take is events in the form of joined and left.
func (r *recorder) take(ctx context.Context, t testing.TB) []string {
	t.Helper()
	var all []string
	for _, ev := range r.events(ctx, t) {
		all = append(all, show(ev))
	}
	return all
}

func show(ev pg.Event) string {
	return fmt.Sprintf("%s/%s: +%x -%x", ev.Scope, ev.Group, ids(ev.Joined...), ids(ev.Left...))
}

func joined[M any](g pg.Group[M], refs ...actor.Ref[M]) string {
	return fmt.Sprintf("%v: +%x -%x", g, ids(refs...), ids[actor.AnyRef]())
}

func left[M any](g pg.Group[M], refs ...actor.Ref[M]) string {
	return fmt.Sprintf("%v: +%x -%x", g, ids[actor.AnyRef](), ids(refs...))
}

// view is what a monitor knows. It fails as soon as a join or a leave does not
// alternate with the one before.
type view map[string]map[actor.ID]bool

func (v view) apply(t testing.TB, ev pg.Event) {
	t.Helper()
	g := ev.Scope + "/" + ev.Group
	if v[g] == nil {
		v[g] = map[actor.ID]bool{}
	}
	require.NotZero(t, len(ev.Joined)+len(ev.Left), "an event without a change")
	for _, r := range ev.Joined {
		require.False(t, v[g][r.ID()], "%v joined %s twice", r, g)
		v[g][r.ID()] = true
	}
	for _, r := range ev.Left {
		require.True(t, v[g][r.ID()], "%v left %s and was not there", r, g)
		delete(v[g], r.ID())
	}
}

func (v view) of(g pg.Group[int]) []actor.ID {
	return append([]actor.ID{}, slices.Sorted(maps.Keys(v[g.String()]))...)
}

func recv[T any](ctx context.Context, t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-ctx.Done():
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// far is the way to an actor of another node, in the place of a session.
type far struct{ takes reflect.Type }

func (f far) String() string { return fmt.Sprintf("far@node of %v", f.takes) }

func (f far) Sender(message reflect.Type) (any, error) {
	switch {
	case f.takes != nil && f.takes != message:
		return nil, fmt.Errorf("%w: %v", actor.ErrWrongType, message)
	case message == reflect.TypeFor[string]():
		return taker[string]{}, nil
	default:
		return taker[int]{}, nil
	}
}

func (far) Stop(error)                                    {}
func (far) Kill()                                         {}
func (far) Drain()                                        {}
func (far) End(context.Context, actor.EndOp, error) error { return actor.ErrNotSupported }

// taker takes everything.
type taker[M any] struct{}

func (taker[M]) Send(context.Context, *actor.Shim, M, *actor.Ticket) error { return nil }

// shims returns shims of actors that take M.
func shims[M any](sys *actor.System, n int) []*actor.Shim {
	all := make([]*actor.Shim, n)
	for i := range all {
		all[i] = actor.NewShim(sys, far{reflect.TypeFor[M]()})
	}
	return all
}

func refsOf(all ...*actor.Shim) []actor.AnyRef {
	refs := make([]actor.AnyRef, len(all))
	for i, s := range all {
		refs[i] = s.Ref()
	}
	return refs
}

// mirror is a Watcher that keeps what it is told.
type mirror struct {
	mu  sync.Mutex
	got []string
}

func (m *mirror) add(ev pg.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, show(ev))
}

func (m *mirror) Joined(scope, group string, members []actor.AnyRef) {
	m.add(pg.Event{Scope: scope, Group: group, Joined: members})
}

func (m *mirror) Left(scope, group string, members []actor.AnyRef) {
	m.add(pg.Event{Scope: scope, Group: group, Left: members})
}

// take returns what has come, and forgets it.
func (m *mirror) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	got := m.got
	m.got = nil
	return got
}
