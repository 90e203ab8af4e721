package supervisor

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// crew is the actor behind a Dynamic. Its children know no order and nothing of
// each other, so it needs no machine and no queue: each child is stopped,
// restarted and waited for on its own.
type crew struct {
	spec  DynamicSpec
	proto reflect.Type
	start func(parent actor.Inside, arg any) (actor.AnyRef, error)
	born  time.Time

	// hands are the children, by their last incarnation.
	hands   map[actor.ID]*hand
	hired   int // so many there were
	active  int // those that run
	nested  int // those that are supervisors
	past    window
	failure error
	halted  bool
	will    will
}

// hand is one child.
type hand struct {
	number   int // in the order of the first starts
	arg      any
	ref      actor.AnyRef
	row      row
	restarts int
	state    state
	held     bool                // ref has failed and waits with its mailbox
	due      bool                // and is to be followed by a new one as soon as it has ended
	askers   []rpc.Reply[answer] // of TerminateChild
}

func (c *crew) now() time.Duration { return time.Since(c.born) }

// PreStart has no children to start.
func (c *crew) PreStart(ctx *actor.Context[request]) error {
	c.born = time.Now()
	if c.spec.OnParentKill == Graceful {
		c.will.make(ctx, func(children []actor.AnyRef) func() {
			return func() { stopTogether(children, c.spec.Shutdown) }
		})
		c.will.armed.Store(true)
	}
	return nil
}

// Handle takes requests and timers.
func (c *crew) Handle(ctx *actor.Context[request], q request) error {
	switch q.verb {
	case startDynamic:
		c.hired++
		h := &hand{number: c.hired, arg: q.arg}
		if err := c.begin(ctx, h); err != nil && !errors.Is(err, ErrIgnore) {
			q.reply.Fail(err)
			return nil
		}
		q.reply.Send(answer{ref: h.ref})
	case terminateDynamic:
		c.terminate(ctx, q)
	case whichChildren:
		q.reply.Send(answer{infos: c.infos()})
	case countChildren:
		n := len(c.hands)
		q.reply.Send(answer{counts: Counts{Specs: n, Active: c.active, Supervisors: c.nested, Workers: n - c.nested}})
	case dynamicType:
		q.reply.Send(answer{proto: c.proto})
	default:
		if q.wake != nil {
			q.wake()
			return nil
		}
		q.reply.Fail(ErrDynamic)
	}
	return nil
}

// begin starts a child.
func (c *crew) begin(ctx *actor.Context[request], h *hand) error {
	var held actor.AnyRef
	if h.held {
		held = h.ref
	}
	start := func(parent actor.Inside) (actor.AnyRef, error) { return c.start(parent, h.arg) }
	r, err := begin(ctx, start, c.spec.KeepMailbox, held)
	if err != nil {
		return err
	}
	h.ref, h.state, h.held, h.row.since = r, up, false, c.now()
	c.hands[r.ID()] = h
	c.active++
	if isSupervisor(r) {
		c.nested++
	}
	return nil
}

// HandleSupervision takes the ends of children. A Started says nothing new.
func (c *crew) HandleSupervision(ctx *actor.Context[request], ev actor.Event) error {
	if ev.Kind == actor.Started {
		return nil
	}
	who := ev.Actor.ID()
	h := c.hands[who]
	switch {
	case h == nil: // not ours, or not any more
		return nil
	case h.state == waiting: // told already, unless it waited with its mailbox
		if h.held && !ev.Kept {
			h.held = false
			if h.due {
				h.due = false
				c.restart(ctx, who, h)
			}
		}
		return nil
	case h.state == leaving && ev.Kept: // it was told to stop: its end follows
		return nil
	}
	h.held = ev.Kept
	c.active--
	if isSupervisor(h.ref) {
		c.nested--
	}
	if h.state == leaving || !c.spec.Restart.wants(normal(ev)) {
		delete(c.hands, who)
		h.answer()
		return nil
	}
	h.state = waiting
	if d, ok := c.delay(ctx, h, true, ev.Err); ok && d == 0 {
		c.restart(ctx, who, h)
	} else if ok {
		c.pause(ctx, who, h, d)
	}
	return nil
}

