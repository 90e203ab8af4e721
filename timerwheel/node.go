package timerwheel

// Node is one timer. Embed it by value in whatever waits, and let Value lead
// back there:
//
//	type session struct {
//		idle timerwheel.Node[*session]
//	}
//
//	s.idle.Value = s
//
// or, where there is nothing else, let Value be all that the timer has to carry.
// The zero Node is not armed and ready to be inserted. An armed node must stay
// where it is in memory; one that was fired or removed points to no other node,
// and can be inserted again or dropped. A node takes 32 bytes besides its Value.
type Node[T any] struct {
	_ noCopy

	// Value is the caller's: the wheel neither reads nor changes it.
	Value T

	// All armed nodes of a slot form a ring. The three pointers are nil unless
	// the node is armed.
	next, prev *Node[T]
	wheel      *Wheel[T]

	tick int64
}

// Armed says whether n waits in a wheel: it was inserted, and has since been
// neither fired nor removed. While a timer is being fired it is not armed.
func (n *Node[T]) Armed() bool { return n.wheel != nil }

// When returns the tick that n was last armed for, also after n has fired or was
// removed. It is never before what Now was at the insertion. A node that was
// never inserted says 0.
func (n *Node[T]) When() int64 { return n.tick }

// noCopy has go vet report copies of the struct it is a field of.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}
