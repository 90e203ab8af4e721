package mailbox

import (
	"sync/atomic"
	"unsafe"

	"github.com/ractor-go/ractor/internal/weave"
)

// link is the untyped head of every node, so that sentinels and stack code need no type parameter.
type link struct {
	// next is the node below. Whoever owns the node writes it: the producer before its CAS, the consumer
	// after it took the chain, a Cache while the node is free.
	next *link

	// depth is how many nodes the stack holds from this one down. It is atomic because producers and Len
	// read it in a head that the consumer may have taken, and even recycled, since: the memory is still a
	// link (nodes never change their type, the collector keeps what is pointed at), the number may be of
	// another life. A producer that read such a number and whose CAS succeeds all the same (the node has
	// come back as the head, ABA) passes a miscount on until the chain is taken. It is only ever a report.
	depth atomic.Uint32

	// left is how many nodes there are from this one on in a batch; the consumer's, exact.
	left uint32
}

// The two states of a word that are no chain and not nil. They are compared by address and never followed.
var awake, closed link

// node is a link with what it carries. link must stay its first field: see as.
type node[T any] struct {
	link

	value T
}

// as returns the node whose head l is. It is the only unsafe conversion of the package. It is sound because
// every link but the two sentinels was allocated as the first field of a node[T], a stack or a list holds
// nodes of one T only, and no caller passes a sentinel or nil.
func as[T any](l *link) *node[T] { return (*node[T])(unsafe.Pointer(l)) }

// over puts a chain of n nodes, from top down to bottom, on top of head, which is what a stack's word held; they
// still belong to the caller. Only a head is asked for its depth, so that of the nodes between does not matter.
func (top *link) over(head, bottom *link, n uint32) {
	depth := n
	bottom.next = nil
	if head != nil && head != &awake {
		bottom.next = head
		depth += head.depth.Load()
	}
	// An atomic store costs as much as the CAS that follows, a load nothing. Where there is no backlog the
	// depth is 1 in every life of a node, and this is all load.
	if top.depth.Load() != depth {
		top.depth.Store(depth)
	}
}

// push links a chain of n nodes, from top down to bottom, into the stack and returns what it found there: nil,
// &awake, the former head, or &closed, in which case they were not accepted and still belong to the caller. One CAS
// makes all of them visible, so that they are in the stack together or not at all, and nothing is between them.
//
// ABA does no harm here. Between the load and the CAS the head may be taken, recycled and pushed again; then
// the CAS succeeds, and it is right to: bottom.next points at what is the head now, and that is all that a push
// claims. What makes ABA deadly in a Treiber stack is a pop that trusts head.next. There is none: the only
// taker takes everything at once.
func push(word *weave.Pointer[link], top, bottom *link, n uint32) *link {
	for {
		head := word.Load()
		if head == &closed {
			return head
		}
		top.over(head, bottom, n)
		if word.CompareAndSwap(head, top) {
			return head
		}
	}
}

// reverse turns a taken chain, newest first, into a batch, oldest first, and counts it.
func reverse(chain *link) *link {
	var first *link
	for left := uint32(1); chain != nil; left++ {
		next := chain.next
		chain.next, chain.left = first, left
		first, chain = chain, next
	}
	return first
}

// isChain tells a chain of nodes from the three states that are none.
func isChain(l *link) bool { return l != nil && l != &awake && l != &closed }
