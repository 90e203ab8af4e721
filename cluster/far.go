package cluster

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// far is the way to an actor of a peer. There is one shim, and one far, for each
// session and pid.
type far struct {
	session *session
	pid     uint64
	name    string   // that the peer has told of at first, for people
	names   []string // guarded by session.mu: under which it is found
	shim    *actor.Shim
}

// String names the actor, if it has a name, its id and its node.
func (f *far) String() string { return fmt.Sprintf("%s<%x>@%s", f.name, f.pid, f.session.peer.Name) }

// Sender returns the Codec for messages of that type: it encodes between begin and
// end.
func (f *far) Sender(message reflect.Type) (any, error) {
	c := f.session.node.codecs[message]
	if c == nil {
		return nil, fmt.Errorf("%w for messages of type %v, to %v: none of Config.Codecs", ErrNoCodec, message, f)
	}
	return c, nil
}

// Stop asks the peer to stop the actor; a Rust peer cannot be asked.
func (f *far) Stop(reason error) { f.command(wire.Command_STOP, reason) }

// Kill asks for a kill.
func (f *far) Kill() { f.command(wire.Command_KILL, nil) }

// Drain asks for a drain.
func (f *far) Drain() { f.command(wire.Command_DRAIN, nil) }

func (f *far) command(op wire.Command_Op, reason error) {
	if f.session.peer.Go {
		_ = f.session.tell(f.pid, owed, commandFor(f.pid, op, reason, 0)) // nobody is asking
	}
}

func commandFor(pid uint64, op wire.Command_Op, reason error, tag uint64) *wire.Go {
	c := &wire.Command{Pid: pid, Op: op, Tag: tag}
	if reason != nil {
		c.Reason = reason.Error()
	}
	return &wire.Go{Msg: &wire.Go_Command{Command: c}}
}

// End asks, and waits until the peer says that the actor has ended, or that it
// will not: ErrNotAllowed when the actor was not given to AllowControl there.
func (f *far) End(ctx context.Context, op actor.EndOp, reason error) error {
	if !f.session.peer.Go {
		return fmt.Errorf("%w: %v %v: its node is no Go node", actor.ErrNotSupported, op, f)
	}
	g, err := f.session.ask(ctx, f.pid, func(tag uint64) *wire.Go { return commandFor(f.pid, endOps[op], reason, tag) })
	if err != nil {
		return err
	}
	return f.session.said(g.GetDone().GetCode(), g.GetDone().GetText())
}

var endOps = map[actor.EndOp]wire.Command_Op{
	actor.EndStop:  wire.Command_STOP,
	actor.EndKill:  wire.Command_KILL,
	actor.EndDrain: wire.Command_DRAIN,
}

// begin returns where to encode a message, on the sender's goroutine and outside of
// any lock; see line.
func (f *far) begin(context.Context) (*outgoing, error) {
	return f.session.messages.Get().(*outgoing), nil //nolint:forcetypeassert // New makes no other
}

// end puts the message into the outbox, and who waits for an answer into the
// table of calls before.
func (f *far) end(ctx context.Context, out *outgoing, err error) error {
	s := f.session
	switch limit := s.node.cfg.MaxFrame - frameOverhead - len(out.variant); {
	case err != nil:
	case len(out.args) > limit:
		err = fmt.Errorf("%w: %d bytes for %v; Config.MaxFrame is %d", ErrTooLarge, len(out.args), f, s.node.cfg.MaxFrame)
	case out.call:
		err = s.call(ctx, f.pid, out)
	default:
		err = s.out.putCast(f.pid, out.variant, out.args)
	}
	if cap(out.args) <= keepSpace {
		out.args, out.variant, out.call, out.pending, out.asks = out.args[:0], "", false, nil, pending{}
		s.messages.Put(out)
	}
	return err
}

// frameOverhead is more than a frame has besides arguments and variant.
const frameOverhead = 96

// call sends a message that has a Reply. The remaining time crosses: the clocks of
// two nodes say nothing to each other.
func (s *session) call(ctx context.Context, pid uint64, out *outgoing) error {
	var timeout uint64
	deadline, limited := ctx.Deadline()
	if limited {
		timeout = remaining(time.Until(deadline))
	}
	tag, alone, err := s.enter(pid, out.pending)
	if err != nil {
		return err
	}
	err = s.out.putCall(pid, tag, timeout, limited, alone, out.variant, out.args)
	if err != nil && out.pending != nil {
		if _, ours := s.leave(tag); !ours {
			return nil // the session has ended, and the caller has been told
		}
	}
	return err
}

// remaining is what is left of a deadline, in milliseconds, rounded up: 0 would be
// no time at all.
func remaining(d time.Duration) uint64 {
	return uint64(max(1, (d+time.Millisecond-1)/time.Millisecond))
}
