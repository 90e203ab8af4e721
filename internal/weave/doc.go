// Package weave is what goroutines share and wait with, so that every order of it can be tried.
//
// In production its types are those of sync and sync/atomic by another name, and [Slot] and [Gate] are channels:
// nothing is added, and the compiler sees through. With the build tag interleave each of their operations is a
// choice point of a scheduler that runs a small program again and again, one goroutine at a time, until every
// order of these operations has been there. The code under test is the code that ships. (Rust's loom and
// shuttle and Microsoft's CHESS do the same.)
//
// # A proof in ten minutes
//
//	//go:build interleave
//
//	package mailbox
//
//	// Two producers push at once: nothing is lost, and exactly one of them is told to wake the consumer.
//	func TestInterleavePushes(t *testing.T) {
//		weave.Explore(t, weave.Options{}, func(r *weave.Run) {
//			var box Mailbox[int, int]                          // fresh in each execution
//			var pool Pool[int]
//			wakes := 0
//			for i := range 2 {
//				r.Go("push", func() {                          // a thread
//					if box.Push(&pool, &Cache[int]{}, i) == Wake {
//						wakes++
//					}
//				})
//			}
//			r.End(func() {                                     // when all have ended
//				require.Equal(r, 1, wakes)
//				require.Equal(r, 2, box.Len())
//			})
//		})
//	}
//
// Run it with go test -tags interleave -run Interleave -v. It says "complete within 3 preemptions: N schedules",
// or it fails with a table of the steps of the shortest failing schedule, each with its line, and with a line
// WEAVE='0x4 1x2' that, put before go test -run of that one test, replays it.
//
// The body makes the program; it must do the same each time. Threads are made by [Run.Go]; [Run.Daemon] is for
// those that need not end, such as workers. An execution fails by a panic, by what require finds (a Run is its
// TestingT), by [Run.Checkf], by a deadlock (a thread that has not ended, where nobody can move: so a lost
// wakeup is found, not waited for), and by going on for too long. Keep programs small: two or three threads, two
// or three steps of the interface each, queues of two, positions that are about to wrap around.
//
// Always prove the proof: write down the fault that it is there for, as a variant in the test, and see it found.
//
// # What is explored
//
// [Options.Bound] counts preemptions: switches away from a thread that could go on. Switching is free where a
// thread is blocked, ends or calls [Gosched]. All schedules with no preemption are tried first, then those with
// one, up to three: nearly all bugs of this kind need two at most, and the number of schedules grows with the
// power of the bound. Within the bound the search is complete up to the order of steps that do not touch the same
// object (see search). For more threads than three this is too much; [Options.Random] tries so many schedules of
// random priorities (PCT), by a seed.
//
// A thread that spins is no endless program as long as it calls Gosched: at the second time without anybody else
// having moved it waits until somebody has. Where a thread spins without, an execution does not end, and fails.
//
// # What it cannot see
//
//   - Orders of plain reads and writes. A thread is interrupted only before an operation of this package, so
//     plain variables behave as if they belonged to the operation before. That they are not raced for is the race
//     detector's business, and it learns nothing here, where one goroutine runs at a time. State that threads of
//     a proof share, and whose order matters, should be of this package too.
//   - Weak memory. Go's atomics are sequentially consistent, and so is this.
//   - Whatever else threads meet in: other channels, sync.Pool, the garbage collector, time, contexts. A thread
//     must not block in these, and what they do must not depend on chance. Where their order matters
//     [Options.Full] is needed, because the reduction does not know about them. A program that is not the same
//     each time is told so: "uncontrolled nondeterminism".
//   - More than was asked: another preemption, a third producer. It is a proof of small programs.
//
// # What uses it
//
// Words that decide something are of this package. Counters that are only reported stay with sync/atomic, so
// that they make no choice points, and so does who am I (sched/self.go), which goes by the identity of real
// goroutines.
package weave
