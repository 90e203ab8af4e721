package actor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/sched"
)

func TestV5_StartedComesAfterPostStart(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	monitor, copies := newPuppet(t, ctx)
	inPostStart, goOn := make(chan actor.Status), make(chan struct{})
	child := spawn(t, ctx, &plain[int]{postStart: func(ctx *actor.Context[int]) error {
		inPostStart <- ctx.Self().Status()
		<-goOn
		return nil
	}}, actor.LinkedTo(parent.Any()))
	do(t, monitor, func(ctx *actor.Context[job]) { ctx.Monitor(child.Any()) })
	require.Equal(t, actor.Starting, recv(t, inPostStart))
	do(t, parent, func(*actor.Context[job]) {})
	none(t, events)
	close(goOn)
	started := actor.Event{Kind: actor.Started, Actor: child.Any()}
	require.Equal(t, started, recv(t, events))
	require.Equal(t, started, recv(t, copies))
	require.Equal(t, actor.Running, child.Status())
}

// V6: the state is the actor's value, or the *S of a Behaviour, for the parent
// alone; a monitor's copy and a Failed have none.
func TestV6_State(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	monitor, copies := newPuppet(t, ctx)

	a := &counter{n: 40}
	r := spawn(t, ctx, a, actor.LinkedTo(parent.Any()))
	recv(t, events)
	do(t, monitor, func(ctx *actor.Context[job]) { ctx.Monitor(r.Any()) })
	require.NoError(t, r.Cast(ctx, 2))
	r.Drain()
	ev := recv(t, events)
	require.Same(t, a, ev.State)
	require.Equal(t, 42, ev.State.(*counter).n)
	require.Equal(t, actor.Event{Kind: actor.Terminated, Actor: r.Any(), Err: actor.ErrDrained}, recv(t, copies))

	s := spawn(t, ctx, actor.With(sum{}, 5), actor.LinkedTo(parent.Any()))
	recv(t, events)
	require.NoError(t, s.Cast(ctx, 7))
	s.Drain()
	total, ok := recv(t, events).State.(*int)
	require.True(t, ok)
	require.Equal(t, 12, *total)
}

type counter struct{ n int }

func (c *counter) Handle(_ *actor.Context[int], m int) error { c.n += m; return nil }

type sum struct{}

func (sum) PreStart(_ *actor.Context[int], from int) (int, error)          { return from, nil }
func (sum) Handle(_ *actor.Context[int], m int, total *int) error          { *total += m; return nil }
func (sum) PostStop(_ *actor.Context[int], total *int) error               { return nil }
func (sum) PostStart(_ *actor.Context[int], total *int) error              { return nil }
func (sum) HandleSupervision(*actor.Context[int], actor.Event, *int) error { return nil }

