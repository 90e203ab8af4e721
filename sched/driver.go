package sched

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/internal/gid"
)

// Driver stands in for workers, monitor and clock: with Config.Driver a
// Scheduler starts no goroutine of its own and asks the driver instead. It is
// the one seam by which a simulation (package actortest) owns a system: what
// runs, in which order, and what time it is.
//
// A turn that a driver runs has a Carrier without a worker. So all that is fast
// because of a worker is off, Expired always says true, and a turn ends after
// one callback.
type Driver interface {
	// Now is the time since the scheduler was made.
	Now() time.Duration

	// Rand is the next number of whatever the scheduler's owners decide by
	// chance.
	Rand() uint64

	// Submit takes a task that has work: some time the driver has a Carrier
	// Run it. Any goroutine may call it.
	Submit(t *Task)

	// Start has f run on a goroutine of its own, some time. Any goroutine may
	// call it.
	Start(f func())

	// Armed says that a timer was armed for at. Any goroutine may call it; the
	// clock's mutex is not held.
	Armed(at time.Duration)
}

// Hand is a goroutine that a driver runs. Its methods are called on that
// goroutine.
type Hand interface {
	// Reach is called before the goroutine does op. It may let others go
	// first. refuse says that what op needs is to be taken as exhausted: the
	// mailbox is full, there are too many waiters.
	Reach(op Op) (refuse bool)

	// Note is called to tell what is happening. It returns at once.
	Note(op Op)

	// Quiet says that Reach must not let others go first until it is taken
	// back: the goroutine holds a lock that others may want. It nests.
	Quiet(on bool)
}

// Op is one thing that a simulated goroutine does.
type Op struct {
	Kind  OpKind
	Task  *Task // whom it concerns; nil where it is nobody in particular
	On    any   // what else it concerns: comparable; a fmt.Stringer is known by what it says
	Note  any   // for people: a message, a name
	Ends  bool  // OpWait: its context has a deadline
	Bound bool  // OpSend: the mailbox has a bound, so that it can be full
}

// OpKind is what is done. The comment says to whom.
type OpKind uint8

// What is done.
const (
	OpSpawn   OpKind = iota + 1 // the new actor
	OpSend                      // the receiver; Note is the message
	OpAnswer                    // a Reply is used
	OpEnd                       // who is told to stop, drain, die, be suspended or go on; Note says which
	OpLook                      // whose life is looked at
	OpFind                      // On is the name
	OpLink                      // whose links or monitors change
	OpArm                       // whose timer is armed or cancelled
	OpGroup                     // On is the group that is read or changed
	OpPort                      // On is the port that is used
	OpWake                      // the goroutine goes on after a wait
	OpOffload                   // a function is given to Async
	OpBlock                     // the goroutine is about to wait; refuse: there are too many
	OpTouch                     // only noted: the present step concerns Task, and On, too
	OpHandle                    // only noted: whose callback begins; Note is the message, or the hook
	OpWait                      // only noted: the goroutine will wait for Task, or for nobody (nil); Note says for what
)

var opNames = [...]string{
	"?", "spawns", "sends", "answers", "ends", "looks at", "finds", "links",
	"arms", "uses group", "uses port", "goes on", "offloads", "blocks", "touches", "handles", "waits for",
}

// String returns what it says, as a verb.
func (k OpKind) String() string {
	if int(k) < len(opNames) {
		return opNames[k]
	}
	return opNames[0]
}

// Adopted goroutines, by identity: those that drivers run. It is goroutine-local
// storage, as in self.go, and for the same reason a property of the process.
var (
	adopted [64]struct {
		sync.Mutex

		m map[uintptr]Hand
		_ [40]byte
	}
	// adoptions is read with every message, and lies where nobody writes.
	adoptions struct {
		_ [64]byte

		atomic.Int64

		_ [64]byte
	}
)

// Driven says whether any goroutine of the process belongs to a simulation. In
// production it costs a load that never misses, and a branch that is never
// taken. Whatever else the seam does on the path of a message stands behind it, in
// functions that are not inlined. With the build tag noseam it is false.
func Driven() bool { return seam && adoptions.Load() != 0 }

