// Package pg is process groups: actors that are reached by what they have in
// common. A group has a name within a scope, and members of one message type:
//
//	var room = pg.Group[Line]{Scope: "chat", Name: "lobby"}
//
//	err := room.Join(ctx, ctx.Self())        // from the actor itself, or anywhere
//	n, err := room.Cast(ctx, Line{"hello"})  // to all
//	ref, err := room.PickKey(ctx, userID)    // the same one for a key
//	for ref := range room.Members(ctx) { … }
//
// A [Group] is a plain value, good as a package variable: there is nothing to
// create or to close. A group is there while it has a member. Members leave by
// [Group.Leave], and by themselves when they end.
//
// # Which groups
//
// Everything belongs to a System. For what reads, sends and monitors it is the
// one that ctx leads to (actor.SystemOf); who joins or leaves does so in its own
// System, whatever ctx says. The zero Scope is [DefaultScope].
//
// # What is guaranteed
//
//   - A group is a set of actors: joining twice, through whatever Ref, is joining
//     once. A Ref of actor.Adapt or actor.ByName joins the actor that is behind
//     it at that moment, and messages take the way of the Ref that joined first.
//   - A member leaves all its groups in the moment in which it crosses to
//     Stopping: at Kill, before Kill returns to the one who made it cross, even
//     if a callback still runs; at Stop, before PostStop. An actor that is
//     Stopping or Stopped joins nothing, without an error, however close the
//     race. An actor that is starting or draining may be a member; to the
//     draining one messages do not go.
//   - One Join, or Leave, of many is one change: nobody sees half of it (as long
//     as all are of one System).
//   - A monitor ([Group.Monitor], [MonitorScope]) is sent [Event] values. First
//     those members that are present, if there are any, as one Event for each
//     group; then every change, exactly once, in the order in which they
//     happened to the group. Nothing falls between the two. So for each group
//     and member joins and leaves strictly alternate, beginning with a join.
//     Calls that change nothing are not reported.
//   - A monitor is a Ref. The same Ref monitoring a group, its scope and all
//     scopes gets one Event for each change, not three, and no second snapshot
//     of what it hears of already. Two Refs are two monitors, even if they lead
//     to one actor: keep the Ref that actor.Adapt gave you, for Unmonitor.
//   - Monitors end with their actor, or with Unmonitor.
//   - A group has the members of all nodes that package cluster knows. An actor
//     joins and leaves on its own node only, and has left here when that node says
//     so, or is gone. Those known not to take the group's messages are members to
//     a monitor, but are not listed, picked or cast to.
//   - No user code runs, and nothing waits for room in a mailbox, while a lock of
//     this package is held.
//
// # What is not
//
//   - Between groups events have no order. An Event may reach the mailbox a
//     little after the call that caused it has returned, if another goroutine
//     is just delivering to the same monitor.
//   - A monitor with a bounded mailbox that refuses, or waits, gets its events
//     later, still all and in order: they wait outside until there is room. With
//     DropNewest or DropOldest it loses what it has asked to lose.
//   - A monitor that is unmonitored and monitors again begins anew, with a
//     snapshot: what it knew from before is not undone by leaves.
//   - The slices of an Event are shared by all who get it: read them only.
//   - A name means one message type at a time: while a group has members or
//     monitors of its own, using it with another type is actor.ErrWrongType.
//     Listings, which have no error to return, are empty then. What has joined on
//     another node does not say its type: the first use here does.
//   - Members see each other only within one System, and through package cluster;
//     PickKey depends on the order of joining, so two Systems, and two nodes, may
//     pick different actors for one key.
//
// # What it costs
//
// Joining and leaving cost constant time for each member, and one message for
// each monitor concerned; other groups, however many, cost nothing, and only
// members of the same group wait for each other. A group of n whose members all
// end at once costs O(n). Pick is O(1), PickKey O(log n); both, and Members and
// Cast, take no lock while membership stays. An actor that has ever joined a
// group keeps a small record until it ends.
//
// # Coming from ractor or Erlang
//
// ractor reports to monitors what the caller passed, Erlang's pg counts an actor
// as often as it has joined; here members are a set, and events are real changes
// (rows G2, G3), one for each, however often a Ref covers the group (G10). They
// are ordinary messages to a Ref[Event], made fit by actor.Adapt, not supervision
// events, and begin with who is there (G11). Single groups can be monitored in
// every scope (G8); "__world_scope__" is [AllScopes] (G9). get_members and
// get_local_members are [Group.Members] and [Group.LocalMembers] (G6);
// which_scopes and which_scoped_groups are [Scopes] and [Groups] (G7), and
// which_scopes_and_groups a loop over both. ractor has no broadcast and no pick
// (G12).
package pg