// V7 and the table of normal and abnormal ends: what parent, monitor and Wait
// see of each end that exit_test's reasons table does not have.
func TestV7_AbnormalEnds(t *testing.T) {
	fail := func(*actor.Context[int]) error { return errTest }
	blow := func(*actor.Context[int]) error { panic(errTest) }
	text := func(*actor.Context[int]) error { panic("text") }
	exit := func(*actor.Context[int]) error { runtime.Goexit(); return nil }
	handle := func(f func(*actor.Context[int]) error) *boss[int] {
		return &boss[int]{plain: plain[int]{handle: func(ctx *actor.Context[int], _ int) error { return f(ctx) }}}
	}
	supervise := func(f func(*actor.Context[int]) error) *boss[int] {
		return &boss[int]{supervise: func(ctx *actor.Context[int], _ actor.Event) error { return f(ctx) }}
	}
	cast := func(r actor.Ref[int]) { _ = r.Cast(context.Background(), 1) }
	grandchild := func(r actor.Ref[int]) {
		c, _ := actor.Spawn(actor.WithSystem(context.Background(), r.System()), idle())
		_ = actor.Link(r.Any(), c.Any())
		c.Kill()
	}
	hang, hangs := make(chan struct{}), make(chan struct{}, 1)
	defer close(hang)

	for name, c := range map[string]struct {
		a       *boss[int]
		end     func(r actor.Ref[int])
		err     error
		isPanic bool
	}{
		"Handle error":               {handle(fail), cast, errTest, false},
		"Handle panic":               {handle(blow), cast, errTest, true},
		"Handle panic text":          {handle(text), cast, nil, true},
		"Handle Goexit":              {handle(exit), cast, sched.ErrGoexit, true},
		"PostStart error":            {&boss[int]{plain: plain[int]{postStart: fail}}, func(actor.Ref[int]) {}, errTest, false},
		"PostStart panic":            {&boss[int]{plain: plain[int]{postStart: blow}}, func(actor.Ref[int]) {}, errTest, true},
		"PostStop error":             {&boss[int]{plain: plain[int]{postStop: fail}}, func(r actor.Ref[int]) { r.Stop() }, errTest, false},
		"PostStop error after Drain": {&boss[int]{plain: plain[int]{postStop: fail}}, func(r actor.Ref[int]) { r.Drain() }, errTest, false},
		"PostStop panic":             {&boss[int]{plain: plain[int]{postStop: blow}}, func(r actor.Ref[int]) { r.Stop() }, errTest, true},
		"HandleSupervision error":    {supervise(fail), grandchild, errTest, false},
		"HandleSupervision panic":    {supervise(blow), grandchild, errTest, true},
		"abandoned": {handle(func(*actor.Context[int]) error { hangs <- struct{}{}; <-hang; return nil }), func(r actor.Ref[int]) {
			cast(r)
			recv(t, hangs) // killed before, it would end as it should
			r.Kill()
		}, actor.ErrAbandoned, false},
	} {
		t.Run(name, func(t *testing.T) {
			sys, err := actor.NewSystem(actor.Config{KillGrace: 10 * time.Millisecond})
			require.NoError(t, err)
			ctx := actor.WithSystem(context.Background(), sys)
			defer func() { _ = sys.Shutdown(ctx) }() // the abandoned one is still there
			parent, events := newPuppet(t, ctx)
			monitor, copies := newPuppet(t, ctx)
			release := make(chan struct{})
			if f := c.a.postStart; f != nil { // the monitors come first
				c.a.postStart = func(ctx *actor.Context[int]) error { <-release; return f(ctx) }
			}
			r := spawn(t, ctx, c.a, actor.LinkedTo(parent.Any()))
			downs := make(chan actor.Down, 1)
			do(t, monitor, func(ctx *actor.Context[job]) {
				ctx.Monitor(r.Any())
				ctx.MonitorMsg(r.Any(), func(d actor.Down) job {
					return func(*actor.Context[job]) error { downs <- d; return nil }
				})
			})
			close(release)
			c.end(r)

			check := func(err error) {
				t.Helper()
				if c.err != nil {
					require.ErrorIs(t, err, c.err)
				}
				var p *actor.PanicError
				require.Equal(t, c.isPanic, errors.As(err, &p))
				if c.isPanic {
					require.Contains(t, string(p.Stack), "event_test.go")
				} else {
					require.Equal(t, c.err, err)
				}
			}
			failed := func(from chan actor.Event) {
				t.Helper()
				ev := recv(t, from)
				if ev.Kind == actor.Started {
					require.NotEqual(t, "PostStart", strings.Fields(name)[0], "Started is never sent")
					ev = recv(t, from)
				}
				require.Equal(t, actor.Failed, ev.Kind)
				require.Equal(t, r.Any(), ev.Actor)
				require.Nil(t, ev.State)
				check(ev.Err)
			}
			failed(events)
			failed(copies)
			check(recv(t, downs).Err)
			var exit *actor.ExitError
			require.ErrorAs(t, waitEnd(t, r), &exit)
			require.Equal(t, r.Any(), exit.Actor)
			check(exit.Unwrap())
			require.ErrorContains(t, exit, r.String())
		})
	}
}

func TestV10_EventsSayWhatHappened(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	r := spawn(t, ctx, idle(), actor.Named("luigi"))
	require.Contains(t, actor.Event{Kind: actor.Failed, Actor: r.Any(), Err: errTest}.String(), "luigi")
	require.Contains(t, actor.Event{Kind: actor.Failed, Actor: r.Any(), Err: errTest}.String(), "failed: "+errTest.Error())
	require.Equal(t, r.String()+" started", actor.Event{Kind: actor.Started, Actor: r.Any()}.String())
	require.Equal(t, "<no actor> terminated", actor.Event{Kind: actor.Terminated}.String())
	require.Equal(t, "EventKind(0)", actor.EventKind(0).String())
	require.Equal(t, "EventKind(9)", actor.EventKind(9).String())
}

// V12: only the direct parent is told, and a dead child's name is free by then
// (name_test has the restart).
func TestV12_GrandparentsAreNotTold(t *testing.T) {
	ctx, _ := newSystem(t, actor.Config{})
	top, topEvents := newPuppet(t, ctx)
	mid, midEvents := newPuppet(t, ctx, actor.LinkedTo(top.Any()))
	require.Equal(t, actor.Started, recv(t, topEvents).Kind)
	leaf := spawn(t, ctx, worker(), actor.LinkedTo(mid.Any()))
	require.Equal(t, actor.Started, recv(t, midEvents).Kind)
	require.NoError(t, killAndWait(leaf))
	require.Equal(t, actor.Terminated, recv(t, midEvents).Kind)
	do(t, top, func(*actor.Context[job]) {})
	none(t, topEvents)
}

