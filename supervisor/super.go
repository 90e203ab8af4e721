package supervisor

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// super is the actor around a machine: it does what the machine decides, and
// never blocks but in a child's PreStart. Of these there is one a callback at
// most: between two, whatever is more urgent comes first, Shutdown above all.
type super struct {
	spec Spec
	born time.Time
	m    *machine

	queue   []request                // requests whose turn has not come
	asker   *rpc.Reply[answer]       // whose TerminateChild is under way
	started bool                     // this callback has started a child
	coming  bool                     // comeBack is under way
	halted  bool                     // our children were taken away: we are about to be stopped
	failure error                    // what PostStop is to return
	order   atomic.Pointer[[]charge] // the children, for the will; nil without one
	will    will
}

func newSuper(s Spec) (*super, error) {
	s, err := s.check()
	if err != nil {
		return nil, err
	}
	return &super{spec: s}, nil
}

// now is monotonic.
func (s *super) now() time.Duration { return time.Since(s.born) }

// PreStart starts the children, in order. If one fails, those before it are
// stopped, in reverse.
func (s *super) PreStart(ctx *actor.Context[request]) error {
	s.born = time.Now()
	s.m = newMachine(s.spec, chance(ctx))
	if s.spec.OnParentKill == Graceful {
		s.order.Store(new([]charge))
		s.will.make(ctx, s.plan)
	}
	for _, c := range s.spec.Children {
		k := s.m.add(c)
		if err := s.startFirst(ctx, k); err != nil {
			stopInOrder(s.charges())
			return &StartError{c.ID, err}
		}
	}
	s.spec.Children = nil // they live in the machine
	s.will.armed.Store(true)
	return nil
}

// startFirst is start in PreStart. If a supervisor was killed and this one takes its
// place, the children that have died with it may not have given back their names
// yet: their ends are waited for. Elsewhere that cannot be, for a child's own end
// is told when its name is free.
func (s *super) startFirst(ctx *actor.Context[request], k *kid) error {
	for {
		err := s.start(ctx, k)
		var taken *actor.NameTakenError
		if !errors.As(err, &taken) || taken.Owner.Status() < actor.Stopping {
			return err
		}
		_ = taken.Owner.Wait(ctx) // how it ends does not matter
		if ctx.Err() != nil {
			return err
		}
	}
}

// start starts k, and enters the success or that it is to be ignored.
func (s *super) start(ctx *actor.Context[request], k *kid) error {
	s.started = true
	var held actor.AnyRef
	if k.held != 0 {
		held = k.ref
	}
	ref, err := begin(ctx, k.Start, k.KeepMailbox, held)
	if other := s.m.live[ref.ID()]; err == nil && other != nil {
		err = fmt.Errorf("%w: Start returned %v, which is child %q", ErrExists, ref, other.ID)
	}
	switch {
	case err == nil:
		k.ref, k.nested = ref, isSupervisor(ref)
		s.m.started(s.now(), k, ref.ID())
		s.publish()
	case errors.Is(err, ErrIgnore):
		held.Stop()
		k.ref = actor.AnyRef{}
		s.m.ignored(k)
		s.publish()
		err = nil
	}
	return err
}

// Handle takes requests and timers.
func (s *super) Handle(ctx *actor.Context[request], q request) error {
	s.started = false
	if q.wake != nil {
		q.wake()
	} else {
		s.queue = append(s.queue, q)
	}
	s.advance(ctx)
	return nil
}

// HandleSupervision takes the ends of children. A Started says nothing new.
func (s *super) HandleSupervision(ctx *actor.Context[request], ev actor.Event) error {
	if ev.Kind == actor.Started {
		return nil
	}
	s.started = false
	who := ev.Actor.ID()
	switch k := s.m.live[who]; {
	case k == nil:
		if k := s.m.lost(who); k != nil {
			k.ref = actor.AnyRef{}
		}
	case ev.Kept:
		k.err = ev.Err
		s.m.kept(s.now(), who)
	default:
		k.err, k.ref = ev.Err, actor.AnyRef{}
		s.m.exited(s.now(), who, normal(ev))
	}
	s.publish()
	s.advance(ctx)
	return nil
}

// PostStop stops the children, in reverse order; what is queued is refused.
func (s *super) PostStop(*actor.Context[request]) error {
	s.refuse()
	if s.spec.OnParentKill == Graceful {
		s.will.execute()
	} else {
		stopInOrder(s.charges())
	}
	return s.failure
}

