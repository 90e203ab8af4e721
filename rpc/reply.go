package rpc

import (
	"errors"
	"fmt"

	"github.com/ractor-go/ractor/sched"
)

var (
	// ErrNoReply says that the callee ended, or discarded the request, without
	// a reply. It comes wrapped with why.
	ErrNoReply = errors.New("rpc: no reply")
	// ErrSelfCall says that an actor called itself and would wait for ever.
	ErrSelfCall = errors.New("rpc: an actor cannot call itself")
	// ErrCallCycle says that a call would wait for one that waits for it. It
	// comes wrapped with who waits for whom. Only Debug finds cycles.
	ErrCallCycle = errors.New("rpc: a cycle of calls")
	// ErrNotWaiting says that nobody waits for this reply any more.
	ErrNotWaiting = errors.New("rpc: nobody waits for this reply")
	// ErrNilAsk says that no function was given that builds the request.
	ErrNilAsk = errors.New("rpc: nil ask")
)

// noReplyError is ErrNoReply with its reason.
type noReplyError struct{ reason error }

func (e *noReplyError) Error() string        { return fmt.Sprintf("%v: %v", ErrNoReply, e.reason) }
func (e *noReplyError) Is(target error) bool { return target == ErrNoReply }
func (e *noReplyError) Unwrap() error        { return e.reason }

// Reply is where one answer goes. It may be copied, kept beyond the handler and
// used from any goroutine; the first Send or Fail counts, later ones, those of
// copies too, reach nobody. The zero Reply means that nobody asked: sending to
// it does nothing.
type Reply[R any] struct {
	p   *port[R]
	gen uint32
}

// Send answers with v. It returns nothing: a caller that has given up must not
// be able to end the callee. It never blocks.
func (r Reply[R]) Send(v R) {
	if r.p != nil {
		if sched.Driven() {
			sched.Reach(sched.Op{Kind: sched.OpAnswer, On: r, Note: v})
		}
		r.p.answer(r.gen, v, nil)
	}
}

// Fail answers with err, which Call returns as it is; nil becomes ErrNoReply.
func (r Reply[R]) Fail(err error) {
	if r.p == nil {
		return
	}
	if err == nil {
		err = ErrNoReply
	}
	var none R
	if sched.Driven() {
		sched.Reach(sched.Op{Kind: sched.OpAnswer, On: r, Note: err})
	}
	r.p.answer(r.gen, none, err)
}

// Abandoned says that nobody waits any more: the call was answered or given up.
// The zero Reply is abandoned.
func (r Reply[R]) Abandoned() bool {
	if r.p == nil {
		return true
	}
	if sched.Driven() {
		sched.Reach(sched.Op{Kind: sched.OpLook, On: r})
	}
	s := r.p.state.Load()
	return generation(s) != r.gen || s&over != 0
}

// Detach ends the callee's duty: its end no longer ends the call, only Send,
// Fail and the caller's ctx do. For a reply that is handed to code outside
// actors.
func (r Reply[R]) Detach() {
	if r.p != nil {
		if sched.Driven() {
			sched.Touch(nil, r)
		}
		r.p.change(r.gen, func(s uint64) uint64 { return s | detached })
	}
}
