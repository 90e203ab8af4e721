package cluster

// pending is a call of this node that waits for its answer from another one.
// Exactly one of answer and fail should be called; further ones do nothing. Any
// goroutine may call them.
type pending struct{}

// answer gives the caller what the encoded answer says. A *CodecError, which the
// caller gets too, says that it is no such answer.
func (p *pending) answer(what []byte) error { return nil }

// fail tells the caller that no answer comes.
func (p *pending) fail(err error) {}

// abandoned says that the caller does not wait any more.
func (p *pending) abandoned() bool { return false }
