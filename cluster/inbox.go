package cluster

import (
	"context"
	"fmt"
	"math"
	"net"
	"reflect"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/ractor-go/ractor/actor"
	"github.com/ractor-go/ractor/cluster/internal/protocol"
	"github.com/ractor-go/ractor/cluster/internal/wire"
)

// inlet is a connection as its reader reads it: it notes what liveness is judged
// by.
type inlet struct {
	conn    net.Conn
	reading atomic.Bool // we are listening
	heard   atomic.Bool // something has come since the loop looked
	bytes   atomic.Uint64
}

func (i *inlet) Read(p []byte) (int, error) {
	i.reading.Store(true)
	n, err := i.conn.Read(p)
	i.reading.Store(false)
	if n > 0 {
		i.bytes.Add(uint64(n))
		if !i.heard.Load() {
			i.heard.Store(true)
		}
	}
	return n, err
}

// newInbox returns the inbox of a session, for one reader; over is told why there is
// no more to read.
func newInbox(s *session, over func(error)) *inbox {
	return &inbox{
		session: s,
		frames:  wire.NewReader(&s.inlet, s.node.cfg.HandshakeFrame),
		over:    over,
		in:      incoming{peer: s, ctx: s.node.quiet},
		rows:    map[Codec]row{},
	}
}

// read is the reader: data goes straight to actors, all else to the machine. It
// waits for nothing but the connection. If another goroutine is made the reader (visit),
// that goes on, and this one has done with the inbox.
func (b *inbox) read() {
	b.visit.guest = b.session.node.sys.Scheduler().NewGuest(func() { go b.readOn() })
	for {
		if !b.frames.Ready() && b.flush() {
			return
		}
		if err := b.take(); err != nil {
			if !b.flush() {
				b.over(err)
			}
			return
		}
	}
}

// readOn is read by another goroutine, which finds flush half done.
func (b *inbox) readOn() {
	b.visit.tooLong()
	b.read()
}

// take reads a frame and does what it asks for.
func (b *inbox) take() error {
	f, err := b.frames.Next()
	if err != nil {
		return err
	}
	if f.Kind != wire.KindCast {
		b.deliverRow() // nothing overtakes
	}
	s := b.session
	switch {
	case f.Kind == wire.KindOther:
		s.control(f.Msg)
		if !b.trusted && s.trust.Load() {
			b.trusted = true
			b.frames.SetLimit(s.node.cfg.MaxFrame)
		}
	case !s.trust.Load():
		s.node.counters.untrusted.Add(1)
	case f.Kind == wire.KindCast:
		b.visit.begin()
		b.cast(f)
	case f.Kind == wire.KindCall:
		b.visit.begin()
		b.answering()
		b.call(f)
	case f.Kind == wire.KindReply:
		b.answering()
		b.answered = true
		b.reply(f)
	}
	return nil
}

// inbox reads what comes, and delivers it to local actors. It belongs to the reader.
type inbox struct {
	session  *session
	frames   *wire.Reader
	trusted  bool // the peer is
	over     func(error)
	visit    visit
	in       incoming  // of the message at hand
	asked    call      // of the answer at hand
	next     *inquiry  // of the next call; nil: there is none
	now      time.Time // about when all this has come; zero: nobody has asked since flush
	pid      uint64    // of last, and of the row
	last     *target   // messages come in runs
	targets  map[uint64]*target
	casts    uint64 // since flush
	batch    int    // calls and answers since flush
	answered bool   // there were answers among them
	burst    bool   // the batch before was more than one
	corked   bool   // the outbox is

	row  row           // of casts to last that wait; nil: none do
	rows map[Codec]row // which serve again and again
}

// target finds a local actor that the peer may address, nil if it may not. What it
// has found it keeps, until that is revoked.
func (b *inbox) target(pid uint64) *target {
	t := b.last
	if t == nil || b.pid != pid {
		t = b.targets[pid]
	}
	if t == nil || t.revoked.Load() {
		delete(b.targets, pid)
		if t = b.session.target(pid); t == nil {
			b.last = nil
			return nil
		}
		if b.targets == nil || len(b.targets) > 2*maxKept {
			b.targets = map[uint64]*target{}
		}
		b.targets[pid] = t
	}
	b.pid, b.last = pid, t
	return t
}

// maxKept is about how many targets an inbox keeps.
const maxKept = 1 << 16

// deliver has the codec of t decode f and send it there.
func (b *inbox) deliver(t *target, f *wire.Frame) error {
	if t == nil {
		return actor.ErrNoActor
	}
	b.in.to, b.in.recent, b.in.variant, b.in.what = t.ref, t.recent, f.Variant, f.What
	err := t.codec.decode(&b.in)
	t.recent = b.in.recent
	return err
}

