// Package supervisor starts actors, watches them, and starts them anew when they
// die, as Erlang's OTP does.
//
// An actor that fails is best not repaired but thrown away: somebody else, who
// has not failed, starts a new one from a known state. A supervisor is an actor
// whose only work that is. Its children may be supervisors too; the tree says
// what depends on what.
//
//	sup, err := supervisor.Spawn(ctx, supervisor.Spec{
//		Strategy:  supervisor.RestForOne,
//		Intensity: supervisor.Intensity{Max: 3, Per: time.Minute},
//		Children: []supervisor.Child{
//			{ID: "store", Start: supervisor.Of(newStore)},
//			{ID: "cache", Start: supervisor.Of(newCache, actor.Named("cache"))},
//		},
//	})
//
// A restart calls the constructor again and never uses a value twice. The new
// incarnation is a new actor with an empty mailbox and a new Ref: who talks to a
// child that may be restarted uses its name (actor.ByName), or asks for it anew
// ([Find]). With Child.KeepMailbox it is the same actor with a new value, whose
// Ref and queue outlive the failure: see below.
//
// # Which one
//
//   - [OneForOne]: the children do not depend on each other.
//   - [RestForOne]: each child depends on those before it.
//   - [OneForAll]: all depend on all.
//   - [SpawnDynamic]: any number of children that are all alike and come and go.
//
// # Contract
//
// Order. Children are started in the order of the Spec, each when the PreStart
// of the one before has returned; nobody waits for PostStart. They are stopped
// in reverse order, each when the one before has ended, at every level of a
// tree. A child has its Shutdown to stop, then it is killed; if it ignores that
// for actor.Config.KillGrace too, it is abandoned, and counts as ended. So
// nothing waits longer than the deadlines and KillGrace, however stuck a child
// is. A dynamic supervisor stops its children all at once, under one deadline.
//
// Deaths. [Restart] says after which ends a child is restarted. Ends that the
// supervisor has ordered are not counted, nor are the deaths of other children
// while it restarts a group because of one: a group's restart counts one. A
// start that fails in a restart counts as a restart again. When a child fails to
// start, RestForOne goes on from that child; OneForAll stops what it has
// started, and starts all. A child that a group's restart has started itself,
// and that dies before the group is complete, counts.
//
// A restarted group starts all its children, also those that had ended normally
// or were terminated; Temporary ones are removed instead.
//
// In place. A child with KeepMailbox whose callback fails is not gone: it waits,
// with its mailbox, for its restart, which is decided, counted and delayed as any
// other. PreStart of the new value runs on the supervisor's turn; if it fails the
// child goes on waiting, and that counts as a restart again. Other ends (Kill,
// Stop, abandonment, a failed PostStop) are followed by a new actor. So are those
// that a group's restart orders: of the group only who has failed is restarted in
// place, the others are stopped, with their queues, and started anew. A child that
// is stopped or killed while it waits ends as it has failed, be it by
// TerminateChild, by the supervisor's own end, or by somebody else, after whom it
// is started anew. ErrIgnore from PreStart ends it too.
//
// Limits. More than Intensity.Max restarts within Intensity.Per, the ends of
// that window included, and the supervisor gives up: it stops its children in
// order and fails with [ErrRestartIntensity]. That is an abnormal end: its own
// supervisor restarts it, be it Permanent or Transient.
//
// Turns. A supervisor never sleeps, and never waits for a child to stop, inside
// a handler. It starts at most one child in a turn; between two, whatever is
// more urgent comes first. Its Stop and Kill are served at any time: while it
// stops children, restarts them or backs off.
//
// Requests are carried out one after another, in the order in which they came.
// They wait while a child is being stopped or a group restarted. In the pause of
// a group's back-off those are answered that need nothing done, such as
// WhichChildren, or RestartChild with ErrRestarting; the first that does need it
// waits, and all behind it. In OneForOne and in dynamic supervisors a back-off is
// one child's, and nobody else waits for it. In a dynamic supervisor nobody waits
// for another child's stop either.
//
// Names. A supervisor that was killed ends before its children have died. The one
// that takes its place waits, in its own PreStart, until those who are ending have
// given back the names of its children.
//
// PreStart runs on the supervisor's turn. One that waits long keeps the
// supervisor from everything but Kill, which ends the PreStart's ctx; a worker is
// not held if it waits in calls of this library.
//
// Killed. When a supervisor is killed its children are killed with it, or, with
// OnParentKill: [Graceful], handed to an actor that outlives it and stops them in
// order. StopTree on a supervisor or above it stops everything, leaves first,
// and restarts nothing.
//
// Leaving. A child that unlinks itself, or is linked to another parent, is not
// watched any more, and not restarted when it dies, until somebody asks for it:
// then the supervisor finds that it is gone; a dynamic one finds it at
// TerminateChild only. As long as it lives it is stopped with its siblings.
//
// Clock. Intensity and Backoff use the monotonic clock; in a testing/synctest
// bubble that is the bubble's.
//
// # Differences
//
// From ractor: it has no restart strategies; its supervisors are written by hand.
// Here HandleSupervision of a plain actor is still the way to do that.
//
// From OTP: restarts in place, which a mailbox outlives. Giving up is a failure, not the reason shutdown, so that a Transient
// supervisor that gave up is restarted. Back-off, which OTP leaves to others.
// Requests in the middle of a group's restart wait for its end, where OTP serves
// them between two attempts; a child terminated while it waits to be restarted
// stays down, but in a group the request waits. A killed supervisor may still
// have its children stopped in order. A child's Shutdown defaults to Infinity if
// it is a supervisor. There is no child type to declare: a supervisor is
// recognised.
package supervisor