// delay counts a restart and says after which delay it comes; false: it was one
// too many.
func (c *crew) delay(ctx *actor.Context[request], h *hand, lived bool, err error) (time.Duration, bool) {
	now := c.now()
	if !c.past.add(now, c.spec.Intensity) {
		c.failure = fmt.Errorf("%w: child %v: more than %d in %v, the last after: %w",
			ErrRestartIntensity, h.ref, max(c.spec.Intensity.Max, 0), c.spec.Intensity.Per, ending(err))
		ctx.Stop()
		return 0, false
	}
	return h.row.next(now, lived, c.spec.Backoff, chance(ctx)), true
}

// pause restarts a child later; after 0, behind what is in the mailbox.
func (c *crew) pause(ctx *actor.Context[request], who actor.ID, h *hand, d time.Duration) {
	over := func() {
		if c.hands[who] == h && h.state == waiting { // it was not terminated meanwhile
			c.restart(ctx, who, h)
		}
	}
	if d > 0 {
		ctx.After(d, request{wake: over})
		return
	}
	_ = actor.Post(ctx, func() error { over(); return nil }) // refused only when we are ending
}

// restart starts a child again whose last incarnation was who.
func (c *crew) restart(ctx *actor.Context[request], who actor.ID, h *hand) {
	if c.failure != nil || c.halted {
		return
	}
	if h.held && gone(ctx, h.ref) {
		h.due = true
		ctx.Monitor(h.ref) // its end is on the way, and we go on from there
		return
	}
	err := c.begin(ctx, h)
	switch {
	case err == nil:
		h.restarts++
		if h.ref.ID() != who {
			delete(c.hands, who)
		}
	case errors.Is(err, ErrIgnore):
		if h.held {
			h.ref.Stop()
		}
		delete(c.hands, who)
	case ctx.Err() != nil: // we are killed, hence the failure
	case errors.Is(err, actor.ErrStopping) && disowned(ctx):
		c.halted = true
	case errors.Is(err, actor.ErrNotKept): // it was stopped just now; it ends, and a new one is started
		h.due = true
		h.ref.Kill()
	default:
		ctx.Logger().Warn("supervisor: restart failed", slog.String("child", h.ref.String()), slog.Any("error", err))
		if d, ok := c.delay(ctx, h, false, err); ok {
			c.pause(ctx, who, h, d)
		}
	}
}

// terminate serves TerminateChild.
func (c *crew) terminate(ctx *actor.Context[request], q request) {
	h := c.hands[q.ref.ID()]
	switch {
	case h == nil:
		q.reply.Fail(of(ErrNotFound, q.ref.String()))
	case h.state == waiting && !h.held:
		delete(c.hands, q.ref.ID())
		q.reply.Send(answer{})
	default:
		h.askers = append(h.askers, q.reply)
		if h.state == waiting { // with its mailbox
			h.state = up
			c.active++
		}
		if h.state == up {
			h.state = leaving
			dismiss(ctx, charge{h.ref, c.spec.Shutdown})
		}
	}
}

// answer tells those who have asked for the child's end.
func (h *hand) answer() {
	for _, r := range h.askers {
		r.Send(answer{})
	}
}

// inOrder are the children in the order of their first starts: that of the map
// would be another one each time.
func (c *crew) inOrder() []*hand {
	return slices.SortedFunc(maps.Values(c.hands), func(a, b *hand) int { return cmp.Compare(a.number, b.number) })
}

func (c *crew) infos() []Info {
	infos := make([]Info, 0, len(c.hands))
	for _, h := range c.inOrder() {
		i := Info{ID: h.ref.String(), Actor: h.ref, Restart: c.spec.Restart, Restarts: h.restarts, Supervisor: isSupervisor(h.ref)}
		if i.Restarting = h.state == waiting; i.Restarting {
			i.Actor = actor.AnyRef{}
		}
		infos = append(infos, i)
	}
	return infos
}

// PostStop stops the children, all at once.
func (c *crew) PostStop(*actor.Context[request]) error {
	if c.spec.OnParentKill == Graceful {
		c.will.execute()
		return c.failure
	}
	refs := make([]actor.AnyRef, 0, c.active)
	for _, h := range c.inOrder() {
		if h.state != waiting || h.held {
			refs = append(refs, h.ref)
		}
	}
	c.hands = nil
	stopTogether(refs, c.spec.Shutdown)
	return c.failure
}
