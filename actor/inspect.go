package actor

import (
	"fmt"
	"iter"
	"time"

	"github.com/ractor-go/ractor/sched"
)

// Info is what an operator sees of one actor.
type Info struct {
	Actor     AnyRef
	Behaviour string // the type of its value
	Status    Status
	Queue     int   // messages that wait, about
	Doing     Doing // what it is doing
	// Since is for how long: exact for Waiting, within a monitor tick for
	// Stalled, 0 for the others.
	Since     time.Duration
	Goroutine uint64 // the number in stack dumps, if it is in a callback
}

// Doing is what an actor is doing.
type Doing uint8

// What actors are doing.
const (
	Idle      Doing = iota // nothing: no worker has it
	InTurn                 // a worker runs its callbacks
	Waiting                // a callback waits in a call of this library
	Stalled                // a callback has not returned for longer than sched.Config.StallAfter
	Suspended              // nothing until Resume: see Suspend
	Kept                   // nothing: it has failed and waits to be revived, see KeepMailbox
)

var doingNames = [...]string{"idle", "in turn", "waiting", "stalled", "suspended", "kept"}

// String returns what it says.
func (d Doing) String() string {
	if int(d) < len(doingNames) {
		return doingNames[d]
	}
	return fmt.Sprintf("Doing(%d)", uint8(d))
}

// Actors yields all actors of the System that have not ended, with what they
// are doing; those of other nodes (Shim) are not among them. It costs time in
// proportion to their number and stops nothing; any goroutine may call it at any
// time.
func (sys *System) Actors() iter.Seq[Info] {
	return func(yield func(Info) bool) {
		doing := map[*sched.Task]sched.Activity{}
		for _, a := range sys.sched.Activities() {
			doing[a.Task] = a
		}
		now := sys.sched.Now()
		for _, c := range sys.ids.All() {
			if c == nil || c.shim() != nil {
				continue
			}
			if !yield(c.info(doing, now)) {
				return
			}
		}
	}
}

func (c *cell) info(doing map[*sched.Task]sched.Activity, now time.Duration) Info {
	i := Info{
		Actor:     AnyRef{ref{c}},
		Behaviour: c.kind.name,
		Status:    c.status(),
		Queue:     c.queueLen(),
	}
	// A held actor has no worker, though the one that had it last may not have
	// found its next task yet.
	switch life := c.life.Load(); {
	case life&(heldFlag|keptFlag) == heldFlag|keptFlag:
		i.Doing = Kept
		return i
	case life&heldFlag != 0:
		i.Doing = Suspended
		return i
	}
	if a, ok := doing[&c.task]; ok {
		i.Goroutine = a.Carrier.Goroutine()
		switch {
		case a.Blocked:
			i.Doing, i.Since = Waiting, now-a.Since
		case a.Stuck:
			i.Doing, i.Since = Stalled, now-a.Since
		default:
			i.Doing = InTurn
		}
	}
	return i
}

// Stats are the counters of a System.
type Stats struct {
	Live        int64             `json:"live"`         // actors that have not ended
	Shims       int64             `json:"shims"`        // shims that have not ended: actors of other nodes
	Spawned     uint64            `json:"spawned"`      // actors ever made, those included whose start failed
	Abandoned   uint64            `json:"abandoned"`    // actors ever written off
	DeadLetters map[string]uint64 `json:"dead_letters"` // discarded messages by reason
	DeadEvents  uint64            `json:"dead_events"`  // supervision events that nobody handled
	Sched       sched.Stats       `json:"sched"`
}

// Stats reads the counters; any goroutine may call it at any time.
func (sys *System) Stats() Stats {
	st := Stats{
		Live:        sys.count(),
		Shims:       sys.shims.Load(),
		Spawned:     sys.spawned.Load(),
		Abandoned:   sys.abandoned.Load(),
		DeadLetters: map[string]uint64{},
		DeadEvents:  sys.dead.events.Load(),
		Sched:       sys.sched.Stats(),
	}
	for i, name := range reasonNames {
		if n := sys.dead.counts[i].Load(); n > 0 {
			st.DeadLetters[name] = n
		}
	}
	return st
}

// count is how many actors have not ended.
func (sys *System) count() int64 {
	n := sys.live.Load()
	if !sys.standard {
		n-- // the System itself
	}
	return max(n, 0)
}
