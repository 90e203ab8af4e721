package factory_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/factory"
	"github.com/ractor-go/ractor/internal/leaks"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, leaks.Ants()...) }

// start makes a System of the test's own. Its context ends far beyond what a
// test takes.
func start(tb testing.TB) (context.Context, *actor.System) {
	tb.Helper()
	sys, err := actor.NewSystem(actor.Config{KillGrace: 2 * time.Second})
	require.NoError(tb, err)
	ctx, cancel := context.WithTimeout(actor.WithSystem(context.Background(), sys), time.Minute)
	tb.Cleanup(func() {
		defer cancel()
		require.NoError(tb, sys.Shutdown(ctx))
	})
	return ctx, sys
}

// spawn is factory.Spawn of what must start.
func spawn[J any](ctx context.Context, tb testing.TB, cfg factory.Config[J], opts ...actor.Option) factory.Factory[J] {
	tb.Helper()
	f, err := factory.Spawn(ctx, cfg, opts...)
	require.NoError(tb, err)
	return f
}

// task is a job that says itself what it does.
type task struct {
	key  string
	prio int
	id   int
	do   func(ctx context.Context, worker int) error
}

func keyOf(t task) string { return t.key }
func prioOf(t task) int   { return t.prio }

// tasker does tasks.
type tasker struct{ id int }

func (w *tasker) Do(ctx context.Context, t task) error {
	if t.do == nil {
		return nil
	}
	return t.do(ctx, w.id)
}

func newTasker(id int) factory.Worker[task] { return &tasker{id} }

// gates are jobs that wait until they are let go.
type gates struct {
	began chan begin
	mu    sync.Mutex
	open  map[int]chan error
}

type begin struct{ id, worker int }

func newGates() *gates { return &gates{began: make(chan begin, 1<<16), open: map[int]chan error{}} }

// job makes job id, which says that it has begun and then waits for let, or for
// the end of its worker.
func (g *gates) job(id int, key string) task {
	return task{id: id, key: key, do: func(ctx context.Context, worker int) error {
		c := g.of(id)
		g.began <- begin{id, worker}
		select {
		case err := <-c:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}}
}

func (g *gates) of(id int) chan error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[id] == nil {
		g.open[id] = make(chan error, 16)
	}
	return g.open[id]
}

// let lets job id go, once.
func (g *gates) let(id int, err error) { g.of(id) <- err }

// next returns the job that begins next.
func (g *gates) next(tb testing.TB) begin {
	tb.Helper()
	return recv(tb, g.began)
}

func recv[T any](tb testing.TB, c <-chan T) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(time.Minute):
		tb.Fatal("nothing came")
		panic("unreachable")
	}
}

// fate is what became of jobs, by their ids.
type fate struct {
	mu        sync.Mutex
	attempts  map[int][]error
	discarded map[int][]factory.Reason
}

// record has cfg record all fates.
func record(cfg *factory.Config[task]) *fate {
	x := &fate{attempts: map[int][]error{}, discarded: map[int][]factory.Reason{}}
	cfg.OnDone = func(t task, err error) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.attempts[t.id] = append(x.attempts[t.id], err)
	}
	cfg.OnDiscard = func(t task, why factory.Reason) {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.discarded[t.id] = append(x.discarded[t.id], why)
	}
	return x
}

func (x *fate) reasons(id int) []factory.Reason {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.discarded[id]
}

func (x *fate) errs(id int) []error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.attempts[id]
}

// dones is how many of the attempts were successes.
func (x *fate) dones(id int) (n int) {
	for _, err := range x.errs(id) {
		if err == nil {
			n++
		}
	}
	return n
}

// balanced checks the accounts as they are.
func balanced(tb testing.TB, st factory.Stats) factory.Stats {
	tb.Helper()
	require.Equal(tb, st.Submitted, st.Done+st.Discarded+st.InFlight+st.Queued, "%+v", st)
	sum := uint64(0)
	for why := factory.Overload; why <= factory.Shutdown; why++ {
		sum += st.Because(why)
	}
	require.Equal(tb, st.Discarded, sum, "%+v", st)
	return st
}

// reaches waits until the accounts are as ok wants them.
func reaches[J any](tb testing.TB, f factory.Factory[J], ok func(factory.Stats) bool) factory.Stats {
	tb.Helper()
	for begin := time.Now(); ; runtime.Gosched() {
		st := balanced(tb, f.Stats())
		if ok(st) {
			return st
		}
		if time.Since(begin) > time.Minute {
			require.FailNow(tb, "it does not come", "%+v", st)
		}
	}
}

// refused checks why Submit has refused.
func refused(tb testing.TB, err error, why factory.Reason) {
	tb.Helper()
	require.ErrorIs(tb, err, &factory.RefusedError{Reason: why})
}

var errJob = errors.New("job failed")
