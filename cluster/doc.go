// Package cluster connects Systems on different machines, so that actors of one
// are used in another like its own: a Ref is a Ref, wherever it leads. It speaks
// the protocol of the Rust crate ractor_cluster, so Go nodes and Rust nodes can be
// one cluster; Go nodes do more among themselves. docs/cluster.md is the guide, with
// security, TLS, and a Rust program to talk to; this page is the contract.
//
//	node, err := cluster.Start(ctx, sys, cluster.Config{
//		Name:   "shop",
//		Host:   "10.0.0.7",
//		Listen: "10.0.0.7:4697",
//		Cookie: secret,
//		TLS:    tlsConfig,
//		Join:   []string{"10.0.0.8:4697"},
//		Codecs: []cluster.Codec{cluster.Enum[Order](cluster.VariantOf[Place]("Place"))},
//	})
//
//	ref, err := actor.Spawn(ctx, &till{}, actor.Remotable(), actor.Named("till"))
//
// and on another node
//
//	for at, ref := range cluster.Lookup[Order](node, "till") { … }
//
// # Which actors, which messages
//
// Only actors spawned with actor.Remotable can be reached from other nodes, and
// only by messages for which Config.Codecs has a [Codec]. They are found through
// process groups (package pg: a group has the members of all nodes), through names
// ([Lookup], [Node.Export]), and by Refs in messages. Nothing is told of others.
//
// A Ref leads to one incarnation of one node. When the session with a node ends, all
// its actors have ended as far as this node can know: Refs to them say so, groups and
// names lose them, monitors are told [ErrNodeDown]. A new session has new Refs.
//
// # What may be done by whom
//
// Who knows the cookie is a member, and members trust each other: see
// Config.Cookie, Config.TLS and Config.BindNameToCert. Even so a Go node can address
// on a session only those actors that were exported there: members of groups, those
// with names, those given to [Node.Export] or spawned for it, and those whose Refs
// were sent over that session. Ids can be guessed; this set is the permission. A
// Rust node expects to be told of all remotable actors, and so may address them
// all. To send is all that others may do: to end an actor needs [AllowControl], to
// spawn one Config.Kinds.
//
// A Ref that comes back to the node of its actor is the actor itself. One that
// leads to a third node is resolved over the session with that node, if there is
// one, and may be used if the actor was exported to this node too; otherwise it is
// the Ref of an actor that has ended.
//
// # What is promised
//
//   - From one sender to one actor messages arrive in order, and each at most once.
//     A Cast that returned nil was queued for sending: it is lost if the session
//     ends first, or if its actor is not there, or full. Go nodes count and log what
//     was refused. Who must know asks for an answer.
//   - A call ends with the answer, with the callee's error as a [RemoteError], when
//     the callee ends or the mailbox refuses it (between Go nodes), when its ctx
//     ends, or at once with ErrNodeDown when the session ends. The remaining time of
//     ctx crosses: a request whose time is over is not handled.
//   - A monitor's Down comes after all that the dead actor had sent, with its reason
//     if the node is a Go node.
//   - A sender never waits: when Config.Outbound bytes wait it gets
//     [ErrOutboundFull]. Big messages do not hold up small ones to other actors.
//   - A peer that is silent for Config.IdleTimeout is gone. A Go node that has started
//     again under its name takes the place of its former life as soon as there is a
//     connection with it: the old session is over, with all its Refs, before the new
//     one begins.
//
// # What is not
//
//   - No message is sent twice, and none is kept for a node that is away.
//   - Names and groups are not the same everywhere at one moment, and nothing is
//     unique in a cluster.
//   - Links, Suspend, Inspect and supervision do not cross: actor.ErrNotSupported.
//   - A WaitForRoom mailbox refuses what comes from other nodes when it is full.
//
// # Rust nodes
//
// They have casts, calls and groups, no reasons, no negative answers and no
// control; a call that they cannot serve is met with silence, so give it
// a deadline. When one of their actors ends, an answer may still be on its way: its
// calls wait for it a moment. And of the end of one of ours they are told that
// moment later, lest they lose its last answer; that it has left its groups they
// are told at once. Rust nodes beyond loopback need TLS, or
// Config.AllowInsecureLegacy.
//
// # What it costs
//
// A node has a goroutine for accepting, one for time, and two for each session. A
// cast is encoded on the sender's goroutine into a buffer, of which the session's
// writer sends all at once; what arrives goes from the session's reader straight to
// the actor, which the reader runs itself if a worker is asleep. A handler that is
// slow, or blocks, holds up what comes behind its message for a tick or two of the
// scheduler's monitor at most, and the next time it is left to a worker. Between two
// processes of one machine that is about a tenth of a microsecond of processor time a
// message for the sender, and some more for the receiver; loadgen run remote measures
// it.
package cluster
