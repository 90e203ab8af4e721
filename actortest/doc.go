// Package actortest runs whole actor systems as simulations that can be repeated.
//
// What is wrong with a program of actors is mostly an order of events that nobody
// has thought of, and that comes once in a million runs. Here the order is chosen:
// by a seed, again and again another one, and the same seed makes the same run.
//
//	func TestTransfer(t *testing.T) {
//		actortest.Explore(t, 10_000, func(sys *actortest.System) {
//			a, err := actor.Spawn(sys, &account{balance: 100})
//			require.NoError(sys, err)
//			...
//			require.Equal(sys, 100, total(sys, a, b))
//		})
//	}
//
// The [System] is an ordinary one to the code under test. It is the context to
// spawn, cast and call with, and takes the place of a *testing.T in assertions.
//
//   - [Run] makes one run.
//   - [Explore] makes many, in parallel, by several strategies, and says how many
//     of them were really different.
//   - [Exhaustive] makes all that can differ, of a small program.
//
// [Inject] has things go wrong on purpose: callbacks that panic, actors that are
// killed, mailboxes that are full, timers that are late. A [Probe] stands in for
// whoever an actor talks to, and expects. [Check] finds hooks that are misspelled,
// and [IgnoreAnts] is what a test of leaks needs.
//
// # A run
//
// Everything in a run is on one of its strands: the test function, each actor,
// each function given to actor.Async, and the clock. One strand goes on at a time.
// At each choice point the strand stands still, and who goes on next is drawn from
// the seed. Choice points are the calls of the library (Cast, Call, Reply.Send,
// Spawn, Stop, Kill, a look at a ctx or a Status, names, groups, links, timers) and
// the gaps between callbacks. So a Kill can land in the middle of a handler, at its
// next call of the library. Code in between is never interrupted.
//
// Messages are not delayed or reordered on their way, for they are not in
// production: what was sent is in the mailbox. What is drawn is when whoever sends
// gets to it, and when the receiver does.
//
// Time is virtual. A run is a testing/synctest bubble: time.Now, time.Sleep,
// context.WithTimeout and the System's timers have the same clock, which stands
// still as long as anybody can go on, and then jumps to what is due next. The clock
// is a strand too, so a timer that is due may be late. Inside a test that is in a
// bubble already a run takes place in that one.
//
// A run ends when the test function has returned and nobody has anything to do but
// wait for timers. Then the System is shut down.
//
// # What is found
//
// A run fails when an assertion through the System does, when the test function
// panics, when it does not come to an end (Steps), when goroutines are left, when
// Shutdown cannot end an actor, and when there is a deadlock. Deadlocks are found,
// not timed out: nothing can go on and nothing is due; or all who wait have no
// deadline, and a whole round of the timers that are left has changed nothing. The
// message says who waits for whom.
//
// A handler that fails is no failure of the run: supervisors live by that.
//
// On a failure the test prints what is wrong, the command that makes the run again,
// the order of events that is enough for it, in as few lines as possible, and the
// run step by step, and as a sequence chart. The flag -actortest.chart=FILE writes
// that one for Mermaid, too. The order is kept in testdata/actortest: [Explore] tries it
// first, until it fails no more. It names events and not numbers, so it survives
// most edits of the program.
//
// # What is not seen
//
//   - Races between goroutines of one callback and the memory that it shares with
//     others: the race detector is for these. Runs work under it.
//   - Goroutines started with go, on their own: the simulation waits for them
//     before each step, but has no say in what they do, and does not know what they
//     touch.
//   - Mutexes of the code under test that are held over a call of the library: who
//     wants one while its holder stands waits in a way that Go does not show. After
//     half a minute the process is ended, with all stacks.
//   - What depends on more than the seed: the order of a range over a map, math/rand's
//     global source, addresses, ids. One run in 20 and each failure is made twice; a
//     difference is reported as such, with the step. (actor.ID too may differ.)
//   - The scheduler, the mailbox and the timer wheel as such: there are no workers in
//     a run. They have tests of their own.
//   - How fast anything is.
//
// # What it costs
//
// A step is about a microsecond, a run of a small program some 50 µs. In production
// the seam is a load and a branch at each choice point.
package actortest