// Adopt notes that the calling goroutine is h. leave takes that back; the
// goroutine must call it before it ends.
func Adopt(h Hand) (leave func()) {
	id := gid.ID()
	shard := &adopted[place(id)%uintptr(len(adopted))]
	shard.Lock()
	defer shard.Unlock()
	if shard.m == nil {
		shard.m = map[uintptr]Hand{}
	}
	shard.m[id] = h
	adoptions.Add(1)
	return func() {
		shard.Lock()
		defer shard.Unlock()
		delete(shard.m, id)
		adoptions.Add(-1)
	}
}

// hand returns what the calling goroutine was adopted as, or nil.
func hand() Hand {
	if !Driven() {
		return nil
	}
	id := gid.ID()
	shard := &adopted[place(id)%uintptr(len(adopted))]
	shard.Lock()
	defer shard.Unlock()
	return shard.m[id]
}

// Reach is Hand.Reach of the calling goroutine; nothing if it was not adopted.
// Ask Driven first: op is made in any case.
func Reach(op Op) (refuse bool) {
	h := hand()
	return h != nil && h.Reach(op)
}

// Woken is Reach for OpWake: the goroutine goes on after a wait.
func Woken() {
	if Driven() {
		Reach(Op{Kind: OpWake})
	}
}

// Touch notes that the present step concerns t, and on, too: others' steps that
// do so as well depend on it.
func Touch(t *Task, on any) {
	if Driven() {
		touch(t, on)
	}
}

//go:noinline
func touch(t *Task, on any) { Note(Op{Kind: OpTouch, Task: t, On: on}) }

// Note is Hand.Note, as Reach.
func Note(op Op) {
	if h := hand(); h != nil {
		h.Note(op)
	}
}

// Quiet is Hand.Quiet, as Reach: from Quiet(true) to Quiet(false) the calling
// goroutine holds a lock that others may want. It nests.
func Quiet(on bool) {
	if Driven() {
		quiet(on)
	}
}

func quiet(on bool) {
	if h := hand(); h != nil {
		h.Quiet(on)
	}
}

// Rand returns a number by chance; for a driven scheduler by the driver's.
func (s *Scheduler) Rand() uint64 { return s.random() }

// NewCarrier makes the calling goroutine a Carrier, for a driver. The goroutine
// must call Leave before it ends.
func (s *Scheduler) NewCarrier() *Carrier {
	c := &Carrier{s: s}
	if s.cfg.PerCarrier != nil {
		c.own = s.cfg.PerCarrier()
	}
	s.carriers.add(c)
	c.enter()
	return c
}

// Run runs one turn of t, for a driver. again: t has more to do. over: t was
// written off meanwhile (Fence), and the carrier must end. When t ends the
// goroutine (runtime.Goexit), settle is called with what Run would have
// returned.
func (c *Carrier) Run(t *Task, settle func(again, over bool)) {
	again, returned := false, false
	defer func() {
		if !returned {
			value := recover()
			if value == nil {
				value = ErrGoexit
			}
			again = t.Runner.Crashed(c, value, debug.Stack())
		}
		over := c.fence.Load() != nil
		c.task.Store(nil)
		c.freed.Store(0)
		settle(again, over)
	}()
	c.task.Store(t)
	again = t.Runner.Turn(c)
	returned = true
}

// Leave ends a carrier that NewCarrier has made.
func (c *Carrier) Leave() { c.leave() }

// NextTimer returns when the next timer is due, at the earliest; for a driver.
func (s *Scheduler) NextTimer() (at time.Duration, armed bool) {
	k := &s.clock
	k.mu.Lock()
	defer k.mu.Unlock()
	next, armed := k.wheel.Next()
	if !armed {
		return 0, false
	}
	now := k.s.now()
	return now + k.until(next, now), true
}

// Due takes the next timer that is due off the wheel, for a driver, which then
// calls its Expire; nil: none is.
func (s *Scheduler) Due() Expirer {
	k := &s.clock
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pop(k.s.now())
}
