package cluster

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

// Codec says how the messages of one Go type cross the wire. Enum, Plain, Proto
// and CBOR make one; Config.Codecs is where it is given. A Codec that cannot work
// (a variant that is no message, a field of a type that has no encoding) is
// still a Codec: Start refuses it, with an error that names what is wrong.
// A Codec may serve any number of nodes and goroutines.
type Codec interface {
	// Message returns the type of the messages that it is for.
	Message() reflect.Type

	// Schema describes in readable text what it sends and understands, a line
	// for each fact that must not change while other nodes run the old code.
	// Package clustertest has a test helper that watches over it.
	Schema() string

	// Err says why the Codec is of no use; nil if it is well.
	Err() error

	// decode makes the message that in describes and sends it to in.to. The
	// error is a *CodecError when the bytes are not such a message, otherwise
	// that of the Cast.
	decode(in *incoming) error

	// row returns an empty row for casts of such messages.
	row() row
}

// encoder is what every Codec for messages of type M is, too. It is the Sender of
// the shims of this package.
type encoder[M any] interface {
	Codec
	actor.Sender[M]

	// encode appends the arguments of m to out and sets what out says of the
	// message. After an error, a *CodecError, out.args is as it was. It may
	// run methods of the message's fields (CBOR, protobuf), never panics, and
	// keeps nothing of out.
	encode(m M, out *outgoing) error
}

// peer is the node at the other end of a session, as codecs need it.
type peer interface {
	// foreign says that it is a ractor node, which knows only what ractor does.
	foreign() bool

	// export tells how the peer calls the actor that r leads to, and sees to it
	// that it may address that actor before the present message, or answer, has
	// arrived. It is called inside encode, or on the goroutine that answers.
	export(r actor.AnyRef) (node string, incarnation, pid uint64, err error)

	// resolve makes the Ref of an actor that the peer has named; message is nil
	// for an AnyRef. It is called inside decode, or pending.answer.
	resolve(node string, incarnation, pid uint64, message reflect.Type) (actor.AnyRef, error)
}

// line is the Far of every shim of this package: the way to one actor.
type line interface {
	// begin returns where to encode a message to that actor, until end.
	begin(ctx context.Context) (*outgoing, error)

	// end sends what begin has returned and encode has filled, or, if err is not
	// nil, puts it away and returns err.
	end(ctx context.Context, out *outgoing, err error) error
}

// outgoing is a message on its way out. One value serves one message after
// another.
type outgoing struct {
	peer peer // set by the session, once

	args    []byte   // encode appends to it
	variant string   // the message's name
	call    bool     // it travels as a Call: the variant has a Reply
	pending *pending // who waits for the answer to a call: asks, which end copies; nil if nobody does
	asks    pending

	word unsafe.Pointer // of encode: the message, if it is one pointer
}

// incoming is a message that has come: decode reads it, and keeps of it only what
// is for calls.
type incoming struct {
	peer peer
	ctx  context.Context // of the Cast to the actor
	to   actor.AnyRef

	recent *variant // of the Codec, or nil: the last that decode has met, most likely the next

	variant []byte // what and variant may be overwritten when decode has returned
	what    []byte
	call    bool

	// owing is who gets the answer to a call. decode completes it.
	owing *owing

	// request is set by decode of a call: GiveUp says that the caller's time is
	// over.
	request rpc.Incoming
}

// CodecError says what could not be encoded or decoded, and why. Variant and Field
// are empty where it is not about one.
type CodecError struct {
	Doing   string // "encode" or "decode"
	Message reflect.Type
	Variant string
	Field   string
	Err     error
}

// Error names all of it.
func (e *CodecError) Error() string {
	where := e.Message.String()
	if e.Variant != "" {
		where += " " + e.Variant
	}
	if e.Field != "" {
		where += "." + e.Field
	}
	return fmt.Sprintf("cluster: %s %s: %v", e.Doing, where, e.Err)
}

// Unwrap returns the cause.
func (e *CodecError) Unwrap() error { return e.Err }

// ErrCodec is why a Codec is of no use; it comes wrapped with what is wrong.
var ErrCodec = errors.New("cluster: bad codec")

// codecs finds the Codec for a type of messages.
type codecs map[reflect.Type]Codec

// newCodecs checks a list of Codecs and puts them together. The error has all
// that is wrong.
func newCodecs(list []Codec) (codecs, error) {
	all := make(codecs, len(list))
	var wrong []error
	for i, c := range list {
		if c == nil {
			wrong = append(wrong, fmt.Errorf("%w: Codecs[%d] is nil", ErrCodec, i))
			continue
		}
		if err := c.Err(); err != nil {
			wrong = append(wrong, err)
		} else if all[c.Message()] != nil {
			wrong = append(wrong, fmt.Errorf("%w: two are for messages of type %v", ErrCodec, c.Message()))
		}
		all[c.Message()] = c
	}
	return all, errors.Join(wrong...)
}