// cast delivers a cast at once, unless the one before was for the same actor: then
// it waits in a row for more of them, until something else comes, or nothing more
// is there to be read, or the row is full.
func (b *inbox) cast(f *wire.Frame) {
	b.casts++
	if f.Same && b.row != nil && !b.last.revoked.Load() { // as most are
		if err := b.wait(b.last, f); err != nil {
			b.refuse(f, err)
		}
		return
	}
	if f.To != b.pid {
		b.deliverRow()
	}
	before := b.last
	t := b.target(f.To)
	var err error
	if t != nil && t == before {
		err = b.wait(t, f)
	} else {
		b.deliverRow() // what has come for a target that was revoked
		b.in.call = false
		err = b.deliver(t, f)
	}
	if err != nil {
		b.refuse(f, err)
	}
}

// refuse is what becomes of a cast that failed.
func (b *inbox) refuse(f *wire.Frame, err error) {
	b.deliverRow() // what came first is refused first
	b.session.failed(f.To, 0, string(f.Variant), err)
}

// wait puts a cast into the row.
func (b *inbox) wait(t *target, f *wire.Frame) error {
	if b.row == nil {
		row := b.rows[t.codec]
		if row == nil {
			row = t.codec.row()
			b.rows[t.codec] = row
		}
		if err := row.begin(t.ref); err != nil {
			return err
		}
		b.row = row
	}
	b.in.call, b.in.recent, b.in.variant, b.in.what = false, t.recent, f.Variant, f.What
	err := b.row.add(&b.in)
	t.recent = b.in.recent
	if err == nil && b.row.full() {
		b.deliverRow()
	}
	return err
}

// deliverRow delivers the casts that wait. What is refused fails alone, as if it
// had not waited.
func (b *inbox) deliverRow() {
	row := b.row
	if row == nil {
		return
	}
	b.row = nil
	for {
		variant, err := row.deliver(b.in.ctx)
		if err == nil {
			return
		}
		b.session.failed(b.pid, 0, variant, err)
	}
}

// flush is called when all that was read was taken. It delivers what waits, brings
// what was counted into the counters, runs the actors that have got something, and has
// what a batch of calls or answers has led to written. relieved: another goroutine
// reads, and begins with flush again.
func (b *inbox) flush() (relieved bool) {
	b.deliverRow()
	if b.casts > 0 {
		b.session.node.counters.casts.Add(b.casts)
		b.casts = 0
	}
	ready := b.answered || b.batch > 0 && !b.visit.stays
	if b.visit.end() {
		return true
	}
	if ready {
		// Those who were made ready go first. Else this goroutine keeps the processor
		// to find that there is no more, and what it has made ready waits, or is taken
		// to another one: a lone call takes 8 % longer.
		runtime.Gosched()
	}
	if b.corked {
		b.corked = false
		b.session.out.uncork()
	}
	b.burst, b.batch, b.answered, b.now = b.batch > 1, 0, false, time.Time{}
	return false
}

// answering is called for each call and each answer. Many callers at once make a
// batch of either out of the one before; so when there are several, or were several
// last time, what they lead to, answers and further calls, is not written one by
// one, with the writer and the peer woken each time, but when the batch is over.
func (b *inbox) answering() {
	b.batch++
	if !b.corked && (b.burst || b.batch > 1) {
		b.corked = true
		b.session.out.cork()
	}
}

func (b *inbox) call(f *wire.Frame) {
	s := b.session
	s.node.counters.calls.Add(1)
	q := b.next
	if q == nil {
		q = new(inquiry)
	}
	b.next = nil
	q.session, q.pid, q.tag = s, f.To, f.Tag
	q.peer, q.to = s, q
	if f.HasTimeout {
		if b.now.IsZero() {
			b.now = time.Now()
		}
		q.at = b.now.Add(time.Duration(min(f.TimeoutMS, maxTimeout)) * time.Millisecond)
	}
	b.in.call, b.in.owing = true, &q.owing
	if err := b.deliver(b.target(f.To), f); err != nil {
		s.failed(f.To, f.Tag, string(f.Variant), err)
		return
	}
	b.next = s.inquiries.enter(q, b.in.request)
}

// maxTimeout, in ms, keeps a deadline within what a time.Duration can say.
const maxTimeout = math.MaxInt64 / uint64(time.Millisecond)

