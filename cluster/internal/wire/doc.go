// Package wire is what nodes send each other as bytes: frames, each of which
// holds one protobuf message, in the format of ractor_cluster.
//
// The .proto files beside this text are ours, written from the description of
// the protocol, and say what each message is for; the code made from them is
// generated. Two fields go beyond ractor, with numbers that it does not use:
// NodeFlags.go, 50001, and NetworkMessage.go, 50002.
//
// [Append] writes a frame with any message, a [Reader] reads frames. Casts, calls
// and replies, of which there are many, are written and read by hand: [Begin] and
// [EndCast], [Frame].
//
// What comes is not trusted: see [Reader] for what bounds it. What is in a message,
// such as numbers of enums that nobody knows, is for others to check.
package wire

//go:generate go -C ../../../internal/tools run ./protogen ../.. cluster/internal/wire
