package cluster

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/rpc"
)

var (
	errNoAnswer = errors.New("cluster: the message has left, and its variant has no Reply")

	replyPackage = reflect.TypeFor[rpc.Reply[int]]().PkgPath()
	refPackage   = reflect.TypeFor[actor.AnyRef]().PkgPath()
	farReply     = reflect.TypeFor[rpc.Far]()
	refVar       = reflect.TypeFor[actor.RefVar]()
)

// isReply says that t is an rpc.Reply, and not something that embeds one.
func isReply(t reflect.Type) bool {
	return t.PkgPath() == replyPackage && reflect.PointerTo(t).Implements(farReply)
}

// isRef says that t is an actor.Ref or an actor.AnyRef.
func isRef(t reflect.Type) bool {
	return t.PkgPath() == refPackage && reflect.PointerTo(t).Implements(refVar)
}

// answerType returns R of the type rpc.Reply[R].
func answerType(t reflect.Type) reflect.Type {
	return reflect.Zero(reflect.PointerTo(t)).Interface().(rpc.Far).AnswerType() //nolint:forcetypeassert // isReply has looked
}

// replyField is the Reply of a variant: it is no argument, it makes the message a
// call (wire reference 7.3).
type replyField struct {
	name   string
	typ    reflect.Type
	offset uintptr
	how    answers
}

// of returns the Reply of the message.
func (r *replyField) of(at unsafe.Pointer) rpc.Far {
	return reflect.NewAt(r.typ, unsafe.Add(at, r.offset)).Interface().(rpc.Far) //nolint:forcetypeassert // isReply has looked
}

// leaves notes who waits for the answer to the message, of variant v.
func (r *replyField) leaves(at unsafe.Pointer, out *outgoing, v *variant) {
	if reply := r.of(at).Leave(); !reply.Abandoned() {
		out.asks = pending{reply: reply, variant: v, peer: out.peer}
		out.pending = &out.asks
	}
}

// blameReply completes an error of the answer.
func (v *variant) blameReply(doing string, err error) error {
	return v.blame(doing, &CodecError{Field: v.reply.name, Err: err})
}

// arrives sets the Reply of the message to one whose answer goes back to the caller.
func (r *replyField) arrives(at unsafe.Pointer, in *incoming, v *variant) {
	in.owing.variant = v
	in.request = r.of(at).Receive(in.to.System(), in.owing)
}

// valueAnswers encodes answers as bare values, without a length (7.3, 7.4).
func valueAnswers(reply reflect.Type) (answers, error) {
	v, err := valueOf(answerType(reply))
	if err != nil {
		return nil, fmt.Errorf("its answer: %w", err)
	}
	return bare{v}, nil
}

// bare is a value as an answer.
type bare struct{ value }

func (v bare) String() string { return v.name }

func (v bare) encode(dst []byte, at any, to peer) ([]byte, error) {
	return v.append(dst, reflect.ValueOf(at).UnsafePointer(), to)
}

func (v bare) decode(what []byte, at any, from peer) error {
	return v.value.decode(what, reflect.ValueOf(at).UnsafePointer(), from)
}
