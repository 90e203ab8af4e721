package actor

import (
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/internal/weave"
	"github.com/ractor-go/ractor/mailbox"
	"github.com/ractor-go/ractor/registry"
	"github.com/ractor-go/ractor/sched"
)

// ID names an actor in its System for ever; it is opaque, and never reused.
type ID = registry.ID

// cell is the part of an actor that knows no message type. An actor is one
// object: a Context[M], which begins with its cell. A Ref points at the cell.
//
// Who has no name, child, monitor, timer or waiter has no rare part. With a
// mailbox of 40 bytes and the behaviour's 16 the whole is 144 bytes.
type cell struct {
	task   sched.Task // its Runner is the *turner[M], a proxy, or a *remote
	kind   *kind
	life   weave.Uint32  // see life.go
	taken  atomic.Uint32 // messages taken out of the mailbox and not handled, as of the last time it mattered
	id     ID
	seq    uint64              // the order of spawning
	parent weave.Pointer[cell] // written under the parent's rare.mu
	older  *cell               // siblings, guarded by the parent's rare.mu
	newer  *cell
	rare   weave.Pointer[rare]
}

// core is what the untyped parts need of the typed one; *turner[M] has it.
type core interface {
	sched.Runner
	control(l mailbox.Lane, n notice) mailbox.Outcome
	wake() bool
	queued() int
	postpone(tag any) error
	abandon()
}

func (c *cell) core() core { return c.task.Runner.(core) } //nolint:forcetypeassert // proxies and shims never get here

// rare is what only some actors have.
type rare struct {
	mu weave.Mutex

	name     string
	children *cell    // guarded by mu: the youngest; a list through older
	count    int      // guarded by mu: how many
	closed   bool     // guarded by mu: takes no more children
	watchers *watcher // guarded by mu: the youngest; a list through older

	watchMu  sync.Mutex
	watching map[watchKey]*watcher // guarded by watchMu: this actor's monitors

	done      chan struct{}         // guarded by mu: closed at Stopped; made when somebody waits
	reason    error                 // written before Stopped: why it ended, nil if gracefully
	killCause atomic.Pointer[error] // nil is ErrKilled
	cancel    cancellation
	hooks     []*stoppingHook // guarded by mu
	hooked    weave.Bool      // there may be a hook
	hookMu    weave.Mutex     // held while hooks run
	hooking   atomic.Uintptr  // the goroutine that runs them
	timers    sched.Group     // those that are armed
	own       sched.Group     // of an actor with KeepMailbox: those that its value has armed
	grace     sched.Timer     // KillGrace
	pending   *cell           // SpawnInstant: the parent to be
	starting  atomic.Uint64   // the number of the goroutine that runs PreStart
	lives     atomic.Uint32   // written under mu: values that have failed, see keep.go
	reviving  sync.Mutex      // see await

	// For the actor's own turn alone.
	owed   []*Ticket  // answers it has not given yet
	swept  int        // len(owed) at which it is looked through again
	late   []lateItem // what found a bounded mailbox full and may not be lost
	stash  []any      // what Stash keeps: kept[M]
	popped uint64     // messages popped while late was not empty
	missed int        // ticks that are in the timer message being handled
	last   string     // the type of the message that made the actor crash
	// Of an actor with KeepMailbox.
	failing any   // an envelope: the message that made it crash
	failure error // why it has no value
	before  int   // len(late) when its revival began

	monitors MonitorID // the last one given
}

// extra returns the rare part, making it if there is none.
func (c *cell) extra() *rare {
	if r := c.rare.Load(); r != nil {
		return r
	}
	r := new(rare)
	if c.rare.CompareAndSwap(nil, r) {
		return r
	}
	return c.rare.Load()
}

// notice is an item of a control lane.
type notice struct {
	event  Event
	reason error  // Stop
	linked bool   // the event is a linked child's
	lives  uint32 // then: the parent's lives when it was the child's parent
	late   any    // a message that found the mailbox full, see postpone; or a look, in the Signal lane, see Inspect
}

// schedule gives the actor to a worker; the caller owns the wakeup.
func (c *cell) schedule() { c.kind.sys.sched.Submit(&c.task) }

// tell puts n into a control lane and schedules the actor if need be; false:
// the actor has ended.
func (c *cell) tell(l mailbox.Lane, n notice) bool {
	sched.Touch(&c.task, nil)
	switch c.core().control(l, n) {
	case mailbox.Wake:
		c.schedule()
	case mailbox.Closed:
		return false
	}
	return true
}

// stop asks for a graceful end (rows K1, P5).
func (c *cell) stop(reason error) {
	if s := c.shim(); s != nil {
		s.end(EndStop, reason)
		return
	}
	sched.Touch(&c.task, nil)
	switch {
	case !c.set(stopAskedFlag): // the first counts
	case reason != nil:
		c.tell(mailbox.Stop, notice{reason: reason})
		if c.unpark() {
			c.schedule()
		}
	default:
		// Most stops have no reason: a flag does, and costs no memory.
		c.set(stopFlag)
		if c.unpark() {
			c.schedule()
			return
		}
		c.look()
	}
}

// look makes the actor look at its life word, which the caller has changed.
// Either it is asleep and we wake it, or it is awake and looks before it goes
// to sleep, or just after (rest). A held one looks when the hold ends.
func (c *cell) look() {
	if c.core().wake() {
		c.schedule()
	}
}

// drain closes the door and lets the actor finish (row K3).
func (c *cell) drain() {
	if s := c.shim(); s != nil {
		s.end(EndDrain, nil)
		return
	}
	sched.Touch(&c.task, nil)
	if _, moved := c.advance(Draining); moved {
		c.look()
	}
}