// V13: events that are queued when the parent exits are discarded, and counted;
// children killed by a dying parent do not report to it.
func TestV13_EventsAtTheParentsEnd(t *testing.T) {
	ctx, sys := newSystem(t, actor.Config{})
	parent, events := newPuppet(t, ctx)
	const n = 10
	children := make([]actor.Ref[job], n)
	for i := range children {
		children[i] = spawn(t, ctx, worker(), actor.LinkedTo(parent.Any()))
		require.Equal(t, actor.Started, recv(t, events).Kind)
	}
	release := blocked(t, parent)
	for _, c := range children[1:] {
		require.NoError(t, killAndWait(c))
	}
	before := sys.Stats().DeadEvents
	parent.Kill()
	release()
	_ = waitEnd(t, parent)
	_ = waitEnd(t, children[0])
	none(t, events)
	// The last child may have been quicker than its parent, which lets its
	// children go when it comes to its own end.
	require.Contains(t, []uint64{before + n - 1, before + n}, sys.Stats().DeadEvents)
}

// lines is a log as JSON lines.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) take(t testing.TB) (all []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.buf.String()) {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		all = append(all, m)
	}
	l.buf.Reset()
	return all
}

// V14: one crash report of each failure, and what is in it.
func TestV14_CrashReport(t *testing.T) {
	log := new(lines)
	ctx, _ := newSystem(t, actor.Config{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	top, _ := newPuppet(t, ctx, actor.Named("top"))
	mid, _ := newPuppet(t, ctx, actor.Named("mid"), actor.LinkedTo(top.Any()))

	t.Run("panic", func(t *testing.T) {
		r := spawn(t, ctx, worker(), actor.Named("victim"), actor.LinkedTo(mid.Any()))
		release := blocked(t, r)
		require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { panic("no more") }))
		for range 5 {
			require.NoError(t, r.Cast(ctx, func(*actor.Context[job]) error { return nil }))
		}
		release()
		_ = waitEnd(t, r)
		reports := log.take(t)
		require.Len(t, reports, 1)
		report := reports[0]
		require.Equal(t, "ERROR", report["level"])
		require.Equal(t, r.String(), report["actor"])
		require.Contains(t, report["actor"], "victim")
		require.Contains(t, report["behaviour"], "actor.function[")
		require.Contains(t, report["reason"], "no more")
		require.Equal(t, []any{mid.String(), top.String()}, report["ancestors"])
		require.Contains(t, report["stack"], "TestV14_CrashReport")
		require.Equal(t, "actor_test.job", report["message"])
		require.EqualValues(t, 5, report["queue"])
	})

	t.Run("error of an actor that nobody supervises", func(t *testing.T) {
		r := spawn(t, ctx, fn(func(*actor.Context[int], int) error { return errTest }))
		require.NoError(t, r.Cast(ctx, 1))
		_ = waitEnd(t, r)
		reports := log.take(t)
		require.Len(t, reports, 1)
		require.Equal(t, errTest.Error(), reports[0]["reason"])
		require.Equal(t, "int", reports[0]["message"])
		require.NotContains(t, reports[0], "ancestors")
		require.NotContains(t, reports[0], "stack")
	})

	t.Run("not in a message", func(t *testing.T) {
		for name, a := range map[string]*boss[int]{
			"PostStart":         {plain: plain[int]{postStart: func(*actor.Context[int]) error { panic("!") }}},
			"HandleSupervision": {supervise: func(*actor.Context[int], actor.Event) error { panic("!") }},
			"PostStop":          {plain: plain[int]{postStop: func(*actor.Context[int]) error { panic("!") }}},
		} {
			r := spawn(t, ctx, a)
			switch name {
			case "HandleSupervision":
				_, _ = actor.Spawn(ctx, idle(), actor.LinkedTo(r.Any()))
			case "PostStop":
				r.Stop()
			}
			_ = waitEnd(t, r)
			reports := log.take(t)
			require.Len(t, reports, 1, name)
			require.NotContains(t, reports[0], "message", name)
		}
	})

	t.Run("none for other ends", func(t *testing.T) {
		for _, end := range []func(r actor.AnyRef){
			actor.AnyRef.Stop, actor.AnyRef.Drain, actor.AnyRef.Kill,
			func(r actor.AnyRef) { r.StopWith(errTest) },
		} {
			r := spawn(t, ctx, idle())
			end(r.Any())
			_ = waitEnd(t, r)
		}
		_, err := actor.Spawn(ctx, &plain[int]{preStart: func(*actor.Context[int]) error { return errTest }})
		require.ErrorIs(t, err, errTest)
		require.Empty(t, log.take(t))
	})
}
