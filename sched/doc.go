// Package sched runs very many tasks on a few goroutines.
//
// A [Task] is anything that has work now and then: an actor with a mailbox, a
// connection, a timer that must do something. It is a struct, not a goroutine.
// When it has work it is given to a [Scheduler] with Submit; a worker calls its
// [Runner]'s Turn, which does as much as it likes to do in one go, and says
// whether there is more. A million idle tasks cost nothing here: the scheduler
// does not even know them.
//
// The package knows nothing of actors and is usable alone.
//
// # What holds
//
//   - A task that was submitted runs, once, on one worker. None is forgotten
//     while all workers sleep, and none waits for ever behind others that are
//     always busy.
//   - A task that blocks, computes for long, panics or ends its goroutine
//     delays only itself, within the bounds of [Config].
//   - With nothing to do nothing runs: no worker, no monitor, no clock. (What
//     remains is the housekeeping of the goroutine pools, twice a second.)
//   - A timer never expires early.
//   - After Close the scheduler's goroutines are gone, but for turns written off.
//
// # The parts
//
//	Worker   a run queue, a run-next slot, counters; a struct (worker.go)
//	Carrier  a goroutine that carries a worker (carrier.go)
//	Guest    a goroutine from elsewhere that carries a worker for a moment (guest.go)
//	monitor  one goroutine that ticks while workers run: time slices, stuck
//	         workers, spares (monitor.go)
//	clock    one goroutine that sleeps until the next timer (clock.go)
//	offload  goroutines for functions that are no turns, Async (async.go)
//
// A worker is what there are few of, Config.Workers; a carrier is what may
// block. Keeping the two apart is what lets a turn wait: it gives its worker
// away and goes on without one.
//
// # The story of a task
//
// Submit asks who is calling (self.go). A turn of this scheduler puts the task
// into the run-next slot of its own worker: of two tasks that talk to each
// other, one runs right after the other, on one core. Anybody else pushes it
// onto the global queue (global.go) and wakes a worker, if none is looking for
// work already (park.go).
//
// A worker takes the run-next slot first, but only Config.NextLimit times in a
// row; then its ring, oldest first (queue.go); then the global queue; then half
// of what lies in another worker's ring. Every Config.YieldEvery turns it lets
// other goroutines run and takes from the global queue first, so that callers
// outside wait microseconds and not for a lull. A ring that is full spills its
// older half to the global queue.
//
// The turn runs until the task has nothing left, or Expired says that the time
// slice is over. Then the task is forgotten (Turn has returned false), or goes
// to the end of the ring (true). A panic is caught by one recover frame that
// stands around many turns, and told to the Runner by Crashed.
//
// # Parking
//
// A worker that finds nothing anywhere sleeps on a channel of its own. Losing a
// wakeup here would strand a task for ever, so the order of steps matters, on
// both sides: see the two lists at the head of park.go, which are the whole
// argument. In one sentence: who submits queues first and then looks for
// sleepers, who goes to sleep says so first and then looks for tasks. With the
// build tag interleave the tests try every order of these steps (package
// internal/weave), and of stealing, of Block and of Close.
//
// # Guests
//
// Waking a worker takes microseconds, and longer where processors sleep deeply. Who
// waits for the world outside, as the reader of a connection does, is awake when it
// brings tasks, and can run them: a [Guest] borrows a parked worker, and gives it back
// to the list of those. To everybody else that worker is busy in between; so the
// argument of park.go covers it, if the guest looks at all queues when it has given it
// back, as one that parks does.
//
// # Turns that block
//
// Within [Block] the scheduler knows that a turn waits: its carrier hands the
// worker to another carrier, which costs a goroutine switch, and there may be
// Config.MaxWaiters of these.
//
// A turn that blocks by other means, or computes, is found by the monitor,
// because its worker does not answer a tick: a flag that a worker lowers
// between two messages, for which it needs no clock. What such a worker has
// queued is stolen, and a new worker, a spare, makes up the number. When the
// stuck turn returns there is one worker too many, and whichever comes to the
// top of its loop first leaves. Not answering may also mean that the worker's
// goroutine stands in line for a processor; convict, in monitor.go, tells the
// two apart.
//
// A turn that never returns can be written off (Carrier.Fence): Close does not
// wait for it, and it takes up no other task when it comes back after all.
//
// # Time
//
// Timers stand on a wheel (package timerwheel), which has no clock: Arm and
// Disarm are constant-time list operations, and the clock's goroutine pops what
// is due. The scheduler reads time in one place, Scheduler.Now, which is the
// monotonic clock, or virtual time for a scheduler that is made inside a
// testing/synctest bubble; it waits in two places, the clock's timer and the
// monitor's ticker. No message reads a clock.
//
// # Goroutines
//
// Carriers and offloaded functions run on two ants pools that belong to the
// scheduler. They have no bound there, because bounds are kept here, by what
// they are for. A pool is used for what pools are good at: goroutines with grown
// stacks are used again, and those that nobody has needed for a while end.
//
// # What would work badly
//
// A goroutine for each task is what Go offers, and hard to beat for tasks that
// block. For tasks that mostly wait for messages it costs 2 KB or more each,
// a wakeup of the Go scheduler for each message, and a garbage collector that
// scans a million stacks.
//
// One queue for all workers is simple and fair. Its head is a cache line that
// all processors write at each message, and two tasks that talk to each other
// end up on different cores each time.
//
// Taking the worker back, when a turn returns from Block, would let it go on
// where it was, with its caches. But the worker is running another task by now;
// to stop it needs a handshake with it in any state it can be in, parked and
// stuck included. That handshake was where the bugs would have been. So nothing
// is ever taken from a running worker: the turn goes on without one and ends
// after its callback. For the same reason a stuck worker keeps its struct, and
// surplus workers leave of their own accord.
//
// Spinning until work comes makes one benchmark fast, the one in which nothing
// else wants the processor. Here a worker looks again a few times
// (Config.SpinRounds), letting others run in between, and then sleeps.
package sched
