package cluster

import "errors"

// What can go wrong between nodes, and with a node.
var (
	// ErrNodeDown: the session with the actor's node has ended. Calls that wait
	// end with it, whether they were handled or not, and monitors are told it. Later
	// sends return it together with actor.ErrStopped. The actor itself may be well.
	ErrNodeDown = errors.New("cluster: node is down")
	// ErrOutboundFull: the peer reads more slowly than this node sends, and
	// Config.Outbound bytes wait already. What was to be sent was not; to try
	// again later may help.
	ErrOutboundFull = errors.New("cluster: outbound queue is full")
	// ErrTooLarge: the message is larger than Config.MaxFrame. If an answer is,
	// the caller gets it as the text of a *RemoteError.
	ErrTooLarge = errors.New("cluster: message is too large")
	// ErrNoCodec: no Codec of Config.Codecs is for this type of messages. So a
	// message cannot be sent, or a remotable actor not be spawned.
	ErrNoCodec = errors.New("cluster: no codec")
	// ErrNoSession: there is no session with a node of that name.
	ErrNoSession = errors.New("cluster: no session with that node")
	// ErrNotExported: the actor cannot be addressed by other nodes: it was not
	// spawned with actor.Remotable, or has ended. A message with its Ref is not
	// sent.
	ErrNotExported = errors.New("cluster: actor is not remotable")
	// ErrNotAllowed: the other node does not let this one end the actor; see
	// AllowControl.
	ErrNotAllowed = errors.New("cluster: not allowed")
	// ErrNoKind: the other node has no such kind of actor in Config.Kinds.
	ErrNoKind = errors.New("cluster: no such kind of actor")
	// ErrUndecodable: the other node could not read the message; the two have
	// different Codecs for it, or the actor takes other messages.
	ErrUndecodable = errors.New("cluster: cannot be decoded")
	// ErrConfig: a field of Config has a value that is of no use.
	ErrConfig = errors.New("cluster: bad config")
	// ErrStopped: the node has been stopped, and neither dials nor accepts. (An
	// actor that has ended is actor.ErrStopped.)
	ErrStopped = errors.New("cluster: node is stopped")
	// ErrHandshake: a connection did not become a session; it comes wrapped with
	// why.
	ErrHandshake = errors.New("cluster: handshake failed")
)

// errSlowPeer is why a session ends whose peer asks and does not read.
var errSlowPeer = errors.New("cluster: peer asks, and does not read the answers")
