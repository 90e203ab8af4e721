// Package protocol is what a node says and concludes: the handshake, the choice
// between two connections to one peer, what is told of actors, groups and names,
// and when a peer counts as gone. It speaks ractor_cluster's protocol, and with
// other Go nodes a little more.
//
// It is pure. A [Machine] has no goroutine, clock, lock or connection: an [Event]
// goes in, [Effect] values come out, and random numbers come from its [Config].
// The same events give the same effects, so scripts, simulations and the real node
// run the same code. Package cluster owns the bytes and the time.
//
// # A connection's life
//
//	Opened ── handshake ── election ── Authenticated ── sync ── Ready ── Disconnected
//
// Before Authenticated a connection brings forth nothing but Send, Close and Log.
// Each connection ends with a Close by the machine or a Closed from outside, and if
// it was Authenticated there is one Disconnected. At any moment at most one
// connection to a peer's name is Authenticated.
//
// Whoever drives a Machine owes it this:
//
//   - Effects are carried out in order, and a frame's before the next frame of
//     that connection is looked at. Only so does Down come after what the dead
//     actor has sent, and Allow before what it allows.
//   - Late frames do not overtake data, and frames of one kind, Late or not, do
//     not overtake each other.
//   - After each Step, Wake is asked again.
//   - Frames before Authenticated are small; how small is not checked here.
//   - Who wants a connection for good dials again, with a pause, and not while
//     there is a session with that peer.
//
// # Ends
//
// A Go node is told Down at once: it comes behind all that the actor has sent, and is
// taken in that order. ractor does not keep that order, neither with the terminate
// that it sends nor with the one that it takes. So with a ractor node the ends of its
// actors and of ours wait for a ping sent behind them to be answered, and a moment
// more; IdleTimeout bounds it. Meanwhile the actor is in no group any more, and what is
// sent to it is dropped by whoever had it. See hold.go.
//
// # The two handshakes
//
// ractor's handshake (here: legacy) proves that the other side knows the cookie,
// and no more. Each side answers a 32-bit challenge with
// SHA-256(challenge, cookie): whoever is dialled can pass the question on to
// another node and be let in there, and it can guess at the cookie at home.
//
// Go nodes replace the second half by authentication v2:
//
//	dials                                        accepts
//	  │ name + Hello ──────────────────────────────▶ │
//	  │ ◀──────────────────── status OK              │
//	  │ ◀──────────────────── challenge + Hello      │
//	  │ ◀──────────────────── offer: nonce           │  only if the name had a Hello
//	  │ offer: nonce ──────────────────────────────▶ │  only if the challenge had one
//	  │ proof: mac ────────────────────────────────▶ │  authenticated
//	  │ ◀──────────────────── proof: mac             │
//	authenticated
//
// The Hello is in a field that ractor skips, and it never sends one, so it never
// sees an offer. A Hello that makes no sense is no Hello. The mac is HMAC-SHA-256
// under the cookie, over the role of the prover, the names, addresses, and Hellos
// (incarnation and features) of both, the connection id, both nonces and, under
// TLS, the exporter value of the connection. No legacy digest is ever given to, or
// taken from, a peer that has said Hello. The side that dials proves first, as in
// ractor: to be given something to guess at, one has to be dialled.
//
// What is caught:
//
//   - Relaying to a third node: the names, or the roles, differ; under TLS the
//     exporter differs too.
//   - One Hello removed on the way: one side makes an offer to a side that waits
//     for a digest, or a digest comes where an offer was due. Either closes.
//   - A Hello changed (fewer features, another incarnation): the macs differ.
//   - Both Hellos removed, if the peer's name has been a Go node's since this
//     node started, or the connection may not be legacy at all: unless it is over
//     TLS or loopback, that needs AllowInsecureLegacy.
//
// What is not:
//
//   - Both Hellos removed at the first meeting, where legacy is allowed. Then it
//     is ractor's handshake, with its weakness. Over TLS with certificates that
//     are verified nobody is there to remove them.
//   - Without TLS, somebody who passes on everything unchanged and puts in
//     messages of his own later: nothing protects what comes after the handshake.
//   - A weak cookie. Both digest and mac can be tried against a list of words.
//   - A peer that knows the cookie and lies about its name.
package protocol