// answer sends the answer to a call, or that there is none; a Rust node expects
// silence then.
func (s *session) answer(to, tag uint64, alone bool, what []byte, err error) {
	if err == nil && len(what) > s.node.cfg.MaxFrame-frameOverhead {
		err = fmt.Errorf("%w: an answer of %d bytes; Config.MaxFrame is %d", ErrTooLarge, len(what), s.node.cfg.MaxFrame)
	}
	if err != nil {
		s.nack(to, tag, err)
		return
	}
	_ = s.out.putAlone(to, owed, alone, func(dst []byte) []byte { return wire.AppendReply(dst, to, tag, what) }) // the session has ended: nobody waits
}

// failed counts what did not reach its actor, and tells the peer.
func (s *session) failed(to, tag uint64, variant string, err error) {
	code, _ := codeOf(err)
	c := &s.node.counters
	switch code {
	case wire.Code_NO_SUCH_ACTOR:
		c.unknown.Add(1)
	case wire.Code_UNDECODABLE:
		c.undecodable.Add(1)
	case wire.Code_FULL:
		c.full.Add(1)
	default:
		c.dropped.Add(1)
	}
	s.node.log.Debug("message not delivered", "from", s.peer.Name, "to", to, "variant", variant, "error", err)
	s.nack(to, tag, err)
}

// nack tells a Go node that a message, or its answer, came to nothing. That a cast
// has is not worth a full queue.
func (s *session) nack(to, tag uint64, err error) {
	if !s.peer.Go {
		return
	}
	code, text := codeOf(err)
	u := owed
	if tag == 0 {
		u = data
	}
	_ = s.tell(to, u, &wire.Go{Msg: &wire.Go_Nack{Nack: &wire.Nack{To: to, Tag: tag, Code: code, Text: text}}})
}

// reply gives an answer to the caller that waits for it.
func (b *inbox) reply(f *wire.Frame) {
	s, c := b.session, &b.asked
	var ok bool
	*c, ok = s.leave(f.Tag)
	switch {
	case !ok:
		s.node.counters.late.Add(1)
	case c.pid != f.To:
		s.node.counters.late.Add(1)
		c.answer.fail(fmt.Errorf("%w: %s has answered for another actor", ErrUndecodable, s.peer.Name))
	default:
		if err := c.answer.answer(f.What); err != nil {
			s.node.counters.undecodable.Add(1)
			s.node.log.Debug("answer cannot be decoded", "from", s.peer.Name, "error", err)
		}
	}
	*c = call{} // it keeps nothing alive
}

// control takes what is no data.
func (s *session) control(m *wire.NetworkMessage) {
	if s.trust.Load() && s.peer.Go {
		switch g := m.GetGo(); msg := g.GetMsg().(type) {
		case *wire.Go_Nack:
			s.nacked(msg.Nack)
			return
		case *wire.Go_Command:
			s.command(msg.Command)
			return
		case *wire.Go_Done:
			s.answered(msg.Done.GetTag(), g)
			return
		case *wire.Go_SpawnRequest:
			s.spawn(msg.SpawnRequest)
			return
		case *wire.Go_SpawnReply:
			s.answered(msg.SpawnReply.GetTag(), g)
			return
		case *wire.Go_Milestone:
			_ = s.tell(0, early, &wire.Go{Msg: &wire.Go_Passed{Passed: &wire.Passed{N: msg.Milestone.GetN()}}})
			return
		case *wire.Go_Passed:
			s.out.passed(msg.Passed.GetN())
			return
		}
	}
	n := s.node
	n.mu.Lock()
	defer n.mu.Unlock()
	if a := m.GetAuth(); a != nil && s.claim == "" {
		s.claim = a.GetName().GetName() + a.GetServerChallenge().GetName() // one of them
	}
	n.stepLocked(protocol.Received{Conn: s.id, Msg: m})
}

// nacked: a message of ours came to nothing.
func (s *session) nacked(m *wire.Nack) {
	s.node.counters.nacked.Add(1)
	err := s.said(m.GetCode(), m.GetText())
	if c, ok := s.leave(m.GetTag()); ok && m.GetTag() != 0 {
		c.answer.fail(err)
		return
	}
	s.node.log.Debug("cast came to nothing", "peer", s.peer.Name, "to", m.GetTo(), "error", err)
}

