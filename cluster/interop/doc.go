// Package interop has no code of its own: its tests run nodes of package cluster
// against nodes of ractor_cluster, the real one.
//
// peer/ is the Rust side, a program that the tests drive by lines. They have the
// build tag interop:
//
//	go test -tags interop ./cluster/interop
//
// needs cargo, which builds the peer at the first run and takes some minutes; or
// RACTOR_PEER, the path of a peer that is built already.
//
// The tests named TestPeer speak to it in bare frames and hold what it does, row by
// row of the description of the protocol. If one of them fails with a newer
// ractor_cluster, the protocol has changed.
package interop
