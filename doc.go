// Package ractor is the map of the house; it has no code. What there is to
// import stands below it.
//
// ractor for Go is an actor framework: very many small values that handle
// messages one at a time, on a fixed pool of workers. Begin with the README, or
// with package actor; docs/ has a page each for those who come from ractor, from
// Erlang, and from goroutines and channels, and one about clusters.
//
// # The floors
//
// A package imports only floors below its own. internal/floors has this as a
// text, and a test that holds every import against it.
//
//	floor  package      what it is                                       it knows
//	5      cmd/loadgen  puts a load on everything and measures it        all below
//	5      examples/    whole programs to start from: crawler, kvstore   all below
//	4      cluster      actors of other nodes, in Go and in Rust; in     pg, rpc, actor
//	                    internal: wire, the frames, and protocol, what
//	                    a node says and concludes
//	4      actortest    simulations of whole systems, for tests          all below
//	3b     supervisor   restarts children: strategies, intensity         3a, actor
//	3b     factory      pools of workers: routing, limits, retries       3a, actor
//	3b     port         publish and subscribe, from one to many          actor
//	3a     rpc          requests: Call, Then, Reply, Give, Multi         actor
//	3a     pg           process groups, typed                            actor
//	2      actor        actors: Spawn, Cast, the life, links, monitors,  sched, mailbox,
//	                    timers, names, systems                           registry
//	1      sched        workers, run queues, stealing, parking,          timerwheel
//	                    handlers that block, the clock
//	0      mailbox      a queue of many producers and one consumer,      nobody
//	                    in four lanes
//	0      timerwheel   a hierarchical wheel, without clock or           nobody
//	                    goroutine
//	0      registry     the tables of names and of ids                   nobody
//	seam   weave        in internal: atomics and locks under which       gid
//	                    every interleaving can be tried
//	leaf   internal     gid: which goroutine is this; floors: the rule   nobody
//	                    above; invariant: checks of race builds; leaks:
//	                    goroutines that are nobody's; docs: README and
//	                    docs/ compile; mutants: faults on purpose; meet:
//	                    two steps at the same time; seamcost: what the
//	                    simulator's seam costs
//
// sched knows no actor: it runs tasks. mailbox knows no scheduler: it tells
// exactly one producer that the consumer must be woken. registry and timerwheel
// are data structures. The place where all of them meet is package actor, and
// there it is the path of one message.
//
// # The story of a message
//
// It begins with Ref.Cast (actor/cast.go), in any goroutine. The Ref is a
// pointer to the actor, so nothing is looked up; Cast finds out which worker it
// is on, if any, because that one has free nodes and a queue at hand.
//
// Context.accept refuses the message if the actor takes none any more, and
// otherwise pushes it: Mailbox.Push (mailbox/mailbox.go) puts the message into a
// node, as it is and without a box, and makes the node the head of a stack with
// one compare-and-swap. That word is also the state of the actor: what the push
// found there says whether the actor is awake. Then the story waits here until
// the actor gets to it. If it was asleep, Push says Wake, to this producer and to
// no other, and who is told so must schedule the actor.
//
// To schedule is Submit (sched/scheduler.go). Inside a handler the actor becomes
// the next one of the same worker, which will take it when the present turn is
// over: of two actors that talk to each other one runs right after the other,
// on one core. From outside it goes into the global queue, and a parked worker is
// woken, unless one is looking for work already (sched/park.go has the argument
// why none sleeps too long).
//
// A worker is a run queue, not a goroutine; a carrier is a goroutine that carries
// a worker (sched/carrier.go). Carrier.work takes the next task: the worker's
// own, one of the global queue, or one stolen from another worker. It calls the
// task's Turn.
//
// Turn (actor/turn.go) is the consumer of the mailbox. Until its budget or its
// time slice is used up it looks whether Kill, Stop or an event is waiting, and
// else pops: the first Mailbox.Pop swaps out all that has come, puts it in
// order, and the next ones only walk along it. Then it calls Handle, the
// code of the actor's author. An empty mailbox is put to sleep with one
// compare-and-swap, which fails if something has come meanwhile.
//
// If the message was a request, made by rpc.Call, it carried a Reply, and Handle
// calls Send (rpc/reply.go), now or later, from wherever it likes. Send writes the
// answer into the port that the caller waits at, and wakes it. Should the actor
// end without an answer, whoever discards the message or finds the answer owed
// says so to the port instead, so that the caller never waits for the dead
// (rpc/port.go).
//
// If the Ref is of an actor of another node, Cast finds a shim behind it
// (actor/shim.go), which has no mailbox. The Codec of the message's type encodes it
// on the spot (cluster/typed.go), into the queue of bytes that the session's writer
// sends (cluster/outbox.go). Over there the reader finds the actor, if this node
// may send to it, decodes, and calls Ref.Cast (cluster/inbox.go): the story begins
// anew, but that the reader takes a worker's place, if one is asleep, and runs the
// actor itself (cluster/visit.go, sched/guest.go).
package ractor