// refuse fails all requests that are under way.
func (s *super) refuse() {
	if s.asker != nil {
		s.asker.Fail(actor.ErrStopping)
		s.asker = nil
	}
	for _, q := range s.queue {
		q.reply.Fail(actor.ErrStopping)
	}
	s.queue = nil
}

// advance does what is to be done, until it has to wait for something.
func (s *super) advance(ctx *actor.Context[request]) {
	for ctx.Err() == nil && s.failure == nil {
		if s.halted {
			s.refuse()
			return
		}
		if s.asker != nil && s.m.target == nil {
			s.asker.Send(answer{})
			s.asker = nil
		}
		st := s.m.next(s.now())
		switch st.do {
		case rest:
			return
		case linger, idle:
			if !s.serve(ctx, st.do == idle) {
				return
			}
		case stop:
			dismiss(ctx, charge{st.kid.ref, deadline(st.kid.Shutdown, st.kid.nested)})
		case start:
			if s.started {
				s.comeBack(ctx)
				return
			}
			if k := st.kid; k.held != 0 && gone(ctx, k.ref) {
				ctx.Monitor(k.ref) // its end is on the way, and we go on from there
				return
			}
			s.restart(ctx, st.kid)
		case pause:
			over := func() { s.m.due(st.kid, st.number) }
			if st.wait > 0 {
				ctx.After(st.wait, request{wake: over})
				break
			}
			_ = actor.Post(ctx, func() error {
				over()
				return s.again(ctx)
			})
		case shutDown:
			ctx.Stop()
			return
		case giveUp:
			s.failure = fmt.Errorf("%w: child %q: more than %d in %v, the last after: %w",
				ErrRestartIntensity, st.kid.ID, max(s.spec.Intensity.Max, 0), s.spec.Intensity.Per, ending(st.kid.err))
			ctx.Stop()
			return
		}
	}
}

// ending is why a child has died.
func ending(err error) error {
	if err == nil {
		return errNormal
	}
	return err
}

var errNormal = errors.New("normal end")

// comeBack has advance called again, after all that is in the mailbox.
func (s *super) comeBack(ctx *actor.Context[request]) {
	if s.coming {
		return
	}
	s.coming = true
	_ = actor.Post(ctx, func() error { // refused only when we are ending
		s.coming = false
		return s.again(ctx)
	})
}

func (s *super) again(ctx *actor.Context[request]) error {
	s.started = false
	s.advance(ctx)
	return nil
}

// restart starts a child that has died.
func (s *super) restart(ctx *actor.Context[request], k *kid) {
	err := s.start(ctx, k)
	switch {
	case err == nil:
		k.restarts++
	case ctx.Err() != nil: // we are killed, hence the failure
	case errors.Is(err, actor.ErrStopping) && disowned(ctx):
		s.halted = true
	case errors.Is(err, actor.ErrNotKept): // it was stopped just now; it ends, and a new one is started
		k.ref.Kill()
	default:
		k.err = err
		ctx.Logger().Warn("supervisor: restart failed", slog.String("child", k.ID), slog.Any("error", err))
		s.m.failed(s.now(), k)
	}
}

// disowned says that we may have no children any more, because StopTree has
// taken them: it will stop us when it has stopped them.
func disowned(ctx *actor.Context[request]) bool {
	r, err := actor.SpawnLinked(ctx, actor.Func(func(*actor.Context[struct{}], struct{}) error { return nil }))
	if err == nil {
		r.Stop()
	}
	return errors.Is(err, actor.ErrStopping)
}

// serve serves the first request of the queue; false: there is none, or its
// turn has not come. In the pause of a round only those are served that need
// nothing done.
func (s *super) serve(ctx *actor.Context[request], idle bool) bool {
	if len(s.queue) == 0 {
		s.queue = nil
		return false
	}
	q := &s.queue[0]
	if !q.reply.Abandoned() {
		if !idle && s.acts(q) {
			return false
		}
		if q.verb == startChild || q.verb == restartChild {
			if s.started {
				s.comeBack(ctx)
				return false
			}
		}
		if k := s.m.ids[q.id]; k != nil && k.state == up && k.ref.Status() == actor.Stopped {
			// Its end is on the way, unless it has unlinked itself: then this
			// is where we hear of it.
			ctx.Monitor(k.ref)
			s.comeBack(ctx)
			return false
		}
		s.perform(ctx, q)
	}
	s.queue[0] = request{}
	s.queue = s.queue[1:]
	return true
}

