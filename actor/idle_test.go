package actor_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/actor"
)

// nap is a message of a sleeper: something to do, or an idle message.
type nap struct {
	idle string // not "": an idle message
	do   func(in *actor.Context[nap]) error
}

// sleeper notes its idle messages.
type sleeper struct {
	log dozes
	err error // what it returns to an idle message
}

// dozes is what was noted when, since it began.
type dozes struct {
	begin time.Time
	mu    sync.Mutex
	list  []doze
}

func (d *dozes) add(idle string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, doze{time.Since(d.begin), idle})
}

func (d *dozes) all() []doze {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list)
}

type doze struct {
	at   time.Duration
	idle string
}

func (s *sleeper) Handle(in *actor.Context[nap], m nap) error {
	if m.do != nil {
		return m.do(in)
	}
	s.log.add(m.idle)
	return s.err
}

// sleeping runs f in a bubble with an actor, and a function that has it do
// something, now.
func sleeping(t *testing.T, f func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(in *actor.Context[nap]) error)), opts ...actor.Option) {
	t.Helper()
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		s := &sleeper{log: dozes{begin: time.Now()}}
		r := spawn[*sleeper, nap](t, ctx, s, opts...)
		f(t, s, r, func(what func(in *actor.Context[nap]) error) {
			require.NoError(t, r.Cast(ctx, nap{do: what}))
			after(0)
		})
	})
}

// idling returns what sets Idle.
func idling(d time.Duration, what string) func(in *actor.Context[nap]) error {
	return func(in *actor.Context[nap]) error { in.Idle(d, nap{idle: what}); return nil }
}

func nothing(*actor.Context[nap]) error { return nil }

const second = time.Second

func TestIdleFiresAndRepeats(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		do(idling(10*second, "zz"))
		require.Equal(t, 1, actor.Timers(r.Any()))
		after(10*second - 1)
		require.Empty(t, s.log.all())
		after(1)
		require.Equal(t, []doze{{10 * second, "zz"}}, s.log.all())
		require.Equal(t, 1, actor.Timers(r.Any()))
		after(25 * second)
		require.Equal(t, []doze{{10 * second, "zz"}, {20 * second, "zz"}, {30 * second, "zz"}}, s.log.all())
	})
}

func TestIdleIsResetByEachMessage(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		do(idling(10*second, "zz"))
		for range 100 {
			after(4 * second)
			do(nothing)
			require.Equal(t, 1, actor.Timers(r.Any()), "messages pile up no timers")
		}
		require.Empty(t, s.log.all())
		after(10*second - 1)
		require.Empty(t, s.log.all())
		after(1)
		require.Equal(t, []doze{{410 * second, "zz"}}, s.log.all())
		do(nothing)
		after(3 * second)
		do(nothing)
		after(10 * second)
		require.Equal(t, []doze{{410 * second, "zz"}, {423 * second, "zz"}}, s.log.all())
	})
}

func TestIdleIsTurnedOff(t *testing.T) {
	for _, d := range []time.Duration{0, -1} {
		sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
			do(idling(d, "never")) // off when it is off
			do(idling(10*second, "zz"))
			after(10 * second)
			do(idling(d, "never"))
			require.Zero(t, actor.Timers(r.Any()))
			after(time.Hour)
			require.Equal(t, []doze{{10 * second, "zz"}}, s.log.all())
		})
	}
}

func TestIdleIsReplaced(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		for range 1000 { // a handler that calls it for each message
			do(idling(time.Hour, "late"))
		}
		do(idling(10*second, "first"))
		require.Equal(t, 1, actor.Timers(r.Any()))
		after(5 * second)
		do(func(in *actor.Context[nap]) error {
			in.Idle(1*second, nap{idle: "not this"})
			in.Idle(0, nap{})
			in.Idle(7*second, nap{idle: "second"})
			return nil
		})
		require.Equal(t, 1, actor.Timers(r.Any()))
		after(15 * second)
		require.Equal(t, []doze{{12 * second, "second"}, {19 * second, "second"}}, s.log.all())
	})
}

// The check of an Idle that was replaced while it was queued does nothing.
func TestIdleReplacedWhileItsCheckIsQueued(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		do(idling(10*second, "first"))
		open := make(chan struct{})
		do(func(in *actor.Context[nap]) error {
			<-open
			in.Idle(20*second, nap{idle: "second"})
			return nil
		})
		after(15 * second)
		close(open)
		after(0)
		require.Equal(t, 1, actor.Timers(r.Any()))
		after(20 * second)
		require.Equal(t, []doze{{35 * second, "second"}}, s.log.all())
	})
}

