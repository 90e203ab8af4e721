package rpc

import "github.com/ractor-go/ractor/actor"

// Generation tells for how many calls the port of r was used before.
func Generation[R any](r Reply[R]) uint32 { return r.gen }

// Age makes the port of r as if it had served as many calls as it can, less n.
// Only while nobody else uses it.
func Age[R any](r Reply[R], n uint32) Reply[R] {
	r.gen = ^uint32(0) - n
	r.p.state.Store(uint64(r.gen)<<32 | r.p.state.Load()&(1<<32-1))
	return r
}

// Same says that two replies have one port.
func Same[R any](a, b Reply[R]) bool { return a.p == b.p }

// Fork and Move are the two halves of Give.
func Fork[R any](r Reply[R]) (uint64, error) { return r.p.fork(r.gen) }

// Move is the second.
func Move[R any](r Reply[R], number uint64) { r.p.move(r.gen, number) }

// Duty is the number of the ticket that has the duty.
func Duty[R any](r Reply[R]) uint64 { return duty(r.p.state.Load()) }

// MaxGiven is how often a reply can be given.
const MaxGiven = maxGiven

// Waits is how many waits the debug option knows of in sys.
func Waits(sys *actor.System) (n int) {
	d := actor.Shared(sys, newDebug)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ws := range d.waits {
		n += len(ws)
	}
	return n
}

// Owes says that the ticket with number has the duty to answer r.
func Owes[R any](r Reply[R], number uint64) bool { return r.p.owes(r.gen, number) }
