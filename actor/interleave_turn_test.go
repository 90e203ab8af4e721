//go:build interleave

package actor

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ractor-go/ractor/internal/weave"
	"github.com/ractor-go/ractor/sched"
)

// Proofs: an actor's turn, as it goes to sleep or is held, against all who want something of it. The mailbox, the
// words of the life and the exit are the real ones; there is one worker, which is a thread.

// oneWorker drives the System of a proof: what is submitted lies in a slot, from which the worker takes it. Nobody may
// submit the actor again before that.
type oneWorker struct {
	submitted weave.Slot[*sched.Task]
	now       time.Duration
}

func (w *oneWorker) Now() time.Duration   { return w.now }
func (w *oneWorker) Rand() uint64         { return 0 }
func (w *oneWorker) Submit(t *sched.Task) { w.submitted.Put(t) }
func (w *oneWorker) Start(func())         {}
func (w *oneWorker) Armed(time.Duration)  {}

// stage is a System with one actor, which sleeps, and its worker. The actor's mailbox has a bound, which nobody
// reaches: the nodes of one without come from a sync.Pool, and so by chance.
type stage struct {
	*weave.Run

	worker *oneWorker
	sys    *System
	ctx    *Context[int]
	me     Ref[int]

	timer    sched.Expirer // of a CastAfter, off the wheel already
	accepted int           // messages
	handled  []int
	stopped  int // how often PostStop has run
	asked    int // looks that were accepted
	looks    int // and those that were run
}

func (s *stage) Handle(_ *Context[int], m int) error {
	s.handled = append(s.handled, m)
	return nil
}

func (s *stage) PostStop(*Context[int]) error {
	s.stopped++
	return nil
}

func newStage(r *weave.Run) *stage {
	s := &stage{Run: r, worker: &oneWorker{submitted: weave.NewSlot[*sched.Task]()}}
	var err error
	s.sys, err = NewSystem(Config{Sched: sched.Config{Driver: s.worker}})
	require.NoError(r, err)
	s.me, err = Spawn(WithSystem(context.Background(), s.sys), s, Bounded(8, Refuse))
	require.NoError(r, err)
	s.ctx = (*Context[int])(s.me.c.task.Runner.(*turner[int]))
	car := s.sys.sched.NewCarrier()
	car.Leave() // it stands for the worker, and not for this goroutine
	running := false
	r.Daemon("worker", func() {
		for {
			t := s.worker.submitted.Take()
			r.Checkf(!running, "two workers")
			running = true
			for again := true; again; {
				again = t.Runner.Turn(car) // without a sched.Worker: a turn is one callback
			}
			running = false
		}
	})
	r.Settle()
	return s
}

// wants is one thread that wants something of the actor, and what it must have got in the end.
type wants struct {
	name string
	do   func(s *stage)
	then func(s *stage)
}

func ended(s *stage) {
	require.Equal(s, Stopped, s.me.Status(), "it was to end")
	require.EqualValues(s, 0, s.sys.Stats().Live)
}

// everything is what can be wanted of an actor that runs.
func everything() []wants {
	accepted := func(s *stage) { // a message that was accepted is handled, or a dead letter
		letters := 0
		for _, n := range s.sys.Stats().DeadLetters {
			letters += int(n)
		}
		require.Equal(s, s.accepted, len(s.handled)+letters, "of those that were accepted")
	}
	return []wants{
		{"cast", func(s *stage) {
			if s.me.Cast(context.Background(), 1) == nil {
				s.accepted++
			}
		}, accepted},
		{"timer", func(s *stage) {
			if e := s.timer; e != nil { // of two threads one has it
				s.timer = nil
				s.accepted++
				e.Expire()
			}
		}, accepted},
		{"stop", func(s *stage) { s.me.Stop() }, ended},
		{"stop with a reason", func(s *stage) { s.me.StopWith(ErrFailed) }, ended},
		{"drain", func(s *stage) { s.me.Drain() }, ended},
		{"kill", func(s *stage) { s.me.Kill() }, ended},
	}
}

// turn has an actor that is about to go to sleep meet two who want something of it.
func turn(r *weave.Run, a, b wants) {
	s := newStage(r)
	s.me.CastAfter(time.Hour, 3)
	s.worker.now = 2 * time.Hour
	s.timer = s.sys.sched.Due()
	require.NoError(r, s.me.Cast(context.Background(), 0))
	s.accepted = 1
	for _, w := range []wants{a, b} {
		if w.do != nil {
			r.Go(w.name, func() { w.do(s) })
		}
	}
	r.End(func() {
		for _, w := range []wants{a, b} {
			if w.do != nil {
				w.then(s)
			}
		}
		require.LessOrEqual(r, s.stopped, 1)
	})
}

