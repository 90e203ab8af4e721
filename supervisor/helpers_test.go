package supervisor_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/supervisor"
)

// grace is the KillGrace of the tests' Systems. In a bubble it costs nothing.
const grace = 3 * time.Second

var errBoom = errors.New("boom")

// world is what a test runs in: a System in a bubble, where time is virtual and
// stands still as long as anybody has something to do.
type world struct {
	t   testing.TB
	ctx context.Context
	sys *actor.System

	mu      sync.Mutex
	journal []string
}

// bubble runs a test in a world, and sees to it that nothing of it is left.
func bubble(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			synctest.Wait() // whom the test has released is gone
			if err := w.sys.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		}()
		test(w)
	})
}

func newWorld(t testing.TB) *world {
	sys, err := actor.NewSystem(actor.Config{KillGrace: grace})
	require.NoError(t, err)
	return &world{t: t, ctx: actor.WithSystem(t.Context(), sys), sys: sys}
}

// note writes a word into the journal.
func (w *world) note(word string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.journal = append(w.journal, word)
}

// read returns the journal, once everybody has come to rest, and begins a new
// one.
func (w *world) read() string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := strings.Join(w.journal, " ")
	w.journal = nil
	return out
}

// do is a message that says itself what is to be done.
type do func(ctx *actor.Context[do]) error

// probe is a child that writes down when it starts (+) and stops (-).
type probe struct {
	w        *world
	id       string
	preStart func() error
	postStop func()
}

func (p *probe) PreStart(*actor.Context[do]) error {
	if p.preStart != nil {
		if err := p.preStart(); err != nil {
			p.w.note("!" + p.id)
			return err
		}
	}
	p.w.note("+" + p.id)
	return nil
}

func (p *probe) Handle(ctx *actor.Context[do], m do) error { return m(ctx) }

func (p *probe) PostStop(*actor.Context[do]) error {
	if p.postStop != nil {
		p.postStop()
	}
	p.w.note("-" + p.id)
	return nil
}

// child makes the spec of a probe.
func (w *world) child(id string, set ...func(*supervisor.Child, *probe)) supervisor.Child {
	c := supervisor.Child{ID: id}
	for _, f := range set {
		f(&c, new(probe))
	}
	c.Start = supervisor.Of(func() *probe {
		p := &probe{w: w, id: id}
		for _, f := range set {
			f(new(supervisor.Child), p)
		}
		return p
	})
	return c
}

func restart(r supervisor.Restart) func(*supervisor.Child, *probe) {
	return func(c *supervisor.Child, _ *probe) { c.Restart = r }
}

func shutdown(d time.Duration) func(*supervisor.Child, *probe) {
	return func(c *supervisor.Child, _ *probe) { c.Shutdown = d }
}

func significant(c *supervisor.Child, _ *probe) { c.Significant = true }

// starts has the child's PreStart call f.
func starts(f func() error) func(*supervisor.Child, *probe) {
	return func(_ *supervisor.Child, p *probe) { p.preStart = f }
}

// stops has the child's PostStop call f.
func stops(f func()) func(*supervisor.Child, *probe) {
	return func(_ *supervisor.Child, p *probe) { p.postStop = f }
}

// spawn spawns what must start.
func (w *world) spawn(s supervisor.Spec, opts ...actor.Option) supervisor.Supervisor {
	w.t.Helper()
	sup, err := supervisor.Spawn(w.ctx, s, opts...)
	require.NoError(w.t, err)
	return sup
}

// find finds a probe that runs.
func (w *world) find(s supervisor.Supervisor, id string) actor.Ref[do] {
	w.t.Helper()
	r, err := supervisor.Find[do](w.ctx, s, id)
	require.NoError(w.t, err)
	return r
}

// tell has a probe do f, in its handler.
func (w *world) tell(r actor.Ref[do], f do) {
	w.t.Helper()
	require.NoError(w.t, r.Cast(w.ctx, f))
}

func boom(*actor.Context[do]) error   { return errBoom }
func panics(*actor.Context[do]) error { panic("boom") }
func stuckOn(gate <-chan struct{}) do {
	return func(*actor.Context[do]) error {
		<-gate
		return nil
	}
}

// plenty tolerates what a test does.
var plenty = supervisor.Intensity{Max: 1000, Per: time.Hour}

// infos are the children of s.
func (w *world) infos(s supervisor.Supervisor) map[string]supervisor.Info {
	w.t.Helper()
	all, err := s.WhichChildren(w.ctx)
	require.NoError(w.t, err)
	m := map[string]supervisor.Info{}
	for i := range all {
		m[i.ID] = i
	}
	return m
}

// background runs f and hands over its error when it has returned.
func background(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// took checks how much virtual time has passed. Handlers that block without the
// runtime's knowledge cost the others a few ticks of its monitor.
func took(t testing.TB, want time.Duration, begin time.Time) {
	t.Helper()
	require.GreaterOrEqual(t, time.Since(begin), want)
	require.Less(t, time.Since(begin), want+50*time.Millisecond)
}

// rest waits until everybody has come to rest.
func (w *world) rest() { synctest.Wait() }

// settle is rest while a handler blocks without the runtime's knowledge: who is in
// the queue of its worker waits a few ticks for a spare.
func (w *world) settle() {
	w.pass(10 * time.Millisecond)
	w.rest()
}
