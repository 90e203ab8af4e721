package sched

import (
	"github.com/ractor-go/ractor/internal/gid"
	"github.com/ractor-go/ractor/internal/weave"
)

// Guest is a goroutine that is no carrier, brings tasks now and then, and may as well
// run them: the reader of a connection. To wake a worker for a task takes longer than
// most turns: of a call between two processes of one machine it was a fifth.
//
// From Enter to Leave the goroutine carries a worker that was parked: what it submits
// meanwhile lands in that worker's queue, and Leave runs it. So a guest is for work
// that waits for nobody else, and for turns that end soon. If one does not, because it
// calls Block, or is found stuck by the monitor, somebody must do what the goroutine
// does besides: the guest is relieved. That is told by a function of its own; Leave
// returns when the turn has ended, and the goroutine has nothing left to do then.
//
// The worker is only borrowed. Its carrier sleeps where a parked one does, and goes on
// with the worker if there is more to do than the guest stays for. There is nothing to
// take back.
//
// A Guest belongs to the goroutine that made it.
type Guest struct {
	c        *Carrier
	host     *Carrier // whose worker it is
	relieve  func()
	state    weave.Uint32 // outside, within, running or relieved
	left     int          // how many turns Leave may still run
	handedOn bool         // the worker was, within a turn
}

// The state says who does what the goroutine does besides. The guest moves it, but
// for one step: from running to relieved anybody may, and who does calls relieve.
const (
	outside  = iota
	within   // between Enter and Leave
	running  // in Leave
	relieved // somebody else does
)

// guestTurns is how many turns Leave runs; for what is left the worker's own carrier
// is woken. So a guest is not caught by tasks that submit each other.
const guestTurns = 32

// NewGuest makes the calling goroutine a guest of s. relieve is called at most once, on
// any goroutine, while Leave runs a turn: it starts what takes this one's place, and
// does not block. All that the guest did before Leave has happened before.
func (s *Scheduler) NewGuest(relieve func()) *Guest {
	g := &Guest{relieve: relieve}
	g.c = &Carrier{s: s, guest: g, id: gid.ID(), number: gid.Number()}
	if s.cfg.PerCarrier != nil {
		g.c.own = s.cfg.PerCarrier()
	}
	return g
}

// Enter takes a parked worker. False: there is none, for all are busy, or the scheduler
// ends; then tasks are submitted as by anybody else, and Leave is not called. It costs
// some hundred ns, with Leave.
//
// Until Leave the goroutine counts as a carrier that is in no turn.
func (g *Guest) Enter() bool {
	c := g.c
	s := c.s
	if !gid.Fast || s.driven() || s.closing.Load() || s.idle.n.Load() == 0 || !c.stand() {
		return false
	}
	w := s.idle.pop()
	if w == nil {
		c.withdraw()
		return false
	}
	s.carriers.add(c)
	g.state.Store(within)
	g.host = w.carrier.Load()
	c.worker = w
	w.carrier.Store(c)
	s.monitor.kick()
	return true
}

// Leave runs what the guest has submitted, and what that submits, for some turns, and
// gives the worker back; Enter has returned true before. wasRelieved: the goroutine has
// lost its place to what relieve has started, and is no guest any more. A turn that ends
// the goroutine by runtime.Goexit relieves it, too.
func (g *Guest) Leave() (wasRelieved bool) {
	c := g.c
	if w := c.worker; w.asked.Load() {
		w.tick() // its turns begin now
	}
	g.state.Store(running)
	g.left = guestTurns
	for g.work() {
	}
	return g.end()
}

// work runs turns until nothing is queued, or no more may be run (false), or one has
// panicked (true: call it again).
func (g *Guest) work() (more bool) {
	c := g.c
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		c.crashed(value)
		g.left--
		more = true
		if value == nil { // the goroutine is ending
			g.replace()
			g.end()
		}
	}()
	for ; g.left > 0 && c.worker != nil && c.fence.Load() == nil; g.left-- {
		c.worker.yieldNowAndThen()
		t := c.worker.own()
		if t == nil {
			break
		}
		c.begin(t)
		c.worker.turnBegan -= c.s.sliceTicks - 1 // the first tick ends its slice
		c.settle(t, t.Runner.Turn(c))
	}
	returned = true
	return false
}

// replace has somebody do what the goroutine does besides, once, if it is in a turn.
// Any goroutine may call it.
func (g *Guest) replace() {
	if g.state.CompareAndSwap(running, relieved) {
		g.relieve()
	}
}

// handOn is for a turn that is about to wait: the worker goes back to its carrier, and
// the guest is a carrier without one from now on. Outside of turns it does nothing: the
// guest waits with its worker.
func (g *Guest) handOn() {
	if g.state.Load() == within {
		return
	}
	c := g.c
	c.register()
	g.handedOn = true
	w := c.worker
	c.recede() // Inside finds it all the same: it is registered
	c.worker = nil
	w.carrier.Store(g.host)
	g.host = nil
	c.s.searching.Add(1)
	w.wakeup.Put(wake)
	c.s.monitor.kick()
	g.replace()
}

// end is the guest's way out.
func (g *Guest) end() (wasRelieved bool) {
	c := g.c
	c.task.Store(nil) // first: see Carrier.Fence
	c.freed.Store(0)
	if c.fence.Load() != nil {
		g.replace()
	}
	wasRelieved = !g.state.CompareAndSwap(running, outside)
	if g.handedOn {
		c.exit()
	} else {
		g.giveBack()
	}
	if wasRelieved && c.fence.Swap(&gone) != nil {
		fencedAlive.Add(-1)
	}
	c.s.carriers.remove(c)
	return wasRelieved
}

// giveBack parks the worker again, in the order of park.go: it is on the idle list
// first, and then every queue is looked at. If there is something in one, the worker's
// carrier is woken for it, as by a submitter who comes just then.
func (g *Guest) giveBack() {
	c := g.c
	s, w := c.s, c.worker
	c.withdraw()
	c.worker = nil
	if w.asked.Load() {
		w.tick()
	}
	w.publish()
	if t := w.takeNext(); t != nil {
		w.enqueue(t) // for anyWork, and thieves
	} else if w.empty() {
		w.forget()
	}
	w.carrier.Store(g.host)
	g.host = nil
	s.idle.add(w)
	closing := s.closing.Load() // first: what was queued before Close is seen below
	if (s.anyWork() || closing) && s.idle.take(w) {
		s.searching.Add(1)
		w.wakeup.Put(wake)
		s.monitor.kick()
	}
}