// acts says whether a request, served now, would start, stop or change a child.
func (s *super) acts(q *request) bool {
	k := s.m.ids[q.id]
	switch q.verb {
	case startChild:
		return k == nil
	case terminateChild:
		return k != nil
	case restartChild, deleteChild:
		return k != nil && k.state == down
	default:
		return false
	}
}

// perform serves a request.
func (s *super) perform(ctx *actor.Context[request], q *request) {
	k := s.m.ids[q.id]
	switch q.verb {
	case whichChildren:
		q.reply.Send(answer{infos: s.infos()})
		return
	case countChildren:
		q.reply.Send(answer{counts: s.counts()})
		return
	case dynamicType, startDynamic, terminateDynamic:
		q.reply.Fail(fmt.Errorf("%w: it is not dynamic", actor.ErrWrongType))
		return
	case startChild:
		s.startChild(ctx, q, k)
		return
	}
	if k == nil {
		q.reply.Fail(of(ErrNotFound, q.id))
		return
	}
	switch q.verb {
	case findChild:
		if k.state != up {
			q.reply.Fail(of(standing(k), q.id))
			return
		}
		q.reply.Send(answer{ref: k.ref})
	case terminateChild:
		s.m.terminate(k)
		s.publish()
		asker := q.reply
		s.asker = &asker // told as soon as the machine has done it
	case deleteChild:
		if k.state != down {
			q.reply.Fail(of(standing(k), q.id))
			return
		}
		s.m.remove(k)
		q.reply.Send(answer{})
	case restartChild:
		if k.state != down {
			q.reply.Fail(of(standing(k), q.id))
			return
		}
		if err := s.start(ctx, k); err != nil {
			q.reply.Fail(&StartError{k.ID, err})
			return
		}
		q.reply.Send(answer{ref: k.ref})
	}
}

// standing is the error that says where a child is.
func standing(k *kid) error {
	switch k.state {
	case up, leaving:
		return ErrRunning
	case waiting:
		return ErrRestarting
	default:
		return ErrNotRunning
	}
}

func (s *super) startChild(ctx *actor.Context[request], q *request, k *kid) {
	if k != nil {
		q.reply.Fail(fmt.Errorf("%w (%w)", of(ErrExists, q.id), standing(k)))
		return
	}
	if err := q.child.check(s.spec.AutoShutdown); err != nil {
		q.reply.Fail(err)
		return
	}
	k = s.m.add(*q.child)
	if err := s.start(ctx, k); err != nil {
		s.m.remove(k)
		q.reply.Fail(&StartError{q.id, err})
		return
	}
	q.reply.Send(answer{ref: k.ref})
}

func (s *super) infos() []Info {
	infos := make([]Info, len(s.m.kids))
	for i, k := range s.m.kids {
		infos[i] = Info{
			ID: k.ID, Actor: k.ref, Restart: k.Restart, Restarts: k.restarts,
			Restarting: k.state == waiting, Supervisor: k.nested,
		}
		if k.held != 0 {
			infos[i].Actor = actor.AnyRef{}
		}
	}
	return infos
}

func (s *super) counts() Counts {
	c := Counts{Specs: len(s.m.kids)}
	for _, k := range s.m.kids {
		if k.state == up || k.state == leaving {
			c.Active++
		}
		if k.nested {
			c.Supervisors++
		} else {
			c.Workers++
		}
	}
	return c
}

// charges are the children that run, or wait with their mailbox, in the order of
// their start.
func (s *super) charges() []charge {
	var charges []charge
	for _, k := range s.m.kids {
		if k.state == up || k.state == leaving || k.held != 0 {
			charges = append(charges, charge{k.ref, deadline(k.Shutdown, k.nested)})
		}
	}
	return charges
}

// publish tells the will of a change.
func (s *super) publish() {
	if s.spec.OnParentKill == Graceful {
		charges := s.charges()
		s.order.Store(&charges)
	}
}

// plan is for the will: any goroutine calls it. A child that is linked but not
// in the published order is just being started, and hence the last.
func (s *super) plan(children []actor.AnyRef) func() {
	charges := slices.Clone(*s.order.Load())
	for _, r := range children {
		if !slices.ContainsFunc(charges, func(c charge) bool { return c.ref == r }) {
			charges = append(charges, charge{r, defaultShutdown})
		}
	}
	return func() { stopInOrder(charges) }
}
