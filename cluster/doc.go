// Package cluster lets actors of other processes be used like those of one's own.
//
// [Start] makes a System a [Node] of a cluster. Actors that were spawned with
// actor.Remotable can then be made reachable for other nodes, and those of other
// nodes are found in groups of package pg, by name ([Lookup]), or as a Ref in a
// message. Such a Ref is used as any other: Cast, rpc.Call, Monitor, Wait. There
// is a [Codec] for each type of messages that crosses.
//
//	node, err := cluster.Start(ctx, sys, cluster.Config{
//		Name:   "a",
//		Cookie: secret,
//		Join:   []string{"10.0.0.1:4697"},
//		Codecs: []cluster.Codec{cluster.Enum[Msg](cluster.VariantOf[Add]("Add"))},
//	})
//	ref, err := actor.Spawn(ctx, &counter{}, actor.Remotable(), actor.Named("counter"))
//
// docs/cluster.md is the guide, with security, TLS, and a Rust node to talk to.
//
// # Who may be sent to
//
// Between Go nodes an id is worth nothing: an actor is reachable for a node once
// it is in a group, has a name ([Node.Export] gives one too), was spawned for that
// node ([Spawn]), or its Ref was sent to it. It stays so while the session and
// the actor last. To end the actor from there takes [AllowControl]. A Rust node is told of all remotable actors.
//
// # What is promised
//
//   - From one sender to one actor the order is kept, while the session lasts.
//   - A message is handled at most once. A Cast that returned nil is queued on this
//     node: there is no acknowledgement, and nothing is sent twice.
//   - Every call ends: by its answer, by the end of the actor, by that of the
//     session ([ErrNodeDown]), or by its ctx. Only of a Rust node's actor one
//     cannot hear that it will not answer: there a deadline is needed.
//   - A monitor is told of the end once, after all that the actor has sent; or that
//     its node is down, which says nothing about the actor.
//   - The end of a session ends its Refs for good. A node that comes back has others.
//   - Nothing blocks on a slow peer: its queue is bounded, and then it is
//     [ErrOutboundFull].
//
// # What it costs
//
// A session has two goroutines and its buffers; an idle one sends a few bytes every few
// seconds. An actor of another node that was told of, and a local one that is
// remotable, cost some hundred bytes. A cast is encoded on the sender's goroutine,
// as a rule without an allocation, and many go in one write. go run ./cmd/loadgen
// run remote measures it.
package cluster
