// Package actor runs actors: values that handle one message at a time.
//
// An actor is a value with a method Handle, and its fields are its state. [Spawn]
// makes it live and returns its address, a [Ref]; [Ref.Cast] sends it a message.
// It has no goroutine of its own: it is an object of some 170 bytes that a worker
// visits when there is a message for it. So a million idle actors cost memory and
// nothing else.
//
//	type tally struct{ sum int }
//
//	func (a *tally) Handle(ctx *actor.Context[int], n int) error {
//		a.sum += n
//		return nil
//	}
//
//	ref, err := actor.Spawn(ctx, &tally{})
//	err = ref.Cast(ctx, 5)
//
// Nothing has to be started first: the default [System], with its workers, begins
// with the first Spawn and ends with its last actor. [NewSystem] makes others.
// For answers see package rpc.
//
// The rest of this page is the contract: what holds, and where it ends.
//
// # Callbacks
//
// Handle is required; [PreStarter], [PostStarter], [PostStopper] and [Supervisor]
// are hooks that the value may have too. The callbacks of one actor never run at
// the same time, and each sees what those before it have written, so an actor's
// state needs no lock. An error ends the actor; so does a panic or
// runtime.Goexit, which stay within the actor: the worker and all other actors go
// on.
//
// PreStart runs inside Spawn, on the caller's goroutine, and its error is
// Spawn's; the others run on workers. Spawn's ctx bounds PreStart and chooses the
// System. The actor's life does not depend on it.
//
// # Order
//
// From one sender to one actor messages arrive in the order in which they were
// sent. The sender is a goroutine or an actor. There is no order between
// different senders, and none between what one sender sends to different actors;
// but what A has sent to C before it sent to B comes to C before what B sends to C
// because of that.
//
// # Delivery
//
// A Cast that returned nil was accepted. What was accepted is handled once, or is
// discarded as a dead letter because the actor ended, because a bounded mailbox
// made room, or because the asker of a request had given up. A Cast that returned
// an error has done nothing. Nothing is sent twice, and nothing is stored: an
// actor that fails takes what it had not handled with it, unless its mailbox is
// kept. Whoever must know that a message was handled asks for an answer.
//
// Cast never waits and does not look at the cancellation of its ctx; the only
// exception is a bounded mailbox with [WaitForRoom]. Many messages at once are sent
// for a fraction of the price by [Ref.CastAll].
//
// # Priority
//
// There are four lanes, strictly in this order: Kill, Stop, supervision events,
// messages. Between two callbacks the most urgent lane is looked at first. So
// Stop overtakes everything that is queued, and an event of a child overtakes the
// messages that the child has sent; [Context.MonitorMsg] is for those who must
// have it after them. There are no priorities among messages.
//
// # The end
//
// An end is normal after Stop, Drain, or a parent's orderly shutdown (Wait
// returns nil), and abnormal after a failed callback, StopWith(err), Kill or
// abandonment (Wait returns an [ExitError]). Whatever ends it, these steps are
// taken once each and in this order:
//
//  1. The status becomes Stopping: sends are refused, the name is not found.
//  2. PostStop runs, after Stop and Drain only.
//  3. What is queued becomes dead letters, and whoever waits for an answer from
//     this actor is told.
//  4. Children are killed, timers end, the name may be claimed again.
//  5. Monitors are told, then the supervisor.
//  6. The link to the supervisor ends.
//  7. The status becomes Stopped, Wait returns.
//
// After a failure step 3 comes first. A kill takes step 1 at once, in the killer's
// goroutine, and kills the children then too.
//
// Stop discards what is queued; [Ref.Drain] handles it first, taking no more.
// [Ref.StopTree] ends a whole tree gracefully, leaves first.
//
// # Failing in place
//
// An actor spawned with [KeepMailbox] does not end when a callback fails. The
// message in hand becomes a dead letter, the value is thrown away with all that it
// has set up, children included, and the rest waits, with what is sent meanwhile,
// until the parent, who is told Failed with Event.Kept, gives the actor a new
// value ([Revive]). Then the queue goes on in its order. To everybody else nothing
// has happened: the Ref, the name, groups and the Context stay, monitors are not
// told, callers whose request was queued get their answer. What comes back later
// for the old value, such as the answer to a call of rpc.Then, is dropped.
//
// If the parent ends, or gives the actor up, or somebody stops or kills it before
// it is revived, it ends as Failed. Package supervisor does the parent's part.
//
// # Links and monitors
//
// A child ([SpawnLinked], [LinkedTo], [Link]) tells its parent when it has started
// and how it has ended, and dies with its parent. Without HandleSupervision a
// child's end stops the parent. With it the parent decides; to start anew is to
// spawn a new actor, whose mailbox is empty. [Context.Monitor] tells of an
// actor's end without binding the lives together; an actor that has ended already
// is reported at once, with [ErrNoProc].
//
// # Handlers that block
//
// A handler that waits in a call of this module (Wait, rpc.Call, [Blocking]) hands
// its worker on first: others go on, whatever ctx it was given, and the wait
// costs a goroutine. A handler that blocks elsewhere, or computes for long, is
// noticed after about sched.Config.StallAfter, and a spare worker takes over what
// waits behind it, up to sched.Config.MaxSpares of them. So blocking is allowed,
// and delays only the messages of the actor itself; but wrap long waits in
// Blocking, or better have them done elsewhere, with [Async].
//
// Waiting for oneself is [ErrSelf]. A cycle of actors that wait for each other is
// a deadlock, which only a ctx or a Kill ends.
//
// # Contexts
//
// A [Context] is the actor's context.Context: Done closes at Kill, otherwise when
// the actor has ended. It belongs to the actor and not to a message, so it may be
// kept, derived from, and used on any goroutine. Whether code runs inside a
// handler is found out by the goroutine, not by the ctx: context.Background
// inside a handler is safe, and a goroutine that a handler has started is
// outside, whatever ctx it holds. Methods that only callbacks may use say so.
//
// # Names
//
// A name belongs to one live actor of a System; [Named] for a name that is taken
// is an error of Spawn, and the owner keeps it. [Whereis] finds an actor once,
// [ByName] is a Ref that looks the name up at each use and so outlives restarts.
// From step 1 of the end on a name is not found, from step 4 on it is free, which
// is before the supervisor hears of the end: a restart under the same name never
// collides, and two actors never have one name at the same time.
//
// # Timers
//
// [Context.After], [Context.Every] and their kin send messages, which queue as
// others do. A timer never fires early; it is late by up to sched.Config.TimerTick,
// and by what the queue takes. Ticks of a periodic timer that find the one before
// still queued are counted, not queued ([Context.Missed]). After a
// [Timer.Cancel] that returned true no message of the timer is handled, not even
// one that was queued. Timers end with their actor.
//
// # Bounded mailboxes
//
// By default a mailbox takes what memory holds: senders that are faster than the
// receiver fill it. [Bounded] limits the messages, and says what a full mailbox
// does: refuse, drop the newest or the oldest, or have the sender wait. Handlers
// never wait for room, since they could wait for themselves; they get
// [ErrMailboxFull]. Stop, Kill, events and the answers of requests know no bound.
//
// # Dead letters
//
// Messages that were accepted and will not be handled are counted by reason
// ([System.Stats]) and sent to who has subscribed ([System.DeadLetters]). So the
// accounts of a System balance: accepted is handled, failed in the handler,
// discarded, and queued. Nothing vanishes.
//
// # Operators
//
// [System.Actors] tells what each actor is doing, [Inspect] asks one for what it
// shows of its state. [Suspend] has an actor stand still between two callbacks
// until [Resume]: what is sent to it queues, and its end is served as ever.
//
// # Other nodes
//
// A Ref may lead to an actor of another node, through package cluster; here a
// [Shim] stands for it. Cast, requests, timers, monitors, Wait and OnStopping are
// as for any actor. Stop, Kill and Drain are asked for, and StopAndWait and its kin
// say when that cannot be. What would need the actor's inside, its mailbox or its
// place in a tree is [ErrNotSupported]: links and binds, StopTree, Suspend and
// Resume, Inspect, Revive. When the node is gone the shim has ended: sends are
// refused, with [ErrStopped] and the reason, and monitors are told.
//
// [Remotable] lets the actors of other nodes have Refs to this one.
//
// # What Kill can and cannot do
//
// Kill refuses further sends, cancels the actor's Context and kills the children,
// all before it returns. It cannot interrupt Go code: a callback that is running
// goes on until it returns, and should look at its ctx. What it returns then is
// ignored. Waits of this module end at once.
//
// A callback that does not return within [Config.KillGrace] is abandoned: for
// everybody else the actor has ended (with [ErrAbandoned], as a failure), and its
// supervisor may start another. Its goroutine stays until the callback returns,
// if it ever does: it is counted, logged with its stack, and fenced, that is, what
// it still sends, spawns or arms fails with [ErrKilled]. What it does outside of
// this module nobody can prevent; so it is memory and perhaps a processor lost,
// and a bug to be fixed.
//
// # What it costs
//
// Rough figures of a small virtual machine with two cores of about 3 GHz, for
// orders of magnitude; go run ./cmd/loadgen measures yours:
//
//	an idle actor                 about 170 bytes, its own value included
//	a first name, child, monitor,
//	timer or waiter               some hundred bytes more
//	Spawn                         0.4 µs, two allocations
//	a message between actors      0.1 µs, no allocation
//	a message while it is queued  the message and 32 bytes
//	a timer                       0.5 µs to arm, one allocation
//	a wait inside a handler       1 to 2 µs, and a goroutine while it lasts
//
// # Where it differs from ractor
//
// The model is that of the Rust crate ractor, and so of Erlang/OTP. What
// is different on purpose:
//
//	                      ractor                       here
//	Kill                  drops the handler at await   cancels its ctx; abandons it after KillGrace
//	mailbox               unbounded                    unbounded, or bounded with a rule
//	a panic               discards the queue           and each message is a dead letter; or keeps it
//	an unseen failure     is silent                    is one crash report in the log
//	a dead actor's name   is free during PostStop      is free after it
//	monitoring the dead   says nothing                 says ErrNoProc at once
//	exit reasons          strings                      errors, normal or abnormal
//	a forgotten reply     an error when it is dropped  ErrNoReply when its actor ends
//	timers                live until they fire         end with the actor; Cancel reaches queued ones
//	names, groups         one table a process          each System has its own
package actor
