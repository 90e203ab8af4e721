// Package mailbox is the input of one actor: many goroutines push, one at a time consumes, nobody takes a lock.
// It knows no actor and no scheduler. What it knows is whether its consumer is awake, and so each push can say
// who has to schedule it.
//
// # Use
//
// A producer pushes and does what the [Outcome] says; the consumer, once scheduled, works until Sleep is true:
//
//	switch box.Push(pool, cache, m) {                for {
//	case mailbox.Wake:                                   for box.HasControl() {
//	    schedule(consumer)                                   handleControl(box.PopControl())
//	case mailbox.Full, mailbox.Closed:                   }
//	    refuse(m)                                        if m, ok := box.Pop(pool, cache); ok {
//	case mailbox.Late:                                       handle(m)
//	    discardAll(box.PopOldest)                        } else if box.Sleep() {
//	}                                                        return // and touch the box no more
//	                                                     }
//	                                                 }
//
// A consumer may also return without Sleep, when its time is up; then it is still awake and must schedule
// itself. Whoever was told Wake, once, is the only one who schedules; so there is never more than one consumer.
//
// # Lanes
//
// There are four [Lane]s: Signal before Stop before Supervision before Message, always, whatever came first.
// Within a lane the items of one producer come in the order in which they were pushed. Each accepted item
// comes out exactly once. The first three are the control lanes, short and unbounded. The Message lane is
// unbounded by default; [Mailbox.Bound] gives it a ring of its own.
//
// # How the unbounded lane works
//
// One word is both a stack (R. K. Treiber, 1986) of the messages that have come and the state of the consumer;
// its four values are listed at [Mailbox]. A push is one CAS that puts a node on top, or a [Chain] of them; if it
// found nil, the consumer was asleep, and the pusher wakes it. The consumer takes the whole stack with one swap,
// reverses it into a batch, oldest first, and pops from that without any atomic operation. To sleep it changes
// &awake into nil by a CAS, which fails if a message has come. So a message in a quiet system costs three atomic
// operations in all, one in a busy one, and a fraction of one in a chain.
//
// Nodes hold M itself, not an interface. They come from a [Cache], which belongs to a worker, and pass between
// caches through a [Pool] by the batch. The node of a message is cleared and free before the message is handled.
//
// # Why no wakeup is lost
//
// Messages of the unbounded lane go through the word, and so does sleep: one of two CASes on one word is first,
// and the other one sees it. Control items and the ring are other words. There the producer and the consumer
// each do two steps, mirrored, and the second one looks at what the other one's first step wrote:
//
//	producer                                     consumer
//	1. put the item where it can be seen         1. Sleep: change the word from &awake to nil
//	   (CAS on control; store of a slot's seq)   2. look at control and at the head of the ring
//	2. look at the word; if it is nil:           3. if something is there: change the word from nil
//	   change it to &awake                          to &awake
//
// All these are sequentially consistent, so of the two first steps one is before the other. If the producer's
// is, the consumer finds the item in its step 2. If the consumer's is, the producer finds nil in its step 2, or
// what somebody wrote after it, which is to say that somebody else has woken the consumer since; and that
// consumer has yet to look. Both may see each other. Then both try to change nil to &awake, one succeeds, and
// who succeeds has the duty: a producer returns Wake, a consumer goes on.
//
// A producer that looked and found the consumer awake may go: step 1 of the consumer's next Sleep is still to
// come, and so is its step 2.
//
// The same shape, push then look against announce then look, protects Close (the late producer, see [Late]) and
// those who wait for room. With the build tag interleave the tests try every order of these steps (package
// internal/weave).
//
// # What was tried instead
//
// The figures were measured in a prototype on two cores, in nanoseconds a message of 16 bytes, one producer,
// backlog unbounded; this queue had 16 there, and 40 to 47 with 4 and 100 producers.
//
//   - Vyukov's linked MPSC queue: 49. It allocates a node a message or needs the same free lists (50); its
//     producer can be preempted between the two halves of a push and hide all that is behind it; and it has no
//     state that means asleep, so that each hop pays for a second word.
//   - Nodes from sync.Pool: 87 to 93, and over 200 with 100 producers. Producer and consumer are on different
//     cores, so each Get has to steal. It is good enough, though, for the caches of those who have none:
//     there a goroutine gets back on its core what it has put.
//   - Segments of 32 slots taken by fetch-and-add: 24 to 54, never better, and an idle mailbox keeps a segment.
//   - A mutex and two slices: 22 to 30, surprisingly near, but each mailbox that was ever used keeps two
//     buffers, and a preempted producer blocks everybody.
//   - An interface as the message: 10 to 20 more and an allocation.
//
// Under a flood all of them, this one too, are as slow as memory is cold. A bound is the cure.
package mailbox
