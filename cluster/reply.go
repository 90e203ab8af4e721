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

// leaves notes who waits for the answer to the message.
func (r *replyField) leaves(at unsafe.Pointer, out *outgoing, about CodecError) {
	reply := reflect.New(r.typ)
	reply.Elem().Set(reflect.NewAt(r.typ, unsafe.Add(at, r.offset)).Elem())
	far := reply.Interface().(rpc.Far) //nolint:forcetypeassert // isReply has looked
	if !far.Abandoned() {
		about.Doing, about.Field = "decode", r.name
		out.pending = &pending{far: far, how: r.how, peer: out.peer, about: about}
	}
}

// arrives sets the Reply of the message to one whose answer goes back to the caller.
func (r *replyField) arrives(at unsafe.Pointer, in *incoming, about CodecError) {
	answer, peer := in.answer, in.peer
	reply := reflect.New(r.typ)
	in.request = reply.Interface().(rpc.Far).Receive(in.to.System(), func(v any, err error) { //nolint:forcetypeassert // isReply has looked
		var what []byte
		if err == nil {
			if what, err = r.how.encode(v, peer); err != nil {
				about.Doing, about.Field, about.Err = "encode", r.name, err
				err = &about
			}
		}
		answer(what, err)
	})
	reflect.NewAt(r.typ, unsafe.Add(at, r.offset)).Elem().Set(reply.Elem())
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

func (v bare) encode(answer any, to peer) ([]byte, error) {
	p := reflect.New(v.typ)
	p.Elem().Set(reflect.ValueOf(answer))
	return v.append(nil, p.UnsafePointer(), to)
}

func (v bare) decode(what []byte, from peer) (any, error) {
	p := reflect.New(v.typ)
	err := v.value.decode(what, p.UnsafePointer(), from)
	return p.Elem().Interface(), err
}
