package sched

import (
	"sync"
	"sync/atomic"

	"github.com/ractor-go/ractor/internal/gid"
)

// Who am I? A send from a task must know its worker, and a call that would
// block must know that it is inside a task. A context cannot say: it may be
// used from any goroutine, and a handler may use context.Background. So each
// carrier notes its goroutine's identity when it begins and wipes it when it
// ends, and the question is answered by a look-up of the asking goroutine.
//
// These two tables are the only state that is shared by all schedulers of the
// process: they are goroutine-local storage, which is a property of the
// process. They hold only carriers that are alive.
//
//   - near: carriers that have a worker now, few. A direct-mapped array; each
//     identity may stand in one of probes places. No lock, no write when
//     asked. A carrier that finds no place is not in it, which costs speed
//     only.
//   - all: every carrier, up to Config.MaxWaiters, in maps under mutexes. Asked
//     only where something is about to block. (A map that waits on a sync.Cond
//     when it grows will not do: the table is used from inside and outside of
//     synctest bubbles at once.)
//
// Rejected: a worker in the context (wrong as soon as another goroutine uses
// it, unless proven by just this look-up); procPin by linkname (the race
// detector cannot see it); pprof labels (the user's own would overwrite them).
var (
	near [nearSize]atomic.Pointer[Carrier]
	all  [64]struct {
		sync.Mutex

		m map[uintptr]*Carrier
		_ [40]byte
	}
	// far counts the carriers that are not near: while there are none, who is
	// not near is outside, and nobody need lock a map. It is written when a turn
	// waits, and nothing that is read with every message lies beside it.
	far struct {
		_ [64]byte

		atomic.Int64

		_ [64]byte
	}
)

const (
	nearBits = 10
	nearSize = 1 << nearBits
	probes   = 4
)

// place is where an identity's probes begin. Identities are addresses of
// objects of some hundred bytes: the low bits say nothing.
func place(id uintptr) uintptr {
	const golden = 0x9E3779B97F4A7C15
	return uintptr(uint64(id>>5)*golden>>(64-nearBits)) & (nearSize - 1)
}

// Here returns the carrier that the calling goroutine is, if it has a worker
// now and this is cheap to find; otherwise nil. A nil therefore proves
// nothing: use it where being inside is faster, and Inside where it matters.
// It costs about 3 ns.
func Here() *Carrier {
	if !gid.Fast {
		return nil
	}
	id := gid.ID()
	at := place(id)
	for i := range uintptr(probes) {
		// A carrier that stands here is alive, hence its goroutine is,
		// hence no other goroutine has its identity.
		if c := near[(at+i)&(nearSize-1)].Load(); c != nil && c.id == id {
			return c
		}
	}
	return nil
}

// Inside returns the carrier that the calling goroutine is, or nil when it is
// outside all schedulers. Any goroutine may call it. It costs some ten ns.
func Inside() *Carrier {
	if c := Here(); c != nil {
		return c
	}
	if gid.Fast && far.Load() == 0 {
		return nil
	}
	id := gid.ID()
	shard := &all[place(id)%uintptr(len(all))]
	shard.Lock()
	defer shard.Unlock()
	return shard.m[id]
}

// enter makes c known; its own goroutine calls it.
func (c *Carrier) enter() {
	c.id = gid.ID()
	c.number = gid.Number()
	c.register()
	far.Add(1)
}

// register writes c down where Inside looks while somebody is far.
func (c *Carrier) register() {
	shard := &all[place(c.id)%uintptr(len(all))]
	shard.Lock()
	defer shard.Unlock()
	if shard.m == nil {
		shard.m = map[uintptr]*Carrier{}
	}
	shard.m[c.id] = c
}

// exit makes c forgotten; it must come before the goroutine ends, because its
// identity may be another's then.
func (c *Carrier) exit() {
	c.recede()
	far.Add(-1)
	shard := &all[place(c.id)%uintptr(len(all))]
	shard.Lock()
	defer shard.Unlock()
	delete(shard.m, c.id)
}

// approach puts c where Here finds it, if there is room.
func (c *Carrier) approach() {
	if c.stand() {
		far.Add(-1)
	}
}

// recede takes c out of Here's sight.
func (c *Carrier) recede() {
	if slot := c.stands(); slot != nil {
		far.Add(1) // before it cannot be found there
		slot.Store(nil)
	}
}

// stand takes a place among those that are near; false: there is none. A guest, which
// is known nowhere else, calls it, and withdraw.
func (c *Carrier) stand() bool {
	at := place(c.id)
	for i := range uintptr(probes) {
		if near[(at+i)&(nearSize-1)].CompareAndSwap(nil, c) {
			return true
		}
	}
	return false
}

// withdraw gives the place up.
func (c *Carrier) withdraw() {
	if slot := c.stands(); slot != nil {
		slot.Store(nil)
	}
}

// stands returns the place where c is near; nil: it is not.
func (c *Carrier) stands() *atomic.Pointer[Carrier] {
	at := place(c.id)
	for i := range uintptr(probes) {
		if slot := &near[(at+i)&(nearSize-1)]; slot.Load() == c {
			return slot
		}
	}
	return nil
}
