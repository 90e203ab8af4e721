package actor

import (
	"fmt"

	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/sched"
)

// Status is where an actor is in its life. It only grows (rows I1, I2).
type Status uint8

// The states of an actor's life. Messages are taken before Draining; a name is
// found, and children may be linked, before Draining too.
const (
	Unstarted Status = iota // the zero Ref
	Starting                // from Spawn until PostStart has returned
	Running
	Draining // handles what it has, then stops
	Stopping // ends: in PostStop, or discarding what it had
	Stopped  // has ended
)

var statusNames = [...]string{"unstarted", "starting", "running", "draining", "stopping", "stopped"}

// String returns the state's name.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// An actor's life is one word: the Status in the low byte, and flags above it.
// This file has all its transitions. (Whether the actor is idle, runnable or
// running is not here but in the mailbox's word.)
const (
	statusMask uint32 = 0xff

	// killedFlag: Kill was called. Set by the killer, once; read between all
	// callbacks, and by ctx.Err.
	killedFlag uint32 = 1 << 8
	// claimedFlag: somebody runs the exit. The worker that finishes the last
	// callback and the goroutine that abandons a stuck one both try to set
	// it; who does runs the rest, the other touches nothing.
	claimedFlag uint32 = 1 << 9
	// abandonedFlag: it was the latter.
	abandonedFlag uint32 = 1 << 10
	// startedFlag: PreStart has succeeded. fresh actors of SpawnInstant do
	// not have it.
	startedFlag uint32 = 1 << 11
	// begunFlag: PostStart has succeeded.
	begunFlag uint32 = 1 << 12
	// stoppedFlag: PostStop is running or has run; a panic belongs to it.
	stoppedFlag uint32 = 1 << 13

	// stopAskedFlag: Stop was called; later ones are ignored. stopFlag: and
	// it had no reason, so that this is all there is to it.
	stopAskedFlag uint32 = 1 << 14
	stopFlag      uint32 = 1 << 15

	overflowShift        = 16 // two bits: the Overflow rule of a bounded mailbox
	overflowMask  uint32 = 3 << overflowShift

	// doorFlag: a draining actor has closed its mailbox.
	doorFlag uint32 = 1 << 18

	// climbedFlag: Link has found the actor on top of others, see isAbove.
	climbedFlag uint32 = 1 << 19

	// keepFlag: spawned with KeepMailbox. keptFlag: a callback has failed, and
	// the actor waits for its parent (keep.go). suspendFlag: somebody has
	// called Suspend. heldFlag: no worker has the actor, though its mailbox
	// says that it is awake (hold.go).
	keepFlag    uint32 = 1 << 20
	keptFlag    uint32 = 1 << 21
	suspendFlag uint32 = 1 << 22
	heldFlag    uint32 = 1 << 23

	// remotableFlag: spawned with Remotable.
	remotableFlag uint32 = 1 << 24

	// urgent is what a turn looks for between callbacks.
	urgent = killedFlag | claimedFlag | stopFlag | suspendFlag
)

func statusOf(life uint32) Status { return Status(life & statusMask) }

func (c *cell) status() Status { return statusOf(c.life.Load()) }

// has says whether all of flags are set.
func (c *cell) has(flags uint32) bool { return c.life.Load()&flags == flags }

// set raises a flag and says whether it was down.
func (c *cell) set(flag uint32) bool { return c.life.Or(flag)&flag == 0 }

// advance moves the status forward to s and says whether this call did it: a
// lower or equal target changes nothing. It returns the word as it was.
func (c *cell) advance(s Status) (before uint32, moved bool) {
	for {
		life := c.life.Load()
		if statusOf(life) >= s {
			return life, false
		}
		if c.life.CompareAndSwap(life, life&^statusMask|uint32(s)) {
			return life, true
		}
	}
}

// stopping is the crossing to Stopping: sends are refused from then on, and the
// hooks run, once. Whoever comes second waits for them: nobody may get to a
// later step of the exit while one is still running.
func (c *cell) stopping() {
	c.touchName()
	c.advance(Stopping)
	c.runStoppingHooks()
}

// park holds an actor of which the caller is the consumer. True: it is held, and
// the caller is the consumer no more. False: nothing holds it any more, or it is
// to end, and the caller goes on with it.
func (c *cell) park() bool {
	for {
		life := c.life.Load()
		if life&(suspendFlag|keptFlag) == 0 || life&(killedFlag|claimedFlag|stopFlag) != 0 {
			return false
		}
		if c.life.CompareAndSwap(life, life|heldFlag) {
			return true
		}
	}
}

// unpark takes the hold off. True: the caller has the actor, and must schedule
// it, or go on with it himself. False: it is not held; somebody has it.
func (c *cell) unpark() bool { return c.unparkIf(heldFlag, heldFlag) }

// unparkIf is unpark if of the flags in mask, heldFlag among them, those in want
// are up and no others.
func (c *cell) unparkIf(mask, want uint32) bool {
	for {
		life := c.life.Load()
		if life&mask != want {
			return false
		}
		if c.life.CompareAndSwap(life, life&^heldFlag) {
			return true
		}
	}
}

// resume takes a suspension back, and the hold with it if there is no other
// reason for one: then the caller has the actor and must schedule it.
func (c *cell) resume() (mine bool) {
	for {
		life := c.life.Load()
		after := life &^ suspendFlag
		if life&keptFlag == 0 {
			after &^= heldFlag
		}
		if c.life.CompareAndSwap(life, after) {
			return life&heldFlag != after&heldFlag
		}
	}
}

// claim takes the exit; false: somebody else has it, and the caller must not
// touch the actor any more.
func (c *cell) claim() bool { return c.set(claimedFlag) }

// stoppingHook is a function to run at the crossing to Stopping.
type stoppingHook struct{ f func() }

// OnStopping has f called once, when the actor has crossed to Stopping, by
// whoever ends it, in that goroutine: what must be undone before anybody can see
// the actor's end hangs there. f must not block. ok is false when the actor is Stopping already
// and f will not be called. cancel takes f back. Any goroutine may call both.
func OnStopping(r AnyRef, f func()) (cancel func(), ok bool) {
	c := r.actor()
	if c == nil {
		return func() {}, false
	}
	x := c.extra()
	h := &stoppingHook{f}
	x.mu.Lock()
	defer x.mu.Unlock()
	// First announce, then look: the winner crosses first and looks for hooks then, and takes them under mu.
	x.hooked.Store(true)
	if c.status() >= Stopping {
		return func() {}, false
	}
	x.hooks = append(x.hooks, h)
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		for i, o := range x.hooks {
			if o == h {
				x.hooks = append(x.hooks[:i], x.hooks[i+1:]...)
				return
			}
		}
	}, true
}

func (c *cell) runStoppingHooks() {
	r := c.rare.Load()
	if r == nil || !r.hooked.Load() {
		return
	}
	me := gid.ID()
	if r.hooking.Load() == me {
		return // a hook has ended the actor that it belongs to
	}
	sched.Quiet(true) // hooks may send
	defer sched.Quiet(false)
	r.hookMu.Lock()
	defer r.hookMu.Unlock()
	r.hooking.Store(me)
	defer r.hooking.Store(0)
	r.mu.Lock()
	hooks := r.hooks
	r.hooks = nil
	r.mu.Unlock()
	for _, h := range hooks {
		if err := guard(func() error { h.f(); return nil }); err != nil {
			c.kind.sys.log.Error("OnStopping hook failed", "actor", ref{c}.String(), "error", err)
		}
	}
}