// command does what the peer wants with an actor that was given to AllowControl.
func (s *session) command(m *wire.Command) {
	done := func(err error) {
		if m.GetTag() == 0 {
			return
		}
		code, text := codeOf(err)
		_ = s.tell(0, late, &wire.Go{Msg: &wire.Go_Done{Done: &wire.Done{Tag: m.GetTag(), Code: code, Text: text}}})
	}
	t := s.target(m.GetPid())
	switch {
	case t == nil:
		s.node.counters.unknown.Add(1)
		done(actor.ErrNoActor)
		return
	case !controllable(t.ref):
		s.node.counters.denied.Add(1)
		done(ErrNotAllowed)
		return
	}
	actor.OnEnd(t.ref, func(actor.Event) { done(nil) })
	switch m.GetOp() {
	case wire.Command_KILL:
		t.ref.Kill()
	case wire.Command_DRAIN:
		t.ref.Drain()
	default:
		if m.GetReason() != "" {
			t.ref.StopWith(&RemoteError{s.peer.Name, m.GetReason()})
		} else {
			t.ref.Stop()
		}
	}
}

// spawn has the anchor make an actor for the peer.
func (s *session) spawn(m *wire.SpawnRequest) {
	reply := func(pid uint64, typ string, err error) {
		code, text := codeOf(err)
		r := &wire.SpawnReply{Tag: m.GetTag(), Pid: pid, Code: code, Text: text, Type: typ}
		_ = s.tell(0, owed, &wire.Go{Msg: &wire.Go_SpawnReply{SpawnReply: r}})
	}
	kind := s.node.cfg.Kinds[m.GetKind()]
	if kind == nil {
		s.node.counters.denied.Add(1)
		reply(0, "", ErrNoKind)
		return
	}
	if err := s.node.anchor.Cast(s.node.quiet, func(ctx context.Context) {
		if m.TimeoutMs != nil {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(min(m.GetTimeoutMs(), maxTimeout))*time.Millisecond)
			defer cancel()
		}
		returned := false
		defer func() {
			if !returned {
				v := recover()
				s.node.log.Error("a kind of actor panicked", "kind", m.GetKind(), "panic", v)
				reply(0, "", &actor.PanicError{Value: v})
			}
		}()
		ref, err := kind(ctx, m.GetArg())
		returned = true
		if err != nil {
			reply(0, "", err)
			return
		}
		_, _, pid, err := s.export(ref)
		reply(pid, "", err)
	}); err != nil {
		reply(0, "", err)
	}
}

// foreign says that the peer is a Rust node.
func (s *session) foreign() bool { return !s.peer.Go }

// export says how the peer calls the actor of r, and lets it address that actor
// if it is one of this node's.
func (s *session) export(r actor.AnyRef) (node string, incarnation, pid uint64, err error) {
	if shim := actor.ShimOf(r); shim != nil {
		f, ok := shim.Far().(*far)
		if !ok {
			return "", 0, 0, fmt.Errorf("%w: %v", ErrNotExported, r)
		}
		return f.session.peer.Name, f.session.peer.Incarnation, f.pid, nil
	}
	n := s.node
	pid = uint64(r.ID())
	if s.target(pid) == nil {
		if _, ok := n.locals.Load(pid); !ok && r.Status() < actor.Stopping {
			return "", 0, 0, fmt.Errorf("%w: %v", ErrNotExported, r)
		}
		n.step(protocol.Export{Conn: s.id, Pid: pid})
	}
	return n.name, n.incarnation, pid, nil
}

// resolve makes a Ref of what the peer has called an actor. One of this node's is
// the actor itself, if some peer was ever told of it: who may send here could
// otherwise have us send to whom it may not. One of a third node is reached over the
// session with that, if there is one. All others get a shim that has ended.
func (s *session) resolve(node string, incarnation, pid uint64, message reflect.Type) (actor.AnyRef, error) {
	n := s.node
	if node == n.name {
		if l, ok := n.locals.Load(pid); ok && incarnation == n.incarnation && l.exported.Load() {
			return l.ref, nil
		}
		return n.nobody(s, pid, actor.ErrNoProc), nil
	}
	from := s
	if node != s.peer.Name {
		if from = n.peer(node); from == nil {
			return n.nobody(s, pid, ErrNodeDown), nil
		}
	}
	if incarnation != from.peer.Incarnation {
		return n.nobody(from, pid, ErrNodeDown), nil
	}
	from.mu.Lock()
	f := from.shims[pid]
	from.mu.Unlock()
	if f == nil {
		return n.nobody(from, pid, actor.ErrNoProc), nil
	}
	return f.shim.Ref(), nil
}

// nobody returns the shim of an actor that has ended.
func (n *Node) nobody(s *session, pid uint64, why error) actor.AnyRef {
	f := &far{session: s, pid: pid}
	f.shim = actor.NewShim(n.sys, f)
	f.shim.End(why)
	return f.shim.Ref()
}