// No wakeup is lost (design, section 5): whatever comes while the actor handles its last message and goes to sleep
// is seen..
func TestInterleaveTurn(t *testing.T) {
	all := everything()
	for i, a := range all {
		t.Run(a.name, func(t *testing.T) {
			weave.Explore(t, weave.Options{}, func(r *weave.Run) { turn(r, a, wants{}) })
		})
		for _, b := range all[i:] {
			t.Run(a.name+" and "+b.name, func(t *testing.T) {
				weave.Explore(t, weave.Options{Bound: 2}, func(r *weave.Run) { turn(r, a, b) })
			})
		}
	}
}

// suspended has an actor that is suspended, and about to be held, meet one who ends that, or asks, or ends the actor,
// and one who sends.
func suspended(r *weave.Run, a wants, send bool) {
	s := newStage(r)
	require.True(r, s.me.c.suspend(func(any) { s.looks++ }))
	s.asked = 1
	r.Go(a.name, func() { a.do(s) })
	if send {
		r.Go("cast", func() {
			if s.me.Cast(context.Background(), 1) == nil {
				s.accepted++
			}
		})
	}
	r.End(func() {
		if s.me.Status() < Stopping {
			require.Equal(r, s.asked, s.looks, "questions that were answered")
		}
		a.then(s)
		require.LessOrEqual(r, s.stopped, 1)
	})
}

// No wakeup of a held actor is lost (hold.go): who resumes it has all that was sent handled, who asks is answered,
// who ends it sees it end.
func TestInterleaveHold(t *testing.T) {
	resumed := func(s *stage) {
		require.False(s, s.me.c.has(heldFlag))
		require.Len(s, s.handled, s.accepted, "what was sent is handled")
	}
	held := func(s *stage) {
		require.True(s, s.me.c.has(heldFlag))
		require.Empty(s, s.handled)
	}
	for _, a := range []wants{
		{"resume", func(s *stage) { _ = Resume(s.me.Any()) }, resumed},
		{"ask", func(s *stage) {
			if s.me.c.ask(func(any) { s.looks++ }) {
				s.asked++
			}
		}, held},
		{"resume and suspend", func(s *stage) {
			_ = Resume(s.me.Any())
			if s.me.c.suspend(func(any) { s.looks++ }) {
				s.asked++
			}
		}, func(s *stage) { require.True(s, s.me.c.has(heldFlag)) }},
		{"stop", func(s *stage) { s.me.Stop() }, ended},
		{"stop with a reason", func(s *stage) { s.me.StopWith(ErrFailed) }, ended},
		{"kill", func(s *stage) { s.me.Kill() }, ended},
	} {
		t.Run(a.name, func(t *testing.T) {
			weave.Explore(t, weave.Options{}, func(r *weave.Run) { suspended(r, a, false) })
		})
		t.Run(a.name+" and cast", func(t *testing.T) {
			weave.Explore(t, weave.Options{Bound: 2}, func(r *weave.Run) { suspended(r, a, true) })
		})
	}
}

// Who suspends an actor that drains has it held, or is refused, and then it ends: its flag stays behind in neither case.
func TestInterleaveSuspendMeetsDrain(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) {
		s := newStage(r)
		refused := false
		r.Go("drain", func() { s.me.Drain() })
		r.Go("suspend", func() { refused = !s.me.c.suspend(func(any) { s.looks++ }) })
		r.End(func() {
			if refused {
				ended(s)
				return
			}
			if s.me.Status() < Stopping {
				require.Equal(r, 1, s.looks)
				require.True(r, s.me.c.has(heldFlag))
			}
		})
	})
}

// A child that ends while it is being linked is refused, or it finds its parent and can tell it (adopt, orphan): a
// parent is left with no child that has ended.
func TestInterleaveAdopt(t *testing.T) {
	weave.Explore(t, weave.Options{}, func(r *weave.Run) {
		parent, child := &cell{}, &cell{}
		for _, c := range []*cell{parent, child} {
			c.life.Store(uint32(Running))
		}
		var refusal error
		var told *cell
		r.Go("link", func() { refusal = child.adopt(parent) })
		r.Go("end", func() {
			child.advance(Stopping)
			told, _ = child.orphan()
		})
		r.End(func() {
			require.Empty(r, parent.children())
			if refusal == nil {
				require.Same(r, parent, told, "the parent hears of the end")
			} else {
				require.ErrorIs(r, refusal, ErrStopped)
				require.Nil(r, told)
			}
		})
	})
}