func TestIdleWithBecome(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, _ actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		other := &dozes{begin: s.log.begin}
		become := func(in *actor.Context[nap]) error {
			in.Become(func(in *actor.Context[nap], m nap) error {
				if m.do != nil {
					return m.do(in)
				}
				other.add(m.idle)
				return nil
			})
			return nil
		}
		do(idling(10*second, "zz"))
		do(become)
		after(10 * second)
		require.Equal(t, []doze{{10 * second, "zz"}}, other.all(), "Become keeps Idle, and is told")
		do(func(in *actor.Context[nap]) error { in.Become(nil); return nil })
		after(10 * second)
		require.Equal(t, []doze{{20 * second, "zz"}}, s.log.all())
		do(become)
		do(idling(0, ""))
		do(func(in *actor.Context[nap]) error { in.Idle(5*second, nap{idle: "again"}); return nil })
		after(5 * second)
		require.Equal(t, []doze{{10 * second, "zz"}, {25 * second, "again"}}, other.all(), "Idle off and on keeps Become")
		require.Len(t, s.log.all(), 1)
	})
}

func TestIdleInsideItsOwnMessage(t *testing.T) {
	virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
		begin := time.Now()
		var seen []tock
		r := spawn(t, ctx, fn(func(in *actor.Context[int], m int) error {
			seen = append(seen, tock{at: time.Since(begin), m: m})
			in.Idle(time.Duration(3-m)*second, m+1) // 3 s, 2 s, 1 s, off
			return nil
		}))
		require.NoError(t, r.Cast(ctx, 0))
		after(time.Hour)
		require.Equal(t, []tock{{at: 0, m: 0}, {at: 3 * second, m: 1}, {at: 5 * second, m: 2}, {at: 6 * second, m: 3}}, seen)
		require.Zero(t, actor.Timers(r.Any()))
	})
}

func TestIdleFromTheStart(t *testing.T) {
	start := func(in *actor.Context[int]) error { in.Idle(10*second, 7); return nil }
	for name, a := range map[string]*plain[int]{"PreStart": {preStart: start}, "PostStart": {postStart: start}} {
		virtual(t, func(t *testing.T, ctx context.Context, _ *actor.System) {
			got := make(chan int, 10)
			a.handle = func(_ *actor.Context[int], m int) error { got <- m; return nil }
			spawn[*plain[int], int](t, ctx, a)
			after(10*second - 1)
			none(t, got)
			after(1)
			require.Equal(t, 7, recv(t, got), name)
		})
	}
}

func TestIdleEndsWithTheActor(t *testing.T) {
	for name, end := range map[string]func(r actor.Ref[nap]){
		"stop":  actor.Ref[nap].Stop,
		"kill":  actor.Ref[nap].Kill,
		"drain": actor.Ref[nap].Drain,
		"fail": func(r actor.Ref[nap]) {
			_ = r.Cast(context.Background(), nap{do: func(*actor.Context[nap]) error { return errTest }})
		},
	} {
		t.Run(name, func(t *testing.T) {
			sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
				do(idling(10*second, "zz"))
				end(r)
				after(0)
				require.Equal(t, actor.Stopped, r.Status())
				require.Zero(t, actor.Timers(r.Any()))
				after(time.Hour)
				require.Empty(t, s.log.all())
			})
		})
	}
}

func TestAnErrorOfTheIdleMessageEndsTheActor(t *testing.T) {
	sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
		s.err = errTest
		do(idling(10*second, "zz"))
		after(time.Hour)
		require.ErrorIs(t, waitEnd(t, r), errTest)
		require.Equal(t, []doze{{10 * second, "zz"}}, s.log.all())
		require.Zero(t, actor.Timers(r.Any()))
	})
}

// A handler that takes longer than d is no silence, nor is a message that waits
// behind it; and a bounded mailbox that is full at that moment loses nothing.
func TestIdleWhileBusy(t *testing.T) {
	for name, opts := range map[string][]actor.Option{
		"unbounded":   nil,
		"full":        {actor.Bounded(1, actor.Refuse)},
		"drop oldest": {actor.Bounded(1, actor.DropOldest)},
	} {
		t.Run(name, func(t *testing.T) {
			sleeping(t, func(t *testing.T, s *sleeper, r actor.Ref[nap], do func(func(*actor.Context[nap]) error)) {
				open := make(chan struct{})
				do(idling(10*second, "zz"))
				do(func(*actor.Context[nap]) error { <-open; return nil })
				if name != "drop oldest" {
					do(nothing)
				}
				after(25 * second)
				if name == "drop oldest" {
					do(nothing) // takes the check's place, which comes after it then
				}
				require.Empty(t, s.log.all())
				close(open)
				after(10*second - 1)
				require.Empty(t, s.log.all())
				after(1)
				require.Equal(t, []doze{{35 * second, "zz"}}, s.log.all())
				require.Equal(t, 1, actor.Timers(r.Any()))
			}, opts...)
		})
	}
}
